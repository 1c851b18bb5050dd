//! Whether the packages that a component speaks of can be put in order.
//!
//! WIT has them in an order in which each comes after those whose types it uses. A binary need not: `a:x/i` may use a
//! type of `b:y/j`, and `b:y/k` one of `a:x/l`. wit-parser (0.262, `WitPackageDecoder::visit_package`) then never ends,
//! and the stack overflows; so this is looked at before.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use wasmparser::{
    Parser, Payload, ValidPayload, Validator, WasmFeatures,
    component_types::{ComponentAnyTypeId, ComponentDefinedType, ComponentEntityType, ComponentItem, ComponentValType},
    types::TypesRef,
};

/// A package that needs itself through others. `None` as well where a binary does not hold together.
pub(super) fn cycle(binary: &[u8]) -> Option<String> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let (mut depth, mut names) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload.ok()?;
        match &payload {
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section.clone() {
                    names.push((import.ok()?.name.name, true));
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section.clone() {
                    names.push((export.ok()?.name.name, false));
                }
            }
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ => {}
        }
        if let ValidPayload::End(types) = validator.payload(&payload).ok()?
            && depth == 0
        {
            let types = types.as_ref();
            let mut items = Vec::with_capacity(names.len());
            for (name, imported) in names {
                let item = match imported {
                    true => types.component_item_for_import(name),
                    false => types.component_item_for_export(name),
                };
                items.push((name, item?));
            }
            return cycle_of(types, items);
        }
    }
    None
}

/// The same for a component whose types are known: its imports and exports, in their order.
pub(super) fn cycle_of<'a>(
    types: TypesRef<'a>,
    items: impl IntoIterator<Item = (&'a str, &'a ComponentItem)>,
) -> Option<String> {
    let mut packages = Packages { types, owners: HashMap::new(), uses: BTreeMap::new() };
    for (name, item) in items {
        packages.add(name, item);
    }
    packages.cycle()
}

struct Packages<'a> {
    types: TypesRef<'a>,
    /// The package whose interface declares a type.
    owners: HashMap<ComponentAnyTypeId, String>,
    /// Whose types a package uses.
    uses: BTreeMap<String, BTreeSet<String>>,
}

impl Packages<'_> {
    fn add(&mut self, name: &str, item: &ComponentItem) {
        let full = item.full_implements().unwrap_or_else(|| item.full_name(name));
        // What has no package belongs to the component itself.
        let package = full.split_once('/').map_or(String::new(), |(package, rest)| {
            rest.split_once('@').map_or(package.to_owned(), |(_, version)| format!("{package}@{version}"))
        });
        let ComponentEntityType::Instance(id) = item.ty else { return };
        let Some(instance) = self.types.get(id) else { return };
        for item in instance.exports.values() {
            match item.ty {
                ComponentEntityType::Type { referenced, created } => {
                    self.uses_types(&package, vec![referenced]);
                    self.owners.insert(created, package.clone());
                }
                ComponentEntityType::Func(id) => {
                    let function = &self.types[id];
                    let types = function.params.iter().map(|(_, ty)| *ty).chain(function.result);
                    self.uses_types(&package, types.filter_map(named).collect());
                }
                _ => {}
            }
        }
    }

    fn uses_types(&mut self, package: &str, mut pending: Vec<ComponentAnyTypeId>) {
        let mut seen = HashSet::new();
        while let Some(id) = pending.pop() {
            if !seen.insert(id) {
                continue;
            }
            let mut chain = std::iter::successors(Some(id), |id| self.types.peel_alias(*id));
            match chain.find_map(|id| self.owners.get(&id)) {
                Some(owner) if owner == package => {}
                Some(owner) => {
                    self.uses.entry(package.to_owned()).or_default().insert(owner.clone());
                }
                None => {
                    if let ComponentAnyTypeId::Defined(id) = id {
                        pending.extend(members(&self.types[id]).into_iter().filter_map(named));
                    }
                }
            }
        }
    }

    fn cycle(&self) -> Option<String> {
        let mut done: HashSet<&str> = HashSet::new();
        for root in self.uses.keys() {
            // The path from the root: a package, and what it uses still to look at.
            let mut path: Vec<(&str, Vec<&str>)> = vec![(root, self.used_by(root))];
            while let Some((package, uses)) = path.last_mut() {
                let package = *package;
                match uses.pop() {
                    Some(used) if path.iter().any(|(on_path, _)| *on_path == used) => return Some(used.to_owned()),
                    Some(used) if done.contains(used) => {}
                    Some(used) => path.push((used, self.used_by(used))),
                    None => {
                        done.insert(package);
                        path.pop();
                    }
                }
            }
        }
        None
    }

    fn used_by(&self, package: &str) -> Vec<&str> {
        self.uses.get(package).into_iter().flatten().map(String::as_str).collect()
    }
}

/// A type of values that is no primitive one.
pub(crate) fn named(ty: ComponentValType) -> Option<ComponentAnyTypeId> {
    match ty {
        ComponentValType::Primitive(_) => None,
        ComponentValType::Type(id) => Some(ComponentAnyTypeId::Defined(id)),
    }
}

/// The types a type is made of; a handle is a name for its resource, not made of it.
pub(crate) fn members(ty: &ComponentDefinedType) -> Vec<ComponentValType> {
    match ty {
        ComponentDefinedType::Record(record) => record.fields.values().copied().collect(),
        ComponentDefinedType::Variant(variant) => variant.cases.values().filter_map(|case| case.ty).collect(),
        ComponentDefinedType::Tuple(tuple) => tuple.types.to_vec(),
        ComponentDefinedType::List { element, .. } | ComponentDefinedType::FixedLengthList { element, .. } => {
            vec![*element]
        }
        ComponentDefinedType::Map { key, value, .. } => vec![*key, *value],
        ComponentDefinedType::Option { ty, .. } => vec![*ty],
        ComponentDefinedType::Result { ok, err, .. } => ok.iter().chain(err).copied().collect(),
        ComponentDefinedType::Future { ty, .. } | ComponentDefinedType::Stream { ty, .. } => {
            ty.iter().copied().collect()
        }
        ComponentDefinedType::Primitive(_)
        | ComponentDefinedType::Flags(_)
        | ComponentDefinedType::Enum(_)
        | ComponentDefinedType::Own(_)
        | ComponentDefinedType::Borrow(_) => Vec::new(),
    }
}
