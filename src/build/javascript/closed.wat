;; The interface by which the engine loads modules, when none is left to load.
(component
  (core module $closed
    (memory (export "memory") 0)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "resolve") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "load") (param i32 i32) (result i32) unreachable))
  (core instance $closed (instantiate $closed))
  (func $resolve (param "referrer" string) (param "specifier" string) (result (result string (error string)))
    (canon lift (core func $closed "resolve") (memory (core memory $closed "memory")) (realloc (core func $closed "realloc"))))
  (func $load (param "path" string) (result (result string (error string)))
    (canon lift (core func $closed "load") (memory (core memory $closed "memory")) (realloc (core func $closed "realloc"))))
  (export "resolve" (func $resolve))
  (export "load" (func $load)))
