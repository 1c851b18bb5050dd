package {{flat}}api

import "testing"

func TestGreetsByName(t *testing.T) {
	if got := Greet("World"); got != "Hello, World, from {{name}}!" {
		t.Errorf("Greet(%q) = %q", "World", got)
	}
}
