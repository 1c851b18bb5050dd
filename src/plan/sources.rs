//! Which files are a unit's sources.
//!
//! Every regular file below the source folder counts, hidden or not, except
//! - what a `.gitignore` between the project's root and the file names: the user's own global excludes do not count,
//!   since they differ from machine to machine;
//! - generated folders: see [`GENERATED`], the project's own outputs, and the artifact that a `command` leaves.
//!
//! Symbolic links are followed; loops, devices and pipes are passed over.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io,
    path::{Component, Path, PathBuf},
};

use ignore::{DirEntry, WalkBuilder};

use crate::build::backend::Unit;

/// Folders that tools make and nobody edits.
const GENERATED: [&str; 6] = [".git", ".mosaic", ".venv", "__pycache__", "node_modules", "target"];

/// A file or folder that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read `{}`", .path.display())]
pub struct Unreadable {
    pub path: PathBuf,
    pub source: io::Error,
}

/// The unit's sources: name relative to its folder → absolute path. `outside` are files and folders elsewhere that
/// count too (see `Backend::inputs`); those that do not exist do not count.
pub fn sources(unit: &Unit, outside: &[PathBuf]) -> Result<BTreeMap<PathBuf, PathBuf>, Unreadable> {
    let mut files = walk(unit, &unit.source, Ignored::Honoured)?;
    if files.is_empty() {
        std::fs::read_dir(&unit.source).map_err(|source| Unreadable { path: unit.source.clone(), source })?;
        // The whole folder is ignored: what was asked for all the same is not empty.
        files = walk(unit, &unit.source, Ignored::Included)?;
    }
    for path in outside {
        if path.is_dir() {
            files.extend(walk(unit, path, Ignored::Honoured)?);
        } else if path.is_file() {
            files.push(path.clone());
        }
    }
    Ok(files.into_iter().map(|path| (relative(&unit.source, &path), path)).collect())
}

/// What is done with files that a `.gitignore` names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ignored {
    Honoured,
    Included,
}

fn walk(unit: &Unit, folder: &Path, ignored: Ignored) -> Result<Vec<PathBuf>, Unreadable> {
    // The walk starts at the project's root, so that its `.gitignore` counts and none above it does.
    let start = if folder.starts_with(&unit.root) { &unit.root } else { folder };
    let mut walk = WalkBuilder::new(start);
    walk.standard_filters(false).git_ignore(ignored == Ignored::Honoured).require_git(false).follow_links(true);
    let (below, outputs) = (folder.to_owned(), outputs(unit));
    walk.filter_entry(move |entry| {
        below.starts_with(entry.path())
            || entry.path().starts_with(&below) && !generated(entry) && !outputs.iter().any(|out| out == entry.path())
    });
    let mut files = Vec::new();
    for entry in walk.build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                if entry.path().starts_with(folder) {
                    files.push(entry.into_path());
                }
            }
            Ok(_) => {}
            Err(error) => match unreadable(error, folder) {
                Some(error) => return Err(error),
                None => continue,
            },
        }
    }
    Ok(files)
}

fn generated(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && GENERATED.iter().any(|name| OsStr::new(name) == entry.file_name())
}

/// What Mosaic or the unit's own command writes, wherever the user put it.
fn outputs(unit: &Unit) -> Vec<PathBuf> {
    let artifact = unit.command.as_ref().map(|command| unit.source.join(&command.artifact.value));
    // `<target-dir>/mosaic/build/<component>`
    let out = unit.work.ancestors().nth(2).map(Path::to_owned);
    artifact.into_iter().chain(out).collect()
}

/// The error with its place; `None` for what is passed over: loops of links, and links that lead nowhere.
fn unreadable(error: ignore::Error, folder: &Path) -> Option<Unreadable> {
    let path = path_of(&error).unwrap_or(folder).to_owned();
    let dangling = || std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink());
    match error.into_io_error() {
        Some(source) if source.kind() == io::ErrorKind::NotFound && dangling() => None,
        Some(source) => Some(Unreadable { path, source }),
        None => None,
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// `path` as seen from `folder`; both absolute. Equal for two checkouts that look alike.
pub fn relative(folder: &Path, path: &Path) -> PathBuf {
    let common = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(path.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fingerprint::tests::unit;

    fn names(unit: &Unit, outside: &[PathBuf]) -> Vec<String> {
        sources(unit, outside).unwrap().into_keys().map(|name| name.display().to_string()).collect()
    }

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn ignored_and_generated_files_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            &[
                (".gitignore", "*.log\n"),
                ("part/.gitignore", "/secret\n"),
                ("part/.config", ""),
                ("part/secret", ""),
                ("part/a.log", ""),
                ("part/src/main.rs", ""),
                ("part/src/target", "a file of that name"),
                ("part/target/x", ""),
                ("part/.mosaic/bindings/lib.rs", ""),
                ("part/node_modules/x/index.js", ""),
                ("other/x", ""),
            ],
        );
        let unit = unit(folder.path(), "part");
        assert_eq!(names(&unit, &[]), [".config", ".gitignore", "src/main.rs", "src/target"]);
    }

    #[test]
    fn ignore_files_above_the_project_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[(".gitignore", "*.rs\n"), ("app/part/main.rs", "")]);
        assert_eq!(names(&unit(&folder.path().join("app"), "part"), &[]), ["main.rs"]);
    }

    #[test]
    fn a_source_folder_that_is_ignored_whole_counts_whole() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[(".gitignore", "/part\n"), ("part/main.rs", "")]);
        assert_eq!(names(&unit(folder.path(), "part"), &[]), ["main.rs"]);
    }

    #[test]
    fn outside_files_are_named_from_the_source_folder() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("part/main.rs", ""), ("shared/src/lib.rs", ""), ("Cargo.lock", "")]);
        let outside = ["shared", "Cargo.lock", "absent"].map(|name| folder.path().join(name));
        let names = names(&unit(folder.path(), "part"), &outside);
        assert_eq!(names, ["../Cargo.lock", "../shared/src/lib.rs", "main.rs"]);
    }

    #[test]
    #[cfg(unix)]
    fn links_are_followed_and_loops_passed_over() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("part/main.rs", ""), ("elsewhere/x", "")]);
        symlink(folder.path().join("elsewhere"), folder.path().join("part/link")).unwrap();
        symlink(folder.path().join("part"), folder.path().join("part/loop")).unwrap();
        symlink("nowhere", folder.path().join("part/dangling")).unwrap();
        assert_eq!(names(&unit(folder.path(), "part"), &[]), ["link/x", "main.rs"]);
    }

    #[test]
    fn a_missing_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = sources(&unit(folder.path(), "absent"), &[]).unwrap_err();
        assert_eq!(error.path, folder.path().join("absent"));
    }
}
