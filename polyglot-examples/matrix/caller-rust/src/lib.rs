//! Calls every shape from Rust.

use bindings::{
    exports::wasi::cli::run::Guest,
    mosaic::matrix::shapes::{self, Color, Counter, Failure, Person, Rights, Scalars, Shape},
};

struct Caller;

/// Strings that go wrong first: empty, every plane of Unicode, a nought byte, right to left, joined emoji.
const TEXTS: [&str; 6] =
    ["", "plain", "é ß Ω \u{7ff}\u{800}", "\u{ffff}\u{10000}\u{1f9e9}\u{20000}\u{e0001}\u{10ffff}", "nought\0byte", "שלום 👩‍👩‍👧"];

fn person(name: &str, age: u32) -> Person {
    Person {
        name: name.into(),
        age,
        email: (age % 2 == 0).then(|| format!("{name}@example.com")),
        tags: (0..age % 4).map(|n| format!("tag {n}")).collect(),
    }
}

/// Debug text stands for equality: the generated types have no other.
fn same(wrong: &mut Vec<String>, what: &str, expected: impl std::fmt::Debug, found: impl std::fmt::Debug) {
    let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
    if expected != found {
        let short = |text: String| text.chars().take(200).collect::<String>();
        wrong.push(format!("{what}: expected {}, found {}", short(expected), short(found)));
    }
}

fn check() -> Vec<String> {
    let mut wrong = Vec::new();
    let w = &mut wrong;
    for (low, value) in [(true, 0.0), (false, 1.5), (true, -1e300)] {
        let scalars = Scalars {
            truth: low,
            tiny: if low { 0 } else { u8::MAX },
            small: if low { 0 } else { u16::MAX },
            wide: if low { 0 } else { u32::MAX },
            signed_tiny: if low { i8::MIN } else { i8::MAX },
            signed_small: if low { i16::MIN } else { i16::MAX },
            signed_wide: if low { i32::MIN } else { i32::MAX },
            single: if low { 0.1 } else { f32::INFINITY },
            double: value,
            letter: if low { 'a' } else { '\u{10ffff}' },
        };
        same(w, "same-scalars", scalars, shapes::same_scalars(scalars));
    }
    for text in TEXTS {
        same(w, "same-text", text, shapes::same_text(text));
        same(w, "same-option", Some(text), shapes::same_option(Some(text)));
        same(w, "same-pair", (text, 7), shapes::same_pair((text, 7)));
        same(w, "measure", (text.chars().count(), text.len()), shapes::measure(text));
    }
    let large = "ü🧩".repeat(100_000);
    same(w, "same-text, large", &large, shapes::same_text(&large));
    same(w, "same-option", None::<String>, shapes::same_option(None));
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    same(w, "same-bytes", &bytes, shapes::same_bytes(&bytes));
    same(w, "same-bytes, none", [0u8; 0], shapes::same_bytes(&[]));

    let people: Vec<Person> = (0..1000).map(|n| person(TEXTS[n as usize % TEXTS.len()], n)).collect();
    same(w, "same-person", &people[3], shapes::same_person(&people[3]));
    same(w, "same-people", &people, shapes::same_people(&people));
    same(w, "same-people, none", [0u8; 0], shapes::same_people(&[]));
    for shape in [
        Shape::Point,
        Shape::Circle(2.5),
        Shape::Polygon(vec![]),
        Shape::Polygon(vec![(0.0, 0.0), (1.0, -1.0)]),
        Shape::Portrait(person("ada", 36)),
    ] {
        same(w, "same-shape", &shape, shapes::same_shape(&shape));
    }
    for color in [Color::Red, Color::Green, Color::DeepBlue] {
        same(w, "same-color", color, shapes::same_color(color));
    }
    for rights in [Rights::empty(), Rights::READ, Rights::WRITE | Rights::EXECUTE_ALL, Rights::all()] {
        same(w, "same-rights", rights, shapes::same_rights(rights));
    }
    same(w, "without", Rights::EXECUTE_ALL, shapes::without(Rights::all(), Rights::READ | Rights::WRITE));
    for long in [0, 1 << 53, (1 << 53) + 1, u64::MAX] {
        same(w, "same-long", long, shapes::same_long(long));
    }
    for long in [0, -1, (1 << 53) + 1, -(1 << 53) - 1, i64::MIN, i64::MAX] {
        same(w, "same-signed-long", long, shapes::same_signed_long(long));
    }

    same(w, "divide", Ok::<_, String>(-3), shapes::divide(7, -2));
    same(w, "divide", Err::<i32, _>("division by zero"), shapes::divide(7, 0));
    same(w, "may-fail", Ok::<(), ()>(()), shapes::may_fail(false));
    same(w, "may-fail", Err::<(), ()>(()), shapes::may_fail(true));
    let admit = |people: &[Person]| shapes::admit(people);
    same(w, "admit", Ok::<_, Failure>(2), admit(&[person("ada", 36), person("alan", 41)]));
    same(w, "admit", Ok::<_, Failure>(0), admit(&[]));
    same(w, "admit", Err::<u32, _>(Failure::Empty), admit(&[person("ada", 36), person("", 41)]));
    same(w, "admit", Err::<u32, _>(Failure::BadLetter('!')), admit(&[person("oh!", 41)]));
    same(w, "admit", Err::<u32, _>(Failure::NotAllowed(person("kid", 9))), admit(&[person("kid", 9)]));
    let many: Vec<i32> = (-50_000..=50_001).collect();
    same(w, "sum", 50_001, shapes::sum(&many));
    same(w, "sum, none", 0, shapes::sum(&[]));
    same(w, "concat", "a🧩b", shapes::concat(&["a".into(), "🧩".into(), "".into(), "b".into()]));

    let counter = Counter::new(40);
    same(w, "add", 42, counter.add(2));
    same(w, "value", 42, counter.value());
    same(w, "peek", 42, shapes::peek(&counter));
    same(w, "peek again", 42, shapes::peek(&counter));
    let other = shapes::open(-2);
    let joined = Counter::join(counter, other);
    same(w, "join", 40, joined.value());
    same(w, "close", 40, shapes::close(joined));
    for start in 0..200 {
        same(w, "close many", start, shapes::close(shapes::open(start)));
    }
    wrong
}

impl Guest for Caller {
    fn run() -> Result<(), ()> {
        let wrong = check();
        for line in &wrong {
            println!("{line}");
        }
        if wrong.is_empty() {
            println!("every shape arrived whole");
            Ok(())
        } else {
            Err(())
        }
    }
}

bindings::export!(Caller with_types_in bindings);
