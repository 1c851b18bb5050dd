//! JavaScript and TypeScript components, built in this process by componentize-qjs, which carries QuickJS: no Node is
//! needed on the machine.
//!
//! 1. Shapes that the engine cannot carry are **refused** by rules with ids ([`rules`]).
//! 2. The entry module and all it imports are **read**, stripped of types and copied ([`modules`], [`strip`]).
//! 3. Its exports are **checked** against the world ([`check`]), since the engine would build without them.
//! 4. The engine is **mended** where it is wrong about 64-bit integers, methods and handles ([`bridge`], `mend.wat`).
//! 5. Engine, glue for the world and WASI are **linked** ([`link`]); the engine stays one module, the same in every part.
//! 6. The copy is **run once, at build time**, and the memory is kept ([`super::preinit::quickjs`]). What modules do at
//!    their top level is done then: any interface can be imported, none be called before the host calls an export.
//! 7. What only the build needed is taken out ([`finish`]): the component has exactly the imports and exports of its
//!    world, and those of the engine.
//!
//! The engine without component-model async is taken where no function of the world is async.
//! How WIT values look in JavaScript is written in [`types`].

mod bridge;
mod check;
mod declarations;
mod error;
mod finish;
mod globals;
mod graft;
mod handles;
mod link;
mod modules;
mod names;
mod outline;
mod packages;
mod rules;
mod segments;
mod snapshot;
mod strip;
#[cfg(test)]
mod tests;
mod types;
mod wide;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use wit_parser::WorldItem;

pub use self::error::Error;
use self::modules::Modules;
use super::{
    backend::{Backend, Unit},
    staging::Folder,
};
use crate::{
    cache,
    diagnostic::{Diagnose, Problem},
    event::Events,
};

/// The version of the crate `componentize-qjs` that is built in.
pub const COMPONENTIZE_QJS: &str = "0.4.2";

/// The backend for JavaScript and TypeScript.
#[derive(Debug, Clone, Copy, Default)]
pub struct JavaScript;

impl Backend for JavaScript {
    fn check(&self, unit: &Unit) -> Vec<Problem> {
        let mut errors = Vec::new();
        if let Some(engine) = unit.engine.as_ref().filter(|engine| *engine != "quickjs") {
            errors.push(Error::Engine { engine: engine.clone() });
        }
        errors.extend(rules::refused(&unit.part.resolve, unit.part.world));
        match read(unit) {
            Ok(modules) => {
                errors.extend(check::check(&modules, &names::exports(&unit.part.resolve, unit.part.world)));
            }
            Err(found) => errors.extend(found),
        }
        told(unit, errors)
    }

    fn tools(&self, _unit: &Unit) -> Result<Vec<String>, Problem> {
        Ok(vec![format!("componentize-qjs {COMPONENTIZE_QJS}"), "oxc 0.146.0".to_owned()])
    }

    fn bindings(&self, unit: &Unit, folder: &Path) -> Result<(), Problem> {
        let path = folder.join("world.d.ts");
        let text = declarations::world(&unit.part.resolve, unit.part.world);
        if std::fs::read(&path).ok().as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        cache::write_whole(&path, text.as_bytes())
            .map_err(|source| first(unit, vec![Error::Write { path: Folder::of(unit).shown(&path), source }]))
    }

    fn build(&self, unit: &Unit, _events: Events<'_>) -> Result<Vec<u8>, Problem> {
        let modules = read(unit).map_err(|errors| first(unit, errors))?;
        let mut component = snapshot::build(unit, &modules).map_err(|error| first(unit, vec![error]))?;
        modules.sources().record(&mut component);
        packages::record(&modules.files(), &mut component);
        Ok(component)
    }

    fn read(&self, unit: &Unit) -> Vec<PathBuf> {
        read(unit).map(|modules| modules.files()).unwrap_or_default()
    }
}

fn told(unit: &Unit, errors: Vec<Error>) -> Vec<Problem> {
    errors.iter().flat_map(Diagnose::problems).map(|problem| problem.in_component(&unit.part.name)).collect()
}

/// The first problem of errors that are never empty.
fn first(unit: &Unit, errors: Vec<Error>) -> Problem {
    told(unit, errors).into_iter().next().unwrap_or_else(|| Problem::error("javascript::builder", "nothing was built"))
}

fn read(unit: &Unit) -> Result<Modules, Vec<Error>> {
    let folder = Folder::of(unit);
    let entry = modules::entry(folder, &unit.part.name).map_err(|error| vec![error])?;
    Modules::read(folder, entry, &specifiers(unit))
}

/// What the engine provides modules for: imported interfaces that have functions, with and without their version; and the
/// bridges that stand before them.
fn specifiers(unit: &Unit) -> BTreeMap<String, Option<String>> {
    let resolve = &unit.part.resolve;
    let bridges = bridge::bridge(resolve, unit.part.world, "").imports;
    let bridge = |specifier: &str| bridges.get(specifier).map(|name| format!("{}/{name}", bridge::FOLDER));
    let mut specifiers = BTreeMap::new();
    for (key, item) in &resolve.worlds[unit.part.world].imports {
        if let WorldItem::Interface { id, .. } = item
            && !resolve.interfaces[*id].functions.is_empty()
        {
            let full = resolve.name_world_key(key);
            specifiers.extend(full.split_once('@').map(|(bare, _)| (bare.to_owned(), bridge(bare))));
            let leads_to = bridge(&full);
            specifiers.insert(full, leads_to);
        }
    }
    specifiers
}
