//! An upstream Go toolchain, new enough for the generated bindings.
//!
//! 1. `go` as the user's shell would find it, if it is at least [`OLDEST`] and carries its own sources (Go compiles its
//!    standard library for `wasip1` itself);
//! 2. else the one that `setup` installed.

use std::{
    env,
    path::{Path, PathBuf},
};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{installed::Installed, probe};
use crate::{
    cache::Home,
    diagnostic::Problem,
    language::Language,
    process::{self, Command},
};

/// The oldest Go that builds the code of the generator in use.
pub const OLDEST: Version = Version::new(1, 26, 0);

/// An upstream Go toolchain.
#[derive(Debug, Clone)]
pub struct Go {
    pub go: PathBuf,
    /// `1.26.8`.
    pub version: Version,
}

/// What the user's own `go` says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Own {
    Absent,
    /// It does not answer, or not in a way we understand: its words.
    Silent(String),
    /// No sources of the standard library beside it.
    Sourceless(Version),
    Old(Version),
    Ready(Version),
}

/// Finds the toolchain.
pub(super) fn find(home: &Home) -> Result<Go, Problem> {
    let path = process::find("go");
    let own = path.as_deref().map_or(Own::Absent, |path| ask(home, path));
    if let (Own::Ready(version), Some(go)) = (&own, path.clone()) {
        return Ok(Go { go, version: version.clone() });
    }
    match Installed::read(home, Language::Go).and_then(|i| Some((i.program, Version::parse(&i.version).ok()?))) {
        Some((go, version)) => Ok(Go { go, version }),
        None => Err(problem(&own, path.as_deref())),
    }
}

/// What the `go` at `path` is.
pub(super) fn ask(home: &Home, path: &Path) -> Own {
    let goroot = env::var_os("GOROOT").map(|v| v.to_string_lossy().into_owned());
    probe::remembered(home, "go", &(path, goroot), || {
        // GOTOOLCHAIN=local: what is there, not what a go.mod nearby would have it download.
        let asked = Command::new(path).args(["env", "GOVERSION", "GOROOT"]).env("GOTOOLCHAIN", "local").output();
        let mut witnesses = vec![path.to_owned()];
        let own = match asked {
            Err(error) => Own::Silent(error.to_string()),
            Ok(output) if !output.status.success() => Own::Silent(String::from_utf8_lossy(&output.stderr).into()),
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout);
                let mut lines = text.lines();
                let (version, root) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
                let root = Path::new(root);
                witnesses.extend([root.join("VERSION"), root.join("src/runtime")]);
                judge(version, root)
            }
        };
        (own, witnesses)
    })
}

fn judge(version: &str, root: &Path) -> Own {
    match parse(version) {
        None => Own::Silent(version.to_owned()),
        Some(version) if version < OLDEST => Own::Old(version),
        Some(version) if !root.join("src/runtime/os_wasip1.go").is_file() => Own::Sourceless(version),
        Some(version) => Own::Ready(version),
    }
}

/// `go1.26.8`, `go1.27`, `go1.27rc1`, `go1.26.6 X:experiment`, `devel go1.28-3f1a2b`.
fn parse(text: &str) -> Option<Version> {
    let word = text.split_whitespace().find_map(|word| word.strip_prefix("go"))?;
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (numbers, rest) = word.split_at(end);
    let mut numbers = numbers.split('.').map(|n| n.parse().ok());
    let (major, minor) = (numbers.next()??, numbers.next()??);
    let mut version = Version::new(major, minor, numbers.next().unwrap_or(Some(0))?);
    let rest: String = rest.chars().filter(char::is_ascii_alphanumeric).collect();
    version.pre = semver::Prerelease::new(&rest).ok()?;
    Some(version)
}

fn problem(own: &Own, path: Option<&Path>) -> Problem {
    let path = path.unwrap_or(Path::new("go")).display();
    let cause = match own {
        Own::Absent => "no `go` is on the PATH".to_owned(),
        Own::Silent(words) => format!("`{path}` does not answer as Go does: {}", words.trim()),
        Own::Sourceless(version) => {
            format!("Go {version} ({path}) has no sources of its standard library, which are compiled for WebAssembly")
        }
        Own::Old(version) | Own::Ready(version) => format!("Go {version} ({path}) is older than {OLDEST}"),
    };
    Problem::error("toolchain::no-go", format!("Go parts need Go {OLDEST} or newer, and there is none here"))
        .because(cause)
        .help("run `cargo mosaic setup go`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_versions_as_go_writes_them() {
        let read = |text| parse(text).map(|v| v.to_string());
        assert_eq!(read("go1.26.8").as_deref(), Some("1.26.8"));
        assert_eq!(read("go1.27").as_deref(), Some("1.27.0"));
        assert_eq!(read("go1.27rc1").as_deref(), Some("1.27.0-rc1"));
        assert_eq!(read("go1.26.6 X:nogreenteagc").as_deref(), Some("1.26.6"));
        assert_eq!(read("devel go1.28-3f1a2b Mon").as_deref(), Some("1.28.0-3f1a2b"));
        assert_eq!(read("gofmt"), None);
        assert_eq!(read("go1"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_release_candidate_of_the_oldest_is_too_old() {
        assert!(matches!(judge("go1.26rc2", Path::new("/")), Own::Old(_)));
        assert!(matches!(judge("go1.27rc1", Path::new("/")), Own::Sourceless(_)));
    }
}
