//! Names that survive into backtraces: which component a frame belongs to.
//!
//! Engines tell a frame by the module name in the core module's own `name` section and know nothing of components. So,
//! before parts are composed, every core module of a part, nested ones too, is named after the part:
//! `auth (go)`, or `auth` where the language is unknown. Names of functions stay. The part's component name section says
//! `auth`.
//!
//! 1. Sections are read by their frames alone (id, size, contents; core spec 5.5.2, component-model `Binary.md`).
//! 2. What changes is written anew, all else is copied by range: nested sizes are known before anything is copied, so the
//!    work is linear in the bytes however deep they are nested.
//!
//! Invariant: nothing but the name sections and the sizes around them changes.

use std::ops::Range;

use crate::language::Language;

const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
/// Subsection 0 of both kinds of name section: the name of the whole.
const OWN_NAME: u8 = 0;
/// Preamble: magic, version and layer.
const PREAMBLE: usize = 8;
/// Deeper nesting is refused.
pub(super) const MAX_DEPTH: usize = 100;

/// The module name that tells a part: `auth (go)`, or `auth`.
pub fn module_name(part: &str, language: Option<Language>) -> String {
    match language {
        Some(Language::Command) | None => part.to_owned(),
        Some(language) => format!("{part} ({language})"),
    }
}

/// What is not framed as a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a section is cut off at byte {0}")]
    CutOff(usize),
    #[error("components are nested deeper than {MAX_DEPTH}")]
    TooDeep,
}

/// Names the component and all core modules in it after a part.
pub fn name_part(component: &[u8], part: &str, language: Option<Language>) -> Result<Vec<u8>, Malformed> {
    let names = Names { bytes: component, part, module: module_name(part, language) };
    let rope = names.component(0..component.len(), 0)?;
    Ok(rope.bytes(component))
}

/// How deep components are nested in a component, itself included.
pub(super) fn depth(component: &[u8]) -> Result<usize, Malformed> {
    let mut deepest = 1;
    let mut pending = vec![(0..component.len(), 1)];
    while let Some((range, depth)) = pending.pop() {
        deepest = deepest.max(depth);
        for section in sections(component, range.start + PREAMBLE..range.end) {
            let section = section?;
            if section.id == COMPONENT {
                pending.push((section.contents, depth + 1));
            }
        }
    }
    Ok(deepest)
}

struct Names<'a> {
    bytes: &'a [u8],
    part: &'a str,
    module: String,
}

impl Names<'_> {
    fn component(&self, range: Range<usize>, depth: usize) -> Result<Rope, Malformed> {
        if depth >= MAX_DEPTH {
            return Err(Malformed::TooDeep);
        }
        let mut rope = Rope::default();
        let body = range.start + PREAMBLE;
        rope.copy(range.start..body.min(range.end));
        let mut named = depth > 0;
        for section in sections(self.bytes, body..range.end) {
            let section = section?;
            match section.id {
                CORE_MODULE => rope.section(CORE_MODULE, self.core_module(section.contents)?),
                COMPONENT => rope.section(COMPONENT, self.component(section.contents, depth + 1)?),
                CUSTOM if depth == 0 && self.is_custom(&section.contents, "component-name") => {
                    let own = (!named).then_some(self.part);
                    named = true;
                    rope.section(CUSTOM, self.renamed(section.contents, "component-name", own));
                }
                _ => rope.copy(section.whole),
            }
        }
        if !named {
            rope.section(CUSTOM, self.renamed(range.end..range.end, "component-name", Some(self.part)));
        }
        Ok(rope)
    }

    fn core_module(&self, range: Range<usize>) -> Result<Rope, Malformed> {
        let mut rope = Rope::default();
        let body = range.start + PREAMBLE;
        rope.copy(range.start..body.min(range.end));
        let mut named = false;
        for section in sections(self.bytes, body..range.end) {
            let section = section?;
            if section.id == CUSTOM && self.is_custom(&section.contents, "name") {
                let own = (!named).then_some(self.module.as_str());
                named = true;
                rope.section(CUSTOM, self.renamed(section.contents, "name", own));
            } else {
                rope.copy(section.whole);
            }
        }
        if !named {
            rope.section(CUSTOM, self.renamed(range.end..range.end, "name", Some(&self.module)));
        }
        Ok(rope)
    }

    fn is_custom(&self, contents: &Range<usize>, name: &str) -> bool {
        let title = read_size(self.bytes, contents.clone());
        title.and_then(|title| self.bytes.get(title)).is_some_and(|found| found == name.as_bytes())
    }

    /// A name section with another name for the whole, or none. What follows a subsection that is cut off is dropped:
    /// nobody checks custom sections, and readers stop there as well.
    fn renamed(&self, contents: Range<usize>, title: &str, own: Option<&str>) -> Rope {
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
        let subsections = read_size(self.bytes, contents.clone()).map_or(contents.end, |title| title.end);
        for subsection in sections(self.bytes, subsections..contents.end).map_while(Result::ok) {
            if subsection.id != OWN_NAME {
                rope.copy(subsection.whole);
            }
        }
        rope
    }
}

/// One section or subsection.
struct Section {
    id: u8,
    /// With its id and size.
    whole: Range<usize>,
    contents: Range<usize>,
}

fn sections(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = Result<Section, Malformed>> + '_ {
    let mut at = range.start;
    std::iter::from_fn(move || {
        if at >= range.end {
            return None;
        }
        let start = at;
        let Some(contents) = read_size(bytes, start + 1..range.end) else {
            at = range.end;
            return Some(Err(Malformed::CutOff(start)));
        };
        at = contents.end;
        Some(Ok(Section { id: bytes[start], whole: start..contents.end, contents }))
    })
}

/// Reads a size (unsigned LEB128 of 32 bits), and gives the range of that many bytes behind it.
fn read_size(bytes: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let mut size = 0_u64;
    for (index, byte) in bytes.get(range.clone())?.iter().take(5).enumerate() {
        size |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let start = range.start + index + 1;
            let end = start.checked_add(usize::try_from(size).ok()?)?;
            return (end <= range.end).then_some(start..end);
        }
    }
    None
}

fn size(mut size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(5);
    loop {
        // The mask leaves seven bits.
        let byte = (size & 0x7f) as u8;
        size >>= 7;
        if size == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

/// Bytes still to be put together, with their number.
#[derive(Default)]
struct Rope {
    pieces: Vec<Piece>,
    len: usize,
}

enum Piece {
    Copy(Range<usize>),
    Own(Vec<u8>),
}

impl Rope {
    fn copy(&mut self, range: Range<usize>) {
        self.len += range.len();
        match self.pieces.last_mut() {
            Some(Piece::Copy(last)) if last.end == range.start => last.end = range.end,
            _ => self.pieces.push(Piece::Copy(range)),
        }
    }

    fn own(&mut self, bytes: Vec<u8>) {
        self.len += bytes.len();
        self.pieces.push(Piece::Own(bytes));
    }

    fn section(&mut self, id: u8, contents: Rope) {
        let mut frame = vec![id];
        frame.extend(size(contents.len));
        self.own(frame);
        self.len += contents.len;
        self.pieces.extend(contents.pieces);
    }

    fn bytes(self, source: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len);
        for piece in self.pieces {
            match piece {
                Piece::Copy(range) => out.extend_from_slice(&source[range]),
                Piece::Own(bytes) => out.extend(bytes),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).expect("the fixture is well-formed")
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

    #[test]
    fn depth_counts_nested_components() {
        assert_eq!(depth(&component("(component)")), Ok(1));
        assert_eq!(depth(&component("(component (component (component)) (component))")), Ok(3));
    }
}
