//! Guests written by hand, run and served as users do, over real sockets.
//!
//! A guest is the text of a core module; what it imports is in `fixtures/runtime/guest.wit`.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;
use crate::{
    cache::Home,
    diagnostic::Diagnose,
    event::{Event, GuestStream},
};

const WIT: &str = include_str!("../../fixtures/runtime/guest.wit");

/// A component of a core module in text, in a world of `guest.wit`.
fn component(world: &str, core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guest.wit", WIT).expect("guest.wit is valid");
    let world = resolve.select_world(&[package], Some(world)).expect("the world exists");
    let mut module = wat::parse_str(core).unwrap_or_else(|error| panic!("{error}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).expect("the metadata fits");
    ComponentEncoder::default().validate(true).module(&module).and_then(|e| e.encode()).expect("it encodes")
}

/// A `wasi:http` 0.2 guest of the part `gateway`. `imports`: further ones; `body`: what it does before it answers with
/// `$length` bytes from `$text`.
fn http_guest(imports: &str, body: &str) -> Vec<u8> {
    let types = "cm32p2|wasi:http/types@0.2";
    let streams = "cm32p2|wasi:io/streams@0.2";
    component(
        "p2",
        &format!(
            r#"
(module $"gateway (wat)"
  (import "{types}" "[constructor]fields" (func $fields (result i32)))
  (import "{types}" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "{types}" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "{types}" "[method]outgoing-body.write" (func $write (param i32 i32)))
  (import "{types}" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "{types}" "[static]response-outparam.set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "{streams}" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
  (import "{streams}" "output-stream_drop" (func $drop-stream (param i32)))
  {imports}
  (memory (export "cm32p2_memory") 17)
  (global $heap (mut i32) (i32.const 65536))
  (global $count (mut i32) (i32.const 0))
  (global $text (mut i32) (i32.const 1024))
  (global $length (mut i32) (i32.const 5))
  (data (i32.const 1024) "hello")
  (data (i32.const 1100) "secret")
  (data (i32.const 1120) "visits")
  (data (i32.const 1140) "localhost:1/")
  (data (i32.const 1160) "said by hand\n")
  (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "cm32p2_initialize"))
  ;; Answers with one digit.
  (func $digit (param i32)
    (i32.store8 (i32.const 2048) (i32.add (local.get 0) (i32.const 48)))
    (global.set $text (i32.const 2048))
    (global.set $length (i32.const 1)))
  (func $work {body})
  (func (export "cm32p2|wasi:http/incoming-handler@0.2|handle") (param $request i32) (param $out i32)
    (local $r i32) (local $b i32) (local $s i32)
    (call $work)
    (local.set $r (call $response (call $fields)))
    (call $body (local.get $r) (i32.const 16))
    (local.set $b (i32.load (i32.const 20)))
    (call $set (local.get $out) (i32.const 0) (local.get $r) (i32.const 0) (i64.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $write (local.get $b) (i32.const 16))
    (local.set $s (i32.load (i32.const 20)))
    (call $put (local.get $s) (global.get $text) (global.get $length) (i32.const 16))
    (call $drop-stream (local.get $s))
    (call $finish (local.get $b) (i32.const 0) (i32.const 0) (i32.const 16)))
  (func (export "cm32p2|wasi:http/incoming-handler@0.2|handle_post")))
"#
        ),
    )
}

/// Native code of all tests in one folder, so that each guest is compiled once.
fn home() -> Home {
    Home { root: std::env::temp_dir().join("mosaic-runtime-tests") }
}

fn options() -> ServeOptions {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    ServeOptions { signals: Signals::Ignore, requests: 16, ..ServeOptions::new(any_port, home()) }
}

/// A server on a thread of its own. Dropped, it stops.
struct Running {
    address: SocketAddr,
    stop: Stop,
    told: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Running {
    fn start(bytes: Vec<u8>, options: ServeOptions) -> Running {
        let (tell, listening) = mpsc::channel();
        let told = Arc::new(Mutex::new(Vec::new()));
        let stop = options.stop.clone();
        let thread = std::thread::spawn({
            let told = told.clone();
            move || {
                let events = move |event: Event<'_>| match event {
                    Event::Listening { address } => tell.send(address).expect("the test waits"),
                    event => told.lock().unwrap().extend(shown(&event)),
                };
                serve(&Artifact::bytes("app.wasm", &bytes), &options, &Sync(Mutex::new(events)).as_events())
            }
        });
        let address = match listening.recv() {
            Ok(address) => address,
            Err(_) => panic!("{:?}", thread.join().unwrap().map_err(|e| e.problems())),
        };
        Running { address, stop, told, thread: Some(thread) }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
        read_answer(&mut stream)
    }

    /// What was told, once the server has stopped.
    fn stop(mut self) -> Vec<String> {
        self.stop.stop();
        self.thread.take().unwrap().join().unwrap().unwrap();
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        self.stop.stop();
    }
}

/// `mpsc::Sender` is not `Sync`, and events come from one thread at a time here.
struct Sync<F>(Mutex<F>);

impl<F: FnMut(Event<'_>)> Sync<F> {
    fn as_events(&self) -> impl Fn(Event<'_>) + std::marker::Sync + '_
    where
        F: Send,
    {
        |event| (self.0.lock().unwrap())(event)
    }
}

fn shown(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Guest { part, stream, line } => {
            let stream = if *stream == GuestStream::Stdout { "out" } else { "err" };
            Some(format!("{}/{stream}: {line}", part.unwrap_or("?")))
        }
        Event::Log { part, level, context, message } => {
            Some(format!("{} {level:?} {context}: {message}", part.unwrap_or("?")))
        }
        Event::Warning(problem) => Some(format!("{}: {}", problem.code, problem.message)),
        _ => None,
    }
}

/// Status and body, whatever its framing.
fn read_answer(stream: &mut TcpStream) -> (u16, String) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head[9..12].parse().unwrap();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        let mut whole = String::new();
        let mut rest = body;
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap();
            whole.push_str(&after[..size]);
            rest = &after[size + 2..];
        }
        return (status, whole);
    }
    (status, body.to_owned())
}

#[test]
fn a_guest_answers() {
    let server = Running::start(http_guest("", ""), options());
    assert_eq!(server.get("/"), (200, "hello".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn each_request_is_a_fresh_instance() {
    let counting = "(global.set $count (i32.add (global.get $count) (i32.const 1))) (call $digit (global.get $count))";
    let server = Running::start(http_guest("", counting), options());
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
    let server = Running::start(guest, options());
    for _ in 0..3 {
        assert_eq!(server.get("/").0, 500);
    }
    let refused = "runtime::guest-error: the guest of `GET /` failed: connection refused";
    assert_eq!(server.stop(), [refused, refused, refused]);
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
    assert_eq!(told[0], expected);
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
    assert_eq!(
        told,
        ["runtime::trap: the guest of `GET /` trapped in `gateway`: it ran longer than its limit of 200ms"]
    );
}

#[test]
fn memory_has_a_limit() {
    let grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    let limits = Limits { memory: 64 << 20, ..Limits::request() };
    let server = Running::start(http_guest("", grow), ServeOptions { limits, ..options() });
    assert_eq!(server.get("/").0, 500);
    assert!(server.stop()[0].ends_with("it asked for more memory than its limit of 64 MiB"));
}

#[test]
fn recursion_without_end_is_a_trap() {
    let server = Running::start(http_guest("", "(call $work)"), options());
    assert_eq!(server.get("/").0, 500);
    assert!(server.stop()[0].contains("call stack exhausted"));
}

#[test]
fn a_guest_that_waits_too_long_is_given_up() {
    let imports = r#"
  (import "cm32p2|wasi:clocks/monotonic-clock@0.2" "subscribe-duration" (func $sleep (param i64) (result i32)))
  (import "cm32p2|wasi:io/poll@0.2" "[method]pollable.block" (func $block (param i32)))"#;
    let body = "(call $block (call $sleep (i64.const 60000000000)))";
    let request_timeout = Duration::from_millis(200);
    let server = Running::start(http_guest(imports, body), ServeOptions { request_timeout, ..options() });
    assert_eq!(server.get("/slow").0, 504);
    assert_eq!(server.stop(), ["runtime::request-timeout: the guest of `GET /slow` had no answer after 200ms"]);
}

const KEYVALUE: &str = r#"
  (import "cm32p2|wasi:keyvalue/store" "open" (func $open (param i32 i32 i32)))
  (import "cm32p2|wasi:keyvalue/atomics" "increment" (func $increment (param i32 i32 i32 i64 i32)))"#;

/// Opens `visits`, adds one to `visits` and answers the sum.
const VISIT: &str = "
    (call $open (i32.const 1120) (i32.const 6) (i32.const 16))
    (call $increment (i32.load (i32.const 20)) (i32.const 1120) (i32.const 6) (i64.const 1) (i32.const 32))
    (call $digit (i32.wrap_i64 (i64.load (i32.const 40))))";

#[test]
fn what_is_kept_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = Scope::Only(["visits".to_owned()].into());
    let options = || ServeOptions {
        grants: Grants { buckets: buckets.clone(), ..Grants::default() },
        data: Some(folder.path().to_owned()),
        ..options()
    };
    for expected in ["1", "2"] {
        let server = Running::start(http_guest(KEYVALUE, VISIT), options());
        assert_eq!(server.get("/"), (200, expected.to_owned()));
        assert_eq!(server.stop(), Vec::<String>::new());
    }
    let server = Running::start(http_guest(KEYVALUE, VISIT), options());
    let error = serve(&Artifact::bytes("app.wasm", &http_guest(KEYVALUE, VISIT)), &options(), &|_| ()).unwrap_err();
    assert_eq!(error.problems()[0].code, "runtime::data-in-use");
    drop(server);
}

/// Each guest answers with the case of the error it got; a trap would be status 500.
#[test]
fn a_denial_is_an_answer_and_is_told_once() {
    let open = "
    (call $open (i32.const 1100) (i32.const 6) (i32.const 16))
    (call $digit (i32.load8_u (i32.const 20)))";
    let socket =
        r#"(import "cm32p2|wasi:sockets/tcp-create-socket@0.2" "create-tcp-socket" (func $s (param i32 i32)))"#;
    let create = "(call $s (i32.const 0) (i32.const 16)) (call $digit (i32.load8_u (i32.const 20)))";
    let lookup = r#"
  (import "cm32p2|wasi:sockets/instance-network@0.2" "instance-network" (func $network (result i32)))
  (import "cm32p2|wasi:sockets/ip-name-lookup@0.2" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))"#;
    let resolve = "
    (call $resolve (call $network) (i32.const 1140) (i32.const 9) (i32.const 16))
    (call $digit (i32.load8_u (i32.const 20)))";
    for (imports, body, answer, told) in [
        // `access-denied` is case 1 of both.
        (KEYVALUE, open, "1", "`gateway` was refused the bucket `secret` (`wasi:keyvalue/store`)"),
        (socket, create, "1", "`gateway` was refused a TCP socket (`wasi:sockets`)"),
        (lookup, resolve, "1", "`gateway` was refused the look-up of `localhost` (`wasi:sockets/ip-name-lookup`)"),
    ] {
        let server = Running::start(http_guest(imports, body), options());
        for _ in 0..2 {
            assert_eq!(server.get("/"), (200, answer.to_owned()), "{told}");
        }
        assert_eq!(server.stop(), [format!("runtime::denied: {told}: it is not granted")]);
    }
}

#[test]
fn environment_and_folders_are_empty_unless_granted() {
    let imports = r#"
  (import "cm32p2|wasi:cli/environment@0.2" "get-environment" (func $environment (param i32)))
  (import "cm32p2|wasi:filesystem/preopens@0.2" "get-directories" (func $directories (param i32)))"#;
    // Variables and folders in one digit.
    let body = "
    (call $environment (i32.const 16))
    (call $directories (i32.const 32))
    (call $digit (i32.add (i32.mul (i32.load (i32.const 20)) (i32.const 3)) (i32.load (i32.const 36))))";
    let guest = || http_guest(imports, body);
    assert_eq!(Running::start(guest(), options()).get("/"), (200, "0".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let grants = Grants {
        env: [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())].into(),
        dirs: vec![Dir::new(folder.path(), Some("/data"), Access::ReadOnly)],
        ..Grants::default()
    };
    assert_eq!(Running::start(guest(), ServeOptions { grants, ..options() }).get("/"), (200, "7".to_owned()));
    let missing =
        Grants { dirs: vec![Dir::new(&folder.path().join("missing"), None, Access::ReadOnly)], ..Grants::default() };
    let options = ServeOptions { grants: missing, ..options() };
    let error = serve(&Artifact::bytes("app.wasm", &guest()), &options, &|_| ()).unwrap_err();
    assert_eq!(error.problems()[0].code, "runtime::granted-folder");
}

/// Sends a request to `localhost:1`, waits, and answers with the case of the error.
#[test]
fn requests_go_out_only_where_granted() {
    let imports = r#"
  (import "cm32p2|wasi:http/types@0.2" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]future-incoming-response.get" (func $get (param i32 i32)))
  (import "cm32p2|wasi:io/poll@0.2" "[method]pollable.block" (func $block (param i32)))
  (import "cm32p2|wasi:io/poll@0.2" "pollable_drop" (func $drop-pollable (param i32)))
  (import "cm32p2|wasi:http/outgoing-handler@0.2" "handle" (func $send (param i32 i32 i32 i32)))"#;
    let body = "
    (local $r i32) (local $p i32)
    (local.set $r (call $request (call $fields)))
    (drop (call $scheme (local.get $r) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $r) (i32.const 1) (i32.const 1140) (i32.const 11)))
    (drop (call $path (local.get $r) (i32.const 1) (i32.const 1151) (i32.const 1)))
    (call $send (local.get $r) (i32.const 0) (i32.const 0) (i32.const 16))
    (local.set $r (i32.load (i32.const 24)))
    (local.set $p (call $subscribe (local.get $r)))
    (call $block (local.get $p))
    (call $drop-pollable (local.get $p))
    (call $get (local.get $r) (i32.const 64))
    ;; option, result and result, each a word of eight bytes; then the case of the error
    (call $digit (i32.load8_u (i32.const 88)))";
    let guest = || http_guest(imports, body);
    let server = Running::start(guest(), options());
    // `HTTP-request-denied` is case 15: the character 15 after `0`.
    let answer = server.get("/");
    assert_eq!(answer, (200, "?".to_owned()), "{:?}", server.told);
    assert_eq!(
        server.stop(),
        [
            "runtime::denied: `gateway` was refused a request to `localhost:1` (`wasi:http/outgoing-handler`): it is not granted"
        ]
    );
    let grants = Grants { http_out: Scope::Only(["localhost:1".parse().unwrap()].into()), ..Grants::default() };
    let server = Running::start(guest(), ServeOptions { grants, ..options() });
    // Nobody listens there: `connection-refused` is case 6.
    assert_eq!(server.get("/"), (200, "6".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn what_a_part_writes_is_told_under_its_name() {
    let imports = r#"
  (import "cm32p2|wasi:cli/stdout@0.2" "get-stdout" (func $stdout (result i32)))
  (import "cm32p2|wasi:logging/logging" "log" (func $log (param i32 i32 i32 i32 i32)))"#;
    let body = "
    (call $put (call $stdout) (i32.const 1160) (i32.const 13) (i32.const 16))
    (call $log (i32.const 3) (i32.const 1120) (i32.const 6) (i32.const 1024) (i32.const 5))";
    let server = Running::start(http_guest(imports, body), options());
    assert_eq!(server.get("/").0, 200);
    let told = server.stop();
    assert_eq!(told[0], "gateway/out: said by hand");
    assert!(told[1].starts_with("runtime::denied: `gateway` was refused logging"), "{told:?}");
    let grants = Grants { logging: true, ..Grants::default() };
    let server = Running::start(http_guest(imports, body), ServeOptions { grants, ..options() });
    assert_eq!(server.get("/").0, 200);
    assert_eq!(server.stop(), ["gateway/out: said by hand", "gateway Warn visits: hello"]);
}

#[test]
fn imports_without_a_provider_are_all_named() {
    let imports = r#"
  (import "cm32p2|acme:shop/auth" "check" (func $check (result i32)))
  (import "cm32p2|wasi:nonsense/nothing@0.2" "do" (func $do))"#;
    let guest = http_guest(imports, "(drop (call $check)) (call $do)");
    let error = serve(&Artifact::bytes("app.wasm", &guest), &options(), &|_| ()).unwrap_err();
    let Error::Unsatisfied { imports, .. } = &error else { panic!("{error:?}") };
    assert_eq!(imports, &["acme:shop/auth", "wasi:nonsense/nothing@0.2.0"]);
    assert_eq!(error.problems().len(), 2);
}

#[test]
fn what_is_no_server_is_told() {
    let error = serve(&Artifact::bytes("app.wasm", b"hello"), &options(), &|_| ()).unwrap_err();
    assert!(matches!(error, Error::NotAComponent { core_module: false, .. }));
    let error = serve(&Artifact::bytes("app.wasm", b"\0asm\x01\0\0\0"), &options(), &|_| ()).unwrap_err();
    assert!(matches!(error, Error::NotAComponent { core_module: true, .. }));
    let error = serve(&Artifact::bytes("app.wasm", &command("(i32.const 0)")), &options(), &|_| ()).unwrap_err();
    assert_eq!(error.problems()[0].help, ["run it: `cargo mosaic run app.wasm`"]);
    let error = serve(&Artifact::file("/nowhere/app.wasm"), &options(), &|_| ()).unwrap_err();
    assert!(matches!(error, Error::Read { .. }));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options = ServeOptions { address: taken.local_addr().unwrap(), ..options() };
    let error = serve(&Artifact::bytes("app.wasm", &http_guest("", "")), &options, &|_| ()).unwrap_err();
    assert_eq!(error.problems()[0].help, ["use a free port: `--addr 127.0.0.1:0`"]);
}

/// A `wasi:cli/run` guest; `body` leaves 0 for success or 1 for failure.
fn command(body: &str) -> Vec<u8> {
    component(
        "command",
        &format!(
            r#"
(module $"tool (wat)"
  (import "cm32p2|wasi:cli/environment@0.2" "get-arguments" (func $arguments (param i32)))
  (import "cm32p2|wasi:cli/exit@0.2" "exit" (func $exit (param i32)))
  (memory (export "cm32p2_memory") 2)
  (global $heap (mut i32) (i32.const 65536))
  (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "cm32p2_initialize"))
  (func (export "cm32p2|wasi:cli/run@0.2|run") (result i32) {body})
  (func (export "cm32p2|wasi:cli/run@0.2|run_post") (param i32)))
"#
        ),
    )
}

#[test]
fn a_program_ends_with_its_code() {
    let run = |body: &str, args: &[&str]| {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let options = RunOptions { args, grants: Grants::default(), limits: Limits::run(), data: None, home: home() };
        super::run(&Artifact::bytes("tool.wasm", &command(body)), &options, &|_| ())
    };
    assert!(matches!(run("(i32.const 0)", &[]), Ok(0)));
    assert!(matches!(run("(i32.const 1)", &[]), Ok(1)));
    assert!(matches!(run("(call $exit (i32.const 1)) (i32.const 0)", &[]), Ok(1)));
    // Its own name and two arguments.
    let three = "(call $arguments (i32.const 16)) (i32.ne (i32.load (i32.const 20)) (i32.const 3))";
    assert!(matches!(run(three, &["a", "b"]), Ok(0)));
    let Err(Error::Trapped { trapped, .. }) = run("(i32.div_u (i32.const 1) (i32.const 0))", &[]) else { panic!() };
    assert_eq!(trapped.part(), Some("tool"));
    assert_eq!(trapped.reason, Reason::Trap("wasm trap: integer divide by zero".to_owned()));
}

#[test]
fn native_code_is_compiled_once() {
    let folder = tempfile::tempdir().unwrap();
    let options = RunOptions {
        args: Vec::new(),
        grants: Grants::default(),
        limits: Limits::run(),
        data: None,
        home: Home { root: folder.path().to_owned() },
    };
    let path: PathBuf = folder.path().join("tool.wasm");
    std::fs::write(&path, command("(i32.const 0)")).unwrap();
    let compiled = || {
        let compiled = Mutex::new(0);
        let events = |event: Event<'_>| {
            if matches!(event, Event::Started { verb: "Compiling", .. }) {
                *compiled.lock().unwrap() += 1;
            }
        };
        super::run(&Artifact::file(&path), &options, &events).unwrap();
        compiled.into_inner().unwrap()
    };
    assert_eq!((compiled(), compiled()), (1, 0));
    // A server uses what a program compiled, and a changed component is another.
    std::fs::write(&path, command("(i32.const 0) (nop)")).unwrap();
    assert_eq!((compiled(), compiled()), (1, 0));
}

#[test]
fn nothing_is_accepted_after_stopping() {
    let imports = r#"
  (import "cm32p2|wasi:clocks/monotonic-clock@0.2" "subscribe-duration" (func $sleep (param i64) (result i32)))
  (import "cm32p2|wasi:io/poll@0.2" "[method]pollable.block" (func $block (param i32)))"#;
    let server = Running::start(http_guest(imports, "(call $block (call $sleep (i64.const 500000000)))"), options());
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
    let imports = r#"
  (import "cm32p2|wasi:clocks/monotonic-clock@0.2" "subscribe-duration" (func $sleep (param i64) (result i32)))
  (import "cm32p2|wasi:io/poll@0.2" "[method]pollable.block" (func $block (param i32)))"#;
    let options = ServeOptions { requests: 1, queue: Duration::from_millis(50), ..options() };
    let server = Running::start(http_guest(imports, "(call $block (call $sleep (i64.const 600000000)))"), options);
    let mut first = TcpStream::connect(server.address).unwrap();
    write!(first, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(server.get("/").0, 503);
    assert_eq!(read_answer(&mut first).0, 200);
    assert_eq!(server.get("/").0, 200);
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
