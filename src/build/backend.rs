//! What every language's backend offers.

use std::path::{Path, PathBuf};

use crate::{diagnostic::Problem, event::Events, language::Language, manifest::CommandLine, resolve::Part};

/// One part to build.
#[derive(Debug, Clone)]
pub struct Unit {
    pub part: Part,
    pub language: Language,
    /// The project's root: what names in diagnostics, fingerprints and debug information are relative to. Absolute.
    pub root: PathBuf,
    /// The folder of its sources, below `root`; absolute.
    pub source: PathBuf,
    /// See `resolve::ResolvedComponent`.
    pub wit: String,
    pub world: String,
    /// `--release`.
    pub profile: Profile,
    pub command: Option<CommandLine>,
    /// JavaScript: `quickjs` or `starlingmonkey`.
    pub engine: Option<String>,
    /// Go: the program is started when it is built, and its memory kept.
    pub snapshot: bool,
    /// A folder of this unit's own below `target/mosaic/build`, kept between builds; absolute.
    pub work: PathBuf,
    /// Shared by all Rust units; absolute.
    pub cargo_target: PathBuf,
}

/// As in cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// As on cargo's command line.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Dev => "dev",
            Profile::Release => "release",
        }
    }
}

/// A language.
pub trait Backend: Sync {
    /// What can be said about the sources without running a compiler: shapes the engine cannot carry, missing exports.
    fn check(&self, unit: &Unit) -> Vec<Problem>;

    /// Names and versions of everything besides sources and WIT that decides the output, one `name version` a line:
    /// compiler, generator, adapter. Fails where a compiler is missing, with the `cargo mosaic setup` line to run.
    fn tools(&self, unit: &Unit) -> Result<Vec<String>, Problem>;

    /// Writes generated types and stubs to `<source>/.mosaic/bindings`; touches nothing that has not changed.
    fn bindings(&self, unit: &Unit, folder: &Path) -> Result<(), Problem>;

    /// Builds the component and gives its bytes: valid, with exactly the world's exports.
    fn build(&self, unit: &Unit, events: Events<'_>) -> Result<Vec<u8>, Problem>;

    /// Files and folders outside `unit.source` that count as its sources, as far as can be told without a compiler.
    fn inputs(&self, _unit: &Unit) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Files that the build which just succeeded is known to have read, named by `inputs` or not: where a compiler
    /// tells, nothing it read can change unnoticed. Absolute.
    fn read(&self, _unit: &Unit) -> Vec<PathBuf> {
        Vec::new()
    }
}
