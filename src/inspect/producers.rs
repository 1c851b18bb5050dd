//! Who made each component and module.

use super::{
    model::{Made, Producers, SizeKind},
    origin,
    raw::Raw,
};

/// Every component and module that says anything, in the order of the file.
pub(super) fn read(raw: &Raw<'_>) -> Vec<Made> {
    let mut made: Vec<(u64, Made)> = Vec::new();
    for (id, it) in raw.components.iter().enumerate() {
        let origin = origin::of(raw, id);
        made.push((
            it.range.start,
            entry(path(raw, it.outer, own_name(raw, id)), SizeKind::Component, &it.range, origin, &it.producers),
        ));
    }
    for (id, it) in raw.modules.iter().enumerate() {
        let origin = origin::of_modules(raw, &[id]);
        let name = module_name(raw, id);
        made.push((
            it.range.start,
            entry(path(raw, it.component, name), SizeKind::CoreModule, &it.range, origin, &it.producers),
        ));
    }
    made.sort_by_key(|(start, _)| *start);
    made.into_iter().map(|(_, made)| made).filter(|made| !made.producers.is_empty() || made.path.is_empty()).collect()
}

fn entry(
    path: Vec<String>,
    kind: SizeKind,
    range: &std::ops::Range<u64>,
    origin: Option<super::model::Origin>,
    producers: &Producers,
) -> Made {
    Made { path, kind, size: range.end - range.start, origin, producers: producers.clone() }
}

/// Names from the outermost inwards; the file itself has none.
pub(super) fn path(raw: &Raw<'_>, outer: Option<usize>, own: Option<String>) -> Vec<String> {
    let mut path: Vec<String> = own.into_iter().collect();
    let mut around = outer;
    while let Some(id) = around {
        path.extend(own_name(raw, id));
        around = raw.components[id].outer;
    }
    path.reverse();
    path
}

/// What a component is called; none for the file itself.
pub(super) fn own_name(raw: &Raw<'_>, component: usize) -> Option<String> {
    let it = &raw.components[component];
    let outer = &raw.components[it.outer?];
    let index =
        (0..).zip(&outer.components).find(|(_, item)| matches!(item, super::raw::Item::Here(id) if *id == component));
    let index = index.map(|(index, _)| index);
    let given = index.and_then(|index| outer.component_names.get(&index).copied());
    let name = it.name.or(given).map(str::to_owned);
    Some(name.unwrap_or_else(|| format!("component {}", index.unwrap_or_default())))
}

/// What a module is called; none for the file itself.
pub(super) fn module_name(raw: &Raw<'_>, module: usize) -> Option<String> {
    let it = &raw.modules[module];
    let outer = &raw.components[it.component?];
    let index = (0..).zip(&outer.modules).find(|(_, item)| matches!(item, super::raw::Item::Here(id) if *id == module));
    let index = index.map(|(index, _)| index);
    let given = index.and_then(|index| outer.module_names.get(&index).copied());
    let name = it.name.or(given).map(str::to_owned);
    Some(name.unwrap_or_else(|| format!("module {}", index.unwrap_or_default())))
}
