;; Answers 1 where it sees its own variable alone.
(component
  (import "wasi:cli/environment@0.2.6" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))))
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
  (core module $code
    (import "m" "memory" (memory 1))
    (import "m" "get" (func $get (param i32)))
    ;; Whether there is one variable, and its value begins with `b`.
    (func $mine (result i32)
      (call $get (i32.const 8))
      (if (i32.ne (i32.load (i32.const 12)) (i32.const 1)) (then (return (i32.const 0))))
      (i32.eq (i32.load8_u (i32.load offset=8 (i32.load (i32.const 8)))) (i32.const 98)))
    (func (export "check") (result i32) (call $mine)))
  (core instance $c (instantiate $code (with "m" (instance
    (export "memory" (memory $mem)) (export "get" (func $get))))))
  (func $f (result u32) (canon lift (core func $c "check")))
  (instance $exported (export "check" (func $f)))
  (export "acme:apart/back@1.0.0" (instance $exported)))
