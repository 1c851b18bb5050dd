//! The graph, drawn as a tree from what is exported downwards: below each node whom it calls, what it has from the host,
//! and what is closed to it. A node that several call is drawn where it is met first, and named again elsewhere.

use std::collections::HashSet;

use indexmap::IndexMap;
use mosaic::inspect::model::{Edge, EdgeKind, Graph, NamedBy, Node, NodeKind};

use super::{
    overview::origin,
    table::{grouped, wrapped},
};
use crate::cli::reporter::{Paint, bytes, clean::line as clean};

pub fn text(graph: &Graph, paint: Paint) -> String {
    let mut drawing = Drawing { graph, paint, drawn: HashSet::new(), from: IndexMap::new(), text: String::new() };
    for edge in &graph.edges {
        drawing.from.entry(edge.from).or_default().push(edge);
    }
    if let Some(root) = graph.nodes.first() {
        drawing.line("", &drawing.title(root));
        drawing.below(root, "");
    }
    if !graph.unknown.is_empty() {
        drawing.line("", &paint.wary("not known"));
        for unknown in &graph.unknown {
            drawing.line("  ", &clean(unknown));
        }
    }
    drawing.text
}

struct Drawing<'a> {
    graph: &'a Graph,
    paint: Paint,
    drawn: HashSet<u32>,
    /// Edges by who imports; of a node around others, what it exports.
    from: IndexMap<u32, Vec<&'a Edge>>,
    text: String,
}

/// What hangs below a node.
enum Branch<'a> {
    /// Another node, along these names.
    Node(&'a Node, Vec<&'a str>),
    /// A word and what it is about.
    Note(String, Vec<&'a str>),
}

impl<'a> Drawing<'a> {
    fn line(&mut self, before: &str, text: &str) {
        let line = format!("{before}{text}");
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// `auth  go, 3.7 MB`.
    fn title(&self, node: &Node) -> String {
        let what = match node.kind {
            NodeKind::Part => node.origin.as_ref().map(origin),
            NodeKind::Composition => Some("composition".to_owned()),
            NodeKind::Denial => Some("refuses what is not granted".to_owned()),
            NodeKind::Types => Some("types".to_owned()),
            NodeKind::Imported => Some("from the host".to_owned()),
        };
        let size = node.size + node.shared;
        let size = (size > 0).then(|| bytes(size));
        let facts: Vec<String> = what.into_iter().chain(size).collect();
        let name = match node.named_by {
            NamedBy::Place => self.paint.dim(&clean(&node.name)),
            _ => self.paint.strong(&clean(&node.name)),
        };
        format!("{name}  {}", self.paint.dim(&clean(&facts.join(", "))))
    }

    fn below(&mut self, node: &'a Node, before: &str) {
        self.drawn.insert(node.id);
        let branches = self.branches(node);
        let last = branches.len().saturating_sub(1);
        for (place, branch) in branches.iter().enumerate() {
            let (branch_mark, rest) = if place == last { ("└", "   ") } else { ("├", "│  ") };
            let (mark, indent) = (format!("{before}{branch_mark}"), format!("{before}{rest}"));
            match branch {
                Branch::Node(to, names) => self.node(to, names, &mark, &indent),
                Branch::Note(word, names) => {
                    let head = format!("{mark}─ {} ", self.paint.dim(&format!("{word:<6}")));
                    let aside = before.chars().count() + 3 + word.chars().count().max(6) + 1;
                    let lines = wrapped(&grouped(names.iter().copied()), aside);
                    for (place, line) in lines.iter().enumerate() {
                        match place {
                            0 => self.line(&head, line),
                            _ => self.line(&format!("{indent}{}", " ".repeat(word.chars().count().max(6) + 1)), line),
                        }
                    }
                    if lines.is_empty() {
                        self.line(&head, "");
                    }
                }
            }
        }
    }

    fn node(&mut self, to: &'a Node, names: &[&str], mark: &str, indent: &str) {
        let known = self.drawn.contains(&to.id);
        let title = if known {
            format!("{} {}", self.paint.strong(&clean(&to.name)), self.paint.dim("(above)"))
        } else {
            self.title(to)
        };
        self.line(&format!("{mark}▶ "), &title);
        let inside = match known || self.branches(to).is_empty() {
            true => format!("{indent}  "),
            false => format!("{indent}│ "),
        };
        for line in wrapped(&grouped(names.iter().copied()), indent.chars().count() + 2) {
            let line = self.paint.dim(&line);
            self.line(&inside, &line);
        }
        if !known {
            self.below(to, indent);
        }
    }

    fn branches(&self, node: &'a Node) -> Vec<Branch<'a>> {
        let mut to: IndexMap<u32, Vec<&'a str>> = IndexMap::new();
        let (mut closed, mut handed, mut own) = (Vec::new(), Vec::new(), Vec::new());
        for &edge in self.from.get(&node.id).into_iter().flatten() {
            let name = edge.import.as_str();
            let target = self.graph.node(edge.to);
            match (edge.kind, target) {
                (_, Some(target)) if node.is_whole() && target.parent == Some(node.id) => {}
                (EdgeKind::Inward, _) => handed.push(name),
                (_, Some(target)) if target.kind == NodeKind::Denial => closed.push(name),
                (EdgeKind::Wire, Some(target)) if Some(target.id) == node.parent => own.push(name),
                (EdgeKind::Wire | EdgeKind::Outward, _) => to.entry(edge.to).or_default().push(name),
            }
        }
        // What nobody calls is there all the same.
        let inside = self
            .graph
            .nodes
            .iter()
            .filter(|inner| inner.parent == Some(node.id) && !node.is_whole() && inner.kind != NodeKind::Denial);
        let called: HashSet<u32> =
            self.graph.edges.iter().filter(|edge| edge.kind != EdgeKind::Inward).map(|edge| edge.to).collect();
        for inner in inside.filter(|inner| !called.contains(&inner.id)) {
            to.entry(inner.id).or_default();
        }
        let mut branches: Vec<Branch<'a>> =
            to.into_iter().filter_map(|(id, names)| Some(Branch::Node(self.graph.node(id)?, names))).collect();
        let host = match node.parent {
            None if node.kind == NodeKind::Composition => Vec::new(),
            None => node.imports.iter().map(|port| port.name.as_str()).collect(),
            Some(_) => handed,
        };
        let host_word = if node.parent.is_none_or(|parent| parent == 0) { "host" } else { "around" };
        let own_word = node.parent.and_then(|parent| self.graph.node(parent)).map_or("", |parent| parent.name.as_str());
        for (word, names) in [(host_word, host), ("closed", closed), (own_word, own)] {
            if !names.is_empty() {
                branches.push(Branch::Note(clean(word).into_owned(), names));
            }
        }
        branches
    }
}
