//! The frames of a component, and bytes put together from pieces of it.
//!
//! A section is an id, a size and its contents (core spec 5.5.2, component-model `Binary.md`); nothing here looks into
//! contents. A [`Rope`] knows its length before anything is copied, so that nested sizes cost nothing, however deep.

use std::{io, ops::Range};

use super::{Error, source::Reader};

/// Preamble: magic, version and layer.
pub(super) const PREAMBLE: usize = 8;
pub(super) const CUSTOM: u8 = 0;
pub(super) const CORE_MODULE: u8 = 1;
pub(super) const COMPONENT: u8 = 4;
pub(super) const IMPORTS: u8 = 10;
pub(super) const EXPORTS: u8 = 11;
/// Of a custom section's name, as much as tells those that matter from others.
const LONGEST_NAME: usize = 64;
/// Deeper nesting is refused.
pub(super) const MAX_DEPTH: usize = 100;

/// What is not framed as a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a section is cut off at byte {0}")]
    CutOff(usize),
    #[error("components are nested deeper than {MAX_DEPTH}")]
    TooDeep,
}

/// Why bytes could not be taken apart.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Read(#[from] Error),
}

impl Fault {
    /// Of what has been validated, which is framed as it should be.
    pub fn within(self, part: Option<&str>) -> Error {
        match self {
            Fault::Malformed(malformed) => {
                Error::Internal { part: part.map(str::to_owned), reason: malformed.to_string() }
            }
            Fault::Read(error) => error,
        }
    }
}

/// One section or subsection.
pub(super) struct Section {
    pub id: u8,
    /// With its id and size.
    pub whole: Range<usize>,
    pub contents: Range<usize>,
}

/// The sections in a range, or the subsections, one after the other.
pub(super) struct Sections {
    left: Range<usize>,
}

pub(super) fn sections(range: Range<usize>) -> Sections {
    Sections { left: range }
}

impl Sections {
    /// The next one. Nothing follows one that is cut off.
    pub fn next(&mut self, bytes: &mut Reader<'_>) -> Result<Option<Section>, Fault> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let Range { start, end } = self.left.clone();
        self.left.start = end;
        let contents = read_size(bytes, start + 1..end)?.ok_or(Malformed::CutOff(start))?;
        self.left.start = contents.end;
        let id = bytes.get(start..start + 1)?[0];
        Ok(Some(Section { id, whole: start..contents.end, contents }))
    }

    /// The next one, where what is cut off is the end of what can be told.
    pub fn next_whole(&mut self, bytes: &mut Reader<'_>) -> Result<Option<Section>, Error> {
        match self.next(bytes) {
            Ok(section) => Ok(section),
            Err(Fault::Malformed(_)) => Ok(None),
            Err(Fault::Read(error)) => Err(error),
        }
    }
}

/// The name of a custom section, or its beginning, and where what follows it begins.
pub(super) fn custom(bytes: &mut Reader<'_>, contents: &Range<usize>) -> Result<Option<(Vec<u8>, usize)>, Error> {
    let Some(name) = read_size(bytes, contents.clone())? else { return Ok(None) };
    let told = name.start..name.end.min(name.start + LONGEST_NAME);
    Ok(Some((bytes.get(told)?.to_vec(), name.end)))
}

/// Reads a size (unsigned LEB128 of 32 bits), and gives the range of that many bytes behind it.
pub(super) fn read_size(bytes: &mut Reader<'_>, range: Range<usize>) -> Result<Option<Range<usize>>, Error> {
    let mut size = 0_u64;
    let end = range.end.min(range.start.saturating_add(5));
    if range.start >= end {
        return Ok(None);
    }
    for (index, byte) in bytes.get(range.start..end)?.iter().enumerate() {
        size |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let start = range.start + index + 1;
            let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
            return Ok(end.filter(|end| *end <= range.end).map(|end| start..end));
        }
    }
    Ok(None)
}

/// Writes a size.
pub(super) fn size(mut size: usize) -> Vec<u8> {
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

/// How deep components are nested in a component, itself included.
pub(super) fn depth(component: &mut Reader<'_>) -> Result<usize, Fault> {
    let mut deepest = 1;
    let mut pending = vec![(0..component.len(), 1)];
    while let Some((range, depth)) = pending.pop() {
        deepest = deepest.max(depth);
        let mut all = sections(range.start + PREAMBLE..range.end);
        while let Some(section) = all.next(component)? {
            if section.id == COMPONENT {
                pending.push((section.contents, depth + 1));
            }
        }
    }
    Ok(deepest)
}

/// Bytes still to be put together from pieces of one source, with their number.
#[derive(Default)]
pub(super) struct Rope {
    pieces: Vec<Piece>,
    len: usize,
}

enum Piece {
    /// Bytes of the source.
    Copy(Range<usize>),
    Own(Vec<u8>),
}

impl Rope {
    /// All of a source of this length.
    pub fn whole(length: usize) -> Rope {
        let mut rope = Rope::default();
        rope.copy(0..length);
        rope
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds bytes of the source.
    pub fn copy(&mut self, range: Range<usize>) {
        self.len += range.len();
        match self.pieces.last_mut() {
            Some(Piece::Copy(last)) if last.end == range.start => last.end = range.end,
            _ => self.pieces.push(Piece::Copy(range)),
        }
    }

    pub fn own(&mut self, bytes: Vec<u8>) {
        self.len += bytes.len();
        match self.pieces.last_mut() {
            Some(Piece::Own(last)) => last.extend(bytes),
            _ => self.pieces.push(Piece::Own(bytes)),
        }
    }

    pub fn append(&mut self, other: Rope) {
        self.len += other.len;
        self.pieces.extend(other.pieces);
    }

    pub fn section(&mut self, id: u8, contents: Rope) {
        self.own(frame(id, contents.len));
        self.append(contents);
    }

    /// BLAKE3 of those of its bytes that are in these ranges, which are in order.
    pub fn digest(&self, source: &mut Reader<'_>, ranges: &[Range<usize>]) -> Result<blake3::Hash, Error> {
        let mut hasher = blake3::Hasher::new();
        for wanted in ranges {
            let mut at = 0;
            for piece in &self.pieces {
                let length = piece.len();
                let (first, end) = (wanted.start.clamp(at, at + length), wanted.end.clamp(at, at + length));
                let taken = first - at..end.max(first) - at;
                at += length;
                match piece {
                    Piece::Copy(range) => {
                        let taken = range.start + taken.start..range.start + taken.end;
                        source.copy(taken, &mut |bytes| {
                            hasher.update(bytes);
                            Ok(())
                        })?;
                    }
                    Piece::Own(bytes) => drop(hasher.update(&bytes[taken])),
                }
            }
        }
        Ok(hasher.finalize())
    }

    pub fn write(&self, source: &mut Reader<'_>, out: &mut dyn io::Write) -> Result<(), Error> {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Copy(range) => source.copy(range.clone(), &mut |bytes| out.write_all(bytes)),
            Piece::Own(bytes) => Ok(out.write_all(bytes)?),
        })
    }
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Copy(range) => range.len(),
            Piece::Own(bytes) => bytes.len(),
        }
    }
}

/// What a section begins with.
pub(super) fn frame(id: u8, length: usize) -> Vec<u8> {
    let mut frame = vec![id];
    frame.extend(size(length));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_nested_components() {
        let depth = |text: &str| {
            let component = wat::parse_str(text).expect("the fixture is well-formed");
            depth(&mut Reader::held(&component)).expect("well-formed")
        };
        assert_eq!(depth("(component)"), 1);
        assert_eq!(depth("(component (component (component)) (component))"), 3);
    }

    #[test]
    fn sizes_are_read_as_they_were_written() {
        let read = |bytes: &[u8]| read_size(&mut Reader::held(bytes), 0..bytes.len()).expect("in memory");
        for n in [0, 1, 127, 128, 300, 1 << 20] {
            let mut bytes = size(n);
            let start = bytes.len();
            bytes.resize(start + n, 0);
            assert_eq!(read(&bytes), Some(start..start + n));
        }
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]), None);
        assert_eq!(read(&[5, 0]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn ropes_join_what_lies_side_by_side() {
        let mut rope = Rope::default();
        rope.copy(0..2);
        rope.copy(2..3);
        let mut inner = Rope::default();
        inner.copy(4..6);
        rope.section(7, inner);
        let mut written = Vec::new();
        rope.write(&mut Reader::held(b"abcdef"), &mut written).expect("memory takes it");
        assert_eq!(written, b"abc\x07\x02ef");
        assert_eq!((rope.pieces.len(), rope.len()), (3, written.len()));
        let digest = |ranges: &[Range<usize>]| rope.digest(&mut Reader::held(b"abcdef"), ranges).expect("in memory");
        assert_eq!(digest(&[0..0, 0..rope.len()]), blake3::hash(&written));
        assert_eq!(digest(&[1..4, 4..6]), blake3::hash(&written[1..6]));
        assert_eq!(digest(&[0..1, 6..70]), blake3::hash(b"af"));
    }
}
