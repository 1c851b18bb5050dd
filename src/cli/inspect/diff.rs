//! Two files side by side.

use std::fmt::Write as _;

use mosaic::inspect::{Change, ChangeKind, Diff, WorldChange};
use serde::Serialize;

use super::table::{Look, Table, wrapped};
use crate::cli::reporter::{Answer, Paint, bytes, clean::line as clean};

#[derive(Serialize)]
pub struct Compared {
    /// Names of the two.
    pub files: [String; 2],
    #[serde(flatten)]
    pub diff: Diff,
}

impl Answer for Compared {
    const REASON: &'static str = "inspection-diff";

    fn text(&self, paint: Paint) -> String {
        let Compared { files: [a, b], diff } = self;
        let mut text = format!("{} → {}\n", paint.strong(&clean(a)), paint.strong(&clean(b)));
        if !diff.world.is_empty() {
            let verdict = match diff.compatible {
                Some(true) => paint.good("compatible"),
                _ => paint.bad("not compatible"),
            };
            let _ = writeln!(text, "\n{}  {verdict}", paint.strong("world"));
            diff.world.iter().for_each(|change| ruled(&mut text, change, paint));
        }
        let sections = [
            ("graph", &diff.graph),
            ("needs", &diff.needs),
            ("producers", &diff.producers),
            ("versions", &diff.versions),
        ];
        for (title, changes) in sections {
            if !changes.is_empty() {
                let _ = writeln!(text, "\n{}", paint.strong(title));
                changes.iter().for_each(|change| one(&mut text, change, paint));
            }
        }
        if !diff.sizes.is_empty() {
            let _ = writeln!(text, "\n{}", paint.strong("sizes"));
            let mut table = Table::new(2, &[Look::Plain, Look::Number, Look::Plain, Look::Number, Look::Plain]);
            for change in &diff.sizes {
                let name = if change.name.is_empty() { "the whole" } else { &change.name };
                let size = |size: Option<u64>| size.map_or("–".to_owned(), bytes);
                let by = change.before.zip(change.after).map(|(before, after)| match after.checked_sub(before) {
                    Some(more) => format!("+{}", bytes(more)),
                    None => format!("-{}", bytes(before - after)),
                });
                table.row([name, &size(change.before), "→", &size(change.after), &by.unwrap_or_default()]);
            }
            text += &table.text(paint);
        }
        if diff.identical {
            text.push_str("the same, byte for byte\n");
        } else if text.lines().count() == 1 {
            text.push_str("nothing that is looked at differs\n");
        }
        text
    }
}

fn ruled(text: &mut String, change: &WorldChange, paint: Paint) {
    let mark = if change.breaks { paint.bad("!") } else { paint.wary("~") };
    let _ = writeln!(text, "  {mark} {}", clean(&change.what));
    let details = change.details.iter().map(String::as_str).chain([change.rule.as_str()]);
    let _ = writeln!(text, "      {}", paint.dim(&clean(&details.collect::<Vec<_>>().join("; "))));
}

fn one(text: &mut String, change: &Change, paint: Paint) {
    let what = clean(&change.what);
    let _ = match change.kind {
        ChangeKind::Added => writeln!(text, "  {} {what}", paint.good("+")),
        ChangeKind::Removed => writeln!(text, "  {} {what}", paint.bad("-")),
        ChangeKind::Changed => writeln!(text, "  {} {what}", paint.wary("~")),
    };
    for detail in &change.details {
        for line in wrapped(&[clean(detail).into_owned()], 6) {
            let _ = writeln!(text, "      {}", paint.dim(&line));
        }
    }
}
