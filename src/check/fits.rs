//! Whether a component built for one world runs where another is offered, as an engine has it when it instantiates one.
//!
//! It does if each of its imports is there, with all that it uses of it, and if it has each export that is asked for,
//! with all that is asked of it ([`crate::compare`]). Compatible versions match.

use std::{collections::HashMap, fmt};

use wit_parser::{InterfaceId, LiveTypes, Resolve, WorldId, WorldItem, WorldKey};

use crate::compare::{self, Difference, Name, Side};

/// One reason why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfit {
    pub port: Port,
    /// With its version, as the component has it, or the world that asks for it.
    pub name: String,
    pub why: Why,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    Import,
    Export,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// An import that is not offered, or an export that is asked for and not there.
    Missing,
    /// A function on one side, an interface on the other.
    OtherKind,
    Differs(Box<Difference>),
}

/// Every reason why a component built for a world does not run where another is offered; none if it does.
pub(super) fn unfit(built: (&Resolve, WorldId), offered: (&Resolve, WorldId)) -> Vec<Unfit> {
    let (resolve, world) = (built.0, &built.0.worlds[built.1]);
    let (other, there) = (offered.0, &offered.0.worlds[offered.1]);
    let live = live(resolve, built.1);
    let offers = by_track(other, &there.imports);
    let has = by_track(resolve, &world.exports);
    let mut unfit = Vec::new();
    let mut tell = |port, name: &str, why| unfit.push(Unfit { port, name: name.to_owned(), why });
    for (key, item) in &world.imports {
        let name = resolve.name_world_key(key);
        let found = offers.get(&Name::new(&name).canonical()).copied();
        let differences = match (item, found) {
            (WorldItem::Interface { id, .. }, Some(WorldItem::Interface { id: found, .. })) => {
                let (expected, found) = (Side { resolve, item: *id }, Side { resolve: other, item: *found });
                compare::interfaces_as_used(expected, found, &live).differences
            }
            (WorldItem::Function(function), Some(WorldItem::Function(found))) => {
                let expected = Side { resolve, item: (built.1, function) };
                compare::functions(expected, Side { resolve: other, item: (offered.1, found) }).differences
            }
            (WorldItem::Type { .. }, _) => Vec::new(),
            (WorldItem::Interface { id, .. }, None) if !is_needed(resolve, *id, &live) => Vec::new(),
            (_, None) => {
                tell(Port::Import, &name, Why::Missing);
                continue;
            }
            (_, Some(_)) => {
                tell(Port::Import, &name, Why::OtherKind);
                continue;
            }
        };
        differences.into_iter().for_each(|it| tell(Port::Import, &name, Why::Differs(Box::new(it))));
    }
    for (key, item) in &there.exports {
        let name = other.name_world_key(key);
        let differences = match (item, has.get(&Name::new(&name).canonical()).copied()) {
            (WorldItem::Interface { id, .. }, Some(WorldItem::Interface { id: found, .. })) => {
                let (expected, found) = (Side { resolve: other, item: *id }, Side { resolve, item: *found });
                compare::interfaces(expected, found).differences
            }
            (WorldItem::Function(function), Some(WorldItem::Function(found))) => {
                let expected = Side { resolve: other, item: (offered.1, function) };
                compare::functions(expected, Side { resolve, item: (built.1, found) }).differences
            }
            (WorldItem::Type { .. }, _) => Vec::new(),
            (_, None) => {
                tell(Port::Export, &name, Why::Missing);
                continue;
            }
            (_, Some(_)) => {
                tell(Port::Export, &name, Why::OtherKind);
                continue;
            }
        };
        differences.into_iter().for_each(|it| tell(Port::Export, &name, Why::Differs(Box::new(it))));
    }
    unfit
}

/// What a component exports beyond what a world asks for.
pub(super) fn beyond(built: (&Resolve, WorldId), offered: (&Resolve, WorldId)) -> Vec<String> {
    let asked = by_track(offered.0, &offered.0.worlds[offered.1].exports);
    let exports = &built.0.worlds[built.1].exports;
    let names = exports.iter().filter(|(_, item)| !matches!(item, WorldItem::Type { .. }));
    let names = names.map(|(key, _)| built.0.name_world_key(key));
    names.filter(|name| !asked.contains_key(&Name::new(name).canonical())).collect()
}

/// Items by their names, compatible versions under one.
fn by_track<'a>(
    resolve: &Resolve,
    items: &'a wit_parser::IndexMap<WorldKey, WorldItem>,
) -> HashMap<String, &'a WorldItem> {
    items.iter().map(|(key, item)| (Name::new(&resolve.name_world_key(key)).canonical(), item)).collect()
}

/// The types that a component has: those its functions reach, and all of the interfaces that it exports.
fn live(resolve: &Resolve, world: WorldId) -> LiveTypes {
    let mut live = LiveTypes::default();
    let world = &resolve.worlds[world];
    for item in world.imports.values() {
        match item {
            WorldItem::Interface { id, .. } => {
                resolve.interfaces[*id].functions.values().for_each(|function| live.add_func(resolve, function));
            }
            WorldItem::Function(function) => live.add_func(resolve, function),
            WorldItem::Type { .. } => {}
        }
    }
    for item in world.exports.values() {
        match item {
            WorldItem::Interface { id, .. } => live.add_interface(resolve, *id),
            WorldItem::Function(function) => live.add_func(resolve, function),
            WorldItem::Type { .. } => {}
        }
    }
    live
}

/// Whether a component imports an interface of its world at all.
fn is_needed(resolve: &Resolve, id: InterfaceId, live: &LiveTypes) -> bool {
    let interface = &resolve.interfaces[id];
    !interface.functions.is_empty() || interface.types.values().any(|ty| live.contains(*ty))
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = match self.port {
            Port::Import => "import",
            Port::Export => "export",
        };
        write!(f, "{port} `{}`: ", self.name)?;
        match &self.why {
            Why::Missing => f.write_str("not there"),
            Why::OtherKind => f.write_str("something else under that name"),
            Why::Differs(difference) => difference.fmt(f),
        }
    }
}
