//! For programs: one object a line on stdout, told apart by its `reason`. The shapes are an API.
//!
//! | reason | fields |
//! |---|---|
//! | `started` | `verb`, `what` |
//! | `done` | `what`, `fresh`, `elapsed_ms` |
//! | `note` | `verb`, `text` |
//! | `download` | `what`, `received`, `total`: when it begins and when it is whole |
//! | `waiting` | `what` |
//! | `output` | `what`, `text` |
//! | `listening` | `address`, `url` |
//! | `guest` | `part`, `stream`, `line`: what a guest wrote |
//! | `log` | `part`, `level`, `context`, `message`: what a guest logged |
//! | `problem` | `level`, `code`, `message`, `component`, `causes`, `labels`, `help`, `rendered` |
//! | `component-artifact` | `component`, `path`, `digest` (BLAKE3), `fresh` |
//! | `app-artifact` | `app`, `path`, `digest`, `size`, `fresh` |
//! | a command's own | its answer |
//! | `finished` | `success`; always the last |
//!
//! A label has `file`, `start` and `end` (bytes), `line`, `column`, `end_line`, `end_column` (from 1, in characters),
//! `text` and `primary`.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use mosaic::{
    diagnostic::{Label, Problem},
    event::Event,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Paint, Stream, problem};

pub struct Json {
    out: Stream,
    downloads: Mutex<BTreeSet<String>>,
}

impl Json {
    pub fn new(out: Stream) -> Json {
        Json { out, downloads: Mutex::default() }
    }

    pub fn event(&self, event: Event<'_>) {
        match event {
            Event::Started { verb, what } => self.object("started", &json!({ "verb": verb, "what": what })),
            Event::Finished { what, fresh, elapsed } => {
                let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
                self.object("done", &json!({ "what": what, "fresh": fresh, "elapsed_ms": elapsed_ms }));
            }
            Event::Note { verb, text } | Event::Detail { verb, text } => {
                self.object("note", &json!({ "verb": verb, "text": text }))
            }
            Event::Download { what, received, total } => {
                let begins = self.downloads.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned());
                if begins || Some(received) == total {
                    self.object("download", &json!({ "what": what, "received": received, "total": total }));
                }
            }
            Event::Waiting { what } => self.object("waiting", &json!({ "what": what })),
            Event::Output { what, text } => self.object("output", &json!({ "what": what, "text": text })),
            Event::Warning(problem) => self.problem(problem),
            Event::Listening { address } => {
                self.object("listening", &json!({ "address": address, "url": format!("http://{address}") }));
            }
            Event::Guest { part, stream, line } => {
                self.object("guest", &json!({ "part": part, "stream": stream, "line": line }));
            }
            Event::Log { part, level, context, message } => {
                let log = json!({ "part": part, "level": level, "context": context, "message": message });
                self.object("log", &log);
            }
            _ => {}
        }
    }

    pub fn problem(&self, problem: &Problem) {
        let labels: Vec<Value> = problem.labels.iter().map(label).collect();
        self.object(
            "problem",
            &json!({
                "level": problem.level,
                "code": problem.code,
                "message": problem.message,
                "component": problem.component,
                "causes": problem.causes,
                "labels": labels,
                "help": problem.help,
                "rendered": problem::render(problem, Paint { color: false }, 120),
            }),
        );
    }

    /// Any value that serialises to an object, tagged.
    pub fn object(&self, reason: &str, value: &impl Serialize) {
        let line = serde_json::to_string(&Tagged { reason, value })
            .expect("what is told has string keys and no failing serialiser");
        self.out.write(format!("{line}\n").as_bytes());
    }

    pub fn raw(&self, bytes: &[u8]) {
        self.out.write(bytes);
    }

    pub fn finish(&self, success: bool) {
        self.object("finished", &json!({ "success": success }));
    }
}

#[derive(Serialize)]
struct Tagged<'a, T> {
    reason: &'a str,
    #[serde(flatten)]
    value: &'a T,
}

fn label(label: &Label) -> Value {
    let text = &label.source.text;
    let span = problem::within(text, &label.span);
    let (line, column) = label.source.position(span.start);
    let (end_line, end_column) = label.source.position(span.end);
    json!({
        "file": label.source.name,
        "start": span.start,
        "end": span.end,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "text": label.text,
        "primary": label.primary,
    })
}
