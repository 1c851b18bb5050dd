//! The overview: what one wants to know first.

use std::fmt::Write as _;

use mosaic::inspect::model::{Kind, Origin, Overview, Port, PortKind, Precompiled, Producers};

use super::table::{Look, Table, bar, grouped, share, wrapped};
use crate::cli::reporter::{Paint, bytes, clean::line as clean};

const BAR: u64 = 20;
/// Functions and other plain ports that are listed.
const MOST: usize = 24;

pub fn text(file: &str, overview: &Overview, paint: Paint) -> String {
    let mut text = format!("{}  {}, {}\n", paint.strong(&clean(file)), kind(overview.kind), bytes(overview.size));
    if let Some(precompiled) = &overview.precompiled {
        native(&mut text, precompiled, paint);
    }
    if let Kind::Component | Kind::CoreModule = overview.kind {
        ports(&mut text, "imports", &overview.imports, paint);
        ports(&mut text, "exports", &overview.exports, paint);
    }
    if !overview.parts.is_empty() {
        let _ = writeln!(text, "\n{}", paint.strong("parts"));
        let mut table = Table::new(2, &[Look::Strong, Look::Plain, Look::Number, Look::Number, Look::Dim]);
        for part in &overview.parts {
            let origin = part.origin.as_ref().map(origin).unwrap_or_default();
            let share = share(part.size, overview.size);
            table.row([&part.name, &origin, &bytes(part.size), &share, &bar(part.size, overview.size, BAR)]);
        }
        text += &table.text(paint);
    }
    if let Some(inside) = inside(overview) {
        let _ = writeln!(text, "\n{} {inside}", paint.strong("inside"));
    }
    for (place, line) in wrapped(&made_by(&overview.producers), 8).iter().enumerate() {
        let _ = match place {
            0 => writeln!(text, "\n{} {line}", paint.strong("made by")),
            _ => writeln!(text, "        {line}"),
        };
    }
    text
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Component => "component",
        Kind::CoreModule => "core module",
        Kind::WitPackage => "WIT package",
        Kind::Precompiled => "precompiled artifact",
    }
}

/// `python (CPython 3.14)`.
pub fn origin(origin: &Origin) -> String {
    match &origin.engine {
        Some(engine) => format!("{} ({engine})", origin.language),
        None => origin.language.clone(),
    }
}

fn ports(text: &mut String, title: &str, ports: &[Port], paint: Paint) {
    let _ = writeln!(text, "\n{}", paint.strong(title));
    if ports.is_empty() {
        text.push_str("  nothing\n");
    }
    let interfaces = ports.iter().filter(|port| port.kind == PortKind::Interface);
    let (labels, plain): (Vec<_>, Vec<_>) = interfaces.partition(|port| port.implements.is_some());
    let mut shown = grouped(plain.iter().map(|port| port.name.as_str()));
    shown.extend(labels.iter().map(|port| {
        let interface = port.implements.as_deref().unwrap_or_default();
        clean(&format!("{}: {interface}", port.name)).into_owned()
    }));
    for interface in shown {
        for (place, line) in wrapped(&[interface], 2).iter().enumerate() {
            let _ = writeln!(text, "{}{line}", if place == 0 { "  " } else { "    " });
        }
    }
    let plain: Vec<&Port> = ports.iter().filter(|port| port.kind != PortKind::Interface).collect();
    for port in plain.iter().take(MOST) {
        let _ = writeln!(text, "  {} {}", clean(&port.name), paint.dim(port_kind(port.kind)));
    }
    if let Some(more) = plain.len().checked_sub(MOST).filter(|more| *more > 0) {
        let _ = writeln!(text, "  {}", paint.dim(&format!("and {more} more")));
    }
}

pub fn port_kind(kind: PortKind) -> &'static str {
    match kind {
        PortKind::Interface => "interface",
        PortKind::Function => "function",
        PortKind::Type => "type",
        PortKind::Component => "component",
        PortKind::CoreModule => "core module",
        PortKind::Value => "value",
    }
}

fn native(text: &mut String, it: &Precompiled, paint: Paint) {
    let of = it.of.map_or("something", kind);
    let version = it.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let _ = writeln!(text, "\nnative code ({}) of a {of}, for {}{} alone", it.architecture, it.engine, clean(&version));
    let _ = writeln!(text, "\n{}", paint.strong("sections"));
    let mut table = Table::new(2, &[Look::Plain, Look::Number]);
    for section in &it.sections {
        table.row([&section.name, &bytes(section.size)]);
    }
    *text += &table.text(paint);
}

fn inside(overview: &Overview) -> Option<String> {
    let several = |count: u32, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{count} {what}s")),
    };
    let counts = overview.counts;
    let all = [
        several(counts.components, "component"),
        several(counts.modules, "core module"),
        several(counts.functions, "function"),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// `Go 1.26.8, wit-component 0.262.0`.
/// Languages and tools, each with its version.
pub fn made_by(producers: &Producers) -> Vec<String> {
    let all = producers.values().flatten();
    all.map(|(name, version)| clean(format!("{name} {version}").trim_end()).into_owned()).collect()
}
