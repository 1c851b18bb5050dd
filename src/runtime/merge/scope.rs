//! What the core instances of one component are made of, and which of them are dynamic libraries of one program.
//!
//! A program linked at run time has a table that one instance defines and others fill with their functions as soon as they
//! are there. Such a set becomes one instance if that cannot be told from outside:
//! 1. All instances on the way from one of the set to another belong to it too; if anything else lies on that way, such
//!    as a function that needs the memory of the set and is imported by it, the set is given up.
//! 2. The one instance is made where the last of the set was. What lies between the first and the last is made before
//!    it, unless it needs something of the set: then after it. In each of both the order stays.
//! 3. Only the last of the set may have a start function, which is called when all that lay between is there; nothing
//!    that lies between may have one, so no code runs meanwhile that could tell an order.
//! 4. What lies between fills no table and no memory that something of another order fills too.
//! 5. Instances that the set imports from join it where that leaves all of this as it is: what they give is called directly.

use std::collections::{BTreeSet, HashMap};

use wasm_encoder::Component;
use wasmparser::{ComponentAlias, Export, Import, Instance};

use super::{
    items::{Indices, Item, Node, Place, Space, What},
    module::{Module, space},
};

/// The core instances of a component.
pub struct Scope<'n, 'a> {
    pub items: &'n [Item<'a>],
    /// Which item defines an index.
    pub definer: HashMap<Place, usize>,
    /// The indices that each item speaks of.
    pub uses: Vec<Vec<Place>>,
    /// The module of each item that instantiates one.
    modules: HashMap<usize, Module<'a>>,
    /// Of each core instance: what it was put together of, or what its module was given.
    named: HashMap<usize, HashMap<&'a str, Place>>,
}

/// Where something comes from that a core instance gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin<'a> {
    /// A module defines it, in the instance that this item makes.
    Module { item: usize, space: Space, index: u32 },
    /// An instance gives it that is not looked into.
    Export { item: usize, space: Space, name: &'a str },
    /// The component itself defines it.
    Component(Place),
}

/// Instances that become one.
pub struct Set {
    /// The items that make them.
    pub members: BTreeSet<usize>,
    /// Items between the first and the last that need something of the set.
    pub late: BTreeSet<usize>,
}

impl<'n, 'a> Scope<'n, 'a> {
    /// `None`: there is nothing to be merged here.
    pub fn new(node: &'n Node<'a>, whole: &'a [u8]) -> Option<Self> {
        let (mut modules, mut named) = (HashMap::new(), HashMap::new());
        for (number, item) in node.items.iter().enumerate() {
            let names = match &item.what {
                What::CoreInstance(Instance::Instantiate { module_index, args }) => {
                    let module = node.modules.get(*module_index as usize)?.clone();
                    modules.insert(number, Module::read(whole.get(module)?)?);
                    args.iter().map(|arg| (arg.name, (Space::CoreInstance, arg.index))).collect()
                }
                What::CoreInstance(Instance::FromExports(exports)) => {
                    let place = |export: &Export<'a>| Some((export.name, (Space::of(export.kind)?, export.index)));
                    exports.iter().map(place).collect::<Option<HashMap<_, _>>>()?
                }
                _ => continue,
            };
            named.insert(number, names);
        }
        if modules.len() < 2 {
            return None;
        }
        let mut uses = Vec::new();
        for item in &node.items {
            let mut indices = Indices::new(None);
            if !matches!(item.what, What::Module(_)) {
                indices.write(item, whole, &mut Component::new()).ok()?;
            }
            uses.push(indices.seen);
        }
        let definer = node.items.iter().enumerate().map(|(number, item)| (item.defines, number)).collect();
        Some(Scope { items: &node.items, definer, uses, modules, named })
    }

    pub fn module(&self, item: usize) -> Option<&Module<'a>> {
        self.modules.get(&item)
    }

    /// What an instance exports under a name. Looked into are those that `through` says.
    pub fn export(
        &self,
        item: usize,
        wanted: Space,
        name: &'a str,
        through: &impl Fn(usize) -> bool,
    ) -> Option<Origin<'a>> {
        match &self.items.get(item)?.what {
            What::CoreInstance(Instance::FromExports(_)) => {
                let place = *self.named.get(&item)?.get(name)?;
                self.place((place.0 == wanted).then_some(place)?, through)
            }
            What::CoreInstance(Instance::Instantiate { .. }) if through(item) => {
                let (space, index) = *self.module(item)?.exports.get(name)?;
                self.entity(item, (space == wanted).then_some(space)?, index, through)
            }
            What::CoreInstance(Instance::Instantiate { .. }) => Some(Origin::Export { item, space: wanted, name }),
            _ => None,
        }
    }

    /// What an index of the module of an instance is.
    pub fn entity(
        &self,
        item: usize,
        space: Space,
        index: u32,
        through: &impl Fn(usize) -> bool,
    ) -> Option<Origin<'a>> {
        match self.module(item)?.import(space, index) {
            Some(import) => self.import(item, import, through),
            None => Some(Origin::Module { item, space, index }),
        }
    }

    /// What an instance was given for an import.
    pub fn import(&self, item: usize, import: &Import<'a>, through: &impl Fn(usize) -> bool) -> Option<Origin<'a>> {
        let given = *self.definer.get(self.named.get(&item)?.get(import.module)?)?;
        self.export(given, space(import.ty)?, import.name, through)
    }

    fn place(&self, place: Place, through: &impl Fn(usize) -> bool) -> Option<Origin<'a>> {
        match &self.items.get(*self.definer.get(&place)?)?.what {
            What::Alias(ComponentAlias::CoreInstanceExport { instance_index, name, .. }) => {
                let given = *self.definer.get(&(Space::CoreInstance, *instance_index))?;
                self.export(given, place.0, name, through)
            }
            _ => Some(Origin::Component(place)),
        }
    }

    /// The tables and memories that an instance fills when it is made, wherever they come from.
    fn fills(&self, item: usize) -> Option<Vec<Origin<'a>>> {
        let writes = self.module(item)?.writes()?;
        writes.into_iter().map(|(space, index)| self.entity(item, space, index, &|_| true)).collect()
    }

    /// The sets there are to be merged.
    pub fn sets(&self) -> Option<Vec<Set>> {
        let mut by_table: Vec<(Origin<'a>, BTreeSet<usize>)> = Vec::new();
        let mut items: Vec<usize> = self.modules.keys().copied().collect();
        items.sort_unstable();
        for item in items {
            for origin in self.fills(item)? {
                if let Origin::Module { item: definer, space: Space::Table, .. } = origin
                    && definer != item
                {
                    match by_table.iter_mut().find(|(table, _)| *table == origin) {
                        Some((_, members)) => drop(members.insert(item)),
                        None => by_table.push((origin, BTreeSet::from([definer, item]))),
                    }
                }
            }
        }
        let mut sets: Vec<Set> = Vec::new();
        for (_, members) in by_table {
            let after = sets.iter().map(|known| known.range().1).max();
            if let Some(set) = self.set(members, after) {
                let mut wider = set.members.clone();
                wider.extend(self.givers(&set.members)?);
                sets.push(self.set(wider, after).unwrap_or(set));
            }
        }
        Some(sets)
    }

    /// The smallest set with these members that can be merged, if it begins after that item.
    fn set(&self, members: BTreeSet<usize>, after: Option<usize>) -> Option<Set> {
        let set = self.closed(members)?;
        (after.is_none_or(|after| after < set.range().0) && self.keeps_order(&set)?).then_some(set)
    }

    /// The instances that these import from.
    fn givers(&self, members: &BTreeSet<usize>) -> Option<BTreeSet<usize>> {
        let mut givers = BTreeSet::new();
        for item in members {
            for import in &self.module(*item)?.imports {
                if let Origin::Export { item, .. } = self.import(*item, import, &|item| members.contains(&item))? {
                    givers.insert(item);
                }
            }
        }
        Some(givers)
    }

    /// The set with all that lies on the way from one of it to another; `None` where that cannot be merged.
    fn closed(&self, mut members: BTreeSet<usize>) -> Option<Set> {
        loop {
            let (first, last) = (*members.first()?, *members.last()?);
            let definers = |item: usize| {
                self.uses.get(item).into_iter().flatten().filter_map(|place| self.definer.get(place).copied())
            };
            let mut needing = BTreeSet::new();
            for item in first..=last {
                if members.contains(&item) || definers(item).any(|of| needing.contains(&of)) {
                    needing.insert(item);
                }
            }
            let mut needed = BTreeSet::new();
            for item in (first..=last).rev() {
                if members.contains(&item) || needed.contains(&item) {
                    needed.insert(item);
                    needed.extend(definers(item));
                }
            }
            let mut grown = members.clone();
            for item in needing.intersection(&needed) {
                match &self.items.get(*item)?.what {
                    What::CoreInstance(Instance::Instantiate { .. }) => drop(grown.insert(*item)),
                    What::CoreInstance(Instance::FromExports(_))
                    | What::Alias(ComponentAlias::CoreInstanceExport { .. }) => {}
                    _ => return None,
                }
            }
            if grown == members {
                let late = needing.difference(&members).copied().collect();
                return Some(Set { members, late });
            }
            members = grown;
        }
    }

    /// Whether nobody can tell that the instances are made in another order.
    fn keeps_order(&self, set: &Set) -> Option<bool> {
        let (first, last) = set.range();
        // What is filled before the set, by the set, and after it.
        let mut filled: [BTreeSet<Origin<'a>>; 3] = Default::default();
        for item in first..=last {
            let member = set.members.contains(&item);
            match &self.items.get(item)?.what {
                What::CoreInstance(Instance::Instantiate { .. }) => {
                    if self.module(item)?.start.is_some() && !(member && item == last) {
                        return Some(false);
                    }
                    let when = if member { 1 } else { 2 * usize::from(set.late.contains(&item)) };
                    filled.get_mut(when)?.extend(self.fills(item)?);
                }
                What::Instance(wasmparser::ComponentInstance::Instantiate { .. }) => return Some(false),
                _ => {}
            }
        }
        let [before, within, after] = &filled;
        let apart = before.is_disjoint(within) && before.is_disjoint(after) && within.is_disjoint(after);
        Some(apart)
    }
}

impl Set {
    /// The first of its items, and the last.
    pub fn range(&self) -> (usize, usize) {
        let ends = (self.members.first(), self.members.last());
        (ends.0.copied().unwrap_or_default(), ends.1.copied().unwrap_or_default())
    }
}
