//! What is wrong with WIT or a component, in the user's words.

use wit_parser::PackageName;

use crate::diagnostic::{Diagnose, Problem};

use super::error::{Error, Failure, Kind, Looks};

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        self.failures.iter().map(Failure::problem).collect()
    }
}

impl Failure {
    fn problem(&self) -> Problem {
        let told = tell(&self.kind, self.component.as_deref());
        let mut problem = told.problem;
        problem.component.clone_from(&self.component);
        if let Some(place) = &self.place {
            problem = problem.at(&place.source, place.span.clone(), told.label);
        }
        if let Kind::PackageTwice { first: Some(first), .. } = &self.kind {
            problem = problem.see(&first.source, first.span.clone(), "and here");
        }
        problem
    }
}

/// A problem without its place, and what to write there.
struct Told {
    problem: Problem,
    label: String,
}

/// `label` stands at the place; `message` is the whole sentence.
fn told(code: &'static str, message: impl Into<String>, label: impl Into<String>) -> Told {
    Told { problem: Problem::error(code, message), label: label.into() }
}

impl Told {
    fn because(mut self, cause: impl Into<String>) -> Told {
        self.problem = self.problem.because(cause);
        self
    }

    fn help(mut self, help: impl Into<String>) -> Told {
        self.problem = self.problem.help(help);
        self
    }

    fn helps(self, helps: impl IntoIterator<Item = String>) -> Told {
        helps.into_iter().fold(self, Told::help)
    }
}

fn tell(kind: &Kind, component: Option<&str>) -> Told {
    let of = component.map_or_else(String::new, |name| format!(" of `{name}`"));
    let subject = component.map_or_else(|| "the file".to_owned(), |name| format!("`{name}`"));
    match kind {
        Kind::NoWit { looked } => {
            let name = component.unwrap_or("app");
            told(
                "resolve::no-wit",
                format!("{subject} has no WIT: neither {} is there", list(looked, "nor")),
                "has no WIT",
            )
            .help(format!("describe what it imports and exports in `{}/world.wit`", looked[0]))
            .help(format!("or name a WASI world: `world = \"wasi:cli/command@0.2.12\"` in `[components.{name}]`"))
        }
        Kind::Outside { path } => told(
            "resolve::outside-project",
            format!("the path `{path}`{of} leads out of the project"),
            "leads out of the project",
        )
        .help("move it below the project's root, or copy what is needed there"),
        Kind::Unreadable { path, cause } => {
            told("resolve::unreadable", format!("cannot read `{path}`{}", needed_by(component)), "cannot be read")
                .because(cause.clone())
        }
        Kind::Special { path } => told(
            "resolve::special-file",
            format!("`{path}`{of} is neither a file nor a folder"),
            "a device, a pipe or a socket",
        ),
        Kind::TooMuch { what, limit, found } => {
            let found = found.map_or_else(String::new, |found| format!(": {found}"));
            told("resolve::too-much", format!("too many {what}{of}{found}"), "here")
                .because(format!("at most {limit} are accepted"))
        }
        Kind::NotText { path } => {
            told("resolve::not-text", format!("the WIT file `{path}`{of} is not UTF-8 text"), "not UTF-8")
        }
        Kind::Empty { path } => told("resolve::no-wit", format!("no `*.wit` file in `{path}`"), "no WIT in there")
            .help(format!("write `{path}/world.wit`, or remove the folder")),
        Kind::Syntax { message } => {
            let (message, more) = split(message);
            more.into_iter()
                .fold(told("resolve::wit-syntax", format!("WIT{of} does not parse: {message}"), message), Told::because)
        }
        Kind::UnknownItem { what, name, hint } => {
            let told =
                told("resolve::unknown-item", format!("{what} `{name}` does not exist in this package"), "not defined");
            match hint {
                Some(hint) => told.because(hint.clone()),
                None => told,
            }
        }
        Kind::ItemCycle { what, name } => {
            told("resolve::item-cycle", format!("{what} `{name}` depends on itself"), "needs itself")
        }
        Kind::UnknownPackage { name, there, bundled } => unknown_package(name, there, bundled),
        Kind::UnknownInterface { name, package, there } => told(
            "resolve::unknown-interface",
            format!("package `{package}` has no interface `{name}`"),
            "not in that package",
        )
        .helps(suggestions(name, there, "the package has")),
        Kind::UnknownWorld { name, package, there } => {
            told("resolve::unknown-world", format!("package `{package}` has no world `{name}`"), "not in that package")
                .helps(suggestions(name, there, "the package has"))
        }
        Kind::PackageCycle { name } => told(
            "resolve::package-cycle",
            format!("package `{name}` needs itself through the packages it uses"),
            "closes the circle",
        )
        .help("move the interfaces that both sides use to a package of their own"),
        Kind::PackageTwice { name, .. } => {
            told("resolve::package-twice", format!("package `{name}` is defined twice"), "defined here")
                .help("keep one of the two")
        }
        Kind::MixedNames { asked, given } => told(
            "resolve::mixed-names",
            format!("one package uses both `{asked}` and `{given}`"),
            format!("without a version this is `{given}`"),
        )
        .help(format!("write `{given}` everywhere")),
        Kind::Rejected { message } => {
            let (message, more) = split(message);
            more.into_iter()
                .fold(told("resolve::wit-invalid", format!("WIT{of} is not valid: {message}"), message), Told::because)
        }
        Kind::TooDeep { name, limit } => told(
            "resolve::too-deep",
            format!("{}{of} nests more than {limit} types within one another", named(name.as_deref())),
            "nests too deep",
        ),
        Kind::TooLarge { name, limit } => told(
            "resolve::too-large",
            format!("{}{of} has more than {limit} members when written out", named(name.as_deref())),
            "too large",
        ),
        Kind::NoSuchWorld { asked, there } => told(
            "resolve::no-such-world",
            format!("no world `{asked}`{of}"),
            "no such world",
        )
        .helps(suggestions(asked, there, "the WIT has")),
        Kind::BadWorldName { asked } => told(
            "resolve::bad-world-name",
            format!("`{asked}`{of} is not a world's name"),
            "a name like `auth` or `acme:shop/auth@0.1.0`",
        ),
        Kind::WorldUnclear { there } => told(
            "resolve::world-unclear",
            format!("the WIT{of} has several worlds: {}", list(there, "and")),
            "none of them is named like this component",
        )
        .help(format!("say which: `world = \"{}\"` in `[components.{}]`", there[0], component.unwrap_or("…"))),
        Kind::NoWorld { elsewhere } => {
            let told = told("resolve::no-world", format!("the WIT{of} has no world"), "needs a world")
                .help(format!("add `world {} {{ … }}` to it", component.unwrap_or("app")));
            match elsewhere.as_slice() {
                [] => told,
                names => told.help(format!("or name one of another package: {}", list(names, "or"))),
            }
        }
        Kind::NotWasm { looks } => {
            let told = |words: &str| {
                told("resolve::not-wasm", format!("{subject} is not WebAssembly: {words}"), "not WebAssembly")
            };
            match looks {
                Looks::Empty => told("it is empty"),
                Looks::Wit => {
                    told("it looks like WIT text").help("give it as `wit = \"…\"` of a component with sources")
                }
                Looks::Text => told("it is some other text"),
                Looks::Unknown => told("it does not begin with `\\0asm`"),
            }
        }
        Kind::CoreModule => told(
            "resolve::core-module",
            format!("{subject} is a core module, not a component"),
            "a core module",
        )
        .help(
            "build it for `wasm32-wasip2`, or turn it into a component: `wasm-tools component new MODULE -o COMPONENT`",
        ),
        Kind::WitPackage { package } => told(
            "resolve::wit-package",
            format!("{subject} is the WIT package `{package}` encoded as WebAssembly, not a component"),
            "a WIT package",
        )
        .help("put it into `wit/deps/`, where components find it"),
        Kind::BadText { message } => {
            told("resolve::wat-syntax", format!("{subject} does not parse as WebAssembly text"), "does not parse")
                .because(message.clone())
        }
        Kind::Truncated { length } => told(
            "resolve::truncated",
            format!("{subject} is cut short: it ends within a section, after {length} bytes"),
            "cut short",
        )
        .help("build or download it again"),
        Kind::Invalid { message, offset } => {
            let told = told("resolve::invalid-component", format!("{subject} is not a valid component"), "not valid")
                .because(message.clone());
            match offset {
                Some(offset) => told.help(format!("look at byte {offset:#x}: `wasm-tools print --print-offsets FILE`")),
                None => told,
            }
        }
        Kind::Crashed { message } => {
            told("resolve::crashed", format!("the WIT parser broke down{}", on(component)), "while reading this")
                .because(message.clone())
                .help("this is a bug in the parser; please report it with the file")
        }
    }
}

fn unknown_package(name: &PackageName, there: &[PackageName], bundled: &[PackageName]) -> Told {
    let told = told("resolve::unknown-package", format!("no package `{name}`"), "not found");
    let same = |other: &&PackageName| other.namespace == name.namespace && other.name == name.name;
    let versions: Vec<_> = there.iter().filter(same).chain(bundled).collect();
    if versions.is_empty() {
        let siblings: Vec<_> = there.iter().filter(|other| other.namespace == name.namespace).collect();
        let names: Vec<_> = siblings.iter().map(|other| other.name.clone()).collect();
        let near = nearest(&name.name, &names).and_then(|near| siblings.iter().find(|other| other.name == *near));
        let near = near.map(|near| format!("did you mean `{near}`?"));
        return told.helps(near).help("put the package into the `deps/` folder beside this WIT");
    }
    // The newest that may stand in for what was asked; for a name without a version there is none that may.
    let track = |version: &semver::Version| PackageName::version_compat_track(version).0;
    let asked = name.version.as_ref().map(track);
    let newest = match versions.as_slice() {
        [only] => Some(only),
        _ => versions.iter().filter(|v| asked.is_some() && v.version.as_ref().map(track) == asked).max(),
    };
    let names: Vec<_> = versions.iter().map(|version| version.to_string()).collect();
    let told = told.because(format!("there is {}", list(&names, "and")));
    match newest {
        Some(newest) => {
            told.help(format!("write `{newest}`, or put the package into the `deps/` folder beside this WIT"))
        }
        None => told.help("write one of these versions, or put the package into the `deps/` folder beside this WIT"),
    }
}

/// "did you mean", where something is near, and all that there is.
fn suggestions(asked: &str, there: &[String], intro: &str) -> Vec<String> {
    let near = nearest(asked, there).map(|near| format!("did you mean `{near}`?"));
    let all = match there {
        [] => format!("{intro} none"),
        there => format!("{intro} {}", list(there, "and")),
    };
    near.into_iter().chain([all]).collect()
}

fn nearest<'a>(asked: &str, there: &'a [String]) -> Option<&'a String> {
    const NEAR: f64 = 0.75;
    let score = |name: &String| strsim::jaro_winkler(asked, name);
    there.iter().filter(|name| score(name) >= NEAR).max_by(|a, b| score(a).total_cmp(&score(b)))
}

/// "`a`, `b` and `c`", at most eight of them.
fn list(names: &[String], last: &str) -> String {
    const SHOWN: usize = 8;
    let quoted: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        return format!("{} {last} {} more", quoted.join(", "), names.len() - SHOWN);
    }
    match quoted.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

fn named(name: Option<&str>) -> String {
    name.map_or_else(|| "a type".to_owned(), |name| format!("the type `{name}`"))
}

fn needed_by(component: Option<&str>) -> String {
    component.map_or_else(String::new, |name| format!(", which `{name}` needs"))
}

fn on(component: Option<&str>) -> String {
    component.map_or_else(String::new, |name| format!(" on `{name}`"))
}

/// A message's first line, and the rest of it.
fn split(message: &str) -> (&str, Vec<&str>) {
    let mut lines = message.lines();
    (lines.next().unwrap_or_default(), lines.map(str::trim).filter(|line| !line.is_empty()).collect())
}
