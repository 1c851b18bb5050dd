//! Whether the bytes that a backend left are the component its world promises.
//!
//! 1. they are a component, and valid under the features of Mosaic's engine;
//! 2. every export of the world is there, in a version on the same track (`wasi:cli/run@0.2.0` and `@0.2.6`), and no other;
//! 3. every import is the world's or WASI's. An import that the code does not use may be absent; one of WASI that the
//!    world does not name comes from the language's runtime, and composition decides whether it is granted.
//!
//! Only names are compared: types are compared where parts meet.

use wasmparser::{Encoding, Parser, Payload};
use wit_parser::{PackageName, Resolve, WorldId, WorldKey};

use super::{backend::Unit, error::Failure};
use crate::validate;

/// What a program exports for its `main`, in any version of 0.2.
pub(super) const RUN: &str = "wasi:cli/run@0.2.0";

/// Everything that is wrong with a unit's bytes.
pub fn conform(unit: &Unit, bytes: &[u8]) -> Vec<Failure> {
    let component = || unit.part.name.clone();
    if !Parser::is_component(bytes) {
        return vec![Failure::NotAComponent { component: component() }];
    }
    let surface = match validate::validate(bytes, validate::ENGINE).and_then(|_| surface(bytes)) {
        Ok(surface) => surface,
        Err(error) => return vec![Failure::Invalid { component: component(), error }],
    };
    let world = &unit.part.resolve.worlds[unit.part.world];
    let names = |keys: &mut dyn Iterator<Item = &WorldKey>| -> Vec<String> {
        keys.map(|key| unit.part.resolve.name_world_key(key)).collect()
    };
    let (exports, imports) = (names(&mut world.exports.keys()), names(&mut world.imports.keys()));
    let missing = without(&exports, &surface.exports);
    let extra = without(&surface.exports, &exports);
    let mut failures = Vec::new();
    if !missing.is_empty() || !extra.is_empty() {
        let (language, world) = (unit.language, unit.world.clone());
        failures.push(Failure::Exports { component: component(), language, world, missing, extra });
    }
    let mut extra = without(&surface.imports, &imports);
    extra.retain(|name| !name.starts_with("wasi:"));
    if !extra.is_empty() {
        failures.push(Failure::Imports { component: component(), world: unit.world.clone(), extra });
    }
    failures
}

/// Whether a world exports an interface, in any version of the same track.
pub fn exports(resolve: &Resolve, world: WorldId, interface: &str) -> bool {
    resolve.worlds[world].exports.keys().any(|key| compatible(&resolve.name_world_key(key), interface))
}

/// Names at a component's own boundary.
struct Surface {
    imports: Vec<String>,
    exports: Vec<String>,
}

fn surface(bytes: &[u8]) -> wasmparser::Result<Surface> {
    let mut surface = Surface { imports: Vec::new(), exports: Vec::new() };
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { encoding: Encoding::Component | Encoding::Module, .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    surface.imports.push(import?.name.full_name().into_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    surface.exports.push(export?.name.full_name().into_owned());
                }
            }
            _ => {}
        }
    }
    Ok(surface)
}

/// Those of `names` that have no compatible one in `others`.
fn without(names: &[String], others: &[String]) -> Vec<String> {
    names.iter().filter(|name| !others.iter().any(|other| compatible(name, other))).cloned().collect()
}

/// Whether two names mean one thing: the same, or the same interface in versions of one track.
pub(super) fn compatible(a: &str, b: &str) -> bool {
    let track = |name: &str| -> Option<(String, semver::Version)> {
        let (interface, version) = name.rsplit_once('@')?;
        let (track, _) = PackageName::version_compat_track(&semver::Version::parse(version).ok()?);
        Some((interface.to_owned(), track))
    };
    a == b || track(a).is_some_and(|a| track(b).is_some_and(|b| a == b))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::fingerprint::tests::unit;

    #[test]
    fn versions_of_one_track_are_one_interface() {
        assert!(compatible("wasi:cli/run@0.2.0", "wasi:cli/run@0.2.6"));
        assert!(compatible("a:b/c", "a:b/c"));
        assert!(compatible("a:b/c@1.0.0", "a:b/c@1.9.3"));
        assert!(!compatible("wasi:cli/run@0.2.6", "wasi:cli/run@0.3.0"));
        assert!(!compatible("a:b/c@0.0.1", "a:b/c@0.0.2"));
        assert!(!compatible("a:b/c@1.0.0-rc.1", "a:b/c@1.0.0"));
        assert!(!compatible("a:b/c", "a:b/c@1.0.0"));
        assert!(!compatible("a:b/c", "a:b/d"));
    }

    fn part(wit: &str) -> Unit {
        let mut unit = unit(std::path::Path::new("/app"), "part");
        let mut resolve = Resolve::default();
        let package = resolve.push_str("part.wit", wit).unwrap();
        unit.part.world = resolve.select_world(&[package], None).unwrap();
        unit.part.resolve = Arc::new(resolve);
        unit
    }

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    const WORLD: &str = "package a:b; interface i { f: func(); } interface j { g: func(); }
        world part { import j; export i; }";
    const INSTANCE: &str = "(core module $m (func (export \"f\"))) (core instance $c (instantiate $m))
        (func $f (canon lift (core func $c \"f\"))) (instance $i (export \"f\" (func $f)))";

    #[test]
    fn what_the_world_says_passes() {
        let bytes = component(&format!(
            "(component (import \"wasi:x/y@0.2.0\" (instance)) {INSTANCE} (export \"a:b/i\" (instance $i)))"
        ));
        assert!(conform(&part(WORLD), &bytes).is_empty());
    }

    #[test]
    fn exports_of_inner_components_are_not_its_own() {
        let bytes = component(&format!("(component (component {INSTANCE} (export \"a:b/i\" (instance $i))))"));
        let failures = conform(&part(WORLD), &bytes);
        assert!(
            matches!(&failures[..], [Failure::Exports { missing, extra, .. }] if missing == &["a:b/i"] && extra.is_empty())
        );
    }

    #[test]
    fn every_deviation_is_told() {
        let bytes =
            component(&format!("(component (import \"a:b/k\" (instance)) {INSTANCE} (export \"init\" (instance $i)))"));
        let failures = conform(&part(WORLD), &bytes);
        assert!(matches!(
            &failures[..],
            [Failure::Exports { missing, extra, .. }, Failure::Imports { extra: imports, .. }]
                if missing == &["a:b/i"] && extra == &["init"] && imports == &["a:b/k"]
        ));
    }

    #[test]
    fn a_core_module_and_garbage_are_no_components() {
        let module = component("(module)");
        assert!(matches!(conform(&part(WORLD), &module)[..], [Failure::NotAComponent { .. }]));
        assert!(matches!(conform(&part(WORLD), b"garbage")[..], [Failure::NotAComponent { .. }]));
    }

    #[test]
    fn an_invalid_component_is_told_as_such() {
        let mut bytes = component(&format!("(component {INSTANCE} (export \"a:b/i\" (instance $i)))"));
        bytes.truncate(bytes.len() - 3);
        assert!(matches!(conform(&part(WORLD), &bytes)[..], [Failure::Invalid { .. }]));
    }
}
