//! What a WebAssembly file is: plain data, read from its bytes alone.
//!
//! Takes bytes, never a project: it serves components that Mosaic did not build. Nothing here is cleaned: every string
//! is as the binary has it, and may hold what steers a terminal. Whoever prints one cleans it.

use indexmap::IndexMap;
use serde::Serialize;

use crate::resolve::Error;

mod language;
pub mod model;
pub mod picture;
pub mod sbom;
mod structure;
mod world;

pub use language::language;
pub use structure::{Custom, Module, Nested, Structure};
pub use world::{Item, Side, World};

/// What a file is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    pub kind: Kind,
    /// Bytes of the binary form.
    pub size: u64,
    /// Its interface. `None` for a core module.
    pub world: Option<World>,
    pub structure: Structure,
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Component,
    CoreModule,
    /// WIT, encoded.
    WitPackage,
}

/// A producers section: field (`language`, `processed-by`, `sdk`) → name → version.
pub type Producers = IndexMap<String, IndexMap<String, String>>;

/// Reads a component, core module or encoded WIT package, binary or text. `name` is what to call it in messages.
pub fn inspect(name: &str, bytes: &[u8]) -> Result<Inspection, Error> {
    let binary = crate::resolve::binary(name, bytes)?;
    let (kind, world) = world::read(name, &binary)?;
    let structure = structure::read(name, &binary)?;
    Ok(Inspection { kind, size: binary.len() as u64, world, structure })
}

#[cfg(test)]
mod tests;
