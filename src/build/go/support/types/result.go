package wit_types

import "fmt"

// The values of [Result.Tag].
const (
	ResultOk  = 0
	ResultErr = 1
)

// Unit is the payload of a case that has none.
type Unit struct{}

// Result is a success or a failure, each with its payload.
type Result[T any, E any] struct {
	failed bool
	ok     T
	err    E
}

// Ok is a success.
func Ok[T any, E any](value T) Result[T, E] {
	return Result[T, E]{ok: value}
}

// Err is a failure.
func Err[T any, E any](value E) Result[T, E] {
	return Result[T, E]{failed: true, err: value}
}

// Tag tells which of the two it is.
func (r Result[T, E]) Tag() uint8 {
	if r.failed {
		return ResultErr
	}
	return ResultOk
}

// IsOk tells whether it is a success.
func (r Result[T, E]) IsOk() bool {
	return !r.failed
}

// IsErr tells whether it is a failure.
func (r Result[T, E]) IsErr() bool {
	return r.failed
}

// Ok gives the payload of a success, and panics if it is a failure.
func (r Result[T, E]) Ok() T {
	if r.failed {
		panic("the result is a failure")
	}
	return r.ok
}

// Err gives the payload of a failure, and panics if it is a success.
func (r Result[T, E]) Err() E {
	if !r.failed {
		panic("the result is a success")
	}
	return r.err
}

// Failure makes a Go error of a WIT type that is none by itself.
type Failure[E any] struct {
	Value E
}

// Fail is the error that holds value.
func Fail[E any](value E) error {
	return Failure[E]{value}
}

func (f Failure[E]) Error() string {
	return fmt.Sprintf("failure: %v", f.Value)
}
