(component
  (core module $m
    (func (export "answer") (result i64) i64.const 42))
  (core instance $i (instantiate $m))
  (func $answer (result u64) (canon lift (core func $i "answer")))
  (instance $answers (export "answer" (func $answer)))
  (export "acme:shop/answers@0.1.0" (instance $answers)))
