//! JUnit XML as Jenkins, GitLab and GitHub's reporters read it: one suite, one case a rule or a kind of problem; a case
//! fails with every problem of its kind that is an error.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::{Reported, details, place};
use crate::diagnostic::{Level, Problem};

pub(super) fn render(reported: Reported<'_>) -> String {
    let mut cases: IndexMap<&str, Vec<&Problem>> = IndexMap::new();
    // What was looked for and not found has passed.
    cases.extend(reported.rules().into_iter().map(|code| (code, Vec::new())));
    for problem in reported.problems {
        cases.entry(problem.code).or_default().push(problem);
    }
    let fails = |problems: &[&Problem]| problems.iter().any(|problem| problem.level == Level::Error);
    let failures = cases.values().filter(|problems| fails(problems)).count();
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", cases.len());
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" {counts}>\n  \
         <testsuite name=\"{}\" {counts} skipped=\"0\">\n",
        reported.task.command(),
        reported.task.word(),
    );
    for (code, problems) in &cases {
        let (room, name) = code.split_once("::").unwrap_or(("check", code));
        let _ = write!(xml, "    <testcase classname=\"{}\" name=\"{}\"", escaped(room), escaped(name));
        let (errors, warnings): (Vec<&Problem>, Vec<&Problem>) =
            problems.iter().copied().partition(|problem| problem.level == Level::Error);
        if problems.is_empty() {
            xml += "/>\n";
            continue;
        }
        xml += ">\n";
        if let Some(first) = errors.first() {
            let more = match errors.len() {
                1 => String::new(),
                several => format!(" (and {} more)", several - 1),
            };
            let message = escaped(&format!("{}{more}", first.message));
            let all: Vec<_> = errors.iter().map(|problem| told(problem)).collect();
            let _ = writeln!(
                xml,
                "      <failure message=\"{message}\" type=\"{}\">{}</failure>",
                escaped(code),
                escaped(&all.join("\n\n"))
            );
        }
        if !warnings.is_empty() {
            let all: Vec<_> = warnings.iter().map(|problem| told(problem)).collect();
            let _ = writeln!(xml, "      <system-out>{}</system-out>", escaped(&all.join("\n\n")));
        }
        xml += "    </testcase>\n";
    }
    xml + "  </testsuite>\n</testsuites>\n"
}

/// `wit/api.wit:3:5: message` and why.
fn told(problem: &Problem) -> String {
    let at = place(problem).map(|label| {
        let (line, column) = label.source.position(label.span.start);
        format!("{}:{line}:{column}: ", label.source.name)
    });
    let mut text = format!("{}{}", at.unwrap_or_default(), problem.message);
    let details = details(problem);
    if !details.is_empty() {
        text += &format!("\n{details}");
    }
    text
}

/// Text within XML 1.0: what it has no way to write is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
