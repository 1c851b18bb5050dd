//! One request is one fresh instance, and what its guest does costs that request alone.

use std::{
    io::{Read, Write},
    net::TcpStream,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use indexmap::IndexMap;

use super::{
    guests::{MISDEED, PATH, component, http_guest},
    server::{Running, options},
};
use crate::{
    compose,
    language::Language,
    plan::{self, graph::Wiring},
    runtime::{Limits, ServeOptions},
};

#[test]
fn a_guest_answers() {
    let server = Running::start(http_guest("", ""), options());
    assert_eq!(server.get("/"), (200, "hello".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn each_request_is_a_fresh_instance() {
    let server = Running::start(http_guest("", COUNTING), options());
    // On one connection and on several.
    for _ in 0..5 {
        assert_eq!(server.get("/"), (200, "1".to_owned()));
    }
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
    assert!(!answers.contains("\r\n\r\n2"), "{answers}");
}

/// A second call of one instance would trap rather than say `connection-refused`.
#[test]
fn each_request_of_wasi_0_3_is_a_fresh_instance() {
    let guest = component(
        "p3",
        r#"
(module $"gateway (wat)"
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (func (export "wasi:http/handler@0.3.0#handle") (param i32) (result i32)
    (if (global.get $count) (then (unreachable)))
    (global.set $count (i32.const 1))
    (i32.store8 (i32.const 16) (i32.const 1))
    (i32.store8 (i32.const 24) (i32.const 6))
    (i32.const 16)))
"#,
    );
    let server = Running::start(guest.clone(), options());
    for _ in 0..3 {
        assert_eq!(server.get("/").0, 500);
    }
    let refused = "runtime::guest-error: the guest of `GET /` failed: connection refused";
    assert_eq!(server.stop(), [refused, refused, refused]);
    let server = Running::start(guest, ServeOptions { uses: NonZeroU32::new(2).unwrap(), ..options() });
    for _ in 0..3 {
        assert_eq!(server.get("/").0, 500);
    }
    let told = server.stop();
    assert_eq!((told[0].as_str(), told[2].as_str()), (refused, refused));
    assert!(told[1].starts_with("runtime::trap: "), "{told:?}");
}

#[test]
fn a_trap_costs_its_own_request() {
    let server = Running::start(http_guest("", "(unreachable)"), options());
    for _ in 0..3 {
        assert_eq!(server.get("/boom").0, 500);
    }
    let told = server.stop();
    assert_eq!(told.len(), 3);
    let expected = "runtime::trap: the guest of `GET /boom` trapped in `gateway`: \
                    wasm trap: wasm `unreachable` instruction executed";
    assert!(told[0].starts_with(expected), "{told:?}");
}

#[test]
fn an_endless_loop_ends_at_its_limit() {
    let limits = Limits { cpu: Some(Duration::from_millis(200)), ..Limits::request() };
    let server = Running::start(http_guest("", "(loop $l (br $l))"), ServeOptions { limits, ..options() });
    let start = Instant::now();
    assert_eq!(server.get("/").0, 500);
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_secs(2), "{took:?}");
    let told = server.stop();
    let expected = "runtime::trap: the guest of `GET /` trapped in `gateway`: it ran longer than its limit of 200ms";
    assert!(told[0].starts_with(expected), "{told:?}");
}

#[test]
fn memory_has_a_limit() {
    let grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    let limits = Limits { memory: 64 << 20, ..Limits::request() };
    let server = Running::start(http_guest("", grow), ServeOptions { limits, ..options() });
    assert_eq!(server.get("/").0, 500);
    assert!(server.stop()[0].contains("it asked for more memory than its limit of 64 MiB"));
}

#[test]
fn recursion_without_end_is_a_trap() {
    let server = Running::start(http_guest("", "(call $work (local.get $request))"), options());
    assert_eq!(server.get("/").0, 500);
    assert!(server.stop()[0].contains("call stack exhausted"));
}

/// A part of the chain `one`, `two`, `three`, behind which `gateway` stands; the last one commits the misdeed.
fn link(name: &str, next: Option<&str>) -> Vec<u8> {
    let (import, body) = match next {
        Some(next) => (
            format!(r#"(import "cm32p2|acme:deep/{next}" "do" (func $next (param i32) (result i32)))"#),
            "(call $next (local.get $what))",
        ),
        None => (MISDEED.to_owned(), "(call $misdeed (local.get $what))"),
    };
    component(
        name,
        &format!(
            r#"(module {import}
  (memory (export "cm32p2_memory") 1)
  (func (export "cm32p2_initialize"))
  (func (export "cm32p2|acme:deep/{name}|do") (param $what i32) (result i32) {body})
  (func (export "cm32p2|acme:deep/{name}|do_post") (param i32)))"#
        ),
    )
}

/// An app of four parts. `/0X` commits the misdeed `X` in the gateway, `/3X` three parts down, `/hX` in a call to the
/// host; anything else is answered with `hello`.
fn app() -> Vec<u8> {
    let imports = format!(
        r#"
  (import "cm32p2|acme:deep/one" "do" (func $deep (param i32) (result i32)))
  (import "cm32p2|wasi:random/random@0.2" "get-random-bytes" (func $random (param i64 i32)))
  {PATH} {MISDEED}"#
    );
    let body = "
    (local $where i32) (local $what i32)
    (local.set $where (call $letter (local.get $request) (i32.const 1)))
    (local.set $what (call $letter (local.get $request) (i32.const 2)))
    (if (i32.eq (local.get $where) (i32.const 48)) (then (drop (call $misdeed (local.get $what)))))
    (if (i32.eq (local.get $where) (i32.const 51)) (then (drop (call $deep (local.get $what)))))
    (if (i32.eq (local.get $where) (i32.const 104)) (then (call $random (i64.const 0x10000000000) (i32.const 16))))";
    let parts = [
        ("gateway", http_guest(&imports, body)),
        ("one", link("one", Some("two"))),
        ("two", link("two", Some("three"))),
        ("three", link("three", None)),
    ];
    let parts: IndexMap<_, _> = parts
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), compose::component(name, bytes, Some(Language::Rust)).unwrap()))
        .collect();
    let composed = compose::app(&parts, &Wiring::default(), &plan::Options::default(), &compose::Options::default());
    composed.unwrap_or_else(|e| panic!("{e:?}")).1.bytes
}

const CPU: Duration = Duration::from_millis(300);

fn strict() -> ServeOptions {
    ServeOptions { limits: Limits { cpu: Some(CPU), memory: 64 << 20, ..Limits::request() }, ..options() }
}

/// Each misdeed, where it is committed, and what is told: the reason, the part, the innermost function.
const MISDEEDS: [(&str, &str, &str, &str); 9] = [
    ("/0t", "wasm `unreachable` instruction executed", "gateway", "gateway!misdeed"),
    ("/0l", "it ran longer than its limit of 300ms", "gateway", "gateway!misdeed"),
    ("/0a", "it asked for more memory than its limit of 64 MiB", "gateway", "gateway!misdeed"),
    ("/0r", "call stack exhausted", "gateway", "gateway!misdeed"),
    ("/3t", "wasm `unreachable` instruction executed", "three", "three!misdeed"),
    ("/3l", "it ran longer than its limit of 300ms", "three", "three!misdeed"),
    ("/3a", "it asked for more memory than its limit of 64 MiB", "three", "three!misdeed"),
    ("/3r", "call stack exhausted", "three", "three!misdeed"),
    ("/hx", "requested len 1099511627776 exceeds limit 67108864", "gateway", "gateway!work"),
];

#[test]
fn a_misdeed_is_caught_in_time_and_told_with_its_part_and_function() {
    let server = Running::start(app(), strict());
    assert_eq!(server.get("/"), (200, "hello".to_owned()));
    for (path, reason, part, function) in MISDEEDS {
        server.told.lock().unwrap().clear();
        let within = CPU.mul_f64(1.1) + Duration::from_millis(50);
        // Other tests run at the same time: the quickest of a few tries counts.
        let quickest = (0..5).map(|_| {
            let start = Instant::now();
            assert_eq!(server.get(path).0, 500, "{path}");
            start.elapsed()
        });
        let quickest = quickest.reduce(|best, took| if best <= within { best } else { best.min(took) }).unwrap();
        assert!(quickest <= within, "{path}: {quickest:?}");
        // The answer does not wait for the telling.
        let (trapped, function) = (format!("trapped in `{part}`: "), format!("< {function}"));
        let begun = Instant::now();
        loop {
            let told = server.told.lock().unwrap().join("\n");
            if told.contains(&trapped) && told.contains(reason) && told.contains(&function) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{path}: {told}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_misdeed_never_touches_another_request() {
    let server = Running::start(app(), strict());
    std::thread::scope(|scope| {
        let bad: Vec<_> = MISDEEDS
            .iter()
            .map(|(path, ..)| {
                let server = &server;
                scope.spawn(move || (0..3).for_each(|_| assert_eq!(server.get(path).0, 500, "{path}")))
            })
            .collect();
        let mut good = 0;
        while bad.iter().any(|bad| !bad.is_finished()) || good < 20 {
            assert_eq!(server.get("/"), (200, "hello".to_owned()));
            good += 1;
        }
    });
    assert_eq!(server.get("/"), (200, "hello".to_owned()));
}

/// In the function that runs before any other, when the instance is made.
#[test]
fn a_misdeed_at_the_start_is_caught() {
    for (what, reason) in [
        ('t', "wasm `unreachable` instruction executed"),
        ('l', "it ran longer than its limit of 300ms"),
        ('a', "it asked for more memory than its limit of 64 MiB"),
        ('r', "call stack exhausted"),
    ] {
        let start = format!("(func $begin (drop (call $misdeed (i32.const {})))) (start $begin)", what as u32);
        let server = Running::start(http_guest(&format!("{MISDEED} {start}"), ""), strict());
        assert_eq!((server.get("/").0, server.get("/").0), (500, 500));
        let told = server.stop();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("trapped in `gateway`: ") && told[0].contains(reason), "{told:?}");
        assert!(told[0].contains("< gateway!misdeed"), "{told:?}");
        // Of a stack without end only the innermost frames are kept.
        assert_eq!(told[0].ends_with("< gateway!begin"), what != 'r', "{told:?}");
    }
}

const COUNTING: &str =
    "(global.set $count (i32.add (global.get $count) (i32.const 1))) (call $digit (global.get $count))";

#[test]
fn an_instance_is_used_again_only_where_that_is_asked_for() {
    let uses = NonZeroU32::new(3).unwrap();
    let server = Running::start(http_guest("", COUNTING), ServeOptions { uses, ..options() });
    let answers: Vec<String> = (0..7).map(|_| server.get("/").1).collect();
    assert_eq!(answers, ["1", "2", "3", "1", "2", "3", "1"]);
}

#[test]
fn what_has_trapped_is_not_used_again() {
    let body = format!(
        "{COUNTING} (if (i32.eq (call $letter (local.get $request) (i32.const 1)) (i32.const 116)) (then (unreachable)))"
    );
    let uses = NonZeroU32::new(100).unwrap();
    let server = Running::start(http_guest(PATH, &body), ServeOptions { uses, ..options() });
    assert_eq!((server.get("/").1, server.get("/").1), ("1".to_owned(), "2".to_owned()));
    assert_eq!(server.get("/t").0, 500);
    assert_eq!(server.get("/").1, "1");
}
