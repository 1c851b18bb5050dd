//! The frames of a component, and bytes put together from pieces of it.
//!
//! A section is an id, a size and its contents (core spec 5.5.2, component-model `Binary.md`); nothing here looks into
//! contents. A [`Rope`] knows its length before anything is copied, so that nested sizes cost nothing, however deep.

use std::{io, ops::Range};

/// Preamble: magic, version and layer.
pub(super) const PREAMBLE: usize = 8;
pub(super) const CUSTOM: u8 = 0;
pub(super) const CORE_MODULE: u8 = 1;
pub(super) const COMPONENT: u8 = 4;
pub(super) const IMPORTS: u8 = 10;
pub(super) const EXPORTS: u8 = 11;
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

/// One section or subsection.
pub(super) struct Section {
    pub id: u8,
    /// With its id and size.
    pub whole: Range<usize>,
    pub contents: Range<usize>,
}

/// The sections in a range, or the subsections.
pub(super) fn sections(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = Result<Section, Malformed>> + '_ {
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

/// The name of a custom section, and where what follows it begins.
pub(super) fn custom<'a>(bytes: &'a [u8], contents: &Range<usize>) -> Option<(&'a [u8], usize)> {
    let name = read_size(bytes, contents.clone())?;
    Some((&bytes[name.clone()], name.end))
}

/// Reads a size (unsigned LEB128 of 32 bits), and gives the range of that many bytes behind it.
pub(super) fn read_size(bytes: &[u8], range: Range<usize>) -> Option<Range<usize>> {
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
    /// All of a source.
    pub fn whole(source: &[u8]) -> Rope {
        let mut rope = Rope::default();
        rope.copy(0..source.len());
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

    fn slices<'a>(&'a self, source: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Copy(range) => &source[range.clone()],
            Piece::Own(bytes) => bytes,
        })
    }

    /// BLAKE3 of as many of the bytes.
    pub fn digest(&self, source: &[u8], limit: usize) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let mut left = limit;
        for bytes in self.slices(source) {
            let taken = bytes.len().min(left);
            hasher.update(&bytes[..taken]);
            left -= taken;
        }
        hasher.finalize()
    }

    pub fn write(&self, source: &[u8], out: &mut dyn io::Write) -> io::Result<()> {
        self.slices(source).try_for_each(|bytes| out.write_all(bytes))
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
        let depth = |text: &str| depth(&wat::parse_str(text).expect("the fixture is well-formed"));
        assert_eq!(depth("(component)"), Ok(1));
        assert_eq!(depth("(component (component (component)) (component))"), Ok(3));
    }

    #[test]
    fn sizes_are_read_as_they_were_written() {
        for n in [0, 1, 127, 128, 300, 1 << 20] {
            let mut bytes = size(n);
            let start = bytes.len();
            bytes.resize(start + n, 0);
            assert_eq!(read_size(&bytes, 0..bytes.len()), Some(start..start + n));
        }
        assert_eq!(read_size(&[0x80, 0x80, 0x80, 0x80, 0x80, 0], 0..6), None);
        assert_eq!(read_size(&[5, 0], 0..2), None);
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
        rope.write(b"abcdef", &mut written).expect("memory takes it");
        assert_eq!(written, b"abc\x07\x02ef");
        assert_eq!((rope.pieces.len(), rope.len()), (3, written.len()));
    }
}
