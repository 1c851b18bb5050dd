//! The source lines of a guest's frames, from the debug information (DWARF) in the component itself.
//!
//! The engine is not asked to do it: it would keep the debug information in the native code and read it anew for every
//! stack it looks at, those of mere host calls included. Here it is read when a guest has trapped, and each place once.
//!
//! A frame knows its offset in the component. The core module around that offset has the sections; addresses in DWARF
//! count from the beginning of its code section (<https://yurydelendik.github.io/webassembly-dwarf/>). Where libraries were
//! merged, modules that were copied are looked for where they were; of the libraries functions are told, but no lines.

use std::collections::BTreeMap;

use addr2line::{
    Context,
    gimli::{Dwarf, EndianSlice, LittleEndian},
};
use wasmparser::{Parser, Payload};

use super::{
    code::{Artifact, Code},
    merge::Moved,
    trap::Frame,
};

/// The places of one component.
pub(super) struct Symbols<'a> {
    artifact: &'a Artifact<'a>,
    /// Of the bytes the native code was made from: a file may have been built anew meanwhile. `None`: they were rewritten,
    /// and no place is known.
    digest: Option<blake3::Hash>,
    /// Where native code of a lifted module begins → where its core module stands in the component.
    lifted: BTreeMap<usize, usize>,
    /// Where the bytes have gone that the native code was made from; `None`: they are where they were.
    moved: Option<Vec<Moved>>,
    /// Offset in the component → `file:line:column`, where known.
    places: BTreeMap<usize, Option<String>>,
}

impl<'a> Symbols<'a> {
    pub fn new(artifact: &'a Artifact<'a>, code: &Code) -> Symbols<'a> {
        let lifted =
            code.lifted.iter().map(|lifted| (lifted.module.image_range().start.addr(), lifted.start)).collect();
        Symbols { artifact, digest: code.digest, lifted, moved: code.moved.clone(), places: BTreeMap::new() }
    }

    /// Adds what is known to frames that tell their offset.
    pub fn fill(&mut self, frames: &mut [Frame]) {
        for frame in &mut *frames {
            if let Some(start) = self.lifted.get(&frame.code) {
                frame.offset = frame.offset.map(|offset| offset + start);
            }
            if let Some(moved) = &self.moved {
                // What was merged is nowhere as it is.
                frame.offset = frame.offset.and_then(|offset| moved.iter().find_map(|moved| moved.old(offset)));
            }
        }
        let unknown: Vec<usize> =
            frames.iter().filter_map(|frame| frame.offset).filter(|offset| !self.places.contains_key(offset)).collect();
        if !unknown.is_empty() {
            let bytes =
                self.digest.and_then(|digest| self.artifact.read().ok().filter(|bytes| blake3::hash(bytes) == digest));
            let found = bytes.map(|bytes| places(&bytes, &unknown)).unwrap_or_default();
            self.places.extend(unknown.into_iter().map(|offset| (offset, found.get(&offset).cloned())));
        }
        for frame in frames {
            frame.place = frame.offset.and_then(|offset| self.places.get(&offset)?.clone());
        }
    }
}

/// The places of these offsets, as far as the component tells them.
fn places(component: &[u8], offsets: &[usize]) -> BTreeMap<usize, String> {
    let mut places = BTreeMap::new();
    for payload in Parser::new(0).parse_all(component) {
        let Ok(Payload::ModuleSection { unchecked_range, .. }) = payload else { continue };
        let range = unchecked_range.start as usize..unchecked_range.end as usize;
        let inside: Vec<usize> = offsets.iter().copied().filter(|offset| range.contains(offset)).collect();
        if let Some(module) = component.get(range.clone())
            && !inside.is_empty()
        {
            places.extend(places_in_module(module, range.start, &inside));
        }
    }
    places
}

fn places_in_module(module: &[u8], start: usize, offsets: &[usize]) -> BTreeMap<usize, String> {
    let (mut code, mut sections) = (0, BTreeMap::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload {
            Ok(Payload::CodeSectionStart { unchecked_range, .. }) => {
                code = start + unchecked_range.start as usize;
            }
            Ok(Payload::CustomSection(section)) => {
                sections.insert(section.name(), section.data());
            }
            _ => {}
        }
    }
    let section = |name: &str| EndianSlice::new(sections.get(name).copied().unwrap_or_default(), LittleEndian);
    let dwarf = Dwarf::load(|id| Ok::<_, std::convert::Infallible>(section(id.name())));
    let Ok(context) = dwarf.map_err(|never| match never {}).and_then(Context::from_dwarf) else {
        return BTreeMap::new();
    };
    let place = |offset: &usize| {
        let location = context.find_location(offset.checked_sub(code)? as u64).ok()??;
        let number = |n: Option<u32>| n.map(|n| format!(":{n}")).unwrap_or_default();
        Some((*offset, format!("{}{}{}", location.file?, number(location.line), number(location.column))))
    };
    offsets.iter().filter_map(place).collect()
}
