//! Why a toolchain could not be installed.

use std::{io, path::PathBuf};

use super::Route;
use crate::{
    diagnostic::{Diagnose, Problem},
    language::Language,
    process,
};

/// Why `setup` could not give what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to install for this language.
    #[error("there is no toolchain to install for `{language}`")]
    Nothing { language: Language },
    /// Built without the feature that carries the language's engine.
    #[error("this build of Mosaic does not carry {language}")]
    LeftOut { language: Language },
    #[error("the {language} toolchain is not installed, and the network may not be used")]
    Offline { language: Language },
    #[error("could not prepare the cache folder")]
    Home(#[from] io::Error),
    /// Every way was tried; never empty.
    #[error("could not install the {language} toolchain")]
    Routes { language: Language, attempts: Vec<(Route, Failure)> },
}

/// Why one way to a toolchain, or one tool, failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A program this way needs is not on the machine.
    #[error("`{program}` is not on the PATH")]
    Absent { program: &'static str },
    /// No file is pinned for this machine.
    #[error("nothing is published for {os} on {arch}")]
    Platform { os: &'static str, arch: &'static str },
    #[error("could not {step}")]
    Process { step: String, source: Box<process::Error> },
    #[error("could not reach {host}")]
    Unreachable { host: String, source: io::Error },
    #[error("could not download {url}")]
    Download { url: String, source: Box<ureq::Error> },
    #[error("{what} is not what was pinned")]
    Digest { what: String, expected: Vec<String>, actual: String },
    #[error("no package `{name}`{} in the package lists", wanted.as_ref().map(|w| format!(" {w} or newer")).unwrap_or_default())]
    Package { name: String, wanted: Option<String>, found: Option<String> },
    /// A package or an archive lacks what its kind always had.
    #[error("{what} holds no {missing}")]
    Content { what: String, missing: String },
    #[error("{} has {} free, and {} are needed", folder.display(), megabytes(*free), megabytes(*needed))]
    Space { folder: PathBuf, free: u64, needed: u64 },
    #[error("could not write below the cache folder")]
    Io(#[from] io::Error),
    /// It was installed, but does not do what it is for.
    #[error("what was installed does not work")]
    Useless(Box<Problem>),
}

impl Failure {
    pub(super) fn process(step: impl Into<String>) -> impl FnOnce(process::Error) -> Failure {
        let step = step.into();
        |source| Failure::Process { step, source: Box::new(source) }
    }

    /// Why, in lines, the first of which is the failure itself.
    pub fn causes(&self) -> Vec<String> {
        let mut lines = vec![self.to_string()];
        match self {
            Failure::Process { source, .. } => {
                lines.push(source.to_string());
                lines.extend(source.output().map(process::Output::words).filter(|words| !words.is_empty()));
            }
            Failure::Unreachable { source, .. } | Failure::Io(source) => lines.push(source.to_string()),
            Failure::Download { source, .. } => lines.push(source.to_string()),
            Failure::Digest { expected, actual, .. } => {
                lines.push(format!("SHA-256 {} expected, {actual} found", expected.join(" or ")));
            }
            Failure::Package { found: Some(found), .. } => lines.push(format!("only {found} is there")),
            Failure::Useless(problem) => {
                lines.push(problem.message.clone());
                lines.extend(problem.causes.iter().cloned());
            }
            _ => {}
        }
        lines
    }

    /// What the user can do about it.
    fn help(&self) -> Option<String> {
        match self {
            Failure::Absent { program } => Some(format!("install `{program}`")),
            Failure::Space { .. } => Some("make room there, or set MOSAIC_HOME to a folder on another disk".into()),
            Failure::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                Some("make room there, or set MOSAIC_HOME to a folder on another disk".into())
            }
            Failure::Process { source, .. } => Some(format!("to see it by hand: `{}`", source.command())),
            Failure::Unreachable { .. } | Failure::Download { .. } => {
                Some("check the network; behind a proxy, set HTTPS_PROXY".into())
            }
            Failure::Digest { .. } => Some("if a proxy or mirror answers in its place, ask who runs it".into()),
            _ => None,
        }
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let problem = |code| Problem::error(code, self.to_string());
        vec![match self {
            Error::Nothing { language: Language::Command } => problem("toolchain::nothing-to-install")
                .help("a part with a `command` is built by the tools you name there; install them as their makers say"),
            Error::Nothing { .. } => problem("toolchain::nothing-to-install"),
            Error::LeftOut { language } => problem("toolchain::left-out")
                .help(format!("install it again with the feature: `cargo install cargo-mosaic --features {language}`")),
            Error::Offline { language } => {
                problem("toolchain::offline").help(format!("run `cargo mosaic setup {language}` without `--offline`"))
            }
            Error::Home(error) => problem("toolchain::home")
                .because(error.to_string())
                .help("set MOSAIC_HOME to a folder that can be written to"),
            Error::Routes { language, attempts } => routes(*language, attempts, problem("toolchain::install")),
        }]
    }
}

fn routes(language: Language, attempts: &[(Route, Failure)], mut problem: Problem) -> Problem {
    for (route, failure) in attempts {
        problem = problem.because(format!("from {route}: {}", failure.causes().join(": ")));
    }
    let by_hand = match language {
        Language::Go => Some("or install Go 1.26 or newer from https://go.dev/dl/ and put it on the PATH"),
        Language::Rust => Some("or, where rustup can download, run `rustup target add wasm32-wasip2`"),
        _ => None,
    };
    let mut helps: Vec<String> = Vec::new();
    for help in attempts.iter().filter_map(|(_, failure)| failure.help()).chain(by_hand.map(str::to_owned)) {
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    helps.into_iter().fold(problem, Problem::help)
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}
