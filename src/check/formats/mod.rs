//! A report in the forms that other tools read: a text each, made of problems and comparisons, written by the caller.
//!
//! All of them hold the same: every problem with its place, cause and next step, and what the comparisons say of
//! versions. Names in them come from sources and binaries, so each form escapes what it would obey.

mod github;
mod json;
mod junit;
mod markdown;
mod sarif;

#[cfg(test)]
mod tests;

use std::path::{Component, Path, PathBuf};

use super::{
    compat::{self, Compat, Verdict},
    lint,
};
use crate::diagnostic::{Label, Level, Problem};

/// What a check came to.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    pub task: Task,
    pub problems: &'a [Problem],
    pub compats: &'a [Compat],
    pub place: Place<'a>,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Task {
    #[default]
    Check,
    Lint,
}

/// Where it was done, for forms that are read from the top of a repository.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Names of files are relative to it. Absolute.
    pub here: &'a Path,
    /// The top of the repository. Absolute.
    pub top: &'a Path,
}

impl Task {
    fn command(self) -> &'static str {
        match self {
            Task::Check => "cargo mosaic check",
            Task::Lint => "cargo mosaic wit lint",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Task::Check => "check",
            Task::Lint => "lint",
        }
    }
}

impl Reported<'_> {
    /// A file's name from the top of the repository, with slashes, where it lies below it.
    fn below_top(&self, name: &str) -> String {
        // `main:wit/api.wit` is in no folder.
        if name.contains(':') {
            return name.to_owned();
        }
        let mut path = PathBuf::new();
        for part in self.place.here.join(name).components() {
            match part {
                Component::ParentDir => drop(path.pop()),
                Component::CurDir => {}
                part => path.push(part),
            }
        }
        match path.strip_prefix(self.place.top) {
            Ok(below) => below.display().to_string().replace('\\', "/"),
            Err(_) => name.to_owned(),
        }
    }

    /// The rules whose findings were looked for, by their codes: one that found nothing has passed.
    fn rules(&self) -> Vec<&'static str> {
        match self.task {
            Task::Lint => lint::rules::rules().map(|rule| rule.code).collect(),
            Task::Check if self.compats.is_empty() => Vec::new(),
            Task::Check => compat::rules::rules().map(|rule| rule.code).collect(),
        }
    }
}

/// A form of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML: one case a rule.
    Junit,
    /// Workflow commands that GitHub turns into annotations.
    Github,
    /// A comment for a pull request.
    Markdown,
    Json,
}

impl Format {
    /// The words for it, in the order of help.
    pub const WORDS: &[(&str, Format)] = &[
        ("sarif", Format::Sarif),
        ("junit", Format::Junit),
        ("github", Format::Github),
        ("markdown", Format::Markdown),
        ("json", Format::Json),
    ];

    /// The report in this form, its last line ended.
    pub fn render(self, reported: Reported<'_>) -> String {
        match self {
            Format::Sarif => sarif::render(reported),
            Format::Junit => junit::render(reported),
            Format::Github => github::render(reported),
            Format::Markdown => markdown::render(reported),
            Format::Json => json::render(reported),
        }
    }
}

/// The first label that says where a problem is.
fn place(problem: &Problem) -> Option<&Label> {
    problem.labels.iter().find(|label| label.primary).or(problem.labels.first())
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

/// Causes and next steps, a line each.
fn details(problem: &Problem) -> String {
    let help = problem.help.iter().map(|help| format!("help: {help}"));
    problem.causes.iter().cloned().chain(help).collect::<Vec<_>>().join("\n")
}

/// "acme:shop: 0.3.1 is too small, this needs 0.4.0 (major)".
fn verdict(verdict: &Verdict) -> Option<String> {
    use super::compat::Step;
    let package = &verdict.package;
    let text = |version: &Option<semver::Version>| version.as_ref().map(ToString::to_string).unwrap_or_default();
    let (old, new, honest) = (text(&verdict.old), text(&verdict.new), text(&verdict.honest));
    let needed = verdict.needed?.word();
    Some(match verdict.step {
        Step::Fits => format!("{package}: {new} after {old} is enough ({needed})"),
        Step::TooSmall => format!("{package}: {new} is too small, this needs {honest} ({needed})"),
        Step::Decreased => format!("{package}: {new} is less than {old}"),
        Step::Unversioned => format!("{package}: has no version to promise anything with ({needed})"),
    })
}
