//! The wiring of an app: every import of every part, and what it is met by.

use std::ops::Range;

use indexmap::IndexMap;

/// The wiring as decided.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Parts in dependency order: what a part imports comes before it.
    pub instances: Vec<String>,
    pub edges: Vec<Edge>,
    pub host: Vec<HostImport>,
    pub exports: Vec<Export>,
}

/// One import met by another part's export.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The part that imports.
    pub from: String,
    /// The import's full name, e.g. `acme:shop/auth@0.1.0`.
    pub import: String,
    /// The part that exports.
    pub to: String,
    /// The export's full name.
    pub export: String,
    pub why: Why,
}

/// Why an edge is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Same interface, same version.
    Exact,
    /// Same interface, a semver-compatible version.
    Compatible,
    /// `[compose] wire`, at these bytes of the manifest (absent on the command line).
    Wired(Option<Range<usize>>),
    /// The types of another edge's interface come from there.
    TypesOf(String),
}

/// An import left to the host.
#[derive(Debug, Clone)]
pub struct HostImport {
    pub import: String,
    /// The parts that want it.
    pub wanted_by: Vec<String>,
}

/// An export of the composed component.
#[derive(Debug, Clone)]
pub struct Export {
    pub name: String,
    pub from: String,
}

/// What the user decided about wiring, from the manifest or the command line.
#[derive(Debug, Clone, Default)]
pub struct Wiring {
    pub exports: Option<Vec<String>>,
    /// (part, interface without or with version) → part.
    pub wire: IndexMap<(String, String), (String, Option<Range<usize>>)>,
    pub open: Vec<String>,
}
