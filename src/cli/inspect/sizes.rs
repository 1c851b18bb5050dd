//! Where the bytes go, as a tree with bars.

use std::fmt::Write as _;

use mosaic::inspect::model::{Sameness, Size, SizeKind, Sizes};

use super::table::{Look, Table, bar, columns, share};
use crate::cli::reporter::{Paint, bytes, clean::line as clean};

/// What is shown below one thing; the rest is summed.
const MOST: usize = 12;
/// Shares below one in this many are not shown apart.
const LEAST: u64 = 500;

pub fn text(sizes: &Sizes, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.strong("sizes"));
    let looks = [Look::Plain, Look::Number, Look::Number, Look::Number, Look::Dim];
    let mut table = Table::new(2, &looks);
    table.row(["", "bytes", "gzip", "", ""]);
    let mut pending = vec![(&sizes.tree, 0)];
    let whole = sizes.tree.size;
    while let Some((size, depth)) = pending.pop() {
        let name = match size.kind {
            SizeKind::FunctionGroup if !size.name.contains(' ') => format!("functions of {}", size.name),
            _ => size.name.clone(),
        };
        let name = shortened(&format!("{}{}", "  ".repeat(depth), clean(&name)));
        let gzip = size.compressed.map(bytes).unwrap_or_default();
        table.row([
            &name,
            &bytes(size.size),
            &gzip,
            &share(size.size, whole),
            &bar(size.size, whole, longest() as u64),
        ]);
        let shown = size.inside.iter().take(MOST).filter(|part| part.size >= whole / LEAST);
        let shown: Vec<&Size> = shown.collect();
        pending.extend(shown.into_iter().rev().map(|part| (part, depth + 1)));
    }
    text += &table.text(paint);
    if !sizes.duplicates.is_empty() {
        let _ = writeln!(text, "\n{}", paint.strong("more than once"));
        for duplicate in &sizes.duplicates {
            let same = match duplicate.same {
                Sameness::Whole => "the same core module",
                Sameness::WithoutNames => "the same core module but for names",
            };
            let _ = writeln!(text, "  {} {} times {same}", bytes(duplicate.size), duplicate.places.len());
            for place in &duplicate.places {
                let _ = writeln!(text, "    {}", paint.dim(&clean(place)));
            }
        }
    }
    if !sizes.savings.is_empty() {
        let _ = writeln!(text, "\n{}", paint.strong("could be saved"));
        let mut table = Table::new(2, &[Look::Number, Look::Plain]);
        for saving in &sizes.savings {
            let by = match &saving.source {
                Some(source) => format!("{} ({source})", saving.by),
                None => saving.by.clone(),
            };
            table.row([&saving.size.map_or("not measured".to_owned(), bytes), &by]);
        }
        text += &table.text(paint);
    }
    text
}

/// Columns of the longest bar: where there is little room, names need it more.
fn longest() -> usize {
    if columns() < 100 { 10 } else { 20 }
}

/// A name that leaves room for the figures and bars beside it.
fn shortened(name: &str) -> String {
    const FIGURES: usize = 36;
    let most = columns().saturating_sub(FIGURES + longest());
    match name.chars().count() <= most {
        true => name.to_owned(),
        false => name.chars().take(most - 1).chain(['…']).collect(),
    }
}
