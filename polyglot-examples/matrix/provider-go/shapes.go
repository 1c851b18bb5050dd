// Package provider provides every shape in Go.
package provider

import (
	"errors"
	"strings"
	"unicode/utf8"

	"mosaic.local/provider-go/mosaic/matrix/shapes"
	"mosaic.local/provider-go/wit"
)

type Counter struct {
	sum int32
}

func NewCounter(start int32) *Counter {
	return &Counter{start}
}

func (c *Counter) Add(amount int32) int32 {
	c.sum += amount
	return c.sum
}

func (c *Counter) Value() int32 {
	return c.sum
}

func CounterJoin(left *Counter, right *Counter) *Counter {
	return &Counter{left.sum + right.sum}
}

func SameScalars(value shapes.Scalars) shapes.Scalars            { return value }
func SameText(value string) string                               { return value }
func SameBytes(value []uint8) []uint8                            { return value }
func SamePerson(value shapes.Person) shapes.Person               { return value }
func SamePeople(value []shapes.Person) []shapes.Person           { return value }
func SameShape(value shapes.Shape) shapes.Shape                  { return value }
func SameColor(value shapes.Color) shapes.Color                  { return value }
func SameRights(value shapes.Rights) shapes.Rights               { return value }
func SameOption(value wit.Option[string]) wit.Option[string]     { return value }
func SamePair(value wit.Tuple2[string, uint32]) (string, uint32) { return value.F0, value.F1 }
func SameLong(value uint64) uint64                               { return value }
func SameSignedLong(value int64) int64                           { return value }

func Without(one shapes.Rights, other shapes.Rights) shapes.Rights {
	return one &^ other
}

func Divide(left int32, right int32) (int32, error) {
	if right == 0 {
		return 0, errors.New("division by zero")
	}
	return left / right, nil
}

func MayFail(fail bool) error {
	if fail {
		return errors.New("as asked")
	}
	return nil
}

func Admit(people []shapes.Person) (uint32, error) {
	for _, person := range people {
		switch {
		case person.Name == "":
			return 0, shapes.MakeFailureEmpty()
		case strings.Contains(person.Name, "!"):
			return 0, shapes.MakeFailureBadLetter('!')
		case person.Age < 18:
			return 0, shapes.MakeFailureNotAllowed(person)
		}
	}
	return uint32(len(people)), nil
}

func Sum(values []int32) int32 {
	sum := int32(0)
	for _, value := range values {
		sum += value
	}
	return sum
}

func Concat(values []string) string {
	return strings.Join(values, "")
}

func Measure(value string) (uint32, uint32) {
	return uint32(utf8.RuneCountInString(value)), uint32(len(value))
}

func Open(start int32) *Counter {
	return &Counter{start}
}

func Close(it *Counter) int32 {
	return it.sum
}

func Peek(it *Counter) int32 {
	return it.sum
}
