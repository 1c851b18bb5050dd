//! Compilers: found on the machine, or installed below the user's cache folder.
//!
//! Probing is by doing, not by version lore, and what was learned is remembered until a file it depends on changes, so
//! that a build with nothing to do starts no process.

mod go;
mod installed;
mod probe;
mod rust;

use std::path::Path;

pub use self::{
    go::{Go, OLDEST as OLDEST_GO},
    installed::Installed,
    rust::{Rust, TARGET as RUST_TARGET},
};
use crate::{cache::Home, diagnostic::Problem};

/// Finds a Rust toolchain for the current folder: the user's if its target is there, else the installed one.
pub fn rust(home: &Home) -> Result<Rust, Problem> {
    rust_in(home, &std::env::current_dir().unwrap_or_else(|_| Path::new("/").into()))
}

/// Finds a Rust toolchain for sources in `folder` (absolute), whose `rust-toolchain.toml` is heeded.
pub fn rust_in(home: &Home, folder: &Path) -> Result<Rust, Problem> {
    rust::find(home, folder)
}

/// Finds a Go toolchain: the user's if it is new enough, else the installed one.
pub fn go(home: &Home) -> Result<Go, Problem> {
    go::find(home)
}
