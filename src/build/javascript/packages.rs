//! Which packages of `node_modules` the program's modules are from, and what carries the program.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::COMPONENTIZE_QJS;
use crate::packages::{Ecosystem, Package, is_licence, section};

/// The version of QuickJS (the one of the `quickjs-ng` project) that componentize-qjs compiles in: that of its crate
/// `rquickjs-sys`, whose sources hold it. A test holds the two against each other.
const QUICKJS: &str = "0.15.0";

/// Adds the packages that the files are from to the component.
pub fn record(files: &[PathBuf], component: &mut Vec<u8>) {
    let folders: BTreeSet<PathBuf> = files.iter().filter_map(|file| folder(file)).collect();
    let mut packages: Vec<Package> = folders.iter().filter_map(|folder| package(folder)).collect();
    let quickjs = Package::new(Ecosystem::Generic, "quickjs-ng", QUICKJS).as_runtime();
    packages.push(Package { licence: Some("MIT".to_owned()), ..quickjs });
    packages.push(Package::new(Ecosystem::Cargo, "componentize-qjs", COMPONENTIZE_QJS).as_runtime());
    section::append(component, section::NAME, &section::encode(packages));
}

/// The folder of the package that a file below the innermost `node_modules` is from.
fn folder(file: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = file.iter().collect();
    let at = parts.iter().rposition(|part| *part == "node_modules")?;
    let words = if parts.get(at + 1)?.to_string_lossy().starts_with('@') { 2 } else { 1 };
    (parts.len() > at + 1 + words).then(|| parts[..=at + words].iter().collect())
}

#[derive(Debug, Deserialize)]
struct PackageJson {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    license: serde_json::Value,
}

fn package(folder: &Path) -> Option<Package> {
    let described: PackageJson = serde_json::from_slice(&std::fs::read(folder.join("package.json")).ok()?).ok()?;
    let licence = described.license.as_str().filter(|licence| is_licence(licence)).map(str::to_owned);
    Some(Package { licence, ..Package::new(Ecosystem::Npm, described.name, described.version) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::auditable;

    #[test]
    fn the_engine_is_of_the_version_that_is_told() {
        let engine = componentize_qjs::opt_size_sync_runtime_wasm();
        let section = wasmparser::Parser::new(0).parse_all(engine).find_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CustomSection(custom) if custom.name() == auditable::NAME => Some(custom.data()),
            _ => None,
        });
        let crates = auditable::decode(section.expect("the engine lists its crates")).unwrap();
        let crates = auditable::packages(&crates);
        let (sys, _) = crates.iter().find(|(package, _)| package.name == "rquickjs-sys").unwrap();
        assert_eq!((sys.version.as_deref(), QUICKJS), (Some("0.12.0"), "0.15.0"), "look into the sources of the other");
    }

    #[test]
    fn packages_are_those_whose_files_were_read() {
        let root = tempfile::tempdir().unwrap();
        let modules = root.path().join("node_modules");
        let described = [
            ("@acme/shapes", r#"{"name":"@acme/shapes","version":"1.2.0","license":"MIT"}"#),
            ("@acme/shapes/node_modules/inner", r#"{"name":"inner","version":"3.0.0","license":{"type":"MIT"}}"#),
            ("unused", r#"{"name":"unused","version":"1.0.0"}"#),
        ];
        for (name, json) in described {
            std::fs::create_dir_all(modules.join(name)).unwrap();
            std::fs::write(modules.join(name).join("package.json"), json).unwrap();
        }
        let files = [
            root.path().join("index.js"),
            modules.join("@acme/shapes/lib/index.js"),
            modules.join("@acme/shapes/lib/more.js"),
            modules.join("@acme/shapes/node_modules/inner/index.js"),
        ];
        let mut component = wat::parse_str("(component)").unwrap();
        record(&files, &mut component);
        let text = String::from_utf8_lossy(&component);
        assert!(
            text.contains(r#"{"ecosystem":"npm","name":"@acme/shapes","version":"1.2.0","licence":"MIT"}"#),
            "{text}"
        );
        assert!(text.contains(r#"{"ecosystem":"npm","name":"inner","version":"3.0.0"}"#), "{text}");
        assert_eq!(text.matches(r#""npm""#).count(), 2);
    }
}
