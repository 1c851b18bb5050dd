//! A component without its bulk: what its structure and its types are read from where it is too large for memory.
//!
//! Nearly all of a large component is bodies of functions, data and custom sections. A validator takes bodies by
//! themselves ([`crate::validate::apart`]), and does not look at the other two but for where they end. So
//! bodies are empty here, with their places in the component told apart; segments of data hold nothing, custom sections
//! are names. All else stands as it did, so what is valid here, with valid bodies, is valid there, and has the same types.
//!
//! What is not framed as it should be has no skeleton: whoever validates the whole tells why.

use std::ops::Range;

use wasmparser::{BinaryReader, ConstExpr};

use super::{
    Error,
    sections::{
        COMPONENT, CORE_MODULE, CUSTOM, Fault, MAX_DEPTH, Malformed, PREAMBLE, Rope, custom, read_size, sections,
    },
    source::Reader,
};

/// Sections of a core module.
const CODE: u8 = 10;
const DATA: u8 = 11;
/// wasmparser's own bound for a body.
const LARGEST_BODY: usize = 7_654_321;
/// Shorter ones are left as they are.
const BULK: usize = 256;
/// Bytes in which a segment of data tells where its contents begin.
const SEGMENT_HEAD: usize = 4096;

pub(super) struct Skeleton {
    pub bytes: Vec<u8>,
    /// In the order in which they stand.
    pub bodies: Vec<Range<usize>>,
}

/// `None` where it is malformed, or where bodies are larger than anyone accepts.
pub(super) fn skeleton(bytes: &mut Reader<'_>) -> Result<Option<Skeleton>, Error> {
    let mut bodies = Vec::new();
    let rope = match component(bytes, 0..bytes.len(), 0, &mut bodies) {
        Ok(rope) => rope,
        Err(Fault::Malformed(_)) => return Ok(None),
        Err(Fault::Read(error)) => return Err(error),
    };
    let mut skeleton = Vec::with_capacity(rope.len());
    rope.write(bytes, &mut skeleton)?;
    Ok(Some(Skeleton { bytes: skeleton, bodies }))
}

fn component(
    bytes: &mut Reader<'_>,
    range: Range<usize>,
    depth: usize,
    bodies: &mut Vec<Range<usize>>,
) -> Result<Rope, Fault> {
    if depth >= MAX_DEPTH {
        return Err(Malformed::TooDeep.into());
    }
    let mut rope = preamble(&range)?;
    let mut all = sections(range.start + PREAMBLE..range.end);
    while let Some(section) = all.next(bytes)? {
        match section.id {
            CORE_MODULE => rope.section(CORE_MODULE, module(bytes, section.contents, bodies)?),
            COMPONENT => rope.section(COMPONENT, component(bytes, section.contents, depth + 1, bodies)?),
            CUSTOM => rope.section(CUSTOM, named(bytes, section.contents)?),
            _ => rope.copy(section.whole),
        }
    }
    Ok(rope)
}

fn module(bytes: &mut Reader<'_>, range: Range<usize>, bodies: &mut Vec<Range<usize>>) -> Result<Rope, Fault> {
    let mut rope = preamble(&range)?;
    let mut all = sections(range.start + PREAMBLE..range.end);
    while let Some(section) = all.next(bytes)? {
        match section.id {
            CODE => rope.section(CODE, code(bytes, section.contents, bodies)?),
            DATA => rope.section(DATA, data(bytes, section.contents)?),
            CUSTOM => rope.section(CUSTOM, named(bytes, section.contents)?),
            _ => rope.copy(section.whole),
        }
    }
    Ok(rope)
}

fn preamble(range: &Range<usize>) -> Result<Rope, Malformed> {
    let mut rope = Rope::default();
    if range.len() < PREAMBLE {
        return Err(Malformed::CutOff(range.start));
    }
    rope.copy(range.start..range.start + PREAMBLE);
    Ok(rope)
}

/// A custom section that is its name.
fn named(bytes: &mut Reader<'_>, contents: Range<usize>) -> Result<Rope, Fault> {
    let (_, end) = custom(bytes, &contents)?.ok_or(Malformed::CutOff(contents.start))?;
    let mut rope = Rope::default();
    rope.copy(contents.start..end);
    Ok(rope)
}

/// As many bodies of no length.
fn code(bytes: &mut Reader<'_>, contents: Range<usize>, bodies: &mut Vec<Range<usize>>) -> Result<Rope, Fault> {
    let (count, mut at) = count(bytes, &contents)?;
    let mut rope = Rope::default();
    rope.copy(contents.start..at);
    for _ in 0..count {
        let body = read_size(bytes, at..contents.end)?.ok_or(Malformed::CutOff(at))?;
        if body.len() > LARGEST_BODY {
            return Err(Malformed::CutOff(at).into());
        }
        at = body.end;
        bodies.push(body);
        rope.own(vec![0]);
    }
    ended(rope, at, &contents)
}

fn data(bytes: &mut Reader<'_>, contents: Range<usize>) -> Result<Rope, Fault> {
    let (count, mut at) = count(bytes, &contents)?;
    let mut rope = Rope::default();
    rope.copy(contents.start..at);
    for _ in 0..count {
        let head = bytes.get(at..contents.end.min(at + SEGMENT_HEAD))?;
        let head = segment_head(head).map_err(|_| Malformed::CutOff(at))?;
        let data = read_size(bytes, at + head..contents.end)?.ok_or(Malformed::CutOff(at))?;
        if data.len() < BULK {
            rope.copy(at..data.end);
        } else {
            rope.copy(at..at + head);
            rope.own(vec![0]);
        }
        at = data.end;
    }
    ended(rope, at, &contents)
}

/// How many bytes come before the length of a segment of data.
fn segment_head(bytes: &[u8]) -> Result<usize, wasmparser::Error> {
    const PASSIVE: u32 = 1;
    const OF_A_MEMORY: u32 = 2;
    let mut reader = BinaryReader::new(bytes, 0);
    let flags = reader.read_var_u32()?;
    if flags == OF_A_MEMORY {
        reader.read_var_u32()?;
    }
    if flags != PASSIVE {
        reader.read::<ConstExpr<'_>>()?;
    }
    Ok(reader.current_position())
}

/// What a section counts, and where that begins.
fn count(bytes: &mut Reader<'_>, contents: &Range<usize>) -> Result<(u32, usize), Fault> {
    let head = bytes.get(contents.start..contents.end.min(contents.start + 5))?;
    let mut reader = BinaryReader::new(head, 0);
    let count = reader.read_var_u32().map_err(|_| Malformed::CutOff(contents.start))?;
    Ok((count, contents.start + reader.current_position()))
}

fn ended(rope: Rope, at: usize, contents: &Range<usize>) -> Result<Rope, Fault> {
    match at == contents.end {
        true => Ok(rope),
        false => Err(Malformed::CutOff(at).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::{self, COMPOSABLE};

    fn of(component: &[u8]) -> Option<Skeleton> {
        skeleton(&mut Reader::held(component)).expect("in memory")
    }

    #[test]
    fn a_skeleton_is_small_and_valid_where_the_component_is() {
        let text = format!(
            r#"(component
                (core module
                    (memory (export "m") 1)
                    (func (export "a") (param i32) (result i32) {0} local.get 0)
                    (data (i32.const 8) "{1}") (data "{1}") (data (i32.const 1) "short")
                    (@custom "noise" "{1}"))
                (component (core module (func (result i32) {0} i32.const 1)) (@custom "noise" "{1}"))
                (core module (func)))"#,
            "i32.const 1 drop ".repeat(3_000),
            "x".repeat(9_000),
        );
        let component = wat::parse_str(text).expect("well-formed");
        let Skeleton { bytes, bodies } = of(&component).expect("well-formed");
        assert!(component.len() > 40_000 && bytes.len() < 200, "{}", bytes.len());
        let mut places = Vec::new();
        for payload in wasmparser::Parser::new(0).parse_all(&component) {
            if let wasmparser::Payload::CodeSectionEntry(body) = payload.expect("well-formed") {
                places.push(body.range().start as usize..body.range().end as usize);
            }
        }
        assert_eq!(bodies, places);
        validate::types(&bytes, COMPOSABLE).expect("its structure is valid");
        assert!(validate::validate(&bytes, COMPOSABLE).is_err(), "bodies are empty");
    }

    #[test]
    fn what_is_malformed_has_none() {
        let whole = wat::parse_str(r#"(component (core module (memory 1) (func) (data (i32.const 8) "data")))"#);
        let whole = whole.expect("well-formed");
        assert!(of(&whole).is_some());
        for end in 0..whole.len() {
            // Between two sections of the outermost, or none.
            let cut = of(&whole[..end]);
            assert!(cut.is_none() || validate::types(&whole[..end], COMPOSABLE).is_ok(), "{end}");
        }
        for at in 8..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] = 0xff;
            let (structure, skeleton) = (validate::types(&bytes, COMPOSABLE), of(&bytes));
            let of_skeleton = skeleton.map(|skeleton| validate::types(&skeleton.bytes, COMPOSABLE));
            assert!(structure.is_ok() || of_skeleton.is_none_or(|types| types.is_err()), "byte {at}");
        }
    }
}
