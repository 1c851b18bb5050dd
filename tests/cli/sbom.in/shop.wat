(component $shop
  (component $auth
    (core module (@producers (language "Go" "go1.26.8")))
    (core instance (instantiate 0))
    (@custom "mosaic:packages" "{\"format\":1,\"packages\":[{\"ecosystem\":\"pypi\",\"name\":\"attrs\",\"version\":\"25.1.0\",\"licence\":\"MIT\"},{\"ecosystem\":\"generic\",\"name\":\"cpython\",\"version\":\"3.14.0\",\"role\":\"runtime\"}]}"))
  (instance $auth (instantiate $auth)))
