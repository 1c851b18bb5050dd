//! What a server lets be seen of itself: figures, spans, and where its guests spend their time.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{
    guests::{MISDEED, PATH, http_guest, sender},
    server::{Running, get_from, options, read_answer},
};
use crate::runtime::{Grants, Limits, Scope, ServeOptions, Traces};

fn short() -> Limits {
    Limits { cpu: Some(Duration::from_millis(300)), ..Limits::request() }
}

/// Does what its path says.
fn misdeeds() -> Vec<u8> {
    let what = "(drop (call $misdeed (call $letter (local.get $request) (i32.const 1))))";
    http_guest(&format!("{PATH} {MISDEED}"), what)
}

/// The figures of a server, by the address it tells.
fn figures(server: &Running) -> String {
    let start = Instant::now();
    let address: SocketAddr = loop {
        let told = server.told.lock().unwrap();
        let told = told.iter().find_map(|it| it.strip_prefix("at http://")?.strip_suffix("/metrics"));
        if let Some(address) = told {
            break address.parse().unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(10), "no address was told");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(get_from(address, "/", "").0, 404);
    let (status, text) = get_from(address, "/metrics", "");
    assert_eq!(status, 200);
    text
}

fn figure(figures: &str, name: &str) -> f64 {
    let line = figures.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name}\n{figures}")).parse().unwrap()
}

#[test]
fn figures_tell_what_was_answered_refused_and_stopped() {
    let any_port = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let options = ServeOptions { metrics: any_port, max_body: 10, limits: short(), ..options() };
    let server = Running::start(misdeeds(), options);
    for (path, status) in [("/", 200), ("/", 200), ("/t", 500), ("/l", 500)] {
        assert_eq!(server.get(path).0, status, "{path}");
    }
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(stream, "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 11\r\n\r\nhello world").unwrap();
    assert_eq!(read_answer(&mut stream).0, 413);
    let figures = figures(&server);
    for (name, value) in [
        ("requests_total{status=\"200\"}", 2.0),
        ("requests_total{status=\"413\"}", 1.0),
        ("requests_total{status=\"500\"}", 2.0),
        ("request_duration_seconds_count", 5.0),
        ("refused_total{reason=\"body-too-large\"}", 1.0),
        ("traps_total{part=\"gateway\",reason=\"trap\"}", 1.0),
        ("traps_total{part=\"gateway\",reason=\"cpu\"}", 1.0),
        ("instances", 0.0),
        ("instances_total", 4.0),
    ] {
        assert!(
            (figure(&figures, &format!("mosaic_{name}")) - value).abs() < f64::EPSILON,
            "{name} {value}\n{figures}"
        );
    }
    let (all, part) = ("mosaic_cpu_seconds_total", "mosaic_part_cpu_seconds_total{part=\"gateway\"}");
    assert!(figure(&figures, all) >= 0.3, "{figures}");
    assert!(figure(&figures, part) >= 0.02 && figure(&figures, part) < 1.0, "{figures}");
}

/// Answers each request on a socket of its own, and tells what it was: head and body.
fn listener(answer: &'static str) -> (SocketAddr, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
            let (head, body) = loop {
                let read = stream.read(&mut piece).unwrap();
                bytes.extend_from_slice(&piece[..read]);
                let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
                let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
                let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest.lines().next().unwrap());
                if bytes.len() - end - 4 >= length.parse::<usize>().unwrap() {
                    break (head, bytes.split_off(end + 4));
                }
            };
            write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            if tell.send((head, body)).is_err() {
                return;
            }
        }
    });
    (address, told)
}

#[test]
fn spans_join_the_trace_of_who_asked_and_reach_whom_the_guest_asks() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";
    let (collector, collected) = listener("200 OK");
    let (upstream, asked) = listener("204 No Content");
    let authority = upstream.to_string();
    let grants = Grants { http_out: Scope::Only([authority.parse().unwrap()].into()), ..Grants::default() };
    let traces = Some(Traces::to(&format!("http://{collector}/"), "the-shop").unwrap());
    let server = Running::start(sender(&authority), ServeOptions { grants, traces, ..options() });
    let header = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n");
    assert_eq!(get_from(server.address, "/seen", &header), (200, "0".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());

    let (head, _) = asked.recv_timeout(Duration::from_secs(10)).unwrap();
    let sent = head.split_once("traceparent: 00-").map(|(_, rest)| rest.lines().next().unwrap()).unwrap();
    let (trace, rest) = sent.split_once('-').unwrap();
    assert_eq!((trace, &rest[16..]), (TRACE, "-01"), "{head}");
    let client = rest[..16].to_owned();
    assert_ne!(client, PARENT);

    let (head, spans) = collected.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let count = |wanted: &[u8]| spans.windows(wanted.len()).filter(|it| *it == wanted).count();
    // Two spans of one trace; the parent stands in one of them, as does the span that went on.
    assert_eq!(count(&bytes(TRACE)), 2);
    assert_eq!((count(&bytes(PARENT)), count(&bytes(&client))), (1, 1));
    for text in ["the-shop", "/seen", "http.response.status_code", &authority] {
        assert!(count(text.as_bytes()) >= 1, "{text}");
    }
}

#[test]
fn a_collector_that_is_not_there_is_told_once() {
    let traces = Some(Traces::to("http://127.0.0.1:1", "shop").unwrap());
    let server = Running::start(http_guest("", ""), ServeOptions { traces, ..options() });
    assert_eq!(server.get("/").0, 200);
    let told = server.stop();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("runtime::traces: traces could not be sent to `http://127.0.0.1:1/v1/traces`"));
    assert!(Traces::to("127.0.0.1:4318", "shop").is_err());
}

/// A dump names modules in a section of its own kind, and holds what was in memory.
#[test]
fn a_trap_leaves_a_core_dump_where_one_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let dumps = folder.path().join("dumps");
    let options = ServeOptions { coredumps: Some(dumps.clone()), ..options() };
    let server = Running::start(misdeeds(), options);
    assert_eq!((server.get("/").0, server.get("/t").0), (200, 500));
    server.stop();
    let files: Vec<_> = std::fs::read_dir(&dumps).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let dump = std::fs::read(&files[0]).unwrap();
    let sections: Vec<String> = wasmparser::Parser::new(0)
        .parse_all(&dump)
        .filter_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CustomSection(section) => Some(section.name().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(sections, ["core", "coremodules", "coreinstances", "corestack"]);
    let holds = |text: &[u8]| dump.windows(text.len()).any(|it| it == text);
    assert!(holds(b"gateway (wat)") && holds(b"said by hand") && holds(b"app.wasm"));
}

#[test]
fn a_profile_names_parts_and_functions() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("profile.json");
    let options = ServeOptions { profile: Some(profile.clone()), limits: short(), ..options() };
    let server = Running::start(misdeeds(), options);
    assert_eq!(server.get("/l").0, 500);
    server.stop();
    let text = std::fs::read_to_string(&profile).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let thread = &json["threads"][0];
    assert!(thread["samples"]["length"].as_u64().unwrap() >= 10, "{}", thread["samples"]);
    let names = thread["stringArray"].as_array().unwrap();
    assert!(names.iter().any(|name| name.as_str().unwrap().contains("misdeed")), "{names:?}");
    assert!(text.contains("gateway (wat)"), "{}", json["libs"]);
}
