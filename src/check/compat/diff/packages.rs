//! Which package, interface and world of one side is which of the other.

use std::collections::{HashMap, HashSet};

use semver::Version;
use wit_parser::{InterfaceId, Package, PackageId, Resolve, Span, WorldId, WorldItem, WorldKey};

use super::{
    Diff,
    guess::{self, Make, left},
    sides,
};
use crate::{
    check::compat::{
        finding::{Item, Root},
        rules::{
            DEPENDENCY_MOVED, DEPENDENCY_UPDATED, INTERFACE_ADDED, INTERFACE_REMOVED, INTERFACE_RENAMED, PACKAGE_ADDED,
            PACKAGE_REMOVED, PACKAGE_RENAMED, WORLD_ADDED, WORLD_REMOVED, WORLD_RENAMED,
        },
    },
    compare::Name,
};

/// A package in both versions, of those that are the subject.
#[derive(Debug, Clone)]
pub(in crate::check::compat) struct Pair {
    pub old: PackageId,
    pub new: PackageId,
}

/// Where a package is named, of which no parser keeps the place: it is looked up later.
fn unknown() -> (Span, Span) {
    (Span::default(), Span::default())
}

impl<'a> Diff<'a> {
    pub fn world_item(&self, id: WorldId) -> Item {
        world_item(self.old, id)
    }

    /// Compares the packages that are the subject, and what they need.
    pub fn packages(&mut self, old: &[PackageId], new: &[PackageId]) -> Vec<Pair> {
        let (pairs, removed, added) = self.pair_subjects(old, new);
        for id in removed {
            self.tell(&PACKAGE_REMOVED, package_item(self.old, id), base(&self.old.packages[id]), None, unknown());
        }
        for id in added {
            self.tell(&PACKAGE_ADDED, package_item(self.new, id), None, base(&self.new.packages[id]), unknown());
        }
        let needed = self.pair_needed(&pairs);
        for pair in pairs.iter().chain(&needed) {
            self.pair_items(pair);
        }
        // Names first, so that what was renamed is known wherever it is used.
        let inner: Vec<_> = pairs.iter().map(|pair| self.names(pair)).collect();
        for pair in &needed {
            self.needed(pair);
        }
        for (pair, (interfaces, worlds)) in pairs.iter().zip(inner) {
            let version = |resolve: &Resolve, id: PackageId| resolve.packages[id].name.version.clone();
            self.since = version(self.old, pair.old).filter(|old| Some(old) != version(self.new, pair.new).as_ref());
            for (a, b) in interfaces {
                let item = interface_item(self.old, a);
                self.interface(&item, a, b);
            }
            for (a, b) in worlds {
                self.world(a, b);
            }
            self.since = None;
        }
        pairs
    }

    /// By name, whatever the versions; the two that are left over were renamed.
    fn pair_subjects(&mut self, old: &[PackageId], new: &[PackageId]) -> (Vec<Pair>, Vec<PackageId>, Vec<PackageId>) {
        let base = |resolve: &Resolve, id: PackageId| base(&resolve.packages[id]);
        let mut pairs = Vec::new();
        let mut removed = Vec::new();
        let mut rest: Vec<_> = new.to_vec();
        for &a in old {
            let is_same = |b: &PackageId| base(self.new, *b) == base(self.old, a);
            // Of several versions of one package, that of the same track.
            let on_track = |b: &PackageId| is_same(b) && tracked(self.new, *b) == tracked(self.old, a);
            match rest.iter().position(on_track).or_else(|| rest.iter().position(is_same)) {
                Some(place) => pairs.push(Pair { old: a, new: rest.remove(place) }),
                None => removed.push(a),
            }
        }
        if let ([a], [b]) = (removed.as_slice(), rest.as_slice()) {
            let (old, new) = (base(self.old, *a), base(self.new, *b));
            self.tell(&PACKAGE_RENAMED, package_item(self.old, *a), old, new, unknown());
            pairs.push(Pair { old: *a, new: *b });
            (removed, rest) = (Vec::new(), Vec::new());
        }
        (pairs, removed, rest)
    }

    /// The packages that both sides need; where the versions are of two tracks, as if they were not.
    fn pair_needed(&mut self, subjects: &[Pair]) -> Vec<Pair> {
        let taken: HashSet<_> = subjects.iter().map(|pair| pair.new).collect();
        let known: HashSet<_> = subjects.iter().map(|pair| pair.old).collect();
        let mut by_name: HashMap<String, Vec<PackageId>> = HashMap::new();
        for (id, package) in self.new.packages.iter().filter(|(id, _)| !taken.contains(id)) {
            by_name.entry(base(package)).or_default().push(id);
        }
        let mut pairs = Vec::new();
        for (a, package) in self.old.packages.iter().filter(|(id, _)| !known.contains(id)) {
            let Some(there) = by_name.get(&base(package)) else { continue };
            let on_track = there.iter().find(|b| tracked(self.new, **b) == tracked(self.old, a));
            let only = (there.len() == 1).then(|| there.first()).flatten();
            pairs.extend(on_track.or(only).map(|&b| Pair { old: a, new: b }));
        }
        pairs
    }

    /// Interfaces and worlds of one name.
    pub(super) fn pair_items(&mut self, pair: &Pair) {
        let (old, new) = (&self.old.packages[pair.old], &self.new.packages[pair.new]);
        let interfaces = sides(&old.interfaces, &new.interfaces).both;
        self.interfaces.extend(interfaces.into_iter().map(|(a, b)| (*a, *b)));
        let worlds = sides(&old.worlds, &new.worlds).both;
        self.worlds.extend(worlds.iter().map(|(a, b)| (**a, **b)));
        worlds.into_iter().for_each(|(a, b)| self.pair_inline(*a, *b));
    }

    /// Interfaces that two worlds declare for themselves.
    pub(super) fn pair_inline(&mut self, a: WorldId, b: WorldId) {
        let inline = |resolve: &Resolve, world: WorldId, exported: bool| -> HashMap<String, InterfaceId> {
            let world = &resolve.worlds[world];
            let items = if exported { &world.exports } else { &world.imports };
            let inline = items.iter().filter_map(|(key, item)| match (key, item) {
                (WorldKey::Name(name), WorldItem::Interface { id, .. }) => {
                    resolve.interfaces[*id].name.is_none().then(|| (name.clone(), *id))
                }
                _ => None,
            });
            inline.collect()
        };
        for exported in [false, true] {
            let new = inline(self.new, b, exported);
            for (name, id) in inline(self.old, a, exported) {
                self.interfaces.extend(new.get(&name).map(|other| (id, *other)));
            }
        }
    }

    /// Tells what became of the names in a package, and gives the interfaces and worlds to compare.
    #[expect(clippy::type_complexity, reason = "two lists of pairs")]
    fn names(&mut self, pair: &Pair) -> (Vec<(InterfaceId, InterfaceId)>, Vec<(WorldId, WorldId)>) {
        let (from, to) = (self.old, self.new);
        let (old, new) = (&from.packages[pair.old], &to.packages[pair.new]);
        let package = Item::of(Root::Package(base(old)));

        let sides_of = sides(&old.interfaces, &new.interfaces);
        let mut interfaces: Vec<_> = sides_of.both.iter().map(|(a, b)| (**a, **b)).collect();
        let made = |a: &&InterfaceId, b: &&InterfaceId| {
            let (a, b) = (&from.interfaces[**a], &to.interfaces[**b]);
            let names = |i: &wit_parser::Interface| i.functions.keys().chain(i.types.keys()).cloned().collect();
            made_of(names(a), names(b))
        };
        let pairs = guess::pairs(&sides_of.removed, &sides_of.added, made);
        for &(i, j) in &pairs {
            let (a, b) = (*sides_of.removed[i].1, *sides_of.added[j].1);
            self.interfaces.insert(a, b);
            interfaces.push((a, b));
            let at = (from.interfaces[a].span, to.interfaces[b].span);
            let (old, new) = (sides_of.removed[i].0.to_owned(), sides_of.added[j].0.to_owned());
            self.tell(&INTERFACE_RENAMED, interface_item(from, a), old, new, at);
        }
        for (name, id) in left(sides_of.removed, |place| pairs.iter().any(|(i, _)| *i == place)) {
            let at = (from.interfaces[*id].span, Span::default());
            self.tell(&INTERFACE_REMOVED, interface_item(from, *id), name.to_owned(), None, at);
        }
        for (name, id) in left(sides_of.added, |place| pairs.iter().any(|(_, j)| *j == place)) {
            let at = (Span::default(), to.interfaces[*id].span);
            let item = interface_item(to, *id);
            self.tell(&INTERFACE_ADDED, item.clone(), None, name.to_owned(), at);
            self.new_since(&item, &to.interfaces[*id].stability, at);
        }

        let sides_of = sides(&old.worlds, &new.worlds);
        let mut worlds: Vec<_> = sides_of.both.iter().map(|(a, b)| (**a, **b)).collect();
        let made = |a: &&WorldId, b: &&WorldId| {
            let names = |resolve: &Resolve, id: WorldId| {
                let world = &resolve.worlds[id];
                world.imports.keys().chain(world.exports.keys()).map(|key| key_base(resolve, key)).collect()
            };
            made_of(names(from, **a), names(to, **b))
        };
        let pairs = guess::pairs(&sides_of.removed, &sides_of.added, made);
        for &(i, j) in &pairs {
            let (a, b) = (*sides_of.removed[i].1, *sides_of.added[j].1);
            self.worlds.insert(a, b);
            self.pair_inline(a, b);
            worlds.push((a, b));
            let at = (from.worlds[a].span, to.worlds[b].span);
            let (old, new) = (sides_of.removed[i].0.to_owned(), sides_of.added[j].0.to_owned());
            self.tell(&WORLD_RENAMED, world_item(from, a), old, new, at);
        }
        for (name, id) in left(sides_of.removed, |place| pairs.iter().any(|(i, _)| *i == place)) {
            let at = (from.worlds[*id].span, Span::default());
            self.tell(&WORLD_REMOVED, world_item(from, *id), name.to_owned(), None, at);
        }
        for (name, id) in left(sides_of.added, |place| pairs.iter().any(|(_, j)| *j == place)) {
            let at = (Span::default(), to.worlds[*id].span);
            let item = world_item(to, *id);
            self.tell(&WORLD_ADDED, item.clone(), None, name.to_owned(), at);
            self.new_since(&item, &to.worlds[*id].stability, at);
        }
        let (old, new) = (&from.packages[pair.old].docs, &to.packages[pair.new].docs);
        self.docs(&package, old, new, unknown());
        (interfaces, worlds)
    }

    /// A package that both sides only need: of its changes those that break.
    fn needed(&mut self, pair: &Pair) {
        let (from, to) = (self.old, self.new);
        let version = |resolve: &Resolve, id: PackageId| {
            let version = resolve.packages[id].name.version.as_ref();
            version.map_or("none".to_owned(), Version::to_string)
        };
        let (old, new) = (version(from, pair.old), version(to, pair.new));
        let item = package_item(from, pair.old);
        if tracked(from, pair.old) != tracked(to, pair.new) {
            self.tell(&DEPENDENCY_MOVED, item, old, new, (Span::default(), Span::default()));
            return;
        }
        if old != new {
            self.tell(&DEPENDENCY_UPDATED, item, old, new, (Span::default(), Span::default()));
        }
        let before = self.changes.len();
        let interfaces = sides(&from.packages[pair.old].interfaces, &to.packages[pair.new].interfaces).both;
        for (a, b) in interfaces {
            let item = interface_item(from, *a);
            self.interface(&item, *a, *b);
        }
        let inner = self.changes.split_off(before);
        self.changes.extend(inner.into_iter().filter(|change| change.rule.breaks()));
    }
}

/// `acme:shop`.
pub(in crate::check::compat) fn base(package: &Package) -> String {
    format!("{}:{}", package.name.namespace, package.name.name)
}

/// A package by its name and the semver track of its version.
pub(in crate::check::compat) fn tracked(resolve: &Resolve, id: PackageId) -> String {
    Name::new(&resolve.packages[id].name.to_string()).canonical()
}

fn made_of(old: Vec<String>, new: Vec<String>) -> Make {
    match (old == new, old.len()) {
        (true, 2..) => Make::Same,
        (true, 1) => Make::Plain,
        _ => {
            let new: HashSet<_> = new.into_iter().collect();
            let shared = old.iter().filter(|name| new.contains(*name)).count();
            // Most of both.
            if shared >= 2 && shared * 3 >= old.len().max(new.len()) * 2 { Make::Same } else { Make::Other }
        }
    }
}

/// The name of an import or export without its version.
pub(super) fn key_base(resolve: &Resolve, key: &WorldKey) -> String {
    let name = resolve.name_world_key(key);
    Name::new(&name).base.to_owned()
}

pub(super) fn package_item(resolve: &Resolve, id: PackageId) -> Item {
    Item::of(Root::Package(base(&resolve.packages[id])))
}

pub(super) fn interface_item(resolve: &Resolve, id: InterfaceId) -> Item {
    let interface = &resolve.interfaces[id];
    let name = interface.name.clone().unwrap_or_default();
    Item::of(Root::Interface(match interface.package {
        Some(package) => format!("{}/{name}", base(&resolve.packages[package])),
        None => name,
    }))
}

pub(super) fn world_item(resolve: &Resolve, id: WorldId) -> Item {
    let world = &resolve.worlds[id];
    Item::of(Root::World(match world.package {
        Some(package) => format!("{}/{}", base(&resolve.packages[package]), world.name),
        None => world.name.clone(),
    }))
}
