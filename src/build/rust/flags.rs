//! Flags for rustc that keep this machine's paths out of what it writes, added to the user's own.
//!
//! cargo takes flags for rustc from exactly one place: `CARGO_ENCODED_RUSTFLAGS`, else `RUSTFLAGS`, else what the
//! configuration says for the target, else `build.rustflags`
//! (<https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags>). Ours are joined to the user's in the place
//! that counts, so that none of theirs is lost; lists from `--config` are joined to those in files.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use super::cargo::config_files;
use crate::{build::backend::Unit, toolchain::RUST_TARGET};

/// The environment's form of `target.wasm32-wasip2.rustflags`.
pub const TARGET_RUSTFLAGS: &str = "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS";

/// How the flags are given to cargo.
#[derive(Debug, PartialEq, Eq)]
pub enum Flags {
    /// The value of `CARGO_ENCODED_RUSTFLAGS`.
    Environment(OsString),
    /// The value of `--config`.
    Config(String),
}

/// The user's flags and ours, where the user's are. `target` is the target folder.
pub fn given(unit: &Unit, target: &Path) -> Flags {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let ours = remapped(unit, target);
    if let Some(encoded) = set("CARGO_ENCODED_RUSTFLAGS") {
        return Flags::Environment(joined(encoded, &ours));
    }
    if let Some(plain) = set("RUSTFLAGS") {
        let words: Vec<OsString> = plain.to_string_lossy().split_whitespace().map(OsString::from).collect();
        return Flags::Environment(joined(words.join(OsStr::new("\x1f")), &ours));
    }
    let by_target = set(TARGET_RUSTFLAGS).is_some() || config_files(&unit.source).iter().any(speaks_of_target);
    let key = if by_target { format!("target.{RUST_TARGET}.rustflags") } else { "build.rustflags".into() };
    let list: toml::Value = ours.iter().map(|flag| flag.to_string_lossy().into_owned()).collect::<Vec<_>>().into();
    Flags::Config(format!("{key}={list}"))
}

/// cargo's home: registry sources lie below it.
pub fn cargo_home() -> Option<PathBuf> {
    let named = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// The same for all units that share a target folder; rustc lets the last one that matches win.
fn remapped(unit: &Unit, target: &Path) -> Vec<OsString> {
    let flag = |from: &Path, to: &str| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flag
    };
    let home = cargo_home().map(|home| flag(&home, "/cargo"));
    home.into_iter().chain([flag(&unit.root, "."), flag(target, "target")]).collect()
}

fn joined(mut flags: OsString, ours: &[OsString]) -> OsString {
    for flag in ours {
        flags.push("\x1f");
        flags.push(flag);
    }
    flags
}

/// Whether a configuration file has flags for our target, or for a `cfg` that may be it.
fn speaks_of_target(file: &PathBuf) -> bool {
    let config = std::fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let targets = config.as_ref().and_then(|config| config.get("target")?.as_table());
    let ours = |name: &str| name == RUST_TARGET || name.starts_with("cfg(");
    targets.is_some_and(|targets| targets.iter().any(|(name, says)| ours(name) && says.get("rustflags").is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fingerprint::tests::unit;

    #[test]
    fn flags_join_those_that_count() {
        let folder = tempfile::tempdir().unwrap();
        let unit = unit(folder.path(), "part");
        std::fs::create_dir_all(unit.source.join(".cargo")).unwrap();
        let says = |text: &str| {
            std::fs::write(unit.source.join(".cargo/config.toml"), text).unwrap();
            unit.source.join(".cargo/config.toml")
        };
        assert!(speaks_of_target(&says("[target.wasm32-wasip2]\nrustflags = [\"-g\"]")));
        assert!(speaks_of_target(&says("[target.'cfg(target_family = \"wasm\")']\nrustflags = [\"-g\"]")));
        assert!(!speaks_of_target(&says("[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-g\"]")));
        assert!(!speaks_of_target(&says("[build]\nrustflags = [\"-g\"]")));
        assert!(!speaks_of_target(&says("not toml")));
    }

    #[test]
    fn the_projects_root_is_remapped_and_its_outputs_more_closely() {
        let unit = unit(std::path::Path::new("/my app"), "part");
        let flags = remapped(&unit, &unit.cargo_target);
        let flags: Vec<_> = flags.iter().map(|flag| flag.to_str().unwrap()).collect();
        let ours = ["--remap-path-prefix=/my app=.", "--remap-path-prefix=/my app/target/mosaic/build/cargo=target"];
        assert!(flags.ends_with(&ours), "{flags:?}");
        assert_eq!(joined("-g".into(), &["-O".into()]), OsString::from("-g\x1f-O"));
    }
}
