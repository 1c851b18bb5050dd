//! Two interfaces that stand for each other: types first, then functions.

use wit_parser::{Function, FunctionKind, InterfaceId, Span, TypeDefKind, TypeId};

use super::{
    Diff,
    guess::{self, Make, left},
    sides,
    types::type_step,
};
use crate::{
    check::compat::{
        finding::Item,
        rules::{
            FUNCTION_RENAMED, METHOD_KIND_CHANGED, RESOURCE_ADDED, RESOURCE_REMOVED, TYPE_ADDED, TYPE_REMOVED,
            TYPE_RENAMED,
        },
    },
    compare::{base, function_step, function_text, keyword},
};

/// Types or functions of one side alone, by name.
type Left<'a, T> = Vec<(&'a str, T)>;

impl<'a> Diff<'a> {
    pub(super) fn interface(&mut self, item: &Item, a: InterfaceId, b: InterfaceId) {
        let (old, new) = (&self.old.interfaces[a], &self.new.interfaces[b]);
        let at = (old.span, new.span);
        self.attributes(item, (&old.docs, &old.stability), (&new.docs, &new.stability), at);
        let before = self.changes.len();

        let types = sides(&old.types, &new.types);
        let (removed, added) = self.renamed_types(item, types.removed, types.added);
        types.both.into_iter().for_each(|(a, b)| self.named_type(item, *a, *b));
        removed.iter().for_each(|(_, id)| self.removed_type(item, *id, at.1));
        added.iter().for_each(|(_, id)| self.added_type(item, *id, at.0));

        let mut gone: Left<'a, &'a Function> = Vec::new();
        let mut both = Vec::new();
        for (name, function) in &old.functions {
            let name_now = function.kind.resource().and_then(|resource| self.name_of_renamed(name, resource));
            match new.functions.get(name_now.as_deref().unwrap_or(name)) {
                Some(other) => both.push((function, other)),
                None => gone.push((name, function)),
            }
        }
        let paired: std::collections::HashSet<&str> = both.iter().map(|(_, new)| new.name.as_str()).collect();
        let fresh = new.functions.iter().filter(|(name, _)| !paired.contains(name.as_str()));
        let fresh: Left<'a, &'a Function> = fresh.map(|(name, function)| (name.as_str(), function)).collect();
        both.into_iter().for_each(|(a, b)| self.function(item, a, b));
        let (gone, fresh) = self.other_kind(item, gone, fresh);
        let (gone, fresh) = self.renamed_functions(item, gone, fresh);
        for (_, function) in gone {
            // What went with its resource has been told with it.
            let with = function.kind.resource();
            if !with.is_some_and(|resource| removed.iter().any(|(_, id)| *id == resource)) {
                self.removed_function(item, function, at.1);
            }
        }
        for (_, function) in fresh {
            let with = function.kind.resource();
            if !with.is_some_and(|resource| added.iter().any(|(_, id)| *id == resource)) {
                self.added_function(item, function, at.0);
            }
        }

        // What is new on the new side alone is what implementers of the old lack.
        let grown = self.changes[before..].iter().filter(|change| change.is_addition());
        let grown: Vec<_> = grown.map(|change| short(&change.item)).collect();
        if !grown.is_empty() {
            self.grown.insert(b, grown);
        }
    }

    fn removed_type(&mut self, home: &Item, id: TypeId, inside: Span) {
        let def = &self.old.types[id];
        let rule = match self.old.types[base(self.old, id)].kind {
            TypeDefKind::Resource => &RESOURCE_REMOVED,
            _ => &TYPE_REMOVED,
        };
        let item = home.inside(type_step(self.old, id));
        self.tell(rule, item, def.name.clone(), None, (def.span, inside));
    }

    fn added_type(&mut self, home: &Item, id: TypeId, inside: Span) {
        let def = &self.new.types[id];
        let rule = match self.new.types[base(self.new, id)].kind {
            TypeDefKind::Resource => &RESOURCE_ADDED,
            _ => &TYPE_ADDED,
        };
        let item = home.inside(type_step(self.new, id));
        let at = (inside, def.span);
        self.tell(rule, item.clone(), None, def.name.clone(), at);
        self.new_since(&item, &def.stability, at);
    }

    /// Tells of types that were probably renamed, and gives those that were not.
    fn renamed_types(
        &mut self,
        item: &Item,
        removed: Left<'a, &'a TypeId>,
        added: Left<'a, &'a TypeId>,
    ) -> (Left<'a, TypeId>, Left<'a, TypeId>) {
        let pairs = guess::pairs(&removed, &added, |a, b| self.make(**a, **b));
        for &(i, j) in &pairs {
            let (a, b) = (*removed[i].1, *added[j].1);
            self.renamed.insert(a, b);
            let at = (self.old.types[a].span, self.new.types[b].span);
            let (old, new) = (removed[i].0.to_owned(), added[j].0.to_owned());
            self.tell(&TYPE_RENAMED, item.inside(type_step(self.old, a)), old, new, at);
            self.named_type(item, a, b);
        }
        let ids = |list: Left<'a, &'a TypeId>| list.into_iter().map(|(name, id)| (name, *id)).collect();
        let removed = left(removed, |place| pairs.iter().any(|(i, _)| *i == place));
        let added = left(added, |place| pairs.iter().any(|(_, j)| *j == place));
        (ids(removed), ids(added))
    }

    /// How alike two types are made.
    fn make(&mut self, a: TypeId, b: TypeId) -> Make {
        let (from, to) = (base(self.old, a), base(self.new, b));
        let (old, new) = (&self.old.types[from].kind, &self.new.types[to].kind);
        match (old, new) {
            (TypeDefKind::Resource, TypeDefKind::Resource) => {
                // `[method]session.refresh` → `refresh`, of this resource.
                let named = |resolve: &'a wit_parser::Resolve, id: TypeId| -> Vec<&'a str> {
                    let functions = match resolve.types[id].owner {
                        wit_parser::TypeOwner::Interface(owner) => resolve.interfaces[owner].functions.values(),
                        _ => return Vec::new(),
                    };
                    let own = functions.filter(|function| function.kind.resource() == Some(id));
                    own.map(|function| function.name.rsplit(['.', ']']).next().unwrap_or("")).collect()
                };
                match (named(self.old, from), named(self.new, to)) {
                    (old, new) if old == new && !old.is_empty() => Make::Same,
                    _ => Make::Plain,
                }
            }
            (old, new) if keyword(old) != keyword(new) => Make::Apart,
            (TypeDefKind::Record(_) | TypeDefKind::Variant(_) | TypeDefKind::Enum(_) | TypeDefKind::Flags(_), _) => {
                if self.same_structure(from, to) {
                    Make::Same
                } else {
                    Make::Other
                }
            }
            _ if self.same_structure(from, to) => Make::Plain,
            _ => Make::Other,
        }
    }

    /// The name that a function of a renamed resource has now.
    fn name_of_renamed(&self, name: &str, resource: TypeId) -> Option<String> {
        let now = self.new.types[*self.renamed.get(&resource)?].name.as_deref()?;
        let (kind, rest) = name.split_once(']')?;
        Some(match rest.split_once('.') {
            Some((_, function)) => format!("{kind}]{now}.{function}"),
            None => format!("{kind}]{now}"),
        })
    }

    /// Tells of methods that became static functions and the other way round, and gives the rest.
    fn other_kind(
        &mut self,
        item: &Item,
        gone: Left<'a, &'a Function>,
        mut fresh: Left<'a, &'a Function>,
    ) -> (Left<'a, &'a Function>, Left<'a, &'a Function>) {
        let name = |function: &Function| function.name.split_once(']').map(|(_, name)| name.to_owned());
        let gone = gone.into_iter().filter(|(_, a)| {
            let same = |(_, b): &(&str, &Function)| name(a).is_some() && name(a) == name(b);
            let Some(place) = fresh.iter().position(same) else { return true };
            let (_, b) = fresh.remove(place);
            let (old, new) = (function_text(self.old, a), function_text(self.new, b));
            let step = function_step(self.old, a);
            self.tell(&METHOD_KIND_CHANGED, item.inside(step), old, new, (a.span, b.span));
            false
        });
        let gone = gone.collect();
        (gone, fresh)
    }

    /// Tells of functions that were probably renamed, and gives those that were not.
    fn renamed_functions(
        &mut self,
        item: &Item,
        removed: Left<'a, &'a Function>,
        added: Left<'a, &'a Function>,
    ) -> (Left<'a, &'a Function>, Left<'a, &'a Function>) {
        let pairs = guess::pairs(&removed, &added, |a, b| self.make_of_functions(a, b));
        for &(i, j) in &pairs {
            let (a, b) = (removed[i].1, added[j].1);
            let item = item.inside(function_step(self.old, a));
            let new = b.name.rsplit(['.', ']']).next().unwrap_or(&b.name).to_owned();
            self.tell(&FUNCTION_RENAMED, item.clone(), function_text(self.old, a), new, (a.span, b.span));
            self.signatures(&item, a, b);
        }
        let removed = left(removed, |place| pairs.iter().any(|(i, _)| *i == place));
        let added = left(added, |place| pairs.iter().any(|(_, j)| *j == place));
        (removed, added)
    }

    fn make_of_functions(&mut self, a: &Function, b: &Function) -> Make {
        let constructor = |function: &Function| matches!(function.kind, FunctionKind::Constructor(_));
        let kinds = std::mem::discriminant(&a.kind) == std::mem::discriminant(&b.kind);
        let owners = match (a.kind.resource(), b.kind.resource()) {
            (Some(a), Some(b)) => self.same(wit_parser::Type::Id(a), wit_parser::Type::Id(b)),
            (a, b) => a.is_none() && b.is_none(),
        };
        let alike = kinds
            && owners
            && a.params.len() == b.params.len()
            && a.params.iter().zip(&b.params).all(|(a, b)| a.name == b.name && self.same(a.ty, b.ty))
            && self.same_optional(a.result, b.result);
        let receiver = usize::from(a.kind.resource().is_some());
        match (alike, a.params.len() > receiver) {
            _ if constructor(a) || constructor(b) || !owners => Make::Apart,
            (true, true) => Make::Same,
            (true, false) => Make::Plain,
            (false, _) => Make::Other,
        }
    }
}

/// An item without what it is in: "function `check`".
fn short(item: &Item) -> String {
    item.path.last().map_or_else(|| item.to_string(), ToString::to_string)
}
