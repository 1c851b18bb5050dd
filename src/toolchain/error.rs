//! Why a toolchain could not be installed.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Route, go::OLDEST, rust::TARGET};
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
    #[error(transparent)]
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

    /// The same, naming the folder in which a file could not be written.
    pub(super) fn below(self, folder: &Path) -> Failure {
        match self {
            Failure::Io(error) => {
                let told = format!("could not write below {}: {error}", folder.display());
                Failure::Io(io::Error::new(error.kind(), told))
            }
            failure => failure,
        }
    }

    /// The failure and why, in one line.
    pub fn told(&self) -> String {
        let why = match self {
            Failure::Process { source, .. } => source.to_string(),
            Failure::Unreachable { source, .. } => source.to_string(),
            Failure::Download { source, .. } => source.to_string(),
            Failure::Digest { expected, actual, .. } => {
                format!("SHA-256 {} expected, {actual} found", expected.join(" or "))
            }
            Failure::Package { found: Some(found), .. } => format!("only {found} is there"),
            Failure::Useless(problem) => problem.message.clone(),
            _ => return self.to_string(),
        };
        format!("{self}: {why}")
    }

    /// What the tools that failed said.
    pub fn words(&self) -> Option<String> {
        let words = match self {
            Failure::Process { source, .. } => source.output()?.words(),
            Failure::Useless(problem) => problem.causes.join("\n"),
            _ => return None,
        };
        Some(words).filter(|words| !words.is_empty())
    }

    /// What the user can do about it.
    fn help(&self) -> Option<String> {
        match self {
            Failure::Absent { program } => Some(format!("install `{program}`")),
            Failure::Space { .. } => Some("make room there, or set MOSAIC_HOME to a folder on another disk".into()),
            Failure::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                Some("make room there, or set MOSAIC_HOME to a folder on another disk".into())
            }
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
        problem = problem.because(format!("{route}: {}", failure.told()));
        problem.causes.extend(failure.words());
    }
    let by_hand = match language {
        Language::Go => {
            Some(format!("or install Go {OLDEST} or newer by hand, https://go.dev/dl/, and put it on the PATH"))
        }
        Language::Rust => Some(format!("or, where rustup can download, run `rustup target add {TARGET}`")),
        _ => None,
    };
    let mut helps: Vec<String> = Vec::new();
    for help in attempts.iter().filter_map(|(_, failure)| failure.help()).chain(by_hand) {
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    helps.into_iter().fold(problem, Problem::help)
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}
