//! Archives of published crates, as cargo downloads them: it holds each against its registry's checksum.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};

/// Has cargo download a crate (where it is not there yet) and gives the path of its archive.
pub fn archive(name: &str, version: &str) -> Result<PathBuf, String> {
    let id = format!("{name}@{version}");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["info", "--quiet", &id])
        .current_dir(std::env::temp_dir())
        .output()
        .map_err(|e| format!("could not start `cargo info {id}`: {e}"))?;
    if !output.status.success() {
        return Err(format!("`cargo info {id}` failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .ok_or("neither CARGO_HOME nor a home folder")?;
    let cache = home.join("registry/cache");
    let file = format!("{name}-{version}.crate");
    let registries = fs::read_dir(&cache).map_err(|e| format!("cannot read {}: {e}", cache.display()))?;
    registries
        .filter_map(|registry| Some(registry.ok()?.path().join(&file)))
        .find(|path| path.exists())
        .ok_or(format!("no {file} below {} after `cargo info {id}`", cache.display()))
}

/// The path of an archive's entry within the crate: every archive has one top folder, `<crate>-<version>`.
pub fn within(path: &Path) -> String {
    path.components().skip(1).collect::<PathBuf>().to_string_lossy().into_owned()
}

/// In hexadecimal, as pins are written.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
