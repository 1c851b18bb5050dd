//! Why parts cannot be wired, all of it at once.

use std::{fmt, ops::Range, sync::Arc};

use super::surface::Place;
use crate::{
    compare::{Difference, Name},
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
type At = Option<Range<usize>>;

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
        /// Where the importer has the resource from, in words.
        wanted: String,
        /// Where the provider has it from, in words.
        given: String,
        /// The part that is not granted the interface, and the family that would grant it.
        closed: Option<(String, Family)>,
    },
    /// An export speaks of types of an interface that is closed to its part.
    Exposed {
        part: String,
        export: String,
        interface: String,
        family: Option<Family>,
    },
    /// Each part with the import that is met by the next; the last by the first.
    Cycle {
        steps: Vec<(String, String)>,
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
        self.failures.iter().map(|failure| problem(failure, self.source.as_ref())).collect()
    }
}

/// More differences than anyone reads at once.
const SHOWN: usize = 20;

fn problem(failure: &Failure, manifest: Option<&Arc<SourceFile>>) -> Problem {
    match failure {
        Failure::SameName { part } => Problem::error("plan::same-name", format!("two components are named `{part}`"))
            .in_component(part)
            .help("Rename one of them: a component is known by its name, for a file by the file's."),
        Failure::TooMany { parts, limit } => Problem::error(
            "plan::too-many-components",
            format!("{parts} components are more than engines accept in one, which is {limit}"),
        ),
        Failure::Unmet { part, import, near, at } => {
            let problem = unmet(part, import, near, at.as_ref());
            problem.help(format!("Or leave it to the host: {}", open(manifest, Name::new(import).base)))
        }
        Failure::Ambiguous { part, import, providers, at } => {
            let names: Vec<_> = providers.iter().map(|(part, _)| format!("`{part}`")).collect();
            let mut problem = Problem::error(
                "plan::ambiguous",
                format!("`{part}` imports `{import}`, which {} export", listed(&names, "and")),
            )
            .in_component(part);
            for (provider, export) in providers {
                problem = problem.because(format!("`{provider}` exports `{export}`"));
            }
            let base = Name::new(import).base;
            let (provider, _) = &providers[0];
            labelled(problem, at.as_ref(), &format!("`{part}` imports this"))
                .help(format!("Choose one: {}", wire(manifest, part, base, provider)))
        }
        Failure::Mismatch { part, import, other, export, meeting, wired_at, differences } => {
            let problem = mismatch(part, import, other, export, *meeting, differences);
            said(problem, manifest, wired_at, "wired here")
        }
        Failure::Kind { part, import, to, export, expected, found } => {
            Problem::error("plan::type-mismatch", format!("cannot connect `{part}` import `{import}` to `{to}`"))
                .in_component(part)
                .because(format!("`{part}` expects {expected}, `{to}` exports {found} as `{export}`"))
        }
        Failure::Identity { part, import, to, resource, interface, wanted, given, closed } => {
            let provider = to.as_ref().map_or("the host".to_owned(), |to| format!("`{to}`"));
            let whose = to.as_ref().map_or("the host".to_owned(), |to| format!("component `{to}`"));
            let problem = Problem::error(
                "plan::resource-identity",
                format!(
                    "`{part}` and {provider} would not speak of the same `{resource}` when they meet at `{import}`"
                ),
            )
            .in_component(part)
            .because(format!("`{import}` uses resource `{resource}` of `{interface}`"))
            .because(format!("`{part}` gets `{interface}` from {wanted}, {whose} from {given}"))
            .because("a resource has one owner: a handle made by one cannot be given to the other");
            match closed {
                Some((part, family)) => problem.help(grant(part, *family)),
                None => problem.help(format!(
                    "Wire `{interface}` of all who use it to one component, or have the component that provides it \
                     also provide `{import}`."
                )),
            }
        }
        Failure::Exposed { part, export, interface, family } => {
            let problem = Problem::error(
                "plan::exposed-denial",
                format!("`{part}` exports `{export}`, which uses types of `{interface}`, but is not granted that"),
            )
            .in_component(part)
            .because(format!("`{interface}` is closed to `{part}`, so what it exports cannot speak of the host's"));
            match family {
                Some(family) => problem.help(grant(part, *family)),
                None => problem.help(format!("Leave it to the host: {}", open(manifest, Name::new(interface).base))),
            }
        }
        Failure::Cycle { steps } => cycle(steps),
        Failure::Unused { part, exports } => {
            let problem = Problem::error("plan::unused", format!("nothing uses component `{part}`")).in_component(part);
            let problem = if exports.is_empty() {
                problem.because(format!("`{part}` exports nothing"))
            } else {
                problem.because(format!("no other component imports what it exports: {}", quoted(exports)))
            };
            problem.because("none of the app's exports needs it").help("Leave it out, or export what it offers.")
        }
        Failure::ExportClash { name, parts } => {
            let names: Vec<_> = parts.iter().map(|part| format!("`{part}`")).collect();
            Problem::error(
                "plan::export-clash",
                format!("{} all export `{name}`, and the app can have it only once", listed(&names, "and")),
            )
            .help(format!(
                "Choose one in mosaic.toml: [compose] exports = [\"{}/{}\"]",
                parts[0],
                Name::new(name).base
            ))
        }
        Failure::NoExports => Problem::error(
            "plan::no-exports",
            "the app would export nothing: every export of a component is used by another",
        )
        .help(format!("Say what to export: {}", export(manifest, "component/namespace:package/interface"))),
        Failure::UnknownPart { part, known, at } => {
            let problem = Problem::error("plan::unknown-component", format!("there is no component `{part}`"));
            let problem = said(problem, manifest, at, "named here");
            suggest(problem, part, known, "components")
        }
        Failure::UnknownInterface { part, role, interface, known, at } => {
            let does = match role {
                Role::Import => "import",
                Role::Export => "export",
            };
            let message = match (interface.is_empty(), role) {
                (true, Role::Import) => format!("the wire from `{part}` does not say which import"),
                (true, Role::Export) => format!("`{part}` exports nothing"),
                (false, _) => format!("`{part}` does not {does} `{interface}`"),
            };
            let problem = Problem::error("plan::unknown-interface", message).in_component(part);
            let problem = said(problem, manifest, at, "named here");
            suggest(problem, interface, known, &format!("{does}s"))
        }
        Failure::Wrap { part, interface, by, fault, at } => wrap(part, interface, by, fault, at, manifest),
        Failure::NotExported { part, import, to, said: export, exports, at } => {
            let where_to = match export {
                Some(export) => format!("`{to}/{export}`, which `{to}` does not export"),
                None => format!("`{to}`, which does not export it"),
            };
            let problem =
                Problem::error("plan::wire-target", format!("`{part}` import `{import}` is wired to {where_to}"))
                    .in_component(part);
            let problem = said(problem, manifest, at, "wired here");
            suggest(problem, export.as_ref().unwrap_or(import), exports, "exports")
        }
    }
}

fn unmet(part: &str, import: &str, near: &[Near], at: Option<&Place>) -> Problem {
    let mut problem =
        Problem::error("plan::unmet-import", format!("nothing provides `{import}`, which `{part}` imports"))
            .in_component(part);
    for near in near {
        problem = problem.because(match near {
            Near::Version { part, export } => {
                format!("`{part}` exports `{export}`, which is the same interface in a version that is not compatible")
            }
            Near::Name { part, export } => format!("`{part}` exports `{export}`, which has a similar name"),
        });
    }
    if near.is_empty() {
        problem = problem.because("no component exports it, and it is not part of WASI");
    }
    let base = Name::new(import).base;
    let problem = labelled(problem, at, &format!("`{part}` imports this"));
    match near.first() {
        Some(Near::Version { part: other, .. }) => {
            problem.help(format!("Bring `{part}` and `{other}` to one version of `{base}`."))
        }
        _ => problem.help("Add a component that exports it."),
    }
}

fn mismatch(part: &str, import: &str, other: &str, export: &str, meeting: Meeting, differences: &[Located]) -> Problem {
    let message = match meeting {
        Meeting::Edge => format!("cannot connect `{part}` import `{import}` to `{other}`"),
        Meeting::Host => {
            format!("`{part}` and `{other}` leave `{import}` to the host, but mean different things by it")
        }
        Meeting::Types | Meeting::Denial => format!("`{part}` and `{other}` mean different things by `{import}`"),
    };
    let mut problem = Problem::error("plan::type-mismatch", message).in_component(part);
    if import != export {
        problem = problem.because(format!("`{part}` imports `{import}`, `{other}` has `{export}`"));
    }
    for located in differences.iter().take(SHOWN) {
        let Located { difference, expected_at, found_at } = located;
        let unlabelled = [expected_at, found_at].into_iter().flatten().filter(|place| place.label.is_none());
        let places: Vec<_> = unlabelled.map(|place| place.shown.clone()).collect();
        let see = if places.is_empty() { String::new() } else { format!("; see {}", listed(&places, "and")) };
        problem = problem.because(format!("{difference}{see}"));
        problem =
            labelled(problem, expected_at.as_ref(), &format!("`{part}` expects {}", or_nothing(&difference.expected)));
        if let Some(Place { label: Some((source, span)), .. }) = found_at {
            problem = problem.see(source, span.clone(), format!("`{other}` has {}", or_nothing(&difference.found)));
        }
    }
    if differences.len() > SHOWN {
        problem = problem.because(format!("and {} more differences", differences.len() - SHOWN));
    }
    problem.help(match meeting {
        Meeting::Edge => format!(
            "Change the WIT of `{other}` to what `{part}` expects, or that of `{part}` to what `{other}` exports; \
             one file of WIT for both keeps them equal."
        ),
        Meeting::Host | Meeting::Types | Meeting::Denial => {
            format!("Bring `{part}` and `{other}` to one version of `{}`.", Name::new(import).base)
        }
    })
}

fn wrap(
    part: &str,
    interface: &str,
    by: &str,
    fault: &WrapFault,
    at: &At,
    manifest: Option<&Arc<SourceFile>>,
) -> Problem {
    let message = format!("`{by}` cannot stand in front of `{part}`'s `{interface}`");
    let problem = said(Problem::error("plan::wrap", message).in_component(by), manifest, at, "put in front here");
    let (why, next) = match fault {
        WrapFault::Neither => (format!("it neither imports nor exports `{interface}`"), BOTH),
        WrapFault::NotImported => {
            (format!("it exports `{interface}` but does not import it, so it could pass nothing on"), BOTH)
        }
        WrapFault::NotExported => {
            (format!("it imports `{interface}` but does not export it, so nobody could call it"), BOTH)
        }
        WrapFault::Itself => ("it is the wrapped component".to_owned(), BOTH),
        WrapFault::Wired { to, at } => {
            let problem = said(problem, manifest, at, "wired here");
            return problem
                .because(format!("its import is wired to `{to}`"))
                .help("Remove the wire: what stands behind it provides the import.");
        }
        WrapFault::Twice => (
            "it already stands in front of another export".to_owned(),
            "Instantiate it twice, under two names, and put one in front of each.",
        ),
    };
    problem.because(why).help(next)
}

/// What a part in front must be.
const BOTH: &str = "A component in front imports the interface and exports the same.";

fn cycle(steps: &[(String, String)]) -> Problem {
    let path: Vec<_> =
        steps.iter().map(|(part, _)| part.as_str()).chain(steps.first().map(|(p, _)| p.as_str())).collect();
    let mut problem = Problem::error("plan::cycle", format!("components import each other: {}", path.join(" → ")));
    for (index, (part, import)) in steps.iter().enumerate() {
        let (next, _) = &steps[(index + 1) % steps.len()];
        problem = problem.because(format!("`{part}` imports `{import}` from `{next}`"));
    }
    problem
        .help("A component is started after those it imports from, so one of these imports must go.")
        .help("Move the interface, or only its types, to a component that both can import.")
}

fn or_nothing(text: &Option<String>) -> String {
    text.as_ref().map_or("nothing".to_owned(), |text| format!("`{text}`"))
}

/// What to write where the wiring comes from: in the manifest, or on the command line.
fn wire(manifest: Option<&Arc<SourceFile>>, part: &str, interface: &str, to: &str) -> String {
    match manifest {
        Some(_) => format!("[compose] wire = {{ \"{part}/{interface}\" = \"{to}\" }}"),
        None => format!("--wire {part}/{interface}={to}"),
    }
}

fn open(manifest: Option<&Arc<SourceFile>>, interface: &str) -> String {
    match manifest {
        Some(_) => format!("[compose] open = [\"{interface}\"]"),
        None => format!("--open {interface}"),
    }
}

fn grant(part: &str, family: Family) -> String {
    format!("Grant it in mosaic.toml: [components.{part}] grants = [\"{}\"]", family.word())
}

fn export(manifest: Option<&Arc<SourceFile>>, said: &str) -> String {
    match manifest {
        Some(_) => format!("[compose] exports = [\"{said}\"]"),
        None => format!("--export {said}"),
    }
}

/// Adds a label where the text is at hand, else a line that tells the place.
fn labelled(problem: Problem, place: Option<&Place>, text: &str) -> Problem {
    match place {
        Some(Place { label: Some((source, span)), .. }) => problem.at(source, span.clone(), text),
        _ => problem,
    }
}

/// Adds a label on the manifest.
fn said(problem: Problem, manifest: Option<&Arc<SourceFile>>, at: &At, text: &str) -> Problem {
    match (manifest, at) {
        (Some(source), Some(span)) => problem.at(source, span.clone(), text),
        _ => problem,
    }
}

/// Adds what was probably meant, else everything there is.
fn suggest(problem: Problem, said: &str, known: &[String], what: &str) -> Problem {
    let closest = known.iter().max_by(|a, b| likeness(said, a).total_cmp(&likeness(said, b)));
    match closest {
        Some(name) if likeness(said, name) > ALIKE => problem.help(format!("Did you mean `{name}`?")),
        Some(_) => {
            problem.help(format!("Its {what}: {}.", quoted(known)).replacen("Its components", "The components", 1))
        }
        None => problem.because(format!("it has no {what}")),
    }
}

/// From what likeness on one name was probably meant as the other.
pub(super) const ALIKE: f64 = 0.65;

/// How alike two names are, from 0 to 1; what they have in common of their package does not count.
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    let (a, b) = (Name::new(a), Name::new(b));
    if a.package() == b.package() {
        strsim::normalized_damerau_levenshtein(a.interface(), b.interface())
    } else {
        strsim::normalized_damerau_levenshtein(a.base, b.base)
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    listed(&names, "and")
}

fn listed(names: &[String], last: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first, second] => format!("{first} {last} {second}"),
        [start @ .., end] => format!("{}, {last} {end}", start.join(", ")),
    }
}
