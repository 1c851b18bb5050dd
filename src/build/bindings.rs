//! Bindings of the units, kept in step with their WIT: `<source>/.mosaic/bindings`.
//!
//! They are written anew only when something that decides them has changed, which `<source>/.mosaic/bindings.key` tells:
//! Mosaic's backends, the WIT subset, the world, the engine, and the package file of the language (it names the crate or
//! the module that the bindings become). `.mosaic` ignores itself for git.

use std::path::Path;

use super::{
    backend::{Backend, Unit},
    error::Failure,
};
use crate::{
    cache::write_whole,
    event::{Event, Events},
    project::bindings_folder,
};

/// Files at the top of a source folder that say how the language packages it.
const PACKAGE_FILES: [&str; 6] =
    ["Cargo.toml", "go.mod", "pyproject.toml", "package.json", "tsconfig.json", "pyrightconfig.json"];

/// Brings a unit's bindings up to date.
pub(super) fn refresh(unit: &Unit, backend: &dyn Backend, events: Events<'_>) -> Result<(), Failure> {
    let folder = bindings_folder(&unit.source);
    let own = folder.parent().unwrap_or(&unit.source);
    let (key, key_file) = (key(unit), own.join("bindings.key"));
    if folder.is_dir() && std::fs::read_to_string(&key_file).is_ok_and(|known| known == key) {
        return Ok(());
    }
    let text = format!("bindings of {}", what(unit));
    events(Event::Note { verb: "Generating", text: &text });
    let write = |path: &Path, text: &str| {
        write_whole(path, text.as_bytes()).map_err(|error| Failure::Write { path: path.into(), error })
    };
    write(&own.join(".gitignore"), "*\n")?;
    backend.bindings(unit, &folder).map_err(Failure::Told)?;
    write(&key_file, &key)
}

/// How a unit is named to people: `auth (go)`.
pub(super) fn what(unit: &Unit) -> String {
    format!("{} ({})", unit.part.name, unit.language)
}

fn key(unit: &Unit) -> String {
    let mut hasher = blake3::Hasher::new();
    let package = |name: &str| std::fs::read(unit.source.join(name)).unwrap_or_default();
    let said: [&[u8]; 5] = [
        env!("MOSAIC_BACKENDS").as_bytes(),
        unit.part.name.as_bytes(),
        unit.wit.as_bytes(),
        unit.world.as_bytes(),
        unit.engine.as_deref().unwrap_or_default().as_bytes(),
    ];
    for bytes in said.into_iter().map(<[u8]>::to_vec).chain(PACKAGE_FILES.into_iter().map(package)) {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
    }
    hasher.finalize().to_string()
}
