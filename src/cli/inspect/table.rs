//! Columns, bars and lists of names, as wide as the terminal; in 100 columns where there is none.
//!
//! Text in cells is cleaned here, so that no table can forget it.

use std::{collections::BTreeMap, fmt::Write as _, sync::OnceLock};

use mosaic::compare::Name;

use crate::cli::reporter::{Paint, clean::line as clean};

/// Columns that text is fitted into where there is no terminal.
const WIDTH: usize = 100;

/// Columns that text is fitted into. A narrower terminal breaks lines by itself; in a wider one they are hard to read.
pub fn columns() -> usize {
    static COLUMNS: OnceLock<usize> = OnceLock::new();
    let terminal = || terminal_size::terminal_size_of(std::io::stdout());
    *COLUMNS.get_or_init(|| terminal().map_or(WIDTH, |(width, _)| usize::from(width.0).clamp(60, 160)))
}

/// How a cell looks.
#[derive(Debug, Clone, Copy)]
pub enum Look {
    Plain,
    Strong,
    Dim,
    /// Aligned at the right.
    Number,
}

/// Rows of cells whose columns are aligned.
pub struct Table {
    indent: usize,
    looks: Vec<Look>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(indent: usize, looks: &[Look]) -> Table {
        Table { indent, looks: looks.to_vec(), rows: Vec::new() }
    }

    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.iter().map(|cell| clean(cell).into_owned()).collect());
    }

    /// Each line ended, without blanks at its end.
    pub fn text(&self, paint: Paint) -> String {
        let widths: Vec<usize> = (0..self.looks.len())
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(self.indent);
            let last = row.iter().rposition(|cell| !cell.is_empty()).unwrap_or(0);
            for (column, cell) in row.iter().enumerate().take(last + 1) {
                let look = self.looks.get(column).copied().unwrap_or(Look::Plain);
                let pad = " ".repeat(widths.get(column).map_or(0, |width| width - self::width(cell)));
                let shown = match look {
                    Look::Plain | Look::Number => cell.clone(),
                    Look::Strong => paint.strong(cell),
                    Look::Dim => paint.dim(cell),
                };
                match look {
                    Look::Number => line += &format!("{pad}{shown}"),
                    _ if column == last => line += &shown,
                    _ => line += &format!("{shown}{pad}"),
                }
                if column < last {
                    line += "  ";
                }
            }
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

/// Columns that a text takes, as far as one character is one column.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// A share as a bar of at most this many columns.
pub fn bar(part: u64, whole: u64, columns: u64) -> String {
    let eighths = part.saturating_mul(columns * 8).checked_div(whole).unwrap_or(0);
    let full = usize::try_from(eighths / 8).unwrap_or(0);
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][usize::try_from(eighths % 8).unwrap_or(0)];
    format!("{}{rest}", "█".repeat(full))
}

/// `67 %`.
pub fn share(part: u64, whole: u64) -> String {
    match part.saturating_mul(100).checked_div(whole) {
        Some(0) if part > 0 => "<1 %".to_owned(),
        Some(percent) => format!("{percent} %"),
        None => String::new(),
    }
}

/// Names by package: `wasi:io/{error, poll, streams}@0.2.6`, `acme:shop/auth@0.1.0`, `run`.
pub fn grouped<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut packages: BTreeMap<(&str, Option<&str>), Vec<&str>> = BTreeMap::new();
    let mut order = Vec::new();
    for name in names {
        let name = Name::new(name);
        let key = (name.package().unwrap_or_default(), name.version);
        let interfaces = packages.entry(key).or_default();
        if interfaces.is_empty() {
            order.push(key);
        }
        interfaces.push(name.interface());
    }
    let mut grouped = Vec::new();
    for key in order {
        let (package, version) = key;
        let interfaces = &packages[&key];
        let version = version.map(|version| format!("@{version}")).unwrap_or_default();
        match (package, interfaces.as_slice()) {
            ("", plain) => grouped.extend(plain.iter().map(|name| format!("{}{version}", clean(name)))),
            (package, [only]) => grouped.push(clean(&format!("{package}/{only}{version}")).into_owned()),
            (package, several) => {
                grouped.push(clean(&format!("{package}/{{{}}}{version}", several.join(", "))).into_owned());
            }
        }
    }
    grouped
}

/// Items after one another, each line at most as wide as is left beside what stands before it.
pub fn wrapped(items: &[String], before: usize) -> Vec<String> {
    let room = columns().saturating_sub(before).max(20);
    let words: Vec<String> = items
        .iter()
        .enumerate()
        .map(|(place, item)| if place + 1 == items.len() { item.clone() } else { format!("{item},") })
        .collect();
    let mut lines: Vec<String> = Vec::new();
    for word in words.iter().flat_map(|item| item.split(' ')) {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_grouped_by_package() {
        let names = ["wasi:io/error@0.2.6", "acme:shop/auth", "wasi:io/poll@0.2.6", "run", "wasi:io/poll@0.2.0"];
        let expected = ["wasi:io/{error, poll}@0.2.6", "acme:shop/auth", "run", "wasi:io/poll@0.2.0"];
        assert_eq!(grouped(names), expected);
    }

    #[test]
    fn columns_are_aligned_and_steer_nothing() {
        let mut table = Table::new(2, &[Look::Strong, Look::Number, Look::Plain]);
        table.row(["a", "10 kB", "x"]);
        table.row(["long\u{1b}[2Jer", "1.5 MB", ""]);
        table.row(["\u{202e}c", "", ""]);
        let text = table.text(Paint { color: false });
        assert_eq!(text, "  a        10 kB  x\n  longer  1.5 MB\n  \u{fffd}c\n");
    }

    #[test]
    fn bars_and_shares() {
        assert_eq!((bar(1, 2, 4), bar(1, 64, 8), bar(0, 0, 8)), ("██".to_owned(), "▏".to_owned(), String::new()));
        assert_eq!(
            (share(1, 3), share(1, 1000), share(0, 5)),
            ("33 %".to_owned(), "<1 %".to_owned(), "0 %".to_owned())
        );
    }

    #[test]
    fn long_lists_are_wrapped() {
        let items: Vec<String> = (0..30).map(|n| format!("item-{n:02}")).collect();
        let lines = wrapped(&items, 20);
        assert!(lines.len() == 4 && lines.iter().all(|line| width(line) <= 80), "{lines:?}");
    }
}
