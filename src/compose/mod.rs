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

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use indexmap::IndexMap;

use self::recipe::{Content, Recipe};
pub use self::{
    error::Error,
    memory::Memory,
    names::module_name,
    read::{component, file},
    sections::Malformed,
};
use crate::{
    diagnostic::SourceFile,
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
    /// In the component's order.
    pub exports: Vec<String>,
    /// Left to the host, in the component's order.
    pub imports_left: Vec<String>,
}

impl Composed {
    /// BLAKE3 of the bytes.
    pub fn digest(&self) -> blake3::Hash {
        blake3::hash(&self.bytes)
    }
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
    Ok(Composed { bytes, exports: recipe.exports.clone(), imports_left: recipe.imports.clone() })
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

/// A component file; its part is named after it where no name is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub name: Option<String>,
    pub path: PathBuf,
}

impl From<PathBuf> for Given {
    fn from(path: PathBuf) -> Given {
        Given { name: None, path }
    }
}

/// Reads component files, binary or text, as parts. A file that is given several times is several parts.
pub fn given(files: &[Given]) -> Result<IndexMap<String, PartBytes>, Error> {
    // One stack for all of it.
    resolve::guarded(|| by_name(files, read::named))?
}

/// What files hold, by their parts' names, each of which is one part's.
fn by_name<T>(files: &[Given], read: impl Fn(&str, &Path) -> Result<T, Error>) -> Result<IndexMap<String, T>, Error> {
    let mut parts = IndexMap::with_capacity(files.len());
    let mut failures = Vec::new();
    for Given { name, path } in files {
        let name = name.clone().unwrap_or_else(|| read::name(path));
        let part = read(&name, path)?;
        if parts.insert(name.clone(), part).is_some() {
            failures.push(plan::error::Failure::SameName { part: name });
        }
    }
    if failures.is_empty() { Ok(parts) } else { Err(plan::Error { failures, source: None }.into()) }
}

/// What a `.wac` text makes of components: an instance each time it says so, and the wiring.
pub fn instantiated(
    components: &IndexMap<String, PartBytes>,
    wac: &Arc<SourceFile>,
    unused: plan::Unused,
) -> Result<(IndexMap<String, PartBytes>, Wiring), Error> {
    let worlds = components.iter().map(|(name, component)| (name.clone(), component.part.clone())).collect();
    let read = plan::wac::read(wac, &worlds)?;
    let left = components.iter().filter(|(name, _)| !read.instances.values().any(|used| used == *name));
    let failures: Vec<_> = left
        .map(|(name, component)| plan::error::Failure::Unused {
            part: name.clone(),
            exports: plan::exports_of(&component.part),
        })
        .collect();
    if !failures.is_empty() && unused == plan::Unused::Refuse {
        return Err(plan::Error { failures, source: None }.into());
    }
    let parts = read.instances.iter().map(|(name, component)| {
        let component = &components[component];
        let part = Part { name: name.clone(), ..component.part.clone() };
        (name.clone(), PartBytes { part, ..component.clone() })
    });
    Ok((parts.collect(), read.wiring))
}

/// Plans and composes component files.
pub fn files(
    files: &[Given],
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
) -> Result<(Graph, Composed), Error> {
    app(&given(files)?, wiring, options, how)
}

/// Composes component files as [`files`] does, without what is remembered of them.
pub fn files_again(
    files: &[Given],
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
    memory: &mut Memory,
) -> Result<Composed, Error> {
    // One stack for all of it.
    resolve::guarded(|| {
        let files: IndexMap<String, Vec<u8>> = by_name(files, read::binary)?;
        let mut parts: IndexMap<&str, PartBytes> = IndexMap::new();
        let mut key = blake3::Hasher::new();
        let plan::Options { unused, grants, holdings, hosts, sources: _ } = options;
        let said = format!("{} {wiring:?} {unused:?} {grants:?} {holdings:?} {hosts:?}", env!("MOSAIC_COMPOSER"));
        key.update(said.as_bytes());
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
pub(crate) mod apart;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
pub(crate) mod generated;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
