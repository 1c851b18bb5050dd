//! Rust: the user's crate, built by cargo for `wasm32-wasip2`.
//!
//! - [`generate`]: bindings ahead of the build, as a crate below the source folder, so that no guest compiles the
//!   generator's macro (some 100 s of CPU). Crates that use `wit_bindgen::generate!`, or none, build as well.
//! - [`cargo`]: the command, its environment and its messages. What it leaves is a component already; a core module is
//!   made one.
//! - [`manifest`]: what `Cargo.toml` says of files outside the source folder.
//! - [`packages`]: the crates that went into the component, recorded in it.
//!
//! Rust units share one target folder ([`target`]), and with it everything that is compiled for several of them: what is
//! given to rustc besides the crate ([`flags`]) is the same for all units of a project, lest they undo each other's work.

mod artifact;
mod cargo;
mod flags;
mod generate;
mod manifest;
mod packages;
mod target;

use std::path::{Path, PathBuf};

use wasmparser::Parser;

use super::{
    backend::{Backend, Unit},
    bindings::what,
    componentize::componentize,
};
use crate::{
    cache::{Home, write_whole},
    diagnostic::Problem,
    event::{Event, Events},
    toolchain,
};

/// The backend.
pub struct Rust;

impl Backend for Rust {
    fn check(&self, unit: &Unit) -> Vec<Problem> {
        manifest::check(unit)
    }

    fn tools(&self, unit: &Unit) -> Result<Vec<String>, Problem> {
        let mut tools = vec![
            toolchain::rust_in(&Home::from_env(), &unit.source)?.version,
            format!("wit-bindgen-rust {}", generate::VERSION),
        ];
        tools.extend(cargo::settings(unit));
        Ok(tools)
    }

    fn bindings(&self, unit: &Unit, folder: &Path) -> Result<(), Problem> {
        let package = manifest::bindings_package(unit).unwrap_or_else(|| "bindings".into());
        for (name, text) in generate::files(unit, &package)? {
            let path = folder.join(name);
            if std::fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
                continue;
            }
            write_whole(&path, text.as_bytes()).map_err(|error| {
                Problem::error("build::rust-bindings", format!("could not write `{}`", path.display()))
                    .because(error.to_string())
            })?;
        }
        Ok(())
    }

    fn build(&self, unit: &Unit, events: Events<'_>) -> Result<Vec<u8>, Problem> {
        let toolchain = toolchain::rust_in(&Home::from_env(), &unit.source)?;
        let built = cargo::build(unit, &toolchain)?;
        if !built.warnings.is_empty() {
            events(Event::Output { what: &what(unit), text: &built.warnings });
        }
        let artifact = artifact::choose(unit, built.artifacts)?;
        let lost = |path: &Path, error: std::io::Error| {
            Problem::error("build::rust-artifact", format!("could not keep what cargo built for `{}`", unit.part.name))
                .because(format!("{}: {error}", path.display()))
        };
        let bytes = std::fs::read(&artifact).map_err(|error| lost(&artifact, error))?;
        let told = artifact.with_extension("d");
        // Cargo does without where it cannot write it; then the next build relies on the source folder alone.
        if let Ok(text) = std::fs::read(&told) {
            write_whole(&dep_info(unit), &text).map_err(|error| lost(&dep_info(unit), error))?;
        }
        let mut component = component(unit, bytes)?;
        packages::record(unit, &built.compiled, &mut component).map_err(|error| lost(&artifact, error))?;
        Ok(component)
    }

    fn inputs(&self, unit: &Unit) -> Vec<PathBuf> {
        let mut inputs = manifest::outside(&unit.source);
        inputs.extend(cargo::config_files(&unit.source).into_iter().filter(|file| file.starts_with(&unit.root)));
        inputs.extend(
            unit.source
                .ancestors()
                .skip(1)
                .take_while(|folder| folder.starts_with(&unit.root))
                .flat_map(|folder| [folder.join("rust-toolchain"), folder.join("rust-toolchain.toml")]),
        );
        inputs
    }

    fn read(&self, unit: &Unit) -> Vec<PathBuf> {
        std::fs::read_to_string(dep_info(unit)).map(|text| artifact::dep_info(&text)).unwrap_or_default()
    }
}

/// What cargo built as a component.
fn component(unit: &Unit, bytes: Vec<u8>) -> Result<Vec<u8>, Problem> {
    if !Parser::is_core_wasm(&bytes) {
        return Ok(bytes);
    }
    componentize(&bytes, &unit.part.resolve, unit.part.world).map_err(|error| {
        let (name, world) = (&unit.part.name, &unit.world);
        let verdict = format!("the core module that cargo built for `{name}` does not fit its world `{world}`");
        error.explain(Problem::error("build::rust-world", verdict))
    })
}

/// Where cargo's account of what rustc read is kept: in the shared folder the next build of another unit may remove it.
fn dep_info(unit: &Unit) -> PathBuf {
    unit.work.join("cargo.d")
}
