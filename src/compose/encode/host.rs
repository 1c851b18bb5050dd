//! What the app asks of the host: the imports of its parts, one for each semver track.
//!
//! 1. Every import of an instance that no edge meets is a copy of one of the plan's host imports.
//! 2. With them come types that they use and that the part has from elsewhere ([`super::borrowed`]).
//! 3. What is kept apart under a label of its own has its types from the interface's own import, where that is one.
//! 4. An interface comes after those whose types any copy of it uses; otherwise the plan's order is kept.
//! 5. Each is declared as the union of its copies ([`super::types`]), in the highest version wanted.

use std::{borrow::Cow, collections::HashMap};

use indexmap::IndexMap;
use wasm_encoder::ComponentExportKind;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ResourceId};

use super::{
    Instance,
    types::{Copy, Extent, Scope, Side, Source, Unsupported, aliased, external, resource},
};
use crate::{
    compare::Name,
    compose::{Error, recipe::Filling},
    plan::graph::{self, Graph},
};

/// Imports of the app in the making.
pub(super) struct Host<'a> {
    imports: Vec<HostImport<'a>>,
    /// Those that are not kept apart, by semver track.
    tracks: HashMap<String, usize>,
    /// All that the plan knows, by who wants it and its semver track.
    wanted: HashMap<(&'a str, String), Vec<usize>>,
}

struct HostImport<'a> {
    name: &'a str,
    label: Option<&'a str>,
    /// With the number of the instance that has it.
    copies: Vec<(usize, Copy<'a>)>,
}

/// What stands for an import in the app: what kind of thing, and its index.
pub(super) type Item = (ComponentExportKind, u32);

impl<'a> Host<'a> {
    pub fn new(graph: &'a Graph) -> Host<'a> {
        let (mut tracks, mut wanted) = (HashMap::new(), HashMap::<_, Vec<usize>>::new());
        for (index, host) in graph.host.iter().enumerate() {
            let track = Name::new(&host.import).canonical();
            for by in &host.wanted_by {
                let of_part = wanted.entry((by.by.as_str(), track.clone())).or_default();
                // A part may have an interface in several versions.
                if of_part.last() != Some(&index) {
                    of_part.push(index);
                }
            }
            if host.label.is_none() {
                tracks.insert(track, index);
            }
        }
        let import = |host: &'a graph::HostImport| HostImport {
            name: &host.import,
            label: host.label.as_deref(),
            copies: Vec::new(),
        };
        Host { imports: graph.host.iter().map(import).collect(), tracks, wanted }
    }

    /// Adds an instance's copy, and gives the number of the import that meets it; `None` where the plan leaves no such
    /// import to the host.
    pub fn add(&mut self, number: usize, instance: &'a Instance<'_>, import: &str, copy: &Copy<'a>) -> Option<usize> {
        let track = Name::new(import).canonical();
        let found = match (self.wanted.get(&(instance.name, track.clone())), &instance.filling) {
            (Some(found), _) => &found[..],
            (None, Filling::Part) => return None,
            // What is made for the app may have an import of the host that nobody planned for it.
            (None, Filling::Types(_) | Filling::Denial(_)) => std::slice::from_ref(self.tracks.get(&track)?),
        };
        let (types, whole) = match found {
            [index] => (None, *index),
            // What is kept apart under a label has its types from the interface itself.
            [one, other] if self.imports[*one].label.is_none() => (Some(*one), *other),
            [one, other] => (Some(*other), *one),
            _ => return None,
        };
        let mut put = |index: usize, extent| self.imports[index].copies.push((number, Copy { extent, ..copy.clone() }));
        match types {
            None => put(whole, Extent::All),
            Some(types) => {
                put(types, Extent::AllTypes);
                put(whole, Extent::Apart);
            }
        }
        Some(whole)
    }

    /// Adds types of an import that is not the host's.
    pub fn borrow(&mut self, number: usize, import: &'a str, copy: Copy<'a>) {
        let next = self.imports.len();
        let index = *self.tracks.entry(Name::new(import).canonical()).or_insert(next);
        if index == next {
            self.imports.push(HostImport { name: import, label: None, copies: Vec::new() });
        }
        let known = &mut self.imports[index];
        if Name::new(known.name).semver() < Name::new(import).semver() {
            known.name = import;
        }
        known.copies.push((number, copy));
    }

    /// Declares all of them; gives what stands for each, by its number, in their order.
    pub fn declare(&self, scope: &mut Scope, instances: &[Instance<'_>]) -> Result<IndexMap<usize, Item>, Error> {
        let mut declared = IndexMap::new();
        for index in self.in_order(instances)? {
            let import = &self.imports[index];
            let copies: Vec<Copy<'_>> = import.copies.iter().map(|(_, copy)| copy.clone()).collect();
            let Some((number, first)) = import.copies.first() else {
                let reason = format!("the plan leaves `{}` to the host, but nothing imports it", import.name);
                return Err(Error::Internal { part: None, reason });
            };
            let mut name = external(import.name, first.item);
            if let Some(label) = import.label {
                name.implements = Some(name.implements.unwrap_or(name.name));
                name.name = Cow::Borrowed(label);
            }
            let item = scope
                .declare(Side::Import, name, &copies)
                .map_err(|Unsupported(reason)| Error::TooNew { part: instances[*number].name.to_owned(), reason })?;
            declared.insert(index, item);
        }
        Ok(declared)
    }

    /// The name under which an import was declared.
    pub fn name(&self, index: usize) -> &'a str {
        let import = &self.imports[index];
        import.label.unwrap_or(import.name)
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
        for (index, import) in host.imports.iter().enumerate() {
            let declares = |copy: &&(usize, Copy<'_>)| !matches!(copy.1.extent, Extent::Apart);
            for (number, copy) in import.copies.iter().filter(declares) {
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
            each_type(copy, &mut |source, referenced, created| {
                // What another import declares comes from there, also where it is its own.
                let own = self.types.get(&(*number, created)).filter(|owner| **owner != index);
                let known = own.or_else(|| aliased(source, referenced).find_map(|id| self.types.get(&(*number, id))));
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
