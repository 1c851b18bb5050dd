//! Builds `cargo-mosaic` and has it install the toolchains that the examples need.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use crate::Outcome;

/// What the other tasks build on.
pub struct Ready {
    /// The built `cargo-mosaic`.
    pub mosaic: PathBuf,
}

/// The checkout's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace's root")
}

/// The user's cache folder, as `mosaic::cache::Home` finds it: absolute, for the folders that commands run in differ.
pub fn home() -> Result<PathBuf, String> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = var("MOSAIC_HOME")
        .or_else(|| var("XDG_CACHE_HOME").map(|cache| cache.join("mosaic")))
        .or_else(|| var("HOME").map(|home| home.join(".cache/mosaic")))
        .ok_or("neither MOSAIC_HOME nor HOME is set")?;
    std::path::absolute(&home).map_err(|e| format!("{}: {e}", home.display()))
}

/// Cargo's target folder: outside the checkout, so that dependencies are compiled once for all clean checkouts.
pub fn target() -> Result<PathBuf, String> {
    match std::env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => Ok(root().join(dir)),
        None => Ok(home()?.join("target")),
    }
}

/// Cargo in the checkout, with the shared target folder.
pub fn cargo(args: &[&str]) -> Result<Command, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root()).env("CARGO_TARGET_DIR", target()?);
    command.stdin(std::process::Stdio::null());
    // What the cargo that started this task said of xtask is no business of the next: build scripts look at it, and
    // would run again each time.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let said = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|start| name.starts_with(start));
        if said || name == "CARGO_CRATE_NAME" || name == "CARGO_PRIMARY_PACKAGE" {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// Runs a command to its end and fails unless it succeeded.
pub fn succeed(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|e| format!("could not start `{}`: {e}", words(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", words(command))) }
}

/// A command as it would be typed, without what is set for it.
fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = [program].into_iter().chain(command.get_args()).map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}

/// Runs `work`, saying before and after what it is and how long it took.
pub fn timed<T>(what: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    eprintln!("==> {what}");
    let start = Instant::now();
    let out = work()?;
    eprintln!("    {what}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(out)
}

/// Builds the command and installs what is missing; a second run has nothing to do.
pub fn run() -> Result<Ready, String> {
    let target = target()?;
    timed("build cargo-mosaic", || succeed(&mut cargo(&["build", "--package", "cargo-mosaic"])?))?;
    let mosaic = target.join("debug").join(format!("cargo-mosaic{}", std::env::consts::EXE_SUFFIX));
    timed("set up Rust and Go", || succeed(Command::new(&mosaic).args(["setup", "rust", "go"]).current_dir(root())))?;
    Ok(Ready { mosaic })
}
