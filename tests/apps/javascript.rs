//! JavaScript on both sides of HTTP, and what two parts of it have in common.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

use wasmparser::{Parser, Payload};

use crate::support::{Project, root};

/// What one more part in JavaScript may add to an app.
const ONE_MORE: u64 = 350_000;

/// A server that answers one request with its head, and where it is.
fn echo() -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let lines = BufReader::new(&stream).lines().map(|line| line.expect("a line"));
        let head = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        write!(&stream, "HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n{head}", head.len()).expect("an answer");
    });
    (address, server)
}

#[test]
fn requests_are_answered_and_made() {
    let project = Project::copy(&root().join("fixtures/relay"));
    let denied = project.serve(&[]);
    assert_eq!(denied.ask("GET", "/there", &[], ""), (404, "NOTHING IS AT /THERE".to_owned()));
    assert_eq!(denied.ask("GET", "/127.0.0.1:1/x", &[], ""), (403, "HTTP-REQUEST-DENIED".to_owned()));
    drop(denied);

    let (address, upstream) = echo();
    let source = "source = \"relay\"\n";
    project.edit("mosaic.toml", source, &format!("{source}grants = [\"http\"]\n"));
    let granted = project.serve(&[]);
    let (status, text) = granted.ask("GET", &format!("/{address}/some/where?x=1"), &[], "");
    assert_eq!(status, 201, "{text}");
    assert!(text.starts_with("GET /SOME/WHERE?X=1 HTTP/1.1"), "{text}");
    assert!(text.contains("X-FROM: RELAY"), "{text}");
    upstream.join().expect("it was asked");
    // Nobody listens there any more.
    let (status, text) = granted.ask("GET", &format!("/{address}/"), &[], "");
    assert_eq!((status, text.as_str()), (502, "CONNECTION-REFUSED"));
}

/// Lengths of the engines in a component.
fn engines(component: &[u8]) -> Vec<usize> {
    let length = |payload| match payload {
        Payload::ModuleSection { unchecked_range: range, .. } => Some(range.end - range.start),
        _ => None,
    };
    let lengths = Parser::new(0).parse_all(component).filter_map(|payload| length(payload.expect("well-formed")));
    lengths.map(|length| usize::try_from(length).expect("a length")).filter(|length| *length > 600_000).collect()
}

#[test]
fn two_parts_hold_one_engine() {
    let project = Project::copy(&root().join("fixtures/relay"));
    project.run(&["build", "--release"]).ok();
    let parts = ["relay", "places"].map(|part| format!("target/mosaic/components/{part}.wasm"));
    project.run(&["compose", &parts[0], &parts[1], "-o", "shared.wasm"]).ok();
    project.run(&["compose", &parts[0], &parts[1], "-o", "apart.wasm", "--no-dedupe"]).ok();
    let [shared, apart, one] =
        ["shared.wasm", "apart.wasm", &parts[0]].map(|name| fs::read(project.file(name)).expect("a component"));
    // What is held once is compiled once.
    assert_eq!((engines(&shared).len(), engines(&apart).len()), (1, 2));
    let added = shared.len() - one.len();
    assert!(added as u64 <= ONE_MORE, "the second part adds {added} bytes");

    for app in ["shared.wasm", "apart.wasm"] {
        let server = project.serve(&[app]);
        assert_eq!(server.ask("GET", "/there", &[], ""), (404, "NOTHING IS AT /THERE".to_owned()), "{app}");
    }
}
