//! Two worlds that stand for each other; and two components, each by its world.

use wit_parser::{Resolve, Span, WorldId, WorldItem, WorldKey};

use super::{
    Diff, known,
    packages::{key_base, world_item},
};
use crate::check::compat::{
    finding::{At, Item},
    rules::{
        EXPORT_ADDED, EXPORT_EXTENDED, EXPORT_REMOVED, IMPORT_ADDED, IMPORT_REMOVED, NEEDS_LESS, NEEDS_MORE,
        OFFERS_LESS, OFFERS_MORE, Rule, TYPE_ADDED, TYPE_REMOVED, WORLD_ITEM_CHANGED,
    },
};

/// Imports or exports.
#[derive(Clone, Copy)]
pub(super) struct Direction {
    step: fn(String) -> At,
    added: &'static Rule,
    removed: &'static Rule,
}

const IMPORTS: Direction = Direction { step: At::Import, added: &IMPORT_ADDED, removed: &IMPORT_REMOVED };
const EXPORTS: Direction = Direction { step: At::Export, added: &EXPORT_ADDED, removed: &EXPORT_REMOVED };
/// The same of a component that takes another's place.
pub(super) const NEEDS: Direction = Direction { step: At::Import, added: &NEEDS_MORE, removed: &NEEDS_LESS };
pub(super) const OFFERS: Direction = Direction { step: At::Export, added: &OFFERS_MORE, removed: &OFFERS_LESS };

impl<'a> Diff<'a> {
    pub(super) fn world(&mut self, a: WorldId, b: WorldId) {
        let (from, to) = (self.old, self.new);
        let (old, new) = (&from.worlds[a], &to.worlds[b]);
        let item = world_item(from, a);
        let at = (old.span, new.span);
        self.attributes(&item, (&old.docs, &old.stability), (&new.docs, &new.stability), at);
        self.items(&item, IMPORTS, &old.imports, &new.imports, at);
        self.items(&item, EXPORTS, &old.exports, &new.exports, at);
        // What its exported interfaces ask for beyond the old ones.
        for (key, export) in &new.exports {
            let WorldItem::Interface { id, span, .. } = export else { continue };
            let was = old.exports.iter().find(|(other, _)| self.keys(other, key));
            let (Some((_, was)), Some(more)) = (was, self.grown.get(id)) else { continue };
            let more = listed(more);
            let item = item.at(At::Export(key_base(to, key)));
            let at = (known(was.span(), at.0), known(*span, at.1));
            self.tell(&EXPORT_EXTENDED, item, None, more, at);
        }
    }

    pub(super) fn items(
        &mut self,
        world: &Item,
        direction: Direction,
        old: &'a wit_parser::IndexMap<WorldKey, WorldItem>,
        new: &'a wit_parser::IndexMap<WorldKey, WorldItem>,
        at: (Span, Span),
    ) {
        let table: std::collections::HashMap<String, (&WorldKey, &WorldItem)> =
            new.iter().map(|(key, item)| (name_of_key(self.new, key), (key, item))).collect();
        let mut met = std::collections::HashSet::new();
        for (key, item) in old {
            // The name that this side's key has on the other.
            let expected = self.name_there(key);
            let Some((other_key, other)) = expected.and_then(|name| table.get(&name).copied()) else {
                self.item_removed(world, direction, key, item, at);
                continue;
            };
            met.insert(name_of_key(self.new, other_key));
            self.item(world, direction, (key, item), (other_key, other), at);
        }
        for (key, item) in new.iter().filter(|(key, _)| !met.contains(&name_of_key(self.new, key))) {
            let at = (at.0, known(item.span(), at.1));
            match item {
                WorldItem::Type { id, .. } => {
                    let name = self.new.types[*id].name.clone();
                    let item = world.inside(super::types::type_step(self.new, *id));
                    self.tell(&TYPE_ADDED, item, None, name, at);
                }
                item => {
                    let subject = world.at((direction.step)(key_base(self.new, key)));
                    self.tell(direction.added, subject.clone(), None, key_base(self.new, key), at);
                    self.new_since(&subject, item.stability(self.new), at);
                }
            }
        }
    }

    /// One thing under one name.
    fn item(
        &mut self,
        world: &Item,
        direction: Direction,
        old: (&WorldKey, &'a WorldItem),
        new: (&WorldKey, &'a WorldItem),
        at: (Span, Span),
    ) {
        let name = key_base(self.old, old.0);
        let at = (known(old.1.span(), at.0), known(new.1.span(), at.1));
        let item = world.at((direction.step)(name));
        match (old.1, new.1) {
            (WorldItem::Function(a), WorldItem::Function(b)) => {
                self.attributes(&item, (&a.docs, &a.stability), (&b.docs, &b.stability), at);
                self.signatures(&item, a, b);
            }
            (WorldItem::Type { id: a, .. }, WorldItem::Type { id: b, .. }) => self.named_type(world, *a, *b),
            (
                WorldItem::Interface { id: a, docs, stability, .. },
                WorldItem::Interface { id: b, docs: other_docs, stability: other_stability, .. },
            ) if self.interfaces.get(a) == Some(b) => {
                self.attributes(&item, (docs, stability), (other_docs, other_stability), at);
                if self.old.interfaces[*a].name.is_none() {
                    self.interface(&item, *a, *b);
                }
            }
            (a, b) => {
                let (old, new) = (what(self.old, a), what(self.new, b));
                self.tell(&WORLD_ITEM_CHANGED, item, old, new, at);
            }
        }
    }

    fn item_removed(&mut self, world: &Item, direction: Direction, key: &WorldKey, item: &WorldItem, at: (Span, Span)) {
        let name = key_base(self.old, key);
        let at = (known(item.span(), at.0), at.1);
        match item {
            WorldItem::Type { id, .. } => {
                let item = world.inside(super::types::type_step(self.old, *id));
                self.tell(&TYPE_REMOVED, item, name, None, at);
            }
            _ => self.tell(direction.removed, world.at((direction.step)(name.clone())), name, None, at),
        }
    }

    /// Whether two keys stand for each other.
    fn keys(&self, old: &WorldKey, new: &WorldKey) -> bool {
        self.name_there(old) == Some(name_of_key(self.new, new))
    }

    /// What a key of the old side is called on the new.
    fn name_there(&self, key: &WorldKey) -> Option<String> {
        match key {
            WorldKey::Name(name) => Some(name.clone()),
            WorldKey::Interface(id) => {
                self.interfaces.get(id).map(|other| name_of_key(self.new, &WorldKey::Interface(*other)))
            }
        }
    }
}

/// A key as it stands in its own resolve: two versions of one interface are two.
fn name_of_key(resolve: &Resolve, key: &WorldKey) -> String {
    resolve.name_world_key(key)
}

/// "the function", "an interface of its own", "`acme:shop/auth@0.1.0`".
fn what(resolve: &Resolve, item: &WorldItem) -> String {
    match item {
        WorldItem::Function(_) => "a function".to_owned(),
        WorldItem::Type { .. } => "a type".to_owned(),
        WorldItem::Interface { id, .. } => match resolve.id_of(*id) {
            Some(name) => format!("`{name}`"),
            None => "an interface of its own".to_owned(),
        },
    }
}

/// At most three of a list.
fn listed(all: &[String]) -> String {
    match all {
        [first, second, third, _, rest @ ..] => format!("{first}, {second}, {third} and {} more", rest.len() + 1),
        few => few.join(", "),
    }
}
