//! A nested component as a file of its own: core modules that it takes from around it are put where it takes them.

use wasm_encoder::{Component, RawSection};
use wasmparser::{BinaryReader, ComponentAlias, ComponentAliasSectionReader, ComponentOuterAliasKind};

use super::raw::{Item, Raw};

const HEADER: usize = 8;
const MODULE: u8 = 1;
const ALIAS: u8 = 6;

/// The component's bytes with its modules; `None` where a module is not in the file.
pub(super) fn inlined(raw: &Raw<'_>, component: usize) -> Option<Vec<u8>> {
    let it = raw.components.get(component)?;
    let indices = (0..).zip(&it.modules).filter(|(_, item)| matches!(item, Item::Outer { .. }));
    let mut taken = indices.map(|(index, _)| raw.module(component, index));
    let mut out = Component::new();
    let mut reader = BinaryReader::new(raw.slice(&it.range).get(HEADER..)?, 0);
    while !reader.eof() {
        let id = reader.read_u8().ok()?;
        let size = reader.read_var_u32().ok()?;
        let data = reader.read_bytes(size as usize).ok()?;
        if id != ALIAS {
            out.section(&RawSection { id, data });
            continue;
        }
        let aliases = ComponentAliasSectionReader::new(BinaryReader::new(data, 0)).ok()?;
        let aliases: Vec<_> = aliases.into_iter_with_offsets().collect::<Result<_, _>>().ok()?;
        for (place, (start, alias)) in aliases.iter().enumerate() {
            if let ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, count: 1.., .. } = alias {
                let module = raw.modules.get(taken.next()??)?;
                out.section(&RawSection { id: MODULE, data: raw.slice(&module.range) });
                continue;
            }
            let end = aliases.get(place + 1).map_or(data.len() as u64, |(next, _)| *next);
            let mut one = vec![1];
            one.extend_from_slice(data.get(usize::try_from(*start).ok()?..usize::try_from(end).ok()?)?);
            out.section(&RawSection { id: ALIAS, data: &one });
        }
    }
    Some(out.finish())
}
