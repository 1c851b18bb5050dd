//! Clients that are slow, silent, greedy or many, and a server that stops.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use super::{
    guests::{MISDEED, READ, SLEEP, http_guest, lasting_guest},
    server::{Running, options, read_answer},
};
use crate::runtime::{Limits, ServeOptions};

#[test]
fn a_guest_that_waits_too_long_is_given_up() {
    let body = "(call $block (call $sleep (i64.const 60000000000)))";
    let request_timeout = Some(Duration::from_millis(200));
    let server = Running::start(http_guest(SLEEP, body), ServeOptions { request_timeout, ..options() });
    assert_eq!(server.get("/slow").0, 504);
    assert_eq!(server.stop(), ["runtime::request-timeout: the guest of `GET /slow` had no answer after 200ms"]);
}

#[test]
fn nothing_is_accepted_after_stopping() {
    let server = Running::start(http_guest(SLEEP, "(call $block (call $sleep (i64.const 500000000)))"), options());
    let address = server.address;
    let mut under_way = TcpStream::connect(address).unwrap();
    write!(under_way, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(150));
    let start = Instant::now();
    server.stop.stop();
    std::thread::sleep(Duration::from_millis(100));
    assert!(TcpStream::connect(address).is_err());
    // What was under way is answered, and its connection closed.
    assert_eq!(read_answer(&mut under_way), (200, "hello".to_owned()));
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_full_server_says_so() {
    let options = ServeOptions { requests: 1, queue: Duration::from_millis(50), ..options() };
    let server = Running::start(http_guest(SLEEP, "(call $block (call $sleep (i64.const 600000000)))"), options);
    let mut first = TcpStream::connect(server.address).unwrap();
    write!(first, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(server.get("/").0, 503);
    assert_eq!(read_answer(&mut first).0, 200);
    assert_eq!(server.get("/").0, 200);
}

/// Two guests of 17 pages each do not fit.
#[test]
fn memory_of_all_requests_together_is_bounded() {
    let limits = Limits { all_memory: 2 << 20, ..Limits::request() };
    let bounded = || ServeOptions { limits, ..options() };
    let guest = http_guest(SLEEP, "(call $block (call $sleep (i64.const 600000000)))");
    let server = Running::start(guest, bounded());
    let mut first = said(&server, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(server.get("/").0, 503);
    assert_eq!(read_answer(&mut first).0, 200);
    assert_eq!(server.get("/").0, 200);
    assert_eq!(server.stop(), Vec::<String>::new());

    let what = "(drop (call $misdeed (i32.const 97)))";
    let server = Running::start(http_guest(MISDEED, what), bounded());
    assert_eq!(server.get("/").0, 500);
    let told = server.stop();
    assert!(told[0].contains("all requests together asked for more memory than their limit of 2 MiB"), "{told:?}");
}

#[test]
fn a_request_must_say_whom_it_means() {
    let server = Running::start(http_guest("", ""), options());
    for (head, status) in [
        ("GET / HTTP/1.1\r\nconnection: close\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n", 400),
        ("GET / HTTP/1.0\r\n", 200),
        ("GET http://other/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n", 200),
        ("OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n", 200),
    ] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        write!(stream, "{head}\r\n").unwrap();
        assert_eq!(read_answer(&mut stream).0, status, "{head}");
    }
}

/// Writes `text` on a connection of its own.
fn said(server: &Running, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// A request that never ends its head.
const HALF: &str = "GET / HTTP/1.1\r\nhost: a\r\nx-slow: ";

const SLEEP_A_MINUTE: &str = "(call $block (call $sleep (i64.const 60000000000)))";

#[test]
fn half_open_connections_keep_nobody_out() {
    let server = Running::start(http_guest("", ""), options());
    let _half_open: Vec<TcpStream> = (0..2000).map(|_| said(&server, HALF)).collect();
    for _ in 0..5 {
        let start = Instant::now();
        assert_eq!(server.get("/"), (200, "hello".to_owned()));
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}

#[test]
fn a_head_that_does_not_come_ends_its_connection() {
    let options = ServeOptions { header_timeout: Duration::from_millis(200), ..options() };
    let server = Running::start(http_guest("", ""), options);
    for begun in ["", HALF] {
        let mut stream = said(&server, begun);
        let start = Instant::now();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // Closed, whatever is said before.
        stream.read_to_end(&mut Vec::new()).unwrap();
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[test]
fn a_head_too_large_is_refused() {
    let server = Running::start(http_guest("", ""), ServeOptions { max_header: 16 << 10, ..options() });
    let ask = |bytes| {
        let long = "x".repeat(bytes);
        read_answer(&mut said(
            &server,
            &format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-long: {long}\r\n\r\n"),
        ))
        .0
    };
    assert_eq!((ask(8 << 10), ask(17 << 10)), (200, 431));
}

#[test]
fn a_body_too_large_is_refused() {
    let (imports, read) = READ;
    let server = Running::start(http_guest(imports, read), ServeOptions { max_body: 100_000, ..options() });
    let ask = |framing: &str, body: &str| {
        let head = format!("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{framing}\r\n\r\n");
        read_answer(&mut said(&server, &(head + body)))
    };
    let whole = "x".repeat(100_000);
    assert_eq!(ask("content-length: 100000", &whole), (200, "1".to_owned()));
    // Said beforehand: nothing of it is read.
    assert_eq!(ask("content-length: 100001", "").0, 413);
    let chunks = |count: usize| format!("{}0\r\n\r\n", format!("2710\r\n{}\r\n", "x".repeat(10_000)).repeat(count));
    assert_eq!(ask("transfer-encoding: chunked", &chunks(10)), (200, "1".to_owned()));
    assert_eq!(ask("transfer-encoding: chunked", &chunks(11)), (200, "0".to_owned()));
}

#[test]
fn a_body_that_does_not_come_is_told_to_its_guest() {
    let (imports, read) = READ;
    let options = ServeOptions { body_timeout: Duration::from_millis(200), ..options() };
    let server = Running::start(http_guest(imports, read), options);
    let start = Instant::now();
    let mut slow = said(&server, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nx");
    assert_eq!(server.get("/"), (200, "1".to_owned()));
    assert_eq!(read_answer(&mut slow), (200, "0".to_owned()));
    assert!(start.elapsed() >= Duration::from_millis(200) && start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_request_has_one_time_for_everything() {
    let options = ServeOptions { request_timeout: Some(Duration::from_millis(300)), requests: 1, ..options() };
    let server = Running::start(lasting_guest(SLEEP, "", SLEEP_A_MINUTE), options);
    let start = Instant::now();
    // Begun and cut.
    assert_eq!(server.get("/"), (200, "hello".to_owned()));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // Its place is free again.
    assert_eq!(server.get("/").0, 200);
    let told = "runtime::request-timeout: the guest of `GET /` was not done after 300ms";
    assert_eq!(server.stop(), [told, told]);
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    // 32 MiB, more than the sockets hold.
    let flood = "(local.set $r (i32.const 0)) (loop $l
        (call $put (local.get $s) (i32.const 65536) (i32.const 4096) (i32.const 16))
        (br_if $l (i32.lt_u (local.tee $r (i32.add (local.get $r) (i32.const 1))) (i32.const 8192))))";
    let options = ServeOptions { stall_timeout: Duration::from_millis(200), requests: 1, ..options() };
    let server = Running::start(lasting_guest("", "", flood), options);
    let deaf = said(&server, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    // The only place is free again.
    let status = loop {
        let mut next = said(&server, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let mut head = [0; 12];
        next.read_exact(&mut head).unwrap();
        if &head[9..] == b"200" || start.elapsed() > Duration::from_secs(10) {
            break head;
        }
    };
    assert_eq!(&status, b"HTTP/1.1 200");
    drop(deaf);
}

#[test]
fn connections_beyond_their_number_are_turned_away() {
    let server = Running::start(http_guest("", ""), ServeOptions { connections: 2, ..options() });
    let held = [said(&server, HALF), said(&server, HALF)];
    std::thread::sleep(Duration::from_millis(100));
    let mut third = said(&server, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut answer = String::new();
    third.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
    drop(held);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(server.get("/").0, 200);
}

#[test]
fn stopping_waits_no_longer_than_it_may() {
    for (drain, stops, most) in [(300, 1, 3000), (60_000, 2, 3000)] {
        let options = ServeOptions { drain: Duration::from_millis(drain), ..options() };
        let server = Running::start(http_guest(SLEEP, SLEEP_A_MINUTE), options);
        let _under_way = [said(&server, "GET / HTTP/1.1\r\nhost: a\r\n\r\n"), said(&server, HALF)];
        std::thread::sleep(Duration::from_millis(100));
        let start = Instant::now();
        (1..stops).for_each(|_| server.stop.stop());
        server.stop();
        assert!(start.elapsed() < Duration::from_millis(most), "{:?}", start.elapsed());
    }
}

/// A guest in the middle of its own code does not hear of the end.
#[test]
fn stopping_ends_a_guest_that_never_waits() {
    let limits = Limits { cpu: Some(Duration::from_secs(60)), ..Limits::request() };
    let options = ServeOptions { drain: Duration::from_millis(100), limits, ..options() };
    let server = Running::start(http_guest("", "(loop $l (br $l))"), options);
    let _under_way = said(&server, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}
