//! What `inspect` tells of a file: plain data, published as a JSON schema (`cargo mosaic inspect --schema`).
//!
//! The overview is always there; each other section only if it was asked for ([`super::Sections`]). Sections do not
//! depend on one another: whatever one needs to be read is in it, and nodes of the graph are referred to by number.
//!
//! Invariants: everything is as the binary has it. Names, versions, WIT and docs are other people's words: they may hold
//! what steers a terminal or a page, and whoever shows one cleans it first. Order is the binary's, sizes are bytes.

use std::ops::Range;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a file is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "cargo mosaic inspect")]
pub struct Inspection {
    pub overview: Overview,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wit: Option<Wit>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub graph: Option<Graph>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sizes: Option<Sizes>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub needs: Option<Needs>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub producers: Option<Vec<Made>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub versions: Option<Vec<Version>>,
    /// Packages inside, as far as the file tells them: CycloneDX.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sbom: Option<serde_json::Value>,
}

/// What can be told in a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Overview {
    pub kind: Kind,
    /// As the file's own name section says.
    pub name: Option<String>,
    /// Of the binary form.
    pub size: u64,
    /// BLAKE3 of the binary form, in hexadecimal.
    pub digest: String,
    /// What the file imports from its host.
    pub imports: Vec<Port>,
    pub exports: Vec<Port>,
    /// The programs inside, the largest first; of a file that is no composition, itself ([`Graph::parts`]).
    pub parts: Vec<Part>,
    /// Of the whole, however deep: each definition once.
    pub counts: Counts,
    /// The file's own producers section.
    pub producers: Producers,
    /// Custom sections of the file itself.
    pub customs: Vec<Custom>,
    /// Of a precompiled artifact: all that can be told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub precompiled: Option<Precompiled>,
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Component,
    CoreModule,
    /// WIT, encoded or as text.
    WitPackage,
    /// Native code for one engine.
    Precompiled,
}

/// How much of each there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Components inside, without the file itself.
    pub components: u32,
    pub modules: u32,
    /// Functions with a body.
    pub functions: u32,
}

/// One part, in a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Part {
    /// With the names of the nodes around it, the file left out.
    pub name: String,
    pub origin: Option<Origin>,
    /// Of its component, with the modules it shares with others.
    pub size: u64,
}

/// What something was written in, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// `rust`, `go`, `tinygo`, `python`, `javascript`, `c`, `c++`, or what a producers section calls it.
    pub language: String,
    /// The engine that runs it, where it is interpreted: `CPython 3.14`, `QuickJS`, `StarlingMonkey`.
    pub engine: Option<String>,
    /// In words: what gave it away.
    pub because: String,
}

/// A custom section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Custom {
    pub name: String,
    pub size: u64,
}

/// What a precompiled artifact tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Precompiled {
    /// `wasmtime`.
    pub engine: String,
    /// As the artifact has it: a version, or what the embedder chose in place of one.
    pub version: Option<String>,
    /// What was compiled.
    pub of: Option<Kind>,
    /// Architecture of the native code.
    pub architecture: String,
    /// Sections by name.
    pub sections: Vec<Custom>,
}

/// A producers section: field (`language`, `processed-by`, `sdk`) → name → version.
pub type Producers = IndexMap<String, IndexMap<String, String>>;

/// The interface, as WIT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Wit {
    /// WIT that parses.
    pub text: String,
}

/// One import or export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Port {
    /// `wasi:http/types@0.2.6`, or a plain name.
    pub name: String,
    /// The interface, where the name is a label for it: so an app imports one interface for each of its parts, where they
    /// are granted different things of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub implements: Option<String>,
    pub kind: PortKind,
    /// How many functions an interface has, where its types could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub functions: Option<u32>,
}

/// What an import or export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortKind {
    /// An instance of an interface.
    Interface,
    Function,
    Type,
    Component,
    CoreModule,
    Value,
}

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

/// Where the bytes go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Sizes {
    /// The file; the sizes of what is inside something add up to its own.
    pub tree: Size,
    /// Of the file, as gzip compresses it.
    pub compressed: u64,
    /// Modules and components that are there more than once, the most wasteful first.
    pub duplicates: Vec<Duplicate>,
    /// What could be saved, and by what; they overlap, so their sum means nothing.
    pub savings: Vec<Saving>,
}

/// Something that takes bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Size {
    pub name: String,
    pub kind: SizeKind,
    pub size: u64,
    /// As gzip compresses it by itself; of files, components and modules.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compressed: Option<u64>,
    /// What is inside, the largest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub inside: Vec<Size>,
}

/// What takes the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SizeKind {
    Component,
    CoreModule,
    /// `code`, `data`, or a custom section's name.
    Section,
    /// Functions of one crate, package or library.
    FunctionGroup,
    /// Everything else: headers, and what is too small to be listed.
    Rest,
}

/// Something that is there more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Duplicate {
    pub kind: SizeKind,
    /// Of one.
    pub size: u64,
    /// Where each is: names from the outermost inwards.
    pub places: Vec<String>,
    pub same: Sameness,
}

/// How alike duplicates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sameness {
    /// Byte for byte.
    Whole,
    /// But for the names in it.
    WithoutNames,
}

/// What could be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Saving {
    /// By what, in words.
    pub by: String,
    pub size: u64,
}

/// What a file can do to the world around it.
///
/// Three lists that are never mixed. *Closed* is proof. *Linked* is what the binary could call if its code does so.
/// *Evidence* is what its code looks like it does; it is no proof, neither that it does nor that it does not. What it
/// may do is decided by what it is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Needs {
    /// By node that has code; of a file that is no composition, only itself.
    pub parts: Vec<PartNeeds>,
}

/// What one part can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PartNeeds {
    /// In [`Graph::nodes`].
    pub node: u32,
    pub name: String,
    /// Provably absent; every capability is either here or in `linked`.
    pub closed: Vec<Closed>,
    /// The host is asked for it.
    pub linked: Vec<Linked>,
    /// What was looked for, and found or not.
    pub evidence: Vec<Evidence>,
}

/// A capability that a part provably lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Closed {
    #[serde(flatten)]
    pub capability: Capability,
    pub by: ClosedBy,
    /// Interfaces that were imported and are met by a denial; empty where none is imported.
    pub interfaces: Vec<String>,
}

/// Why something is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedBy {
    /// No import asks for it.
    NotImported,
    /// A component inside answers every call itself and imports nothing that could do it.
    Denied,
    /// Other parts meet it, whose needs are told with them.
    MetInside,
}

/// A capability that a part has imports of from the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Linked {
    #[serde(flatten)]
    pub capability: Capability,
    pub interfaces: Vec<String>,
}

/// What the code of a part looks like it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    #[serde(flatten)]
    pub capability: Capability,
    pub found: Found,
    pub method: Method,
    /// In words: `imports the module socket (app.py)`, `reached from the export run through std::net`.
    pub reasons: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    Use,
    NoUse,
}

/// How evidence was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Which imported functions can be reached from exports, in the code of core modules.
    CallGraph,
    /// What sources import, recorded when they were built.
    RecordedImports,
    /// Names of modules in the memory of an interpreter that was snapshot.
    Snapshot,
}

/// Something a program can do to the world around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Capability {
    /// `tcp`, `files`, `http-out` …; an interface's name where no word is known.
    pub capability: String,
    /// In plain words: `may open TCP sockets`.
    pub words: String,
}

/// Who made a component or module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Made {
    /// Names from the outermost inwards; empty for the file itself.
    pub path: Vec<String>,
    pub kind: SizeKind,
    pub size: u64,
    pub origin: Option<Origin>,
    pub producers: Producers,
}

/// One version of a WIT package, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Version {
    /// `wasi:http`.
    pub package: String,
    /// `0.2.6`; none where it has no version.
    pub version: Option<String>,
    pub by: Vec<VersionUse>,
}

/// Who has a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct VersionUse {
    /// In [`Graph::nodes`].
    pub node: u32,
    pub name: String,
    /// Interfaces without package and version.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
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

/// The JSON schema of [`Inspection`], as text.
pub fn schema_text() -> String {
    schema_of::<Inspection>()
}

pub(super) fn schema_of<T: JsonSchema>() -> String {
    let settings = schemars::generate::SchemaSettings::draft07();
    format!("{:#}\n", settings.into_generator().into_root_schema_for::<T>().to_value())
}
