//! The bytes of a part by ranges: of one in memory, or of a file that is larger than memory ought to hold.
//!
//! 1. A file is digested ([`Stored::new`]), piece by piece, unless its digest is known from before (`seen` of the cache
//!    folder).
//! 2. Each pass over it ([`Stored::pass`]) reads what it wants through one small buffer.
//!
//! Invariant: what a pass reads is what was digested, or the pass fails. Where nothing can have touched the file since,
//! as the cache folder's store has it, it looks before and after the pass as it did; else each piece is digested before
//! it is given out. Files are not mapped: who cuts one off would end the process.

use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use blake3::Hash;

use super::Error;
use crate::cache::{Home, Verified, looks};

/// Bytes that are read at a time: few enough to stay in the processor's cache while they are digested and written.
const PIECE: usize = 256 << 10;
/// Files for which remembering a digest is worth two more of them.
const WORTH_REMEMBERING: usize = 1 << 20;

/// A file whose bytes stay where they are.
#[derive(Debug)]
pub(super) struct Stored {
    path: PathBuf,
    size: usize,
    digest: Hash,
    proof: Proof,
}

/// How it is told that a pass reads what was digested.
#[derive(Debug)]
enum Proof {
    /// It had settled, and looked so.
    Settled(Verified),
    /// The digest of each piece.
    Pieces(Vec<Hash>),
}

impl Stored {
    /// Of a file that was opened.
    pub fn new(path: &Path, file: &File, home: &Home) -> Result<Stored, Error> {
        let unreadable = |source| unreadable(path, source);
        let state = file.metadata().map_err(unreadable)?;
        let before = looks(&state, SystemTime::now());
        let size = usize::try_from(state.len()).map_err(|_| unreadable(io::ErrorKind::FileTooLarge.into()))?;
        let stored = |digest, proof| Stored { path: path.to_owned(), size, digest, proof };
        if size >= WORTH_REMEMBERING
            && let Some((looked, digest)) = home.seen_as(path, &before)
        {
            return Ok(stored(digest, Proof::Settled(looked)));
        }
        if before.still(&before) {
            let digest = digest(file, size, &mut |_| ()).map_err(unreadable)?;
            if before.still(&looks(&file.metadata().map_err(unreadable)?, SystemTime::now())) {
                if size >= WORTH_REMEMBERING {
                    home.saw(path, &before, &digest);
                }
                return Ok(stored(digest, Proof::Settled(before)));
            }
        }
        let mut pieces = Vec::with_capacity(size / PIECE + 1);
        let digest = digest(file, size, &mut |piece| pieces.push(blake3::hash(piece))).map_err(unreadable)?;
        Ok(stored(digest, Proof::Pieces(pieces)))
    }

    /// BLAKE3 of all of it.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// Reads from it what is wanted.
    pub fn pass<T, E: From<Error>>(&self, work: impl FnOnce(&mut Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        let unreadable = |source| unreadable(&self.path, source);
        let file = File::open(&self.path).map_err(unreadable)?;
        let state = file.metadata().map_err(unreadable)?;
        if state.len() != self.size as u64 {
            return Err(self.changed().into());
        }
        let mut found = Vec::new();
        let (settled, pieces) = match &self.proof {
            Proof::Settled(looked) if looked.still(&looks(&state, SystemTime::now())) => (Some(looked), None),
            // Touched at least.
            Proof::Settled(_) => {
                let again = digest(&file, self.size, &mut |piece| found.push(blake3::hash(piece)));
                if again.map_err(unreadable)? != self.digest {
                    return Err(self.changed().into());
                }
                (None, Some(&found[..]))
            }
            Proof::Pieces(pieces) => (None, Some(&pieces[..])),
        };
        let bytes = Bytes::File { file: &file, stored: self, pieces, buffer: Vec::new(), start: 0 };
        let done = work(&mut Reader { bytes, len: self.size });
        if let Some(looked) = settled
            && !looked.still(&looks(&file.metadata().map_err(unreadable)?, SystemTime::now()))
        {
            return Err(self.changed().into());
        }
        done
    }

    /// All of it in memory.
    pub fn whole(&self) -> Result<Vec<u8>, Error> {
        self.pass(|bytes| {
            let mut whole = Vec::with_capacity(self.size);
            bytes.copy(0..self.size, &mut |piece| {
                whole.extend_from_slice(piece);
                Ok(())
            })?;
            Ok(whole)
        })
    }

    fn changed(&self) -> Error {
        Error::Changed { path: self.path.display().to_string() }
    }
}

/// BLAKE3 of as many bytes of a file, and each piece of them.
fn digest(file: &File, size: usize, each: &mut dyn FnMut(&[u8])) -> io::Result<Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; PIECE.min(size)];
    for start in (0..size).step_by(PIECE) {
        let piece = &mut buffer[..PIECE.min(size - start)];
        file.read_exact_at(piece, start as u64)?;
        hasher.update(piece);
        each(piece);
    }
    Ok(hasher.finalize())
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Read { path: path.display().to_string(), source }
}

/// Gives the bytes of a part by ranges.
pub(super) struct Reader<'a> {
    bytes: Bytes<'a>,
    len: usize,
}

enum Bytes<'a> {
    Held(&'a [u8]),
    File {
        file: &'a File,
        stored: &'a Stored,
        pieces: Option<&'a [Hash]>,
        buffer: Vec<u8>,
        /// Where the buffer begins.
        start: usize,
    },
}

impl<'a> Reader<'a> {
    /// Of bytes in memory.
    pub fn held(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes: Bytes::Held(bytes), len: bytes.len() }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Another one of the same bytes in the same pass, for another thread.
    pub fn fork(&self) -> Reader<'a> {
        let bytes = match &self.bytes {
            Bytes::Held(bytes) => Bytes::Held(bytes),
            Bytes::File { file, stored, pieces, .. } => {
                Bytes::File { file, stored, pieces: *pieces, buffer: Vec::new(), start: 0 }
            }
        };
        Reader { bytes, len: self.len }
    }

    /// A range, which lies within.
    pub fn get(&mut self, range: Range<usize>) -> Result<&[u8], Error> {
        match &mut self.bytes {
            Bytes::Held(bytes) => Ok(&bytes[range]),
            Bytes::File { file, stored, pieces, buffer, start } => {
                if range.start < *start || range.end > *start + buffer.len() {
                    let first = range.start / PIECE;
                    let end = range.end.next_multiple_of(PIECE).min(self.len);
                    *start = first * PIECE;
                    buffer.resize(end - *start, 0);
                    file.read_exact_at(buffer, *start as u64).map_err(|error| match error.kind() {
                        io::ErrorKind::UnexpectedEof => stored.changed(),
                        _ => unreadable(&stored.path, error),
                    })?;
                    if let Some(pieces) = pieces
                        && buffer.chunks(PIECE).zip(&pieces[first..]).any(|(read, known)| blake3::hash(read) != *known)
                    {
                        // Nothing of it is to be given out.
                        buffer.clear();
                        return Err(stored.changed());
                    }
                }
                Ok(&buffer[range.start - *start..range.end - *start])
            }
        }
    }

    /// Passes a range on, a piece at a time.
    pub fn copy(&mut self, range: Range<usize>, pass: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> Result<(), Error> {
        if let Bytes::Held(bytes) = &self.bytes {
            return Ok(pass(&bytes[range])?);
        }
        let mut at = range.start;
        while at < range.end {
            let end = range.end.min((at / PIECE + 1) * PIECE);
            pass(self.get(at..end)?)?;
            at = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of several pieces, no two alike.
    fn content() -> Vec<u8> {
        (0..3 * PIECE + 77).map(|at| (at / 3 % 251) as u8).collect()
    }

    fn stored(path: &Path, home: &Home) -> Stored {
        Stored::new(path, &File::open(path).expect("there"), home).expect("readable")
    }

    #[test]
    fn ranges_are_those_of_the_file_and_only_of_what_was_digested() {
        let temp = tempfile::tempdir().expect("a folder");
        let (home, path) = (Home { root: temp.path().join("home") }, temp.path().join("file"));
        let content = content();
        std::fs::write(&path, &content).expect("written");
        let fresh = stored(&path, &home);
        assert!(matches!(fresh.proof, Proof::Pieces(_)) && fresh.digest() == blake3::hash(&content));
        std::thread::sleep(std::time::Duration::from_millis(2_050));
        let settled = stored(&path, &home);
        assert!(matches!(settled.proof, Proof::Settled(_)) && settled.digest() == fresh.digest());
        for stored in [&fresh, &settled] {
            let ranges = [5..9, PIECE - 1..PIECE + 1, 2 * PIECE..3 * PIECE + 77, 0..content.len(), 7..7];
            stored
                .pass(|bytes| {
                    for range in ranges {
                        assert!(bytes.get(range.clone())? == &content[range.clone()], "{range:?}");
                        assert!(bytes.fork().get(range.clone())? == &content[range], "of another");
                    }
                    Ok::<_, Error>(())
                })
                .expect("unchanged");
            assert!(stored.whole().expect("unchanged") == content);
        }
        // Touched, and the same.
        std::fs::write(&path, &content).expect("written");
        assert!(settled.whole().expect("the same bytes") == content);
        let mut other = content.clone();
        other[2 * PIECE] ^= 1;
        std::fs::write(&path, &other).expect("written");
        let first = fresh.pass(|bytes| bytes.get(0..4).map(<[u8]>::to_vec));
        assert_eq!(first.expect("of a piece that is the same"), content[..4]);
        for stored in [&fresh, &settled] {
            assert!(matches!(stored.whole().expect_err("another byte"), Error::Changed { .. }));
        }
        std::fs::write(&path, &content[..PIECE]).expect("written");
        for stored in [&fresh, &settled] {
            assert!(matches!(stored.whole().expect_err("cut off"), Error::Changed { .. }));
        }
    }

    #[test]
    fn a_change_during_a_pass_is_seen() {
        let temp = tempfile::tempdir().expect("a folder");
        let (home, path) = (Home { root: temp.path().join("home") }, temp.path().join("file"));
        let content = content();
        std::fs::write(&path, &content).expect("written");
        let fresh = stored(&path, &home);
        std::thread::sleep(std::time::Duration::from_millis(2_050));
        let settled = stored(&path, &home);
        for stored in [&fresh, &settled] {
            let read = stored.pass(|bytes| {
                bytes.get(0..1)?;
                std::fs::write(&path, vec![1; content.len()]).expect("written");
                bytes.get(2 * PIECE..2 * PIECE + 1).map(<[u8]>::to_vec)
            });
            assert!(matches!(read.expect_err("changed"), Error::Changed { .. }));
            std::fs::write(&path, &content).expect("written");
        }
    }
}
