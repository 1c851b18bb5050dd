//! What `setup` installed below the user's cache folder.
//!
//! A toolchain lives in a folder of its own that is never changed once it is in place; `<home>/toolchains/<language>.json`
//! says which one is in use. The record is written last and whole, so that a toolchain it names is complete.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{cache::Home, language::Language};

/// A compiler below the user's cache folder, or the user's own made ready by `setup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    pub language: Language,
    /// `rustc`, `go`.
    pub program: PathBuf,
    /// As the compiler says it.
    pub version: String,
    /// Where it came from, to be shown to people, e.g. `Debian packages`.
    pub origin: String,
}

impl Installed {
    /// What is in use for `language`; `None`: nothing, or its program is gone.
    pub fn read(home: &Home, language: Language) -> Option<Installed> {
        let record: Installed = serde_json::from_slice(&fs::read(record(home, language)).ok()?).ok()?;
        record.program.is_file().then_some(record)
    }
}

fn record(home: &Home, language: Language) -> PathBuf {
    home.root.join("toolchains").join(format!("{language}.json"))
}
