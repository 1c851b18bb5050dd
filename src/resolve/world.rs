//! Which world of its WIT a component is written against.
//!
//! The one the manifest names (`auth`, or with its package `acme:shop/auth@0.1.0`); else the one named like the
//! component; else the only one of the package.

use wit_parser::{PackageId, PackageName, ParsedUsePath, Resolve, WorldId, parse_use_path};

use super::{error::Kind, universe::Universe};

/// The package of a world that is named with it.
pub(super) fn package_of(world: &str) -> Option<PackageName> {
    match parse_use_path(world) {
        Ok(ParsedUsePath::Package(package, _)) => Some(package),
        Ok(ParsedUsePath::Name(_)) | Err(_) => None,
    }
}

/// A world's name with its package and version, `acme:shop/auth@0.1.0`.
pub(super) fn full_name(resolve: &Resolve, world: WorldId) -> String {
    let world = &resolve.worlds[world];
    match world.package {
        Some(package) => resolve.id_of_name(package, &world.name),
        None => world.name.clone(),
    }
}

/// Selects the world of a component.
pub(super) fn select(universe: &Universe, component: &str, asked: Option<&str>) -> Result<WorldId, Kind> {
    let resolve = &universe.resolve;
    let main = universe.main.map(|id| &resolve.packages[id]);

    if let Some(asked) = asked {
        let missing = || Kind::NoSuchWorld {
            asked: asked.to_owned(),
            there: match asked.contains('/') {
                true => full_names(resolve, |_| true),
                false => main.map(|main| main.worlds.keys().cloned().collect()).unwrap_or_default(),
            },
        };
        return match parse_use_path(asked) {
            Ok(ParsedUsePath::Name(name)) => main.and_then(|main| main.worlds.get(&name).copied()).ok_or_else(missing),
            Ok(ParsedUsePath::Package(package, name)) => {
                let package = resolve.package_names.get(&package).copied().or_else(|| only_version(resolve, &package));
                package.and_then(|id| resolve.packages[id].worlds.get(&name).copied()).ok_or_else(missing)
            }
            Err(_) => Err(Kind::BadWorldName { asked: asked.to_owned() }),
        };
    }

    let worlds = main.map(|main| &main.worlds);
    match worlds {
        Some(worlds) if worlds.contains_key(component) => Ok(worlds[component]),
        Some(worlds) if worlds.len() == 1 => Ok(worlds[0]),
        Some(worlds) if worlds.len() > 1 => Err(Kind::WorldUnclear { there: worlds.keys().cloned().collect() }),
        Some(_) | None => Err(Kind::NoWorld { elsewhere: full_names(resolve, |package| package != universe.main) }),
    }
}

/// A package named without its version, where there is only one of that name.
fn only_version(resolve: &Resolve, asked: &PackageName) -> Option<PackageId> {
    if asked.version.is_some() {
        return None;
    }
    let mut named =
        resolve.package_names.iter().filter(|(name, _)| name.namespace == asked.namespace && name.name == asked.name);
    let (_, id) = named.next()?;
    named.next().is_none().then_some(*id)
}

/// The full names of the worlds of some packages, sorted.
fn full_names(resolve: &Resolve, of: impl Fn(Option<PackageId>) -> bool) -> Vec<String> {
    let worlds = resolve.worlds.iter().filter(|(_, world)| of(world.package));
    let mut names: Vec<_> = worlds.map(|(id, _)| full_name(resolve, id)).collect();
    names.sort();
    names
}
