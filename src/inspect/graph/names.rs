//! What instances are called.

use std::collections::HashMap;

use super::super::{model::NamedBy, raw::Raw};
use crate::compare::Name;

/// The names of the instances inside a component, each another: what its name section calls the instance, else what the
/// instance's component calls itself, else what the name section calls the component, else what it exports.
pub(super) fn of(raw: &Raw<'_>, around: usize, children: &[(u32, Option<usize>)]) -> Vec<(String, NamedBy)> {
    let mut taken: HashMap<String, u32> = HashMap::new();
    let names = children.iter().enumerate().map(|(place, (instance, component))| {
        let (name, named_by) = name(raw, around, *instance, *component)
            .unwrap_or_else(|| (format!("component {}", place + 1), NamedBy::Place));
        let mut unique = name.clone();
        loop {
            let times = taken.entry(name.clone()).or_default();
            *times += 1;
            if *times > 1 {
                unique = format!("{name} ({times})");
                if taken.contains_key(&unique) {
                    continue;
                }
                taken.insert(unique.clone(), 1);
            }
            return (unique, named_by);
        }
    });
    names.collect()
}

fn name(raw: &Raw<'_>, around: usize, instance: u32, component: Option<usize>) -> Option<(String, NamedBy)> {
    let it = &raw.components[around];
    let own = component.and_then(|component| raw.components[component].name);
    let index = it.made_by(instance);
    let given = index.and_then(|index| it.component_names.get(&index).copied());
    let names = [it.instance_names.get(&instance).copied(), own, given];
    if let Some(name) = names.into_iter().flatten().find(|name| !name.is_empty()) {
        return Some((name.to_owned(), NamedBy::NameSection));
    }
    let Some(component) = component else {
        let import = index.and_then(|index| it.imported_component(index))?;
        return Some((import.to_owned(), NamedBy::Import));
    };
    let exports = || raw.components[component].exports.iter().map(|export| export.name);
    let export = exports().find(|name| !name.starts_with("wasi:")).or_else(|| exports().next())?;
    let name = Name::new(export);
    let short = name.base.rsplit(['/', ':']).next().unwrap_or(name.base);
    Some((short.to_owned(), NamedBy::Export))
}
