(component
  (import "acme:shop/answers@0.1.0" (instance $answers
    (export "answer" (func (result u32)))))
  (core func $answer (canon lower (func $answers "answer")))
  (core module $m
    (import "" "answer" (func $answer (result i32)))
    (func (export "twice") (result i32) (i32.add (call $answer) (call $answer))))
  (core instance $i (instantiate $m (with "" (instance (export "answer" (func $answer))))))
  (func $twice (result u32) (canon lift (core func $i "twice")))
  (instance $doubled (export "twice" (func $twice)))
  (export "acme:shop/doubled@0.1.0" (instance $doubled)))
