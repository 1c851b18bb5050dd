//! Which WIT files a command is about.

use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use mosaic::{
    project::Project,
    resolve::{self, Failure, Kind},
};

/// Folders whose WIT is somebody else's, or no source at all. Named on the command line, they are looked into.
const PASSED_OVER: [&str; 5] = ["deps", "node_modules", "target", ".git", ".mosaic"];

/// The files named, and the `*.wit` files below the folders named, but for those that a `.gitignore` names. Gives also
/// what is wrong with folders.
pub fn named(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Failure>) {
    let mut files = Vec::new();
    let mut failures = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        match below(path) {
            Ok(found) if found.is_empty() => failures.push(Kind::Empty { path: path.display().to_string() }.into()),
            Ok(found) => files.extend(found),
            Err(error) => {
                let kind = Kind::Unreadable { path: path.display().to_string(), cause: error.to_string() };
                failures.push(kind.into());
            }
        }
    }
    (files, failures)
}

/// A project's own files: what its components' worlds are read from, less its dependencies. Named as seen from here.
pub fn of(project: &Project) -> Result<Vec<PathBuf>, resolve::Error> {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    let own = |path: &PathBuf| {
        let below = path.strip_prefix(&project.root).unwrap_or(path);
        is_wit(path) && !below.components().any(|part| part.as_os_str() == "deps")
    };
    let files = resolve::files(project)?.into_iter().filter(own);
    Ok(files.map(|path| path.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(path)).collect())
}

fn below(folder: &Path) -> Result<Vec<PathBuf>, ignore::Error> {
    let own = |entry: &DirEntry| {
        entry.depth() == 0 || !PASSED_OVER.iter().any(|name| entry.file_name() == *name) || !is_folder(entry)
    };
    let walk = WalkBuilder::new(folder).require_git(false).sort_by_file_name(Ord::cmp).filter_entry(own).build();
    let mut files = Vec::new();
    for entry in walk {
        let entry = entry?;
        if !is_folder(&entry) && is_wit(entry.path()) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn is_wit(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "wit")
}
