//! Which instances refuse what parts are not granted.
//!
//! All that is closed to a part comes from one instance, and as many parts as can share one: then a resource that two of
//! them know is one resource, and an app has one denial however many parts it has.
//!
//! 1. What a closed interface uses of interfaces that are open to the part (streams, clocks), its denial must have from
//!    where the part has it. So parts share a denial where other parts give them the same of these, or none.
//! 2. A denial has each interface once per semver track, and all of a package in the highest version wanted.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use semver::Version;

use super::{
    graph::Denial,
    provider::Provider,
    surface::{Surface, used_interface},
    wire::Planner,
};
use crate::compare::Name;

/// What a denial is called; no part can be called so.
const NAME: &str = "mosaic:grants/denied";

/// One denial in the making.
#[derive(Default)]
pub(super) struct Group {
    /// Parts, in their order.
    pub parts: Vec<usize>,
    /// Full names, by semver track.
    pub interfaces: IndexMap<String, String>,
    /// Imports that its own interfaces use and that another instance meets: the part that has them, by semver track.
    pub uses: IndexMap<String, (usize, String)>,
}

/// The denials of an app, by name.
pub(super) fn groups(planner: &Planner<'_>) -> IndexMap<String, Group> {
    let mut groups: IndexMap<BTreeMap<String, (usize, String)>, Group> = IndexMap::new();
    for (part, surface) in planner.surfaces.iter().enumerate() {
        let closed = |import: &str| matches!(planner.decided(part, import), Some(Provider::Closed(_)));
        let interfaces: Vec<_> = surface.imports.iter().filter(|(import, _)| closed(import)).collect();
        if interfaces.is_empty() {
            continue;
        }
        let mut uses: IndexMap<String, (usize, String)> = IndexMap::new();
        let mut given = BTreeMap::new();
        let mut pending: Vec<_> = interfaces.iter().map(|(_, port)| *port).collect();
        while let Some(port) = pending.pop() {
            for import in port.dependencies() {
                let track = Name::new(&import).canonical();
                if uses.contains_key(&track) || closed(&import) {
                    continue;
                }
                pending.extend(surface.imports.get(&import));
                if let Some(Provider::Part { index, export, .. }) = planner.decided(part, &import) {
                    given.insert(track.clone(), (*index, export.clone()));
                }
                uses.insert(track, (part, import));
            }
        }
        let group = groups.entry(given).or_default();
        group.parts.push(part);
        for (import, _) in interfaces {
            let name = interface_of(surface, import);
            let known = group.interfaces.entry(Name::new(&name).canonical()).or_insert_with(|| name.clone());
            if Name::new(known).semver() < Name::new(&name).semver() {
                *known = name;
            }
        }
        for (track, import) in uses {
            group.uses.entry(track).or_insert(import);
        }
    }
    let named = groups.into_values().enumerate().map(|(index, group)| {
        let name = if index == 0 { NAME.to_owned() } else { format!("{NAME}-{}", index + 1) };
        (name, group.settled(planner))
    });
    named.collect()
}

/// The denial that meets a closed import of a part, and what it calls the interface.
pub(super) fn of<'g>(
    groups: &'g IndexMap<String, Group>,
    planner: &Planner<'_>,
    part: usize,
    import: &str,
) -> Option<(&'g str, &'g str)> {
    let (name, group) = groups.iter().find(|(_, group)| group.parts.contains(&part))?;
    let interface = interface_of(&planner.surfaces[part], import);
    Some((name, group.interfaces.get(&Name::new(&interface).canonical())?))
}

/// The interface that an import is, or is a type of.
fn interface_of(surface: &Surface<'_>, import: &str) -> String {
    surface.imports[import].implements.clone().unwrap_or_else(|| used_interface(surface, import))
}

impl Group {
    /// One version per package, and only those uses that no closed interface of another part is, nor the host has.
    fn settled(mut self, planner: &Planner<'_>) -> Group {
        let package = |name: &str| {
            let name = Name::new(name);
            Some((name.package()?.to_owned(), name.track()?.to_owned()))
        };
        let mut highest: BTreeMap<_, Version> = BTreeMap::new();
        for name in self.interfaces.values() {
            if let Some((package, version)) = package(name).zip(Name::new(name).semver()) {
                let known = highest.entry(package).or_insert_with(|| version.clone());
                *known = version.max(known.clone());
            }
        }
        for name in self.interfaces.values_mut() {
            if let Some(version) = package(name).and_then(|package| highest.get(&package)) {
                *name = format!("{}@{version}", Name::new(name).base);
            }
        }
        let interfaces = &self.interfaces;
        self.uses.retain(|track, (part, import)| {
            !interfaces.contains_key(track) && !matches!(planner.decided(*part, import), Some(Provider::Host) | None)
        });
        self
    }

    /// As the graph tells it.
    pub(super) fn denial(&self, planner: &Planner<'_>) -> Denial {
        Denial {
            interfaces: self.interfaces.values().cloned().collect(),
            parts: self.parts.iter().map(|part| planner.name(*part).to_owned()).collect(),
        }
    }
}
