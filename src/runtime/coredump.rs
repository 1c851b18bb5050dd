//! What a guest that trapped had in its memories, globals and on its stack, in the form that WebAssembly's tools agreed on.
//! <https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md>
//!
//! A dump holds all that a guest knew, secrets of its requests included: it is written only where that is asked for, to be
//! read by this user alone, and so many times at most.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use wasmtime::{AsContextMut, WasmCoreDump};

use super::error::Error;

/// Dumps of one run or server at most: a guest that traps for each request must not fill the disk.
const MOST: usize = 16;

/// A folder for dumps.
#[derive(Debug)]
pub(super) struct Dumps {
    folder: PathBuf,
    /// What the dumped component is called.
    name: String,
    written: AtomicUsize,
}

impl Dumps {
    /// Makes the folder if need be.
    pub fn to(folder: &Path, name: &str) -> Result<Dumps, Error> {
        std::fs::create_dir_all(folder).map_err(|source| Error::DataFolder { path: folder.to_owned(), source })?;
        Ok(Dumps { folder: folder.to_owned(), name: name.to_owned(), written: AtomicUsize::new(0) })
    }

    /// Writes down what the guest of this store was when it ended so, and gives the file; `None` where nothing is known
    /// of it, enough is written, or the disk takes no more.
    pub fn write(&self, error: &wasmtime::Error, store: impl AsContextMut) -> Option<PathBuf> {
        let dump = error.downcast_ref::<WasmCoreDump>()?;
        if self.written.fetch_add(1, Ordering::Relaxed) >= MOST {
            return None;
        }
        let bytes = dump.serialize(store, &self.name);
        // Its name is new, its mode that of the user alone.
        let file = tempfile::Builder::new().prefix("core-").suffix(".wasm").tempfile_in(&self.folder);
        let mut file = file.ok()?;
        file.write_all(&bytes).ok()?;
        file.into_temp_path().keep().ok()
    }
}
