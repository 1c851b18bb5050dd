//! Messages that a guest sends reach the handler of the same artifact, in an instance of its own.

use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::{
    guests::{PATH, SLEEP, component, http_guest, http_guest_of},
    server::{Running, options},
};
use crate::{
    compose,
    grants_section::Held,
    language::Language,
    manifest::Family,
    plan::{self, capability, graph::Wiring, holdings::Holding},
    runtime::{
        Artifact, Error, Grants, Scope, ServeOptions, Stores,
        host::{messaging::Message, nats::Nats, servers::Server},
        serve,
    },
};

const SEND: &str = r#"
  (import "cm32p2|wasi:messaging/types" "[static]client.connect" (func $connect (param i32 i32 i32)))
  (import "cm32p2|wasi:messaging/types" "[constructor]message" (func $message (param i32 i32) (result i32)))
  (import "cm32p2|wasi:messaging/producer" "send" (func $send (param i32 i32 i32 i32 i32)))"#;

/// Sends a line to the topic `visits`, and answers `0`, or else one more than the case of the error.
const SENT: &str = "
    (call $connect (i32.const 1120) (i32.const 6) (i32.const 16))
    (call $send (i32.load (i32.const 20)) (i32.const 1120) (i32.const 6)
      (call $message (i32.const 1160) (i32.const 13)) (i32.const 64))
    (call $digit (if (result i32) (i32.load8_u (i32.const 64))
      (then (i32.add (i32.const 1) (i32.load8_u (i32.const 68))))
      (else (i32.const 0))))";

/// Writes what it is sent to its standard output. Then it does `after`, and says whether that was well.
fn taker(after: &str) -> Vec<u8> {
    taker_with("", after)
}

/// The same with further imports.
fn taker_with(imports: &str, after: &str) -> Vec<u8> {
    let taking = format!(
        r#"{SEND} {imports}
  (import "cm32p2|wasi:messaging/types" "[method]message.data" (func $data (param i32 i32)))
  (import "cm32p2|wasi:cli/stdout@0.2" "get-stdout" (func $stdout (result i32)))
  (func (export "cm32p2|wasi:messaging/incoming-handler|handle") (param $message i32) (result i32)
    (call $data (local.get $message) (i32.const 16))
    (call $put (call $stdout) (i32.load (i32.const 16)) (i32.load (i32.const 20)) (i32.const 32))
    {after})"#
    );
    http_guest_of("messages", &taking, SENT, "")
}

fn granted() -> ServeOptions {
    let grants = Grants { topics: Scope::Only(["visits".to_owned()].into()), ..Grants::default() };
    ServeOptions { grants, ..options() }
}

/// What was told, once it is so many lines.
fn told(server: Running, lines: usize) -> Vec<String> {
    let start = Instant::now();
    while server.told.lock().unwrap().len() < lines && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    server.stop()
}

#[test]
fn a_message_reaches_the_handler() {
    let server = Running::start(taker("(i32.const 5000)"), granted());
    for _ in 0..3 {
        assert_eq!(server.get("/"), (200, "0".to_owned()));
    }
    assert_eq!(told(server, 3), ["gateway/out: said by hand"; 3]);
}

#[test]
fn a_handler_that_fails_or_traps_is_told_and_the_next_message_is_handled() {
    // A result whose first byte is not nought; and none at all.
    for (after, expected) in [
        ("(i32.store8 (i32.const 5000) (i32.const 1)) (i32.const 5000)", "failed: Timeout"),
        ("(unreachable)", "trapped in `gateway`"),
    ] {
        let server = Running::start(taker(after), granted());
        for _ in 0..2 {
            assert_eq!(server.get("/"), (200, "0".to_owned()));
        }
        let told = told(server, 4);
        let about = told.iter().filter(|it| it.contains("`message to visits`") && it.contains(expected));
        assert_eq!(about.count(), 2, "{told:?}");
    }
}

#[test]
fn topics_are_granted_and_without_a_handler_nothing_is_sent() {
    let server = Running::start(taker("(i32.const 5000)"), options());
    // `permission-denied` is case 2, `other` 3.
    assert_eq!(server.get("/"), (200, "3".to_owned()));
    assert_eq!(
        server.stop(),
        ["runtime::denied: `gateway` was refused the topic `visits` (`wasi:messaging/producer`): it is not granted"]
    );
    let server = Running::start(http_guest(SEND, SENT), granted());
    assert_eq!(server.get("/"), (200, "4".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn a_broker_hands_each_message_to_one_of_the_servers() {
    let nats = Server::nats();
    let address = format!("nats://{}", nats.address);
    let stores = Stores { messages: Some(address.clone()), ..Stores::default() };
    let options = || ServeOptions { stores: stores.clone(), ..granted() };
    let servers = [(); 2].map(|()| Running::start(taker("(i32.const 5000)"), options()));
    for server in &servers {
        for _ in 0..10 {
            assert_eq!(server.get("/"), (200, "0".to_owned()));
        }
    }
    let lines = |server: &Running| server.told.lock().unwrap().len();
    let start = Instant::now();
    while servers.iter().map(lines).sum::<usize>() < 20 && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let [one, two] = servers.map(Running::stop);
    assert_eq!(one.iter().chain(&two).collect::<Vec<_>>(), ["gateway/out: said by hand"; 20]);
    assert!(!one.is_empty() && !two.is_empty(), "{} and {}", one.len(), two.len());

    // It would have to be asked for everything.
    let grants = Grants { topics: Scope::All, ..Grants::default() };
    let any = ServeOptions { grants, ..options() };
    let refused = serve(&Artifact::bytes("app.wasm", &taker("(i32.const 5000)")), &any, &|_| ());
    assert!(matches!(refused, Err(Error::AnyTopic)), "{refused:?}");
}

const ASK: &str = r#"
  (import "cm32p2|wasi:messaging/types" "[method]message.data" (func $data (param i32 i32)))
  (import "cm32p2|wasi:messaging/request-reply" "[constructor]request-options" (func $options (result i32)))
  (import "cm32p2|wasi:messaging/request-reply" "[method]request-options.set-timeout-ms" (func $set-timeout (param i32 i32)))
  (import "cm32p2|wasi:messaging/request-reply" "[method]request-options.set-expected-replies" (func $set-replies (param i32 i32)))
  (import "cm32p2|wasi:messaging/request-reply" "request" (func $ask (param i32 i32 i32 i32 i32 i32 i32)))
  (import "cm32p2|wasi:messaging/request-reply" "reply" (func $reply (param i32 i32 i32)))"#;

/// Asks the topic `visits`: for as many replies as the first digit of its path says, for so many tenths of a second as the
/// second says; it says nothing of what is no digit. It answers with the last reply, or with five more than the case of
/// the error.
const ASKED: &str = "
    (local $options i32) (local $n i32)
    (call $connect (i32.const 1120) (i32.const 6) (i32.const 16))
    (local.set $options (call $options))
    (local.set $n (i32.sub (call $letter (local.get $request) (i32.const 1)) (i32.const 48)))
    (if (i32.lt_u (local.get $n) (i32.const 10)) (then (call $set-replies (local.get $options) (local.get $n))))
    (local.set $n (i32.sub (call $letter (local.get $request) (i32.const 2)) (i32.const 48)))
    (if (i32.lt_u (local.get $n) (i32.const 10))
      (then (call $set-timeout (local.get $options) (i32.mul (local.get $n) (i32.const 100)))))
    (call $ask (i32.load (i32.const 20)) (i32.const 1120) (i32.const 6)
      (call $message (i32.const 1160) (i32.const 13)) (i32.const 1) (local.get $options) (i32.const 64))
    (if (i32.load8_u (i32.const 64))
      (then (call $digit (i32.add (i32.const 5) (i32.load8_u (i32.const 68)))) (return)))
    (if (i32.eqz (i32.load (i32.const 72))) (then (call $digit (i32.const 0)) (return)))
    (call $data
      (i32.load (i32.add (i32.load (i32.const 68)) (i32.mul (i32.const 4) (i32.sub (i32.load (i32.const 72)) (i32.const 1)))))
      (i32.const 80))
    (global.set $text (i32.load (i32.const 80)))
    (global.set $length (i32.load (i32.const 84)))";

/// Replies `hello`.
const HELLO: &str = "(call $reply (local.get $message) (call $message (i32.const 1024) (i32.const 5)) (i32.const 16))";

/// A guest that asks, and its handler, which does this with `$message`; `imports`: further ones.
fn asking(imports: &str, handled: &str) -> Vec<u8> {
    let imports = format!(
        r#"{SEND} {ASK} {imports} {PATH}
  (func (export "cm32p2|wasi:messaging/incoming-handler|handle") (param $message i32) (result i32)
    {handled}
    (i32.const 5000))"#
    );
    http_guest_of("replying", &imports, ASKED, "")
}

const OTHER: &str = "8";
const DENIED: &str = "7";
const TIMEOUT: &str = "5";

#[test]
fn what_is_asked_is_replied() {
    let twice = format!(
        "{HELLO} (call $reply (local.get $message) (call $message (i32.const 1100) (i32.const 6)) (i32.const 16))"
    );
    let server = Running::start(asking("", &twice), granted());
    for (path, answer) in [
        ("/", "hello"),
        ("/1", "hello"),
        ("/2", "secret"),
        // The handler is done: no more can come, whatever time is left.
        ("/39", "secret"),
        ("/0", "0"),
    ] {
        assert_eq!(server.get(path), (200, answer.to_owned()), "{path}");
    }
    assert_eq!(server.stop(), Vec::<String>::new());

    let server = Running::start(asking("", ""), granted());
    assert_eq!(server.get("/"), (200, OTHER.to_owned()), "nobody replied");
    assert_eq!(server.stop(), Vec::<String>::new());

    // The handler asks for the reply to what it got by itself: to nobody.
    let to_none = "(call $reply (call $message (i32.const 1024) (i32.const 5)) (call $message (i32.const 1024) (i32.const 5)) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (unreachable)))";
    let server = Running::start(asking("", to_none), granted());
    assert_eq!(server.get("/"), (200, OTHER.to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn a_request_ends_when_its_time_is_over() {
    let slowly = format!("{HELLO} (call $block (call $sleep (i64.const 600000000))) {HELLO}");
    let server = Running::start(asking(SLEEP, &slowly), granted());
    let start = Instant::now();
    // One came in time, and was wanted; of two, one came.
    assert_eq!(server.get("/12"), (200, "hello".to_owned()));
    assert_eq!(server.get("/22"), (200, "hello".to_owned()));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_secs(2), "{took:?}");
    assert_eq!(server.get("/2"), (200, "hello".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());

    let late = format!("(call $block (call $sleep (i64.const 600000000))) {HELLO}");
    let server = Running::start(asking(SLEEP, &late), granted());
    assert_eq!(server.get("/12"), (200, TIMEOUT.to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn who_may_not_ask_is_told_so_and_nobody_may_reply_there() {
    let server = Running::start(asking("", HELLO), options());
    assert_eq!(server.get("/"), (200, DENIED.to_owned()));
    assert_eq!(
        server.stop(),
        [
            "runtime::denied: `gateway` was refused the topic `visits` (`wasi:messaging/request-reply`): it is not granted"
        ]
    );
}

/// An app of parts, each granted these topics.
fn app<const N: usize>(parts: [(&str, Vec<u8>, &[&str]); N]) -> Vec<u8> {
    let mut options = plan::Options::default();
    let mut grants = std::collections::BTreeMap::new();
    let mut built = IndexMap::new();
    for (name, bytes, topics) in parts {
        let families = topics.iter().map(|_| Family::Messaging).collect();
        grants.insert(name.to_owned(), families);
        let holding = |topic: &&str| Holding {
            family: Family::Messaging,
            held: Held::Topic((*topic).to_owned()),
            value: None,
            at: None,
        };
        options.holdings.parts.insert(name.to_owned(), topics.iter().map(holding).collect());
        built.insert(name.to_owned(), compose::component(name, bytes, Some(Language::Rust)).unwrap());
    }
    options.grants = capability::Grants::Known(grants);
    let composed = compose::app(&built, &Wiring::default(), &options, &compose::Options::default());
    composed.unwrap_or_else(|error| panic!("{error:?}")).1.bytes
}

#[test]
fn a_part_that_is_granted_no_topic_is_answered_inside_the_app() {
    let server = Running::start(app([("gateway", asking("", HELLO), &[])]), granted());
    assert_eq!(server.get("/"), (200, DENIED.to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn each_part_asks_what_it_is_granted() {
    const ASKS: &str = "
    (func $asks (result i32)
      (call $connect (i32.const 1120) (i32.const 6) (i32.const 16))
      (call $ask (i32.load (i32.const 20)) (i32.const 1120) (i32.const 6)
        (call $message (i32.const 1120) (i32.const 6)) (i32.const 1) (call $options) (i32.const 64))
      (i32.add (i32.const 5) (i32.load8_u (i32.const 68))))";
    let connect = SEND.split_once("(import \"cm32p2|wasi:messaging/producer").unwrap().0;
    let auth = component(
        "asked",
        &format!(
            r#"
(module $"auth (wat)" {connect} {ASK}
  (memory (export "cm32p2_memory") 2)
  (global $heap (mut i32) (i32.const 65536))
  (data (i32.const 1120) "visits")
  (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "cm32p2_initialize"))
  {ASKS}
  (func (export "cm32p2|acme:shop/auth|check") (result i32) (call $asks))
  (func (export "cm32p2|acme:shop/auth|check_post") (param i32)))"#
        ),
    );
    let imports =
        format!(r#"{connect} {ASK} (import "cm32p2|acme:shop/auth" "check" (func $check (result i32))) {ASKS}"#);
    let body = "
    (i32.store8 (i32.const 2048) (i32.add (i32.const 48) (call $asks)))
    (i32.store8 (i32.const 2049) (i32.add (i32.const 48) (call $check)))
    (global.set $text (i32.const 2048))
    (global.set $length (i32.const 2))";
    let app = app([("gateway", http_guest_of("asking", &imports, body, ""), &["visits"]), ("auth", auth, &["orders"])]);
    let section = Artifact::bytes("app.wasm", &app).section().unwrap().unwrap();
    let grants = Grants::of_section(&section, std::path::Path::new("/")).unwrap();
    assert_eq!(grants.apart.len(), 2, "{:?}", grants.apart.keys());
    // There is nobody to reply to the one; the other may not ask.
    let server = Running::start(app, ServeOptions { grants, ..options() });
    assert_eq!(server.get("/"), (200, format!("{OTHER}{DENIED}")));
    assert_eq!(
        server.stop(),
        ["runtime::denied: `auth` was refused the topic `visits` (`wasi:messaging/request-reply`): it is not granted"]
    );
}

#[test]
fn guests_that_wait_for_replies_and_hold_all_places_are_told_that_there_is_none() {
    let options = ServeOptions { requests: 1, queue: Duration::from_millis(100), ..granted() };
    let server = Running::start(asking("", HELLO), options);
    assert_eq!(server.get("/"), (200, OTHER.to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

fn carried(address: &str) -> ServeOptions {
    let stores = Stores { messages: Some(format!("nats://{address}")), ..Stores::default() };
    ServeOptions { stores, ..granted() }
}

#[test]
fn a_broker_carries_what_is_asked_and_replied() {
    let nats = Server::nats();
    // Who asks takes no messages.
    let asks = http_guest_of("asking", &format!("{SEND} {ASK} {PATH}"), ASKED, "");
    let asker = Running::start(asks, carried(&nats.address));
    assert_eq!(asker.get("/"), (200, OTHER.to_owned()), "nobody listens");
    let handler = Running::start(asking("", HELLO), carried(&nats.address));
    for path in ["/", "/1", "/22"] {
        assert_eq!(asker.get(path), (200, "hello".to_owned()), "{path}");
    }
    assert_eq!(handler.stop(), Vec::<String>::new());
    let silent = Running::start(asking("", ""), carried(&nats.address));
    assert_eq!(asker.get("/12"), (200, TIMEOUT.to_owned()));
    assert_eq!(silent.stop(), Vec::<String>::new());
    assert_eq!(asker.stop(), Vec::<String>::new());
}

/// A handler that takes its time for each message, and says what it got.
fn slow(nanoseconds: u64) -> Vec<u8> {
    let wait = format!("(call $block (call $sleep (i64.const {nanoseconds}))) (i32.const 5000)");
    taker_with(SLEEP, &wait)
}

#[test]
fn what_waits_when_a_server_stops_is_handled_or_told() {
    // One at a time: requests and messages share the places.
    let one = || ServeOptions { requests: 1, queue: Duration::from_secs(5), ..granted() };
    let server = Running::start(slow(20_000_000), one());
    for _ in 0..20 {
        assert_eq!(server.get("/"), (200, "0".to_owned()));
    }
    assert_eq!(server.stop(), ["gateway/out: said by hand"; 20]);

    let short = ServeOptions { drain: Duration::from_millis(300), ..granted() };
    let server = Running::start(slow(60_000_000_000), ServeOptions { requests: 4, ..short });
    for _ in 0..3 {
        assert_eq!(server.get("/"), (200, "0".to_owned()));
    }
    let start = Instant::now();
    let told = server.stop();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(
        told.last().map(String::as_str),
        Some("runtime::messages-lost: 3 messages to `visits` were not handled to the end before the server ended"),
        "{told:?}"
    );
}

#[test]
fn a_server_that_stops_loses_nothing_that_a_broker_has() {
    let nats = Server::nats();
    let guest = slow(5_000_000);
    // It has more than it can handle at once.
    let leaving = ServeOptions { requests: 1, ..carried(&nats.address) };
    let mut leaving = Some(Running::start(guest.clone(), leaving));
    let staying = Running::start(guest, carried(&nats.address));
    let mut left = None;
    for number in 0..200 {
        assert_eq!(staying.get("/"), (200, "0".to_owned()));
        if number == 100 {
            left = leaving.take().map(|leaving| std::thread::spawn(|| leaving.stop()));
        }
    }
    let (left, stayed) = (left.unwrap().join().unwrap(), staying.stop());
    assert!(left.len() > 10 && stayed.len() > 100, "{} and {}", left.len(), stayed.len());
    assert_eq!(left.iter().chain(&stayed).collect::<Vec<_>>(), ["gateway/out: said by hand"; 200]);
}

#[test]
fn what_comes_faster_than_it_is_handled_is_told() {
    let nats = Server::nats();
    let options = ServeOptions { requests: 1, drain: Duration::from_millis(100), ..carried(&nats.address) };
    let handler = Running::start(slow(60_000_000_000), options);
    let sender = Nats::open(&format!("nats://{}", nats.address)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..5000 {
            sender.send(Message { topic: Some("visits".to_owned()), ..Message::default() }).await.unwrap();
        }
    });
    let told = handler.stop();
    let count = |code: &str| -> usize {
        let line = told.iter().find_map(|line| line.strip_prefix(code)).unwrap_or_else(|| panic!("{told:?}"));
        line.split(' ').find_map(|word| word.parse().ok()).unwrap()
    };
    let (missed, lost) = (count("runtime::messages-missed: "), count("runtime::messages-lost: "));
    // One that is handled, those that wait here, those that the connection holds, and those that were still on their way.
    assert!(lost > 2048 && missed > 0 && missed + lost <= 5000, "{missed} and {lost}");
}
