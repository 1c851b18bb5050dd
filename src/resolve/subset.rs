//! The part of some WIT that one world reaches, as text of its own.
//!
//! What is kept: the world, every interface it imports or exports, and every interface whose types those use. The world
//! is printed elaborated (`include` is gone, what its interfaces need is imported by name), which means the same.
//! Interfaces are kept whole, with their comments: bindings show them.

use std::collections::HashSet;

use wit_component::WitPrinter;
use wit_parser::{InterfaceId, PackageId, PackageName, Resolve, Type, TypeDefKind, TypeId, World, WorldId, WorldItem};

use super::error::Kind;

/// What [`print`] gives.
pub(super) struct Subset {
    /// The world's package, then all others nested.
    pub text: String,
    pub packages: Vec<PackageName>,
}

/// Prints what a world reaches.
pub(super) fn print(resolve: &Resolve, world: WorldId) -> Result<Subset, Kind> {
    let kept = interfaces(resolve, &resolve.worlds[world]);
    let main = resolve.worlds[world].package;

    // The printer goes by the lists of each package: what is not listed is not printed.
    let mut subset = resolve.clone();
    for (_, package) in subset.packages.iter_mut() {
        package.interfaces.retain(|_, id| kept.contains(id));
        package.worlds.retain(|_, id| *id == world);
    }
    let listed = |id: &PackageId| !subset.packages[*id].interfaces.is_empty() || Some(*id) == main;
    let mut packages: Vec<_> = subset.packages.iter().map(|(id, _)| id).filter(listed).collect();
    packages.sort_by_key(|id| (Some(*id) != main, subset.packages[*id].name.clone()));

    let printed = match packages.split_first() {
        Some((main, nested)) => {
            let mut printer = WitPrinter::default();
            printer.print(&subset, *main, nested).map(|()| printer.output.to_string())
        }
        None => Ok(String::new()),
    };
    Ok(Subset {
        text: printed.map_err(|e| Kind::Rejected { message: format!("{e:#}") })?,
        packages: packages.iter().map(|id| subset.packages[*id].name.clone()).collect(),
    })
}

/// Every interface that a world reaches.
fn interfaces(resolve: &Resolve, world: &World) -> HashSet<InterfaceId> {
    let mut reached = HashSet::new();
    let mut next = Vec::new();
    for item in world.imports.values().chain(world.exports.values()) {
        match item {
            WorldItem::Interface { id, .. } => next.push(*id),
            WorldItem::Type { id, .. } => next.extend(used(resolve, *id)),
            // Its types are the world's own or come by `use`: both are items of the world.
            WorldItem::Function(_) => {}
        }
    }
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            next.extend(resolve.interface_direct_deps(id));
        }
    }
    reached
}

/// The interface that a type of a world was taken from by `use`.
fn used(resolve: &Resolve, id: TypeId) -> Option<InterfaceId> {
    match resolve.types[id].kind {
        TypeDefKind::Type(Type::Id(_)) => resolve.type_interface_dep(id),
        _ => None,
    }
}
