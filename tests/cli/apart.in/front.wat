;; Ends well where it sees its own variable alone, and its other part as well.
(component
  (import "wasi:cli/environment@0.2.6" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))))
  (import "acme:apart/back@1.0.0" (instance $back (export "check" (func (result u32)))))
  (core module $memory
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $mem))
  (alias core export $m "realloc" (core func $realloc))
  (core func $get (canon lower (func $environment "get-environment") (memory $mem) (realloc $realloc)))
  (core func $check (canon lower (func $back "check")))
  (core module $code
    (import "m" "memory" (memory 1))
    (import "m" "get" (func $get (param i32)))
    (import "m" "check" (func $check (result i32)))
    ;; Whether there is one variable, and its value begins with `f`.
    (func $mine (result i32)
      (call $get (i32.const 8))
      (if (i32.ne (i32.load (i32.const 12)) (i32.const 1)) (then (return (i32.const 0))))
      (i32.eq (i32.load8_u (i32.load offset=8 (i32.load (i32.const 8)))) (i32.const 102)))
    (func (export "run") (result i32) (i32.eqz (i32.and (call $mine) (call $check)))))
  (core instance $c (instantiate $code (with "m" (instance
    (export "memory" (memory $mem)) (export "get" (func $get)) (export "check" (func $check))))))
  (func $f (result (result)) (canon lift (core func $c "run")))
  (instance $exported (export "run" (func $f)))
  (export "wasi:cli/run@0.2.6" (instance $exported)))
