//! The walk over two packages, side by side: every change of every item, each told once, where it is declared.
//!
//! 1. Packages are paired: by name, whatever their versions; one left on either side is one that was renamed.
//! 2. So are the interfaces and worlds in them, then the types and functions of each pair; what is left on one side is
//!    paired by likeness ([`guess`]) or told as removed or added.
//! 3. Types are compared by name as far as they have one on both sides, since the named one is compared where it is
//!    declared; by structure below that ([`slots`]).
//!
//! Invariants: what is compared is found through tables made beforehand, never by searching the other side; a pair of
//! types is compared once; recursion is as deep as types are nested, which `resolve` bounds.

mod attributes;
mod components;
mod functions;
mod guess;
mod interface;
mod packages;
mod slots;
mod types;
mod unstable;
mod worlds;

use std::collections::HashMap;

use semver::Version;
use wit_parser::{InterfaceId, Resolve, Span, TypeId, TypeOwner, WorldId};

pub(super) use self::packages::{Pair, base};
use super::{finding::Item, rules::Rule};

/// A change, its places not looked up yet.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub rule: &'static Rule,
    pub item: Item,
    pub old: Option<String>,
    pub new: Option<String>,
    pub note: Option<String>,
    pub at: (Span, Span),
}

pub(super) struct Diff<'a> {
    pub old: &'a Resolve,
    pub new: &'a Resolve,
    /// Old → new, of all paired packages and of worlds' own.
    pub interfaces: HashMap<InterfaceId, InterfaceId>,
    pub worlds: HashMap<WorldId, WorldId>,
    /// Types and resources that were probably renamed.
    pub renamed: HashMap<TypeId, TypeId>,
    /// What was added to an interface of the new side.
    pub grown: HashMap<InterfaceId, Vec<String>>,
    pub changes: Vec<Change>,
    /// Pairs of types and whether they mean the same.
    same: HashMap<(TypeId, TypeId), bool>,
    /// The version of the old package whose items are being compared.
    since: Option<Version>,
}

impl<'a> Diff<'a> {
    pub fn new(old: &'a Resolve, new: &'a Resolve) -> Diff<'a> {
        Diff {
            old,
            new,
            interfaces: HashMap::new(),
            worlds: HashMap::new(),
            renamed: HashMap::new(),
            grown: HashMap::new(),
            changes: Vec::new(),
            same: HashMap::new(),
            since: None,
        }
    }

    fn tell(
        &mut self,
        rule: &'static Rule,
        item: Item,
        old: impl Into<Option<String>>,
        new: impl Into<Option<String>>,
        at: (Span, Span),
    ) {
        self.changes.push(Change { rule, item, old: old.into(), new: new.into(), note: None, at });
    }

    /// Whether types of these owners stand for each other by name.
    fn owners(&self, old: TypeOwner, new: TypeOwner) -> bool {
        match (old, new) {
            (TypeOwner::Interface(old), TypeOwner::Interface(new)) => self.interfaces.get(&old) == Some(&new),
            (TypeOwner::World(old), TypeOwner::World(new)) => self.worlds.get(&old) == Some(&new),
            _ => false,
        }
    }
}

/// What is on both sides, in the order of the new; on the old alone; on the new alone.
struct Sides<'a, T> {
    both: Vec<(&'a T, &'a T)>,
    removed: Vec<(&'a str, &'a T)>,
    added: Vec<(&'a str, &'a T)>,
}

fn sides<'a, T>(old: &'a wit_parser::IndexMap<String, T>, new: &'a wit_parser::IndexMap<String, T>) -> Sides<'a, T> {
    let mut sides = Sides { both: Vec::new(), removed: Vec::new(), added: Vec::new() };
    for (name, item) in old {
        match new.get(name) {
            Some(other) => sides.both.push((item, other)),
            None => sides.removed.push((name, item)),
        }
    }
    sides.added = new.iter().filter(|(name, _)| !old.contains_key(*name)).map(|(name, item)| (&**name, item)).collect();
    sides
}

/// A place, or the one it is in.
fn known(span: Span, otherwise: Span) -> Span {
    if span.is_known() { span } else { otherwise }
}
