//! Where the version is that must not be broken: in git, in a registry, or in files.
//!
//! 1. `git:REV` is the same place in another revision, `git:REV:path` another place of it: from the top of the repository
//!    as git has it, or from here with `./`. Taken out with `git archive` into a folder that is gone afterwards.
//! 2. `acme:shop@1.0.0` is a release of a package in its registry, `acme:shop` its newest one ([`mosaic::registry`]).
//! 3. Everything else is a path, and so is what is there: a folder or file of WIT, or a component.

use std::path::{Path, PathBuf};

use mosaic::{
    cache::Home,
    diagnostic::Problem,
    lock,
    process::Command,
    registry::{self, Network, Reference, Release},
    resolve::Wit,
};

use super::{super::options::LockArgs, Failure, Reporter};

/// As typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    Git { revision: String, path: Option<String> },
    Registry(Reference),
    Path(PathBuf),
}

impl Baseline {
    pub fn parse(text: &str) -> Result<Baseline, Failure> {
        if let Some(rest) = text.strip_prefix("git:") {
            let (revision, path) = match rest.split_once(':') {
                Some((revision, path)) => (revision, Some(path.to_owned())),
                None => (rest, None),
            };
            if revision.is_empty() {
                let problem = Problem::error("check::bad-baseline", format!("`{text}` names no revision"));
                return Err(Failure::of(problem.help("write `git:main`, or `git:v1.2.0:wit` for another place")));
            }
            return Ok(Baseline::Git { revision: revision.to_owned(), path });
        }
        if Path::new(text).exists() {
            return Ok(Baseline::Path(PathBuf::from(text)));
        }
        if let Some(package) = Reference::parse(text) {
            return Ok(Baseline::Registry(package));
        }
        if let Some((name, version)) = text.split_once('@')
            && Reference::parse(name).is_some()
        {
            let problem = Problem::error("check::bad-baseline", format!("`{version}` is no version of `{name}`"));
            return Err(Failure::of(problem.help("a version is three numbers: `1.2.0`")));
        }
        Ok(Baseline::Path(PathBuf::from(text)))
    }

    /// Reads it. `place` is what it is to be compared with; `None` where it was not there yet at that revision.
    pub fn read(&self, place: &Path, locks: &LockArgs, reporter: &Reporter) -> Result<Option<Wit>, Failure> {
        match self {
            Baseline::Path(path) => Ok(Some(Wit::read(path, &super::shown(path))?)),
            Baseline::Git { revision, path } => from_git(revision, path.as_deref(), place),
            Baseline::Registry(package) => decoded(&release(package, locks, reporter)?).map(Some),
        }
    }
}

/// A release, which the cache has or its registry is asked for.
pub fn release(package: &Reference, locks: &LockArgs, reporter: &Reporter) -> Result<Release, Failure> {
    if package.version.is_none() && (locks.locked || locks.frozen) {
        let message = format!("`{package}` is another release tomorrow, and `--locked` wants the same");
        let problem = Problem::error("check::bad-baseline", message);
        return Err(Failure::of(problem.help(format!("name one: `{package}@1.0.0`"))));
    }
    let network = if locks.offline || locks.frozen { Network::Forbidden } else { Network::Allowed };
    let config = registry::Config::from_env()?;
    Ok(registry::release(package, &config, &Home::from_env(), network, &|event| reporter.event(event))?)
}

pub fn decoded(release: &Release) -> Result<Wit, Failure> {
    Ok(Wit::decode(&release.reference.to_string(), &release.bytes)?)
}

/// What the lock file has of a release.
pub fn locked(release: &Release) -> lock::Baseline {
    lock::Baseline { name: release.reference.to_string(), sha256: release.sha256() }
}

fn from_git(revision: &str, path: Option<&str>, place: &Path) -> Result<Option<Wit>, Failure> {
    let place = std::path::absolute(place).unwrap_or_else(|_| place.to_owned());
    // Where git is asked from: the nearest folder that is there.
    let here = match path {
        Some(_) => PathBuf::from("."),
        None => place.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(&place).to_owned(),
    };
    let git = |args: &[&str]| Command::new("git").arg("-C").arg(&here).args(args);
    let commit =
        git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")]).output()?;
    if !commit.status.success() {
        let outside = !git(&["rev-parse", "--git-dir"]).output()?.status.success();
        let problem =
            Problem::error("check::no-revision", format!("there is no revision `{revision}` to compare with"));
        return Err(Failure::of(match outside {
            true => problem.because(format!("`{}` is in no git repository", here.display())),
            false => problem
                .because("the repository here does not have it")
                .help("a checkout in CI is often shallow: fetch it, with `fetch-depth: 0` of actions/checkout")
                .help(format!("`git fetch origin {revision}`")),
        }));
    }
    let commit = commit.text().trim().to_owned();
    let inside = match path {
        Some(path) => path.trim_end_matches('/').to_owned(),
        None => {
            let prefix = git(&["rev-parse", "--show-prefix"]).succeed()?.text().trim().to_owned();
            let name = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            format!("{prefix}{name}")
        }
    };
    let object = format!("{commit}:{inside}");
    let kind = git(&["cat-file", "-t", &object]).output()?;
    if !kind.status.success() {
        return match path {
            None => Ok(None),
            Some(path) => {
                let message = format!("there is no `{path}` at revision `{revision}`");
                let problem = Problem::error("check::no-baseline", message);
                let help = format!("`git ls-tree -r --name-only {revision}` shows what is there");
                Err(Failure::of(problem.help(help)))
            }
        };
    }
    let shown = PathBuf::from(format!("{revision}:{inside}"));
    let folder = tempfile::TempDir::new().map_err(|error| unusable(revision, &error))?;
    if kind.text().trim() == "tree" {
        // From the top: in a folder below, git would look for that folder inside of the tree.
        let tree = git(&["rev-parse", "--verify", &object]).succeed()?.text().trim().to_owned();
        let top = git(&["rev-parse", "--show-toplevel"]).succeed()?.text().trim_end_matches('\n').to_owned();
        let archive = Command::new("git").arg("-C").arg(top).args(["archive", "--format=tar", &tree]).succeed()?;
        if archive.left_out > 0 {
            let message = format!("`{inside}` at revision `{revision}` is more than can be taken from git at once");
            return Err(Failure::of(Problem::error("check::no-baseline", message)));
        }
        tar::Archive::new(archive.stdout.as_slice())
            .unpack(folder.path())
            .map_err(|error| unusable(revision, &error))?;
        return Ok(Some(Wit::read(folder.path(), &shown)?));
    }
    let file = folder.path().join(Path::new(&inside).file_name().unwrap_or("baseline.wit".as_ref()));
    let blob = git(&["cat-file", "blob", &object]).succeed()?;
    if blob.left_out > 0 {
        let message = format!("`{inside}` at revision `{revision}` is more than can be taken from git at once");
        return Err(Failure::of(Problem::error("check::no-baseline", message)));
    }
    std::fs::write(&file, blob.stdout).map_err(|error| unusable(revision, &error))?;
    Ok(Some(Wit::read(&file, &shown)?))
}

fn unusable(revision: &str, error: &std::io::Error) -> Failure {
    let message = format!("could not take revision `{revision}` out of git");
    Failure::of(Problem::error("check::no-baseline", message).because(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_told_apart() {
        let parsed = |text: &str| Baseline::parse(text).map_err(|failure| failure.0[0].code);
        let git = |revision: &str, path: Option<&str>| {
            Ok(Baseline::Git { revision: revision.to_owned(), path: path.map(str::to_owned) })
        };
        assert_eq!(parsed("git:main"), git("main", None));
        assert_eq!(parsed("git:v1.0.0:wit/a.wit"), git("v1.0.0", Some("wit/a.wit")));
        assert_eq!(parsed("git:"), Err("check::bad-baseline"));
        let release = Reference::parse("acme:shop@1.0.0").unwrap();
        assert_eq!(parsed("acme:shop@1.0.0"), Ok(Baseline::Registry(release)));
        assert_eq!(parsed("acme:shop@1.0"), Err("check::bad-baseline"));
        assert_eq!(parsed("old/wit"), Ok(Baseline::Path(PathBuf::from("old/wit"))));
    }
}
