//! Compilers: found on the machine, or installed below the user's cache folder.

use std::path::PathBuf;

use crate::{cache::Home, diagnostic::Problem};

/// A Rust toolchain that can build `wasm32-wasip2`.
#[derive(Debug, Clone)]
pub struct Rust {
    pub cargo: PathBuf,
    /// To be given to cargo as `RUSTC`; `None`: cargo's own.
    pub rustc: Option<PathBuf>,
    /// As `rustc -V` says it.
    pub version: String,
}

/// An upstream Go toolchain.
#[derive(Debug, Clone)]
pub struct Go {
    pub go: PathBuf,
    /// `1.26.8`.
    pub version: semver::Version,
}

/// Finds a Rust toolchain: the user's if its target is there, else the installed one.
pub fn rust(_home: &Home) -> Result<Rust, Problem> {
    todo!()
}

/// Finds a Go toolchain: the user's if it is new enough, else the installed one.
pub fn go(_home: &Home) -> Result<Go, Problem> {
    todo!()
}
