//! Two components of which the new is to take the old one's place: what it needs may shrink, what it offers may grow.

use std::collections::{HashMap, HashSet};

use wit_parser::{InterfaceId, WorldId, WorldItem};

use super::{
    Change, Diff, Pair,
    packages::{interface_item, tracked},
    worlds::{NEEDS, OFFERS},
};
use crate::check::compat::{
    finding::{Item, Root},
    rules::{NEEDS_LESS, NEEDS_MORE, OFFERS_LESS, OFFERS_MORE, Rule},
};

impl Diff<'_> {
    pub fn components(&mut self, a: WorldId, b: WorldId) {
        let tracks: HashMap<_, _> = self.new.packages.iter().map(|(id, _)| (tracked(self.new, id), id)).collect();
        let pairs: Vec<_> = self
            .old
            .packages
            .iter()
            .filter_map(|(old, _)| {
                let new = tracks.get(&tracked(self.old, old)).copied()?;
                Some(Pair { old, new })
            })
            .collect();
        pairs.iter().for_each(|pair| self.pair_items(pair));
        self.worlds.insert(a, b);
        self.pair_inline(a, b);

        let component = Item::of(Root::Component);
        let (old, new) = (&self.old.worlds[a], &self.new.worlds[b]);
        let mut done = HashSet::new();
        for (items, more, less) in
            [(&old.exports, &OFFERS_MORE, &OFFERS_LESS), (&old.imports, &NEEDS_MORE, &NEEDS_LESS)]
        {
            for item in items.values() {
                let WorldItem::Interface { id, .. } = item else { continue };
                if self.old.interfaces[*id].name.is_some() && done.insert(*id) {
                    self.reached(*id, more, less);
                }
            }
        }
        let at = (old.span, new.span);
        self.items(&component, OFFERS, &old.exports, &new.exports, at);
        self.items(&component, NEEDS, &old.imports, &new.imports, at);
    }

    /// An interface that a component has: what is added or gone is told by what that means.
    fn reached(&mut self, id: InterfaceId, more: &'static Rule, less: &'static Rule) {
        let Some(&other) = self.interfaces.get(&id) else { return };
        let before = self.changes.len();
        let item = interface_item(self.old, id);
        self.interface(&item, id, other);
        let renamed = |change: Change| match (change.is_addition(), change.is_removal()) {
            (true, _) => Change { rule: more, ..change },
            (_, true) => Change { rule: less, ..change },
            _ => change,
        };
        let inner = self.changes.split_off(before);
        self.changes.extend(inner.into_iter().map(renamed));
    }
}
