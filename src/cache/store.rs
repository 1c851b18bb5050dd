//! The store: bytes by kind and key, given back as they were put in, or not at all.
//!
//! ```text
//! <home>/store/<kind>/<first two of the key>/<key>             the record: digest, size, and when it was last verified
//! <home>/store/<kind>/<first two of the key>/<key>.<digest>    the bytes, named by the digest's first 16 digits
//! ```
//! - The bytes are written first, the record last, each whole: a record names bytes that are complete. Two who put
//!   different bytes under one key at once do not tear each other's: the later record wins.
//! - The bytes are hashed (BLAKE3) before they are given, unless they are many and nothing can have touched them since
//!   they last were: the same inode, size and change time, which no program can set, and verified more than [`SETTLED`]
//!   after that time, so that a change within the clock's grain cannot hide.
//! - Bytes that are not what was put are removed and refused, with both digests; the next `get` finds nothing.
//! - The record's modification time is the time of last use, to the day, which is what [`super::collect`] goes by.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::{Home, write::named, write_whole};

/// How long after a change its time tells it from a later one: coarser than any file system's clock.
const SETTLED: Duration = Duration::from_secs(2);
/// Bytes that are hashed in less time than it takes to write down that they were.
const SOON_HASHED: u64 = 1 << 20;
/// How stale the time of last use may be.
const USED: Duration = Duration::from_secs(24 * 60 * 60);
/// Digits of the digest in a file name.
const SHORT: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// BLAKE3, hexadecimal.
    digest: String,
    verified: Option<Verified>,
}

/// A file as it was when its digest was last taken, or found right. Times in nanoseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verified {
    inode: u64,
    size: u64,
    changed: i128,
    at: i128,
}

impl Home {
    /// The file that holds what was put under `key`, verified; not to be written to. `Ok(None)`: nothing was put.
    ///
    /// Fails with `InvalidData` where the bytes are not those that were put; they are removed.
    pub fn get(&self, kind: &str, key: &str) -> io::Result<Option<PathBuf>> {
        let place = self.place(kind, key)?;
        let Some(mut record) = read(&place)? else { return Ok(None) };
        let path = bytes_of(&place, &record.digest);
        let Some(state) = present(fs::metadata(&path)).map_err(|e| named("read", &path, &e))? else {
            return Ok(None);
        };
        let now = SystemTime::now();
        let looks = looks(&state, now);
        let is_known = record.verified.as_ref().is_some_and(|verified| verified.still(&looks));
        if !is_known {
            verify(&place, &path, &record.digest)?;
        }
        let is_told = !is_known && state.len() > SOON_HASHED;
        if is_told {
            record.verified = Some(looks);
        }
        if is_told || !fs::metadata(&place)?.modified().is_ok_and(|used| now < used + USED) {
            keep(&place, &record);
        }
        Ok(Some(path))
    }

    /// Puts `bytes` under `key`, in the place of what was there, and gives the file that holds them.
    pub fn put(&self, kind: &str, key: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let place = self.place(kind, key)?;
        let before = read(&place)?;
        let record = Record { digest: blake3::hash(bytes).to_string(), verified: None };
        let path = bytes_of(&place, &record.digest);
        write_whole(&path, bytes)?;
        write_record(&place, &record)?;
        if let Some(before) = before.filter(|before| before.digest != record.digest) {
            // What it was is not needed any more; whoever has it open keeps it.
            let _ = fs::remove_file(bytes_of(&place, &before.digest));
        }
        Ok(path)
    }

    /// Where the store lies.
    pub(super) fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The record's place. Kinds and keys are names that cannot leave the folder.
    fn place(&self, kind: &str, key: &str) -> io::Result<PathBuf> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let name = |text: &str, least| text.len() >= least && text.len() <= 128 && text.chars().all(plain);
        if name(kind, 1) && name(key, 3) {
            Ok(self.store().join(kind).join(&key[..2]).join(key))
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{kind}/{key}` is no key of the store")))
        }
    }
}

impl Verified {
    /// Whether a file that looks like `now` must still hold the bytes that were verified.
    pub(crate) fn still(&self, now: &Verified) -> bool {
        let settled = self.at - self.changed > SETTLED.as_nanos().cast_signed();
        settled && (self.inode, self.size, self.changed) == (now.inode, now.size, now.changed)
    }
}

/// What a file looks like now.
pub(crate) fn looks(state: &fs::Metadata, now: SystemTime) -> Verified {
    let changed = i128::from(state.ctime()) * 1_000_000_000 + i128::from(state.ctime_nsec());
    let at = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos().cast_signed());
    Verified { inode: state.ino(), size: state.size(), changed, at }
}

fn verify(place: &Path, path: &Path, digest: &str) -> io::Result<()> {
    let actual = fs::read(path).map(|bytes| blake3::hash(&bytes).to_string()).map_err(|e| named("read", path, &e))?;
    if actual == digest {
        return Ok(());
    }
    let _ = fs::remove_file(place);
    let _ = fs::remove_file(path);
    let told = format!(
        "{} was changed since it was stored: BLAKE3 {digest} expected, {actual} found; it has been removed",
        path.display()
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, told))
}

/// A record that cannot be read is none: what it names is found again by building it again.
fn read(place: &Path) -> io::Result<Option<Record>> {
    let bytes = present(fs::read(place)).map_err(|error| named("read", place, &error))?;
    let hex = |record: &Record| record.digest.len() == 64 && record.digest.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).filter(hex))
}

fn write_record(place: &Path, record: &Record) -> io::Result<()> {
    write_whole(place, &serde_json::to_vec(record)?)
}

/// Writes the record again for what it saves the next `get`; a store that is read-only still serves.
fn keep(place: &Path, record: &Record) {
    let _ = write_record(place, record);
}

fn bytes_of(place: &Path, digest: &str) -> PathBuf {
    place.with_added_extension(&digest[..SHORT])
}

/// `Ok(None)` where there is nothing.
fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().join("home") };
        (temp, home)
    }

    #[test]
    fn gives_back_what_was_put_last() {
        let (_temp, home) = home();
        assert_eq!(home.get("native", "abcd").unwrap(), None);
        let first = home.put("native", "abcd", b"one").unwrap();
        assert_eq!(first.strip_prefix(&home.root).unwrap().parent(), Some(Path::new("store/native/ab")));
        assert_eq!(home.get("native", "abcd").unwrap(), Some(first.clone()));
        let second = home.put("native", "abcd", b"two").unwrap();
        assert_eq!(fs::read(home.get("native", "abcd").unwrap().unwrap()).unwrap(), b"two");
        assert!(!first.exists() && second.exists());
        assert_eq!(home.get("other", "abcd").unwrap(), None);
    }

    #[test]
    fn a_flipped_byte_is_refused_with_both_digests_and_then_forgotten() {
        let (_temp, home) = home();
        let path = home.put("native", "abcd", b"right").unwrap();
        fs::write(&path, b"wrong").unwrap();
        let error = home.get("native", "abcd").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        for bytes in [b"right", b"wrong"] {
            assert!(error.to_string().contains(&blake3::hash(bytes).to_string()), "{error}");
        }
        assert_eq!(home.get("native", "abcd").unwrap(), None);
    }

    #[test]
    fn a_change_is_seen_even_where_size_and_times_are_set_back() {
        let (_temp, home) = home();
        let [right, wrong] = [b"right", b"wrong"].map(|word| word.repeat(1 << 20));
        let path = home.put("native", "abcd", &right).unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        home.get("native", "abcd").unwrap();
        // As if it had been verified long after it was written.
        let place = home.place("native", "abcd").unwrap();
        let mut record = read(&place).unwrap().unwrap();
        record.verified.as_mut().unwrap().at += 60_000_000_000;
        write_record(&place, &record).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&path, &wrong).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        assert_eq!(home.get("native", "abcd").unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn settled_bytes_are_not_hashed_again_and_fresh_ones_are() {
        let verified = Verified { inode: 1, size: 2, changed: 10_000_000_000, at: 12_000_000_001 };
        assert!(verified.still(&Verified { at: 0, ..verified.clone() }));
        assert!(!verified.still(&Verified { changed: 10_000_000_001, ..verified.clone() }));
        assert!(!verified.still(&Verified { inode: 3, ..verified.clone() }));
        let fresh = Verified { at: 12_000_000_000, ..verified };
        assert!(!fresh.still(&fresh));
    }

    #[test]
    fn half_of_a_pair_is_nothing() {
        let (_temp, home) = home();
        let path = home.put("native", "abcd", b"x").unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(home.get("native", "abcd").unwrap(), None);
        home.put("native", "abcd", b"x").unwrap();
        fs::write(home.place("native", "abcd").unwrap(), "{\"dig").unwrap();
        assert_eq!(home.get("native", "abcd").unwrap(), None);
    }

    #[test]
    fn keys_cannot_leave_the_store() {
        let (_temp, home) = home();
        for key in ["", "ab", "../x", "a/b/c", "äää", "a.b"] {
            assert_eq!(home.get("k", key).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{key}");
        }
        assert_eq!(home.put("../k", "abc", b"").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
