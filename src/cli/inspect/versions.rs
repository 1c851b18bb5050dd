//! Who made what, and which versions of WIT packages there are.

use std::fmt::Write as _;

use mosaic::inspect::model::{Made, SizeKind, Version};

use super::{
    overview::made_by,
    table::{Look, Table, width, wrapped},
};
use crate::cli::reporter::{Paint, bytes, clean::line as clean};

/// Columns that a size takes, with the room around it.
const SIZE: usize = 11;

pub fn producers(all: &[Made], paint: Paint) -> String {
    let mut text = format!("{}\n", paint.strong("producers"));
    let mut table = Table::new(0, &[Look::Plain, Look::Number, Look::Plain]);
    let named = |made: &Made| {
        let name = match (made.path.last(), made.kind) {
            (Some(name), _) => name.as_str(),
            (None, SizeKind::CoreModule) => "the module",
            (None, _) => "the file",
        };
        format!("{}{name}", "  ".repeat(made.path.len() + 1))
    };
    let before = all.iter().map(|made| width(&clean(&named(made)))).max().unwrap_or(0) + SIZE;
    for made in all {
        let (name, size) = (named(made), bytes(made.size));
        let tools = wrapped(&made_by(&made.producers), before);
        table.row([&name, &size, tools.first().map_or("", String::as_str)]);
        tools.iter().skip(1).for_each(|line| table.row(["", "", line]));
    }
    text += &table.text(paint);
    text
}

pub fn text(all: &[Version], paint: Paint) -> String {
    let mut text = format!("{}\n", paint.strong("versions"));
    if all.is_empty() {
        text.push_str("  no WIT package is imported or exported\n");
    }
    let mut last = "";
    for version in all {
        if version.package != last {
            let others = all.iter().filter(|other| other.package == version.package).count();
            let note = match others {
                1 => String::new(),
                _ => format!("  {}", paint.wary(&format!("{others} versions"))),
            };
            let _ = writeln!(text, "  {}{note}", paint.strong(&clean(&version.package)));
            last = &version.package;
        }
        let number = version.version.as_deref().unwrap_or("no version");
        let mut table = Table::new(4, &[Look::Plain, Look::Plain, Look::Dim]);
        let before = 4 + number.len() + 2 + version.by.iter().map(|by| width(&by.name)).max().unwrap_or(0) + 2;
        for (place, by) in version.by.iter().enumerate() {
            let uses = [("imports", &by.imports), ("exports", &by.exports)];
            let uses = uses.into_iter().filter(|(_, interfaces)| !interfaces.is_empty());
            let uses: Vec<String> = uses.map(|(verb, all)| format!("{verb} {}", all.join(", "))).collect();
            for (line, uses) in wrapped(&[uses.join("; ")], before).iter().enumerate() {
                let (number, name) = if line == 0 { (number, by.name.as_str()) } else { ("", "") };
                table.row([if place == 0 { number } else { "" }, name, uses]);
            }
        }
        text += &table.text(paint);
    }
    text
}
