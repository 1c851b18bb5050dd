//! Why a `.wac` text cannot be the wiring, all of it at once.

use std::{fmt, ops::Range, sync::Arc};

use crate::diagnostic::{Diagnose, Problem, SourceFile, closest};

/// Everything that is wrong with a text.
#[derive(Debug)]
pub struct Error {
    pub source: Arc<SourceFile>,
    /// Never empty.
    pub flaws: Vec<Flaw>,
}

/// One thing that is wrong, with its place in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    pub at: Range<usize>,
    pub kind: FlawKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawKind {
    Syntax {
        message: String,
    },
    TooDeep {
        limit: usize,
    },
    /// Good WAC that Mosaic does not act on; what to do instead.
    Unsupported {
        what: &'static str,
        instead: &'static str,
    },
    UnknownPackage {
        package: String,
        known: Vec<String>,
    },
    UnknownName {
        name: String,
        known: Vec<String>,
    },
    DefinedTwice {
        name: String,
    },
    UnknownImport {
        instance: String,
        import: String,
        known: Vec<String>,
    },
    GivenTwice {
        instance: String,
        import: String,
    },
    UnknownExport {
        instance: String,
        export: String,
        known: Vec<String>,
    },
    /// Imports that are neither given nor left to the host.
    NotGiven {
        instance: String,
        imports: Vec<String>,
    },
    /// A spread that meets none of an instance's imports.
    SpreadsNothing {
        from: String,
        instance: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be the wiring", self.source.name)
    }
}

impl std::error::Error for Error {}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        self.flaws.iter().map(|flaw| flaw.problem(&self.source)).collect()
    }
}

impl Flaw {
    fn problem(&self, source: &Arc<SourceFile>) -> Problem {
        let at = |code, message: String, label: &str| Problem::error(code, message).at(source, self.at.clone(), label);
        match &self.kind {
            FlawKind::Syntax { message } => at("wac::syntax", message.clone(), "here"),
            FlawKind::TooDeep { limit } => {
                at("wac::too-deep", format!("brackets are nested more than {limit} deep"), "from here on")
                    .help("Give the inner instances names with `let`.")
            }
            FlawKind::Unsupported { what, instead } => {
                at("wac::unsupported", format!("{what} cannot be part of a wiring"), "said here").help(*instead)
            }
            FlawKind::UnknownPackage { package, known } => {
                let problem = at("wac::unknown-package", format!("no component is given for `{package}`"), "used here");
                let last = package.rsplit(':').next().unwrap_or(package);
                one_of(problem, last, known, "Components given").help(format!(
                    "Give it one: {last}=FILE, after the other files, or {}.wasm in the folder of --deps-dir",
                    package.replace([':', '@'], "/")
                ))
            }
            FlawKind::UnknownName { name, known } => {
                let problem = at("wac::unknown-name", format!("nothing is called `{name}`"), "not defined before");
                one_of(problem, name, known, "So far there are")
            }
            FlawKind::DefinedTwice { name } => {
                at("wac::defined-twice", format!("`{name}` is defined twice"), "again here")
            }
            FlawKind::UnknownImport { instance, import, known } => {
                let message = format!("`{instance}` does not import `{import}`");
                one_of(at("wac::unknown-import", message, "given here"), import, known, "It imports")
            }
            FlawKind::GivenTwice { instance, import } => {
                at("wac::given-twice", format!("`{import}` of `{instance}` is given twice"), "again here")
            }
            FlawKind::UnknownExport { instance, export, known } => {
                let message = format!("`{instance}` does not export `{export}`");
                one_of(at("wac::unknown-export", message, "taken here"), export, known, "It exports")
            }
            FlawKind::NotGiven { instance, imports } => {
                let message = format!("`{instance}` imports what it is not given");
                let problem = at("wac::not-given", message, "instantiated here");
                let problem = imports.iter().fold(problem, |told, import| told.because(format!("`{import}`")));
                problem.help("Give it each of them, or write `...` last to leave them to the host.")
            }
            FlawKind::SpreadsNothing { from, instance } => {
                let message = format!("`{from}` exports nothing that `{instance}` still imports");
                at("wac::spreads-nothing", message, "spread here")
            }
        }
    }
}

/// The nearest of the known words as a question, else all of them.
fn one_of(problem: Problem, word: &str, known: &[String], introduction: &str) -> Problem {
    match closest(word, known.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("Did you mean `{near}`?")),
        None if known.is_empty() => problem,
        None => {
            let known: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
            problem.help(format!("{introduction}: {}.", known.join(", ")))
        }
    }
}
