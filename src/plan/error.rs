//! Why parts cannot be wired, all of it at once.

use std::{fmt, ops::Range, sync::Arc};

use super::{surface::Place, told};
use crate::{
    compare::Difference,
    diagnostic::{Diagnose, Problem, SourceFile},
    manifest::Family,
};

/// Everything that is wrong with a wiring.
#[derive(Debug)]
pub struct Error {
    /// Never empty.
    pub failures: Vec<Failure>,
    /// The manifest, if the wiring came from one; places `at` are in it.
    pub source: Option<Arc<SourceFile>>,
}

/// Where in the manifest, in bytes.
pub(super) type At = Option<Range<usize>>;

/// One thing that is wrong.
#[derive(Debug)]
pub enum Failure {
    SameName {
        part: String,
    },
    TooMany {
        parts: usize,
        limit: usize,
    },
    /// Nobody exports what a part imports, and the host does not have it.
    Unmet {
        part: String,
        import: String,
        near: Vec<Near>,
        at: Option<Place>,
    },
    /// Several parts export it.
    Ambiguous {
        part: String,
        import: String,
        providers: Vec<(String, String)>,
        at: Option<Place>,
    },
    /// Two sides of one interface differ.
    Mismatch {
        part: String,
        import: String,
        /// Who provides, or who shares the interface.
        other: String,
        export: String,
        meeting: Meeting,
        wired_at: At,
        differences: Vec<Located>,
    },
    /// One name, but a function on one side and an interface on the other.
    Kind {
        part: String,
        import: String,
        to: String,
        export: String,
        expected: &'static str,
        found: &'static str,
    },
    /// A resource would come from two places.
    Identity {
        part: String,
        import: String,
        /// Who provides the import; `None`: the host.
        to: Option<String>,
        resource: String,
        interface: String,
        /// Where the importer has the resource from.
        wanted: Source,
        /// Where the provider has it from.
        given: Source,
        /// The part that is not granted the interface, and the family that would grant it.
        closed: Option<(String, Family)>,
    },
    /// Parts that would share an import of the app are not granted the same of it.
    GrantsDiffer {
        interface: String,
        family: Family,
        why: NotKept,
        /// Each with what it is granted of the family, in a manifest's words, and where.
        parts: Vec<(String, Vec<String>, Vec<Range<usize>>)>,
    },
    /// An export speaks of types of an interface that is closed to its part.
    Exposed {
        part: String,
        export: String,
        interface: String,
        family: Option<Family>,
    },
    /// Each part with the import that is met by the next, and its place; the last by the first.
    Cycle {
        steps: Vec<(String, String, Option<Place>)>,
    },
    Unused {
        part: String,
        exports: Vec<String>,
    },
    ExportClash {
        name: String,
        parts: Vec<String>,
    },
    NoExports,
    UnknownPart {
        part: String,
        known: Vec<String>,
        at: At,
    },
    UnknownInterface {
        part: String,
        role: Role,
        interface: String,
        known: Vec<String>,
        at: At,
    },
    /// A part cannot stand in front of what another exports.
    Wrap {
        part: String,
        interface: String,
        by: String,
        fault: WrapFault,
        at: At,
    },
    /// A wire leads to a part that does not export what is wanted.
    NotExported {
        part: String,
        import: String,
        to: String,
        /// The export, where the wire says which.
        said: Option<String>,
        exports: Vec<String>,
        at: At,
    },
}

/// Where a part has a resource from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Part {
        part: String,
        export: String,
    },
    Host,
    /// From what refuses it, because it is not granted.
    Denial,
}

/// An export that comes close to an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Near {
    /// The same interface, in a version that is not compatible.
    Version { part: String, export: String },
    /// A similar name.
    Name { part: String, export: String },
}

/// Why a part cannot stand in front of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrapFault {
    NotImported,
    NotExported,
    /// It neither imports nor exports the interface.
    Neither,
    /// It is the wrapped part.
    Itself,
    /// Its import is wired to something already.
    Wired {
        to: String,
        at: At,
    },
    /// It stands in front of another export already.
    Twice,
}

/// Why two sides must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// One imports what the other exports.
    Edge,
    /// Both leave it to the host, which has it once.
    Host,
    /// Both use the one definition of plain types.
    Types,
    /// It is closed to both, by one denial.
    Denial,
}

/// Why imports are not kept apart whose parts are granted different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// Nobody knows which functions of the interface would have to be.
    Unknown,
    /// Any host is to run the app.
    AnyHost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Import,
    Export,
}

/// A difference with its places in WIT texts.
#[derive(Debug, Clone)]
pub struct Located {
    pub difference: Difference,
    pub expected_at: Option<Place>,
    pub found_at: Option<Place>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<_> = self.problems().into_iter().map(|problem| problem.message).collect();
        f.write_str(&messages.join("; "))
    }
}

impl std::error::Error for Error {}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        self.failures.iter().map(|failure| told::problem(failure, self.source.as_ref())).collect()
    }
}
