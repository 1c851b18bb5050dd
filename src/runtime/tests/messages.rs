//! Messages that a guest sends reach the handler of the same artifact, in an instance of its own.

use std::time::{Duration, Instant};

use super::{
    guests::{http_guest, http_guest_of},
    server::{Running, options},
};
use crate::runtime::{Artifact, Error, Grants, Scope, ServeOptions, Stores, host::servers::Server, serve};

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
    let taking = format!(
        r#"{SEND}
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
