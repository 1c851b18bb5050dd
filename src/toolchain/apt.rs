//! Debian packages without root and without the machine's apt noticing.
//!
//! apt runs with a configuration of its own: its lists, its caches and its locks lie in one folder, hooks that other
//! packages installed are not run (some of them clean the system's caches), and nothing is ever installed: packages are
//! downloaded (apt checks their signatures) and unpacked. Invariant: nothing outside the folder is written.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::error::Failure;
use crate::process::{self, Command};

/// How long apt may take over its lists, and over a package.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// apt, with its state below one folder.
#[derive(Debug)]
pub struct Apt {
    config: PathBuf,
}

/// Which archives apt reads.
#[derive(Debug, Clone, Copy)]
pub enum Sources<'a> {
    /// The machine's own, mirrors and all.
    Machine,
    /// These, in the form of `sources.list`.
    These(&'a str),
}

/// A package as the lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    /// Debian's, e.g. `1:22.1.8-1~deb12u1`.
    pub version: String,
    /// Names only: of each dependency the first alternative.
    pub depends: Vec<String>,
    /// Bytes to download.
    pub size: u64,
}

impl Apt {
    /// Prepares apt in `folder` and fetches the lists of `sources`.
    pub fn update(folder: &Path, sources: Sources<'_>) -> Result<Apt, Failure> {
        for program in ["apt-get", "apt-cache", "dpkg-deb", "tar"] {
            process::find(program).ok_or(Failure::Absent { program })?;
        }
        for needed in ["state/lists/partial", "cache/archives/partial", "none"] {
            fs::create_dir_all(folder.join(needed))?;
        }
        let apt = Apt { config: folder.join("apt.conf") };
        fs::write(&apt.config, configuration(folder, sources)?)?;
        // One archive of several that does not answer (another maker's, say) is no reason to stop: whether the packages
        // are there is asked next. None at all is.
        match apt.run("apt-get").args(["update", "--option=APT::Update::Error-Mode=any"]).succeed() {
            Err(error) if is_empty(folder) => Err(Failure::process("fetch Debian's package lists")(error)),
            _ => Ok(apt),
        }
    }

    /// The version of `name` that would be installed; `None`: there is none.
    pub fn package(&self, name: &str) -> Result<Option<Package>, Failure> {
        let shown = self.run("apt-cache").args(["show", "--no-all-versions", name]).output();
        let shown = shown.map_err(Failure::process("start apt-cache"))?;
        // A name that is not there is a status of its own kind, and nothing on standard output.
        Ok(parse(&shown.text()))
    }

    /// Downloads `package` into `folder`, and gives the file.
    pub fn download(&self, package: &Package, folder: &Path) -> Result<PathBuf, Failure> {
        let Package { name, version, .. } = package;
        self.run("apt-get")
            .args(["download", "--quiet", &format!("{name}={version}")])
            .cwd(folder)
            .succeed()
            .map_err(Failure::process(format!("download the Debian package {name} {version}")))?;
        let begins = format!("{name}_");
        let is_it = |path: &PathBuf| path.file_name().is_some_and(|f| f.to_string_lossy().starts_with(&begins));
        let mut files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        files.find(is_it).ok_or_else(|| Failure::Content { what: "apt's download".into(), missing: name.clone() })
    }

    fn run(&self, program: &str) -> Command {
        let command = Command::new(program).arg("--config-file").arg(&self.config);
        // Words we read are to be English.
        command.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive").timeout(PATIENCE)
    }
}

fn is_empty(folder: &Path) -> bool {
    let mut lists = fs::read_dir(folder.join("state/lists")).into_iter().flatten().flatten();
    !lists.any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

/// Unpacks from the package `deb` the files that match `patterns` (tar's wildcards, from `./` on; a `!` in front leaves
/// them out) into `folder`, without the first `strip` parts of their path, of which `.` is one. A pattern that matches
/// nothing is an error.
pub fn unpack(deb: &Path, patterns: &[&str], strip: usize, folder: &Path) -> Result<(), Failure> {
    // Only the exit status of a pipe's end is seen, but tar does not succeed on half an archive.
    let script = r#"deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | tar -x -f - "$@""#;
    fs::create_dir_all(folder)?;
    let out = patterns.iter().filter_map(|p| p.strip_prefix('!')).map(|p| format!("--exclude={p}"));
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(deb)
        .arg("-C")
        .arg(folder)
        .arg(format!("--strip-components={strip}"))
        .args(["--no-same-owner", "--no-same-permissions", "--wildcards"])
        .args(out)
        .args(patterns.iter().filter(|p| !p.starts_with('!')))
        .succeed()
        .map_err(Failure::process(format!("unpack {}", deb.file_name().unwrap_or_default().to_string_lossy())))?;
    Ok(())
}

fn configuration(folder: &Path, sources: Sources<'_>) -> io::Result<String> {
    let root = folder.to_str().filter(|root| !root.contains(['"', '\n', '\\']));
    let root = root
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "apt cannot read a path with such a character"))?;
    let sources = match sources {
        Sources::Machine => String::new(),
        Sources::These(text) => {
            fs::write(folder.join("sources.list"), text)?;
            format!("Dir::Etc::sourcelist \"{root}/sources.list\";\nDir::Etc::sourceparts \"{root}/none\";\n")
        }
    };
    Ok(format!(
        r#"#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::State "{root}/state";
Dir::State::status "/dev/null";
Dir::Cache "{root}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Log "{root}/log";
{sources}APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
"#
    ))
}

/// The first paragraph of what `apt-cache show` writes.
fn parse(shown: &str) -> Option<Package> {
    let field =
        |name: &str| shown.lines().take_while(|l| !l.is_empty()).find_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
    let first = |alternatives: &str| alternatives.split_whitespace().next().map(str::to_owned);
    Some(Package {
        name: field("Package")?.to_owned(),
        version: field("Version")?.to_owned(),
        depends: field("Depends").map(|d| d.split(',').filter_map(first).collect()).unwrap_or_default(),
        size: field("Size").and_then(|size| size.parse().ok()).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_apt_shows() {
        let shown = "Package: rustc-web\nVersion: 1.96.0+dfsg1-1~deb12u2\nSize: 4450500\n\
                     Depends: libc6 (>= 2.34), gcc | c-compiler, libc-dev\nDescription: x\n\nPackage: other\nVersion: 1\n";
        let package = parse(shown).unwrap();
        assert_eq!(
            (&*package.name, &*package.version, package.size),
            ("rustc-web", "1.96.0+dfsg1-1~deb12u2", 4_450_500)
        );
        assert_eq!(package.depends, ["libc6", "gcc", "libc-dev"]);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_folder_apt_cannot_read_is_refused() {
        let error = configuration(Path::new("/tmp/a\"b"), Sources::Machine).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
