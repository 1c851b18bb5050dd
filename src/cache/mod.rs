//! The user's cache folder (`MOSAIC_HOME`), its content-addressed store, locks and whole-file writes.
//!
//! Everything below the folder can be deleted at any time: it costs time, never correctness. Invariants:
//! - a file that others may read is written beside its place and renamed into it ([`write_whole`]);
//! - what the store gives back is what was put into it, or nothing (`store`);
//! - a digest that is known without reading its file is what reading it would give ([`digests`], `seen`);
//! - a lock is held by an open file, so that the kernel frees it when its holder is killed ([`lock`]).

mod collect;
pub mod digests;
mod lock;
mod seen;
mod store;
mod write;

use std::{env, ffi::OsString, path::PathBuf};

pub(crate) use self::store::{Verified, looks};
pub use self::{
    collect::{Collected, Limits},
    lock::{Lock, lock},
    write::{Unfinished, write_whole, write_whole_by},
};

/// The folder below it of what is known of installed toolchains.
pub(crate) const PROBES: &str = "probe";
/// The folder below it of digests of files, told by how they look.
pub(crate) const DIGESTS: &str = "digests";

/// The user's cache folder.
#[derive(Debug, Clone)]
pub struct Home {
    /// Absolute; it need not exist.
    pub root: PathBuf,
}

impl Home {
    /// `$MOSAIC_HOME`, else `$XDG_CACHE_HOME/mosaic`, else `~/.cache/mosaic`, else a folder of this user's among the
    /// temporary files.
    pub fn from_env() -> Home {
        Home { root: root(|name| env::var_os(name), env::home_dir()) }
    }
}

fn root(var: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> PathBuf {
    let var = |name| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG base directory specification has relative paths ignored.
    let root = var("MOSAIC_HOME")
        .or_else(|| var("XDG_CACHE_HOME").filter(|cache| cache.is_absolute()).map(|cache| cache.join("mosaic")))
        .or_else(|| home.filter(|home| home.is_absolute()).map(|home| home.join(".cache/mosaic")))
        .unwrap_or_else(|| env::temp_dir().join(format!("mosaic-{}", rustix::process::getuid().as_raw())));
    std::path::absolute(&root).unwrap_or(root)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_folder_the_environment_names() {
        let root = |vars: &[(&str, &str)], home: Option<&str>| {
            let var = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v));
            super::root(var, home.map(PathBuf::from))
        };
        assert_eq!(root(&[("MOSAIC_HOME", "/m"), ("XDG_CACHE_HOME", "/x")], Some("/h")), Path::new("/m"));
        assert_eq!(root(&[("MOSAIC_HOME", ""), ("XDG_CACHE_HOME", "/x")], Some("/h")), Path::new("/x/mosaic"));
        assert_eq!(root(&[("XDG_CACHE_HOME", "x")], Some("/h")), Path::new("/h/.cache/mosaic"));
        assert!(root(&[("MOSAIC_HOME", "m")], None).is_absolute());
        assert!(root(&[], None).starts_with(env::temp_dir()));
    }
}
