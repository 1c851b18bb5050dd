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
mod memory;
mod names;
mod read;
mod recipe;
mod sections;
mod shape;
mod types;
mod union;
mod validate;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use indexmap::IndexMap;

use self::recipe::{Content, Recipe};
pub use self::{
    error::Error,
    memory::Memory,
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
    /// Of all that is known of its types.
    types: blake3::Hash,
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
    Ok(composed(graph, parts, options)?.1)
}

/// The same, with what it was made by.
fn composed(
    graph: &Graph,
    parts: &IndexMap<String, PartBytes>,
    options: &Options,
) -> Result<(Recipe, Composed), Error> {
    validate::size(graph)?;
    let (recipe, reduced) = encode::encode(graph, parts)?;
    validate::reduced(&reduced)?;
    let contents =
        parts.iter().map(|(name, part)| (name.as_str(), Content { bytes: &part.bytes, language: part.part.language }));
    let composed = filled(&recipe, &contents.collect(), options)?;
    Ok((recipe, composed))
}

fn filled(recipe: &Recipe, parts: &HashMap<&str, Content<'_>>, options: &Options) -> Result<Composed, Error> {
    let bytes = recipe.fill(parts, options)?;
    if options.validation == Validation::Full {
        validate::app(&bytes)?;
    }
    let digest = blake3::hash(&bytes).to_hex().to_string();
    Ok(Composed { bytes, digest, exports: recipe.exports.clone(), imports_left: recipe.imports.clone() })
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
    let parts = named(paths.iter().map(|path| file(path)).collect::<Result<_, _>>()?)?;
    app(&parts, wiring, options, how)
}

/// Parts by their names, each of which is one part's.
fn named<T>(parts: Vec<(String, T)>) -> Result<IndexMap<String, T>, Error> {
    let mut by_name = IndexMap::with_capacity(parts.len());
    let mut failures = Vec::new();
    for (name, part) in parts {
        if by_name.insert(name.clone(), part).is_some() {
            failures.push(plan::error::Failure::SameName { part: name });
        }
    }
    if failures.is_empty() { Ok(by_name) } else { Err(plan::Error { failures, source: None }.into()) }
}

/// Composes component files as [`files`] does, without what is remembered of them.
pub fn files_again(
    paths: &[PathBuf],
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
    memory: &mut Memory,
) -> Result<Composed, Error> {
    // One stack for all of it.
    resolve::guarded(|| {
        let read = paths.iter().map(|path| read::binary_file(path)).collect::<Result<_, _>>()?;
        let files: IndexMap<String, Vec<u8>> = named(read)?;
        let mut parts: IndexMap<&str, PartBytes> = IndexMap::new();
        let mut key = blake3::Hasher::new();
        key.update(
            format!("{} {wiring:?} {:?} {:?}", env!("MOSAIC_COMPOSER"), options.unused, options.grants).as_bytes(),
        );
        for (name, bytes) in &files {
            let digest = blake3::hash(bytes);
            let types = match memory.types(&digest) {
                Some(types) => types,
                None => {
                    let part = component(name, bytes.clone(), None)?;
                    let types = part.types;
                    memory.valid(digest, types);
                    parts.insert(name, part);
                    types
                }
            };
            key.update(name.as_bytes()).update(&[0]).update(types.as_bytes());
        }
        let key = key.finalize();
        if let Some(recipe) = memory.recipe(&key) {
            let content =
                |(name, bytes)| (String::as_str(name), Content { bytes: Vec::as_slice(bytes), language: None });
            return filled(&recipe, &files.iter().map(content).collect(), how);
        }
        let mut all = IndexMap::with_capacity(files.len());
        for (name, bytes) in &files {
            let part = match parts.shift_remove(name.as_str()) {
                Some(part) => part,
                None => component(name, bytes.clone(), None)?,
            };
            all.insert(name.clone(), part);
        }
        let decoded: Vec<Part> = all.values().map(|given| given.part.clone()).collect();
        let (recipe, composed) = composed(&plan::plan(&decoded, wiring, options)?, &all, how)?;
        memory.keep(&key, &recipe);
        Ok(composed)
    })?
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
