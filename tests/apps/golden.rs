//! What `inspect` says of apps, held against the files in `tests/apps/golden`; `BLESS=1` rewrites them.
//!
//! What changes with every compiler is left out: sizes, places, digests, versions of tools, and ways through code.

use regex::Regex;
use serde_json::Value;

use crate::support::{Project, root};

/// Keys of documents that are left out.
const LEFT_OUT: &[&str] = &[
    "file",
    "size",
    "shared",
    "range",
    "digest",
    "modules",
    "customs",
    "counts",
    "interfaces",
    "because",
    "engine",
    "tools",
    "producers",
    "reasons",
    "words",
];

/// The graph as text.
pub fn text(project: &Project, app: &str) -> String {
    let drawn = project.run(&["inspect", app, "--graph"]).ok().stdout;
    let sizes = Regex::new(r"\d+(\.\d+)? (B|kB|MB)|CPython [0-9.]+").expect("a pattern");
    sizes.replace_all(&drawn, "…").into_owned()
}

/// The graph and the needs as a document.
pub fn json(project: &Project, app: &str) -> String {
    let document = project.run(&["inspect", app, "--graph", "--needs", "--format", "json"]).ok().stdout;
    let mut document: Value = serde_json::from_str(&document).expect("a document");
    // The overview tells the largest first, which paths in debug information can turn around.
    let parts = document["overview"]["parts"].as_array_mut().expect("parts");
    parts.sort_by_key(|part| part["name"].to_string());
    format!("{:#}\n", reduced(document))
}

/// Holds what was found against the file of that name.
#[track_caller]
pub fn hold(name: &str, found: &str) {
    let path = root().join("tests/apps/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, found).expect("a golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let diff = similar::TextDiff::from_lines(expected.as_str(), found);
    assert!(expected == found, "{name} (BLESS=1 rewrites it)\n{}", diff.unified_diff().context_radius(3));
}

fn reduced(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            // An import or export is its name.
            if let (true, Some(name)) = (fields.contains_key("kind") && fields.len() <= 3, fields.get("name")) {
                return name.clone();
            }
            let kept = fields.into_iter().filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
            Value::Object(kept.map(|(key, value)| (key, reduced(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(reduced).collect()),
        other => other,
    }
}
