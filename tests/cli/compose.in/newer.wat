(component
  (core module $m
    (func (export "answer") (result i32) i32.const 43))
  (core instance $i (instantiate $m))
  (func $answer (result u32) (canon lift (core func $i "answer")))
  (instance $answers (export "answer" (func $answer)))
  (export "acme:shop/answers@0.1.7" (instance $answers)))
