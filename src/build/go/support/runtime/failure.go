package runtime

import (
	"errors"
	"fmt"
)

// Failure finds in err, or in what it wraps, the error that function is declared to answer with.
func Failure[E error](err error, function string) E {
	var value E
	if errors.As(err, &value) {
		return value
	}
	var pointer *E
	if pointed(err, &pointer) {
		return *pointer
	}
	panic(fmt.Sprintf("%s answers with %T, but its implementation returned %T: %v", function, value, err, err))
}

// As errors.As, for a type whose pointer is known to be an error because the type itself is one.
func pointed[E error](err error, target **E) bool {
	for err != nil {
		if pointer, ok := any(err).(*E); ok && pointer != nil {
			*target = pointer
			return true
		}
		err = errors.Unwrap(err)
	}
	return false
}
