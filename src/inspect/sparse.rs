//! A large binary without what only few sections ask for: code, data and debug information.
//!
//! Room for the whole file is asked for, but what is stepped over is never written, so that the system gives no memory
//! for it. Offsets are those of the file. The digest is taken of all of it, a piece at a time.
//!
//! Invariant: what is stepped over is nought but for its first bytes, which say how much there is: whoever reads code,
//! data or debug information reads the file whole instead ([`super::Section::reads_code`]).

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

/// A smaller file is read whole.
const LARGE: u64 = 1 << 20;
/// What is read at least, so that small sections do not each cost a call.
const AHEAD: u64 = 32 << 10;
/// What is hashed at a time.
const PIECE: usize = 1 << 20;

const HEADER: u64 = 8;
const MODULE: [u8; 4] = [1, 0, 0, 0];
/// The most that an id and a size take.
const HEAD: u64 = 6;
/// What is kept of a section that is stepped over: how many items it has, or its name if it is short.
const KEPT: u64 = 64;

/// Reads a file; `None` where it is small, no binary, or does not hold together.
pub(super) fn read(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length < LARGE {
        return Ok(None);
    }
    sparse(file, length, AHEAD)
}

/// The same of anything of this length, reading so far ahead.
pub(super) fn sparse(file: &mut (impl Read + Seek), length: u64, ahead: u64) -> io::Result<Option<Vec<u8>>> {
    let Ok(room) = usize::try_from(length) else { return Ok(None) };
    let mut sparse = Sparse { file, ahead, bytes: vec![0; room], filled: 0 };
    Ok(sparse.fill()?.map(|()| sparse.bytes))
}

/// All of a file, whatever was read of it.
pub(super) fn whole(file: &mut File) -> io::Result<Vec<u8>> {
    // What cannot be gone back in is no file of that size: nothing was read of it.
    let _ = file.seek(SeekFrom::Start(0));
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// BLAKE3 of a file, in hexadecimal.
pub(super) fn digest(file: &mut File) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE];
    file.seek(SeekFrom::Start(0))?;
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            read => hasher.update(&piece[..read]),
        };
    }
}

struct Sparse<'f, F> {
    file: &'f mut F,
    ahead: u64,
    bytes: Vec<u8>,
    /// To where it was read; before that there may be gaps.
    filled: u64,
}

/// A module or component that is being read.
struct Open {
    end: u64,
    is_module: bool,
}

impl<F: Read + Seek> Sparse<'_, F> {
    fn fill(&mut self) -> io::Result<Option<()>> {
        let mut open: Vec<Open> = Vec::new();
        let mut at = 0;
        let mut end = self.bytes.len() as u64;
        loop {
            let Some(header) = self.take(at, HEADER, end)? else { return Ok(None) };
            if !header.starts_with(b"\0asm") {
                return Ok(None);
            }
            open.push(Open { end, is_module: header[4..] == MODULE });
            at += HEADER;
            // Sections, until one is a module or component.
            loop {
                while open.last().is_some_and(|open| open.end == at) {
                    open.pop();
                }
                let Some(around) = open.last() else { return Ok(Some(())) };
                let (around_end, is_module) = (around.end, around.is_module);
                let head = self.take(at, HEAD.min(around_end.saturating_sub(at)), around_end)?;
                let Some((id, body, next)) = head.and_then(|head| section(head, at)) else { return Ok(None) };
                if next > around_end {
                    return Ok(None);
                }
                let size = next - body;
                let is_named = |start: &[u8]| start.get(1..).is_some_and(|name| name.starts_with(b".debug_"));
                at = body;
                match (is_module, id) {
                    (false, 1 | 4) => {
                        end = next;
                        break;
                    }
                    (true, 10 | 11) => _ = self.take(body, size.min(KEPT), next)?,
                    (_, 0) if self.take(body, size.min(KEPT), next)?.is_some_and(is_named) => {}
                    _ => _ = self.take(body, size, next)?,
                }
                at = next;
            }
        }
    }

    /// Some bytes, if they are there.
    fn take(&mut self, at: u64, size: u64, end: u64) -> io::Result<Option<&[u8]>> {
        let Some(to) = at.checked_add(size).filter(|to| *to <= end) else { return Ok(None) };
        if to > self.filled {
            let from = at.max(self.filled);
            let until = to.max(from + self.ahead).min(self.bytes.len() as u64);
            self.file.seek(SeekFrom::Start(from))?;
            self.file.read_exact(&mut self.bytes[from as usize..until as usize])?;
            self.filled = until;
        }
        Ok(self.bytes.get(at as usize..to as usize))
    }
}

/// The id of a section that begins here, and where its contents begin and end.
fn section(head: &[u8], at: u64) -> Option<(u8, u64, u64)> {
    let (id, size) = head.split_first()?;
    let mut reader = wasmparser::BinaryReader::new(size, 0);
    let size = reader.read_var_u32().ok()?;
    let body = at + 1 + reader.current_position() as u64;
    Some((*id, body, body + u64::from(size)))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn all_but_code_data_and_debug_information_is_there() {
        let big = "x".repeat(700_000);
        let text = format!(
            "(component $app
                (component $inner (core module $m
                    (import \"a\" \"b\" (func)) (func (export \"f\") (drop (i64.const 81985529216486895)))
                    (memory 1) (data (i32.const 0) \"{big}\") (@custom \".debug_info\" \"{big}\")))
                (@custom \"kept\" \"{}\"))",
            "y".repeat(100_000)
        );
        let whole = wat::parse_str(text).expect("well-formed");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&whole).expect("written");
        let sparse = read(&mut file).expect("readable").expect("large enough");
        assert_eq!(digest(&mut file).expect("readable"), blake3::hash(&whole).to_hex().to_string());
        assert_eq!(sparse.len(), whole.len());
        let gone = sparse.iter().zip(&whole).filter(|(here, there)| here != there).count();
        assert!((1_300_000..1_400_000).contains(&gone), "{gone} bytes were left out");
        let [ours, theirs] = [&sparse, &whole].map(|bytes| {
            let sections = [super::super::Section::Graph, super::super::Section::Wit, super::super::Section::Producers];
            super::super::inspect("app", bytes, &sections).expect("it is a component")
        });
        assert_eq!((ours.graph, ours.wit, ours.overview.counts), (theirs.graph, theirs.wit, theirs.overview.counts));
        assert!(ours.producers == theirs.producers && ours.overview.customs == theirs.overview.customs);

        file.set_len(whole.len() as u64 - 9).expect("cut off");
        assert!(read(&mut file).expect("readable").is_none());
    }
}
