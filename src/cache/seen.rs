//! Files whose content is known from before: their digests, without reading them again.
//!
//! What is remembered of a file is how it looked when it was read: as in the [`store`](super::store), whose rule says when
//! a file that looks the same must be the same.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::FileExt as _,
    path::Path,
    thread,
    time::SystemTime,
};

use blake3::Hash;
use serde::{Deserialize, Serialize};

use super::{
    Home,
    store::{Verified, looks},
};

const SEEN: &str = "seen";
/// Bytes for which a second thread is worth its start.
const LARGE: usize = 4 << 20;

#[derive(Serialize, Deserialize)]
struct Record {
    looks: Verified,
    digest: String,
}

impl Home {
    /// BLAKE3 of a file, if it was read before and nothing can have touched it since.
    pub fn seen(&self, file: &Path) -> Option<Hash> {
        let state = fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
        self.seen_as(file, &looks(&state, SystemTime::now())).map(|(_, digest)| digest)
    }

    /// The same of a file that looks so now, with how it looked when it was read.
    pub(crate) fn seen_as(&self, file: &Path, now: &Verified) -> Option<(Verified, Hash)> {
        let kept = fs::read(self.get(SEEN, &key(file)?).ok()??).ok()?;
        let record: Record = serde_json::from_slice(&kept).ok()?;
        let digest = Hash::from_hex(&record.digest).ok()?;
        record.looks.still(now).then_some((record.looks, digest))
    }

    /// Reads a file, and remembers its digest if it has settled. What cannot be remembered costs time, nothing else.
    pub fn see(&self, file: &Path) -> io::Result<(Vec<u8>, Hash)> {
        let mut open = File::open(file)?;
        let state = open.metadata()?;
        let before = looks(&state, SystemTime::now());
        let bytes = whole(&mut open, &state)?;
        let digest = blake3::hash(&bytes);
        let state = open.metadata()?;
        if state.is_file() && before.still(&looks(&state, SystemTime::now())) {
            self.saw(file, &before, &digest);
        }
        Ok((bytes, digest))
    }

    /// Remembers the digest of a file that had settled, and looked so before and after it was read.
    pub(crate) fn saw(&self, file: &Path, looks: &Verified, digest: &Hash) {
        if let Some(key) = key(file)
            && let Ok(record) = serde_json::to_vec(&Record { looks: looks.clone(), digest: digest.to_string() })
        {
            let _ = self.put(SEEN, &key, &record);
        }
    }
}

/// All bytes of a file. Of a large one most of the time goes to the pages that are to hold it: two threads read at once.
fn whole(file: &mut File, state: &fs::Metadata) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let size = usize::try_from(state.len()).unwrap_or(0);
    if state.is_file() && size >= LARGE {
        // Pages of nought that nobody has touched yet.
        bytes = vec![0; size];
        let (front, back) = bytes.split_at_mut(size / 2);
        let (shared, start) = (&*file, front.len() as u64);
        let read = thread::scope(|scope| {
            let back = thread::Builder::new().spawn_scoped(scope, move || shared.read_exact_at(back, start))?;
            shared.read_exact_at(front, 0)?;
            back.join().unwrap_or(Err(io::ErrorKind::Other.into()))
        });
        match read {
            // What was added since.
            Ok(()) => drop(file.seek(SeekFrom::Start(state.len()))?),
            // It became shorter, or no thread can be had.
            Err(_) => bytes.clear(),
        }
    }
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn key(file: &Path) -> Option<String> {
    let path = file.canonicalize().ok()?;
    Some(blake3::hash(path.as_os_str().as_encoded_bytes()).to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_that_has_settled_is_known_until_it_changes() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().join("home") };
        let file = temp.path().join("file");
        fs::write(&file, b"one").unwrap();
        assert_eq!(home.see(&file).unwrap(), (b"one".to_vec(), blake3::hash(b"one")));
        // Just written: another write could look the same.
        assert_eq!(home.seen(&file), None);
        std::thread::sleep(Duration::from_millis(2_050));
        assert_eq!(home.seen(&file), None);
        home.see(&file).unwrap();
        assert_eq!(home.seen(&file), Some(blake3::hash(b"one")));
        let time = fs::metadata(&file).unwrap().modified().unwrap();
        fs::write(&file, b"two").unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        assert_eq!(home.seen(&file), None);
        assert_eq!(home.seen(&temp.path().join("other")), None);
        assert_eq!(home.seen(temp.path()), None);
        assert!(home.see(temp.path()).is_err());
    }

    #[test]
    fn a_large_file_is_read_whole() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().join("home") };
        let file = temp.path().join("file");
        for size in [LARGE - 1, LARGE, LARGE + 1, 2 * LARGE + 7] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            fs::write(&file, &bytes).unwrap();
            let (read, digest) = home.see(&file).unwrap();
            assert!(read == bytes, "{size}");
            assert_eq!(digest, blake3::hash(&bytes));
            // Between the look and the reading.
            let state = fs::metadata(&file).unwrap();
            fs::write(&file, [&bytes[..], b"more"].concat()).unwrap();
            assert_eq!(whole(&mut File::open(&file).unwrap(), &state).unwrap().len(), size + 4);
            fs::write(&file, &bytes[..size - 9]).unwrap();
            assert!(whole(&mut File::open(&file).unwrap(), &state).unwrap() == bytes[..size - 9]);
        }
    }
}
