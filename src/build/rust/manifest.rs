//! What a `Cargo.toml` says that matters before cargo runs: the name of the bindings crate, and sources elsewhere.
//!
//! It is read as plain TOML. What it does not say, or says wrongly, is cargo's to tell.

use std::{
    collections::{BTreeMap, BTreeSet},
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

/// What the crate calls the package in `.mosaic/bindings`; `None` where it does not depend on it.
pub fn bindings_package(unit: &Unit) -> Option<String> {
    let folder = bindings_folder(&unit.source);
    let manifest = read(&unit.source.join("Cargo.toml")).unwrap_or_default();
    let (name, says) = dependencies(&manifest)
        .find(|(_, says)| path_of(says).is_some_and(|path| clean(&unit.source.join(path)) == folder))?;
    Some(says.get("package").and_then(Value::as_str).unwrap_or(name).to_owned())
}

/// Files and folders outside `source` that its crate is made of: path dependencies, theirs in turn, and the manifest and
/// lock file of the workspace.
pub fn outside(source: &Path) -> Vec<PathBuf> {
    let workspace = Workspace::of(source);
    let files =
        workspace.iter().flat_map(|workspace| ["Cargo.toml", "Cargo.lock"].map(|name| workspace.root.join(name)));
    let folders = crates(source, workspace.as_ref()).into_keys();
    files.chain(folders).filter(|path| !path.starts_with(source)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The packages that are local to the crate in `source`, and the files of fixed names that cargo builds of them, each with
/// the folder it comes from: what must not be two in one target folder. (cargo tells local packages apart by their name,
/// version and place *in their workspace*, so that equals of two workspaces are one to it.)
pub fn claims(source: &Path) -> BTreeMap<String, PathBuf> {
    let mut claims = BTreeMap::new();
    for (folder, manifest) in crates(source, Workspace::of(source).as_ref()) {
        let Some(package) = manifest.get("package") else { continue };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let name = text(package.get("name")).unwrap_or_default();
        let version = text(package.get("version")).unwrap_or_default();
        let mut claim = |what: String| drop(claims.insert(what, folder.clone()));
        claim(format!("package {name} {version}"));
        let library = manifest.get("lib");
        if library.is_some_and(|library| library.get("crate-type").is_some()) {
            let named = text(library.and_then(|library| library.get("name")));
            claim(format!("file {}", named.unwrap_or(name.clone()).replace('-', "_")));
        }
        if folder == source {
            let programs = manifest.get("bin").and_then(Value::as_array).into_iter().flatten();
            programs
                .filter_map(|program| text(program.get("name")))
                .for_each(|program| claim(format!("file {program}")));
            let unlisted = std::fs::read_dir(source.join("src/bin")).into_iter().flatten().flatten();
            unlisted
                .for_each(|entry| claim(format!("file {}", entry.path().file_stem().unwrap_or_default().display())));
            claim(format!("file {name}"));
        }
    }
    claims
}

/// The cargo workspace that a crate belongs to, unless it is one of its own.
struct Workspace {
    root: PathBuf,
    manifest: Table,
}

impl Workspace {
    fn of(source: &Path) -> Option<Workspace> {
        let (root, manifest) = source.ancestors().find_map(|folder| {
            let manifest = read(&folder.join("Cargo.toml")).filter(|manifest| manifest.contains_key("workspace"))?;
            Some((folder.to_owned(), manifest))
        })?;
        let excluded = manifest["workspace"].get("exclude").and_then(Value::as_array).into_iter().flatten();
        let mut excluded = excluded.filter_map(Value::as_str).map(|path| clean(&root.join(path)));
        let outside = excluded.any(|folder| source.starts_with(folder));
        (!outside).then_some(Workspace { root, manifest })
    }

    /// Where a dependency lies that a member inherits by this name.
    fn dependency(&self, name: &str) -> Option<PathBuf> {
        path_of(self.manifest["workspace"].get("dependencies")?.get(name)?).map(|path| self.root.join(path))
    }
}

/// The crate in `source` and all that it is made of by path, by folder.
fn crates(source: &Path, workspace: Option<&Workspace>) -> BTreeMap<PathBuf, Table> {
    let mut found = BTreeMap::new();
    let mut ahead = vec![source.to_owned()];
    ahead.extend(workspace.into_iter().flat_map(|workspace| patches(&workspace.manifest, &workspace.root)));
    while let Some(folder) = ahead.pop() {
        if found.contains_key(&folder) {
            continue;
        }
        let Some(manifest) = read(&folder.join("Cargo.toml")) else { continue };
        for (name, says) in dependencies(&manifest) {
            let inherited = says.get("workspace").and_then(Value::as_bool) == Some(true);
            let place = match workspace.filter(|_| inherited) {
                Some(workspace) => workspace.dependency(name),
                None => path_of(says).map(|path| folder.join(path)),
            };
            ahead.extend(place.map(|place| clean(&place)));
        }
        ahead.extend(patches(&manifest, &folder));
        found.insert(folder, manifest);
    }
    found
}

pub(super) fn read(file: &Path) -> Option<Table> {
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
        assert_eq!(package("[dependencies]\n"), None);
        assert_eq!(
            package("[dependencies]\npart-bindings = { path = \".mosaic/bindings\" }").as_deref(),
            Some("part-bindings")
        );
        assert_eq!(
            package("[dependencies]\nb = { path = \"./.mosaic/bindings\", package = \"x\" }").as_deref(),
            Some("x")
        );
        let of_target = "[target.wasm32-wasip2.dependencies]\nb = { path = \".mosaic/bindings\" }";
        assert_eq!(package(of_target).as_deref(), Some("b"));
        assert_eq!(package("not toml"), None);
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
    fn a_workspace_counts_unless_it_excludes_the_crate_or_the_crate_is_its_own() {
        let folder = project(&[
            ("Cargo.toml", "[workspace]\nexclude = [\"examples\"]"),
            ("member/Cargo.toml", "[package]"),
            ("examples/one/Cargo.toml", "[package]"),
            ("own/Cargo.toml", "[package]\n[workspace]"),
        ]);
        let count = |name: &str| outside(&folder.path().join(name)).len();
        assert_eq!((count("member"), count("examples/one"), count("own")), (2, 0, 0));
    }

    #[test]
    fn what_must_not_be_two_is_claimed() {
        let folder = project(&[
            (
                "part/Cargo.toml",
                "[package]\nname = \"the-part\"\nversion = \"0.1.0\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
                 [[bin]]\nname = \"tool\"\n[dependencies]\nown = { path = \"own\" }",
            ),
            ("part/own/Cargo.toml", "[package]\nname = \"own\"\n"),
            ("part/src/bin/more.rs", ""),
        ]);
        let claims = claims(&folder.path().join("part"));
        let claims: Vec<&str> = claims.keys().map(String::as_str).collect();
        assert_eq!(
            claims,
            ["file more", "file the-part", "file the_part", "file tool", "package own ", "package the-part 0.1.0"]
        );
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
