//! From components to one component.
//!
//! 1. [`component`] and [`file`] read a part: validated in full, its world decoded ([`read`]). What is kept of it is its
//!    world and its type, written down ([`signature`]); of a file whose interfaces are self-contained the type alone, of
//!    which the planner is given an outline.
//! 2. The planner wires the parts ([`crate::plan`]); [`app`] does both steps for parts whose wiring is not known
//!    yet, [`as_planned`] for parts that were planned before they were built, and [`files_again`] for files, of which it
//!    remembers what it can and holds no more than it must ([`files`](mod@files)): large ones are read by pieces
//!    ([`source`]), and validated without their bulk in memory ([`skeleton`]).
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
mod files;
mod memory;
mod names;
mod read;
mod recipe;
mod sections;
mod shape;
mod signature;
mod skeleton;
mod source;
mod types;
mod union;
mod validate;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use indexmap::IndexMap;

use self::{
    encode::Typed,
    recipe::{Content, Recipe},
    signature::Signature,
};
pub use self::{
    error::Error,
    files::{Assembly, Took, files_again},
    memory::Memory,
    names::module_name,
    read::{component, file},
    sections::Malformed,
};
use crate::{
    diagnostic::SourceFile,
    language::Language,
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
    signature: Arc<Signature>,
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
    let typed = parts
        .iter()
        .map(|(name, PartBytes { part, signature, .. })| (name.as_str(), Typed { part: Some(part), signature }));
    let recipe = draft(graph, &typed.collect())?.proven()?;
    let mut contents = HashMap::new();
    for (name, PartBytes { part, bytes, .. }) in parts {
        contents.insert(name.as_str(), Content::held(bytes, part.language, options)?);
    }
    let bytes = filled(&recipe, &contents, options)?;
    Ok(Composed { bytes, exports: recipe.exports, imports_left: recipe.imports })
}

/// All of an app but its parts, and what is left to prove of it.
struct Draft {
    recipe: Recipe,
    reduced: Vec<u8>,
}

fn draft(graph: &Graph, parts: &IndexMap<&str, Typed<'_>>) -> Result<Draft, Error> {
    validate::size(graph)?;
    let (recipe, reduced) = encode::encode(graph, parts)?;
    Ok(Draft { recipe, reduced })
}

impl Draft {
    /// The parts fit together.
    fn proven(self) -> Result<Recipe, Error> {
        validate::reduced(&self.reduced)?;
        Ok(self.recipe)
    }
}

fn filled(recipe: &Recipe, parts: &HashMap<&str, Content<'_>>, options: &Options) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    recipe.write(parts, options, &mut bytes)?;
    if options.validation == Validation::Full {
        validate::app(&bytes)?;
    }
    Ok(bytes)
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

/// How to plan again, from its components, what was planned before they were built: exports are those of the plan, and
/// a part whose code does not call what its world imports is no reason to leave another out. The wiring is decided anew.
pub fn replanned(planned: &Graph, wiring: &Wiring, options: &plan::Options) -> (Wiring, plan::Options) {
    let of_parts = planned.exports.iter().filter(|export| !planned.types.contains_key(&export.from));
    let exports = of_parts.map(|export| Said::plain(format!("{}/{}", export.from, export.name))).collect();
    let wiring = Wiring { exports: Some(exports), ..wiring.clone() };
    (wiring, plan::Options { unused: plan::Unused::Allow, ..options.clone() })
}

/// Composes what was planned before it was built ([`replanned`]).
pub fn as_planned(
    planned: &Graph,
    parts: &IndexMap<String, PartBytes>,
    wiring: &Wiring,
    options: &plan::Options,
    how: &Options,
) -> Result<(Graph, Composed), Error> {
    let (wiring, options) = replanned(planned, wiring, options);
    app(parts, &wiring, &options, how)
}

/// A component file; its part is named after it where no name is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub name: Option<String>,
    pub path: PathBuf,
    /// Where it is known.
    pub language: Option<Language>,
}

impl Given {
    /// What the part is called: as said, else as its file, without what follows the first dot.
    pub fn called(&self) -> String {
        self.name.clone().unwrap_or_else(|| read::name(&self.path))
    }
}

impl From<PathBuf> for Given {
    fn from(path: PathBuf) -> Given {
        Given { name: None, path, language: None }
    }
}

/// Reads component files, binary or text, as parts. A file that is given several times is several parts.
pub fn given(files: &[Given]) -> Result<IndexMap<String, PartBytes>, Error> {
    // One stack for all of it.
    resolve::guarded(|| by_name(files, read::given))?
}

/// What files hold, by their parts' names, each of which is one part's.
fn by_name<T>(
    files: &[Given],
    mut read: impl FnMut(&str, &Given) -> Result<T, Error>,
) -> Result<IndexMap<String, T>, Error> {
    let mut parts = IndexMap::with_capacity(files.len());
    let mut failures = Vec::new();
    for given in files {
        let name = given.called();
        let part = read(&name, given)?;
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
