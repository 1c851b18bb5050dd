;; `last/wit` as a registry has it: a WIT package encoded as WebAssembly.
(component
  (type $auth (component
    (type (instance
      (type $close-type (func))
      (export "close" (func (type $close-type)))))
    (export "acme:shop/auth@0.1.0" (instance (type 0)))))
  (export "auth" (type $auth)))
