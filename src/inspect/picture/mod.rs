//! A graph as a picture: DOT, Mermaid, and SVG with a layout of our own.
//!
//! 1. [`Drawing`]: what is drawn. Nodes that only define types, and edges that hand types on, say nothing of who calls
//!    whom and are left out; an engine with what it runs is one node. All edges from one node to another become one
//!    link. What comes from the host is written into the node that wants it, not drawn as lines: every part of every app
//!    wants something, and mostly the same.
//! 2. [`dot`] and [`mermaid`] leave the layout to whoever draws them; [`scene`] places everything for [`svg`], which is
//!    also the picture in the HTML page.
//!
//! Invariants: same graph, same bytes. Names come from binaries that anybody may have made: what a name holds cannot end
//! the text it is in, steer a terminal or turn the direction of writing ([`words`]). Nodes are told by their number.

mod dot;
mod layout;
mod mermaid;
mod scene;
mod svg;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

pub use self::{
    dot::dot,
    mermaid::mermaid,
    svg::{Style, svg},
};
pub(super) use self::{
    svg::STYLE,
    words::{escaped, is_hidden},
};
use super::model::{EdgeKind, Graph, Node, NodeKind, PortKind};

/// What is drawn of a graph.
#[derive(Debug, Clone)]
pub struct Drawing<'a> {
    /// In the order of the graph.
    nodes: Vec<Shown<'a>>,
    /// In the order of the first edge of each.
    pub links: Vec<Link>,
}

/// A node that is drawn.
#[derive(Debug, Clone)]
struct Shown<'a> {
    node: &'a Node,
    /// Its place among the nodes that are drawn; none for the file.
    parent: Option<usize>,
    children: Vec<usize>,
    /// What it has from the host, or from whoever is around the file: packages, shortened.
    host: Vec<String>,
}

/// All that one node has from another, or that a composition hands on of a node inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Link {
    /// The node that calls. Where it is the one around `to`, or `to` itself, the calls come from outside.
    pub from: u32,
    pub to: u32,
    pub items: Vec<Item>,
    #[serde(skip)]
    kind: LinkKind,
}

/// One thing that is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Item {
    /// The import's name, or the export's where the calls come from outside.
    pub name: String,
    /// What meets it, as the provider calls it.
    pub export: String,
    /// Its key in [`Graph::interfaces`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
}

/// What a link is for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkKind {
    Wire,
    /// To a node that refuses.
    Denied,
    /// From outside.
    Export,
}

impl<'a> Drawing<'a> {
    pub fn of(graph: &'a Graph) -> Drawing<'a> {
        let mut drawing = Drawing { nodes: Vec::new(), links: Vec::new() };
        let mut places: Vec<Option<usize>> = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            // A node comes after the one around it; what is in a node that is left out is left out.
            let parent = node.parent.map(|parent| places.get(parent as usize).copied().flatten());
            let is_in_whole = node.parent.and_then(|parent| graph.node(parent)).is_some_and(Node::is_whole);
            let is_drawn = node.kind != NodeKind::Types && parent != Some(None) && !is_in_whole;
            if is_drawn {
                let place = drawing.nodes.len();
                if let Some(Some(parent)) = parent {
                    drawing.nodes[parent].children.push(place);
                }
                drawing.nodes.push(Shown { node, parent: parent.flatten(), children: Vec::new(), host: Vec::new() });
            }
            places.push(is_drawn.then(|| drawing.nodes.len() - 1));
        }
        drawing.link(graph, &places);
        drawing
    }

    fn link(&mut self, graph: &Graph, places: &[Option<usize>]) {
        let place = |id: u32| places.get(id as usize).copied().flatten();
        let mut links: IndexMap<(u32, u32), Link> = IndexMap::new();
        let mut host: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for edge in graph.edges.iter().filter(|edge| edge.port != PortKind::Type) {
            let (Some(from), Some(to)) = (place(edge.from), place(edge.to)) else { continue };
            let kind = match edge.kind {
                EdgeKind::Inward => {
                    host.entry(from).or_default().push(edge.import.clone());
                    continue;
                }
                EdgeKind::Outward if self.nodes[to].parent == Some(from) => LinkKind::Export,
                EdgeKind::Wire if self.nodes[from].parent == self.nodes[to].parent && from != to => {
                    match self.nodes[to].node.kind {
                        NodeKind::Denial => LinkKind::Denied,
                        _ => LinkKind::Wire,
                    }
                }
                // The model has no such edges.
                EdgeKind::Outward | EdgeKind::Wire => continue,
            };
            let item =
                Item { name: edge.import.clone(), export: edge.export.clone(), interface: edge.interface.clone() };
            let new = || Link { from: edge.from, to: edge.to, items: Vec::new(), kind };
            let link = links.entry((edge.from, edge.to)).or_insert_with(new);
            if !link.items.contains(&item) {
                link.items.push(item);
            }
        }
        self.links.extend(links.into_values());
        for (place, names) in host {
            self.nodes[place].host = words::packages(&names);
        }
        self.alone(graph);
    }

    /// A file that is no composition has its own imports from the host, and its exports are its own.
    fn alone(&mut self, graph: &Graph) {
        let [file] = &mut self.nodes[..] else { return };
        let names: Vec<String> = graph.imports.iter().map(|import| import.port.name.clone()).collect();
        file.host = words::packages(&names);
        let exports = graph.exports.iter().filter(|export| export.port.kind != PortKind::Type);
        let item = |name: &String| {
            let interface = graph.interfaces.contains_key(name).then(|| name.clone());
            Item { name: name.clone(), export: name.clone(), interface }
        };
        let items: Vec<Item> = exports.map(|export| item(&export.port.name)).collect();
        let id = file.node.id;
        self.links = match items.is_empty() {
            true => Vec::new(),
            false => vec![Link { from: id, to: id, items, kind: LinkKind::Export }],
        };
    }

    /// The place of a node among those that are drawn.
    fn place(&self, id: u32) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |shown| shown.node.id).ok()
    }
}

impl Link {
    /// What to write at the link, short.
    fn label(&self) -> String {
        words::label(self.items.iter().map(|item| item.export.as_str()))
    }
}

impl Shown<'_> {
    /// `python · 18.2 MB`.
    fn subtitle(&self) -> String {
        let what = match self.node.kind {
            NodeKind::Denial => return "closed".to_owned(),
            NodeKind::Imported => return "from the host".to_owned(),
            NodeKind::Composition => Some("composition".to_owned()),
            NodeKind::Part | NodeKind::Types => self
                .node
                .origin
                .as_ref()
                .map(|origin| words::visible(origin.engine.as_ref().unwrap_or(&origin.language))),
        };
        let size = words::bytes(self.node.size + self.node.shared);
        what.into_iter().chain([size]).collect::<Vec<_>>().join(" · ")
    }
}
