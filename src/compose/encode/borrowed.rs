//! Types that imports from the host are made of, where a part has them from somewhere else.
//!
//! An interface that is left to the host may use plain types of one that another part exports, or that is defined for
//! the app. They are the same by structure, but a type of an import must have been imported under a name: so the app
//! imports those types as well, and nothing else of where they come from.

use std::collections::{BTreeSet, HashMap, HashSet};

use indexmap::IndexMap;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ComponentFuncTypeId};

use super::types::{Source, aliased};
use crate::{
    compose::shape::Shape,
    resolve::{members, named},
};

/// The types an app must import for what a part has from the host, by the part's import that declares them.
pub(super) fn needed<'a>(shape: &'a Shape, from_host: &dyn Fn(&str) -> bool) -> IndexMap<&'a str, BTreeSet<&'a str>> {
    let mut walk = Walk {
        source: Source { number: 0, types: shape.types() },
        declared: HashMap::new(),
        seen: HashSet::new(),
        pending: Vec::new(),
        needed: IndexMap::new(),
    };
    let mut roots = Vec::new();
    for name in shape.imports.keys() {
        let Some(item) = shape.import(name) else { continue };
        let foreign = (!from_host(name)).then_some(name.as_str());
        if foreign.is_none() {
            roots.push(item.ty);
        }
        match item.ty {
            ComponentEntityType::Type { referenced, created } => walk.declare(foreign, name, referenced, created),
            ComponentEntityType::Instance(id) => {
                for (member, item) in shape.types().get(id).into_iter().flat_map(|ty| &ty.exports) {
                    if let ComponentEntityType::Type { referenced, created } = item.ty {
                        walk.declare(foreign, member, referenced, created);
                    }
                }
            }
            _ => {}
        }
    }
    for root in roots {
        walk.entity(root);
    }
    walk.run();
    walk.needed
}

/// A type that an import declares.
#[derive(Clone, Copy)]
struct Declared<'a> {
    /// The import, where it is not the host's.
    foreign: Option<&'a str>,
    name: &'a str,
    referenced: ComponentAnyTypeId,
}

struct Walk<'a> {
    source: Source<'a>,
    declared: HashMap<ComponentAnyTypeId, Declared<'a>>,
    seen: HashSet<ComponentAnyTypeId>,
    pending: Vec<ComponentAnyTypeId>,
    needed: IndexMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Walk<'a> {
    fn declare(
        &mut self,
        foreign: Option<&'a str>,
        name: &'a str,
        referenced: ComponentAnyTypeId,
        created: ComponentAnyTypeId,
    ) {
        self.declared.insert(created, Declared { foreign, name, referenced });
    }

    fn entity(&mut self, entity: ComponentEntityType) {
        match entity {
            ComponentEntityType::Type { referenced, .. } => self.pending.push(referenced),
            ComponentEntityType::Func(id) => self.function(id),
            ComponentEntityType::Instance(id) => {
                for item in self.source.types.get(id).into_iter().flat_map(|ty| ty.exports.values()) {
                    match item.ty {
                        ComponentEntityType::Type { referenced, .. } => self.pending.push(referenced),
                        ComponentEntityType::Func(id) => self.function(id),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, id: ComponentFuncTypeId) {
        let function = &self.source.types[id];
        let types = function.params.iter().map(|(_, ty)| *ty).chain(function.result);
        self.pending.extend(types.filter_map(named));
    }

    fn run(&mut self) {
        while let Some(id) = self.pending.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            match aliased(self.source, id).find_map(|id| self.declared.get(&id).copied()) {
                // A resource is had from one place: the planner sees to it.
                Some(Declared { foreign: Some(import), name, referenced }) => {
                    if let ComponentAnyTypeId::Defined(_) = referenced {
                        self.needed.entry(import).or_default().insert(name);
                        self.pending.push(referenced);
                    }
                }
                Some(Declared { foreign: None, referenced, .. }) => self.pending.push(referenced),
                None => {
                    if let ComponentAnyTypeId::Defined(id) = id {
                        self.pending.extend(members(&self.source.types[id]).into_iter().filter_map(named));
                    }
                }
            }
        }
    }
}
