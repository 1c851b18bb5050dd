//! What `setup` installed below the user's cache folder.
//!
//! A toolchain lives in a folder of its own that is complete when it appears and is not changed afterwards;
//! `<home>/toolchains/<language>.json` says which one is in use. The record is written last and whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::error::Failure;
use crate::{
    cache::{self, Home},
    language::Language,
};

/// A compiler below the user's cache folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Installed {
    pub language: Language,
    /// `rustc`, `go`.
    pub program: PathBuf,
    /// Go: `1.26.6`; Rust: as `rustc -V` says it.
    pub version: String,
    /// Where it came from, to be shown to people.
    pub origin: String,
    /// Everything it was made of, `name version` each.
    pub parts: Vec<String>,
}

impl Installed {
    /// What is in use for `language`; `None`: nothing, or its program is gone.
    pub fn read(home: &Home, language: Language) -> Option<Installed> {
        let record: Installed = serde_json::from_slice(&fs::read(record(home, language)).ok()?).ok()?;
        record.program.is_file().then_some(record)
    }

    /// Puts it into use.
    pub fn write(&self, home: &Home) -> io::Result<()> {
        cache::write_whole(&record(home, self.language), &serde_json::to_vec_pretty(self)?)
    }
}

/// Where toolchains are.
pub(super) fn folder(home: &Home) -> PathBuf {
    home.root.join("toolchains")
}

/// Refuses to begin what would fill the disk.
pub(super) fn room_for(home: &Home, needed: u64) -> Result<(), Failure> {
    let folder = folder(home);
    fs::create_dir_all(&folder)?;
    room_in(&folder, needed)
}

fn room_in(folder: &Path, needed: u64) -> Result<(), Failure> {
    // A file system that does not say how much is free is taken at its word when it is full.
    let Ok(state) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let free = state.f_bavail.saturating_mul(state.f_frsize);
    if free < needed { Err(Failure::Space { folder: folder.to_owned(), free, needed }) } else { Ok(()) }
}

fn record(home: &Home, language: Language) -> PathBuf {
    folder(home).join(format!("{language}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_only_while_its_program_is_there() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().into() };
        let installed = Installed {
            language: Language::Go,
            program: temp.path().join("go"),
            version: "1.26.6".into(),
            origin: "a test".into(),
            parts: vec![],
        };
        installed.write(&home).unwrap();
        assert_eq!(Installed::read(&home, Language::Go), None);
        fs::write(&installed.program, "").unwrap();
        assert_eq!(Installed::read(&home, Language::Go), Some(installed));
        assert_eq!(Installed::read(&home, Language::Rust), None);
    }

    #[test]
    fn a_full_disk_is_told_before_it_is_full() {
        let temp = tempfile::tempdir().unwrap();
        room_in(temp.path(), 1).unwrap();
        let failure = room_in(temp.path(), u64::MAX).unwrap_err();
        assert!(matches!(failure, Failure::Space { .. }) && failure.to_string().contains("MB are needed"), "{failure}");
    }
}
