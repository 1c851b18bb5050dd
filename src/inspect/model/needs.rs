//! What a file can do to the world around it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
