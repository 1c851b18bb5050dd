//! Grants hold, for guests in each language: what is closed is closed in the artifact itself, also on a runtime that
//! knows nothing of Mosaic; and what an artifact leaves open, our host refuses unless it is granted there too.
//!
//! The table is in the guests of `fixtures/denied`: each tries every interface by its own world, and tells what came of
//! it. A denial counts because the very same guest succeeds where it is granted.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpListener,
    process::Command,
};

use crate::support::{Project, Ran, peer, root};

const LANGUAGES: [&str; 4] = ["rust", "go", "python", "javascript"];

/// What each part tries, besides its work.
const TRIES: [&str; 10] =
    ["file", "variable", "socket", "datagram", "connection", "name", "request", "bucket", "value", "container"];

/// Language and try, and what came of it.
type Answers = BTreeMap<(String, String), String>;

fn answers(ran: &Ran) -> Answers {
    let answers = ran.stdout.lines().filter_map(|line| {
        let (words, answer) = line.split_once(": ")?;
        let (language, what) = words.split_once(' ')?;
        // Languages spell the words of WIT each in their way.
        let letters = answer.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
        Some(((language.to_owned(), what.to_owned()), letters))
    });
    answers.collect()
}

/// Every cell of the table holds one of the words expected of its try.
#[track_caller]
fn all_are(answers: &Answers, expected: impl Fn(&str) -> &'static [&'static str]) {
    let cells = LANGUAGES.len() * (TRIES.len() + 1);
    assert_eq!(answers.len(), cells, "{answers:#?}");
    let fits = |what: &str, answer: &str| match what {
        "work" => answer == "42",
        what => expected(what).iter().any(|words| answer.contains(words)),
    };
    let wrong: Vec<_> = answers.iter().filter(|((_, what), answer)| !fits(what, answer)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn denied(what: &str) -> &'static [&'static str] {
    match what {
        "file" => &["notfound", "badfilenumber", "thereisnofolder"],
        "variable" => &["notpresent", "notthere", "keyerror"],
        "socket" | "datagram" | "connection" | "name" | "bucket" => &["accessdenied"],
        "request" => &["httprequestdenied"],
        "value" => &["thereisnovalue"],
        "container" => &["notgranted"],
        _ => &[],
    }
}

/// The four parts, built, and somebody they may speak to.
struct Table {
    project: Project,
    port: String,
}

impl Table {
    fn new() -> Table {
        let project = Project::copy(&root().join("fixtures/denied"));
        project.write("data/secret.txt", "a secret");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port().to_string();
        // Ends with the test's process.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || {
                    // Closed with a request unread, the connection would be reset before the answer is seen.
                    if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
                    }
                });
            }
        });
        project.run(&["build"]).ok();
        Table { project, port }
    }

    /// Grants these to every part, and composes it anew.
    fn grant(&self, grants: &[&str]) {
        for language in LANGUAGES {
            let source = format!("source = \"{language}\"\n");
            self.project.edit("mosaic.toml", &source, &format!("{source}grants = {grants:?}\n"));
        }
        self.project.run(&["compose"]).ok();
    }

    /// On the `wasmtime` command, which grants everything it knows.
    fn on_stock(&self) -> Ran {
        let mut command = Command::new(peer("wasmtime"));
        // The quickest of its compilers: what is compiled runs but once.
        command
            .args(["run", "-C", "compiler=winch", "-S", "http,inherit-network,allow-ip-name-lookup"])
            .args(["--dir", "data::/data", "--env", "SECRET=known", "target/mosaic/denied.wasm", &self.port])
            .current_dir(self.project.path())
            .env_remove("RUST_BACKTRACE");
        Ran::of(command, "")
    }
}

#[test]
fn what_is_not_granted_is_denied_on_a_stock_runtime() {
    let table = Table::new();
    all_are(&answers(&table.on_stock().ok()), denied);
    table.grant(&["variable", "folder", "sockets", "http"]);
    all_are(&answers(&table.on_stock().ok()), |what| match what {
        // Stock runtimes do not have all of these, so they stay closed.
        "bucket" | "value" | "container" => denied(what),
        _ => &["done"],
    });
}

#[test]
fn what_an_artifact_leaves_open_our_host_refuses_unless_it_is_granted() {
    let table = Table::new();
    table.grant(&["variable", "folder", "visits", "photos", "greeting", "logs", "sockets", "http"]);
    let granted = table.project.run(&["run", "--", &table.port]).ok();
    all_are(&answers(&granted), |_| &["done"]);
    for language in LANGUAGES {
        assert!(granted.stderr.contains(&format!("{language} | INFO tries: {language} was here")), "{granted}");
    }

    // The very same artifact, without a flag.
    let refused = table.project.run(&["run", "target/mosaic/denied.wasm", "--", &table.port]).ok();
    all_are(&answers(&refused), denied);
    assert!(!refused.stderr.contains("was here"), "{refused}");
    let authority = format!("127.0.0.1:{}", table.port);
    for language in LANGUAGES {
        for (what, interface, flag) in [
            ("a TCP socket".to_owned(), "wasi:sockets", "--net HOST:PORT".to_owned()),
            ("the look-up of `localhost`".to_owned(), "wasi:sockets/ip-name-lookup", "--net localhost:PORT".to_owned()),
            (format!("a request to `{authority}`"), "wasi:http/outgoing-handler", format!("--http-out {authority}")),
            ("the bucket `visits`".to_owned(), "wasi:keyvalue/store", "--kv visits".to_owned()),
            ("the value of `greeting`".to_owned(), "wasi:config/store", "--config-var greeting=VALUE".to_owned()),
            ("the container `photos`".to_owned(), "wasi:blobstore/blobstore", "--blob photos".to_owned()),
            ("logging, so its messages are dropped".to_owned(), "wasi:logging/logging", "--logging".to_owned()),
        ] {
            let told = format!("`{language}` was refused {what} (`{interface}`): it is not granted");
            assert_eq!(refused.stderr.matches(&told).count(), 1, "{told}: {refused}");
            assert!(refused.stderr.contains(&flag), "{flag}: {refused}");
        }
    }
}

#[test]
fn what_is_granted_to_one_part_is_refused_to_another() {
    let table = Table::new();
    let project = &table.project;
    let grants = format!(
        "elsewhere = {{ dir = \"./elsewhere\" }}\nother = {{ env = \"OTHER\", value = \"x\" }}\n\
         local = {{ net = \"localhost:{}\" }}\n",
        table.port
    );
    project.write("mosaic.toml", &(project.read("mosaic.toml") + &grants));
    project.write("elsewhere/today.txt", "nothing");
    let own = [("rust", "\"variable\", \"folder\""), ("python", "\"other\", \"elsewhere\", \"local\"")];
    for (language, grants) in own {
        let source = format!("source = \"{language}\"\n");
        project.edit("mosaic.toml", &source, &format!("{source}grants = [{grants}]\n"));
    }
    let apart = project.run(&["run", "-q", "--", &table.port]).ok();
    for ((language, what), answer) in &answers(&apart) {
        let expected: &[&str] = match (language.as_str(), what.as_str()) {
            (_, "work") => &["42"],
            ("rust", "file" | "variable") | ("python", "socket" | "datagram" | "connection" | "name") => &["done"],
            _ => denied(what),
        };
        assert!(expected.iter().any(|words| answer.contains(words)), "{language} {what}: {answer}");
    }
    // No host starts it that would give one part what is granted to another.
    let stock = table.on_stock();
    assert_ne!(stock.code, Some(0), "{stock}");
    assert!(stock.stdout.is_empty(), "{stock}");
}
