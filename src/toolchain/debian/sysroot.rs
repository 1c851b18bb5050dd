//! The standard library for the target, from the source of the same rustc.
//!
//! The source's own `Cargo.lock` pins its dependencies, which come from the crate registry. Paths of this machine are
//! mapped away, as in the official builds, so that two installations give the same guests.

use std::{env, fs, path::PathBuf};

use super::{super::error::Failure, Site, TARGET};
use crate::process::Command;

/// Builds it and puts its libraries into place.
pub(super) fn build(site: &Site<'_>) -> Result<(), Failure> {
    let (library, target) = (site.work("library"), site.work("std"));
    site.cargo("build")
        .args(["--quiet", "--locked", "--profile", "dist", "--target", TARGET])
        .args(["--package", "std", "--package", "proc_macro", "--package", "panic_abort"])
        .args(["--features", "std/backtrace,std/panic-unwind", "--manifest-path"])
        .arg(library.join("sysroot/Cargo.toml"))
        .env("RUSTC", site.rustc())
        // std uses unstable features by right.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags(site)?)
        .env("CARGO_PROFILE_DIST_DEBUG", "0")
        .env("CARGO_TARGET_DIR", &target)
        .succeed()
        .map_err(Failure::process("compile the standard library"))?;
    let place = site.libraries();
    fs::create_dir_all(&place)?;
    for entry in fs::read_dir(target.join(TARGET).join("dist/deps"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rlib") {
            fs::copy(&path, place.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

fn flags(site: &Site<'_>) -> Result<String, Failure> {
    let about = Command::new(site.rustc()).arg("-vV").succeed().map_err(Failure::process("start Debian's rustc"))?;
    let about = about.text();
    let commit = about.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
    // Where official builds say their sources and their dependencies are.
    let sources = format!("{}=/rustc/{commit}/library", site.work("library").display());
    let registry = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let mut flags = format!("-Zforce-unstable-if-unmarked -Cembed-bitcode=yes --remap-path-prefix={sources}");
    if let Some(registry) = registry {
        flags += &format!(" --remap-path-prefix={}=/rust/deps", registry.join("registry/src").display());
    }
    Ok(flags)
}
