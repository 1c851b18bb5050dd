;; `old/wit` as a registry has it: a WIT package encoded as WebAssembly.
(component
  (type $auth (component
    (type (instance
      (type $roles (list string))
      (type $record (record (field "subject" string) (field "roles" $roles)))
      (export "claims" (type $claims (eq $record)))
      (type $found (option $claims))
      (type $check-type (func (param "token" string) (result $found)))
      (export "check" (func (type $check-type)))
      (type $close-type (func (param "token" string)))
      (export "close" (func (type $close-type)))))
    (export "acme:shop/auth@0.3.0" (instance (type 0)))))
  (export "auth" (type $auth))
  (type $api (component
    (type (component
      (type (instance
        (type $roles (list string))
        (type $record (record (field "subject" string) (field "roles" $roles)))
        (export "claims" (type $claims (eq $record)))
        (type $found (option $claims))
        (type $check-type (func (param "token" string) (result $found)))
        (export "check" (func (type $check-type)))
        (type $close-type (func (param "token" string)))
        (export "close" (func (type $close-type)))))
      (export "acme:shop/auth@0.3.0" (instance (type 0)))))
    (export "acme:shop/api@0.3.0" (component (type 0)))))
  (export "api" (type $api)))
