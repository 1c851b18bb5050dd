//! Names that survive into backtraces: which component a frame belongs to.
//!
//! Engines tell a frame by the module name in the core module's own `name` section and know nothing of components. So,
//! when parts are composed, every core module of a part, nested ones too, is named after the part: `auth (go)`, or `auth`
//! where the language is unknown. Names of functions stay. The part's component name section says `auth`.
//!
//! 1. Sections are read by their frames alone ([`super::sections`]); what changes is written anew, all else is copied by
//!    range, so the work is linear in the sections and looks at no function.
//! 2. A core module that several parts share ([`super::dedupe`]) is not copied: an alias of the one that the app holds
//!    stands in its place, so that no index in the part moves. That one is named after all who share it.
//! 3. Imports and exports have their full names: a version that is told in two pieces (`a:b/c@0.2` with the suffix `.6`)
//!    is put together, as engines of today have it.
//! 4. Debug information is left out where that is asked for.
//!
//! Invariant: nothing but name sections, debug information, places of shared modules, versions of the component's own
//! imports and exports, and the sizes around them changes.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use wasm_encoder::{
    Alias, ComponentAliasSection, ComponentExportSection, ComponentImportSection, ComponentOuterAliasKind,
    ComponentSection, Encode,
};
use wasmparser::{BinaryReader, ComponentExportSectionReader, ComponentExternName, ComponentImportSectionReader};

use super::{
    DebugInfo, Error,
    sections::{
        COMPONENT, CORE_MODULE, CUSTOM, EXPORTS, Fault, IMPORTS, MAX_DEPTH, Malformed, PREAMBLE, Rope, Section, custom,
        read_size, sections, size,
    },
    source::Reader,
};
use crate::language::Language;

/// Subsection 0 of both kinds of name section: the name of the whole.
const OWN_NAME: u8 = 0;

/// The module name that tells a part: `auth (go)`, or `auth`.
pub fn module_name(part: &str, language: Option<Language>) -> String {
    match language {
        Some(Language::Command) | None => part.to_owned(),
        Some(language) => format!("{part} ({language})"),
    }
}

/// A part as it is written into an app.
pub(super) struct Named<'a> {
    pub part: &'a str,
    pub language: Option<Language>,
    pub debug: DebugInfo,
    /// Core modules that the app holds, by where they begin in the part: their index there.
    pub shared: &'a BTreeMap<usize, u32>,
}

impl Named<'_> {
    /// The component, named, and all core modules in it.
    pub fn rope(&self, bytes: &mut Reader<'_>) -> Result<Rope, Fault> {
        let module = module_name(self.part, self.language);
        self.component(bytes, 0..bytes.len(), 0, &module)
    }

    fn component(
        &self,
        bytes: &mut Reader<'_>,
        range: Range<usize>,
        depth: usize,
        module: &str,
    ) -> Result<Rope, Fault> {
        if depth >= MAX_DEPTH {
            return Err(Malformed::TooDeep.into());
        }
        let mut rope = Rope::default();
        let body = range.start + PREAMBLE;
        rope.copy(range.start..body.min(range.end));
        let mut named = depth > 0;
        let mut all = sections(body..range.end);
        while let Some(section) = all.next(bytes)? {
            match section.id {
                CORE_MODULE => match self.shared.get(&section.contents.start) {
                    Some(index) => rope.own(outer_module(depth, *index)),
                    None => {
                        let contents = Module { range: section.contents };
                        rope.section(CORE_MODULE, contents.rope(bytes, Some(module), self.debug)?);
                    }
                },
                COMPONENT => rope.section(COMPONENT, self.component(bytes, section.contents, depth + 1, module)?),
                CUSTOM if depth == 0 && is_custom(bytes, &section.contents, "component-name")? => {
                    let own = (!named).then_some(self.part);
                    named = true;
                    let renamed = renamed(bytes, section.contents, "component-name", own)?;
                    rope.section(CUSTOM, renamed);
                }
                IMPORTS | EXPORTS if depth == 0 => match with_full_names(bytes, &section)? {
                    Some(contents) => rope.section(section.id, contents),
                    None => rope.copy(section.whole),
                },
                CUSTOM if self.debug.drops(bytes, &section.contents)? => {}
                _ => rope.copy(section.whole),
            }
        }
        if !named {
            let own = Some(self.part);
            rope.section(CUSTOM, renamed(bytes, range.end..range.end, "component-name", own)?);
        }
        Ok(rope)
    }
}

/// The contents of a section of imports or exports, if a name in it is in two pieces.
fn with_full_names(bytes: &mut Reader<'_>, section: &Section) -> Result<Option<Rope>, Fault> {
    let cut_off = |_| Malformed::CutOff(section.whole.start);
    let section_bytes = bytes.get(section.contents.clone())?;
    let reader = || BinaryReader::new(section_bytes, section.contents.start as u64);
    let mut changed = false;
    let mut full = |name: ComponentExternName<'_>| {
        changed |= name.version_suffix.is_some();
        wasm_encoder::ComponentExternName {
            name: Cow::Owned(name.full_name().into_owned()),
            implements: name.full_implements().map(|implements| Cow::Owned(implements.into_owned())),
            version_suffix: None,
            external_id: name.external_id.map(|id| Cow::Owned(id.to_owned())),
        }
    };
    let mut contents = Vec::new();
    if section.id == IMPORTS {
        let mut imports = ComponentImportSection::new();
        for import in ComponentImportSectionReader::new(reader()).map_err(cut_off)? {
            let import = import.map_err(cut_off)?;
            imports.import(full(import.name), import.ty.into());
        }
        imports.encode(&mut contents);
    } else {
        let mut exports = ComponentExportSection::new();
        for export in ComponentExportSectionReader::new(reader()).map_err(cut_off)? {
            let export = export.map_err(cut_off)?;
            exports.export(full(export.name), export.kind.into(), export.index, export.ty.map(Into::into));
        }
        exports.encode(&mut contents);
    }
    let mut rope = Rope::default();
    // The encoding begins with the size, which the rope's own section has as well.
    let frame = size(read_size(&mut Reader::held(&contents), 0..contents.len())?.map_or(0, |range| range.len())).len();
    rope.own(contents.split_off(frame));
    Ok(changed.then_some(rope))
}

/// An alias section that stands for a core module of the app, in a component that is nested so deep in a part.
fn outer_module(depth: usize, index: u32) -> Vec<u8> {
    let mut section = ComponentAliasSection::new();
    // The nesting is bounded.
    let count = depth as u32 + 1;
    section.alias(Alias::Outer { kind: ComponentOuterAliasKind::CoreModule, count, index });
    let mut bytes = Vec::new();
    section.append_to_component(&mut bytes);
    bytes
}

/// A core module within a part.
#[derive(Debug, Clone)]
pub(super) struct Module {
    pub range: Range<usize>,
}

impl Module {
    /// The module with another name of its own, or without one.
    pub fn rope(&self, bytes: &mut Reader<'_>, own: Option<&str>, debug: DebugInfo) -> Result<Rope, Fault> {
        let mut rope = Rope::default();
        let body = self.range.start + PREAMBLE;
        rope.copy(self.range.start..body.min(self.range.end));
        let mut named = false;
        let mut all = sections(body..self.range.end);
        while let Some(section) = all.next(bytes)? {
            if section.id == CUSTOM && is_custom(bytes, &section.contents, "name")? {
                let own = own.filter(|_| !named);
                named = true;
                rope.section(CUSTOM, renamed(bytes, section.contents, "name", own)?);
            } else if section.id != CUSTOM || !debug.drops(bytes, &section.contents)? {
                rope.copy(section.whole);
            }
        }
        if !named {
            rope.section(CUSTOM, renamed(bytes, self.range.end..self.range.end, "name", own)?);
        }
        Ok(rope)
    }

    /// What it calls itself.
    pub fn own_name(&self, bytes: &mut Reader<'_>) -> Result<Option<String>, Error> {
        let mut all = sections(self.range.start + PREAMBLE..self.range.end);
        while let Some(section) = all.next_whole(bytes)? {
            if section.id != CUSTOM {
                continue;
            }
            let Some((title, start)) = custom(bytes, &section.contents)? else { continue };
            if title != b"name" {
                continue;
            }
            let mut names = sections(start..section.contents.end);
            while let Some(subsection) = names.next_whole(bytes)? {
                if subsection.id == OWN_NAME {
                    let Some(name) = read_size(bytes, subsection.contents)? else { return Ok(None) };
                    let name = std::str::from_utf8(bytes.get(name)?).ok().filter(|name| !name.is_empty());
                    return Ok(name.map(str::to_owned));
                }
            }
            return Ok(None);
        }
        Ok(None)
    }
}

impl DebugInfo {
    /// Whether a custom section is debug information, and not wanted.
    fn drops(self, bytes: &mut Reader<'_>, contents: &Range<usize>) -> Result<bool, Error> {
        if self == DebugInfo::Keep {
            return Ok(false);
        }
        let names = [&b"sourceMappingURL"[..], b"external_debug_info", b"build_id"];
        let found = custom(bytes, contents)?;
        Ok(found.is_some_and(|(name, _)| name.starts_with(b".debug_") || names.contains(&&name[..])))
    }
}

fn is_custom(bytes: &mut Reader<'_>, contents: &Range<usize>, name: &str) -> Result<bool, Error> {
    Ok(custom(bytes, contents)?.is_some_and(|(found, _)| found == name.as_bytes()))
}

/// A name section with another name for the whole, or none. What follows a subsection that is cut off is dropped:
/// nobody checks custom sections, and readers stop there as well.
fn renamed(bytes: &mut Reader<'_>, contents: Range<usize>, title: &str, own: Option<&str>) -> Result<Rope, Error> {
    let mut rope = Rope::default();
    let mut start = size(title.len());
    start.extend_from_slice(title.as_bytes());
    if let Some(own) = own {
        let mut name = size(own.len());
        name.extend_from_slice(own.as_bytes());
        start.push(OWN_NAME);
        start.extend(size(name.len()));
        start.extend(name);
    }
    rope.own(start);
    let names = custom(bytes, &contents)?.map_or(contents.end, |(_, end)| end);
    let mut all = sections(names..contents.end);
    while let Some(subsection) = all.next_whole(bytes)? {
        if subsection.id != OWN_NAME {
            rope.copy(subsection.whole);
        }
    }
    Ok(rope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).expect("the fixture is well-formed")
    }

    fn name_part(bytes: &[u8], part: &str, language: Option<Language>) -> Result<Vec<u8>, Malformed> {
        let named = Named { part, language, debug: DebugInfo::Keep, shared: &BTreeMap::new() };
        let bytes = &mut Reader::held(bytes);
        let mut written = Vec::new();
        match named.rope(bytes) {
            Ok(rope) => rope.write(bytes, &mut written).expect("memory takes it"),
            Err(Fault::Malformed(malformed)) => return Err(malformed),
            Err(Fault::Read(error)) => panic!("{error}"),
        }
        Ok(written)
    }

    /// Module names and first function names, in order, however deep.
    fn told(bytes: &[u8]) -> Vec<String> {
        let mut told = Vec::new();
        for payload in wasmparser::Parser::new(0).parse_all(bytes) {
            let wasmparser::Payload::CustomSection(section) = payload.expect("the result is well-formed") else {
                continue;
            };
            match section.as_known() {
                wasmparser::KnownCustom::Name(names) => {
                    for name in names {
                        match name.expect("names are well-formed") {
                            wasmparser::Name::Module { name, .. } => told.push(format!("module {name}")),
                            wasmparser::Name::Function(map) => {
                                told.extend(
                                    map.into_iter().map(|naming| format!("func {}", naming.expect("a name").name)),
                                );
                            }
                            _ => {}
                        }
                    }
                }
                wasmparser::KnownCustom::ComponentName(names) => {
                    for name in names {
                        if let wasmparser::ComponentName::Component { name, .. } = name.expect("names are well-formed")
                        {
                            told.push(format!("component {name}"));
                        }
                    }
                }
                _ => {}
            }
        }
        told
    }

    const NESTED: &str = r#"(component $old
        (core module $libc (func $malloc))
        (component (core module (func)))
        (core module (func (result i32) i32.const 1)))"#;

    #[test]
    fn every_module_and_the_component_are_named() {
        let named = name_part(&component(NESTED), "auth", Some(Language::Go)).expect("well-formed");
        assert_eq!(
            told(&named),
            ["module auth (go)", "func malloc", "module auth (go)", "module auth (go)", "component auth"]
        );
        wasmparser::Validator::new().validate_all(&named).expect("still valid");
    }

    #[test]
    fn naming_twice_changes_nothing() {
        let once = name_part(&component(NESTED), "auth", None).expect("well-formed");
        assert_eq!(name_part(&once, "auth", None).expect("well-formed"), once);
        assert!(told(&once).contains(&"module auth".to_owned()));
    }

    #[test]
    fn all_else_is_kept_byte_for_byte() {
        let before = component(NESTED);
        let after = name_part(&before, "auth", None).expect("well-formed");
        let rest = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let mut rest = Vec::new();
            for payload in wasmparser::Parser::new(0).parse_all(bytes) {
                match payload.expect("well-formed") {
                    wasmparser::Payload::CustomSection(_)
                    | wasmparser::Payload::ModuleSection { .. }
                    | wasmparser::Payload::ComponentSection { .. } => {}
                    other => rest.extend(other.as_section().map(|(_, range)| {
                        bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
                    })),
                }
            }
            rest
        };
        assert_eq!(rest(&before), rest(&after));
    }

    #[test]
    fn cut_off_input_is_refused() {
        let whole = component(NESTED);
        for end in 9..whole.len() {
            // Any answer but a panic; most are refused.
            let _ = name_part(&whole[..end], "auth", None);
        }
        assert_eq!(name_part(&whole[..9], "auth", None), Err(Malformed::CutOff(8)));
    }
}
