use std::{collections::BTreeMap, fs, path::Path};

use sha2::{Digest, Sha256};
use wit_component::WitPrinter;
use wit_parser::{Resolve, WorldItem};

use super::*;

fn name(text: &str) -> PackageName {
    let (namespace, rest) = text.split_once(':').expect("a namespace");
    let (name, version) = match rest.split_once('@') {
        Some((name, version)) => (name, Some(Version::parse(version).expect("a version"))),
        None => (rest, None),
    };
    PackageName { namespace: namespace.to_owned(), name: name.to_owned(), version }
}

#[test]
fn origins_table_and_files_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/bundled");
    let origins: toml::Table = fs::read_to_string(folder.join("origins.toml")).unwrap().parse().unwrap();
    let mut listed = BTreeMap::new();
    for package in origins["package"].as_array().unwrap() {
        let field = |name: &str| package[name].as_str().unwrap_or_else(|| panic!("no {name} in {package}"));
        assert!(!field("licence").is_empty());
        assert_eq!(field("crate-sha256").len(), 64);
        let bundled = table::TABLE
            .iter()
            .find(|b| format!("wasi:{}", b.name) == field("name") && b.version == field("version"))
            .unwrap_or_else(|| panic!("{} is not in the table", field("name")));
        assert_eq!((bundled.origin.name, bundled.origin.version), (field("crate"), field("crate-version")));
        for (path, digest) in package["files"].as_table().unwrap() {
            assert!(bundled.files.iter().any(|(file, _)| file == path), "{path} is not in the table");
            listed.insert(path.clone(), digest.as_str().unwrap().to_owned());
        }
    }

    let embedded: BTreeMap<_, _> = table::TABLE.iter().flat_map(|bundled| bundled.files).map(|f| (f.0, f.1)).collect();
    assert_eq!(embedded.keys().copied().collect::<Vec<_>>(), listed.keys().map(String::as_str).collect::<Vec<_>>());
    for (path, text) in &embedded {
        let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, listed[*path], "{path} is not what was published");
        assert_eq!(fs::read_to_string(folder.join(path)).unwrap(), *text, "{path} is not what is embedded");
    }

    let mut on_disk = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => on_disk.push(path.strip_prefix(&folder).unwrap().display().to_string()),
            }
        }
    }
    on_disk.retain(|path| path != "origins.toml");
    on_disk.sort();
    assert_eq!(on_disk, listed.keys().cloned().collect::<Vec<_>>());
}

#[test]
fn every_package_is_what_its_name_says_and_needs_only_the_bundle() {
    for bundled in table::TABLE {
        let asked = name(&format!("wasi:{}@{}", bundled.name, bundled.version));
        let found = find(&asked, Extent::Whole).expect("carried");
        assert_eq!(found.group.main.name, asked);
        assert_eq!(found.derived_from, None);
        assert!(found.group.nested.is_empty());
        for dependency in found.group.main.foreign_deps.keys() {
            // A draft names whatever release it was written against.
            let is_draft = asked.version.as_ref().is_some_and(|version| !version.pre.is_empty());
            assert!(is_draft || dependency.version == asked.version, "{asked} needs {dependency}");
            assert!(find(dependency, Extent::Whole).is_some(), "{asked} needs {dependency}");
        }
    }
}

/// All of a release, with nothing in the text that is not its types: no comments, gates or order.
fn text(version: &str, derive_from: Option<&str>) -> BTreeMap<String, String> {
    let wanted = Version::parse(version).unwrap();
    let mut groups: Vec<_> = table::TABLE
        .iter()
        .filter(|bundled| bundled.version == derive_from.unwrap_or(version))
        .map(|bundled| {
            let mut group = parse(bundled, Extent::Whole);
            if derive_from.is_some() {
                as_of(&mut group.main, &wanted);
            }
            group
        })
        .collect();
    let mut resolve = Resolve::default();
    let first = groups.remove(0);
    resolve.push_groups(first, groups).map_err(|e| e.render(&resolve.source_map)).unwrap();

    for (_, interface) in resolve.interfaces.iter_mut() {
        interface.stability = Stability::Unknown;
        interface.functions.sort_keys();
        interface.types.sort_keys();
        interface.functions.values_mut().for_each(|function| function.stability = Stability::Unknown);
    }
    resolve.types.iter_mut().for_each(|(_, ty)| ty.stability = Stability::Unknown);
    for (_, world) in resolve.worlds.iter_mut() {
        world.stability = Stability::Unknown;
        for item in world.imports.values_mut().chain(world.exports.values_mut()) {
            if let WorldItem::Interface { stability, .. } = item {
                *stability = Stability::Unknown;
            }
        }
    }
    let mut texts = BTreeMap::new();
    for id in resolve.packages.iter().map(|(id, _)| id).collect::<Vec<_>>() {
        let package = &mut resolve.packages[id];
        package.interfaces.sort_keys();
        package.worlds.sort_keys();
        let name = package.name.to_string();
        let mut printer = WitPrinter::default();
        printer.emit_docs(false).print(&resolve, id, &[]).unwrap();
        // A world lists its imports in the order they were reached.
        let text = printer.output.to_string();
        let (interfaces, worlds) = text.split_at(text.find("\nworld ").unwrap_or(text.len()));
        let mut lines: Vec<_> = worlds.lines().collect();
        lines.sort_unstable();
        texts.insert(name, format!("{interfaces}{}", lines.join("\n")));
    }
    texts
}

#[test]
fn an_earlier_version_derived_from_a_later_one_is_what_was_published() {
    let mut versions: Vec<_> = table::TABLE.iter().map(|b| Version::parse(b.version).unwrap()).collect();
    versions.sort();
    versions.dedup();
    let mut compared = 0;
    for (i, earlier) in versions.iter().enumerate() {
        for later in
            versions[i + 1..].iter().filter(|later| derivable(earlier, later) && *earlier != Version::new(0, 2, 0))
        {
            let (published, derived) =
                (text(&earlier.to_string(), None), text(&earlier.to_string(), Some(&later.to_string())));
            assert_eq!(published.keys().collect::<Vec<_>>(), derived.keys().collect::<Vec<_>>());
            for (name, published) in published {
                same(&published, &derived[&name], &format!("{name} from {later}"));
                compared += 1;
            }
        }
    }
    // Three releases of 0.2 in seven packages, two of 0.3 in six.
    assert_eq!(compared, 3 * 7 + 6);
}

fn same(expected: &str, actual: &str, what: &str) {
    let first = expected.lines().zip(actual.lines()).find(|(e, a)| e != a);
    assert!(expected == actual, "{what}: {first:?}\n{expected}\n{actual}");
}

#[test]
fn every_version_between_resolves() {
    for patch in 0..=12 {
        let mut resolve = Resolve::default();
        for package in ["io", "clocks", "random", "sockets", "filesystem", "cli", "http"] {
            let found = find(&name(&format!("wasi:{package}@0.2.{patch}")), Extent::Whole).expect("carried or derived");
            resolve.push_group(found.group).map_err(|e| e.render(&resolve.source_map)).unwrap();
        }
    }
}

#[test]
fn a_version_between_is_derived_from_the_next_later_one() {
    let found = find(&name("wasi:http@0.2.3"), Extent::Whole).unwrap();
    assert_eq!(found.group.main.name, name("wasi:http@0.2.3"));
    assert_eq!(found.derived_from, Some(Version::new(0, 2, 6)));
    assert!(found.group.main.foreign_deps.keys().all(|dep| dep.version == Some(Version::new(0, 2, 3))));
}

#[test]
fn what_is_not_known_is_not_guessed() {
    for unknown in ["wasi:http@0.2.99", "wasi:http@0.4.0", "wasi:http@1.0.0", "wasi:http@0.2.0-rc-2023-11-10"] {
        assert!(find(&name(unknown), Extent::Whole).is_none(), "{unknown}");
    }
    for unknown in ["wasi:http", "wasi:nothing@0.2.0", "acme:http@0.2.0", "wasi:keyvalue@0.2.0", "wasi:logging@0.1.0"] {
        assert!(find(&name(unknown), Extent::Whole).is_none(), "{unknown}");
    }
}

#[test]
fn only_drafts_may_go_without_their_version() {
    assert_eq!(draft(&name("wasi:logging")), Some(name("wasi:logging@0.1.0-draft")));
    assert_eq!(draft(&name("wasi:keyvalue")), Some(name("wasi:keyvalue@0.2.0-draft")));
    for other in ["wasi:http", "acme:logging", "wasi:keyvalue@0.2.0-draft2", "wasi:logging@0.1.0-draft"] {
        assert_eq!(draft(&name(other)), None, "{other}");
    }
    for (draft, version) in DRAFTS {
        assert!(find(&name(&format!("wasi:{draft}@{version}")), Extent::Whole).is_some(), "{draft}");
    }
}

/// Less its worlds, a package has the same interfaces, comments and gates included, and needs no more than they do.
#[test]
fn interfaces_are_whole_without_worlds() {
    for bundled in table::TABLE {
        let (whole, less) = (parse(bundled, Extent::Whole).main, parse(bundled, Extent::Interfaces).main);
        assert_eq!(less.worlds.len(), 0, "{}@{}: a world is left", bundled.name, bundled.version);
        let told = |package: &UnresolvedPackage| -> Vec<String> {
            let interfaces = package.interfaces.iter().filter(|(_, interface)| interface.package.is_none());
            let each = interfaces.flat_map(|(_, interface)| {
                let of = |name: &str, docs: &wit_parser::Docs, stability: &Stability| {
                    format!("{:?} {name} {:?} {stability:?}", interface.name, docs.contents)
                };
                let types = interface.types.iter().map(|(name, id)| {
                    let ty = &package.types[*id];
                    of(name, &ty.docs, &ty.stability)
                });
                let functions = interface.functions.values().map(|f| of(&f.name, &f.docs, &f.stability));
                let own = std::iter::once(of("", &interface.docs, &interface.stability));
                own.chain(types).chain(functions).collect::<Vec<_>>()
            });
            let mut all: Vec<String> = each.collect();
            all.sort();
            all.dedup();
            all
        };
        // What only worlds name stands among the interfaces as well, with nothing in it.
        let (whole_told, less_told) = (told(&whole), told(&less));
        assert!(less_told.iter().all(|item| whole_told.contains(item)));
        let own =
            |package: &UnresolvedPackage| package.interfaces.iter().map(|(_, i)| i.functions.len()).sum::<usize>();
        assert_eq!(
            (own(&whole), whole.types.len()),
            (own(&less), less.types.len()),
            "{}@{}",
            bundled.name,
            bundled.version
        );
        assert!(less.foreign_deps.keys().all(|name| whole.foreign_deps.contains_key(name)));
    }
    let less = |package: &str| find(&name(package), Extent::Interfaces).unwrap().group.main;
    let needed = |package: &str| -> Vec<String> { less(package).foreign_deps.keys().map(|n| n.name.clone()).collect() };
    assert_eq!(needed("wasi:http@0.2.6"), ["clocks", "io"]);
    assert_eq!(needed("wasi:http@0.2.12"), ["clocks", "io"]);
}
