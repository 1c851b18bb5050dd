//! Paths that stay inside the project, and the language that a folder's files tell.

use std::path::{Component as Step, Path, PathBuf};

use super::error::BadPath;
use crate::language::Language;

/// A path below the root, by its words alone; `.` and repeated slashes are taken out.
pub(super) fn inside(path: &str) -> Result<PathBuf, BadPath> {
    if path.is_empty() || path.contains('\0') {
        return Err(BadPath::Empty);
    }
    // A manifest written on Windows is refused where it would mean something else here.
    if path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':') {
        return Err(BadPath::Absolute);
    }
    let mut clean = PathBuf::new();
    for step in Path::new(path).components() {
        match step {
            Step::Normal(name) => clean.push(name),
            Step::CurDir => {}
            Step::ParentDir => return Err(BadPath::LeavesRoot),
            Step::RootDir | Step::Prefix(_) => return Err(BadPath::Absolute),
        }
    }
    if clean.as_os_str().is_empty() {
        clean.push(".");
    }
    Ok(clean)
}

/// The languages whose files lie in `folder`, each with the file that says so. A package file outweighs loose sources:
/// a Rust crate may well have a script beside it.
pub(super) fn languages_of(folder: &Path) -> std::io::Result<Vec<(Language, String)>> {
    let mut names: Vec<String> = Vec::new();
    for entry in folder.read_dir()? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let packages = [
        (Language::Rust, "Cargo.toml"),
        (Language::Go, "go.mod"),
        (Language::Python, "pyproject.toml"),
        (Language::JavaScript, "package.json"),
    ];
    let found: Vec<_> = packages
        .into_iter()
        .filter(|(_, file)| names.iter().any(|name| name == file))
        .map(|(language, file)| (language, file.to_owned()))
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let sources: [(Language, &[&str]); 2] =
        [(Language::Python, &["py"]), (Language::JavaScript, &["js", "mjs", "ts", "mts"])];
    Ok(sources
        .into_iter()
        .filter_map(|(language, extensions)| {
            let is_source = |name: &&String| {
                Path::new(name).extension().is_some_and(|end| extensions.iter().any(|&known| end == known))
            };
            names.iter().find(is_source).map(|file| (language, file.clone()))
        })
        .collect())
}
