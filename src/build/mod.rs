//! From sources to components: one backend a language, in parallel, nothing twice.
//!
//! Each unit goes its way by itself ([`unit`]), several at a time ([`lanes`]).
//!
//! What holds: one process at a time works in an output folder; a failed unit leaves what was there before, and does not
//! keep the others from being built; every failure is told. Only backends start processes.

pub mod backend;
mod bindings;
pub mod command;
pub mod componentize;
mod conform;
pub mod error;
pub mod go;
#[cfg(feature = "javascript")]
pub mod javascript;
mod lanes;
pub mod leftovers;
mod preinit;
#[cfg(feature = "python")]
pub mod python;
mod record;
pub mod rust;
mod shapes;
mod staging;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trial;
mod unit;

use std::{num::NonZeroUsize, path::PathBuf};

use blake3::Hash;
use indexmap::IndexMap;

pub use self::error::{Error, Failure};
use self::{
    backend::{Backend, Unit},
    lanes::{gathered, in_parallel},
};
use crate::{
    cache::{self, Home, Lock},
    event::Events,
    language::Language,
    project::Layout,
};

/// How to build.
#[derive(Debug, Clone)]
pub struct Options {
    pub layout: Layout,
    pub home: Home,
    /// Units built at the same time.
    pub jobs: NonZeroUsize,
    pub reuse: Reuse,
}

/// What of earlier builds is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Parts that are fresh, and those in the user's store.
    Fresh,
    /// Nothing: every unit is built.
    Nothing,
}

/// Component → what was built, in the units' order.
pub type Artifacts = IndexMap<String, Artifact>;

/// A part that is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// `target/mosaic/components/<component>.wasm`; absolute.
    pub path: PathBuf,
    /// BLAKE3 of the file.
    pub digest: Hash,
    /// Nothing was compiled for it.
    pub fresh: bool,
}

/// Builds every unit that is not fresh. On failure the parts that could be built are built all the same.
///
/// Bindings of all units are there before the first compiler starts: where crates share a cargo workspace, none can be
/// built while another's are missing. Whoever builds only some units of a project calls [`bindings`] with all first.
pub fn build(units: &[Unit], options: &Options, events: Events<'_>) -> Result<Artifacts, Error> {
    let _lock = lock(&options.layout, events)?;
    shared_sources(units)?;
    let prepared = in_parallel(units, options.jobs, |_, unit| unit::prepare(unit, options, events));
    let results = in_parallel(units, options.jobs, |index, unit| match &prepared[index] {
        Ok(prepared) => unit::build(unit, prepared, options, events),
        // Told below, in the place of this.
        Err(_) => Err(Vec::new()),
    });
    let results = prepared.into_iter().zip(results).map(|(prepared, built)| prepared.and(built));
    gathered(units, results.collect())
}

/// The parts as they are on disk, if every one is fresh; else an error that names those to be built. Starts no compiler.
pub fn built(units: &[Unit], options: &Options) -> Result<Artifacts, Error> {
    let results = in_parallel(units, options.jobs, |_, unit| {
        let stale = || vec![Failure::Stale { component: unit.part.name.clone() }];
        unit::built(unit, &options.layout)?.ok_or_else(stale)
    });
    gathered(units, results)
}

/// The components that a build would compile, or take from the user's store. Starts no compiler.
pub fn stale(units: &[Unit], options: &Options) -> Result<Vec<String>, Error> {
    let results = in_parallel(units, options.jobs, |_, unit| unit::built(unit, &options.layout));
    let found = gathered(units, results)?;
    Ok(found.into_iter().filter(|(_, artifact)| artifact.is_none()).map(|(component, _)| component).collect())
}

/// Brings the bindings of every unit up to date. Starts no compiler.
pub fn bindings(units: &[Unit], options: &Options, events: Events<'_>) -> Result<(), Error> {
    let _lock = lock(&options.layout, events)?;
    shared_sources(units)?;
    let results = in_parallel(units, options.jobs, |_, unit| unit::bindings(unit, events));
    gathered(units, results).map(|_| ())
}

/// Keeps other processes out of the output folder while it lives.
fn lock(layout: &Layout, events: Events<'_>) -> Result<Lock, Failure> {
    let path = layout.out.join(".lock");
    let what = format!("another `cargo mosaic` in `{}`", layout.out.display());
    cache::lock(&path, &what, events).map_err(|error| Failure::Write { path, error })
}

/// The backend of a language; `None` where this Mosaic was compiled without it.
fn backend(language: Language) -> Option<&'static dyn Backend> {
    match language {
        Language::Rust => Some(&rust::Rust),
        Language::Command => Some(&command::Command),
        Language::Go => Some(&go::Go),
        #[cfg(feature = "python")]
        Language::Python => Some(&python::Python),
        #[cfg(feature = "javascript")]
        Language::JavaScript => Some(&javascript::JavaScript),
        #[cfg(not(all(feature = "python", feature = "javascript")))]
        _ => None,
    }
}

/// Refuses units that would write to each other's bindings.
fn shared_sources(units: &[Unit]) -> Result<(), Error> {
    let pairs =
        units.iter().enumerate().flat_map(|(i, first)| units[i + 1..].iter().map(move |second| (first, second)));
    let failures: Vec<Failure> = pairs
        .filter(|(first, second)| first.source == second.source && first.world != second.world)
        .map(|(first, second)| Failure::SharedSource {
            components: [first.part.name.clone(), second.part.name.clone()],
            folder: first.source.clone(),
        })
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(Error { failures }) }
}
