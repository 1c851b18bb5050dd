//! The host as a process: signals, sudden death, and what many requests leave behind.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{Ran, Server, mosaic};
use guests::{BLOBS, PATH, SLEEP, http_guest, http_guest_of, storing, tally};

#[path = "../../src/runtime/tests/guests.rs"]
#[expect(dead_code, reason = "most of them are for the runtime's own tests")]
mod guests;

#[path = "../../src/runtime/host/servers.rs"]
#[expect(dead_code, reason = "some of them are for the runtime's own tests")]
mod servers;

/// A component in a folder of its own, and the server that answers with it.
struct Host {
    folder: TempDir,
}

impl Host {
    fn new(component: &[u8]) -> Host {
        let host = Host { folder: TempDir::new().expect("a temporary folder") };
        fs::write(host.file("app.wasm"), component).expect("a component");
        host
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `cargo-mosaic ARGS` here, with `input` on its standard input.
    fn run(&self, args: &[&str], input: &str) -> Ran {
        let mut command = mosaic(args);
        command.current_dir(self.folder.path()).env("MOSAIC_HOME", self.file("home"));
        Ran::of(command, input)
    }

    fn serve(&self, flags: &[&str]) -> Server {
        self.serve_with(flags, &[])
    }

    /// The same with variables.
    fn serve_with(&self, flags: &[&str], variables: &[(&str, &str)]) -> Server {
        let mut command = mosaic(&["serve", "app.wasm", "--addr", "127.0.0.1:0"]);
        command.args(flags).current_dir(self.folder.path()).envs(variables.iter().copied());
        command.stderr(fs::File::create(self.file("stderr")).expect("a file"));
        Server::start(command)
    }
}

/// Asks again and again on one connection, and tells each answer's status and body to `answered`, until that says enough
/// or the server is gone.
fn ask_on(address: &str, path: impl Fn(usize) -> String, mut answered: impl FnMut(usize, u16, &str) -> bool) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    let mut buffer = Vec::new();
    for number in 0.. {
        // In one piece: the second of several would wait for the first to be acknowledged.
        let request = format!("GET {} HTTP/1.1\r\nhost: a\r\n\r\n", path(number));
        if stream.write_all(request.as_bytes()).is_err() {
            return;
        }
        let (head, body) = loop {
            if let Some(whole) = whole(&String::from_utf8_lossy(&buffer)) {
                break whole;
            }
            let mut piece = [0; 4096];
            match stream.read(&mut piece) {
                Ok(read) if read > 0 => buffer.extend_from_slice(&piece[..read]),
                _ => return,
            }
        };
        buffer.clear();
        if !answered(number, head[9..12].parse().expect("a status"), &body) {
            return;
        }
    }
}

/// Head and body of an answer, once it is all there. One that is sent while its guest still writes comes in chunks.
fn whole(text: &str) -> Option<(String, String)> {
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let body = match head.to_ascii_lowercase().split_once("content-length: ") {
        Some((_, length)) => rest.get(..length.lines().next()?.parse().ok()?)?.to_owned(),
        None => {
            let chunks = rest.strip_suffix("0\r\n\r\n")?;
            chunks.split("\r\n").skip(1).step_by(2).collect()
        }
    };
    Some((head.to_owned(), body))
}

/// Requests on so many connections at once, all answered `hello`.
fn ask_many(server: &Server, connections: usize, each: usize) {
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut answers = 0;
                ask_on(
                    server.address(),
                    |_| "/".to_owned(),
                    |_, status, body| {
                        assert_eq!((status, body), (200, "hello"));
                        answers += 1;
                        answers < each
                    },
                );
                assert_eq!(answers, each);
            });
        }
    });
}

/// Memory of a process in use, in bytes.
fn resident(server: &Server) -> u64 {
    memory(server, "VmRSS:")
}

/// What the system says of a process's memory, in bytes.
fn memory(server: &Server, figure: &str) -> u64 {
    let path = format!("/proc/{}/status", server.process().as_raw_nonzero());
    let status = fs::read_to_string(path).expect("the process's status");
    let line = status.lines().find(|line| line.starts_with(figure)).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") << 10
}

/// Serves so many requests, and so many again: the second half needs no more memory than the first left.
fn memory_stays(requests: usize) {
    let host = Host::new(&http_guest("", ""));
    let server = host.serve(&[]);
    ask_many(&server, 4, requests / 8);
    let before = resident(&server);
    ask_many(&server, 4, requests / 8);
    let after = resident(&server);
    assert!(after < before + (4 << 20), "{before} bytes, then {after}");
    eprintln!("{requests} requests: {} KiB, then {} KiB", before >> 10, after >> 10);
}

#[test]
fn memory_stays_over_many_requests() {
    memory_stays(4_000);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn memory_stays_over_a_hundred_thousand_requests() {
    memory_stays(100_000);
}

/// A request under way, in a thread of its own: what came back, and when.
fn begun(server: &Server) -> JoinHandle<String> {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    write!(stream, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").expect("a request");
    std::thread::sleep(Duration::from_millis(500));
    std::thread::spawn(move || {
        let mut answer = String::new();
        // A server that is gone gives nothing.
        let _ = stream.read_to_string(&mut answer);
        answer
    })
}

#[test]
fn a_signal_lets_end_what_is_under_way() {
    let host = Host::new(&http_guest(SLEEP, "(call $block (call $sleep (i64.const 1000000000)))"));
    for signal in [Signal::INT, Signal::TERM] {
        let server = host.serve(&[]);
        let (answer, start) = (begun(&server), Instant::now());
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        let answer = answer.join().expect("the answer");
        let (head, body) = whole(&answer).unwrap_or_else(|| panic!("not a whole answer: {answer}"));
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(body, "hello");
    }
}

#[test]
fn the_end_is_not_put_off_for_long_and_a_second_signal_is_obeyed_at_once() {
    let host = Host::new(&http_guest(SLEEP, "(call $block (call $sleep (i64.const 60000000000)))"));
    for (signals, least, most) in [(1, 3000, 5000), (2, 0, 2000)] {
        let server = host.serve(&[]);
        let (answer, start) = (begun(&server), Instant::now());
        for _ in 0..signals {
            server.signal(Signal::TERM);
            // Two that come at once are one to the system.
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(server.wait().code(), Some(0));
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(least) && took < Duration::from_millis(most), "{signals}: {took:?}");
        assert_eq!(answer.join().expect("the end"), "");
    }
}

#[test]
fn messages_that_a_stopping_server_had_no_time_for_are_told() {
    let imports = format!(
        r#"
  (import "cm32p2|wasi:messaging/types" "[static]client.connect" (func $connect (param i32 i32 i32)))
  (import "cm32p2|wasi:messaging/types" "[constructor]message" (func $message (param i32 i32) (result i32)))
  (import "cm32p2|wasi:messaging/producer" "send" (func $send (param i32 i32 i32 i32 i32)))
  {SLEEP} {PATH}
  (func (export "cm32p2|wasi:messaging/incoming-handler|handle") (param $message i32) (result i32)
    (call $block (call $sleep (i64.const 60000000000)))
    (i32.const 5000))"#
    );
    let body = "
    (call $connect (i32.const 1120) (i32.const 6) (i32.const 16))
    (call $send (i32.load (i32.const 20)) (i32.const 1120) (i32.const 6)
      (call $message (i32.const 1160) (i32.const 13)) (i32.const 64))
    (call $digit (i32.load8_u (i32.const 64)))";
    let host = Host::new(&http_guest_of("messages", &imports, body, ""));
    for signals in [1, 2] {
        let server = host.serve(&["--topic", "visits", "--drain-timeout", if signals == 1 { "200ms" } else { "60s" }]);
        for _ in 0..2 {
            assert_eq!(server.ask("GET", "/", &[], ""), (200, "0".into()));
        }
        let start = Instant::now();
        for _ in 0..signals {
            server.signal(Signal::TERM);
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(server.wait().code(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        let said = fs::read_to_string(host.file("stderr")).expect("what was said");
        assert!(said.contains("2 messages to `visits` were not handled to the end"), "{said}");
        assert!(said.contains("--drain-timeout"), "{said}");
    }
}

/// `/wKEY` sets a key and answers `0`, `/rKEY` answers `1` where it is set.
fn keeper() -> Vec<u8> {
    let imports = format!(
        r#"
  (import "cm32p2|wasi:keyvalue/store" "open" (func $open (param i32 i32 i32)))
  (import "cm32p2|wasi:keyvalue/store" "[method]bucket.set" (func $set-key (param i32 i32 i32 i32 i32 i32)))
  (import "cm32p2|wasi:keyvalue/store" "[method]bucket.get" (func $get-key (param i32 i32 i32 i32)))
  {PATH}"#
    );
    let body = "
    (local $bucket i32) (local $key i32) (local $size i32)
    (call $open (i32.const 1120) (i32.const 6) (i32.const 16))
    (local.set $bucket (i32.load (i32.const 20)))
    (if (i32.eq (call $letter (local.get $request) (i32.const 1)) (i32.const 119))
      (then
        (local.set $key (i32.add (i32.load (i32.const 36)) (i32.const 2)))
        (local.set $size (i32.sub (i32.load (i32.const 40)) (i32.const 2)))
        (call $set-key (local.get $bucket) (local.get $key) (local.get $size) (local.get $key) (local.get $size)
          (i32.const 48))
        (call $digit (i32.load8_u (i32.const 48))))
      (else
        (local.set $key (i32.add (i32.load (i32.const 36)) (i32.const 2)))
        (local.set $size (i32.sub (i32.load (i32.const 40)) (i32.const 2)))
        (call $get-key (local.get $bucket) (local.get $key) (local.get $size) (i32.const 48))
        (call $digit (i32.load8_u (i32.const 52)))))";
    http_guest(&imports, body)
}

/// Kills the server while four clients write, so many times; whatever was acknowledged is there afterwards.
fn nothing_acknowledged_is_lost(rounds: usize) {
    let host = Host::new(&keeper());
    let flags = ["--kv", "visits", "--data", "kept"];
    let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
    for round in 0..rounds {
        let server = host.serve(&flags);
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let (address, acknowledged) = (server.address().to_owned(), acknowledged.clone());
                std::thread::spawn(move || {
                    let key = |number| format!("{round}-{client}-{number}");
                    ask_on(
                        &address,
                        |number| format!("/w{}", key(number)),
                        |number, status, body| {
                            assert_eq!((status, body), (200, "0"));
                            acknowledged.lock().expect("no panic").insert(key(number), round);
                            true
                        },
                    );
                })
            })
            .collect();
        // Early and late, before the first write and in the middle of many.
        std::thread::sleep(Duration::from_millis(20 + 37 * (round as u64 * 7 % 11)));
        server.signal(Signal::KILL);
        assert_eq!(server.wait().code(), None);
        clients.into_iter().for_each(|client| client.join().expect("a client"));
    }
    let acknowledged = acknowledged.lock().expect("no panic");
    assert!(acknowledged.len() > rounds * 4, "{} writes in all", acknowledged.len());
    let server = host.serve(&flags);
    let keys: Vec<&String> = acknowledged.keys().collect();
    let mut lost = Vec::new();
    ask_on(
        server.address(),
        |number| format!("/r{}", keys[number]),
        |number, status, body| {
            if (status, body) != (200, "1") {
                lost.push(keys[number]);
            }
            number + 1 < keys.len()
        },
    );
    assert!(lost.is_empty(), "lost of {}: {lost:?}", keys.len());
    eprintln!("{rounds} kills, {} writes acknowledged, all there", keys.len());
}

#[test]
fn what_was_acknowledged_survives_sudden_death() {
    nothing_acknowledged_is_lost(6);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn what_was_acknowledged_survives_two_hundred_sudden_deaths() {
    nothing_acknowledged_is_lost(200);
}

#[test]
fn buckets_are_kept_by_redis_where_that_is_asked_for() {
    let host = Host::new(&keeper());
    let redis = servers::Server::redis();
    let address = format!("redis://{}", redis.address);
    let flags = ["--kv", "visits", "--kv-store", &address];
    let server = host.serve(&flags);
    assert_eq!(server.ask("GET", "/wabc", &[], ""), (200, "0".into()));
    server.signal(Signal::KILL);
    server.wait();
    // Another server finds it there.
    let server = host.serve_with(&["--kv", "visits"], &[("MOSAIC_KV_STORE", &address)]);
    assert_eq!(server.ask("GET", "/rabc", &[], ""), (200, "1".into()));
    assert_eq!(server.ask("GET", "/rabd", &[], ""), (200, "0".into()));
    drop((server, redis));
    let ran = host.run(&[&["serve", "app.wasm", "--addr", "127.0.0.1:0"][..], &flags].concat(), "").fails();
    ran.says(&[&format!("cannot use the server at `{address}`"), "--kv-store"]);
}

fn s3_variables(endpoint: &str) -> [(&str, &str); 4] {
    [
        ("AWS_ACCESS_KEY_ID", "me"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", endpoint),
    ]
}

#[test]
fn objects_are_kept_by_what_speaks_as_s3_where_that_is_asked_for() {
    let host = Host::new(&storing());
    let s3 = servers::Server::s3("ours");
    let endpoint = format!("http://{}", s3.address);
    let keys = s3_variables(&endpoint);
    let store = ["--blob-store", "s3://ours/app"];
    let granted = [&["--blob", "visits"][..], &store].concat();
    assert_eq!(host.serve_with(&store, &keys).ask("GET", "/w", &[], ""), (200, "9".into()), "not granted");
    let server = host.serve_with(&granted, &keys);
    assert_eq!(server.ask("GET", "/", &[], ""), (200, "9".into()), "there is none");
    assert_eq!(server.ask("GET", "/w", &[], ""), (200, "0".into()));
    server.signal(Signal::KILL);
    server.wait();
    // Another server finds it there; the guest reads from the second byte on.
    assert_eq!(host.serve_with(&granted, &keys).ask("GET", "/", &[], ""), (200, "ello".into()));
    drop(s3);
    let mut command = mosaic(&[&["serve", "app.wasm", "--addr", "127.0.0.1:0"][..], &granted].concat());
    command.current_dir(host.folder.path()).envs(keys);
    Ran::of(command, "").fails().says(&["cannot use the server at `s3://ours/app`", "--blob-store"]);
}

#[test]
fn objects_are_there_again_when_their_server_is() {
    let host = Host::new(&storing());
    let s3 = servers::Server::s3("ours");
    let port = s3.address.rsplit(':').next().expect("a port").to_owned();
    let endpoint = format!("http://{}", s3.address);
    let server = host.serve_with(&["--blob", "visits", "--blob-store", "s3://ours"], &s3_variables(&endpoint));
    assert_eq!(server.ask("GET", "/w", &[], ""), (200, "0".into()));
    drop(s3);
    // The guest is told so, and lives on.
    assert_eq!(server.ask("GET", "/", &[], ""), (200, "9".into()));
    let _s3 = servers::Server::s3_at(&port, "ours");
    // This one forgets what the last one had.
    assert_eq!(server.ask("GET", "/", &[], ""), (200, "9".into()));
    assert_eq!(server.ask("GET", "/w", &[], ""), (200, "0".into()));
    assert_eq!(server.ask("GET", "/", &[], ""), (200, "ello".into()));
}

/// `/w` writes an object of so many pages of 4 KiB, each full of its number's last byte; anything else reads it, and tells
/// the sum of its bytes in hexadecimal.
fn hauling(pages: u32) -> Vec<u8> {
    let imports = format!(
        r#"
  {BLOBS}
  (import "cm32p2|wasi:blobstore/types" "[static]incoming-value.incoming-value-consume-async" (func $coming (param i32 i32)))
  (import "cm32p2|wasi:io/streams@0.2" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  {PATH}"#
    );
    let body = format!(
        "
    (local $value i32) (local $n i32) (local $at i32) (local $end i32)
    (if (i32.eq (call $letter (local.get $request) (i32.const 1)) (i32.const 119))
      (then
        (call $create (i32.const 1120) (i32.const 6) (i32.const 48))
        (if (i32.load8_u (i32.const 48)) (then (call $digit (i32.const 9)) (return)))
        (local.set $value (call $value))
        (call $meant (i32.load (i32.const 52)) (i32.const 1120) (i32.const 6) (local.get $value) (i32.const 64))
        (call $stream (local.get $value) (i32.const 64))
        (loop $next
          (memory.fill (i32.const 524288) (local.get $n) (i32.const 4096))
          (call $put (i32.load (i32.const 68)) (i32.const 524288) (i32.const 4096) (i32.const 80))
          (if (i32.load8_u (i32.const 80)) (then (call $digit (i32.const 7)) (return)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $n) (i32.const {pages}))))
        (call $drop-stream (i32.load (i32.const 68)))
        (call $done (local.get $value) (i32.const 64))
        (call $digit (i32.load8_u (i32.const 64))))
      (else
        (call $container (i32.const 1120) (i32.const 6) (i32.const 48))
        (if (i32.load8_u (i32.const 48)) (then (call $digit (i32.const 9)) (return)))
        (call $data (i32.load (i32.const 52)) (i32.const 1120) (i32.const 6) (i64.const 0) (i64.const -1) (i32.const 64))
        (if (i32.load8_u (i32.const 64)) (then (call $digit (i32.const 8)) (return)))
        (call $coming (i32.load (i32.const 68)) (i32.const 64))
        (loop $next
          (global.set $heap (i32.const 65536))
          (call $read (i32.load (i32.const 68)) (i64.const 65536) (i32.const 80))
          (if (i32.eqz (i32.load8_u (i32.const 80)))
            (then
              (local.set $at (i32.load (i32.const 84)))
              (local.set $end (i32.add (local.get $at) (i32.load (i32.const 88))))
              (block $done (loop $byte
                (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
                (local.set $n (i32.add (local.get $n) (i32.load8_u (local.get $at))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br $byte)))
              (br $next))))
        ;; Closed, and not failed.
        (if (i32.ne (i32.load8_u (i32.const 84)) (i32.const 1)) (then (call $digit (i32.const 7)) (return)))
        (local.set $at (i32.const 2048))
        (loop $next
          (local.set $n (i32.rotl (local.get $n) (i32.const 4)))
          (i32.store8 (local.get $at) (i32.add (i32.and (local.get $n) (i32.const 15)) (i32.const 65)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 2056))))
        (global.set $text (i32.const 2048))
        (global.set $length (i32.const 8))))"
    );
    http_guest(&imports, &body)
}

/// The most memory that a process had in use, in bytes.
fn peak(server: &Server) -> u64 {
    memory(server, "VmHWM:")
}

/// Writes an object of so many MiB and reads it, by a host that holds little of it at any time.
fn an_object_passes_through(mebibytes: u32) {
    let pages = mebibytes << 8;
    let host = Host::new(&hauling(pages));
    let s3 = servers::Server::s3("ours");
    let endpoint = format!("http://{}", s3.address);
    let flags = ["--blob", "visits", "--blob-store", "s3://ours", "--request-timeout", "none"];
    let server = host.serve_with(&flags, &s3_variables(&endpoint));
    let before = peak(&server);
    assert_eq!(server.ask("GET", "/w", &[], ""), (200, "0".into()));
    let written = peak(&server);
    let sum = (0..pages).fold(0_u32, |sum, page| sum.wrapping_add((page & 255) << 12));
    let letters: String =
        format!("{sum:08x}").chars().map(|c| char::from(b'A' + c.to_digit(16).expect("a digit") as u8)).collect();
    assert_eq!(server.ask("GET", "/", &[], ""), (200, letters));
    let read = peak(&server);
    eprintln!(
        "{mebibytes} MiB: {} MiB before, {} after writing, {} after reading",
        before >> 20,
        written >> 20,
        read >> 20
    );
    // Three parts of ten MiB that are sent at once, each of which is there twice for a moment.
    assert!(read < before + (64 << 20), "{before} bytes, {written} after writing, {read} after reading");
}

#[test]
fn a_large_object_is_never_in_memory() {
    an_object_passes_through(96);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn a_very_large_object_is_never_in_memory() {
    an_object_passes_through(512);
}

#[test]
fn a_project_is_served_as_densely_as_its_manifest_says_unless_a_flag_does() {
    // `1` where a memory may grow by 6.25 MiB.
    let host = Host::new(&http_guest("", "(call $digit (i32.ne (memory.grow (i32.const 100)) (i32.const -1)))"));
    let manifest = |serve: &str| {
        let text = format!("[app]\nname = \"a:b\"\n[components.gateway]\nwasm = \"app.wasm\"\n{serve}");
        fs::write(host.file("mosaic.toml"), text).expect("a manifest");
    };
    for (serve, flags, grown) in [
        ("", &[][..], "1"),
        ("[serve]\ndensity = true\n", &[], "0"),
        ("[serve]\ndensity = true\ndensity-room = \"8MiB\"\n", &[], "1"),
        ("[serve]\ndensity = true\n", &["--density=none"], "1"),
        ("[serve]\ndensity = true\n", &["--density=8MiB"], "1"),
        ("", &["--density"], "0"),
    ] {
        manifest(serve);
        let mut command = mosaic(&["serve", "--addr", "127.0.0.1:0", "--offline"]);
        command.args(flags).current_dir(host.folder.path());
        let server = Server::start(command);
        assert_eq!(server.ask("GET", "/", &[], ""), (200, grown.into()), "{serve} {flags:?}");
    }
}

#[test]
fn flags_set_limits_and_logs() {
    let log = r#"(import "cm32p2|wasi:logging/logging" "log" (func $log (param i32 i32 i32 i32 i32)))"#;
    let host = Host::new(&http_guest(
        &format!("{log} {PATH}"),
        "(local $letter i32)
         (call $log (i32.const 3) (i32.const 1120) (i32.const 6) (i32.const 1024) (i32.const 5))
         (local.set $letter (call $letter (local.get $request) (i32.const 1)))
         (loop $l (br_if $l (i32.eq (local.get $letter) (i32.const 108))))",
    ));
    let server = host.serve(&[
        "--max-cpu",
        "200ms",
        "--access-log",
        "access",
        "--log-file",
        "log",
        "--log-format",
        "json",
        "--logging",
    ]);
    assert_eq!(server.ask("GET", "/", &[("user-agent", "tests")], "").0, 200);
    assert_eq!(server.ask("GET", "/loop", &[], "").0, 500);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let lines = |name: &str| -> Vec<serde_json::Value> {
        let text = fs::read_to_string(host.file(name)).expect("a log");
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
    };
    let visits = lines("access");
    assert_eq!(visits.len(), 2);
    assert_eq!(
        (&visits[0]["target"], &visits[0]["status"], &visits[0]["bytes"]),
        (&"/".into(), &200.into(), &5.into())
    );
    assert_eq!((&visits[0]["agent"], &visits[1]["status"]), (&"tests".into(), &500.into()));
    let logged = lines("log");
    assert_eq!((&logged[0]["part"], &logged[0]["level"]), (&"gateway".into(), &"warn".into()));
    assert_eq!((&logged[0]["context"], &logged[0]["message"]), (&"visits".into(), &"hello".into()));
    let said = fs::read_to_string(host.file("stderr")).expect("what was said");
    assert!(said.contains("it ran longer than its limit of 200ms"), "{said}");
}

#[test]
fn exports_are_called_from_the_command_line() {
    let host = Host::new(&tally());
    let invoke = |args: &[&str]| host.run(&[&["invoke", "app.wasm"], args].concat(), "");
    assert_eq!(invoke(&["add(2, 3)"]).ok().stdout, "5\n");
    assert_eq!(invoke(&["c = counter(5); c.bump(2)"]).ok().stdout, "7\n");
    let echo = invoke(&["tally.echo", "--args", r#"[{"name": "a", "tags": ["x"]}]"#, "--json"]).ok();
    assert_eq!(echo.stdout, "{\"name\":\"a\",\"tags\":[\"x\"],\"size\":null}\n");
    invoke(&["ad(2, 3)"]).fails().says(&["nothing that is exported is called `ad`", "did you mean `add`?"]);
    invoke(&["add(2, \"x\")"]).fails().says(&["the arguments do not fit `add(a: u32, b: u32) -> u32`", "expected u32"]);
    let trapped = invoke(&["fail"]);
    assert_eq!(trapped.code, Some(134), "{trapped}");
    trapped.says(&["`fail` trapped in `tally`", "tally!fall"]);
}

#[test]
fn what_was_compiled_ahead_of_time_is_not_compiled_again() {
    let host = Host::new(&tally());
    let compiles = |args: &[&str]| host.run(args, "").ok().stderr.contains("Compiling app.wasm");
    assert!(compiles(&["compile", "app.wasm"]));
    assert!(!compiles(&["invoke", "app.wasm", "add(2, 3)"]));
    // Code that is made for edits is other code.
    assert!(compiles(&["compile", "app.wasm", "--quick"]));
    assert!(!compiles(&["compile", "app.wasm", "--quick"]));
}

#[test]
fn a_session_keeps_what_is_named_and_outlives_a_trap() {
    let host = Host::new(&tally());
    let lines = "c = counter(5)\nc.bump(2)\n:kept\nfail()\n:kept\nadd(1, 1)\nnonsense\n:quit\n";
    let ran = host.run(&["repl", "app.wasm"], lines).ok();
    let told: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(told, ["c: counter", "7: u32", "c", "2: u32"], "{ran}");
    ran.says(&["`fail` trapped in `tally`", "nothing that is exported is called `nonsense`"]);
}

#[test]
fn an_import_that_nobody_provides_is_told_with_the_part_that_wants_it() {
    let import = r#"(import "cm32p2|acme:shop/auth" "check" (func $check (result i32)))"#;
    let host = Host::new(&http_guest(import, "(drop (call $check))"));
    // Composed, so that there are parts.
    fs::copy(host.file("app.wasm"), host.file("gateway.wasm")).expect("a copy");
    fs::write(host.file("tally.wasm"), tally()).expect("a component");
    host.run(&["compose", "gateway.wasm", "tally.wasm", "--open", "acme:shop/auth", "-o", "both.wasm"], "").ok();
    let ran = host.run(&["serve", "both.wasm", "--addr", "127.0.0.1:0"], "").fails();
    ran.says(&["imports what nobody provides: `acme:shop/auth`", "`gateway` of it imports it", "compose it with"]);
}
