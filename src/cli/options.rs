//! Flags that several commands share, with cargo's names and meanings.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use mosaic::{
    build::backend::Profile,
    language::Language,
    lock::Policy,
    project::{self, Project},
};

use super::Failure;

/// How to talk. Understood before and after the command's word.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output options")]
pub struct Output {
    /// Say nothing but problems and answers
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say what was fresh, how long things took, and what tools said
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    pub color: Color,
    /// For people, or one JSON object a line
    #[arg(long, global = true, value_name = "FORMAT", default_value = "human")]
    pub message_format: MessageFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    Human,
    Json,
}

/// Which project.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Project options")]
pub struct ProjectArgs {
    /// Path of mosaic.toml, else the nearest from here upward
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Folder for all outputs, else `target` beside the manifest
    #[arg(long, value_name = "FOLDER")]
    pub target_dir: Option<PathBuf>,
}

impl ProjectArgs {
    pub fn load(&self) -> Result<Project, Failure> {
        Ok(self.find()?)
    }

    /// The same, for whoever can do without a project.
    pub fn find(&self) -> Result<Project, project::Error> {
        let target_dir = self.target_dir.as_deref();
        match &self.manifest_path {
            Some(path) => Project::load(path, target_dir),
            None => Project::find(Path::new("."), target_dir),
        }
    }
}

/// What may change while building.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Project options")]
pub struct LockArgs {
    /// Fail if mosaic.lock would change
    #[arg(long)]
    pub locked: bool,
    /// Do without the network, which building does anyway
    #[arg(long)]
    pub offline: bool,
    /// Both of `--locked` and `--offline`
    #[arg(long)]
    pub frozen: bool,
}

impl LockArgs {
    pub fn policy(&self) -> Policy {
        if self.locked || self.frozen { Policy::Keep } else { Policy::Update }
    }

    /// The same for a command that only looks.
    pub fn looking(&self) -> Policy {
        if self.locked || self.frozen { Policy::Keep } else { Policy::Ignore }
    }
}

/// How to build.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Build options")]
pub struct BuildArgs {
    /// Optimise for size and speed, without debug info
    #[arg(short, long)]
    pub release: bool,
    /// Parts to build at once, else one for each core
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
}

impl BuildArgs {
    pub fn profile(&self) -> Profile {
        if self.release { Profile::Release } else { Profile::Dev }
    }
}

/// A language as typed on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    Rust,
    Go,
    #[value(alias = "py")]
    Python,
    #[value(aliases = ["js", "typescript", "ts"])]
    Javascript,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Language {
        match lang {
            Lang::Rust => Language::Rust,
            Lang::Go => Language::Go,
            Lang::Python => Language::Python,
            Lang::Javascript => Language::JavaScript,
        }
    }
}
