//! Core modules that several parts have in common, so that the app holds them once.
//!
//! 1. Core modules of all parts are gathered, nested ones too ([`outlines`]). They are the same where all is but the
//!    name that Mosaic writes into them and the debug information that it leaves out ([`super::names`]).
//! 2. Modules are held against each other only where their lengths and samples of them are the same, then by digests
//!    of all of it: what has no twin is not looked at again, and the work is linear in the bytes.
//! 3. What occurs more than once is stored in the app, in the order in which parts come to it, and named after those
//!    who share it: `libpython3.14.so, shared by auth, gateway`.
//!
//! A frame of a shared module tells no part; the frames around it do, as every part keeps modules of its own.

use std::{collections::BTreeMap, ops::Range};

use blake3::Hash;
use indexmap::{IndexMap, IndexSet};

use super::{
    DebugInfo, Error,
    names::Module,
    recipe::Content,
    sections::{COMPONENT, CORE_MODULE, Fault, PREAMBLE, sections},
    source::Reader,
};

/// Smaller modules stay where they are: an alias costs a few bytes, and a name of one's own is worth more.
const SMALLEST: usize = 4096;
/// Bytes from each of the places that tell modules from each other.
const SAMPLE: usize = 4096;
/// Parts told in a name.
const TOLD: usize = 4;

/// What the app holds for its parts.
pub(super) struct Shared {
    /// By their index in the app.
    pub modules: Vec<Hoisted>,
    /// For each part, by where a module begins there: its index in the app.
    pub places: Vec<BTreeMap<usize, u32>>,
}

/// A core module that the app holds.
pub(super) struct Hoisted {
    /// The part to take it from, by number, and where it is there.
    pub source: usize,
    pub range: Range<usize>,
    pub name: String,
}

/// A part to look at.
pub(super) struct Sharer<'a> {
    pub part: &'a str,
    /// What its own modules are called.
    pub module: String,
    pub content: &'a Content<'a>,
}

/// What is remembered of a core module of a part whose bytes are let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    range: Range<usize>,
    /// What it calls itself.
    name: Option<String>,
    /// Of it without that name: the length, and the digest of samples.
    likeness: (usize, Hash),
}

/// The core modules of a component that are worth sharing.
pub(super) fn outlines(component: &mut Reader<'_>, debug: DebugInfo) -> Result<Vec<Outline>, Fault> {
    let mut outlines = Vec::new();
    for range in modules(component)?.into_iter().filter(|range| range.len() >= SMALLEST) {
        let module = Module { range };
        let nameless = module.rope(component, None, debug)?;
        let likeness = (nameless.len(), nameless.digest(component, &samples(nameless.len()))?);
        outlines.push(Outline { name: module.own_name(component)?, range: module.range, likeness });
    }
    Ok(outlines)
}

/// Enough of a module to tell most that are not the same: many begin alike.
fn samples(length: usize) -> [Range<usize>; 2] {
    [0..SAMPLE, length / 2..length / 2 + SAMPLE]
}

/// Finds what parts share.
pub(super) fn shared(parts: &[Sharer<'_>], debug: DebugInfo) -> Result<Shared, Error> {
    let mut alike: IndexMap<(usize, Hash), Vec<(usize, &Outline)>> = IndexMap::new();
    for (source, part) in parts.iter().enumerate() {
        for outline in part.content.modules.iter() {
            alike.entry(outline.likeness).or_default().push((source, outline));
        }
    }
    let mut candidates: Vec<_> = alike.into_values().filter(|alike| alike.len() > 1).flatten().collect();
    candidates.sort_by_key(|(source, outline)| (*source, outline.range.start));
    let mut same: IndexMap<Hash, Vec<(usize, &Outline)>> = IndexMap::new();
    for of_part in candidates.chunk_by(|(a, _), (b, _)| a == b) {
        parts[of_part[0].0].content.pass(|bytes| {
            for (source, outline) in of_part {
                let module = Module { range: outline.range.clone() };
                let nameless = module.rope(bytes, None, debug).map_err(|fault| fault.within(None))?;
                let digest = nameless.digest(bytes, std::slice::from_ref(&(0..nameless.len())))?;
                same.entry(digest).or_default().push((*source, outline));
            }
            Ok(())
        })?;
    }
    let mut shared = Shared { modules: Vec::new(), places: vec![BTreeMap::new(); parts.len()] };
    for modules in same.into_values().filter(|same| same.len() > 1) {
        let sharers: IndexSet<&str> = modules.iter().map(|(source, _)| parts[*source].part).collect();
        let (source, first) = modules[0];
        let name = match sharers.len() {
            1 => parts[source].module.clone(),
            _ => name(&modules, &sharers),
        };
        for (source, module) in &modules {
            // Bounded by the bytes there can be.
            shared.places[*source].insert(module.range.start, shared.modules.len() as u32);
        }
        shared.modules.push(Hoisted { source, range: first.range.clone(), name });
    }
    Ok(shared)
}

/// Where the core modules of a component are, nested ones too.
fn modules(component: &mut Reader<'_>) -> Result<Vec<Range<usize>>, Fault> {
    let mut found = Vec::new();
    let whole = 0..component.len();
    let mut pending = vec![whole];
    while let Some(range) = pending.pop() {
        let mut all = sections(range.start + PREAMBLE..range.end);
        while let Some(section) = all.next(component)? {
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

fn name(modules: &[(usize, &Outline)], sharers: &IndexSet<&str>) -> String {
    let mut told = sharers.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
    if sharers.len() > TOLD {
        told.push_str(&format!(" and {} more", sharers.len() - TOLD));
    }
    let own = modules[0].1.name.as_ref();
    match own.filter(|_| modules.iter().all(|(_, module)| module.name.as_ref() == own)) {
        Some(own) => format!("{own}, shared by {told}"),
        None => format!("shared by {told}"),
    }
}
