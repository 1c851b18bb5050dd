//! Core modules that are there more than once.

use indexmap::IndexMap;

use super::super::{
    model::{Duplicate, Sameness, SizeKind},
    producers::{module_name, path},
    raw::{Module, Raw},
};

/// Smaller modules are not worth a line.
const LEAST: u64 = 1024;

/// Modules that are the same but for custom sections, the most wasteful first.
pub(super) fn find(raw: &Raw<'_>) -> Vec<Duplicate> {
    let mut same: IndexMap<(u64, blake3::Hash), Vec<usize>> = IndexMap::new();
    for (id, module) in raw.modules.iter().enumerate() {
        let size: u64 = module.sections.iter().map(|(_, range)| range.end - range.start).sum();
        if size >= LEAST {
            same.entry((size, contents(raw, module))).or_default().push(id);
        }
    }
    let mut duplicates: Vec<Duplicate> = same
        .into_iter()
        .filter(|(_, modules)| modules.len() > 1)
        .map(|((size, _), modules)| {
            let whole = |id: usize| blake3::hash(raw.slice(&raw.modules[id].range));
            let is_whole = modules.iter().all(|id| whole(*id) == whole(modules[0]));
            let first = &raw.modules[modules[0]].range;
            let places =
                modules.iter().map(|id| path(raw, raw.modules[*id].component, module_name(raw, *id)).join(" › "));
            Duplicate {
                kind: SizeKind::CoreModule,
                size: if is_whole { first.end - first.start } else { size },
                places: places.collect(),
                same: if is_whole { Sameness::Whole } else { Sameness::WithoutNames },
            }
        })
        .collect();
    duplicates.sort_by_key(|duplicate| std::cmp::Reverse(duplicate.size * (duplicate.places.len() as u64 - 1)));
    duplicates
}

/// The digest of all sections that are not custom.
fn contents(raw: &Raw<'_>, module: &Module<'_>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for (name, range) in &module.sections {
        hasher.update(name.as_bytes()).update(&(range.end - range.start).to_le_bytes()).update(raw.slice(range));
    }
    hasher.finalize()
}
