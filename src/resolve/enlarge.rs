//! A world with more imports than its author wrote: what a language's runtime needs of WASI 0.2 and no user names.

use std::sync::Arc;

use wit_parser::{CloneMaps, Interface, PackageName, Resolve, Span, WorldId};

use super::{
    Part, bundle,
    error::{Error, Failure, Kind},
    limits,
    read::{Source, Tree},
    subset,
    universe::Universe,
};
use crate::diagnostic::SourceFile;

/// A part's WIT subset with more imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enlarged {
    /// As [`super::ResolvedComponent::wit`].
    pub wit: String,
    /// Full names of the imports asked for, in that order.
    pub imports: Vec<String>,
}

/// The subset of a part's world with further imports: `interfaces` of the package `wasi:<package>` that Mosaic carries.
///
/// They come in the version that the part's WIT has of that package, if it has one of 0.2, so that no second copy of
/// the same types comes in; else, or where the part's copy of the package is another than WASI's, in the newest version
/// of 0.2 that goes with it.
///
/// # Errors
/// Why the newest version does not go with the part's WIT.
pub fn enlarged(part: &Part, package: &str, interfaces: &[&str]) -> Result<Enlarged, Error> {
    let name = PackageName { namespace: "wasi".into(), name: package.into(), version: None };
    let in_use = part.resolve.packages.iter().map(|(_, package)| &package.name);
    let in_use = in_use.filter(|used| used.namespace == name.namespace && used.name == name.name).cloned();
    let mut versions: Vec<_> = in_use.chain(bundle::versions(&name).into_iter().rev()).collect();
    versions.retain(|name| name.version.as_ref().is_some_and(|v| (v.major, v.minor) == (0, 2) && v.pre.is_empty()));

    let mut failure = Kind::UnknownPackage { name, there: Vec::new(), bundled: Vec::new() };
    for version in versions {
        let imports: Vec<_> = interfaces.iter().map(|interface| version.interface_id(interface)).collect();
        match limits::guarded(|| with(&part.resolve, part.world, &imports)).and_then(|printed| printed) {
            Ok(wit) => return Ok(Enlarged { wit, imports }),
            Err(kind) => failure = kind,
        }
    }
    Err(Failure::new(failure).of(&part.name).into())
}

fn with(resolve: &Resolve, world: WorldId, imports: &[String]) -> Result<String, Kind> {
    let rejected = |error: anyhow::Error| Kind::Rejected { message: format!("{error:#}") };
    let items: String = imports.iter().map(|import| format!(" import {import};")).collect();
    let text = SourceFile {
        name: "runtime.wit".to_owned(),
        text: format!("package mosaic:runtime; world runtime {{{items} }}"),
    };
    let tree = Tree { main: Some(Source::Text(vec![Arc::new(text)])), deps: Vec::new() };
    let more = Universe::load(tree, Vec::new()).map_err(|mut failures| failures.swap_remove(0).kind)?;
    let unknown = || Kind::NoWorld { elsewhere: Vec::new() };
    let from = more.main.and_then(|main| more.resolve.packages[main].worlds.values().next().copied());

    // Merging makes one interface of two that contradict each other in nothing; here it must be the same one.
    let other = |id| {
        let name = more.resolve.id_of(id);
        let theirs = resolve.interfaces.iter().find(|(theirs, _)| name.is_some() && resolve.id_of(*theirs) == name);
        let ours = &more.resolve.interfaces[id];
        let differs = |theirs: &Interface| {
            !ours.functions.keys().eq(theirs.functions.keys()) || !ours.types.keys().eq(theirs.types.keys())
        };
        theirs.filter(|(_, theirs)| differs(theirs)).and(name)
    };
    if let Some(name) = more.resolve.interfaces.iter().find_map(|(id, _)| other(id)) {
        return Err(Kind::Rejected { message: format!("`{name}` is not the one that WASI has") });
    }

    let mut resolve = resolve.clone();
    let remap = resolve.merge(Resolve::clone(&more.resolve)).map_err(rejected)?;
    let from = remap.map_world(from.ok_or_else(unknown)?, Span::default()).map_err(|error| rejected(error.into()))?;
    resolve.merge_worlds(from, world, &mut CloneMaps::default()).map_err(rejected)?;
    subset::print(&resolve, world).map(|subset| subset.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(wit: &str) -> Part {
        let source = SourceFile { name: "part.wit".into(), text: wit.into() };
        let tree = Tree { main: Some(Source::Text(vec![Arc::new(source)])), deps: Vec::new() };
        let universe = Universe::load(tree, Vec::new()).unwrap();
        let world = universe.resolve.packages[universe.main.unwrap()].worlds["w"];
        Part { name: "part".into(), language: None, resolve: universe.resolve, world }
    }

    /// The version that came in, and the imports of the world as printed.
    fn imports(wit: &str) -> (String, Vec<String>) {
        let enlarged = enlarged(&part(wit), "cli", &["stdout", "stderr"]).unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("unit.wit", &enlarged.wit).unwrap();
        let world = &resolve.worlds[resolve.packages[package].worlds["w"]];
        (enlarged.imports[0].clone(), world.imports.keys().map(|key| resolve.name_world_key(key)).collect())
    }

    #[test]
    fn imports_come_in_the_version_in_use() {
        let (stdout, all) = imports("package a:b; world w { export wasi:cli/run@0.2.6; export f: func(); }");
        assert_eq!(stdout, "wasi:cli/stdout@0.2.6");
        assert_eq!(
            all,
            ["wasi:io/error@0.2.6", "wasi:io/poll@0.2.6", "wasi:io/streams@0.2.6", &stdout, "wasi:cli/stderr@0.2.6"]
        );
        // Derived from a later one, and there already.
        let (stdout, all) = imports("package a:b; world w { import wasi:cli/stdout@0.2.3; }");
        assert_eq!(stdout, "wasi:cli/stdout@0.2.3");
        assert!(all.iter().all(|name| name.ends_with("@0.2.3")), "{all:?}");
        assert_eq!(all.len(), 5, "{all:?}");
    }

    #[test]
    fn without_wasi_of_its_own_the_newest_comes_in() {
        for wit in [
            "package a:b; world w { import log: func(s: string); }",
            "package a:b; world w { import wasi:cli/stdout@0.3.0; }",
            // Its own idea of that version of WASI.
            "package a:b; world w { import wasi:cli/odd@0.2.6; }
             package wasi:cli@0.2.6 { interface odd { f: func(); } interface stdout { g: func(); } }",
        ] {
            let (stdout, all) = imports(wit);
            assert_eq!(stdout, "wasi:cli/stdout@0.2.12", "{all:?}");
            assert!(all.contains(&"wasi:cli/stderr@0.2.12".to_owned()), "{all:?}");
        }
    }
}
