//! DOT, for Graphviz: compositions are clusters, the host is a node.

use std::fmt::Write as _;

use super::{Drawing, LinkKind, words::visible};
use crate::inspect::model::{Graph, NodeKind};

/// The graph in DOT.
pub fn dot(graph: &Graph) -> String {
    let drawing = Drawing::of(graph);
    let mut text = String::from(
        "digraph mosaic {\n  rankdir=LR;\n  compound=true;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  \
         edge [fontname=\"monospace\", fontsize=10];\n",
    );
    inside(&mut text, &drawing, 0, 1);
    for link in &drawing.links {
        let label = quoted(&link.items.iter().map(|item| item.export.as_str()).collect::<Vec<_>>());
        let style = if link.kind == LinkKind::Denied { ", style=dashed" } else { "" };
        let from = match link.kind {
            // Calls from outside have no node of their own.
            LinkKind::Export => {
                let _ = writeln!(text, "  outside_{0}_{1} [shape=point];", link.from, link.to);
                format!("outside_{}_{}", link.from, link.to)
            }
            LinkKind::Wire | LinkKind::Denied => end(&drawing, link.from),
        };
        let _ = writeln!(text, "  {from} -> {} [label={label}{style}];", end(&drawing, link.to));
    }
    text += "}\n";
    text
}

/// A node, and what is in it.
fn inside(text: &mut String, drawing: &Drawing<'_>, place: usize, depth: usize) {
    let Some(shown) = drawing.nodes.get(place) else { return };
    let indent = "  ".repeat(depth);
    let name = shown.node.name.as_str();
    let host = (!shown.host.is_empty()).then(|| format!("host: {}", shown.host.join(", ")));
    if shown.children.is_empty() {
        let subtitle = shown.subtitle();
        let lines: Vec<&str> = [name, &subtitle].into_iter().chain(host.as_deref()).collect();
        let style = if shown.node.kind == NodeKind::Denial { ", style=\"rounded,dashed\"" } else { "" };
        let _ = writeln!(text, "{indent}n{} [label={}{style}];", shown.node.id, quoted(&lines));
        return;
    }
    let _ = writeln!(text, "{indent}subgraph cluster_{} {{", shown.node.id);
    let _ = writeln!(text, "{indent}  label={};", quoted(&[name]));
    shown.children.iter().for_each(|child| inside(text, drawing, *child, depth + 1));
    let _ = writeln!(text, "{indent}}}");
}

/// What an edge leads to: of a composition, the first node in it that is none, as edges cannot lead to clusters.
fn end(drawing: &Drawing<'_>, id: u32) -> String {
    let mut place = drawing.place(id);
    while let Some(child) = place.and_then(|place| drawing.nodes[place].children.first()) {
        place = Some(*child);
    }
    format!("n{}", place.map_or(id, |place| drawing.nodes[place].node.id))
}

/// Lines as a string of DOT.
fn quoted(lines: &[&str]) -> String {
    let lines: Vec<String> =
        lines.iter().map(|line| visible(line).replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}
