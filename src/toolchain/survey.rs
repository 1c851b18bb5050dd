//! What is ready for each language, and what is missing: the data of `doctor`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{go, installed::Installed, rust};
use crate::{cache::Home, diagnostic::Problem, language::Language};

/// A language and its toolchain.
#[derive(Debug, Clone, Serialize)]
pub struct Surveyed {
    pub language: Language,
    #[serde(flatten)]
    pub state: State,
}

/// Whether parts in a language can be built.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    Ready(Tool),
    Missing {
        /// What is wrong, then why.
        causes: Vec<String>,
        /// What to do about it.
        help: Vec<String>,
    },
}

/// A toolchain that is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    pub origin: Origin,
    /// The compiler; `None` where it is part of Mosaic.
    pub program: Option<PathBuf>,
    /// As the compiler says it.
    pub version: String,
    /// What an installed one was made of, `name version` each.
    pub parts: Vec<String>,
}

/// Where a toolchain comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Part of Mosaic.
    BuiltIn,
    /// The user's own.
    Machine,
    /// Below the cache folder, by `setup`; where it came from.
    Installed(String),
}

/// All languages that have a toolchain, for sources in `folder` (absolute).
pub fn survey(home: &Home, folder: &Path) -> Vec<Surveyed> {
    let languages = [Language::Rust, Language::Go, Language::Python, Language::JavaScript];
    languages
        .into_iter()
        .map(|language| {
            let state = match tool(language, home, folder) {
                Ok(tool) => State::Ready(tool),
                Err(Problem { message, causes, help, .. }) => {
                    State::Missing { causes: std::iter::once(message).chain(causes).collect(), help }
                }
            };
            Surveyed { language, state }
        })
        .collect()
}

/// The toolchain that parts in `language` would be built with.
pub(super) fn tool(language: Language, home: &Home, folder: &Path) -> Result<Tool, Problem> {
    match language {
        Language::Rust => {
            let rust::Rust { cargo, rustc, version } = rust::find(home, folder)?;
            let own = || rust::rustc(home, folder).map_or(cargo, |own| own.path);
            Ok(match rustc {
                Some(rustc) => installed(home, language, rustc, version),
                None => Tool { origin: Origin::Machine, program: Some(own()), version, parts: Vec::new() },
            })
        }
        Language::Go => {
            let go::Go { go, version } = go::find(home)?;
            let version = version.to_string();
            Ok(match Installed::read(home, language) {
                Some(record) if record.program == go => installed(home, language, go, version),
                _ => Tool { origin: Origin::Machine, program: Some(go), version, parts: Vec::new() },
            })
        }
        Language::Python if cfg!(feature = "python") => Ok(built_in("CPython 3.14, for WASI")),
        Language::JavaScript if cfg!(feature = "javascript") => Ok(built_in("QuickJS-ng")),
        Language::Python | Language::JavaScript => {
            let message = format!("this build of Mosaic does not carry {language}");
            let help = format!("install it again with the feature: `cargo install cargo-mosaic --features {language}`");
            Err(Problem::error("toolchain::left-out", message).help(help))
        }
        Language::Command => Err(Problem::error(
            "toolchain::nothing-to-install",
            "a part with a `command` is built by the tools it names",
        )),
    }
}

fn installed(home: &Home, language: Language, program: PathBuf, version: String) -> Tool {
    let record = Installed::read(home, language);
    let (origin, parts) = record.map(|record| (record.origin, record.parts)).unwrap_or_default();
    Tool { origin: Origin::Installed(origin), program: Some(program), version, parts }
}

fn built_in(version: &str) -> Tool {
    Tool { origin: Origin::BuiltIn, program: None, version: version.to_owned(), parts: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_told_as_data() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().join("home") };
        let survey = survey(&home, temp.path());
        let told = serde_json::to_value(&survey).unwrap();
        let languages: Vec<_> = survey.iter().map(|surveyed| surveyed.language).collect();
        assert_eq!(languages, [Language::Rust, Language::Go, Language::Python, Language::JavaScript]);
        for row in told.as_array().unwrap() {
            match row["state"].as_str().unwrap() {
                "ready" => assert!(row["version"].as_str().is_some_and(|version| !version.is_empty()), "{row}"),
                _ => assert!(row["help"][0].as_str().is_some_and(|help| help.contains("`cargo ")), "{row}"),
            }
        }
    }
}
