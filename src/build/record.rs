//! What is known of a finished part, beside its file and in the user's store, and whether it still holds.
//!
//! A part is told by its fingerprint, which is known before a compiler runs. What a compiler turned out to have read
//! besides (a file included from elsewhere, one that git ignores) is recorded with it by digest: a record holds only
//! while those files are the same too. The store keeps the record by fingerprint and the bytes by their own digest, so
//! that a clean checkout, another worktree or an emptied `target` need not build again what was built here before.
//!
//! The store is a convenience: an entry that is missing, torn or refused counts as not there.

use std::path::{Path, PathBuf};

use blake3::Hash;
use serde::{Deserialize, Serialize};

use super::backend::Unit;
use crate::{
    cache::{self, Home, digests::Digests},
    plan::sources::relative,
};

/// Kinds of entries in the store.
const PARTS: &str = "parts";
const RECORDS: &str = "part-records";

/// How a part was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    fingerprint: String,
    /// Of the part's bytes.
    digest: String,
    read: Vec<Read>,
}

/// A file that the build read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Read {
    /// Relative to the source folder.
    name: PathBuf,
    digest: String,
}

impl Record {
    /// The record of a part just built. Files that are gone or unreadable by now are left out, and so are those that
    /// Mosaic itself wrote.
    pub fn new(unit: &Unit, fingerprint: Hash, digest: Hash, read: &[PathBuf], digests: &mut Digests) -> Record {
        let out = unit.work.ancestors().nth(2).unwrap_or(&unit.work);
        let own = |path: &Path| path.starts_with(out) || path.starts_with(unit.source.join(".mosaic"));
        let mut read: Vec<Read> = read
            .iter()
            .filter(|path| path.to_str().is_some() && !own(path))
            .filter_map(|path| {
                let digest = digests.digest(path).ok()?;
                Some(Read { name: relative(&unit.source, path), digest: digest.to_string() })
            })
            .collect();
        read.sort_by(|a, b| a.name.cmp(&b.name));
        read.dedup();
        Record { fingerprint: fingerprint.to_string(), digest: digest.to_string(), read }
    }

    /// The digest of the part, if this is a record of the fingerprint and every file it read is as it was.
    pub fn holds(&self, unit: &Unit, fingerprint: Hash, digests: &mut Digests) -> Option<Hash> {
        let unchanged = |read: &Read, digests: &mut Digests| {
            digests.digest(&unit.source.join(&read.name)).is_ok_and(|digest| digest.to_string() == read.digest)
        };
        let holds =
            self.fingerprint == fingerprint.to_string() && self.read.iter().all(|read| unchanged(read, digests));
        holds.then(|| Hash::from_hex(&self.digest).ok()).flatten()
    }

    /// The record beside the unit's other working files; `None` where there is none to be read.
    pub fn load(unit: &Unit) -> Option<Record> {
        serde_json::from_slice(&std::fs::read(file(unit)).ok()?).ok()
    }

    pub fn save(&self, unit: &Unit) -> Result<(), (PathBuf, std::io::Error)> {
        let file = file(unit);
        cache::write_whole(&file, &self.bytes()).map_err(|error| (file, error))
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record holds text and lists alone")
    }
}

fn file(unit: &Unit) -> PathBuf {
    unit.work.join("record.json")
}

/// A part from the store, with its record and the digest of its bytes, which the store has verified.
pub fn fetch(home: &Home, unit: &Unit, fingerprint: Hash, digests: &mut Digests) -> Option<(Record, Hash, Vec<u8>)> {
    let entry = |kind, key: &str| std::fs::read(home.get(kind, key).ok()??).ok();
    let record: Record = serde_json::from_slice(&entry(RECORDS, &fingerprint.to_string())?).ok()?;
    let digest = record.holds(unit, fingerprint, digests)?;
    let bytes = entry(PARTS, &record.digest)?;
    Some((record, digest, bytes))
}

/// Puts a part into the store.
pub fn keep(home: &Home, record: &Record, bytes: &[u8]) -> std::io::Result<()> {
    home.put(PARTS, &record.digest, bytes)?;
    home.put(RECORDS, &record.fingerprint, &record.bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fingerprint::tests::unit;

    #[test]
    fn a_record_holds_while_what_was_read_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let unit = unit(folder.path(), "part");
        std::fs::create_dir_all(&unit.source).unwrap();
        let beside = folder.path().join("greeting.txt");
        std::fs::write(&beside, "hello").unwrap();
        let mut digests = Digests::load(&folder.path().join("memory"));
        let (fingerprint, digest) = (blake3::hash(b"inputs"), blake3::hash(b"bytes"));
        let record = Record::new(&unit, fingerprint, digest, std::slice::from_ref(&beside), &mut digests);
        record.save(&unit).unwrap();
        let record = Record::load(&unit).unwrap();
        assert_eq!(record.holds(&unit, fingerprint, &mut digests), Some(digest));
        assert_eq!(record.holds(&unit, blake3::hash(b"others"), &mut digests), None);
        std::fs::write(&beside, "good bye").unwrap();
        assert_eq!(record.holds(&unit, fingerprint, &mut digests), None);
        std::fs::remove_file(&beside).unwrap();
        assert_eq!(record.holds(&unit, fingerprint, &mut digests), None);
    }

    #[test]
    fn the_store_gives_back_what_it_was_given_and_nothing_torn() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { root: folder.path().join("home") };
        let unit = unit(folder.path(), "part");
        let mut digests = Digests::load(&folder.path().join("memory"));
        let fingerprint = blake3::hash(b"inputs");
        assert!(fetch(&home, &unit, fingerprint, &mut digests).is_none());
        let record = Record::new(&unit, fingerprint, blake3::hash(b"bytes"), &[], &mut digests);
        keep(&home, &record, b"bytes").unwrap();
        let (found, digest, bytes) = fetch(&home, &unit, fingerprint, &mut digests).unwrap();
        assert_eq!((found, digest, &bytes[..]), (record.clone(), blake3::hash(b"bytes"), &b"bytes"[..]));
        let kept = home.get(PARTS, &record.digest).unwrap().unwrap();
        std::fs::write(kept, "torn").unwrap();
        assert!(fetch(&home, &unit, fingerprint, &mut digests).is_none());
    }
}
