//! The functions of a core module by the crate, package or library they are of.
//!
//! 1. By their names in the name section, where these tell.
//! 2. Else by debug information (DWARF): by the name that the linker knew, else by the file they were compiled from.
//!
//! Addresses in DWARF count from the beginning of the code section.

use std::collections::{BTreeMap, HashMap};

use addr2line::gimli::{
    self, AttributeValue, DW_AT_abstract_origin, DW_AT_high_pc, DW_AT_language, DW_AT_linkage_name, DW_AT_low_pc,
    DW_AT_name, DW_AT_specification, DW_TAG_subprogram, DebuggingInformationEntry, Dwarf, EndianSlice, LittleEndian,
    SectionId, Unit,
};
use indexmap::IndexMap;
use wasmparser::{KnownCustom, Name, Parser, Payload};

use super::super::{
    raw::{Module, Raw},
    symbol,
};

/// Functions that nothing tells of.
const UNKNOWN: &str = "functions without a known origin";

/// Bytes of functions by what they are of; none where nothing tells of any.
pub(super) fn groups(raw: &Raw<'_>, module: &Module<'_>) -> IndexMap<String, u64> {
    let mut groups: IndexMap<String, u64> = IndexMap::new();
    let Some(functions) = Functions::read(raw.slice(&module.range)) else { return groups };
    let debug = Debug::read(module);
    if functions.names.is_empty() && debug.by_start.is_empty() {
        return groups;
    }
    for (place, (start, size)) in functions.bodies.iter().enumerate() {
        let index = u32::try_from(functions.imported + place).unwrap_or(u32::MAX);
        let named = functions.names.get(&index).and_then(|name| symbol::group(name));
        let group = named.or_else(|| debug.group(start + size / 2));
        *groups.entry(group.unwrap_or_else(|| UNKNOWN.to_owned())).or_default() += size;
    }
    if groups.len() == 1 && groups.contains_key(UNKNOWN) {
        groups.clear();
    }
    groups
}

/// What a module says of its functions.
struct Functions<'a> {
    imported: usize,
    /// Where each begins in the code section, and its size.
    bodies: Vec<(u64, u64)>,
    names: HashMap<u32, &'a str>,
}

impl<'a> Functions<'a> {
    fn read(module: &'a [u8]) -> Option<Functions<'a>> {
        let mut functions = Functions { imported: 0, bodies: Vec::new(), names: HashMap::new() };
        let mut code = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload.ok()? {
                Payload::ImportSection(imports) => {
                    let imports = imports.into_imports().map_while(Result::ok);
                    let is_function = |import: &wasmparser::Import<'_>| {
                        matches!(import.ty, wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_))
                    };
                    functions.imported = imports.filter(is_function).count();
                }
                Payload::CodeSectionStart { unchecked_range, .. } => code = unchecked_range.start,
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    functions.bodies.push((range.start - code, range.end - range.start));
                }
                Payload::CustomSection(custom) => {
                    let KnownCustom::Name(section) = custom.as_known() else { continue };
                    for name in section.into_iter().map_while(Result::ok) {
                        if let Name::Function(map) = name {
                            let named = map.into_iter().map_while(Result::ok);
                            functions.names.extend(named.map(|naming| (naming.index, naming.name)));
                        }
                    }
                }
                _ => {}
            }
        }
        Some(functions)
    }
}

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// What debug information says of functions.
#[derive(Default)]
struct Debug {
    /// By where a function begins: where it ends, and what it is of.
    by_start: BTreeMap<u64, (u64, Option<String>)>,
}

impl Debug {
    /// What is garbled is left out.
    fn read(module: &Module<'_>) -> Debug {
        let mut debug = Debug::default();
        let section = |id: SectionId| -> Result<Slice<'_>, std::convert::Infallible> {
            let custom = module.customs.iter().find(|custom| custom.name == id.name());
            Ok(EndianSlice::new(custom.map(|custom| custom.data).unwrap_or_default(), LittleEndian))
        };
        let Ok(dwarf) = Dwarf::load(section);
        let mut units = dwarf.units();
        while let Ok(Some(header)) = units.next() {
            if let Ok(unit) = dwarf.unit(header) {
                debug.unit(&dwarf, &unit);
            }
        }
        debug
    }

    fn unit(&mut self, dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>) {
        let mut of_file = None;
        let mut entries = unit.entries();
        while let Ok(Some(entry)) = entries.next_dfs() {
            if entry.depth() == 0 {
                of_file = file(dwarf, unit, entry);
            }
            if entry.tag() != DW_TAG_subprogram {
                continue;
            }
            let address = |value| dwarf.attr_address(unit, value).ok().flatten();
            let Some(start) = entry.attr_value(DW_AT_low_pc).and_then(address) else { continue };
            let end = entry.attr_value(DW_AT_high_pc).and_then(|value| match value.udata_value() {
                Some(size) => start.checked_add(size),
                None => address(value),
            });
            // What the linker dropped has an address that nothing has.
            let Some(end) = end.filter(|end| start > 0 && start < *end && *end < u64::from(u32::MAX)) else { continue };
            let named = linked(dwarf, unit, entry).and_then(|name| symbol::group(&name));
            self.by_start.entry(start).or_insert_with(|| (end, named.or_else(|| of_file.clone())));
        }
    }

    /// What the function around an address is of.
    fn group(&self, address: u64) -> Option<String> {
        let (_, (end, group)) = self.by_start.range(..=address).next_back()?;
        group.clone().filter(|_| address < *end)
    }
}

/// The name of a function that the linker knew: its own, or that of what it is an instance of.
fn linked(
    dwarf: &Dwarf<Slice<'_>>,
    unit: &Unit<Slice<'_>>,
    entry: &DebuggingInformationEntry<Slice<'_>>,
) -> Option<String> {
    if let Some(name) = entry.attr_value(DW_AT_linkage_name) {
        return text(dwarf, unit, name);
    }
    [DW_AT_specification, DW_AT_abstract_origin].into_iter().find_map(|of| {
        let AttributeValue::UnitRef(offset) = entry.attr_value(of)? else { return None };
        text(dwarf, unit, unit.entry(offset).ok()?.attr_value(DW_AT_linkage_name)?)
    })
}

/// What a unit of compilation is of, going by its file; Go's are packages by name.
fn file(
    dwarf: &Dwarf<Slice<'_>>,
    unit: &Unit<Slice<'_>>,
    root: &DebuggingInformationEntry<Slice<'_>>,
) -> Option<String> {
    let name = text(dwarf, unit, root.attr_value(DW_AT_name)?)?;
    match root.attr_value(DW_AT_language) {
        Some(AttributeValue::Language(gimli::DW_LANG_Go)) => Some(name),
        _ => symbol::of_file(&name),
    }
}

fn text(dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, value: AttributeValue<Slice<'_>>) -> Option<String> {
    Some(dwarf.attr_string(unit, value).ok()?.to_string_lossy().into_owned())
}
