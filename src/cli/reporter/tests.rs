//! What is written for the same happenings in each form, compared with `fixtures/reporter/*`. `BLESS=1` rewrites them.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use mosaic::{
    diagnostic::SourceFile,
    event::{GuestStream, LogLevel},
};

use super::*;

/// Bytes written so far.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn compare(name: &str, actual: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reporter").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(actual, expected, "{} differs; BLESS=1 rewrites it", golden.display());
}

fn look(color: bool, verbosity: Verbosity) -> Look {
    Look { talk: Paint { color }, answer: Paint { color }, width: 80, bars: false, verbosity }
}

/// A mismatch between two parts: labels in three files, several causes, a component that the message does not name.
fn mismatch() -> Problem {
    let source = |name: &str, text: &str| Arc::new(SourceFile { name: name.into(), text: text.into() });
    let manifest = source("mosaic.toml", "[compose]\nwire = { \"gateway/acme:shop/auth\" = \"auth\" }\n");
    let wanted = source("gateway/wit/shop.wit", "interface auth {\n    check: func(token: string) -> bool;\n}\n");
    let given = source("auth/wit/shop.wit", "interface auth {\n    check: func(token: list<u8>) -> bool;\n}\n");
    let at = |source: &Arc<SourceFile>, words: &str| {
        let start = source.text.find(words).unwrap();
        start..start + words.len()
    };
    Problem::error("plan::type-mismatch", "cannot connect `gateway` import `acme:shop/auth@0.2.0` to its provider")
        .in_component("auth")
        .because("function `check`, parameter `token`")
        .because("expected `string`, found `list<u8>`")
        .at(&manifest, at(&manifest, "\"gateway/acme:shop/auth\""), "wired here")
        .see(&wanted, at(&wanted, "string"), "wanted as `string`")
        .see(&given, at(&given, "list<u8>"), "given as `list<u8>`")
        .help("`cargo mosaic inspect target/mosaic/components/auth.wasm` shows what it exports")
}

/// A compiler's own words, with what a terminal would obey.
fn compiler() -> Problem {
    let words =
        "# auth\n./auth.go:3:1: syntax error: \u{1b}[31munexpected\u{1b}[0m {\n\u{1b}[2Jone\ntwo\nthree\nfour\nfive\n";
    Problem::error("build::failed", "could not build `auth` (go)")
        .in_component("auth")
        .because(words)
        .help("run it yourself: `cd auth && go build ./...`")
}

/// Places that do not lie in the text, or not on the borders of its characters.
fn impossible() -> Problem {
    let source = Arc::new(SourceFile { name: "ü\u{202e}.wit".into(), text: "größe\n".into() });
    Problem::warning("test::odd", "odd\nplaces \u{7}").at(&source, 3..4, "inside ö").see(&source, 900..1000, "far away")
}

fn happen(tell: &dyn Fn(Event<'_>)) {
    tell(Event::Started { verb: "Compiling", what: "auth (go)" });
    tell(Event::Started { verb: "Compiling", what: "render (javascript)" });
    tell(Event::Output { what: "auth (go)", text: "warning: \u{1b}[1munused\u{1b}[0m\n" });
    tell(Event::Finished { what: "auth (go)", fresh: false, elapsed: Duration::from_millis(1234) });
    tell(Event::Finished { what: "render (javascript)", fresh: true, elapsed: Duration::ZERO });
    tell(Event::Note { verb: "Composing", text: "target/mosaic/shop.wasm" });
    for received in [0, 500_000, 1_000_000] {
        tell(Event::Download { what: "go 1.26.8", received, total: Some(1_000_000) });
    }
    tell(Event::Waiting { what: "another build" });
    tell(Event::Warning(&impossible()));
    tell(Event::Listening { address: SocketAddr::from(([127, 0, 0, 1], 8080)) });
    let line = "printed \u{1b}]0;title\u{7}here";
    tell(Event::Guest { part: Some("inference"), stream: GuestStream::Stdout, line });
    tell(Event::Log { part: None, level: LogLevel::Warn, context: "shop", message: "low on grout" });
}

#[derive(Serialize)]
struct Pair {
    left: u8,
    right: &'static str,
}

impl Answer for Pair {
    const REASON: &'static str = "pair";

    fn text(&self, paint: Paint) -> String {
        format!("{} {}\n", paint.strong(&self.left.to_string()), self.right)
    }
}

fn human(look: Look) -> String {
    let (out, err) = (Shared::default(), Shared::default());
    let human = human::Human::new(look, Stream::new(out.clone()), Stream::new(err.clone()));
    happen(&|event| human.event(event));
    for problem in [mismatch(), compiler()] {
        human.problem(&problem);
    }
    human.answer(&Pair { left: 1, right: "one" });
    format!("--- stdout\n{}--- stderr\n{}", out.text(), err.text())
}

#[test]
fn for_people() {
    compare("plain.txt", &human(look(false, Verbosity::Normal)));
    compare("quiet.txt", &human(look(false, Verbosity::Quiet)));
    compare("verbose.txt", &human(look(false, Verbosity::Verbose)));
    compare("color.txt", &human(look(true, Verbosity::Normal)));
}

#[test]
fn for_programs() {
    let out = Shared::default();
    {
        let form = Form::Json(json::Json::new(Stream::new(out.clone())));
        let reporter = Reporter { form, finished: AtomicBool::new(false) };
        happen(&|event| reporter.event(event));
        reporter.problem(&mismatch());
        reporter.answer(&Pair { left: 1, right: "one" });
        // The last object comes by itself where nobody sends it.
    }
    let text = out.text();
    for line in text.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object["reason"].is_string(), "{line}");
    }
    assert_eq!(text.lines().last(), Some("{\"reason\":\"finished\",\"success\":false}"));
    compare("json.txt", &text);
}

#[test]
fn the_end_is_told_once() {
    let out = Shared::default();
    let form = Form::Json(json::Json::new(Stream::new(out.clone())));
    let reporter = Reporter { form, finished: AtomicBool::new(false) };
    reporter.finish(true);
    reporter.finish(false);
    drop(reporter);
    assert_eq!(out.text(), "{\"reason\":\"finished\",\"success\":true}\n");
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let stream = Stream::new(Closed);
    stream.write(b"hello");
    stream.write(b"again");
}

#[test]
fn what_components_have_in_common_is_read_once() {
    let missing = |component: &str| Problem::error("toolchain::missing", "no Go").in_component(component);
    let shared = problem::shared(&[missing("a"), mismatch(), missing("b"), mismatch()]);
    let told: Vec<_> = shared.iter().map(|problem| problem.component.clone().unwrap()).collect();
    assert_eq!(told, ["a, b", "auth", "auth"]);
}
