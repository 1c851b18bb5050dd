//! The truth about two worlds, as an engine has it when it instantiates a component: the measure of all the rules.
//!
//! A component built for one world runs where the other is offered if each of its imports is there, with all that it
//! uses of it, and if it has each export that is asked for, with all that is asked of it ([`crate::compare`]).

use std::collections::HashMap;

use wit_parser::{LiveTypes, Resolve, WorldId, WorldItem, WorldKey};

use super::diff::Pair;
use crate::compare::{self, Change, Difference, Name, Side, Step};

/// Gives the new side the versions of the old where a package is the subject: whether a change fits does not depend on
/// the number it comes under.
pub(super) fn aligned(old: &Resolve, new: &Resolve, pairs: &[Pair]) -> Resolve {
    let mut aligned = new.clone();
    for &Pair { old: from, new: to } in pairs {
        aligned.packages[to].name.version.clone_from(&old.packages[from].name.version);
    }
    aligned
}

/// Why a component built for a world does not run where another is offered; nothing if it does.
pub(super) fn unfit(built: (&Resolve, WorldId), offered: (&Resolve, WorldId)) -> Vec<String> {
    let (resolve, world) = (built.0, &built.0.worlds[built.1]);
    let (other, there) = (offered.0, &offered.0.worlds[offered.1]);
    let live = live(resolve, built.1);
    let offers = by_track(other, &there.imports);
    let has = by_track(resolve, &world.exports);
    let mut unfit = Vec::new();
    for (key, item) in &world.imports {
        let name = resolve.name_world_key(key);
        let found = offers.get(&Name::new(&name).canonical()).copied();
        match (item, found) {
            (WorldItem::Interface { id, .. }, Some(WorldItem::Interface { id: found, .. })) => {
                let expected = Side { resolve, item: *id };
                let differences = compare::interfaces(expected, Side { resolve: other, item: *found }).differences;
                let used = |difference: &Difference| match (difference.change, difference.path.as_slice()) {
                    (Change::Missing, [Step::Type { name, .. }]) => {
                        resolve.interfaces[*id].types.get(name).is_some_and(|ty| live.contains(*ty))
                    }
                    _ => true,
                };
                let differences = differences.into_iter().filter(used);
                unfit.extend(differences.map(|difference| format!("import `{name}`: {difference}")));
            }
            (WorldItem::Function(function), Some(WorldItem::Function(found))) => {
                let expected = Side { resolve, item: (built.1, function) };
                let found = Side { resolve: other, item: (offered.1, found) };
                let differences = compare::functions(expected, found).differences;
                unfit.extend(differences.iter().map(|difference| format!("import `{name}`: {difference}")));
            }
            (WorldItem::Type { .. }, _) => {}
            (WorldItem::Interface { id, .. }, None) if !needed(resolve, *id, &live) => {}
            (_, _) => unfit.push(format!("import `{name}` is not there")),
        }
    }
    for (key, item) in &there.exports {
        let name = other.name_world_key(key);
        match (item, has.get(&Name::new(&name).canonical()).copied()) {
            (WorldItem::Interface { id, .. }, Some(WorldItem::Interface { id: found, .. })) => {
                let expected = Side { resolve: other, item: *id };
                let differences = compare::interfaces(expected, Side { resolve, item: *found }).differences;
                unfit.extend(differences.iter().map(|difference| format!("export `{name}`: {difference}")));
            }
            (WorldItem::Function(function), Some(WorldItem::Function(found))) => {
                let expected = Side { resolve: other, item: (offered.1, function) };
                let differences = compare::functions(expected, Side { resolve, item: (built.1, found) }).differences;
                unfit.extend(differences.iter().map(|difference| format!("export `{name}`: {difference}")));
            }
            (WorldItem::Type { .. }, _) => {}
            (_, _) => unfit.push(format!("export `{name}` is missing")),
        }
    }
    unfit
}

/// Items by their names, compatible versions under one.
fn by_track<'a>(
    resolve: &Resolve,
    items: &'a wit_parser::IndexMap<WorldKey, WorldItem>,
) -> HashMap<String, &'a WorldItem> {
    items.iter().map(|(key, item)| (Name::new(&resolve.name_world_key(key)).canonical(), item)).collect()
}

/// Types that a function reaches: a component imports no others.
fn live(resolve: &Resolve, world: WorldId) -> LiveTypes {
    let mut live = LiveTypes::default();
    let world = &resolve.worlds[world];
    for item in world.imports.values().chain(world.exports.values()) {
        match item {
            WorldItem::Interface { id, .. } => {
                resolve.interfaces[*id].functions.values().for_each(|function| live.add_func(resolve, function));
            }
            WorldItem::Function(function) => live.add_func(resolve, function),
            WorldItem::Type { .. } => {}
        }
    }
    // A component exports every type of the interfaces that it exports.
    for item in world.exports.values() {
        if let WorldItem::Interface { id, .. } = item {
            live.add_interface(resolve, *id);
        }
    }
    live
}

fn needed(resolve: &Resolve, id: wit_parser::InterfaceId, live: &LiveTypes) -> bool {
    let interface = &resolve.interfaces[id];
    !interface.functions.is_empty() || interface.types.values().any(|ty| live.contains(*ty))
}
