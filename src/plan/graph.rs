//! The wiring of an app: every import of every part, and what it is met by.

use std::{ops::Range, sync::Arc};

use indexmap::IndexMap;
use serde::Serialize;

use super::capability::Standing;
use crate::{
    diagnostic::SourceFile,
    grants_section::Section,
    manifest::{Family, Manifest, Spanned},
};

/// The wiring as decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// Parts, and the keys of `types` and `denials`, in dependency order: what an instance imports comes before it.
    pub instances: Vec<String>,
    /// Instances that are no part: interfaces of plain types that no part exports, and that need none, because they
    /// hold neither functions nor resources. By the interface's full name, which no part's name can be; the value is
    /// the parts that share it, of whose copies it is the union.
    pub types: IndexMap<String, Vec<String>>,
    /// Instances that are no part either: they refuse what parts are not granted. By a name that no part's can be.
    pub denials: IndexMap<String, Denial>,
    /// In the order of `instances`, then of the importer's world.
    pub edges: Vec<Edge>,
    pub host: Vec<HostImport>,
    /// In an order in which an interface comes after those whose types it uses.
    pub exports: Vec<Export>,
    /// What the artifact says its parts are granted; none where nobody has said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Section>,
}

/// One import met by another instance's export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The instance that imports.
    pub from: String,
    /// The import's full name, e.g. `acme:shop/auth@0.1.0`.
    pub import: String,
    /// The instance that exports.
    pub to: String,
    /// The export's full name.
    pub export: String,
    /// The type within the export, where the import is a type that the world itself uses from an interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    pub why: Why,
}

/// Why an edge is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Same interface, same version.
    Exact,
    /// Same interface, a semver-compatible version.
    Compatible,
    /// `[compose] wrap`: the importer stands in front of the exporter; at these bytes of the manifest, as in `Wired`.
    Wraps(Option<Range<usize>>),
    /// The exporter stands in front of the part named here, which would have met the import.
    InFrontOf(String),
    /// `[compose] wire`, at these bytes of the manifest (absent on the command line).
    Wired(Option<Range<usize>>),
    /// The types of another import, named here, come from there.
    TypesOf(String),
    /// Nothing but plain types, which no part exports: see [`Graph::types`].
    PlainTypes,
    /// No grant of the importer covers it; the family that would, if any: see [`Graph::denials`].
    Closed(Option<Family>),
}

/// Interfaces of the host that are closed to some parts, in one instance, so that what they share stays the same to
/// those parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// Full names, of the highest version wanted.
    pub interfaces: Vec<String>,
    /// The parts before which it stands.
    pub parts: Vec<String>,
}

/// An import left to the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostImport {
    /// The highest version wanted of its package on its semver track.
    pub import: String,
    /// Its name in the app where it is kept apart from other imports of the interface, because of what is granted to those
    /// who want it. What they want as well without one has nothing but types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Who wants it.
    pub wanted_by: Vec<Wanted>,
    /// Exports of parts that are the same interface in a version that is not compatible.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<Export>,
}

/// An instance that has an import from the host, and why it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    pub by: String,
    pub standing: Standing,
}

/// An export of the composed component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    pub name: String,
    pub from: String,
}

/// What the user decided about wiring, from the manifest or the command line.
#[derive(Debug, Clone, Default)]
pub struct Wiring {
    /// The text the places below are in.
    pub source: Option<Arc<SourceFile>>,
    /// `part` or `part/interface`. `None`: what parts export that no other part imports.
    pub exports: Option<Vec<Said>>,
    /// (part, interface without or with version) → part.
    pub wire: IndexMap<(String, String), Wire>,
    /// (part, interface without or with version) → the parts in front of it.
    pub wrap: IndexMap<(String, String), Wrap>,
    /// What becomes of imports that nothing here speaks of.
    pub rest: Rest,
    /// Imports left to the host on purpose, without or with version: outside `wasi`, or of it where no grant covers them.
    pub open: Vec<Said>,
}

/// One thing the user said, with its place where it was said in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    pub at: Option<Range<usize>>,
}

/// One entry of `wire`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    pub key_at: Option<Range<usize>>,
    /// The part that provides: `part`, or `part/export` where it has several that fit.
    pub to: Said,
}

/// One entry of `wrap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrap {
    pub key_at: Option<Range<usize>>,
    /// The parts in front, the first of them called first.
    pub by: Vec<Said>,
}

/// What becomes of imports that are not wired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rest {
    /// They are met by the parts, where one fits.
    #[default]
    Planned,
    /// They are left to the host, whatever they are: the wiring is all there is.
    Host,
}

impl Said {
    /// Something said on the command line.
    pub fn plain(text: impl Into<String>) -> Said {
        Said { text: text.into(), at: None }
    }

    fn spanned(said: &Spanned<String>) -> Said {
        Said { text: said.value.clone(), at: Some(said.span.clone()) }
    }
}

impl Wiring {
    /// What `[compose]` says. A key of `wire` or `wrap` without a `/` is kept as a part with an empty interface, which the plan
    /// then refuses by name.
    pub fn from_manifest(manifest: &Manifest) -> Wiring {
        let compose = &manifest.compose;
        let wire = compose.wire.iter().map(|(key, wire)| {
            let (part, interface) = key.split_once('/').unwrap_or((key, ""));
            let to = Said::spanned(&wire.component);
            ((part.to_owned(), interface.to_owned()), Wire { key_at: Some(wire.key_span.clone()), to })
        });
        let wrap = compose.wrap.iter().map(|(key, wrap)| {
            let (part, interface) = key.split_once('/').unwrap_or((key, ""));
            let by = wrap.by.iter().map(Said::spanned).collect();
            ((part.to_owned(), interface.to_owned()), Wrap { key_at: Some(wrap.key_span.clone()), by })
        });
        Wiring {
            source: Some(manifest.source.clone()),
            exports: compose.exports.as_ref().map(|exports| exports.iter().map(Said::spanned).collect()),
            wire: wire.collect(),
            wrap: wrap.collect(),
            rest: Rest::Planned,
            open: compose.open.iter().map(Said::spanned).collect(),
        }
    }
}
