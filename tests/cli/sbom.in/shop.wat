(component $shop
  (component $auth
    (core module (func (export "check")) (@producers (language "Go" "go1.26.8")))
    (core instance $i (instantiate 0))
    (func $check (canon lift (core func $i "check")))
    (instance $out (export "check" (func $check)))
    (export "acme:shop/auth@0.2.0" (instance $out))
    (@custom "mosaic:packages" "{\"format\":1,\"packages\":[{\"ecosystem\":\"pypi\",\"name\":\"attrs\",\"version\":\"25.1.0\",\"licence\":\"MIT\"},{\"ecosystem\":\"generic\",\"name\":\"cpython\",\"version\":\"3.14.0\",\"role\":\"runtime\"}]}"))
  (instance $auth (instantiate $auth))
  (export "acme:shop/auth@0.2.0" (instance $auth "acme:shop/auth@0.2.0")))
