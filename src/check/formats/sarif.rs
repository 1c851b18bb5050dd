//! SARIF 2.1.0 (OASIS), as code scanning reads it.

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::{Reported, details, place, word};
use crate::{
    check::{
        compat,
        levels::{Level, Ruled as _},
        lint,
    },
    diagnostic::{Label, Problem},
};

pub(super) fn render(reported: Reported<'_>) -> String {
    let codes: IndexSet<&str> = reported.problems.iter().map(|problem| problem.code).collect();
    let results: Vec<Value> = reported.problems.iter().map(|problem| result(&reported, problem, &codes)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "cargo-mosaic",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": codes.iter().map(|code| descriptor(code)).collect::<Vec<_>>(),
                }
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn descriptor(code: &str) -> Value {
    let described = |sentence: &str, explanation: &str, help: String, level: Level| {
        json!({
            "id": code,
            "shortDescription": { "text": sentence },
            "fullDescription": { "text": explanation },
            "help": { "text": help },
            "defaultConfiguration": { "level": match level {
                Level::Deny => "error",
                Level::Warn => "warning",
                Level::Allow => "note",
            } },
        })
    };
    // Codes of the two begin with their rooms, so that one id may be in both.
    match (compat::Rule::named(code), lint::Rule::named(code)) {
        (Some(rule), _) => {
            let help = format!("{} `cargo mosaic check --explain {}`", rule.explanation, rule.id);
            let mut described = described(rule.sentence, rule.explanation, help, rule.level);
            described["properties"] = json!({ "bump": rule.bump.word(), "concerns": rule.whom() });
            described
        }
        (None, Some(rule)) => {
            let help = format!("{} `cargo mosaic wit lint --explain {}`", rule.explanation, rule.id);
            let mut described = described(rule.sentence, rule.explanation, help, rule.level);
            described["properties"] = json!({ "group": rule.group.word() });
            described
        }
        (None, None) => json!({ "id": code }),
    }
}

fn result(reported: &Reported<'_>, problem: &Problem, codes: &IndexSet<&str>) -> Value {
    let details = details(problem);
    let text = if details.is_empty() { problem.message.clone() } else { format!("{}\n{details}", problem.message) };
    let mut result = json!({
        "ruleId": problem.code,
        "ruleIndex": codes.get_index_of(problem.code),
        "level": word(problem.level),
        "message": { "text": text },
        "partialFingerprints": { "finding/v1": format!("{}: {}", problem.code, problem.message) },
    });
    let first = place(problem);
    if let Some(label) = first {
        result["locations"] = json!([location(reported, label)]);
        let others: Vec<_> = problem.labels.iter().filter(|other| !std::ptr::eq(*other, label)).collect();
        if !others.is_empty() {
            let related = others.iter().enumerate().map(|(id, label)| {
                let mut location = location(reported, label);
                location["id"] = json!(id);
                location["message"] = json!({ "text": label.text });
                location
            });
            result["relatedLocations"] = related.collect();
        }
    }
    result
}

fn location(reported: &Reported<'_>, label: &Label) -> Value {
    let (start, end) = (label.source.position(label.span.start), label.source.position(label.span.end));
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&reported.below_top(&label.source.name)) },
            "region": { "startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1 },
        }
    })
}

/// A relative reference (RFC 3986): a name with a colon in it is no scheme.
fn uri(name: &str) -> String {
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b'\\' => uri.push('/'),
            byte => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}
