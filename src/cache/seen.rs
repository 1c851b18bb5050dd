//! Files whose content is known from before: their digests, without reading them again.
//!
//! What is remembered of a file is how it looked when it was read: as in the [`store`](super::store), whose rule says when
//! a file that looks the same must be the same.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
    time::SystemTime,
};

use blake3::Hash;
use serde::{Deserialize, Serialize};

use super::{
    Home,
    store::{Verified, looks},
};

const SEEN: &str = "seen";

#[derive(Serialize, Deserialize)]
struct Record {
    looks: Verified,
    digest: String,
}

impl Home {
    /// BLAKE3 of a file, if it was read before and nothing can have touched it since.
    pub fn seen(&self, file: &Path) -> Option<Hash> {
        let state = fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
        let kept = fs::read(self.get(SEEN, &key(file)?).ok()??).ok()?;
        let record: Record = serde_json::from_slice(&kept).ok()?;
        let same = record.looks.still(&looks(&state, SystemTime::now()));
        same.then(|| Hash::from_hex(&record.digest).ok()).flatten()
    }

    /// Reads a file, and remembers its digest if it has settled. What cannot be remembered costs time, nothing else.
    pub fn see(&self, file: &Path) -> io::Result<(Vec<u8>, Hash)> {
        let mut bytes = Vec::new();
        let mut open = File::open(file)?;
        let before = looks(&open.metadata()?, SystemTime::now());
        open.read_to_end(&mut bytes)?;
        let digest = blake3::hash(&bytes);
        let state = open.metadata()?;
        if state.is_file()
            && before.still(&looks(&state, SystemTime::now()))
            && let Some(key) = key(file)
            && let Ok(record) = serde_json::to_vec(&Record { looks: before, digest: digest.to_string() })
        {
            let _ = self.put(SEEN, &key, &record);
        }
        Ok((bytes, digest))
    }
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
}
