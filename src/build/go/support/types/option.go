// Package wit_types holds the types of WIT that Go has no own form for.
package wit_types

// The values of [Option.Tag].
const (
	OptionNone = 0
	OptionSome = 1
)

// Option is a value or its absence; the zero Option is absent.
type Option[T any] struct {
	some  bool
	value T
}

// Some holds a value.
func Some[T any](value T) Option[T] {
	return Option[T]{true, value}
}

// None holds none.
func None[T any]() Option[T] {
	return Option[T]{}
}

// Tag tells which of the two it is.
func (o Option[T]) Tag() uint8 {
	if o.some {
		return OptionSome
	}
	return OptionNone
}

// IsSome tells whether there is a value.
func (o Option[T]) IsSome() bool {
	return o.some
}

// IsNone tells whether there is none.
func (o Option[T]) IsNone() bool {
	return !o.some
}

// Some gives the value, and panics if there is none.
func (o Option[T]) Some() T {
	if !o.some {
		panic("the option holds no value")
	}
	return o.value
}

// SomeOr gives the value, or other if there is none.
func (o Option[T]) SomeOr(other T) T {
	if !o.some {
		return other
	}
	return o.value
}

// Get gives the value and whether there is one.
func (o Option[T]) Get() (T, bool) {
	return o.value, o.some
}

// MapOption gives the option of what change makes of the value.
func MapOption[A any, B any](option Option[A], change func(A) B) Option[B] {
	if !option.some {
		return None[B]()
	}
	return Some(change(option.value))
}

// MapList gives what change makes of each item.
func MapList[A any, B any](list []A, change func(A) B) []B {
	changed := make([]B, 0, len(list))
	for _, item := range list {
		changed = append(changed, change(item))
	}
	return changed
}
