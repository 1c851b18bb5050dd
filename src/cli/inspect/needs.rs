//! What each part can do to the world around it, in three lists that are never mixed.

use std::fmt::Write as _;

use indexmap::IndexMap;
use mosaic::inspect::model::{ClosedBy, Evidence, Found, Method, Needs, PartNeeds};

use super::table::{Look, Table, grouped, wrapped};
use crate::cli::reporter::{Paint, clean::line as clean};

pub fn text(needs: &Needs, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.strong("needs"));
    if needs.parts.is_empty() {
        text.push_str("  nothing inside is a component with code\n");
    }
    for part in &needs.parts {
        let _ = writeln!(text, "\n  {}", paint.strong(&clean(&part.name)));
        linked(&mut text, part, paint);
        closed(&mut text, part, paint);
        evidence(&mut text, part, paint);
    }
    let note = "linked: the host is asked for it. closed: proven, no code of the part can reach it. evidence: what the \
                code looks like it does, which proves nothing; what a part may do is what it is granted.";
    let words = [note.to_owned()];
    text.push('\n');
    for line in wrapped(&words, 2) {
        let _ = writeln!(text, "  {}", paint.dim(&line));
    }
    text
}

fn linked(text: &mut String, part: &PartNeeds, paint: Paint) {
    let _ = writeln!(text, "    {}", paint.wary("linked"));
    if part.linked.is_empty() {
        text.push_str("      nothing\n");
    }
    for linked in &part.linked {
        let _ = writeln!(text, "      {}", clean(&linked.capability.words));
        for line in wrapped(&grouped(linked.interfaces.iter().map(String::as_str)), 8) {
            let _ = writeln!(text, "        {}", paint.dim(&line));
        }
    }
}

fn closed(text: &mut String, part: &PartNeeds, paint: Paint) {
    let mut by: IndexMap<&str, Vec<String>> = IndexMap::new();
    for closed in &part.closed {
        let why = match closed.by {
            ClosedBy::Denied => "refused by a denial inside",
            ClosedBy::MetInside => "met by another part inside",
            ClosedBy::NotImported => "not imported",
        };
        by.entry(why).or_default().push(clean(&closed.capability.capability).into_owned());
    }
    by.sort_keys();
    let _ = writeln!(text, "    {}", paint.good("closed"));
    for (why, capabilities) in by {
        let before = 6 + why.len() + 2;
        for (place, line) in wrapped(&capabilities, before).iter().enumerate() {
            let why = if place == 0 { format!("{why}: ") } else { " ".repeat(why.len() + 2) };
            let _ = writeln!(text, "      {}{line}", paint.dim(&why));
        }
    }
}

fn evidence(text: &mut String, part: &PartNeeds, paint: Paint) {
    let all: &[Evidence] = &part.evidence;
    let _ = writeln!(text, "    {}", paint.strong("evidence"));
    let Some(first) = all.first() else {
        let is_apart = part.linked.is_empty() && part.closed.iter().all(|closed| closed.by == ClosedBy::NotImported);
        text.push_str(match is_apart {
            true => "      nothing to look for\n",
            false => "      nothing to look at: neither compiled code nor recorded sources\n",
        });
        return;
    };
    let how = match first.method {
        Method::CallGraph => "by what its exports reach in its code",
        Method::RecordedImports => "by what its sources import, as recorded when they were built",
        Method::Snapshot => "by the modules found in its memory",
    };
    let _ = writeln!(text, "      {}", paint.dim(how));
    let mut table = Table::new(6, &[Look::Strong, Look::Plain]);
    for evidence in all.iter().filter(|evidence| evidence.found == Found::Use) {
        for (place, reason) in evidence.reasons.iter().enumerate() {
            let capability = if place == 0 { evidence.capability.capability.as_str() } else { "" };
            for (part, line) in wrapped(&[clean(reason).into_owned()], 18).iter().enumerate() {
                table.row([if part == 0 { capability } else { "" }, line]);
            }
        }
    }
    *text += &table.text(paint);
    let none: Vec<String> = all
        .iter()
        .filter(|evidence| evidence.found == Found::NoUse)
        .map(|evidence| {
            let capability = clean(&evidence.capability.capability).into_owned();
            match evidence.reasons.first() {
                Some(reason) => format!("{capability} ({})", clean(reason)),
                None => capability,
            }
        })
        .collect();
    if !none.is_empty() {
        for (place, line) in wrapped(&none, 17).iter().enumerate() {
            let before = if place == 0 { "no sign of " } else { "           " };
            let _ = writeln!(text, "      {}{line}", paint.dim(before));
        }
    }
}
