//! What a `Cargo.toml` says that matters before cargo runs: the name of the bindings crate, and sources elsewhere.
//!
//! It is read as plain TOML. What it does not say, or says wrongly, is cargo's to tell.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use toml::{Table, Value};

use crate::{build::backend::Unit, diagnostic::Problem, project::bindings_folder};

/// Tables of dependencies that go into an artifact.
const DEPENDENCIES: [&str; 2] = ["dependencies", "build-dependencies"];

/// What is wrong with the source folder as a crate, as far as cargo would not say it in terms of the component.
pub fn check(unit: &Unit) -> Vec<Problem> {
    let name = &unit.part.name;
    let file = unit.source.join("Cargo.toml");
    if !file.is_file() {
        let problem = Problem::error("build::rust-no-crate", format!("the source folder of `{name}` holds no crate"))
            .because(format!("there is no `{}`", file.display()))
            .help(format!("make one: `cargo init --lib {}`", unit.source.display()));
        return vec![problem];
    }
    match read(&file) {
        Some(manifest) if !manifest.contains_key("package") => {
            let members = manifest.get("workspace").and_then(|workspace| workspace.get("members")?.as_array());
            let members: Vec<&str> = members.into_iter().flatten().filter_map(Value::as_str).collect();
            let problem = Problem::error(
                "build::rust-no-package",
                format!("the source folder of `{name}` is a workspace, not a crate"),
            )
            .because(format!("`{}` has no `[package]`", file.display()));
            vec![match members.first() {
                Some(member) => {
                    problem.help(format!("name the crate in `mosaic.toml`, for example `source = \"…/{member}\"`"))
                }
                None => problem.help("name the folder of the crate as `source` in `mosaic.toml`"),
            }]
        }
        _ => Vec::new(),
    }
}

/// What the crate calls the package in `.mosaic/bindings`; `bindings` where it does not depend on it.
pub fn bindings_package(unit: &Unit) -> String {
    let folder = bindings_folder(&unit.source);
    let manifest = read(&unit.source.join("Cargo.toml")).unwrap_or_default();
    let found = dependencies(&manifest)
        .find(|(_, says)| path_of(says).is_some_and(|path| clean(&unit.source.join(path)) == folder));
    match found {
        Some((name, says)) => says.get("package").and_then(Value::as_str).unwrap_or(name).to_owned(),
        None => "bindings".into(),
    }
}

/// Files and folders outside `source` that its crate is made of: path dependencies, theirs in turn, and the manifest and
/// lock file of the workspace.
pub fn outside(source: &Path) -> Vec<PathBuf> {
    let workspace = source.ancestors().skip(1).map(|up| up.join("Cargo.toml")).find_map(|file| {
        let manifest = read(&file)?;
        Some((file.parent()?.to_owned(), manifest.get("workspace")?.as_table()?.clone(), manifest))
    });
    let mut found = BTreeSet::new();
    let mut crates = vec![source.to_owned()];
    let mut seen = BTreeSet::new();
    if let Some((root, _, manifest)) = &workspace {
        found.extend([root.join("Cargo.toml"), root.join("Cargo.lock")]);
        crates.extend(patches(manifest, root));
    }
    while let Some(folder) = crates.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        let Some(manifest) = read(&folder.join("Cargo.toml")) else { continue };
        for (name, says) in dependencies(&manifest) {
            let inherited = says.get("workspace").and_then(Value::as_bool) == Some(true);
            let place = match (&workspace, inherited) {
                (Some((root, workspace, _)), true) => {
                    workspace.get("dependencies").and_then(|all| path_of(all.get(name)?)).map(|path| root.join(path))
                }
                _ => path_of(says).map(|path| folder.join(path)),
            };
            crates.extend(place.map(|place| clean(&place)));
        }
        crates.extend(patches(&manifest, &folder));
    }
    found.extend(seen.into_iter().filter(|folder| !folder.starts_with(source)));
    found.into_iter().collect()
}

fn read(file: &Path) -> Option<Table> {
    std::fs::read_to_string(file).ok()?.parse().ok()
}

/// Every dependency, by its name in the manifest, those of single targets included.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let of_targets = targets.filter_map(|(_, target)| target.as_table());
    std::iter::once(manifest)
        .chain(of_targets)
        .flat_map(|table| DEPENDENCIES.iter().filter_map(|name| table.get(*name)?.as_table()))
        .flatten()
}

/// Folders that `[patch]` puts in the place of other sources.
fn patches(manifest: &Table, folder: &Path) -> Vec<PathBuf> {
    let sources = manifest.get("patch").and_then(Value::as_table).into_iter().flatten();
    let patches = sources.filter_map(|(_, patches)| patches.as_table()).flatten();
    patches.filter_map(|(_, says)| path_of(says)).map(|path| clean(&folder.join(path))).collect()
}

fn path_of(dependency: &Value) -> Option<&str> {
    dependency.get("path")?.as_str()
}

/// The path without `.` and `..`, as cargo reads it: by its text alone.
fn clean(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut clean, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
        clean
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fingerprint::tests::unit;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn the_crate_names_its_bindings() {
        let package = |text: &str| {
            let folder = project(&[("part/Cargo.toml", text)]);
            bindings_package(&unit(folder.path(), "part"))
        };
        assert_eq!(package("[dependencies]\n"), "bindings");
        assert_eq!(package("[dependencies]\npart-bindings = { path = \".mosaic/bindings\" }"), "part-bindings");
        assert_eq!(package("[dependencies]\nb = { path = \"./.mosaic/bindings\", package = \"x\" }"), "x");
        assert_eq!(package("[target.wasm32-wasip2.dependencies]\nb = { path = \".mosaic/bindings\" }"), "b");
        assert_eq!(package("not toml"), "bindings");
    }

    #[test]
    fn path_dependencies_are_followed() {
        let folder = project(&[
            (
                "Cargo.toml",
                "[workspace]\n[workspace.dependencies]\nb = { path = \"libs/b\" }\nc = { path = \"libs/c\" }",
            ),
            (
                "part/Cargo.toml",
                "[dependencies]\na = { path = \"../libs/a\" }\nown = { path = \"own\" }\nserde = \"1\"\n\
                 bindings = { path = \".mosaic/bindings\" }\n[dev-dependencies]\nd = { path = \"../libs/d\" }",
            ),
            ("part/own/Cargo.toml", ""),
            ("libs/a/Cargo.toml", "[build-dependencies]\nb.workspace = true\npart = { path = \"../../part\" }"),
            ("libs/b/Cargo.toml", "[patch.crates-io]\nserde = { path = \"../serde\" }"),
            ("libs/serde/Cargo.toml", ""),
        ]);
        let outside = outside(&folder.path().join("part"));
        let names: Vec<_> =
            outside.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["Cargo.lock", "Cargo.toml", "libs/a", "libs/b", "libs/serde"]);
    }

    #[test]
    fn a_folder_that_is_no_crate_is_told() {
        let folder = project(&[
            ("empty/x", ""),
            ("many/Cargo.toml", "[workspace]\nmembers = [\"one\"]"),
            ("good/Cargo.toml", "[package]"),
        ]);
        let codes = |name| check(&unit(folder.path(), name)).iter().map(|problem| problem.code).collect::<Vec<_>>();
        assert_eq!(codes("empty"), ["build::rust-no-crate"]);
        assert_eq!(codes("many"), ["build::rust-no-package"]);
        assert!(codes("good").is_empty());
        assert!(check(&unit(folder.path(), "many"))[0].help[0].contains("…/one"));
    }
}
