//! SVG: a picture by itself, or the one in the HTML page. Both look alike: `picture.css`.
//!
//! Nodes and links carry their numbers (`data-node`, `data-link`) and say in words what they are, for those who hear the
//! picture and for the page, which makes them answer.

use std::fmt::Write as _;

use super::{
    Drawing, LinkKind,
    layout::Route,
    scene::{Line, Placement, scene},
    words::escaped,
};
use crate::inspect::model::{Graph, NodeKind};

/// How a picture looks, light and dark; the page has it among its own styles.
pub const STYLE: &str = include_str!("picture.css");

/// The same in words that every renderer knows: light, and dark where that is preferred.
fn plain_style() -> String {
    let chosen = |dark: bool| {
        let mut out = String::new();
        let mut rest = STYLE;
        while let Some((before, after)) = rest.split_once("light-dark(") {
            let Some((pair, after)) = after.split_once(')') else { break };
            let (light, other) = pair.split_once(", ").unwrap_or((pair, pair));
            out += before;
            out += if dark { other } else { light };
            rest = after;
        }
        out + rest
    };
    let coloured: String =
        chosen(true).lines().filter(|line| line.contains('#')).map(|line| format!("  {line}\n")).collect();
    format!("{}@media (prefers-color-scheme: dark) {{\n{coloured}}}\n", chosen(false))
}

/// Where the picture will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A file of its own, with its colours.
    Standalone,
    /// In a page that has [`STYLE`].
    InPage,
}

/// The graph as SVG.
pub fn svg(graph: &Graph, style: Style) -> String {
    drawn(&Drawing::of(graph), style)
}

/// A drawing as SVG.
pub(super) fn drawn(drawing: &Drawing<'_>, style: Style) -> String {
    let scene = scene(drawing);
    let margin = 16.0;
    let (width, height) = (scene.width + margin * 2.0, scene.height + margin * 2.0);
    let name = drawing.nodes.first().map(|shown| escaped(&shown.node.name)).unwrap_or_default();
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"{} {} {width} {height}\" role=\"group\" aria-label=\"Graph of {name}\">\n",
        -margin, -margin
    );
    if style == Style::Standalone {
        let _ = writeln!(text, "<style>\n{}</style>", plain_style());
        let _ = writeln!(
            text,
            "<rect class=\"paper\" x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\"/>",
            -margin, -margin
        );
    }
    text += "<g class=\"scene\">\n";
    scene.boxes.iter().filter(|placement| placement.is_frame).for_each(|frame| self::frame(&mut text, drawing, frame));
    scene.lines.iter().for_each(|line| self::line(&mut text, drawing, line));
    scene.boxes.iter().filter(|placement| !placement.is_frame).for_each(|node| self::node(&mut text, drawing, node));
    text += "</g>\n</svg>\n";
    text
}

fn frame(text: &mut String, drawing: &Drawing<'_>, it: &Placement) {
    let node = drawing.nodes[it.place].node;
    let _ = writeln!(
        text,
        "<g class=\"frame\" data-node=\"{}\" aria-label=\"{}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" \
         rx=\"14\"/><text class=\"title\" x=\"{}\" y=\"{}\">{}<tspan class=\"subtitle\" dx=\"10\">{}</tspan></text></g>",
        node.id,
        escaped(&format!("{}, {}", node.name, it.subtitle)),
        it.x,
        it.y,
        it.width,
        it.height,
        it.x + 20.0,
        it.y + 26.0,
        escaped(&it.title),
        escaped(&it.subtitle),
    );
}

fn node(text: &mut String, drawing: &Drawing<'_>, it: &Placement) {
    let shown = &drawing.nodes[it.place];
    let language = shown.node.origin.as_ref().map(|origin| class(&origin.language)).unwrap_or_default();
    let kind = if shown.node.kind == NodeKind::Denial { " denial" } else { "" };
    let host =
        if shown.host.is_empty() { String::new() } else { format!(", from the host: {}", shown.host.join(", ")) };
    let _ = write!(
        text,
        "<g class=\"node{kind} {language}\" data-node=\"{}\" aria-label=\"{}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" \
         height=\"{}\" rx=\"9\"/>",
        shown.node.id,
        escaped(&format!("{}, {}{host}", shown.node.name, it.subtitle)),
        it.x,
        it.y,
        it.width,
        it.height,
    );
    // What is written keeps together in the middle of a box that is higher for its landings.
    let content = if it.host.is_some() { 76.0 } else { 54.0 };
    let top = it.y + (it.height - content) / 2.0;
    let x = it.x + 16.0;
    let _ = write!(text, "<text class=\"title\" x=\"{x}\" y=\"{}\">{}</text>", top + 24.0, escaped(&it.title));
    let mut left = x;
    if shown.node.kind == NodeKind::Part {
        let _ = write!(text, "<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"4\"/>", x + 4.0, top + 38.0);
        left += 13.0;
    }
    let _ = write!(text, "<text class=\"subtitle\" x=\"{left}\" y=\"{}\">{}</text>", top + 42.0, escaped(&it.subtitle));
    if let Some(host) = &it.host {
        let (y, right) = (top + 52.0, it.x + it.width - 16.0);
        let _ = write!(text, "<line class=\"rule\" x1=\"{x}\" y1=\"{y}\" x2=\"{right}\" y2=\"{y}\"/>");
        let _ = write!(
            text,
            "<text class=\"host\" x=\"{x}\" y=\"{}\">host <tspan dx=\"2\">{}</tspan></text>",
            top + 67.0,
            escaped(host)
        );
    }
    text.push_str("</g>\n");
}

fn line(text: &mut String, drawing: &Drawing<'_>, it: &Line) {
    let link = &drawing.links[it.link];
    let name = |id: u32| drawing.place(id).map(|place| drawing.nodes[place].node.name.as_str()).unwrap_or_default();
    let (class, words) = match link.kind {
        LinkKind::Wire => ("link", format!("{} calls {}", name(link.from), name(link.to))),
        LinkKind::Denied => ("link denied", format!("{} is denied by {}", name(link.from), name(link.to))),
        LinkKind::Export => ("link export", format!("{} is called from outside", name(link.to))),
    };
    let interfaces: Vec<&str> = link.items.iter().map(|item| item.export.as_str()).collect();
    let path = path(&it.route);
    let _ = write!(
        text,
        "<g class=\"{class}\" data-link=\"{}\" data-from=\"{}\" data-to=\"{}\" aria-label=\"{}\"><path class=\"hit\" \
         d=\"{path}\"/><path class=\"line\" d=\"{path}\"/>",
        it.link,
        link.from,
        link.to,
        escaped(&format!("{words}: {}", interfaces.join(", "))),
    );
    if let Some(last) = it.route.steps.last() {
        let (x, y) = (last.to, last.y);
        let _ = write!(text, "<path class=\"tip\" d=\"M{} {}L{x} {y}L{} {}z\"/>", x - 8.0, y - 4.0, x - 8.0, y + 4.0);
        if link.kind == LinkKind::Export {
            let (x, y) = it.route.start;
            let _ = write!(text, "<circle class=\"start\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
        }
        if let Some(label) = &it.label {
            let _ =
                write!(text, "<text class=\"label\" x=\"{}\" y=\"{}\">{}</text>", x - 13.0, y - 5.0, escaped(label));
        }
    }
    text.push_str("</g>\n");
}

fn path(route: &Route) -> String {
    let (x, mut y) = route.start;
    let mut path = format!("M{x} {y}");
    for step in &route.steps {
        let (from, to) = step.bend;
        if step.y == y {
            let _ = write!(path, "H{}", step.to);
        } else {
            let middle = (from + to) / 2.0;
            let _ = write!(path, "H{from}C{middle} {y} {middle} {} {to} {}H{}", step.y, step.y, step.to);
        }
        y = step.y;
    }
    path
}

/// A language as the name of a class: those that have a colour.
fn class(language: &str) -> &'static str {
    match language {
        "rust" => "rust",
        "go" => "go",
        "tinygo" => "tinygo",
        "python" => "python",
        "javascript" => "javascript",
        "c" | "c++" => "c",
        _ => "",
    }
}
