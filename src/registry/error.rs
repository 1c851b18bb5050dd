//! Why a package could not be had from a registry.

use std::{io, path::PathBuf};

use semver::Version;

use super::Reference;
use crate::diagnostic::{Diagnose, Problem};

/// Why a package could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user's file about registries.
    #[error("could not read `{}`", path.display())]
    Config { path: PathBuf, why: String },
    #[error("no registry is known for `{package}`")]
    NoRegistry { package: Reference, config: PathBuf },
    #[error("`{registry}` is a registry of a kind that is not known")]
    Protocol { registry: String, protocol: String },
    #[error("`{package}` has not been fetched before, and the network may not be used")]
    Offline { package: Reference, registry: String },
    #[error("could not ask {url}")]
    Unreachable { url: String, source: Box<ureq::Error> },
    #[error("{host} does not let `{}` read this", user.as_deref().unwrap_or("anybody"))]
    Unauthorized { url: String, host: String, user: Option<String> },
    #[error("{registry} has no package `{}`", package.package())]
    NoPackage { package: Reference, registry: String },
    #[error("{registry} has no `{package}`")]
    NoVersion { package: Reference, registry: String, there: Vec<Version> },
    #[error("could not make sense of {url}")]
    Answer { url: String, why: String },
    #[error("`{package}` is not what its manifest says")]
    Digest { package: Reference, expected: String, actual: String },
    #[error("`{package}` is larger than {} MiB", most >> 20)]
    TooLarge { package: Reference, most: u64 },
    #[error("could not read `{}`", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("could not take it from the cache")]
    Cache(#[source] io::Error),
}

impl Error {
    fn code(&self) -> &'static str {
        match self {
            Error::Config { .. } => "registry::config",
            Error::NoRegistry { .. } => "registry::unknown",
            Error::Protocol { .. } => "registry::protocol",
            Error::Offline { .. } => "registry::offline",
            Error::Unreachable { .. } => "registry::unreachable",
            Error::Unauthorized { .. } => "registry::unauthorized",
            Error::NoPackage { .. } => "registry::no-package",
            Error::NoVersion { .. } => "registry::no-version",
            Error::Answer { .. } => "registry::answer",
            Error::Digest { .. } => "registry::digest",
            Error::TooLarge { .. } => "registry::too-large",
            Error::Folder { .. } => "registry::folder",
            Error::Cache(_) => "registry::cache",
        }
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let problem = Problem::error(self.code(), self.to_string());
        vec![match self {
            Error::Config { why, .. } => problem.because(why.clone()).help("this file is `wkg`'s as well: mend it"),
            Error::NoRegistry { package, config } => problem.help(format!(
                "say in `{}` where it is: `[namespace_registries]` and `{} = \"registry.example.com\"`",
                config.display(),
                package.namespace
            )),
            Error::Protocol { protocol, .. } => {
                let known = "known are `oci`, and `local` for a folder";
                problem.because(format!("it speaks `{protocol}`; {known}"))
            }
            Error::Offline { registry, .. } => problem
                .because(format!("it is in {registry}"))
                .help("run it once without `--offline` or `--frozen`; what was fetched stays in the cache folder"),
            Error::Unreachable { source, .. } => problem
                .because(source.to_string())
                .help("is the network there, and does a proxy have to be named (`HTTPS_PROXY`)?"),
            Error::Unauthorized { url, host, user } => {
                let problem = problem.because(format!("refused was {url}"));
                match user {
                    Some(_) => problem.help(format!("`docker login {host}` or `wkg` has another password, or other rights")),
                    None => problem.help(format!(
                        "`docker login {host}` without a credential helper, or `auth` in `[registry.\"{host}\".oci]` of `wkg`'s file"
                    )),
                }
            }
            Error::NoPackage { .. } => problem.help("is the name right, and the registry?"),
            Error::NoVersion { there, .. } => {
                let there: Vec<_> = there.iter().map(Version::to_string).collect();
                problem.help(format!("there are {}", there.join(", ")))
            }
            Error::Answer { why, .. } => problem.because(why.clone()),
            Error::Digest { expected, actual, .. } => problem
                .because(format!("SHA-256 {expected} expected, {actual} found"))
                .help("somebody changed it on its way, or in the registry"),
            Error::TooLarge { .. } => problem,
            Error::Folder { source, .. } | Error::Cache(source) => problem.because(source.to_string()),
        }]
    }
}
