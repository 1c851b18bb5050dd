//! What the app asks of the host: the imports of its parts, one for each semver track.
//!
//! 1. Every import of an instance that no edge meets is a copy of one of the plan's host imports.
//! 2. With them come types that they use and that the part has from elsewhere ([`super::borrowed`]).
//! 3. An interface comes after those whose types any copy of it uses; otherwise the plan's order is kept.
//! 4. Each is declared as the union of its copies ([`super::types`]), in the highest version wanted.

use std::collections::HashMap;

use indexmap::IndexMap;
use wasm_encoder::ComponentExportKind;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ResourceId};

use super::{
    Instance,
    types::{Copy, Scope, Side, Source, Unsupported, aliased, external, resource},
};
use crate::{compare::Name, compose::Error, plan::graph::Graph};

/// Imports of the app in the making, by semver track.
pub(super) struct Host<'a> {
    imports: IndexMap<String, HostImport<'a>>,
}

struct HostImport<'a> {
    name: &'a str,
    /// With the number of the instance that has it.
    copies: Vec<(usize, Copy<'a>)>,
}

/// What stands for an import in the app: what kind of thing, and its index.
pub(super) type Item = (ComponentExportKind, u32);

impl<'a> Host<'a> {
    pub fn new(graph: &'a Graph) -> Host<'a> {
        let import = |import: &'a str| HostImport { name: import, copies: Vec::new() };
        let imports = graph.host.iter().map(|host| (Name::new(&host.import).canonical(), import(&host.import)));
        Host { imports: imports.collect() }
    }

    /// Adds a copy; `false` where the plan leaves no such import to the host.
    pub fn add(&mut self, number: usize, import: &str, copy: Copy<'a>) -> bool {
        let known = self.imports.get_mut(&Name::new(import).canonical());
        known.map(|known| known.copies.push((number, copy))).is_some()
    }

    /// Adds types of an import that is not the host's.
    pub fn borrow(&mut self, number: usize, import: &'a str, copy: Copy<'a>) {
        let new = || HostImport { name: import, copies: Vec::new() };
        let known = self.imports.entry(Name::new(import).canonical()).or_insert_with(new);
        if Name::new(known.name).semver() < Name::new(import).semver() {
            known.name = import;
        }
        known.copies.push((number, copy));
    }

    /// Declares all of them; gives what stands for each, by semver track, in their order.
    pub fn declare(&self, scope: &mut Scope, instances: &[Instance<'_>]) -> Result<IndexMap<&str, Item>, Error> {
        let mut declared = IndexMap::new();
        for index in self.in_order(instances)? {
            let (track, import) = self.imports.get_index(index).expect("the order is of these");
            let copies: Vec<Copy<'_>> = import.copies.iter().map(|(_, copy)| copy.clone()).collect();
            let Some((number, first)) = import.copies.first() else {
                let reason = format!("the plan leaves `{}` to the host, but nothing imports it", import.name);
                return Err(Error::Internal { part: None, reason });
            };
            let name = external(import.name, first.item);
            let item = scope
                .declare(Side::Import, name, &copies)
                .map_err(|Unsupported(reason)| Error::TooNew { part: instances[*number].name.to_owned(), reason })?;
            declared.insert(track.as_str(), item);
        }
        Ok(declared)
    }

    /// The full name of what was declared.
    pub fn name(&self, track: &str) -> &'a str {
        self.imports[track].name
    }

    /// Imports after those whose types they use.
    fn in_order(&self, instances: &[Instance<'_>]) -> Result<Vec<usize>, Error> {
        let owners = Owners::new(self);
        let uses: Vec<Vec<usize>> = (0..self.imports.len()).map(|index| owners.used_by(self, index)).collect();
        let mut order = Vec::with_capacity(uses.len());
        // Not seen, on the path, or in the order.
        let mut state = vec![None; uses.len()];
        for root in 0..uses.len() {
            let mut path = vec![(root, 0)];
            while let Some((index, next)) = path.last_mut() {
                let index = *index;
                if state[index] == Some(true) {
                    path.pop();
                    continue;
                }
                state[index] = Some(false);
                match uses[index].get(*next) {
                    Some(used) if state[*used] == Some(false) => {
                        let part =
                            self.imports[index].copies.first().map(|(number, _)| instances[*number].name.to_owned());
                        let names = [index, *used].map(|index| self.imports[index].name);
                        let reason = format!("`{}` and `{}` of the host use types of each other", names[0], names[1]);
                        return Err(Error::Internal { part, reason });
                    }
                    Some(used) => {
                        let used = *used;
                        *next += 1;
                        path.push((used, 0));
                    }
                    None => {
                        state[index] = Some(true);
                        order.push(index);
                        path.pop();
                    }
                }
            }
        }
        Ok(order)
    }
}

/// Which import a type is declared by.
struct Owners {
    types: HashMap<(usize, ComponentAnyTypeId), usize>,
    resources: HashMap<(usize, ResourceId), usize>,
}

impl Owners {
    fn new(host: &Host<'_>) -> Owners {
        let mut owners = Owners { types: HashMap::new(), resources: HashMap::new() };
        for (index, import) in host.imports.values().enumerate() {
            for (number, copy) in &import.copies {
                each_type(copy, &mut |source, referenced, created| {
                    owners.types.insert((*number, created), index);
                    // Who declares a resource does not have it from another.
                    if let Some(resource) = resource(created)
                        && aliased(source, referenced).count() == 1
                    {
                        owners.resources.entry((*number, resource)).or_insert(index);
                    }
                });
            }
        }
        owners
    }

    /// The imports whose types an import uses.
    fn used_by(&self, host: &Host<'_>, index: usize) -> Vec<usize> {
        let mut used = Vec::new();
        for (number, copy) in &host.imports[index].copies {
            each_type(copy, &mut |source, referenced, _| {
                let known = aliased(source, referenced).find_map(|id| self.types.get(&(*number, id)));
                let known = known.or_else(|| self.resources.get(&(*number, resource(referenced)?)));
                if let Some(owner) = known.filter(|owner| **owner != index)
                    && !used.contains(owner)
                {
                    used.push(*owner);
                }
            });
        }
        used
    }
}

/// Named types of an import: what each is, and itself.
fn each_type(copy: &Copy<'_>, each: &mut dyn FnMut(Source<'_>, ComponentAnyTypeId, ComponentAnyTypeId)) {
    match copy.item.ty {
        ComponentEntityType::Type { referenced, created } => each(copy.source, referenced, created),
        ComponentEntityType::Instance(id) => {
            for item in copy.source.types[id].exports.values() {
                if let ComponentEntityType::Type { referenced, created } = item.ty {
                    each(copy.source, referenced, created);
                }
            }
        }
        _ => {}
    }
}
