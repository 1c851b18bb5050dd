//! The bindings crate: `wit-bindgen-rust` used as a library.
//!
//! The crate is ordinary source that the editor reads and cargo compiles once per change of the WIT: `lib.rs` and a
//! `Cargo.toml` that needs the runtime half of `wit-bindgen` alone, without its macro and what that brings along. Its
//! version holds the component's name: crates of one name, version and place in their workspace are one to cargo, and
//! parts share a target folder.

use wit_bindgen_core::{Files, WorldGenerator};
use wit_parser::{Resolve, TypeDefKind};

use crate::{build::backend::Unit, diagnostic::Problem};

/// The generator's version, and the least version of its runtime that the generated code works with.
pub const VERSION: &str = "0.63.0";

/// The crate's files: name and text. `package` is what the user's `Cargo.toml` calls it.
pub fn files(unit: &Unit, package: &str) -> Result<[(&'static str, String); 2], Problem> {
    Ok([("Cargo.toml", cargo_toml(unit, package)), ("lib.rs", lib_rs(unit)?)])
}

fn cargo_toml(unit: &Unit, package: &str) -> String {
    let features: Vec<String> = features(&unit.part.resolve).iter().map(|name| format!("{name:?}")).collect();
    format!(
        r#"# Written by `cargo mosaic bindings` from the WIT of `{component}`: what is changed here is lost.
[package]
name = "{package}"
version = "0.0.0+{component}"
edition = "2021"
publish = false
description = "Bindings of component {component}, world {world}"

[lib]
name = "bindings"
path = "lib.rs"
test = false
doctest = false

[dependencies]
wit-bindgen = {{ version = "{VERSION}", default-features = false, features = [{features}] }}
"#,
        component = unit.part.name,
        world = unit.world,
        features = features.join(", "),
    )
}

/// What the generated code needs of the runtime; each has its cost in the guest's first build.
fn features(resolve: &Resolve) -> Vec<&'static str> {
    let kinds = || resolve.types.iter().map(|(_, ty)| &ty.kind);
    let mut interfaces = resolve.interfaces.iter().flat_map(|(_, interface)| interface.functions.values());
    let mut features = vec!["std"];
    if kinds().any(|kind| matches!(kind, TypeDefKind::Flags(_))) {
        features.push("bitflags");
    }
    let worlds = resolve.worlds.iter().flat_map(|(_, world)| world.imports.values().chain(world.exports.values()));
    let mut free = worlds.filter_map(|item| match item {
        wit_parser::WorldItem::Function(function) => Some(function),
        _ => None,
    });
    if kinds().any(|kind| matches!(kind, TypeDefKind::Future(_) | TypeDefKind::Stream(_)))
        || interfaces.any(|function| function.kind.is_async())
        || free.any(|function| function.kind.is_async())
    {
        features.push("async");
    }
    features
}

fn lib_rs(unit: &Unit) -> Result<String, Problem> {
    let options = wit_bindgen_rust::Opts {
        format: true,
        generate_all: true,
        pub_export_macro: true,
        default_bindings_module: Some("bindings".into()),
        ..Default::default()
    };
    let failed = |words: String| {
        Problem::error("build::rust-bindings", format!("could not generate Rust bindings for `{}`", unit.part.name))
            .because(words)
    };
    let mut files = Files::default();
    let mut resolve = (*unit.part.resolve).clone();
    let generated = options.build().generate(&mut resolve, unit.part.world, &mut files);
    generated.map_err(|error| failed(format!("{error:#}")))?;
    let (_, source) = files.iter().next().ok_or_else(|| failed("the generator wrote nothing".into()))?;
    let source = std::str::from_utf8(source).map_err(|error| failed(error.to_string()))?;
    Ok(format!("{}#![allow(warnings)]\n\n{source}", docs(unit)))
}

/// The crate's own documentation: what to implement and how to export it.
fn docs(unit: &Unit) -> String {
    let world = &unit.part.resolve.worlds[unit.part.world];
    let mut docs = format!("//! Bindings of component `{}`, world `{}`.\n", unit.part.name, unit.world);
    if world.exports.is_empty() {
        docs.push_str("//!\n//! The world exports nothing: there is nothing to implement.\n");
        return docs;
    }
    docs.push_str(
        "//!\n//! Implement the `Guest` traits of what the world exports on a type of yours, and export that type:\n\
         //! ```ignore\n//! struct Component;\n//! bindings::export!(Component with_types_in bindings);\n//! ```\n\
         //! The world exports\n",
    );
    for key in world.exports.keys() {
        docs.push_str(&format!("//! - `{}`\n", unit.part.resolve.name_world_key(key)));
    }
    docs
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;
    use crate::plan::fingerprint::tests::unit;

    fn part(wit: &str) -> Unit {
        let mut unit = unit(Path::new("/app"), "part");
        let mut resolve = Resolve::default();
        let package = resolve.push_str("part.wit", wit).unwrap();
        unit.part.world = resolve.select_world(&[package], None).unwrap();
        unit.part.resolve = Arc::new(resolve);
        unit.world = "a:b/part".into();
        unit
    }

    fn generated(wit: &str) -> (String, String) {
        let [(_, manifest), (_, lib)] = files(&part(wit), "part-bindings").unwrap();
        (manifest, lib)
    }

    #[test]
    fn the_runtime_is_of_the_generators_version() {
        let (manifest, lib) = generated("package a:b; world part { export f: func(); }");
        assert!(lib.contains(&format!("`wit-bindgen` {VERSION}.")), "{lib}");
        assert!(manifest.contains(&format!(
            "wit-bindgen = {{ version = \"{VERSION}\", default-features = false, features = [\"std\"] }}"
        )));
        assert!(manifest.contains("name = \"part-bindings\""));
    }

    #[test]
    fn features_are_those_the_wit_asks_for() {
        let (flags, _) = generated("package a:b; world part { flags x { a, b } import f: func(x: x); }");
        assert!(flags.contains("[\"std\", \"bitflags\"]"), "{flags}");
        let (later, _) = generated("package a:b; world part { import f: async func(); }");
        assert!(later.contains("[\"std\", \"async\"]"), "{later}");
    }

    #[test]
    fn the_macro_can_be_used_from_the_users_crate() {
        let (_, lib) = generated("package a:b; interface i { f: func(); } world part { export i; }");
        assert!(lib.contains("#[macro_export]") && lib.contains("pub use __export_part_impl as export;"), "{lib}");
        assert!(lib.contains("//! - `a:b/i`"));
    }
}
