//! What can go wrong between WIT, Go sources and a component.

use std::path::PathBuf;

use crate::{
    build::preinit::reactor::Refusal,
    diagnostic::{Diagnose, Problem},
};

/// A failure of this backend, without the component's name: who knows it adds it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the WIT of world `{world}` could not be read back")]
    Wit { world: String, detail: String },
    #[error("{interface}: `{function}` {rule}")]
    Shape { rule: Rule, interface: String, function: String },
    #[error("the Go bindings of world `{world}` could not be generated")]
    Generator { world: String, detail: String },
    #[error("the generated Go code does not have the form this version of Mosaic knows: {missing}")]
    Uncured { missing: String },
    #[error("no `go.mod` in `{}`", .folder.display())]
    NoModule { folder: PathBuf, component: String },
    #[error("`go.mod` names no module")]
    NamelessModule { file: PathBuf },
    #[error("`{}` holds no Go package that could implement `{interface}`", .folder.display())]
    NoPackage { folder: PathBuf, interface: String, element: String, signatures: Vec<String> },
    #[error("{interface} is to be implemented by a `package main`, which Go cannot import")]
    PackageMain { folder: PathBuf, interface: String, element: String },
    #[error("package `{package}` is to implement both {first} and {second}, and both have `{name}`")]
    Clash { package: String, name: String, first: String, second: String, element: String },
    #[error("{} not implemented", several(.0.len(), "export is", "exports are"))]
    Missing(Vec<Expected>),
    #[error("{} implemented otherwise than the world asks", several(.0.len(), "export is", "exports are"))]
    Signature(Vec<(Expected, String)>),
    #[error("Go did not accept the sources")]
    Build { words: String, command: String },
    #[error("Go could not be run")]
    Start(#[source] crate::process::Error),
    #[error("`{}` could not be {action}", .path.display())]
    File { path: PathBuf, action: &'static str, source: std::io::Error },
    #[error("Go's module could not be made a component")]
    Encode { detail: String },
    #[error("`snapshot = true` is not known to be safe with this Go: {missing}")]
    UnknownGo { missing: String },
    #[error("the start of the program cannot be kept (`snapshot = true`): {0}")]
    Snapshot(Refusal),
}

/// A shape of WIT that has no form in Go here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Async,
    FixedLengthList,
    ErrorContext,
    LargeTuple,
    Accessor,
    ExportedResourceInType,
}

impl Rule {
    /// The code of the problem.
    pub fn id(self) -> &'static str {
        match self {
            Rule::Async => "go::async",
            Rule::FixedLengthList => "go::fixed-length-list",
            Rule::ErrorContext => "go::error-context",
            Rule::LargeTuple => "go::large-tuple",
            Rule::Accessor => "go::accessor",
            Rule::ExportedResourceInType => "go::exported-resource-in-type",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Rule::Async => {
                "give this component a world without `async`, `future` and `stream`, or write it in Rust, Python or \
                 JavaScript"
            }
            Rule::FixedLengthList => "use `list<T>`, or a record or tuple with as many fields",
            Rule::ErrorContext => "use a variant or a string for errors",
            Rule::LargeTuple => "use a record",
            Rule::Accessor => "use a function instead of a getter or setter",
            Rule::ExportedResourceInType => {
                "pass the handle itself, or an `option` or `list` of handles, instead of a record, variant or tuple \
                 that holds it; or use the generator's own layout (`export_…` packages)"
            }
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Rule::Async => "is asynchronous or passes a future or stream, which upstream Go cannot carry",
            Rule::FixedLengthList => "passes a list of fixed length, which the Go bindings cannot carry",
            Rule::ErrorContext => "passes an error-context, which the Go bindings cannot carry",
            Rule::LargeTuple => "passes a tuple of more than 16, which the Go bindings cannot carry",
            Rule::Accessor => "is a getter or setter, which the Go bindings cannot carry",
            Rule::ExportedResourceInType => "passes a resource of this component inside another type",
        })
    }
}

/// A Go function or method that the user is to write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Expected {
    /// `acme:shop/auth@0.1.0`.
    pub interface: String,
    /// As in WIT: `check`.
    pub function: String,
    /// `func Check(token string) (auth.Claims, error)`.
    pub signature: String,
    /// The package it belongs into, as the user knows it.
    pub package: String,
    /// What the signature needs imported.
    pub imports: Vec<String>,
}

impl Expected {
    fn help(&self) -> String {
        let help = format!("write `{}` in {}", self.signature, self.package);
        match self.imports.as_slice() {
            [] => help,
            imports => format!("{help}, with {}", imports.join(" and ")),
        }
    }
}

fn several(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let problem = |code| Problem::error(code, self.to_string());
        vec![match self {
            Error::Wit { detail, .. } => problem("go::wit").because(detail),
            Error::Shape { rule, .. } => problem(rule.id()).help(rule.help()),
            Error::Generator { detail, .. } => problem("go::generator")
                .because(detail)
                .help("simplify the types named above; the generator of Go bindings does not carry all of WIT"),
            Error::Uncured { .. } => problem("go::generator").help("this is a defect of Mosaic, please report it"),
            Error::NoModule { folder, component } => problem("go::no-module")
                .help(format!("run `cd {} && go mod init example.com/{component}`", folder.display())),
            Error::NamelessModule { file } => problem("go::no-module")
                .help(format!("begin `{}` with a line `module example.com/name`", file.display())),
            Error::NoPackage { folder, element, signatures, .. } => signatures.iter().fold(
                problem("go::missing-export")
                    .help(format!("make a package `{element}` in `{}` or in its folder `{element}`", folder.display())),
                |problem, signature| problem.help(format!("write `{signature}` there")),
            ),
            Error::PackageMain { folder, element, .. } => problem("go::package-main")
                .help(format!("write `package {element}` in the files of `{}`", folder.display())),
            Error::Clash { element, .. } => problem("go::clash")
                .help(format!("move what implements the second one into a package of its own, in folder `{element}`")),
            Error::Missing(expected) => return expected.iter().map(Expected::missing).collect(),
            Error::Signature(expected) => {
                let mut problem = problem("go::export-signature");
                for (expected, words) in expected {
                    problem = problem
                        .because(format!("{}, function `{}`: {words}", expected.interface, expected.function))
                        .help(expected.help());
                }
                problem
            }
            Error::Build { words, command } => {
                problem("go::build").because(words.trim_end()).help(format!("to see it again: {command}"))
            }
            Error::Start(source) => {
                problem("go::start").because(source.to_string()).help("run `cargo mosaic setup go`")
            }
            Error::File { source, .. } => problem("go::file").because(source.to_string()),
            Error::Encode { detail } => problem("go::encode").because(detail),
            Error::UnknownGo { .. } => problem("go::snapshot")
                .help("take Go 1.26 (`cargo mosaic setup go`), or leave `snapshot` out of the manifest"),
            Error::Snapshot(refusal) => snapshot(problem("go::snapshot"), refusal),
        }]
    }
}

/// Why a start is not kept, and what to do.
fn snapshot(problem: Problem, refusal: &Refusal) -> Problem {
    const LATER: &str = "do it in a function that is called later (`sync.OnceValue` does it once), or leave `snapshot` \
                         out of the manifest: packages are initialised when the part is built, without any grant";
    match refusal {
        Refusal::Asked { trace, .. } | Refusal::Endless { trace, .. } => {
            let called = trace.iter().map(|function| format!("at {function}")).collect::<Vec<_>>();
            if called.is_empty() { problem.help(LATER) } else { problem.because(called.join("\n")).help(LATER) }
        }
        Refusal::Goroutines { .. } | Refusal::Timer => problem.help(LATER),
        Refusal::Ended { said, why } => {
            let problem = if said.is_empty() { problem } else { problem.because(said) };
            problem.because(why).help(LATER)
        }
        Refusal::Unwoken { .. } => {
            problem.help("take Go 1.26 (`cargo mosaic setup go`), or leave `snapshot` out of the manifest")
        }
        Refusal::Malformed(_) => problem.help("leave `snapshot` out of the manifest"),
        Refusal::Engine { why } => problem.because(why).help("leave `snapshot` out of the manifest"),
    }
}

impl Expected {
    fn missing(&self) -> Problem {
        Problem::error(
            "go::missing-export",
            format!(
                "{} is not implemented: function `{}` is missing in {}",
                self.interface, self.function, self.package
            ),
        )
        .help(self.help())
    }
}
