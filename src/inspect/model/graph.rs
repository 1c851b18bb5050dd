//! Who is inside, and who calls whom.

use std::ops::Range;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Origin, Port, PortKind, Producers};

/// Who is inside, and who calls whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Graph {
    /// Instances of components, however deep; a node's number is its place here. The first is the file itself, and
    /// a node comes after the one around it. Components that only give an interface its shape (wit-component makes one
    /// for each interface that a component exports) are left out: whatever goes through one goes to whom it stands for.
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// What the file imports, and which nodes without nodes inside have it from there.
    pub imports: Vec<HostImport>,
    /// What the file exports, and which node without nodes inside it comes from.
    pub exports: Vec<HostExport>,
    /// The interfaces that edges are of, by full name: as the provider has it, else as the importer.
    pub interfaces: IndexMap<String, Interface>,
    /// What could not be followed, in words; empty for nearly every file.
    pub unknown: Vec<String>,
}

/// One instance of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Node {
    /// Its place in [`Graph::nodes`].
    pub id: u32,
    /// Unique among the nodes of one parent.
    pub name: String,
    pub named_by: NamedBy,
    pub kind: NodeKind,
    /// The node it is inside of; none for the file itself.
    pub parent: Option<u32>,
    /// None where nothing tells.
    pub origin: Option<Origin>,
    /// Of all its own modules and its own section together.
    pub tools: Vec<Tool>,
    /// Of its component as it is in the file; nought for one that is imported.
    pub size: u64,
    /// Bytes of modules outside of it that it uses, and that others may use as well.
    pub shared: u64,
    /// Where its component is in the file. Instances of one component have one range. None for one that is imported.
    pub range: Option<Range<u64>>,
    /// In the order of its component.
    pub imports: Vec<Port>,
    pub exports: Vec<Port>,
    /// The core modules it instantiates itself, in the order of its component.
    pub modules: Vec<Module>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// A program: it has code of its own, or is an engine in components of its own with what it runs.
    Part,
    /// It is made of the nodes inside it.
    Composition,
    /// Made by Mosaic: it refuses what parts are not granted.
    Denial,
    /// It defines types and holds no code that runs.
    Types,
    /// Its component is imported: the host brings it.
    Imported,
}

/// Where a node's name is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NamedBy {
    /// The name section of what is around it, or its own.
    NameSection,
    /// A file's own name.
    File,
    /// The interface it exports.
    Export,
    /// The name its component is imported under.
    Import,
    /// Nothing names it: its place.
    Place,
}

/// A tool that took part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// A core module of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Module {
    /// As its own name section says, else that of the component around it.
    pub name: Option<String>,
    pub size: u64,
    /// Where it is in the file; none for one that is imported.
    pub range: Option<Range<u64>>,
    /// It is defined outside of the node.
    pub shared: bool,
    pub functions: u32,
    pub producers: Producers,
}

/// One import of a node, and who meets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Edge {
    /// The node that imports. Of an outward edge the node around `to`.
    pub from: u32,
    /// The import's name; of an outward edge, that of the export of `from`.
    pub import: String,
    /// The node that provides. Of an inward edge the node around `from`.
    pub to: u32,
    /// The name of what meets it: an export of `to`; of an inward edge, an import of `to`.
    pub export: String,
    /// The type, function or whatever else within `export`, where only one is taken.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    pub kind: EdgeKind,
    pub port: PortKind,
    /// Its key in [`Graph::interfaces`], where its types could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interface: Option<String>,
}

/// Where an edge goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeKind {
    /// From one node to another inside the same node: a wire.
    Wire,
    /// From a node to the one around it, whose import is handed on. If that one is the file, it comes from the host.
    Inward,
    /// From a node to one inside it, whose export is handed on. If `from` is the file, it is an export of the whole.
    Outward,
}

/// What the file imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HostImport {
    #[serde(flatten)]
    pub port: Port,
    pub wanted_by: Vec<u32>,
}

/// What the file exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HostExport {
    #[serde(flatten)]
    pub port: Port,
    /// None where it is an import handed on.
    pub from: Option<u32>,
}

/// An interface that edges are of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Interface {
    /// WIT of the interface alone: `interface auth { … }`.
    pub wit: String,
    pub docs: Option<String>,
    /// In order; methods with the resource they are of.
    pub functions: Vec<Function>,
}

/// One function of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Function {
    /// `check`, or `[method]fields.get`.
    pub name: String,
    /// `check: func(token: string) -> result<claims, error>`.
    pub wit: String,
    pub docs: Option<String>,
}

impl Graph {
    /// The nodes that are programs: compositions are looked into, what an engine runs is one with it.
    pub fn parts(&self) -> Vec<u32> {
        let mut inside: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        for node in &self.nodes {
            if let Some(siblings) = node.parent.and_then(|parent| inside.get_mut(parent as usize)) {
                siblings.push(node.id);
            }
        }
        let mut parts = Vec::new();
        let mut pending = vec![0];
        while let Some(node) = pending.pop().and_then(|id| self.node(id)) {
            if node.kind == NodeKind::Part {
                parts.push(node.id);
            }
            if !node.is_whole() {
                pending.extend(inside.get(node.id as usize).into_iter().flatten().rev());
            }
        }
        parts
    }

    pub fn node(&self, id: u32) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    /// A node's name with those of the nodes around it, the file left out: `shop/auth`.
    pub fn path(&self, id: u32) -> String {
        let mut names = Vec::new();
        let mut at = self.node(id);
        while let Some(node) = at {
            if node.parent.is_some() || names.is_empty() && node.id == id {
                names.push(node.name.as_str());
            }
            at = node.parent.filter(|parent| *parent < node.id).and_then(|parent| self.node(parent));
        }
        names.reverse();
        names.join("/")
    }
}

impl Node {
    /// Whether it is an engine with what it runs: of no interest to whoever looks at a composition what is inside.
    pub fn is_whole(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.engine.is_some())
    }
}
