//! Digests of files, remembered between runs.
//!
//! A file whose size, time and inode are those remembered is not read again, unless it had been written less than
//! [`SETTLED`] before it was digested: within that time two writes can leave the same time stamp. The memory is a
//! convenience: where it cannot be read or written, files are digested again, and nothing else happens.

use std::{
    collections::BTreeMap,
    fs::{File, Metadata},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use blake3::Hash;
use serde::{Deserialize, Serialize};

use super::write_whole;

/// How old a file must have been when it was digested for its time stamp to be trusted.
const SETTLED: Duration = Duration::from_secs(2);

/// The digests known so far.
#[derive(Debug)]
pub struct Digests {
    memory: PathBuf,
    /// What earlier runs knew.
    known: BTreeMap<PathBuf, Known>,
    /// What was asked for in this one: all that is remembered next time.
    asked: BTreeMap<PathBuf, Known>,
}

/// A file as it was when its digest was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    /// When the digest was taken, in nanoseconds of Unix time.
    taken: u64,
    digest: String,
}

/// What changes when a file is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    /// Nanoseconds of Unix time.
    modified: u64,
    inode: u64,
}

impl Digests {
    /// Reads what is remembered in the file `memory`; nothing, where it cannot be read.
    pub fn load(memory: &Path) -> Digests {
        let known = std::fs::read(memory).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Digests { memory: memory.into(), known: known.unwrap_or_default(), asked: BTreeMap::new() }
    }

    /// The BLAKE3 digest of a regular file's content. Anything else (a folder, a device, a pipe) is an error.
    pub fn digest(&mut self, file: &Path) -> io::Result<Hash> {
        let metadata = std::fs::metadata(file)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let stamp = Stamp::of(&metadata);
        if let Some(known) = self.asked.get(file).or_else(|| self.known.get(file))
            && let Some(digest) = known.trusted(&stamp)
        {
            self.asked.insert(file.into(), known.clone());
            return Ok(digest);
        }
        let taken = nanoseconds(SystemTime::now());
        let digest = blake3::Hasher::new().update_reader(File::open(file)?)?.finalize();
        self.asked.insert(file.into(), Known { stamp, taken, digest: digest.to_string() });
        Ok(digest)
    }

    /// Remembers the files that were asked for, and forgets all others.
    pub fn save(mut self) {
        // A path that is no text cannot be written as JSON: such a file is digested each time.
        self.asked.retain(|path, _| path.to_str().is_some());
        if self.asked != self.known
            && let Ok(bytes) = serde_json::to_vec(&self.asked)
        {
            // A lost memory costs time alone, and the folder's own trouble shows where outputs are written.
            let _ = write_whole(&self.memory, &bytes);
        }
    }
}

impl Known {
    /// The digest, if the file is as it was and had settled when it was taken.
    fn trusted(&self, stamp: &Stamp) -> Option<Hash> {
        let settled = stamp.modified.saturating_add(SETTLED.as_nanos() as u64) <= self.taken;
        (self.stamp == *stamp && settled).then(|| Hash::from_hex(&self.digest).ok()).flatten()
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        let modified = metadata.modified().map_or(0, nanoseconds);
        Stamp { size: metadata.len(), modified, inode }
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;

    use super::*;

    fn age(file: &Path, seconds: u64) {
        let time = SystemTime::now() - Duration::from_secs(seconds);
        File::options().write(true).open(file).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
    }

    /// Puts a lie into the memory, so that a test can tell remembering from reading.
    fn lie(digests: &mut Digests, file: &Path) -> Hash {
        let lie = blake3::hash(b"a lie");
        digests.asked.get_mut(file).unwrap().digest = lie.to_string();
        lie
    }

    #[test]
    fn a_settled_file_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "one").unwrap();
        age(&file, 60);
        let mut digests = Digests::load(&folder.path().join("memory"));
        assert_eq!(digests.digest(&file).unwrap(), blake3::hash(b"one"));
        let lie = lie(&mut digests, &file);
        digests.save();
        let mut digests = Digests::load(&folder.path().join("memory"));
        assert_eq!(digests.digest(&file).unwrap(), lie);
        std::fs::write(&file, "two").unwrap();
        assert_eq!(digests.digest(&file).unwrap(), blake3::hash(b"two"));
    }

    #[test]
    fn a_fresh_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "one").unwrap();
        let mut digests = Digests::load(&folder.path().join("memory"));
        digests.digest(&file).unwrap();
        let lie = lie(&mut digests, &file);
        assert_ne!(digests.digest(&file).unwrap(), lie);
    }

    #[test]
    fn only_files_have_digests() {
        let folder = tempfile::tempdir().unwrap();
        let mut digests = Digests::load(&folder.path().join("memory"));
        assert!(digests.digest(folder.path()).is_err());
        assert!(digests.digest(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn what_is_not_asked_for_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("memory");
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        let mut digests = Digests::load(&memory);
        for file in [&a, &b] {
            std::fs::write(file, "x").unwrap();
            digests.digest(file).unwrap();
        }
        digests.save();
        let mut digests = Digests::load(&memory);
        assert_eq!(digests.known.len(), 2);
        digests.digest(&a).unwrap();
        digests.save();
        assert_eq!(Digests::load(&memory).known.into_keys().collect::<Vec<_>>(), [a]);
    }
}
