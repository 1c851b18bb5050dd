//! Whether a component fits a world: everything that is missing, differs, or is there beyond it.

use wit_parser::{Resolve, WorldId};

use super::{
    Finding, Report,
    fits::{self, Port, Unfit, Why},
};
use crate::{compare::Name, diagnostic::Level, resolve::Part};

/// Holds a component against a world. `world` is what to call it in findings.
pub fn targets(part: &Part, world: &str, offered: (&Resolve, WorldId)) -> Report {
    let built = (&*part.resolve, part.world);
    let mut findings: Vec<_> =
        fits::unfit(built, offered).iter().map(|unfit| finding(&part.name, world, unfit, offered.0)).collect();
    findings.extend(fits::beyond(built, offered).into_iter().map(|name| Finding {
        rule: "check::export-beyond",
        level: Level::Warning,
        subject: part.name.clone(),
        message: format!("exports `{name}`, which `{world}` does not ask for"),
        offset: None,
        help: Vec::new(),
    }));
    Report { subject: part.name.clone(), findings }
}

fn finding(subject: &str, world: &str, unfit: &Unfit, offered: &Resolve) -> Finding {
    let name = &unfit.name;
    let (rule, message, help) = match (unfit.port, &unfit.why) {
        (Port::Import, Why::Missing) => {
            let help = other_track(name, offered).map(|there| {
                format!("the world is about `{there}`, which is of another semver track: build it for that one")
            });
            ("check::import-not-offered", format!("imports `{name}`, which `{world}` does not offer"), help)
        }
        (Port::Export, Why::Missing) => {
            let help = format!("`cargo mosaic inspect {subject}` shows what it exports");
            ("check::export-missing", format!("does not export `{name}`, which `{world}` asks for"), Some(help))
        }
        (Port::Import, Why::OtherKind) => {
            ("check::import-differs", format!("imports `{name}`, which is another thing in `{world}`"), None)
        }
        (Port::Export, Why::OtherKind) => {
            ("check::export-differs", format!("exports `{name}`, which is another thing in `{world}`"), None)
        }
        (Port::Import, Why::Differs(difference)) => {
            ("check::import-differs", format!("imports `{name}` unlike `{world}`: {difference}"), None)
        }
        (Port::Export, Why::Differs(difference)) => {
            ("check::export-differs", format!("exports `{name}` unlike `{world}`: {difference}"), None)
        }
    };
    let (subject, help) = (subject.to_owned(), help.into_iter().collect());
    Finding { rule, level: Level::Error, subject, message, offset: None, help }
}

/// The same interface in a version that does not match.
fn other_track(name: &str, offered: &Resolve) -> Option<String> {
    let wanted = Name::new(name).base;
    offered.interfaces.iter().filter_map(|(id, _)| offered.id_of(id)).find(|there| Name::new(there).base == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compose::fixture::part, resolve::Wit};

    const WORLD: &str = "package a:b@1.0.0; interface i { f: func(x: u8); g: func(); } interface j { h: func(); }
        world w { import i; export j; export run: func(); }";

    fn told(text: &str) -> Vec<String> {
        let wit = Wit::parse("w.wit", WORLD).unwrap();
        let world = wit.world(None).unwrap();
        let report = targets(&part("app", text), "a:b/w", (&wit.resolve, world));
        report.findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.message)).collect()
    }

    #[test]
    fn all_that_is_missing_differs_or_is_beyond_is_told() {
        assert_eq!(told(WORLD), [""; 0]);
        let other =
            "package a:b@1.1.0; interface i { f: func(x: u16); k: func(); } interface j { h: func(); l: func(); }
            interface more { m: func(); } world w { import i; import more; export j; export more; }";
        assert_eq!(
            told(other),
            [
                "check::import-differs: imports `a:b/i@1.1.0` unlike `a:b/w`: function `f`, parameter `x`: expected `u16`, found `u8`",
                "check::import-differs: imports `a:b/i@1.1.0` unlike `a:b/w`: function `k`: expected `k: func()`, which is missing",
                "check::import-not-offered: imports `a:b/more@1.1.0`, which `a:b/w` does not offer",
                "check::export-missing: does not export `run`, which `a:b/w` asks for",
                "check::export-beyond: exports `a:b/more@1.1.0`, which `a:b/w` does not ask for",
            ]
        );
        let track = "package a:b@2.0.0; interface i { g: func(); } world w { import i; }";
        assert!(told(track)[0].starts_with("check::import-not-offered: imports `a:b/i@2.0.0`"));
    }

    #[test]
    fn worlds_of_the_bundle_are_known_by_name() {
        let (resolve, world) = Wit::of_world("wasi:http/proxy@0.2.8").unwrap();
        assert_eq!(resolve.worlds[world].name, "proxy");
        assert!(Wit::of_world("wasi:http/nothing@0.2.8").is_err());
    }
}
