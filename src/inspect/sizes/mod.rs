//! Where the bytes go: components, core modules, their sections, and the functions of each crate, package or library.
//!
//! 1. Sizes add up: what is not listed under something is its rest.
//! 2. What is there more than once is found by digest ([`duplicates`]): whole, and without names and other custom
//!    sections, as parts that share an engine differ only there.
//! 3. What functions are of is known by their names or by debug information ([`functions`]).
//! 4. What each measure would save is counted, not tried ([`savings`]).

mod compress;
mod duplicates;
mod functions;
mod savings;

use std::{collections::HashMap, ops::Range};

use indexmap::IndexMap;

use super::{
    model::{Part, Size, SizeKind, Sizes},
    producers::{module_name, own_name},
    raw::{Module, Raw},
};

/// Reads the sizes. `parts`: the programs inside.
pub(super) fn read(raw: &Raw<'_>, file: &str, parts: &[Part]) -> Sizes {
    let whole = 0..raw.bytes.len() as u64;
    let mut ranges: Vec<Range<u64>> = raw.modules.iter().map(|module| module.range.clone()).collect();
    ranges.push(whole.clone());
    let compressed = compress::all(raw, &ranges);
    let tree = tree(raw, file, &compressed);
    let duplicates = duplicates::find(raw);
    let savings = savings::savings(raw, &duplicates, parts);
    Sizes { tree, compressed: compressed.get(&whole).copied().unwrap_or_default(), duplicates, savings }
}

/// The file with all that is inside. Built from the inside out, so that depth costs no stack.
fn tree(raw: &Raw<'_>, file: &str, compressed: &HashMap<Range<u64>, u64>) -> Size {
    let mut inside: Vec<Vec<Size>> = raw.components.iter().map(|_| Vec::new()).collect();
    let mut alone = None;
    for (id, module) in raw.modules.iter().enumerate() {
        let name = module_name(raw, id).unwrap_or_else(|| file.to_owned());
        let mut size = self::module(raw, id, name);
        size.compressed = compressed.get(&module.range).copied();
        match module.component {
            Some(component) => inside[component].push(size),
            None => alone = Some(size),
        }
    }
    // A component comes after the one around it.
    for (id, component) in raw.components.iter().enumerate().rev() {
        let mut parts = std::mem::take(&mut inside[id]);
        let customs =
            component.customs.iter().map(|custom| section(custom.name, custom.range.end - custom.range.start));
        parts.extend(customs);
        let name = own_name(raw, id).unwrap_or_else(|| file.to_owned());
        let mut size = whole(name, SizeKind::Component, &component.range, parts);
        match component.outer {
            Some(outer) => inside[outer].push(size),
            None => {
                size.compressed = compressed.get(&component.range).copied();
                alone = Some(size);
            }
        }
    }
    alone.unwrap_or_else(|| whole(file.to_owned(), SizeKind::Rest, &(0..raw.bytes.len() as u64), Vec::new()))
}

fn module(raw: &Raw<'_>, id: usize, name: String) -> Size {
    let module = &raw.modules[id];
    let mut parts: IndexMap<&str, Size> = IndexMap::new();
    let customs = module.customs.iter().map(|custom| (custom.name, custom.range.clone()));
    for (name, range) in module.sections.iter().map(|(name, range)| (*name, range.clone())).chain(customs) {
        let length = range.end - range.start;
        let entry = parts.entry(name).or_insert_with(|| section(name, 0));
        entry.size += length;
        if name == "code" {
            entry.inside = groups(raw, module, length);
        }
    }
    whole(name, SizeKind::CoreModule, &module.range, parts.into_values().collect())
}

fn section(name: &str, size: u64) -> Size {
    Size { name: name.to_owned(), kind: SizeKind::Section, size, compressed: None, inside: Vec::new() }
}

/// Adds what is not listed, the largest first.
fn whole(name: String, kind: SizeKind, range: &Range<u64>, mut inside: Vec<Size>) -> Size {
    let size = range.end - range.start;
    let listed: u64 = inside.iter().map(|part| part.size).sum();
    if let Some(rest) = size.checked_sub(listed).filter(|rest| *rest > 0 && !inside.is_empty()) {
        inside.push(Size { kind: SizeKind::Rest, ..section("everything else", rest) });
    }
    inside.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    Size { name, kind, size, compressed: None, inside }
}

/// Functions by what they are of, with the rest of the code section.
fn groups(raw: &Raw<'_>, module: &Module<'_>, code: u64) -> Vec<Size> {
    let groups = functions::groups(raw, module).into_iter();
    let parts = groups.map(|(name, size)| Size { kind: SizeKind::FunctionGroup, ..section(&name, size) });
    whole(String::new(), SizeKind::Section, &(0..code), parts.collect()).inside
}
