//! Everything as one JSON document: `{"problems": […], "comparisons": […]}`.

use serde_json::{Value, json};

use super::Reported;
use crate::diagnostic::{Label, Problem};

pub(super) fn render(reported: Reported<'_>) -> String {
    let problems: Vec<Value> = reported.problems.iter().map(problem).collect();
    format!("{:#}\n", json!({ "problems": problems, "comparisons": reported.compats }))
}

fn problem(problem: &Problem) -> Value {
    json!({
        "level": problem.level,
        "code": problem.code,
        "message": problem.message,
        "component": problem.component,
        "causes": problem.causes,
        "labels": problem.labels.iter().map(label).collect::<Vec<_>>(),
        "help": problem.help,
    })
}

fn label(label: &Label) -> Value {
    let (start, end) = (label.source.position(label.span.start), label.source.position(label.span.end));
    json!({
        "file": label.source.name,
        "line": start.0,
        "column": start.1,
        "end_line": end.0,
        "end_column": end.1,
        "text": label.text,
        "primary": label.primary,
    })
}
