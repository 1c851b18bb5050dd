//! `mosaic.lock`: what a build takes from outside the project, and with what it was last built.
//!
//! - `[[package]]`, *strict*: each WIT package that Mosaic carries, with the published package it is of. Another version
//!   of Mosaic may carry another; then the lock changes, which `--locked` refuses.
//! - `[[tool]]`, *recorded*: a toolchain that Mosaic or the machine provides is part of every fingerprint, and is written
//!   here once it is known ([`record_tools`]); it is never a reason to fail.
//! - `[baseline]`, *strict*: the published release that the manifest wants not to be broken, with the digest it had when it
//!   was first compared with ([`hold`]). A release does not change: one that did is refused.
//!
//! The project's own WIT and its finished components are sources, and not locked. Only this module writes the file; it
//! is written only when it changes, whole.

use std::{collections::BTreeMap, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    cache,
    diagnostic::{Diagnose, Problem},
    project::Project,
    resolve::{Provenance, Resolution},
};

/// The file's name, beside the manifest.
pub const FILE_NAME: &str = "mosaic.lock";

/// What the file says of itself first.
const HEADER: &str = "# Written by cargo mosaic; not for editing by hand.\n";

/// The version of the format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lockfile {
    version: u32,
    #[serde(default, rename = "package", skip_serializing_if = "Vec::is_empty")]
    packages: Vec<Package>,
    #[serde(default, rename = "tool", skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<Baseline>,
}

const EMPTY: Lockfile = Lockfile { version: FORMAT, packages: Vec::new(), tools: Vec::new(), baseline: None };

/// A WIT package that Mosaic carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// `wasi:http@0.2.6`.
    name: String,
    /// The published package it is of, `name version`.
    origin: String,
    /// The version it was derived from, where it was not published by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// A toolchain that built parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `rust`, `go`.
    pub name: String,
    pub version: String,
}

/// A published release that must not be broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// `acme:shop@1.0.0`.
    pub name: String,
    /// Of its content, hexadecimal.
    pub sha256: String,
}

/// Whether the file may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Update,
    /// `--locked`.
    Keep,
    /// It is not written, and need not be complete: nothing is being made.
    Ignore,
}

/// Why the lock file does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("could not write `{}`", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("`{}` is not a lock file", path.display())]
    Malformed { path: PathBuf, why: String },
    #[error("`{}` was written by another version of Mosaic, in format {version}", path.display())]
    Format { path: PathBuf, version: u32 },
    /// It would change, and may not. `by`: the command that would change it.
    #[error("`{}` is out of date", path.display())]
    OutOfDate { path: PathBuf, changes: Vec<String>, by: &'static str },
    /// The same release, other bytes.
    #[error("`{name}` is not the release that `{}` has the digest of", path.display())]
    Changed { path: PathBuf, name: String, expected: String, actual: String },
}

/// Holds the lock file against a resolution: brings it up to date, or refuses to.
pub fn update(project: &Project, resolution: &Resolution, policy: Policy) -> Result<(), Error> {
    if policy == Policy::Ignore {
        return Ok(());
    }
    let known = read(project)?;
    let packages = packages(resolution);
    let before = known.as_ref().map(|lock| lock.packages.as_slice()).unwrap_or_default();
    let baseline = known.as_ref().and_then(|lock| lock.baseline.as_ref());
    let (kept, gone): (Option<_>, Option<_>) = match baseline {
        Some(baseline) if is_wanted(baseline, project) => (Some(baseline.clone()), None),
        other => (None, other),
    };
    if known.is_some() && before == packages && gone.is_none() {
        return Ok(());
    }
    if policy == Policy::Keep {
        let mut changes = changes(before, &packages);
        changes.extend(gone.map(|baseline| format!("no longer the baseline `{}`", baseline.name)));
        return Err(Error::OutOfDate { path: path(project), changes, by: "build" });
    }
    let tools = known.map(|lock| lock.tools).unwrap_or_default();
    write(project, &Lockfile { version: FORMAT, packages, tools, baseline: kept })
}

/// Whether the manifest still has the package for its baseline.
fn is_wanted(baseline: &Baseline, project: &Project) -> bool {
    let package = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
    let said = project.manifest.check.baseline.as_ref();
    said.is_some_and(|said| package(&said.value) == package(&baseline.name))
}

/// Holds the lock file against a release that the project is compared with: records it, or refuses to. One that is
/// recorded with another digest is refused whatever the policy.
pub fn hold(project: &Project, release: &Baseline, policy: Policy) -> Result<(), Error> {
    let known = read(project)?;
    let before = known.as_ref().and_then(|lock| lock.baseline.as_ref());
    match before.filter(|before| before.name == release.name) {
        Some(before) if before.sha256 == release.sha256 => return Ok(()),
        Some(before) => {
            return Err(Error::Changed {
                path: path(project),
                name: release.name.clone(),
                expected: before.sha256.clone(),
                actual: release.sha256.clone(),
            });
        }
        None => {}
    }
    match policy {
        Policy::Ignore => Ok(()),
        Policy::Keep => {
            let gone = before.map(|before| format!("no longer the baseline `{}`", before.name));
            let new = format!("now the baseline `{}`, SHA-256 {}", release.name, release.sha256);
            let changes = gone.into_iter().chain([new]).collect();
            Err(Error::OutOfDate { path: path(project), changes, by: "check" })
        }
        Policy::Update => write(project, &Lockfile { baseline: Some(release.clone()), ..known.unwrap_or(EMPTY) }),
    }
}

/// Records the toolchains that have just built parts; those of other languages stay as they are.
pub fn record_tools(project: &Project, used: &[Tool]) -> Result<(), Error> {
    let Some(mut lock) = read(project)? else { return Ok(()) };
    let mut tools: BTreeMap<String, Tool> = lock.tools.iter().map(|tool| (tool.name.clone(), tool.clone())).collect();
    tools.extend(used.iter().map(|tool| (tool.name.clone(), tool.clone())));
    let tools: Vec<Tool> = tools.into_values().collect();
    if lock.tools == tools {
        return Ok(());
    }
    lock.tools = tools;
    write(project, &lock)
}

fn packages(resolution: &Resolution) -> Vec<Package> {
    let all = resolution.components.values().flat_map(|component| &component.packages);
    let carried: BTreeMap<&String, Package> = all
        .filter_map(|(name, provenance)| {
            let (origin, from) = match provenance {
                Provenance::Project { .. } => return None,
                Provenance::Bundled { origin } => (origin, None),
                Provenance::Derived { origin, from } => (origin, Some(from.to_string())),
            };
            Some((name, Package { name: name.clone(), origin: origin.clone(), from }))
        })
        .collect();
    carried.into_values().collect()
}

fn changes(before: &[Package], after: &[Package]) -> Vec<String> {
    let shown = |package: &Package| format!("`{}` of {}", package.name, package.origin);
    let gone =
        before.iter().filter(|package| !after.contains(package)).map(|package| format!("no longer {}", shown(package)));
    let new = after.iter().filter(|package| !before.contains(package)).map(|package| format!("now {}", shown(package)));
    gone.chain(new).collect()
}

fn path(project: &Project) -> PathBuf {
    project.root.join(FILE_NAME)
}

fn read(project: &Project) -> Result<Option<Lockfile>, Error> {
    let path = path(project);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Unreadable { path, source }),
    };
    /// What every format has.
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let malformed = |error: toml::de::Error| Error::Malformed { path: path.clone(), why: error.to_string() };
    let Versioned { version } = toml::from_str(&text).map_err(malformed)?;
    if version != FORMAT {
        return Err(Error::Format { path, version });
    }
    toml::from_str(&text).map(Some).map_err(malformed)
}

fn write(project: &Project, lock: &Lockfile) -> Result<(), Error> {
    let path = path(project);
    let text = toml::to_string(lock).expect("a lock file is tables of texts");
    cache::write_whole(&path, format!("{HEADER}{text}").as_bytes()).map_err(|source| Error::Unwritable { path, source })
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let problem = |code| Problem::error(code, self.to_string());
        vec![match self {
            Error::Unreadable { source, .. } => problem("lock::unreadable").because(source.to_string()),
            Error::Unwritable { source, .. } => problem("lock::unwritable").because(source.to_string()),
            Error::Malformed { why, .. } => problem("lock::malformed")
                .because(why.trim().to_owned())
                .help("restore it from version control, or remove it and build again"),
            Error::Format { .. } => {
                problem("lock::format").help("use that version of Mosaic, or remove the file and build again")
            }
            Error::OutOfDate { changes, by, .. } => {
                let problem =
                    changes.iter().fold(problem("lock::out-of-date"), |problem, change| problem.because(change));
                problem.help(format!("{by} once without `--locked` or `--frozen`, and commit the file"))
            }
            Error::Changed { expected, actual, .. } => problem("lock::changed")
                .because(format!("expected SHA-256 {expected}"))
                .because(format!("found SHA-256 {actual}"))
                .help("a release does not change: ask its publisher what happened")
                .help("if the new one is to be trusted, take `[baseline]` out of the file, and check again"),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mosaic.toml"), "[app]\nname = \"a:b\"\n").unwrap();
        let project = Project::load(&folder.path().join("mosaic.toml"), None).unwrap();
        (folder, project)
    }

    fn empty() -> Resolution {
        Resolution { components: indexmap::IndexMap::new() }
    }

    #[test]
    fn it_is_made_then_kept() {
        let (folder, project) = project();
        assert!(matches!(update(&project, &empty(), Policy::Keep), Err(Error::OutOfDate { .. })));
        update(&project, &empty(), Policy::Update).unwrap();
        update(&project, &empty(), Policy::Keep).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(text, format!("{HEADER}version = 1\n"));
    }

    #[test]
    fn a_change_is_refused_by_name() {
        let (_folder, project) = project();
        let package = Package { name: "wasi:io@0.2.6".into(), origin: "wasip2 1.0.1".into(), from: None };
        write(&project, &Lockfile { packages: vec![package], ..EMPTY }).unwrap();
        let error = update(&project, &empty(), Policy::Keep).unwrap_err();
        let told = error.problems().remove(0);
        assert_eq!(told.causes, ["no longer `wasi:io@0.2.6` of wasip2 1.0.1"]);
    }

    #[test]
    fn tools_are_recorded_by_name() {
        let (_folder, project) = project();
        update(&project, &empty(), Policy::Update).unwrap();
        let tool = |name: &str, version: &str| Tool { name: name.into(), version: version.into() };
        record_tools(&project, &[tool("rust", "1"), tool("go", "1")]).unwrap();
        record_tools(&project, &[tool("go", "2")]).unwrap();
        assert_eq!(read(&project).unwrap().unwrap().tools, [tool("go", "2"), tool("rust", "1")]);
        // They are no reason to fail.
        update(&project, &empty(), Policy::Keep).unwrap();
    }

    #[test]
    fn a_baseline_is_recorded_once_and_held_to() {
        let (folder, mut project) = project();
        let release =
            |version: &str, sha256: &str| Baseline { name: format!("acme:shop@{version}"), sha256: sha256.to_owned() };
        let told = |error: Error| error.problems().remove(0).causes;
        // Who only looks writes nothing, and `--locked` adds nothing.
        hold(&project, &release("1.0.0", "aa"), Policy::Ignore).unwrap();
        assert!(!folder.path().join(FILE_NAME).exists());
        let refused = hold(&project, &release("1.0.0", "aa"), Policy::Keep).unwrap_err();
        assert_eq!(told(refused), ["now the baseline `acme:shop@1.0.0`, SHA-256 aa"]);
        hold(&project, &release("1.0.0", "aa"), Policy::Update).unwrap();
        hold(&project, &release("1.0.0", "aa"), Policy::Keep).unwrap();
        for policy in [Policy::Update, Policy::Keep, Policy::Ignore] {
            let refused = hold(&project, &release("1.0.0", "bb"), policy).unwrap_err();
            assert!(matches!(refused, Error::Changed { .. }));
            assert_eq!(told(refused), ["expected SHA-256 aa", "found SHA-256 bb"]);
        }
        // Another release is another baseline.
        let refused = hold(&project, &release("1.1.0", "bb"), Policy::Keep).unwrap_err();
        assert_eq!(
            told(refused),
            ["no longer the baseline `acme:shop@1.0.0`", "now the baseline `acme:shop@1.1.0`, SHA-256 bb"]
        );
        hold(&project, &release("1.1.0", "bb"), Policy::Update).unwrap();
        // A build keeps it for as long as the manifest wants it.
        let said = |text: &str| crate::manifest::Spanned { value: text.to_owned(), span: 0..0 };
        project.manifest.check.baseline = Some(said("acme:shop@1.2.0"));
        update(&project, &empty(), Policy::Keep).unwrap();
        project.manifest.check.baseline = None;
        let refused = update(&project, &empty(), Policy::Keep).unwrap_err();
        assert_eq!(told(refused), ["no longer the baseline `acme:shop@1.1.0`"]);
        update(&project, &empty(), Policy::Update).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(text, format!("{HEADER}version = 1\n"));
    }

    #[test]
    fn another_format_and_rubbish_are_told_apart() {
        let (folder, project) = project();
        let file = folder.path().join(FILE_NAME);
        std::fs::write(&file, "version = 2\nnew = true\n").unwrap();
        assert!(matches!(read(&project), Err(Error::Format { version: 2, .. })));
        std::fs::write(&file, "version = [").unwrap();
        assert!(matches!(read(&project), Err(Error::Malformed { .. })));
    }
}
