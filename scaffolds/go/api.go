// Package {{flat}}api implements the interface {{name}}-api.
package {{flat}}api

// Greet gives a greeting for somebody.
func Greet(name string) string {
	return "Hello, " + name + ", from {{name}}!"
}
