//! A comment for a pull request: the verdict first, then what breaks, then the rest folded away.

use std::fmt::Write as _;

use super::{Reported, place, verdict};
use crate::{
    check::compat::Compat,
    diagnostic::{Level, Problem},
};

pub(super) fn render(reported: Reported<'_>) -> String {
    let (errors, warnings): (Vec<_>, Vec<_>) =
        reported.problems.iter().partition(|problem| problem.level == Level::Error);
    let command = reported.task.command();
    let mut text = match errors.len() {
        0 => format!("### ✅ `{command}` passed\n"),
        1 => format!("### ❌ `{command}`: 1 problem\n"),
        several => format!("### ❌ `{command}`: {several} problems\n"),
    };
    for compat in reported.compats {
        comparison(&mut text, compat);
    }
    if !errors.is_empty() {
        text += "\n";
        table(&mut text, &errors);
    }
    if !warnings.is_empty() {
        let _ = write!(text, "\n<details><summary>{} more to know</summary>\n\n", warnings.len());
        table(&mut text, &warnings);
        text += "\n</details>\n";
    }
    text
}

fn comparison(text: &mut String, compat: &Compat) {
    let _ = write!(text, "\n{} → {}\n", code(&compat.old), code(&compat.new));
    let verdicts: Vec<_> = compat.verdicts.iter().filter_map(verdict).collect();
    if !verdicts.is_empty() {
        text.push('\n');
    }
    for verdict in verdicts {
        let _ = writeln!(text, "- **{}**", plain(&verdict));
    }
    for world in compat.worlds.iter().filter(|world| !world.old_on_new || !world.new_on_old) {
        let says = match (world.old_on_new, world.new_on_old) {
            (true, _) => "components built for the old one run on hosts of the new, not the other way round",
            (false, true) => "components built for the old one do not run on hosts of the new",
            (false, false) => "components of either do not run on hosts of the other",
        };
        let _ = writeln!(text, "- world {}: {says}", code(&world.world));
    }
}

fn table(text: &mut String, problems: &[&Problem]) {
    *text += "| rule | what | where |\n|---|---|---|\n";
    for problem in problems {
        let at = place(problem).map(|label| {
            let (line, _) = label.source.position(label.span.start);
            code(&format!("{}:{line}", label.source.name))
        });
        let rule =
            ["compat::", "lint::"].iter().find_map(|room| problem.code.strip_prefix(room)).unwrap_or(problem.code);
        let why = problem.causes.iter().map(|cause| format!("<br>{}", cell(cause))).collect::<String>();
        let _ = writeln!(text, "| {} | {}{why} | {} |", code(rule), cell(&problem.message), at.unwrap_or_default());
    }
}

/// A cell of a table: one line, code in backticks kept, nothing else obeyed.
fn cell(text: &str) -> String {
    let parts: Vec<_> = text.split('`').collect();
    let odd = parts.len() % 2 == 0;
    let mut out = String::new();
    for (place, part) in parts.iter().enumerate() {
        match place % 2 == 1 && !odd {
            true => out += &code(part),
            false => out += &plain(part),
        }
    }
    out
}

/// Text in backticks, which cannot end them or the cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace(['\n', '\r'], " "))
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '@' => out.extend(['\\', c]),
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
