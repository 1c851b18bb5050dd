//! Which crates went into a component: cargo's messages name everything it compiled for it, `Cargo.lock` says which
//! needs which. No other process is started and nothing is resolved again.
//!
//! Written as cargo-auditable writes it (`.dep-v0`), and, for the licences, in Mosaic's own section.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use auditable_serde::{DependencyKind, Source, VersionInfo};
use semver::Version;
use toml::{Table, Value};

use super::manifest;
use crate::{
    build::backend::Unit,
    packages::{Package, auditable, is_licence, section},
};

/// A crate that cargo compiled, as one of its messages tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Compiled {
    /// Cargo's package id.
    pub id: String,
    pub manifest: PathBuf,
    /// For the component, rather than for this machine (build scripts, macros and what they need).
    pub inside: bool,
}

/// Adds what is known of the crates to the component.
pub fn record(unit: &Unit, compiled: &[Compiled], component: &mut Vec<u8>) -> std::io::Result<()> {
    let lock = unit.source.ancestors().map(|folder| folder.join("Cargo.lock")).find(|path| path.is_file());
    let lock = lock.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let own = unit.source.join("Cargo.toml");
    let (crates, licences) = crates(compiled, &own, &lock);
    let known = auditable::packages(&crates).into_iter().zip(licences);
    let packages: Vec<Package> =
        known.filter_map(|((package, _), licence)| Some(Package { licence: Some(licence?), ..package })).collect();
    section::append(component, auditable::NAME, &auditable::encode(&crates)?);
    section::append(component, section::NAME, &section::encode(packages));
    Ok(())
}

/// One crate while the list is made.
struct Crate {
    source: Source,
    inside: bool,
    manifest: PathBuf,
}

/// The crates in order, each with its licence.
fn crates(compiled: &[Compiled], own: &Path, lock: &str) -> (VersionInfo, Vec<Option<String>>) {
    let mut found: BTreeMap<(String, Version), Crate> = BTreeMap::new();
    for compiled in compiled {
        let Some((name, version, source)) = id(&compiled.id) else { continue };
        let known = found.entry((name, version)).or_insert_with(|| Crate {
            source,
            inside: false,
            manifest: compiled.manifest.clone(),
        });
        known.inside |= compiled.inside;
    }
    let places: BTreeMap<(String, String), usize> =
        (0..).zip(found.keys()).map(|(at, (name, version))| ((name.clone(), version.to_string()), at)).collect();
    let needs = needs(lock, &places);
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let own = canonical(own);
    let package = |(at, ((name, version), it)): (usize, (&(String, Version), &Crate))| auditable_serde::Package {
        name: name.clone(),
        version: version.clone(),
        source: it.source.clone(),
        kind: if it.inside { DependencyKind::Runtime } else { DependencyKind::Build },
        dependencies: needs.get(&at).into_iter().flatten().copied().collect(),
        root: canonical(&it.manifest) == own,
    };
    let mut crates = VersionInfo { packages: (0..).zip(&found).map(package).collect(), format: 1 };
    // Crates of a workspace may need each other for their tests: such a circle is no list that others read.
    if serde_json::to_vec(&crates).and_then(|json| serde_json::from_slice::<VersionInfo>(&json)).is_err() {
        crates.packages.iter_mut().for_each(|package| package.dependencies.clear());
    }
    let licences = found.values().map(|it| licence(&it.manifest)).collect();
    (crates, licences)
}

/// What cargo's package id says: `registry+https://…#serde@1.0.0`, `path+file:///app/gateway#0.1.0`.
fn id(id: &str) -> Option<(String, Version, Source)> {
    let (place, rest) = id.split_once('#')?;
    let (name, version) = match rest.rsplit_once('@') {
        Some(found) => found,
        None => (place.split('?').next()?.trim_end_matches('/').rsplit('/').next()?.trim_end_matches(".git"), rest),
    };
    let source = match place.split_once('+') {
        Some(("registry", "https://github.com/rust-lang/crates.io-index"))
        | Some(("sparse", "https://index.crates.io/")) => Source::CratesIo,
        Some(("registry" | "sparse", _)) => Source::Registry,
        Some(("git", _)) => Source::Git,
        _ => Source::Local,
    };
    Some((name.to_owned(), Version::parse(version).ok()?, source))
}

/// By the places of two crates, what a `Cargo.lock` says the first needs.
fn needs(lock: &str, places: &BTreeMap<(String, String), usize>) -> BTreeMap<usize, BTreeSet<usize>> {
    let lock: Table = lock.parse().unwrap_or_default();
    let locked = lock.get("package").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |package: &Value, key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut needs: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for package in locked {
        let (Some(name), Some(version)) = (text(package, "name"), text(package, "version")) else { continue };
        let Some(&of) = places.get(&(name, version)) else { continue };
        for needed in package.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            // `serde`, or with its version where there are several, or with its source as well.
            let mut words = needed.as_str().unwrap_or_default().split(' ');
            let (name, version) = (words.next().unwrap_or_default(), words.next());
            let place = match version {
                Some(version) => places.get(&(name.to_owned(), version.to_owned())).copied(),
                None => places
                    .range((name.to_owned(), String::new())..)
                    .next()
                    .filter(|((it, _), _)| it == name)
                    .map(|it| *it.1),
            };
            needs.entry(of).or_default().extend(place);
        }
    }
    needs
}

/// `license` of a manifest.
fn licence(manifest: &Path) -> Option<String> {
    let manifest = manifest::read(manifest)?;
    // Old manifests have a slash for `OR`.
    let licence = manifest.get("package")?.get("license")?.as_str()?.replace('/', " OR ");
    is_licence(&licence).then_some(licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_cargo_are_understood() {
        let read = |text| id(text).map(|(name, version, source)| (name, version.to_string(), source));
        let found = |name: &str, version: &str, source| Some((name.to_owned(), version.to_owned(), source));
        assert_eq!(
            read("registry+https://github.com/rust-lang/crates.io-index#serde@1.0.0"),
            found("serde", "1.0.0", Source::CratesIo)
        );
        assert_eq!(read("path+file:///app/gateway#0.1.0"), found("gateway", "0.1.0", Source::Local));
        assert_eq!(read("path+file:///app/.mosaic/bindings#made@0.0.0"), found("made", "0.0.0", Source::Local));
        assert_eq!(read("git+https://example.com/it.git?rev=1#0.2.0"), found("it", "0.2.0", Source::Git));
        assert_eq!(read("sparse+https://example.com/#it@0.2.0"), found("it", "0.2.0", Source::Registry));
        assert_eq!(read("nothing"), None);
    }

    #[test]
    fn crates_are_those_compiled_and_need_what_the_lock_says() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("Cargo.toml");
        std::fs::write(&own, "[package]\nname = \"shop\"\nlicense = \"MIT/Apache-2.0\"\n").unwrap();
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        let compiled = |id: String, inside| Compiled { id, manifest: folder.path().join("none"), inside };
        let all = [
            compiled(format!("{registry}#serde@1.0.0"), true),
            compiled(format!("{registry}#serde@1.0.0"), false),
            compiled(format!("{registry}#syn@2.0.0"), false),
            compiled(format!("{registry}#syn@1.0.0"), false),
            Compiled { manifest: own.clone(), ..compiled("path+file:///shop#0.1.0".into(), true) },
        ];
        let lock = r#"
            [[package]]
            name = "shop"
            version = "0.1.0"
            dependencies = ["serde", "syn 2.0.0", "only-in-tests"]
            [[package]]
            name = "serde"
            version = "1.0.0"
            dependencies = ["syn 1.0.0 (registry+https://example.com)"]
        "#;
        let (found, licences) = crates(&all, &own, lock);
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "packages": [
                { "name": "serde", "version": "1.0.0", "source": "crates.io", "dependencies": [2] },
                { "name": "shop", "version": "0.1.0", "source": "local", "dependencies": [0, 3], "root": true },
                { "name": "syn", "version": "1.0.0", "source": "crates.io", "kind": "build" },
                { "name": "syn", "version": "2.0.0", "source": "crates.io", "kind": "build" },
            ], "format": 1 })
        );
        assert_eq!(licences, [None, Some("MIT OR Apache-2.0".into()), None, None]);

        let circle = format!("{lock}\n[[package]]\nname = \"syn\"\nversion = \"2.0.0\"\ndependencies = [\"shop\"]\n");
        let (found, _) = crates(&all, &own, &circle);
        assert!(found.packages.iter().all(|package| package.dependencies.is_empty()));
    }
}
