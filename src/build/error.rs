//! Why parts could not be built: every failure of every part.

use std::{fmt, io, path::PathBuf};

use crate::{
    diagnostic::{Diagnose, Problem},
    language::Language,
    plan::sources::Unreadable,
};

/// Every failure of a build, in the units' order; never empty.
#[derive(Debug)]
pub struct Error {
    pub failures: Vec<Failure>,
}

/// One thing that kept a part from being built.
#[derive(Debug)]
pub enum Failure {
    /// A backend's own words.
    Told(Problem),
    /// This Mosaic was compiled without the language's backend.
    NotBuiltIn { component: String, language: Language },
    /// Two parts share a source folder, and with it the folder of bindings, but not the world.
    SharedSource { components: [String; 2], folder: PathBuf },
    /// A source file could not be read.
    Unreadable { component: String, error: Unreadable },
    /// The backend left something that is no component.
    NotAComponent { component: String },
    /// The backend left a component that no engine would load.
    Invalid { component: String, error: wasmparser::BinaryReaderError },
    /// The component does not export what its world says.
    Exports { component: String, language: Language, world: String, missing: Vec<String>, extra: Vec<String> },
    /// The component imports what its world does not name, and what is not WASI's.
    Imports { component: String, world: String, extra: Vec<String> },
    /// A generator or engine gave up by a panic.
    Panicked { component: String, language: Language, words: String },
    /// An output, or the folder it goes to.
    Write { path: PathBuf, error: io::Error },
    /// The part is not built, or its sources have changed since.
    Stale { component: String },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failures.len() {
            1 => f.write_str(&problem(&self.failures[0]).message),
            n => write!(f, "{n} things kept the components from being built"),
        }
    }
}

impl std::error::Error for Error {}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let mut told: Vec<Problem> = Vec::new();
        for problem in self.failures.iter().map(problem) {
            let words = |problem: &Problem| (problem.code, problem.message.clone(), problem.causes.clone());
            match told.iter_mut().find(|before| words(before) == words(&problem)) {
                // A missing compiler, say: of several components, and said once.
                Some(before) => before.component = None,
                None => told.push(problem),
            }
        }
        told
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error { failures: vec![failure] }
    }
}

fn problem(failure: &Failure) -> Problem {
    match failure {
        Failure::Told(problem) => problem.clone(),
        Failure::NotBuiltIn { component, language } => Problem::error(
            "build::not-built-in",
            format!("`{component}` is written in {language}, which this build of Mosaic cannot compile"),
        )
        .in_component(component)
        .help(format!("install Mosaic with it: `cargo install cargo-mosaic --features {language}`")),
        Failure::SharedSource { components: [first, second], folder } => Problem::error(
            "build::shared-source",
            format!("`{first}` and `{second}` have the same source folder but not the same world"),
        )
        .in_component(second)
        .because(format!("each would overwrite the other's bindings in `{}`", folder.display()))
        .help("give each component a folder of its own"),
        Failure::Unreadable { component, error } => {
            Problem::error("build::unreadable-source", format!("could not read the sources of `{component}`"))
                .in_component(component)
                .because(error.to_string())
                .because(error.source.to_string())
                .help(format!("make it readable (`ls -ld {}`), or name it in a `.gitignore`", error.path.display()))
        }
        Failure::NotAComponent { component } => Problem::error(
            "build::not-a-component",
            format!("building `{component}` left a file that is not a WebAssembly component"),
        )
        .in_component(component),
        Failure::Invalid { component, error } => {
            Problem::error("build::invalid-component", format!("the component built for `{component}` is not valid"))
                .in_component(component)
                .because(error.to_string())
        }
        Failure::Exports { component, language, world, missing, extra } => {
            exports(component, *language, world, missing, extra)
        }
        Failure::Imports { component, world, extra } => Problem::error(
            "build::unexpected-import",
            format!("`{component}` imports {}, which its world `{world}` does not import", listed(extra)),
        )
        .in_component(component)
        .because("the code was compiled against other WIT than the app's: nothing would be wired to the import")
        .help(format!("add the import to world `{world}`, or compile against the WIT the manifest names")),
        Failure::Panicked { component, language, words } => Problem::error(
            "build::gave-up",
            format!("the tools for {language} gave up on `{component}`"),
        )
        .in_component(component)
        .because(words.clone())
        .help(
            "this is a fault of Mosaic or of a generator it carries, not of your code: please report it with the WIT",
        ),
        Failure::Write { path, error } => {
            Problem::error("build::write", format!("could not write `{}`", path.display())).because(error.to_string())
        }
        Failure::Stale { component } => {
            Problem::error("build::stale", format!("`{component}` has changed since it was last built"))
                .in_component(component)
                .help("build it first: `cargo mosaic build`")
        }
    }
}

fn exports(component: &str, language: Language, world: &str, missing: &[String], extra: &[String]) -> Problem {
    let verdict = match (missing, extra) {
        ([], extra) => format!("`{component}` exports {}, which its world `{world}` does not name", listed(extra)),
        (missing, []) => format!("`{component}` does not export {}, as its world `{world}` says", listed(missing)),
        (missing, extra) => format!(
            "`{component}` exports {} instead of {}, as its world `{world}` says",
            listed(extra),
            listed(missing)
        ),
    };
    let problem = Problem::error("build::exports", verdict).in_component(component);
    match language {
        Language::Rust if !missing.is_empty() => problem.help(
            "implement the traits below `bindings::exports` on a type, and add \
             `bindings::export!(Component with_types_in bindings);` where `Component` is that type (with \
             `wit_bindgen::generate!`: `export!(Component);`)",
        ),
        _ if missing.is_empty() => {
            problem.help(format!("add the export to world `{world}`, or remove it from the code"))
        }
        _ => problem,
    }
}

/// `` `a` ``, `` `a` and `b` ``, `` `a`, `b` and `c` ``.
fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_components_lack_is_told_once() {
        let missing =
            |component: &str| Failure::Told(Problem::error("toolchain::none", "no Go").in_component(component));
        let other = Failure::Stale { component: "c".into() };
        let told = Error { failures: vec![missing("a"), other, missing("b")] }.problems();
        let told: Vec<_> = told.iter().map(|problem| (problem.code, problem.component.as_deref())).collect();
        assert_eq!(told, [("toolchain::none", None), ("build::stale", Some("c"))]);
    }

    #[test]
    fn a_missing_export_names_the_interface_and_what_to_add() {
        let failure = Failure::Exports {
            component: "auth".into(),
            language: Language::Rust,
            world: "acme:shop/auth".into(),
            missing: vec!["acme:shop/tokens".into(), "acme:shop/users".into()],
            extra: Vec::new(),
        };
        let problem = problem(&failure);
        assert_eq!(
            problem.message,
            "`auth` does not export `acme:shop/tokens` and `acme:shop/users`, as its world `acme:shop/auth` says"
        );
        assert!(problem.help[0].contains("bindings::export!(Component with_types_in bindings);"));
    }
}
