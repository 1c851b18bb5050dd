(component $"\1b]0;owned\07\1b[2Jshop"
  (component $"au\u{202e}th"
    (core module $"m\0d\0aain" (func (export "f")))
    (core instance $i (instantiate $"m\0d\0aain"))
    (func (export "f") (canon lift (core func $i "f")))
    (@producers (language "C\1b[31m" "") (processed-by "x" "1\1b[0m")))
  (instance $"\1b[31mred" (instantiate $"au\u{202e}th"))
  (export "f" (func $"\1b[31mred" "f")))
