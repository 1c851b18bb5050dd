//! Which target folder a unit is built in: the one that Rust units share, or one of its own.
//!
//! cargo takes two local packages for one if their name, version and place in their workspace are equal, and gives
//! components (`cdylib`, programs) names without a hash: two parts that are crates of one name would be handed each
//! other's files, without a word. So each unit claims what it will write in the shared folder by name
//! ([`manifest::claims`]), in a register beside cargo's files. Whoever finds a name claimed from another folder builds in
//! a target folder of its own. Claims are kept as long as the folder.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::manifest;
use crate::{build::backend::Unit, cache::write_whole, plan::sources::relative};

/// Claimed name → the folder that claims it, relative to the project's root.
type Register = BTreeMap<String, String>;

/// The folder. Units of one project are not built at the same time: see `build::lanes`.
pub fn folder(unit: &Unit) -> io::Result<PathBuf> {
    let file = unit.cargo_target.join("mosaic-claims.json");
    let known: Register =
        std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let place = |folder: &Path| relative(&unit.root, folder).to_string_lossy().into_owned();
    let claims: Register =
        manifest::claims(&unit.source).into_iter().map(|(name, folder)| (name, place(&folder))).collect();
    if claims.iter().any(|(name, folder)| known.get(name).is_some_and(|owner| owner != folder)) {
        return Ok(unit.work.join("cargo"));
    }
    if claims.iter().any(|(name, _)| !known.contains_key(name)) {
        let register: Register = known.into_iter().chain(claims).collect();
        write_whole(&file, &serde_json::to_vec(&register)?)?;
    }
    Ok(unit.cargo_target.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fingerprint::tests::unit;

    #[test]
    fn crates_of_one_name_are_kept_apart() {
        let root = tempfile::tempdir().unwrap();
        let part = |name: &str, package: &str| {
            let unit = unit(root.path(), name);
            std::fs::create_dir_all(&unit.source).unwrap();
            let manifest = format!("[package]\nname = \"{package}\"\nversion = \"0.1.0\"\n");
            std::fs::write(unit.source.join("Cargo.toml"), manifest).unwrap();
            unit
        };
        let (first, second, third) = (part("first", "service"), part("second", "service"), part("third", "other"));
        assert_eq!(folder(&first).unwrap(), first.cargo_target);
        assert_eq!(folder(&second).unwrap(), second.work.join("cargo"));
        assert_eq!(folder(&third).unwrap(), third.cargo_target);
        assert_eq!(folder(&first).unwrap(), first.cargo_target);
        assert_eq!(folder(&second).unwrap(), second.work.join("cargo"));
    }
}
