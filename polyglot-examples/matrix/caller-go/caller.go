// Package caller calls every shape from Go.
package caller

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"unicode/utf8"

	"mosaic.local/caller-go/mosaic/matrix/shapes"
	"mosaic.local/caller-go/wit"
)

// Strings that go wrong first: empty, every plane of Unicode, a nought byte, right to left, joined emoji.
var texts = []string{"", "plain", "é ß Ω \u07ff\u0800", "\uffff\U00010000\U0001f9e9\U00020000\U000e0001\U0010ffff", "nought\x00byte", "שלום 👩‍👩‍👧"}

func person(name string, age uint32) shapes.Person {
	email := wit.None[string]()
	if age%2 == 0 {
		email = wit.Some(name + "@example.com")
	}
	tags := []string{}
	for n := range age % 4 {
		tags = append(tags, fmt.Sprintf("tag %d", n))
	}
	return shapes.Person{Name: name, Age: age, Email: email, Tags: tags}
}

var wrong []string

// same compares deeply; an empty slice and none at all are the same list.
func same(what string, expected, found any) {
	if reflect.DeepEqual(expected, found) || fmt.Sprintf("%#v", normal(expected)) == fmt.Sprintf("%#v", normal(found)) {
		return
	}
	wrong = append(wrong, fmt.Sprintf("%s: expected %.200s, found %.200s", what, fmt.Sprintf("%#v", expected), fmt.Sprintf("%#v", found)))
}

func normal(value any) any {
	if list := reflect.ValueOf(value); list.Kind() == reflect.Slice && list.Len() == 0 {
		return "nothing"
	}
	return value
}

func check() {
	for n, double := range []float64{0, 1.5, -1e300} {
		scalars := shapes.Scalars{
			Truth: true, SignedTiny: math.MinInt8, SignedSmall: math.MinInt16, SignedWide: math.MinInt32,
			Single: 0.5, Double: double, Letter: 'a',
		}
		if n == 1 {
			scalars = shapes.Scalars{
				Tiny: math.MaxUint8, Small: math.MaxUint16, Wide: math.MaxUint32, SignedTiny: math.MaxInt8,
				SignedSmall: math.MaxInt16, SignedWide: math.MaxInt32, Single: float32(math.Inf(1)), Double: double,
				Letter: '\U0010ffff',
			}
		}
		same("same-scalars", scalars, shapes.SameScalars(scalars))
	}
	for _, text := range texts {
		same("same-text", text, shapes.SameText(text))
		option := shapes.SameOption(wit.Some(text))
		same("same-option", true, option.IsSome() && option.Some() == text)
		first, second := shapes.SamePair(wit.Tuple2[string, uint32]{F0: text, F1: 7})
		same("same-pair", []any{text, uint32(7)}, []any{first, second})
		points, bytes := shapes.Measure(text)
		same("measure", []uint32{uint32(utf8.RuneCountInString(text)), uint32(len(text))}, []uint32{points, bytes})
	}
	large := strings.Repeat("ü🧩", 100_000)
	same("same-text, large", large, shapes.SameText(large))
	same("same-option", true, shapes.SameOption(wit.None[string]()).IsNone())
	bytes := make([]uint8, 300_000)
	for n := range bytes {
		bytes[n] = uint8(n)
	}
	same("same-bytes", bytes, shapes.SameBytes(bytes))
	same("same-bytes, none", []uint8{}, shapes.SameBytes(nil))

	people := make([]shapes.Person, 1000)
	for n := range people {
		people[n] = person(texts[n%len(texts)], uint32(n))
	}
	same("same-person", people[3], shapes.SamePerson(people[3]))
	found := shapes.SamePeople(people)
	same("same-people", len(people), len(found))
	for n := range found {
		same("same-people", fmt.Sprint(people[n]), fmt.Sprint(found[n]))
	}
	same("same-people, none", 0, len(shapes.SamePeople(nil)))
	for _, shape := range []shapes.Shape{
		shapes.MakeShapePoint(),
		shapes.MakeShapeCircle(2.5),
		shapes.MakeShapePolygon([]wit.Tuple2[float64, float64]{{F0: 0, F1: 0}, {F0: 1, F1: -1}}),
		shapes.MakeShapePortrait(person("ada", 36)),
	} {
		same("same-shape", fmt.Sprintf("%+v", shape), fmt.Sprintf("%+v", shapes.SameShape(shape)))
	}
	for _, color := range []shapes.Color{shapes.ColorRed, shapes.ColorGreen, shapes.ColorDeepBlue} {
		same("same-color", color, shapes.SameColor(color))
	}
	all := shapes.RightsRead | shapes.RightsWrite | shapes.RightsExecuteAll
	for _, rights := range []shapes.Rights{0, shapes.RightsRead, shapes.RightsWrite | shapes.RightsExecuteAll, all} {
		same("same-rights", rights, shapes.SameRights(rights))
	}
	same("without", shapes.Rights(shapes.RightsExecuteAll), shapes.Without(all, shapes.RightsRead|shapes.RightsWrite))
	for _, long := range []uint64{0, 1 << 53, 1<<53 + 1, math.MaxUint64} {
		same("same-long", long, shapes.SameLong(long))
	}
	for _, long := range []int64{0, -1, 1<<53 + 1, -1<<53 - 1, math.MinInt64, math.MaxInt64} {
		same("same-signed-long", long, shapes.SameSignedLong(long))
	}

	quotient, err := shapes.Divide(7, -2)
	same("divide", []any{int32(-3), nil}, []any{quotient, err})
	_, err = shapes.Divide(7, 0)
	same("divide", "division by zero", fmt.Sprint(err))
	same("may-fail", true, shapes.MayFail(false) == nil)
	same("may-fail", false, shapes.MayFail(true) == nil)
	admit := func(people ...shapes.Person) string {
		number, err := shapes.Admit(people)
		var failure shapes.Failure
		switch {
		case err == nil:
			return fmt.Sprint("ok ", number)
		case !errors.As(err, &failure):
			return "an error of another type: " + err.Error()
		}
		switch failure.Tag() {
		case shapes.FailureEmpty:
			return "empty"
		case shapes.FailureBadLetter:
			return "bad letter " + string(failure.BadLetter())
		default:
			return fmt.Sprint("not allowed ", failure.NotAllowed())
		}
	}
	same("admit", "ok 2", admit(person("ada", 36), person("alan", 41)))
	same("admit", "ok 0", admit())
	same("admit", "empty", admit(person("ada", 36), person("", 41)))
	same("admit", "bad letter !", admit(person("oh!", 41)))
	same("admit", fmt.Sprint("not allowed ", person("kid", 9)), admit(person("kid", 9)))
	many := []int32{}
	for n := int32(-50_000); n <= 50_001; n++ {
		many = append(many, n)
	}
	same("sum", int32(50_001), shapes.Sum(many))
	same("sum, none", int32(0), shapes.Sum(nil))
	same("concat", "a🧩b", shapes.Concat([]string{"a", "🧩", "", "b"}))

	counter := shapes.NewCounter(40)
	same("add", int32(42), counter.Add(2))
	same("value", int32(42), counter.Value())
	same("peek", int32(42), shapes.Peek(counter))
	same("peek again", int32(42), shapes.Peek(counter))
	joined := shapes.CounterJoin(counter, shapes.Open(-2))
	same("join", int32(40), joined.Value())
	same("close", int32(40), shapes.Close(joined))
	for start := range int32(200) {
		same("close many", start, shapes.Close(shapes.Open(start)))
	}
}

// Run prints what was wrong.
func Run() error {
	check()
	for _, line := range wrong {
		fmt.Println(line)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d shapes did not arrive whole", len(wrong))
	}
	fmt.Println("every shape arrived whole")
	return nil
}
