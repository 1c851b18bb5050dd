;; Ends well where it sees a variable.
(component
  (import "wasi:cli/environment@0.2.6" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))))
  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $mem))
  (alias core export $m "realloc" (core func $realloc))
  (core func $get (canon lower (func $environment "get-environment") (memory $mem) (realloc $realloc)))
  (core module $tool
    (import "m" "memory" (memory 1))
    (import "m" "get" (func $get (param i32)))
    (func (export "run") (result i32)
      (call $get (i32.const 8))
      (i32.eqz (i32.load (i32.const 12)))))
  (core instance $t (instantiate $tool (with "m" (instance
    (export "memory" (memory $mem)) (export "get" (func $get))))))
  (func $run (result (result)) (canon lift (core func $t "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.6" (instance $exported)))
