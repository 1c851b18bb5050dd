//! A component as a file of its own, reduced to what its types are made of: its world is read from that.
//!
//! 1. Core modules that it takes from around it are put where it takes them.
//! 2. Of core modules only what makes their types is kept: functions get bodies that trap; data, elements, names and
//!    debug information are left out. They are nearly all of a large file, and WIT's reader would look at all of it.
//!
//! Invariant: it has the same world as the component, if that is valid. Whether it is, is not looked at.

use wasm_encoder::{Component, Encode, RawSection};
use wasmparser::{BinaryReader, ComponentAlias, ComponentAliasSectionReader, ComponentOuterAliasKind};

use super::raw::{Item, Raw};

const HEADER: usize = 8;
/// Each component is written once for each one around it.
const DEEPEST: usize = 100;

/// Sections of a component.
const MODULE: u8 = 1;
const COMPONENT: u8 = 4;
const ALIAS: u8 = 6;

/// Sections of a core module that make its type: types, imports, functions, tables, memories, globals, exports, tags.
const KEPT: &[u8] = &[1, 2, FUNCTIONS, 4, 5, 6, 7, 13];
const FUNCTIONS: u8 = 3;
const CODE: u8 = 10;
/// A body of three bytes: no locals, `unreachable`, its end.
const NO_BODY: &[u8] = &[3, 0, 0, 0x0b];

/// The component's bytes; `None` where a module is not in the file, or it does not hold together.
pub(super) fn outline(raw: &Raw<'_>, component: usize) -> Option<Vec<u8>> {
    reduced(raw, component, DEEPEST)
}

fn reduced(raw: &Raw<'_>, component: usize, deepest: usize) -> Option<Vec<u8>> {
    let deepest = deepest.checked_sub(1)?;
    let it = raw.components.get(component)?;
    let here = |item: &Item<'_>| match item {
        Item::Here(id) => Some(*id),
        _ => None,
    };
    let mut modules = it.modules.iter().filter_map(here);
    let mut components = it.components.iter().filter_map(here);
    let outer = (0..).zip(&it.modules).filter(|(_, item)| matches!(item, Item::Outer { .. }));
    let mut taken = outer.map(|(index, _)| raw.module(component, index));
    let mut out = Component::new();
    let mut reader = BinaryReader::new(raw.slice(&it.range).get(HEADER..)?, 0);
    while !reader.eof() {
        let (id, data) = section(&mut reader)?;
        match id {
            MODULE => {
                let module = module(raw, modules.next()?)?;
                out.section(&RawSection { id: MODULE, data: &module });
            }
            COMPONENT => {
                let inner = reduced(raw, components.next()?, deepest)?;
                out.section(&RawSection { id: COMPONENT, data: &inner });
            }
            ALIAS => aliases(raw, data, &mut taken, &mut out)?,
            _ => {
                out.section(&RawSection { id, data });
            }
        }
    }
    Some(out.finish())
}

/// Aliases, each of a module from around replaced by the module.
fn aliases(
    raw: &Raw<'_>,
    data: &[u8],
    taken: &mut impl Iterator<Item = Option<usize>>,
    out: &mut Component,
) -> Option<()> {
    let reader = ComponentAliasSectionReader::new(BinaryReader::new(data, 0)).ok()?;
    let aliases: Vec<_> = reader.into_iter_with_offsets().collect::<Result<_, _>>().ok()?;
    let is_taken = |alias: &_| {
        matches!(alias, ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, count: 1.., .. })
    };
    if !aliases.iter().any(|(_, alias)| is_taken(alias)) {
        out.section(&RawSection { id: ALIAS, data });
        return Some(());
    }
    for (place, (start, alias)) in aliases.iter().enumerate() {
        if is_taken(alias) {
            let module = module(raw, taken.next()??)?;
            out.section(&RawSection { id: MODULE, data: &module });
            continue;
        }
        let end = aliases.get(place + 1).map_or(data.len() as u64, |(next, _)| *next);
        let mut one = vec![1];
        one.extend_from_slice(data.get(usize::try_from(*start).ok()?..usize::try_from(end).ok()?)?);
        out.section(&RawSection { id: ALIAS, data: &one });
    }
    Some(())
}

/// A core module of the same type, without code.
fn module(raw: &Raw<'_>, id: usize) -> Option<Vec<u8>> {
    let whole = raw.slice(&raw.modules.get(id)?.range);
    let mut out = whole.get(..HEADER)?.to_vec();
    let mut functions = 0;
    let mut reader = BinaryReader::new(whole.get(HEADER..)?, 0);
    while !reader.eof() {
        let (id, data) = section(&mut reader)?;
        if id == FUNCTIONS {
            // Each takes a byte at least, so that the bodies are no more than a few times what is there.
            functions = BinaryReader::new(data, 0).read_var_u32().ok().filter(|count| *count as usize <= data.len())?;
        }
        if KEPT.contains(&id) {
            out.push(id);
            data.encode(&mut out);
        }
    }
    if functions > 0 {
        let mut bodies = Vec::new();
        functions.encode(&mut bodies);
        (0..functions).for_each(|_| bodies.extend_from_slice(NO_BODY));
        out.push(CODE);
        bodies.as_slice().encode(&mut out);
    }
    Some(out)
}

/// A section's id and its contents.
fn section<'a>(reader: &mut BinaryReader<'a>) -> Option<(u8, &'a [u8])> {
    let id = reader.read_u8().ok()?;
    let size = reader.read_var_u32().ok()?;
    Some((id, reader.read_bytes(size as usize).ok()?))
}
