//! From components to one component.
//!
//! 1. [`component`] and [`file`] read a part: validated in full, its world decoded ([`read`]).
//! 2. The planner wires the parts ([`crate::plan`]); [`app`] does both steps for parts whose wiring is not known
//!    yet, [`as_planned`] for parts that were planned before they were built.
//! 3. [`compose`] bounds what it is given, encodes the graph ([`encode`]), core modules that parts share once
//!    ([`dedupe`]), and validates the whole ([`validate`]).
//!
//! What the graph closes to parts is met by a component that refuses it ([`deny`]), what is nothing but plain types by
//! one that defines them ([`types`]).
//!
//! Invariants: pure, bytes in and bytes out, the same for the same input; knows no manifest and no project; nothing a
//! component says ends in a panic or an overflow of the caller's stack.

mod dedupe;
mod deny;
mod encode;
mod error;
mod names;
mod read;
mod sections;
mod shape;
mod types;
mod union;
mod validate;

use std::{path::PathBuf, sync::Arc};

use indexmap::IndexMap;

pub use self::{
    error::Error,
    names::module_name,
    read::{component, file},
    sections::Malformed,
    validate::features,
};
use crate::{
    plan::{
        self,
        graph::{Graph, Said, Wiring},
    },
    resolve::{self, Part},
};

/// A component with the world that was decoded from these very bytes.
#[derive(Debug, Clone)]
pub struct PartBytes {
    pub part: Part,
    /// Binary.
    pub bytes: Arc<[u8]>,
    shape: Arc<shape::Shape>,
}

/// How to write an app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    pub modules: Modules,
    pub debug: DebugInfo,
    pub validation: Validation,
}

/// Where core modules are stored that several parts have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Modules {
    /// Once, in the app.
    #[default]
    Shared,
    /// In each part.
    Apart,
}

/// What becomes of debug information. Names are kept either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DebugInfo {
    #[default]
    Keep,
    Strip,
}

/// How much of an app is validated. Its parts have been, each in full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Validation {
    /// How the parts fit together, by their types.
    #[default]
    Types,
    /// The bytes that are given back, all of them.
    Full,
}

/// The app.
#[derive(Debug, Clone)]
pub struct Composed {
    pub bytes: Vec<u8>,
    /// BLAKE3 of the bytes, in hexadecimal.
    pub digest: String,
    /// In the component's order.
    pub exports: Vec<String>,
    /// Left to the host, in the component's order.
    pub imports_left: Vec<String>,
}

/// Composes parts by a graph that was planned from them: from the decoded worlds, which name what a language's runtime
/// imports and leave out what no code uses.
pub fn compose(graph: &Graph, parts: &IndexMap<String, PartBytes>, options: &Options) -> Result<Composed, Error> {
    validate::size(graph)?;
    let encoded = encode::encode(graph, parts, options)?;
    validate::reduced(&encoded.reduced)?;
    let bytes = encoded.bytes();
    if options.validation == Validation::Full {
        validate::app(&bytes)?;
    }
    let digest = blake3::hash(&bytes).to_hex().to_string();
    Ok(Composed { bytes, digest, exports: encoded.exports, imports_left: encoded.imports })
}

/// Plans and composes parts, by name and in this order.
pub fn app(
    parts: &IndexMap<String, PartBytes>,
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
) -> Result<(Graph, Composed), Error> {
    let decoded: Vec<Part> = parts.values().map(|given| given.part.clone()).collect();
    let graph = plan::plan(&decoded, wiring, options)?;
    let composed = compose(&graph, parts, how)?;
    Ok((graph, composed))
}

/// Composes what was planned before it was built: exports are those of the plan, and a part whose code does not call
/// what its world imports is no reason to leave another out. The wiring is decided anew from the components.
pub fn as_planned(
    planned: &Graph,
    parts: &IndexMap<String, PartBytes>,
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
) -> Result<(Graph, Composed), Error> {
    let of_parts = planned.exports.iter().filter(|export| !planned.types.contains_key(&export.from));
    let exports = of_parts.map(|export| Said::plain(format!("{}/{}", export.from, export.name))).collect();
    let wiring = Wiring { exports: Some(exports), ..wiring.clone() };
    let options = plan::Options { unused: plan::Unused::Allow, ..options.clone() };
    app(parts, &wiring, &options, how)
}

/// Plans and composes component files, binary or text; each part is named after its file.
pub fn files(
    paths: &[PathBuf],
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
) -> Result<(Graph, Composed), Error> {
    // One stack for all of it.
    resolve::guarded(|| of_files(paths, wiring, options, how))?
}

fn of_files(
    paths: &[PathBuf],
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
) -> Result<(Graph, Composed), Error> {
    let mut parts = IndexMap::new();
    let mut failures = Vec::new();
    for path in paths {
        let (name, part) = file(path)?;
        if parts.insert(name.clone(), part).is_some() {
            failures.push(plan::error::Failure::SameName { part: name });
        }
    }
    if !failures.is_empty() {
        return Err(plan::Error { failures, source: None }.into());
    }
    app(&parts, wiring, options, how)
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
