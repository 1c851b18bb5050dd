//! Compilers: found on the machine, or installed below the user's cache folder.
//!
//! - [`rust`] and [`go`] find one: the user's if it can do the work, else the installed one. Probing is by doing, not by
//!   version lore, and what was learned is remembered until a file it depends on changes (`probe`), so that a build
//!   with nothing to do starts no process.
//! - [`survey`] tells what is ready for every language.
//! - [`install`] makes one ready, by the first [`Route`] that works. What it downloads is named in one table (`pinned`).
//!
//! Python and JavaScript engines are part of Mosaic.
//!
//! Invariants: nothing is written outside the cache folder, but for the target that rustup adds to the user's own
//! toolchain; a toolchain that is in use is complete and never changed; no other module touches the network.

pub mod apt;
mod debian;
mod download;
mod error;
mod go;
mod go_install;
mod install;
mod installed;
mod pinned;
mod probe;
mod rust;
mod rustup;
mod survey;
mod unpack;
mod wheel;

use std::path::Path;

pub use self::{
    error::{Error, Failure},
    go::{Go, OLDEST as OLDEST_GO},
    install::{Options, Route, install},
    rust::{Rust, TARGET as RUST_TARGET},
    survey::{Origin, State, Surveyed, Tool, survey},
    wheel::install_wheel,
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
