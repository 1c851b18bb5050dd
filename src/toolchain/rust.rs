//! A Rust toolchain that can build `wasm32-wasip2`: cargo, and a rustc whose target is there.
//!
//! 1. cargo and rustc as the user's shell would find them in that folder (rustup's proxies choose by folder);
//! 2. if that rustc has a standard library for the target and links an empty program with it, it is the one;
//! 3. else the private rustc that `setup` installed, given to the user's cargo as `RUSTC`.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{installed::Installed, probe};
use crate::{
    cache::Home,
    diagnostic::Problem,
    language::Language,
    process::{self, Command},
};

/// The target every Rust part is built for.
pub const TARGET: &str = "wasm32-wasip2";

/// A Rust toolchain that can build `wasm32-wasip2`.
#[derive(Debug, Clone)]
pub struct Rust {
    pub cargo: PathBuf,
    /// To be given to cargo as `RUSTC`; `None`: cargo's own.
    pub rustc: Option<PathBuf>,
    /// As `rustc -V` says it.
    pub version: String,
}

/// What the user's own rustc says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Rustc {
    pub path: PathBuf,
    pub sysroot: PathBuf,
    /// As `rustc -V` says it.
    pub version: String,
    pub host: String,
    pub target: Target,
}

/// Whether a rustc can build [`TARGET`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Target {
    Ready,
    /// rustc does not know the target, or there is no standard library for it.
    Absent,
    /// The standard library is there, but an empty program does not link: the tool's words.
    Broken(String),
}

/// Why the user's own rustc could not be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Unknown {
    Absent,
    /// It is there but does not answer: its words.
    Silent(String),
}

/// Finds the toolchain for sources in `folder`.
pub(super) fn find(home: &Home, folder: &Path) -> Result<Rust, Problem> {
    let cargo = cargo().ok_or_else(no_cargo)?;
    let own = rustc(home, folder);
    if let Ok(Rustc { target: Target::Ready, version, .. }) = &own {
        return Ok(Rust { cargo, rustc: None, version: version.clone() });
    }
    match Installed::read(home, Language::Rust) {
        Some(installed) => Ok(Rust { cargo, rustc: Some(installed.program), version: installed.version }),
        None => Err(no_target(&own)),
    }
}

/// The cargo of the user's shell, else the one that started us.
pub(super) fn cargo() -> Option<PathBuf> {
    process::find("cargo").or_else(|| env::var_os("CARGO").map(PathBuf::from).filter(|cargo| cargo.is_file()))
}

/// Asks the rustc that cargo would use in `folder`.
pub(super) fn rustc(home: &Home, folder: &Path) -> Result<Rustc, Unknown> {
    let path = match env::var_os("RUSTC").filter(|v| !v.is_empty()) {
        Some(named) => process::find(&named),
        None => process::find("rustc"),
    };
    let path = path.ok_or(Unknown::Absent)?;
    let var = |name| env::var_os(name).map(|v: std::ffi::OsString| v.to_string_lossy().into_owned());
    let question = (&path, folder, var("RUSTUP_TOOLCHAIN"), var("RUSTUP_HOME"));
    probe::remembered(home, "rustc", &question, || {
        let answer = ask(&path, folder);
        let witnesses = witnesses(&path, folder, answer.as_ref().ok());
        (answer, witnesses)
    })
}

/// Everything on disk that decides which rustc answers and what it says.
fn witnesses(path: &Path, folder: &Path, rustc: Option<&Rustc>) -> Vec<PathBuf> {
    let overrides = folder.ancestors().flat_map(|up| [up.join("rust-toolchain"), up.join("rust-toolchain.toml")]);
    let rustup = env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".rustup")));
    let sysroot = rustc.map(|rustc| &rustc.sysroot);
    std::iter::once(path.to_owned())
        .chain(overrides)
        .chain(rustup.map(|rustup| rustup.join("settings.toml")))
        .chain(sysroot.map(|root| root.join("bin/rustc")))
        .chain(sysroot.map(|root| root.join("lib/rustlib")))
        .chain(sysroot.map(|root| root.join("lib/rustlib").join(TARGET).join("lib")))
        .collect()
}

fn ask(path: &Path, folder: &Path) -> Result<Rustc, Unknown> {
    let rustc = Command::new(path).cwd(folder);
    let about = answer(&rustc.clone().arg("-vV"))?;
    let sysroot = answer(&rustc.clone().args(["--print", "sysroot"]))?;
    let line = |key: &str| about.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned());
    Ok(Rustc {
        path: path.to_owned(),
        sysroot: PathBuf::from(sysroot.trim()),
        version: about.lines().next().unwrap_or_default().trim().to_owned(),
        host: line("host:").ok_or_else(|| Unknown::Silent(about.clone()))?,
        target: target(&rustc),
    })
}

/// Whether `rustc` has the target's standard library and links a program with it.
pub(super) fn target(rustc: &Command) -> Target {
    let Ok(folder) = answer(&rustc.clone().args(["--print", "target-libdir", "--target", TARGET])) else {
        return Target::Absent;
    };
    let is_std = |entry: std::io::Result<fs::DirEntry>| {
        entry.is_ok_and(|e| e.file_name().as_encoded_bytes().starts_with(b"libstd"))
    };
    if !fs::read_dir(folder.trim()).is_ok_and(|mut entries| entries.any(is_std)) {
        return Target::Absent;
    }
    match links(rustc) {
        Ok(()) => Target::Ready,
        Err(words) => Target::Broken(words),
    }
}

/// Builds an empty program. The linker (`wasm-component-ld`) ships apart from the standard library, so that only doing
/// it tells.
fn links(rustc: &Command) -> Result<(), String> {
    let temp = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let (source, wasm) = (temp.path().join("empty.rs"), temp.path().join("empty.wasm"));
    fs::write(&source, "fn main() {}\n").map_err(|e| format!("{}: {e}", source.display()))?;
    let args: [&OsStr; 5] = ["--target".as_ref(), TARGET.as_ref(), "-o".as_ref(), wasm.as_ref(), source.as_ref()];
    match answer(&rustc.clone().args(args)) {
        Ok(_) => Ok(()),
        Err(Unknown::Silent(words)) => Err(words),
        Err(Unknown::Absent) => Err("rustc is gone".into()),
    }
}

/// Standard output of a command that succeeds.
pub(super) fn answer(command: &Command) -> Result<String, Unknown> {
    let output = command.output().map_err(|e| Unknown::Silent(e.to_string()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(Unknown::Silent(text(&output.stderr))) }
}

fn no_cargo() -> Problem {
    Problem::error("toolchain::no-cargo", "Rust parts are built by cargo, and no `cargo` is on the PATH")
        .help("install Rust from https://rustup.rs, then run `cargo mosaic setup rust`")
}

fn no_target(own: &Result<Rustc, Unknown>) -> Problem {
    let cause = match own {
        Ok(Rustc { path, version, target: Target::Broken(words), .. }) => {
            format!("{version} ({}) has the target, but cannot link a program for it:\n{words}", path.display())
        }
        Ok(Rustc { path, version, .. }) => {
            format!("{version} ({}) has no standard library for `{TARGET}`", path.display())
        }
        Err(Unknown::Absent) => "no `rustc` is on the PATH".into(),
        Err(Unknown::Silent(words)) => format!("rustc does not answer: {words}"),
    };
    Problem::error("toolchain::no-rust-target", format!("no Rust toolchain here can build for `{TARGET}`"))
        .because(cause)
        .help("run `cargo mosaic setup rust`")
}
