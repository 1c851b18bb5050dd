//! Core modules that several parts have in common, so that the app holds them once.
//!
//! 1. Core modules of all parts are gathered, nested ones too. They are the same where all is but the name that Mosaic
//!    writes into them and the debug information that it leaves out ([`super::names`]).
//! 2. Modules are held against each other only where their lengths are the same, then by digests of their beginnings,
//!    then by digests of all of it: what has no twin is hardly looked at, and the work is linear in the bytes.
//! 3. What occurs more than once is stored in the app, in the order in which parts come to it, and named after those
//!    who share it: `libpython3.14.so, shared by auth, gateway`.
//!
//! A frame of a shared module tells no part; the frames around it do, as every part keeps modules of its own.

use std::{collections::BTreeMap, ops::Range};

use indexmap::{IndexMap, IndexSet};

use super::{
    DebugInfo,
    names::Module,
    sections::{COMPONENT, CORE_MODULE, Malformed, PREAMBLE, Rope, sections},
};

/// Smaller modules stay where they are: an alias costs a few bytes, and a name of one's own is worth more.
const SMALLEST: usize = 4096;
/// Enough of a module to tell most that are not the same.
const BEGINNING: usize = 4096;
/// Parts told in a name.
const TOLD: usize = 4;

/// What the app holds for its parts.
pub(super) struct Shared {
    /// By their index in the app.
    pub modules: Vec<Rope>,
    /// For each part, by where a module begins there: its index in the app.
    pub places: Vec<BTreeMap<usize, u32>>,
}

/// A part to look at.
pub(super) struct Sharer<'a> {
    pub part: &'a str,
    /// What its own modules are called.
    pub module: String,
    pub bytes: &'a [u8],
}

/// Finds what parts share.
pub(super) fn shared(parts: &[Sharer<'_>], debug: DebugInfo) -> Result<Shared, Malformed> {
    let sources: Vec<&[u8]> = parts.iter().map(|part| part.bytes).collect();
    let mut by_length: IndexMap<usize, Vec<(Module<'_>, Rope)>> = IndexMap::new();
    for (source, bytes) in sources.iter().enumerate() {
        for range in modules(bytes)? {
            if range.len() >= SMALLEST {
                let module = Module { source, bytes, range };
                let nameless = module.rope(None, debug)?;
                by_length.entry(nameless.len()).or_default().push((module, nameless));
            }
        }
    }
    let alike = by_length.into_values().filter(|alike| alike.len() > 1);
    let beginnings = alike.flat_map(|alike| apart(alike, |rope| rope.digest(&sources, BEGINNING)));
    let same = beginnings.flat_map(|alike| apart(alike, |rope| rope.digest(&sources, usize::MAX)));
    let mut same: Vec<Vec<Module<'_>>> =
        same.map(|alike| alike.into_iter().map(|(module, _)| module).collect()).collect();
    same.sort_by_key(|modules| (modules[0].source, modules[0].range.start));
    let mut shared = Shared { modules: Vec::new(), places: vec![BTreeMap::new(); parts.len()] };
    for modules in same {
        let sharers: IndexSet<&str> = modules.iter().map(|module| parts[module.source].part).collect();
        let name = match sharers.len() {
            1 => parts[modules[0].source].module.clone(),
            _ => name(&modules, &sharers),
        };
        for module in &modules {
            // Bounded by the bytes there can be.
            shared.places[module.source].insert(module.range.start, shared.modules.len() as u32);
        }
        shared.modules.push(modules[0].rope(Some(&name), debug)?);
    }
    Ok(shared)
}

/// Groups of more than one that have the same digest.
fn apart<'a>(
    alike: Vec<(Module<'a>, Rope)>,
    digest: impl Fn(&Rope) -> blake3::Hash,
) -> impl Iterator<Item = Vec<(Module<'a>, Rope)>> {
    let mut groups: IndexMap<[u8; 32], Vec<(Module<'a>, Rope)>> = IndexMap::new();
    for (module, rope) in alike {
        groups.entry(*digest(&rope).as_bytes()).or_default().push((module, rope));
    }
    groups.into_values().filter(|group| group.len() > 1)
}

/// Where the core modules of a component are, nested ones too.
fn modules(component: &[u8]) -> Result<Vec<Range<usize>>, Malformed> {
    let mut found = Vec::new();
    let whole = 0..component.len();
    let mut pending = vec![whole];
    while let Some(range) = pending.pop() {
        for section in sections(component, range.start + PREAMBLE..range.end) {
            let section = section?;
            match section.id {
                CORE_MODULE => found.push(section.contents),
                COMPONENT => pending.push(section.contents),
                _ => {}
            }
        }
    }
    found.sort_by_key(|range| range.start);
    Ok(found)
}

fn name(modules: &[Module<'_>], sharers: &IndexSet<&str>) -> String {
    let mut told = sharers.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
    if sharers.len() > TOLD {
        told.push_str(&format!(" and {} more", sharers.len() - TOLD));
    }
    let own = modules[0].own_name().filter(|own| modules.iter().all(|module| module.own_name() == Some(own)));
    match own {
        Some(own) => format!("{own}, shared by {told}"),
        None => format!("shared by {told}"),
    }
}
