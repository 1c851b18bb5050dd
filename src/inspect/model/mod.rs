//! What `inspect` tells of a file: plain data, published as a JSON schema (`cargo mosaic inspect --schema`).
//!
//! The overview is always there; each other section only if it was asked for ([`super::Section`]). Sections do not
//! depend on one another: whatever one needs to be read is in it, and nodes of the graph are referred to by number.
//!
//! Invariants: everything is as the binary has it. Names, versions, WIT and docs are other people's words: they may hold
//! what steers a terminal or a page, and whoever shows one cleans it first. Order is the binary's, sizes are bytes.

mod graph;
mod needs;
mod sizes;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    graph::{
        Edge, EdgeKind, Function, Graph, HostExport, HostImport, Interface, Module, NamedBy, Node, NodeKind, Tool,
    },
    needs::{Capability, Closed, ClosedBy, Evidence, Found, Linked, Method, Needs, PartNeeds},
    sizes::{Duplicate, Sameness, Saving, Size, SizeKind, Sizes},
};

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

/// The JSON schema of [`Inspection`], as text.
pub fn schema_text() -> String {
    schema_of::<Inspection>()
}

pub(super) fn schema_of<T: JsonSchema>() -> String {
    let settings = schemars::generate::SchemaSettings::draft07();
    format!("{:#}\n", settings.into_generator().into_root_schema_for::<T>().to_value())
}
