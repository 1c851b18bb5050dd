//! Folders of generated texts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{error::Error, generate::Texts};
use crate::cache;

/// Makes a folder hold exactly these texts; files that already do are not touched.
pub(super) fn write(folder: &Path, texts: &Texts) -> Result<(), Error> {
    for path in files(folder) {
        let known = path.strip_prefix(folder).is_ok_and(|path| texts.contains_key(&*path.to_string_lossy()));
        if !known {
            fs::remove_file(&path).map_err(|source| Error::File { path, action: "removed", source })?;
        }
    }
    texts.iter().try_for_each(|(path, text)| write_changed(&folder.join(path), text.as_bytes()))
}

/// Writes a file unless it holds these bytes already.
pub(super) fn write_changed(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    cache::write_whole(path, bytes).map_err(|source| Error::File { path: path.to_owned(), action: "written", source })
}

/// All files below a folder; none if it is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
    }
    files
}
