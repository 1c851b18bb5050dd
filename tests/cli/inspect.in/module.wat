(module $m (func (export "f")))
