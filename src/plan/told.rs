//! What cannot be wired, told to people: what was attempted, why, both places, in which direction it matters, who must
//! change, and what to write.

use std::sync::Arc;

use super::{
    error::{At, Failure, Located, Meeting, Near, NotKept, Role, Source, WrapFault},
    surface::Place,
};
use crate::{
    compare::{Change, Name},
    diagnostic::{Problem, SourceFile},
    manifest::Family,
};

/// More differences than anyone reads at once.
const SHOWN: usize = 20;

pub(super) fn problem(failure: &Failure, source: Option<&Arc<SourceFile>>) -> Problem {
    // What to write is told in the manner of a manifest only where the wiring came from one.
    let manifest = source.filter(|source| !source.name.ends_with(".wac"));
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
            let has = |who: &str, source: &Source| match source {
                Source::Part { part, .. } if format!("`{part}`") == who => format!("{who} defines it"),
                Source::Part { part, export } => format!("{who} gets it from `{part}`, as `{export}`"),
                Source::Host if who == "the host" => "the host defines it".to_owned(),
                Source::Host => format!("{who} gets it from the host"),
                Source::Denial => {
                    format!("{who} is not granted `{interface}`, and gets it from what refuses it in the app")
                }
            };
            let problem = Problem::error(
                "plan::resource-identity",
                format!(
                    "`{part}` and {provider} would not speak of the same `{resource}` when they meet at `{import}`"
                ),
            )
            .in_component(part)
            .because(format!("`{import}` uses resource `{resource}` of `{interface}`"))
            .because(has(&format!("`{part}`"), wanted))
            .because(has(&provider, given))
            .because("a resource has one owner: a handle made by one cannot be given to the other");
            let base = Name::new(interface).base;
            match (closed, given) {
                (Some((part, family)), _) => problem.help(grant(part, *family)),
                (None, Source::Part { part: owner, .. }) if owner != part => {
                    problem.help(format!("Have it from `{owner}` in both: {}", wire(manifest, part, base, owner)))
                }
                (None, _) => problem.help(format!(
                    "Wire `{base}` of all who use it to one component, or have the component that provides it also \
                     provide `{import}`."
                )),
            }
        }
        Failure::GrantsDiffer { interface, family, why, parts } => {
            let names: Vec<_> = parts.iter().map(|(part, _, _)| format!("`{part}`")).collect();
            let message = format!("{} are not granted the same, but would share `{interface}`", listed(&names, "and"));
            let mut problem = Problem::error("plan::grants-differ", message);
            for (part, held, places) in parts {
                problem = problem.because(format!("`{part}` is granted {}", listed(held, "and")));
                for place in places {
                    problem = said(problem, manifest, &Some(place.clone()), &format!("granted to `{part}`"));
                }
            }
            let word = family.word();
            let why = match why {
                NotKept::Unknown => {
                    format!("`{interface}` is not known to Mosaic well enough to be kept apart for each of them")
                }
                NotKept::AnyHost => {
                    "only Mosaic's own host can tell imports of one interface apart, and any host is to run the app"
                        .to_owned()
                }
            };
            problem
                .because("the app has one import for all of them, and behind it a host cannot tell who calls")
                .because(why)
                .help("Grant all of them the same, or move what needs the grant into one component.")
                .help(format!("Or let each have what any of them is granted: [compose] share = [\"{word}\"]"))
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
            let allow = match manifest {
                Some(_) => "[compose] allow-unused = true",
                None => "--allow-unused",
            };
            problem
                .because("none of the app's exports needs it")
                .help(format!("Leave it out, export what it offers, or take it along all the same: {allow}"))
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
                let version = |name| Name::new(name).track().or(Name::new(name).version).unwrap_or("none");
                let (asked, had) = (version(import), version(export));
                format!("`{part}` exports `{export}`: {had} is not compatible with {asked}, and nothing converts between them")
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
        let (expects, has) = match (&difference.expected, &difference.found) {
            (Some(expected), Some(found)) => {
                (format!("`{part}` expects `{expected}`"), format!("`{other}` has `{found}`"))
            }
            (Some(expected), None) => (format!("`{part}` expects `{expected}`"), format!("`{other}` lacks it here")),
            (None, found) => {
                let found = found.as_deref().unwrap_or("it");
                (format!("`{part}` knows no `{found}` here"), format!("`{other}` has `{found}`"))
            }
        };
        problem = labelled(problem, expected_at.as_ref(), &expects);
        if let Some(Place { label: Some((source, span)), .. }) = found_at {
            problem = problem.see(source, span.clone(), has);
        }
    }
    if differences.len() > SHOWN {
        problem = problem.because(format!("and {} more differences", differences.len() - SHOWN));
    }
    match meeting {
        Meeting::Edge => edge_help(problem, part, other, differences),
        Meeting::Host | Meeting::Types | Meeting::Denial => {
            problem.help(format!("Bring `{part}` and `{other}` to one version of `{}`.", Name::new(import).base))
        }
    }
}

/// In which direction it matters, and who must change.
fn edge_help(problem: Problem, part: &str, other: &str, differences: &[Located]) -> Problem {
    let item = |located: &Located| located.difference.path.len() == 1;
    if differences.iter().all(|located| located.difference.change == Change::Missing && item(located)) {
        return problem
            .because(format!("`{part}` may ask for less than `{other}` has, not for more"))
            .help(format!("Add what is missing to `{other}`, or build `{part}` without it."));
    }
    let mut problem = problem.because(format!(
        "`{other}` may have more functions and types than `{part}` asks for, but each that both have must be the same"
    ));
    if differences.iter().any(|located| located.difference.change == Change::Async) {
        problem =
            problem.because("an async function may wait before it returns, and its caller must be built for that");
    }
    problem.help(format!(
        "Change the WIT of `{other}` to what `{part}` expects, or that of `{part}` to what `{other}` exports; \
         one file of WIT for both keeps them equal."
    ))
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

fn cycle(steps: &[(String, String, Option<Place>)]) -> Problem {
    let path: Vec<_> = steps.iter().chain(steps.first()).map(|(part, _, _)| part.as_str()).collect();
    let mut problem = Problem::error("plan::cycle", format!("components import each other: {}", path.join(" → ")));
    for (index, (part, import, place)) in steps.iter().enumerate() {
        let (next, _, _) = &steps[(index + 1) % steps.len()];
        problem = problem.because(format!("`{part}` imports `{import}` from `{next}`"));
        problem = labelled(problem, place.as_ref(), &format!("`{part}` imports this from `{next}`"));
    }
    problem
        .help("A component is started after those it imports from, so one of these imports must go.")
        .help("Move the interface, or only its types, to a component that both can import.")
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
