(component
  (core module $m (func (export "close")))
  (core instance $i (instantiate $m))
  (func $close (canon lift (core func $i "close")))
  (instance $auth (export "close" (func $close)))
  (export "acme:shop/auth@0.1.0" (instance $auth)))
