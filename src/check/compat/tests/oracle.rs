//! Our verdict against that of `wit_component::targets`, which lets an engine's validator decide: a component of the old
//! world, all of whose imports are used, is held against the new one. `wit_component::semver_check` does the same with a
//! component of its own, after taking all versions away; it is asked as well, and the three agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use wit_component::{semver_check, targets};
use wit_parser::{Resolve, WorldId};

use super::mutate::{Mutant, Random};
use crate::{
    check::{
        compat::{Settings, aligned, compare, diff::Pair},
        fits,
    },
    compose::fixture,
    resolve::{Part, Subject, Wit},
};

/// Whether a component of a world runs where the other is offered. Names have to be equal.
fn verdict(old: (&Arc<Resolve>, WorldId), new: (&Resolve, WorldId)) -> Result<(), String> {
    targets(new.0, new.1, &component(old), false).map_err(|error| format!("{error:#}"))
}

fn component((resolve, world): (&Arc<Resolve>, WorldId)) -> Vec<u8> {
    fixture::encoded(&Part { name: "old".to_owned(), language: None, resolve: resolve.clone(), world })
}

/// What `semver_check` says: whether a component of the old world runs where the new one is offered. `None` where it
/// cannot make the component, or its validator does not know what is in it: then it says no to a world and itself as well.
fn semver_verdict(old: (&Resolve, WorldId), new: (&Resolve, WorldId)) -> Option<Result<(), String>> {
    let mut both = old.0.clone();
    let world =
        both.merge(apart(new.0)).expect("no package is on both sides").map_world(new.1, Default::default()).ok()?;
    match semver_check(both, old.1, world) {
        Ok(()) => Some(Ok(())),
        Err(error) => {
            let said = format!("{error:#}");
            let itself = |side: (&Resolve, WorldId)| semver_check(side.0.clone(), side.1, side.1).is_ok();
            (itself(old) && itself(new)).then_some(Err(said))
        }
    }
}

/// The same WIT under versions that nothing else has: packages of one name stay apart until the oracle takes them away.
fn apart(resolve: &Resolve) -> Resolve {
    let mut resolve = resolve.clone();
    for (_, package) in resolve.packages.iter_mut() {
        let version = package.name.version.get_or_insert(semver::Version::new(0, 0, 0));
        version.major += 1_000;
    }
    resolve.package_names = resolve.packages.iter().map(|(id, package)| (package.name.clone(), id)).collect();
    resolve
}

/// The new side under the old one's versions, for all packages of one name.
fn without_versions(old: &Resolve, new: &Resolve) -> Resolve {
    let base = |resolve: &Resolve, id| crate::check::compat::diff::base(&resolve.packages[id]);
    let pairs = old.packages.iter().flat_map(|(a, _)| {
        let same = new.packages.iter().filter(move |(b, _)| base(new, *b) == base(old, a));
        same.map(move |(b, _)| Pair { old: a, new: b })
    });
    aligned(old, new, &pairs.collect::<Vec<_>>())
}

/// A version of a world, with its WIT.
type Version = (String, Arc<Resolve>, WorldId);

/// Folders `<version>/<package>` of the bundle, and of the other published versions, which `cargo xtask setup --tests`
/// fetches.
fn published() -> Vec<(String, String, PathBuf)> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo xtask setup --tests` fetches the versions that tests need", folder.display())
        });
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect()
    };
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/bundled");
    let bundled = entries(&bundle).into_iter().flat_map(|package| {
        entries(&package).into_iter().map(move |place| (name(&package), name(&place), place)).collect::<Vec<_>>()
    });
    let peers = std::env::var_os("MOSAIC_PEERS").expect("MOSAIC_PEERS: `cargo xtask test` sets it");
    let others = entries(&Path::new(&peers).join("wasi-wit")).into_iter().flat_map(|version| {
        entries(&version).into_iter().map(move |place| (name(&place), name(&version), place)).collect::<Vec<_>>()
    });
    bundled.chain(others).collect()
}

/// Every world of WASI, in each version published.
fn worlds() -> BTreeMap<String, Vec<Version>> {
    let mut found: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for (package, version, place) in published() {
        let wit = Wit::read(&place, &place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
        let Subject::Packages(own) = &wit.subject else { panic!("WIT") };
        for (name, world) in &wit.resolve.packages[own[0]].worlds {
            let versions = found.entry(format!("wasi:{package}/{name}")).or_default();
            versions.push((version.clone(), wit.resolve.clone(), *world));
        }
    }
    found
}

#[test]
fn every_pair_of_versions_of_every_published_world_of_wasi() {
    let mut seen = BTreeSet::new();
    let (mut pairs, mut said_by_semver) = (0, 0);
    let mut wrong = Vec::new();
    // Pre-releases match only themselves.
    let track = |version: &str| match version.contains('-') {
        true => version.to_owned(),
        false => version.rsplit_once('.').map_or(version, |(track, _)| track).to_owned(),
    };
    for (world, versions) in worlds() {
        for (old_version, old, a) in &versions {
            seen.insert(old_version.clone());
            let of_old = component((old, *a));
            for (new_version, new, b) in &versions {
                if old_version == new_version {
                    continue;
                }
                pairs += 1;
                // Nothing of one track fits another, for an engine; what would without the number is asked.
                let there = without_versions(old, new);
                let oracle = targets(&there, *b, &of_old, false);
                let unfit = fits::unfit((old, *a), (&there, *b));
                if oracle.is_ok() != unfit.is_empty() {
                    wrong.push(format!("{world} {old_version} -> {new_version}: {oracle:?}, ours {unfit:#?}"));
                }
                if let Some(said) = semver_verdict((old, *a), (new, *b)) {
                    said_by_semver += 1;
                    if said.is_ok() != unfit.is_empty() {
                        wrong.push(format!("{world} {old_version} -> {new_version}: {said:?}, ours {unfit:#?}"));
                    }
                }
                if track(old_version) == track(new_version) {
                    let oracle = targets(new, *b, &of_old, true);
                    let unfit = fits::unfit((old, *a), (new, *b));
                    if oracle.is_ok() != unfit.is_empty() {
                        wrong.push(format!("{world} {old_version} -> {new_version}, tracked: {oracle:?}, {unfit:#?}"));
                    }
                }
            }
        }
    }
    // Those of whole sets: what is not here, nobody has published as WIT.
    for version in ["0.2.0", "0.2.1", "0.2.2", "0.2.3", "0.2.4", "0.2.6", "0.2.9", "0.2.12", "0.3.0", "0.3.2"] {
        assert!(seen.contains(version), "{version} is not there: {seen:?}");
    }
    assert!(pairs > 1_000, "only {pairs} pairs");
    assert!(said_by_semver > pairs / 2, "{said_by_semver} of {pairs}");
    assert!(wrong.is_empty(), "{} of {pairs}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Mutants of the bundled packages: what was edited is found, and what we say is what the oracle says.
fn mutants(count: u64, first: u64) {
    let mut wrong = Vec::new();
    let originals = super::mutate::originals();
    let (mut broken, mut fitting, mut edits, mut said_by_semver) = (0, 0, 0, 0);
    for seed in first..first + count {
        let mut random = Random::new(seed);
        let Some(mutant) = Mutant::new(&originals, &mut random) else { continue };
        let (old, new) = (&mutant.old, &mutant.new);
        let compat = compare(old, new, &Settings::default()).expect("two versions");
        edits += mutant.edits.len();
        for edit in mutant.edits.iter().filter(|edit| !edit.told_by(&compat)) {
            wrong.push(format!("seed {seed}: {edit:?} is not told:\n{}", super::told(&compat)));
        }
        let (Subject::Packages(before), Subject::Packages(after)) = (&old.subject, &new.subject) else { panic!("WIT") };
        for fit in &compat.worlds {
            let name = fit.world.rsplit('/').next().unwrap_or_default();
            let a = old.resolve.packages[before[0]].worlds[name];
            let b = new.resolve.packages[after[0]].worlds[name];
            let oracle = verdict((&old.resolve, a), (&without_versions(&old.resolve, &new.resolve), b));
            broken += usize::from(oracle.is_err());
            fitting += usize::from(oracle.is_ok());
            let said = semver_verdict((&old.resolve, a), (&new.resolve, b));
            said_by_semver += usize::from(said.is_some());
            let disagrees = said.as_ref().is_some_and(|said| said.is_ok() != fit.old_on_new);
            let breaks = compat.findings.iter().any(|finding| finding.rule.breaks());
            if disagrees || oracle.is_ok() != fit.old_on_new || (oracle.is_err() && !breaks) {
                wrong.push(format!(
                    "seed {seed}: {}: oracle {oracle:?}, {said:?}, ours:\n{}\n{}",
                    fit.world,
                    super::told(&compat),
                    mutant.text
                ));
            }
        }
        if wrong.len() > 3 {
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // Enough of both kinds to mean something.
    assert!(edits > 2 * usize::try_from(count).expect("small"), "{edits} edits");
    assert!(broken > 100 && fitting > 100, "{broken} worlds broke, {fitting} did not");
    let worlds = broken + fitting;
    assert!(said_by_semver > worlds / 2, "{said_by_semver} of {worlds}");
}

#[test]
fn a_thousand_mutants() {
    mutants(1_000, 0);
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn twenty_thousand_mutants() {
    mutants(20_000, 1_000_000);
}
