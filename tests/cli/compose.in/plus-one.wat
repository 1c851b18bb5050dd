;; Stands in front of answers, and adds one.
(component
  (import "acme:shop/answers@0.1.0" (instance $inner
    (export "answer" (func (result u32)))))
  (core func $inner (canon lower (func $inner "answer")))
  (core module $m
    (import "" "answer" (func $answer (result i32)))
    (func (export "answer") (result i32) (i32.add (call $answer) (i32.const 1))))
  (core instance $i (instantiate $m (with "" (instance (export "answer" (func $inner))))))
  (func $answer (result u32) (canon lift (core func $i "answer")))
  (instance $answers (export "answer" (func $answer)))
  (export "acme:shop/answers@0.1.0" (instance $answers)))
