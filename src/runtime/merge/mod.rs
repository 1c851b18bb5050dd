//! A component rewritten so that dynamic libraries of one program are one core module.
//!
//! Languages whose programs are put together of libraries when they are instantiated (Python's, some of JavaScript's)
//! come as a core module for each library. They share a table that one of them defines, and the others fill with their
//! functions: thousands, at every instantiation, because an engine prepares beforehand only tables that a module defines
//! itself. As one module ([`link`]) the table is prepared, calls from library to library are direct, and where each
//! library's data and functions lie is a constant.
//!
//! 1. All components are read, however deep ([`items`]), and what their core instances are given ([`scope`]).
//! 2. Sets of instances that fill one table are found, with the proof that nobody can tell them from one instance.
//! 3. A component with such a set is written anew ([`rewrite`]); all around it is copied.
//!
//! Left as they are: sets with a module of [`LARGE`] bytes and more that is instantiated elsewhere too, so that it is
//! compiled once; and all that is not known here for certain. The component that is shipped is not touched.

mod items;
mod link;
mod module;
mod rewrite;
mod scope;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use serde::{Deserialize, Serialize};
use wasm_encoder::{Component, ComponentSectionId, NestedComponentSection, RawSection};
use wasmparser::{Chunk, Instance, Parser, Payload};

use self::{
    items::{Node, What, offsets},
    rewrite::{Rewritten, rewrite},
    scope::{Scope, Set},
};

use crate::validate::{ENGINE, validate};

pub(super) use self::link::NAME;

/// Modules of so many bytes are not compiled twice.
const LARGE: usize = 256 << 10;

/// A module with nothing in it, in the place of one that is not needed any more.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

/// A component, and where its parts have gone.
pub(super) struct Merged {
    pub component: Vec<u8>,
    /// What was copied byte for byte, in order.
    pub moved: Vec<Moved>,
}

/// Bytes that were copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moved {
    /// Where they are.
    pub new: usize,
    /// Where they were.
    pub old: usize,
    pub length: usize,
}

impl Moved {
    /// The bytes of the section that was written last.
    fn last(component: &Component, old: &Range<usize>) -> Moved {
        Moved { new: component.as_slice().len() - old.len(), old: old.start, length: old.len() }
    }

    /// Where a byte was, if it is one of these.
    pub fn old(&self, new: usize) -> Option<usize> {
        new.checked_sub(self.new).filter(|within| *within < self.length).map(|within| self.old + within)
    }
}

/// Rewrites a component. `None` where there is nothing to be merged, or the component is beyond what this module knows.
pub(super) fn merge(component: &[u8]) -> Option<Merged> {
    let root = Node::read(component)?;
    let mut nodes = Vec::new();
    flatten(&root, &mut nodes);
    let mut instantiated: HashMap<usize, usize> = HashMap::new();
    for module in nodes.iter().flat_map(|node| instantiations(node)) {
        *instantiated.entry(module.start).or_default() += 1;
    }
    let mut found: Vec<(&Node<'_>, Scope<'_, '_>, Vec<Set>)> = Vec::new();
    for node in nodes {
        // What is inside of a component that is written anew stays as it is.
        if found.iter().any(|(around, ..)| around.range.contains(&node.range.start)) {
            continue;
        }
        let Some(scope) = Scope::new(node, component) else { continue };
        let mut sets = scope.sets()?;
        sets.retain(|set| {
            let shared = |module: Range<usize>| module.len() >= LARGE && instantiated.get(&module.start) != Some(&1);
            !modules(node, set).any(shared)
        });
        if !sets.is_empty() {
            found.push((node, scope, sets));
        }
    }
    // Only what is valid means anything.
    if found.is_empty() || validate(component, ENGINE).is_err() {
        return None;
    }
    let mut merging = Merging { whole: component, rewritten: HashMap::new(), unneeded: HashSet::new() };
    for (node, scope, sets) in &found {
        let Some(rewritten) = rewrite(scope, sets, component) else { continue };
        for module in sets.iter().flat_map(|set| modules(node, set)) {
            let left = instantiated.entry(module.start).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                merging.unneeded.insert(module.start);
            }
        }
        merging.rewritten.insert(node.range.start, rewritten);
    }
    if merging.rewritten.is_empty() {
        return None;
    }
    let Rewritten { component, moved } = merging.node(&root)?;
    Some(Merged { component: component.finish(), moved })
}

fn flatten<'n, 'a>(node: &'n Node<'a>, nodes: &mut Vec<&'n Node<'a>>) {
    nodes.push(node);
    for item in &node.items {
        if let What::Component(inside) = &item.what {
            flatten(inside, nodes);
        }
    }
}

/// Where the modules are that a component itself instantiates.
fn instantiations(node: &Node<'_>) -> impl Iterator<Item = Range<usize>> {
    (0..node.items.len()).filter_map(|item| instantiated(node, item))
}

fn modules(node: &Node<'_>, set: &Set) -> impl Iterator<Item = Range<usize>> {
    set.members.iter().filter_map(|item| instantiated(node, *item))
}

/// Where the module is that an item instantiates.
fn instantiated(node: &Node<'_>, item: usize) -> Option<Range<usize>> {
    let What::CoreInstance(Instance::Instantiate { module_index, .. }) = &node.items.get(item)?.what else {
        return None;
    };
    node.modules.get(*module_index as usize).cloned()
}

/// Puts the whole together of what was rewritten and what is copied.
struct Merging<'a> {
    whole: &'a [u8],
    /// Components, by where they begin.
    rewritten: HashMap<usize, Rewritten>,
    /// Modules that nobody instantiates any more, by where they begin.
    unneeded: HashSet<usize>,
}

impl Merging<'_> {
    fn node(&mut self, node: &Node<'_>) -> Option<Rewritten> {
        if let Some(rewritten) = self.rewritten.remove(&node.range.start) {
            return Some(rewritten);
        }
        let (mut component, mut moved) = (Component::new(), Vec::new());
        let mut inside = node.items.iter().filter_map(|item| match &item.what {
            What::Component(inside) => Some(inside),
            _ => None,
        });
        let mut parser = Parser::new(node.range.start as u64);
        let mut rest = self.whole.get(node.range.clone())?;
        while !rest.is_empty() {
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).ok()? else { return None };
            rest = rest.get(consumed..)?;
            match payload {
                Payload::ModuleSection { unchecked_range, .. } => {
                    let range = offsets(&unchecked_range)?;
                    rest = rest.get(range.len()..)?;
                    let id = ComponentSectionId::CoreModule.into();
                    if self.unneeded.contains(&range.start) {
                        component.section(&RawSection { id, data: EMPTY });
                    } else {
                        component.section(&RawSection { id, data: self.whole.get(range.clone())? });
                        moved.push(Moved::last(&component, &range));
                    }
                }
                Payload::ComponentSection { unchecked_range, .. } => {
                    rest = rest.get(offsets(&unchecked_range)?.len()..)?;
                    let written = self.node(inside.next()?)?;
                    component.section(&NestedComponentSection(&written.component));
                    let start = component.as_slice().len() - written.component.as_slice().len();
                    moved.extend(written.moved.iter().map(|moved| Moved { new: moved.new + start, ..*moved }));
                }
                payload => {
                    if let Some((id, range)) = payload.as_section() {
                        component.section(&RawSection { id, data: self.whole.get(offsets(&range)?)? });
                    }
                }
            }
        }
        Some(Rewritten { component, moved })
    }
}

#[cfg(test)]
mod tests;
