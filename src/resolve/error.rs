//! Why WIT or a component could not be resolved: fields, not sentences. The sentences are in [`super::diagnose`].

use std::{ops::Range, sync::Arc};

use wit_parser::PackageName;

use crate::diagnostic::{Diagnose, SourceFile};

/// Everything that is wrong.
#[derive(Debug)]
pub struct Error {
    /// Never empty.
    pub failures: Vec<Failure>,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The component concerned, where it is one alone.
    pub component: Option<String>,
    /// Where, if in a text.
    pub place: Option<Place>,
    pub kind: Kind,
}

/// A place in WIT or in the manifest.
#[derive(Debug, Clone)]
pub struct Place {
    pub source: Arc<SourceFile>,
    /// Bytes of `source.text`.
    pub span: Range<usize>,
}

/// What is wrong.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A component has no WIT at these places and names no world with its package.
    NoWit { looked: Vec<String> },
    /// A path leads out of the project.
    Outside { path: String },
    /// A file or folder cannot be read.
    Unreadable { path: String, cause: String },
    /// Neither a file nor a folder: a device, a pipe, a socket.
    Special { path: String },
    /// More than is accepted.
    TooMuch { what: &'static str, limit: usize, found: Option<usize> },
    /// A WIT file that is not UTF-8.
    NotText { path: String },
    /// No `*.wit` file in a folder.
    Empty { path: String },
    /// What the WIT grammar, or a rule within one package, refuses.
    Syntax { message: String },
    /// A name that is not there, within its own package.
    UnknownItem { what: String, name: String, hint: Option<String> },
    /// A type, interface or world that needs itself.
    ItemCycle { what: String, name: String },
    /// No such package in the project or in the bundle.
    UnknownPackage { name: PackageName, there: Vec<PackageName>, bundled: Vec<PackageName> },
    /// A package is there, but not this interface of it.
    UnknownInterface { name: String, package: PackageName, there: Vec<String> },
    /// A package is there, but not this world of it (in an `include`).
    UnknownWorld { name: String, package: PackageName, there: Vec<String> },
    /// Packages that need each other.
    PackageCycle { name: PackageName },
    /// A package that is there twice.
    PackageTwice { name: PackageName, first: Option<Place> },
    /// One package names the same draft with and without its version.
    MixedNames { asked: PackageName, given: PackageName },
    /// What a rule between packages refuses.
    Rejected { message: String },
    /// Type in a type in a type …
    TooDeep { name: Option<String>, limit: usize },
    /// A type that, written out, has more members than any tool accepts.
    TooLarge { name: Option<String>, limit: usize },
    /// The manifest names a world that is not there.
    NoSuchWorld { asked: String, there: Vec<String> },
    /// The manifest's world is not a name.
    BadWorldName { asked: String },
    /// Several worlds, and the manifest names none.
    WorldUnclear { there: Vec<String> },
    /// WIT without any world.
    NoWorld { elsewhere: Vec<String> },
    /// Neither WebAssembly nor its text form.
    NotWasm { looks: Looks },
    /// A core module where a component is wanted.
    CoreModule,
    /// A WIT package where a component is wanted.
    WitPackage { package: PackageName },
    /// WebAssembly text that does not parse.
    BadText { message: String },
    /// The file ends before it is whole.
    Truncated { length: usize },
    /// WebAssembly that breaks a rule.
    Invalid { message: String, offset: Option<u64> },
    /// The parser broke down on it.
    Crashed { message: String },
}

/// What bytes that are no WebAssembly seem to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    Empty,
    Wit,
    Text,
    Unknown,
}

impl Failure {
    pub(super) fn new(kind: Kind) -> Failure {
        Failure { component: None, place: None, kind }
    }

    /// The component concerned.
    #[must_use]
    pub(super) fn of(mut self, component: &str) -> Failure {
        self.component = Some(component.to_owned());
        self
    }

    #[must_use]
    pub(super) fn at(mut self, place: Place) -> Failure {
        self.place = Some(place);
        self
    }

    /// At a place, unless one is known that is nearer.
    #[must_use]
    pub(super) fn or_at(mut self, place: impl FnOnce() -> Place) -> Failure {
        self.place.get_or_insert_with(place);
        self
    }
}

impl From<Kind> for Failure {
    fn from(kind: Kind) -> Failure {
        Failure::new(kind)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error { failures: vec![failure] }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, problem) in self.problems().iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
