//! Every shape, provided in Rust.

use std::cell::Cell;

use bindings::exports::mosaic::matrix::shapes::{
    self, Color, CounterBorrow, Failure, Guest, GuestCounter, Person, Rights, Scalars, Shape,
};

struct Provider;

struct Counter(Cell<i32>);

impl GuestCounter for Counter {
    fn new(start: i32) -> Counter {
        Counter(Cell::new(start))
    }

    fn add(&self, amount: i32) -> i32 {
        self.0.set(self.0.get().wrapping_add(amount));
        self.0.get()
    }

    fn value(&self) -> i32 {
        self.0.get()
    }

    fn join(left: shapes::Counter, right: shapes::Counter) -> shapes::Counter {
        let sum = left.get::<Counter>().value() + right.get::<Counter>().value();
        shapes::Counter::new(Counter::new(sum))
    }
}

impl Guest for Provider {
    type Counter = Counter;

    fn same_scalars(value: Scalars) -> Scalars {
        value
    }

    fn same_text(value: String) -> String {
        value
    }

    fn same_bytes(value: Vec<u8>) -> Vec<u8> {
        value
    }

    fn same_person(value: Person) -> Person {
        value
    }

    fn same_people(value: Vec<Person>) -> Vec<Person> {
        value
    }

    fn same_shape(value: Shape) -> Shape {
        value
    }

    fn same_color(value: Color) -> Color {
        value
    }

    fn same_rights(value: Rights) -> Rights {
        value
    }

    fn same_option(value: Option<String>) -> Option<String> {
        value
    }

    fn same_pair(value: (String, u32)) -> (String, u32) {
        value
    }

    fn same_long(value: u64) -> u64 {
        value
    }

    fn same_signed_long(value: i64) -> i64 {
        value
    }

    fn without(one: Rights, other: Rights) -> Rights {
        one & !other
    }

    fn divide(left: i32, right: i32) -> Result<i32, String> {
        left.checked_div(right).ok_or_else(|| "division by zero".into())
    }

    fn may_fail(fail: bool) -> Result<(), ()> {
        if fail { Err(()) } else { Ok(()) }
    }

    fn admit(people: Vec<Person>) -> Result<u32, Failure> {
        for person in &people {
            if person.name.is_empty() {
                return Err(Failure::Empty);
            }
            if person.name.contains('!') {
                return Err(Failure::BadLetter('!'));
            }
            if person.age < 18 {
                return Err(Failure::NotAllowed(person.clone()));
            }
        }
        Ok(people.len() as u32)
    }

    fn sum(values: Vec<i32>) -> i32 {
        values.into_iter().fold(0, i32::wrapping_add)
    }

    fn concat(values: Vec<String>) -> String {
        values.concat()
    }

    fn measure(value: String) -> (u32, u32) {
        (value.chars().count() as u32, value.len() as u32)
    }

    fn open(start: i32) -> shapes::Counter {
        shapes::Counter::new(Counter::new(start))
    }

    fn close(it: shapes::Counter) -> i32 {
        it.get::<Counter>().value()
    }

    fn peek(it: CounterBorrow<'_>) -> i32 {
        it.get::<Counter>().value()
    }
}

bindings::export!(Provider with_types_in bindings);
