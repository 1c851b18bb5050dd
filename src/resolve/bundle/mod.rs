//! The WASI packages that Mosaic carries, so that resolving needs no network.
//!
//! `wit/bundled/` holds their published texts, unchanged, and `origins.toml` where each comes from; `cargo xtask wit`
//! writes both and the table here. A test holds the three against each other.
//!
//! Not every version is carried. One that is not is *derived* from the nearest later one of its semver track: every item
//! of WASI says `@since` which version it is there, so leaving out what is newer gives that version's interfaces. The
//! gate is specified in the component model's `WIT.md`, "Feature gates". Tests derive each carried version from each
//! later one and compare; 0.2.0 itself is always carried, for `wasi:http` put the new name `field-name` into functions
//! of 0.2.0 without a gate. A version later than all that are carried is refused: what it holds is not known here.
//! Pre-releases make no promise, so they match only themselves.
//!
//! Drafts are often named without their version (`wasi:logging/logging`). What that means is one table, [`draft`]; no
//! other unversioned WASI name means anything.

use semver::Version;
use wit_parser::{PackageName, SourceMap, Stability, UnresolvedPackage, UnresolvedPackageGroup, WorldItem};

mod table;

/// One package as published.
#[derive(Debug)]
struct Bundled {
    /// Without its namespace, which is `wasi`.
    name: &'static str,
    version: &'static str,
    origin: Origin,
    /// (path below `wit/bundled`, text).
    files: &'static [(&'static str, &'static str)],
}

/// The published crate that a package was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Origin {
    name: &'static str,
    version: &'static str,
}

/// A package of the bundle, ready to be pushed into a `Resolve`.
pub(super) struct Found {
    pub group: UnresolvedPackageGroup,
    /// The crate that carried it, `name version`.
    pub origin: String,
    /// The carried version it was derived from, unless it is that version itself.
    pub derived_from: Option<Version>,
}

/// The drafts that the host offers, each under the one version it offers.
const DRAFTS: &[(&str, &str)] =
    &[("blobstore", "0.2.0-draft"), ("config", "0.2.0-rc.1"), ("keyvalue", "0.2.0-draft"), ("logging", "0.1.0-draft")];

/// What an unversioned name of a WASI draft means; `None` for every other name.
pub(super) fn draft(name: &PackageName) -> Option<PackageName> {
    if name.namespace != "wasi" || name.version.is_some() {
        return None;
    }
    let (_, version) = DRAFTS.iter().find(|(draft, _)| *draft == name.name)?;
    Some(PackageName { version: Version::parse(version).ok(), ..name.clone() })
}

/// The versions of a package that are carried, in ascending order; empty for a name not carried.
pub(super) fn versions(name: &PackageName) -> Vec<PackageName> {
    carried(name).into_iter().map(|(version, _)| PackageName { version: Some(version), ..name.clone() }).collect()
}

/// How much of a package is needed. A world of WASI names packages that none of the interfaces beside it needs, so
/// whoever does without worlds reads far less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    Interfaces,
    /// Its worlds as well.
    Whole,
}

/// Finds a package by its name with its version.
pub(super) fn find(name: &PackageName, extent: Extent) -> Option<Found> {
    let asked = name.version.as_ref()?;
    let carried = carried(name);
    let exact = carried.iter().find(|(version, _)| version == asked);
    let (version, bundled) = exact.or_else(|| carried.iter().find(|(version, _)| derivable(asked, version)))?;

    let mut group = parse(bundled, extent);
    let derived_from = (version != asked).then(|| version.clone());
    if derived_from.is_some() {
        as_of(&mut group.main, asked);
    }
    Some(Found { group, origin: format!("{} {}", bundled.origin.name, bundled.origin.version), derived_from })
}

/// Whether `asked` is what `version` was earlier: the same semver track, and no promise broken by a pre-release.
fn derivable(asked: &Version, version: &Version) -> bool {
    let track = |v: &Version| if v.major == 0 { (0, v.minor) } else { (v.major, 0) };
    asked.pre.is_empty()
        && version.pre.is_empty()
        && (asked.major, asked.minor) != (0, 0)
        && track(asked) == track(version)
        && asked < version
}

/// The carried packages of a name, in ascending order of version.
fn carried(name: &PackageName) -> Vec<(Version, &'static Bundled)> {
    if name.namespace != "wasi" {
        return Vec::new();
    }
    let mut carried: Vec<_> = table::TABLE
        .iter()
        .filter(|bundled| bundled.name == name.name)
        .filter_map(|bundled| Some((Version::parse(bundled.version).ok()?, bundled)))
        .collect();
    carried.sort_by(|(a, _), (b, _)| a.cmp(b));
    carried
}

fn parse(bundled: &Bundled, extent: Extent) -> UnresolvedPackageGroup {
    let mut map = SourceMap::new();
    for (path, text) in bundled.files {
        let text = match extent {
            Extent::Interfaces => without_worlds(text),
            Extent::Whole => (*text).to_owned(),
        };
        map.push_str(&format!("bundled {path}"), text);
    }
    // The texts are constants of this program, and a test parses each.
    map.parse().unwrap_or_else(|(map, e)| unreachable!("bundled WIT does not parse: {}", e.render(&map)))
}

/// A text of the bundle less its worlds. All are laid out alike, which a test holds: an item starts and ends at the
/// beginning of a line, and what is said of it stands right above.
fn without_worlds(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    // Where what is said of the next item begins.
    let mut above = 0;
    let mut in_world = false;
    for line in text.split_inclusive('\n') {
        if in_world {
            in_world = !line.starts_with('}');
            continue;
        }
        if line.starts_with("world ") {
            kept.truncate(above);
            in_world = !line.trim_end().ends_with('}');
            continue;
        }
        kept.push_str(line);
        if !line.starts_with("//") && !line.starts_with('@') {
            above = kept.len();
        }
    }
    kept
}

/// Turns a package into what it was at an earlier version.
///
/// Items newer than that become `@unstable`, which wit-parser then leaves out with all that belongs to them. WASI's
/// packages are published together under one version, so a package's own dependencies go back with it.
fn as_of(package: &mut UnresolvedPackage, version: &Version) {
    let from = package.name.version.replace(version.clone());
    package.foreign_deps = std::mem::take(&mut package.foreign_deps)
        .into_iter()
        .map(|(mut name, items)| {
            if name.namespace == package.name.namespace && name.version == from {
                name.version = Some(version.clone());
            }
            (name, items)
        })
        .collect();

    let gate = |stability: &mut Stability| {
        if matches!(stability, Stability::Stable { since, .. } if *since > *version) {
            *stability = Stability::Unstable { feature: "newer".to_owned(), deprecated: None };
        }
        // A deprecation that came later had not been said yet.
        if let Stability::Stable { deprecated, .. } = stability
            && deprecated.as_ref().is_some_and(|since| since > version)
        {
            *deprecated = None;
        }
    };
    package
        .foreign_deps
        .values_mut()
        .flat_map(|items| items.values_mut())
        .for_each(|(_, s)| s.iter_mut().for_each(gate));
    package.types.iter_mut().for_each(|(_, ty)| gate(&mut ty.stability));
    for (_, interface) in package.interfaces.iter_mut() {
        gate(&mut interface.stability);
        interface.functions.values_mut().for_each(|function| gate(&mut function.stability));
    }
    for (_, world) in package.worlds.iter_mut() {
        gate(&mut world.stability);
        world.includes.iter_mut().for_each(|include| gate(&mut include.stability));
        for item in world.imports.values_mut().chain(world.exports.values_mut()) {
            match item {
                WorldItem::Interface { stability, .. } => gate(stability),
                WorldItem::Function(function) => gate(&mut function.stability),
                // Its stability is the type's own.
                WorldItem::Type { .. } => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
