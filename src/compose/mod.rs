//! From components to one component.
//!
//! 1. [`component`] and [`file`] read a part: validated in full, its world decoded ([`read`]).
//! 2. The planner wires the parts ([`crate::plan`]); [`app`] does both steps for parts whose wiring is not known
//!    yet, [`as_planned`] for parts that were planned before they were built.
//! 3. [`compose`] bounds what it is given, encodes the graph ([`encode`]), and holds the result against it: the imports
//!    left are those the plan leaves to the host, the exports those it names, and the whole is valid ([`validate`]).
//!
//! What the graph closes to parts is met by a component that refuses it ([`deny`]), what is nothing but plain types by
//! one that defines them ([`types`]).
//!
//! Invariants: pure, bytes in and bytes out, the same for the same input; knows no manifest and no project; nothing a
//! component says ends in a panic or an overflow of the caller's stack.

mod deny;
mod encode;
mod error;
mod names;
mod read;
mod types;
mod union;
mod validate;

use std::{path::PathBuf, sync::Arc};

use indexmap::IndexMap;

pub use self::{
    error::Error,
    names::{Malformed, module_name, name_part},
    read::{component, file},
    validate::features,
};
use crate::{
    diagnostic::SourceFile,
    plan::{
        self,
        graph::{Graph, Said, Wiring},
    },
    resolve::Part,
};

/// A component with the world that was decoded from these very bytes.
#[derive(Debug, Clone)]
pub struct PartBytes {
    pub part: Part,
    /// Binary.
    pub bytes: Arc<[u8]>,
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
pub fn compose(graph: &Graph, parts: &IndexMap<String, PartBytes>) -> Result<Composed, Error> {
    validate::size(graph)?;
    let mut bytes = encode::encode(graph, parts)?;
    let surface = encode::checked(graph, &bytes)?;
    validate::app(&bytes)?;
    if let Some(section) = &graph.grants {
        section.append_to(&mut bytes);
    }
    let digest = blake3::hash(&bytes).to_hex().to_string();
    Ok(Composed { bytes, digest, exports: surface.exports, imports_left: surface.imports })
}

/// Plans and composes parts, by name and in this order.
pub fn app(
    parts: &IndexMap<String, PartBytes>,
    wiring: &Wiring,
    options: &plan::Options,
) -> Result<(Graph, Composed), Error> {
    let decoded: Vec<Part> = parts.values().map(|given| given.part.clone()).collect();
    let graph = plan::plan(&decoded, wiring, options)?;
    let composed = compose(&graph, parts)?;
    Ok((graph, composed))
}

/// Composes what was planned before it was built: exports are those of the plan, and a part whose code does not call
/// what its world imports is no reason to leave another out. The wiring is decided anew from the components.
pub fn as_planned(
    planned: &Graph,
    parts: &IndexMap<String, PartBytes>,
    wiring: &Wiring,
    options: &plan::Options,
) -> Result<(Graph, Composed), Error> {
    let of_parts = planned.exports.iter().filter(|export| !planned.types.contains_key(&export.from));
    let exports = of_parts.map(|export| Said::plain(format!("{}/{}", export.from, export.name))).collect();
    let wiring = Wiring { exports: Some(exports), ..wiring.clone() };
    let options = plan::Options { unused: plan::Unused::Allow, ..options.clone() };
    app(parts, &wiring, &options)
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
    let mut parts: IndexMap<String, PartBytes> = IndexMap::new();
    let mut failures = Vec::new();
    for Given { name, path } in files {
        let (name, part) = match name {
            Some(name) => (name.clone(), read::named(name, path)?),
            None => file(path)?,
        };
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
        let PartBytes { part, bytes } = &components[component];
        let part = Part { name: name.clone(), ..part.clone() };
        (name.clone(), PartBytes { part, bytes: bytes.clone() })
    });
    Ok((parts.collect(), read.wiring))
}

/// Plans and composes component files.
pub fn files(files: &[Given], wiring: &Wiring, options: &plan::Options) -> Result<(Graph, Composed), Error> {
    app(&given(files)?, wiring, options)
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
