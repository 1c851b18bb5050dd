//! The version doctor: which versions of WASI the parts of an app ask for, what they merge to, and which hosts have it.
//!
//! 1. Each version of each `wasi:` package is told with the parts that import or export it.
//! 2. What is left to the host merges on its semver track: the highest version wanted is what the app asks for.
//! 3. That is held against what hosts offer ([`hosts`], a table with its sources): a package they lack, a version
//!    newer than theirs, no export that they would call, imports kept apart as only our own host can.

mod hosts;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use super::{
    graph::Graph,
    surface::{Port, Surface},
};
use crate::{compare::Name, language::Language, resolve::Part};

/// The versions in an app, and who can run it.
#[derive(Debug, Clone, Serialize)]
pub struct Versions {
    /// By name, then by track.
    pub packages: Vec<Package>,
    pub hosts: Vec<Verdict>,
}

/// One `wasi:` package on one semver track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// `wasi:cli`.
    pub name: String,
    /// What its versions share: `0.2`; a pre-release is its own, an interface without a version has none.
    pub track: Option<String>,
    /// Lowest first.
    pub versions: Vec<Version>,
    /// Whether the app asks its host for some of it; else all is met, or closed, within the app.
    pub left_to_host: bool,
    /// The version it asks for, where it has one.
    pub merged: Option<String>,
}

/// One version, and who brings it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    pub version: Option<String>,
    pub imported_by: Vec<Bringer>,
    pub exported_by: Vec<Bringer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bringer {
    pub part: String,
    pub language: Option<Language>,
}

/// What a host makes of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub host: String,
    /// Where what is known of it is from.
    pub from: String,
    pub runs: Runs,
    /// Packages with the version asked for that it does not have at all.
    pub lacks: Vec<String>,
    /// Packages of which it has an older version: the app runs if it uses nothing newer.
    pub newer: Vec<Newer>,
    /// Labels of imports that are kept apart, which no host but Mosaic's own has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    Yes,
    /// If nothing is used that is newer than what it has.
    Perhaps,
    No,
    /// It has all that is imported, but the app exports nothing that it calls: it is a library.
    NothingToCall,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Newer {
    pub package: String,
    pub asked: String,
    pub offered: String,
}

/// Looks at the versions of parts that were planned to this graph.
pub fn versions(parts: &[Part], graph: &Graph) -> Versions {
    let mut packages: BTreeMap<(String, Option<String>), BTreeMap<Option<semver::Version>, Version>> = BTreeMap::new();
    for part in parts {
        let surface = Surface::of(part);
        let bringer = Bringer { part: part.name.clone(), language: part.language };
        let mut add = |name: &str, port: &Port<'_>, side: fn(&mut Version) -> &mut Vec<Bringer>| {
            let Some((package, name)) = wasi(port.wanted(name)) else { return };
            let versions = packages.entry((package.to_owned(), name.track().map(str::to_owned))).or_default();
            let version = versions.entry(name.semver()).or_insert_with(|| Version {
                version: name.version.map(str::to_owned),
                imported_by: Vec::new(),
                exported_by: Vec::new(),
            });
            let side = side(version);
            if !side.contains(&bringer) {
                side.push(bringer.clone());
            }
        };
        surface.imports.iter().for_each(|(name, port)| add(name, port, |version| &mut version.imported_by));
        surface.exports.iter().for_each(|(name, port)| add(name, port, |version| &mut version.exported_by));
    }
    let asked = asked(graph);
    let packages = packages.into_iter().map(|(key, versions)| {
        let merged = asked.get(&key);
        let (name, track) = key.clone();
        let versions = versions.into_values().collect();
        Package { name, track, versions, left_to_host: merged.is_some(), merged: merged.cloned().flatten() }
    });
    Versions {
        packages: packages.collect(),
        hosts: hosts::all().iter().map(|host| host.verdict(graph, &asked)).collect(),
    }
}

/// The package of an interface of WASI, and its whole name.
fn wasi(interface: &str) -> Option<(&str, Name<'_>)> {
    let name = Name::new(interface);
    name.package().filter(|_| name.is_wasi()).map(|package| (package, name))
}

/// What the app asks of its host: by package and track, the highest version.
type Asked = BTreeMap<(String, Option<String>), Option<String>>;

fn asked(graph: &Graph) -> Asked {
    let mut asked = Asked::new();
    for host in &graph.host {
        let Some((package, name)) = wasi(&host.import) else { continue };
        let key = (package.to_owned(), name.track().map(str::to_owned));
        let known = asked.entry(key).or_default();
        let newer = known.as_deref().is_none_or(|known| semver::Version::parse(known).ok() < name.semver());
        if newer {
            *known = name.version.map(str::to_owned);
        }
    }
    asked
}

impl hosts::Host {
    fn verdict(&self, graph: &Graph, asked: &Asked) -> Verdict {
        let mut lacks = BTreeSet::new();
        let mut newer = Vec::new();
        for ((package, track), version) in asked {
            let offers = self.offers.get(package).into_iter().flatten();
            let shown = Name { base: package, version: version.as_deref() };
            let offered = offers.into_iter().map(|offered| Name { base: package, version: Some(offered) });
            match (offered.into_iter().find(|offered| offered.track() == track.as_deref()), shown.semver()) {
                (Some(offered), Some(version)) if offered.semver() < Some(version.clone()) => newer.push(Newer {
                    package: package.clone(),
                    asked: version.to_string(),
                    offered: offered.version.unwrap_or_default().to_owned(),
                }),
                (Some(_), _) => {}
                (None, _) => drop(lacks.insert(shown.to_string())),
            }
        }
        let called =
            |export: &str| self.calls.iter().any(|call| Name::new(call).canonical() == Name::new(export).canonical());
        let labels: Vec<String> = graph.host.iter().filter_map(|host| host.label.clone()).collect();
        let runs = match () {
            () if !lacks.is_empty() || !labels.is_empty() => Runs::No,
            () if !graph.exports.iter().any(|export| called(&export.name)) => Runs::NothingToCall,
            () if !newer.is_empty() => Runs::Perhaps,
            () => Runs::Yes,
        };
        let lacks = lacks.into_iter().collect();
        Verdict { host: self.name.clone(), from: self.from.clone(), runs, lacks, newer, labels }
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.packages.is_empty() {
            writeln!(f, "no component speaks of WASI")?;
        }
        for package in &self.packages {
            match &package.track {
                Some(track) => writeln!(f, "{} {track}", package.name)?,
                None => writeln!(f, "{} without a version", package.name)?,
            }
            for version in &package.versions {
                let said = version.version.as_deref().unwrap_or("-");
                let sides = [("imported", &version.imported_by), ("exported", &version.exported_by)];
                let sides: Vec<_> = sides.iter().filter(|(_, by)| !by.is_empty()).collect();
                let told: Vec<_> = sides.iter().map(|(word, by)| format!("{word} by {}", listed(by))).collect();
                writeln!(f, "  {said}: {}", told.join("; "))?;
            }
            match (&package.merged, &package.versions[..]) {
                (Some(merged), [_, _, ..]) => writeln!(f, "  → merged to {merged}, asked of the host")?,
                _ if package.left_to_host => writeln!(f, "  → asked of the host")?,
                _ => writeln!(f, "  → not asked of the host")?,
            }
        }
        for pair in self.packages.windows(2).filter(|pair| pair[0].name == pair[1].name) {
            let tracks = [&pair[0], &pair[1]].map(|package| package.track.as_deref().unwrap_or("none"));
            writeln!(f, "{} {} and {} never meet: nothing converts between them", pair[0].name, tracks[0], tracks[1])?;
        }
        writeln!(f, "hosts")?;
        let width = self.hosts.iter().map(|verdict| verdict.host.len()).max().unwrap_or_default();
        for verdict in &self.hosts {
            writeln!(f, "  {:width$}  {}", verdict.host, verdict.told())?;
        }
        Ok(())
    }
}

fn listed(by: &[Bringer]) -> String {
    let one = |bringer: &Bringer| match bringer.language {
        Some(language) => format!("{} ({language})", bringer.part),
        None => bringer.part.clone(),
    };
    by.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Verdict {
    fn told(&self) -> String {
        let newer = || {
            let one = |newer: &Newer| format!("{}@{} (it has {})", newer.package, newer.asked, newer.offered);
            self.newer.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        match self.runs {
            Runs::Yes => "runs it".to_owned(),
            Runs::Perhaps => format!("runs it if it uses nothing newer than the host has: {}", newer()),
            Runs::No => {
                let lacks = (!self.lacks.is_empty()).then(|| format!("lacks {}", self.lacks.join(", ")));
                let apart = (!self.labels.is_empty())
                    .then(|| "cannot tell apart what is granted to different parts".to_owned());
                format!("does not run it: {}", [lacks, apart].into_iter().flatten().collect::<Vec<_>>().join("; "))
            }
            Runs::NothingToCall => "has all it imports, but calls none of its exports".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        compose::fixture::part,
        plan::{Options, graph::Wiring, plan},
    };

    fn app(name: &str, version: &str, more: &str) -> Part {
        part(
            name,
            &format!(
                "package acme:{name}; world {name} {{ import wasi:clocks/now@{version}; {more} export {name}: func(); }}
                package wasi:clocks@{version} {{ interface now {{ now: func() -> u64; }} }}
                package wasi:cli@{version} {{ interface run {{ run: func() -> result; }} }}
                package wasi:keyvalue@0.2.0-draft {{ interface store {{ open: func(); }} }}
                package wasi:http@0.3.1 {{ interface handler {{ handle: async func(); }} }}"
            ),
        )
    }

    fn told(parts: &[Part]) -> (Versions, String) {
        let graph = plan(parts, &Wiring::default(), &Options::default()).expect("planned");
        let versions = versions(parts, &graph);
        let text = versions.to_string();
        (versions, text)
    }

    #[test]
    fn the_table_of_hosts_is_sound() {
        let names: Vec<_> = hosts::all().iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names, ["Wasmtime 48", "Wasmtime 49", "Wasmtime 50", "Spin 4.1", "wasmCloud 2.7", "jco 1.35"]);
        for host in hosts::all() {
            assert!(!host.from.is_empty() && !host.calls.is_empty(), "{}", host.name);
            for (package, versions) in &host.offers {
                assert!(package.starts_with("wasi:"), "{package}");
                for version in versions {
                    assert!(semver::Version::parse(version).is_ok(), "{package} {version}");
                }
            }
        }
    }

    #[test]
    fn versions_merge_on_their_track_and_are_held_against_hosts() {
        let one = app("one", "0.2.0", "export wasi:cli/run@0.2.0;");
        let two = app("two", "0.2.9", "import wasi:keyvalue/store@0.2.0-draft;");
        let (versions, text) = told(&[one, two]);
        assert_eq!(
            text.split("hosts").next().expect("before the hosts"),
            "wasi:cli 0.2\n  0.2.0: exported by one\n  → not asked of the host\n\
            wasi:clocks 0.2\n  0.2.0: imported by one\n  0.2.9: imported by two\n  → merged to 0.2.9, asked of the host\n\
            wasi:keyvalue 0.2.0-draft\n  0.2.0-draft: imported by two\n  → asked of the host\n"
        );
        let runs: Vec<_> = versions.hosts.iter().map(|verdict| (verdict.host.as_str(), verdict.runs)).collect();
        assert_eq!(
            runs,
            [
                ("Wasmtime 48", Runs::Yes),
                ("Wasmtime 49", Runs::Yes),
                ("Wasmtime 50", Runs::Yes),
                ("Spin 4.1", Runs::No),
                ("wasmCloud 2.7", Runs::Yes),
                ("jco 1.35", Runs::No)
            ]
        );
        assert!(text.contains("Spin 4.1       does not run it: lacks wasi:keyvalue@0.2.0-draft\n"), "{text}");
    }

    #[test]
    fn a_newer_version_may_run_and_another_track_does_not() {
        let (versions, text) = told(&[app("one", "0.2.12", "export wasi:cli/run@0.2.12;")]);
        let jco = versions.hosts.iter().find(|verdict| verdict.host.starts_with("jco")).expect("jco");
        assert_eq!(jco.runs, Runs::Perhaps);
        assert!(text.contains("nothing newer than the host has: wasi:clocks@0.2.12 (it has 0.2.3)"), "{text}");
        let (versions, _) = told(&[app("one", "0.4.0", "export wasi:cli/run@0.4.0;")]);
        assert!(versions.hosts.iter().all(|verdict| verdict.runs == Runs::No));
        let (versions, _) = told(&[app("one", "0.2.0", "")]);
        assert!(versions.hosts.iter().all(|verdict| verdict.runs == Runs::NothingToCall));
    }

    #[test]
    fn two_tracks_of_one_package_are_pointed_out() {
        let http = |name: &str, version: &str| {
            part(
                name,
                &format!(
                    "package acme:{name}; world {name} {{ export wasi:http/handler@{version}; }}
                    package wasi:http@{version} {{ interface handler {{ handle: func(); }} }}"
                ),
            )
        };
        let (_, text) = told(&[http("old", "0.2.0"), http("new", "0.3.0")]);
        assert!(text.contains("wasi:http 0.2 and 0.3 never meet: nothing converts between them\n"), "{text}");
    }
}
