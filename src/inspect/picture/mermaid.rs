//! Mermaid: compositions are subgraphs.

use std::fmt::Write as _;

use super::{Drawing, LinkKind, words::visible};
use crate::inspect::model::{Graph, NodeKind};

/// The graph as a Mermaid flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let drawing = Drawing::of(graph);
    let mut text = String::from("flowchart LR\n");
    inside(&mut text, &drawing, 0, 1);
    for link in &drawing.links {
        let label = quoted(&link.items.iter().map(|item| item.export.as_str()).collect::<Vec<_>>());
        let arrow = if link.kind == LinkKind::Denied { "-.->" } else { "-->" };
        let from = match link.kind {
            LinkKind::Export => format!("o{}_{}(( ))", link.from, link.to),
            LinkKind::Wire | LinkKind::Denied => format!("n{}", link.from),
        };
        let _ = writeln!(text, "  {from} {arrow}|{label}| n{}", link.to);
    }
    text
}

/// A node, and what is in it.
fn inside(text: &mut String, drawing: &Drawing<'_>, place: usize, depth: usize) {
    let Some(shown) = drawing.nodes.get(place) else { return };
    let indent = "  ".repeat(depth);
    let name = shown.node.name.as_str();
    if shown.children.is_empty() {
        let subtitle = shown.subtitle();
        let host = (!shown.host.is_empty()).then(|| format!("host: {}", shown.host.join(", ")));
        let lines: Vec<&str> = [name, &subtitle].into_iter().chain(host.as_deref()).collect();
        let (open, close) = if shown.node.kind == NodeKind::Denial { ("([", "])") } else { ("[", "]") };
        let _ = writeln!(text, "{indent}n{}{open}{}{close}", shown.node.id, quoted(&lines));
        return;
    }
    let _ = writeln!(text, "{indent}subgraph n{}[{}]", shown.node.id, quoted(&[name]));
    shown.children.iter().for_each(|child| inside(text, drawing, *child, depth + 1));
    let _ = writeln!(text, "{indent}end");
}

/// Lines as a string of Mermaid, which knows HTML's entities by number and takes the rest for markup.
fn quoted(lines: &[&str]) -> String {
    let escaped = |line: &&str| {
        let mut out = String::new();
        for c in visible(line).chars() {
            match c {
                c if c.is_alphanumeric() || " .,:/-_@+()·…".contains(c) => out.push(c),
                c => {
                    let _ = write!(out, "#{};", u32::from(c));
                }
            }
        }
        out
    };
    format!("\"{}\"", lines.iter().map(escaped).collect::<Vec<_>>().join("<br>"))
}
