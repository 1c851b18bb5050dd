//! The user's cache folder (`MOSAIC_HOME`), its content-addressed store, and whole-file writes.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The user's cache folder: `$MOSAIC_HOME`, else `$XDG_CACHE_HOME/mosaic`, else `~/.cache/mosaic`.
#[derive(Debug, Clone)]
pub struct Home {
    pub root: PathBuf,
}

impl Home {
    /// The folder the environment names; it need not exist.
    pub fn from_env() -> Home {
        let var = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let root = var("MOSAIC_HOME")
            .or_else(|| var("XDG_CACHE_HOME").map(|cache| cache.join("mosaic")))
            .or_else(|| var("HOME").map(|home| home.join(".cache/mosaic")))
            .unwrap_or_else(|| std::env::temp_dir().join("mosaic"));
        Home { root }
    }
}

/// Writes a file beside its place and renames it into it: the old file or the new one, whole, whatever happens.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".mosaic-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
