//! The one cargo command: its arguments, its environment, and what its messages say.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{
    artifact::{Artifact, Target},
    flags::{self, Flags},
    manifest,
    packages::Compiled,
    target,
};
use crate::{
    build::{
        backend::{Profile, Unit},
        conform,
    },
    diagnostic::Problem,
    process::{self, Command},
    toolchain::{self, RUST_TARGET},
};

/// What an enclosing cargo (`cargo mosaic`, `cargo run`, `cargo clippy`) sets for the programs it starts, and what would
/// lead the outputs elsewhere.
const NOT_OURS: [&str; 16] = [
    "CARGO",
    "CARGO_BIN_NAME",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_CRATE_NAME",
    "CARGO_MAKEFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_TMPDIR",
    "CARGO_TERM_QUIET",
    "CARGO_TERM_VERBOSE",
    "OUT_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
];
const NOT_OURS_EITHER: [&str; 4] = ["CARGO_BIN_EXE_", "CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PKG_"];

/// What a build that succeeded left.
pub struct Built {
    /// Of the unit's own package.
    pub artifacts: Vec<Artifact>,
    /// Every crate that was compiled for them, now or before.
    pub compiled: Vec<Compiled>,
    /// rustc's, as it wrote them; empty if there are none.
    pub warnings: String,
}

/// Builds the crate in the unit's source folder.
pub fn build(unit: &Unit, toolchain: &toolchain::Rust) -> Result<Built, Problem> {
    let target = target::folder(unit).map_err(|error| {
        Problem::error(
            "build::rust-target-folder",
            format!("could not prepare a target folder for `{}`", unit.part.name),
        )
        .because(error.to_string())
    })?;
    let plain = plain(unit, toolchain, &target);
    let mut command = NOT_OURS.iter().fold(plain.clone(), Command::env_remove);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| NOT_OURS_EITHER.iter().any(|prefix| name.starts_with(prefix))) {
            command = command.env_remove(name);
        }
    }
    command = command.args(["--message-format=json-render-diagnostics", "--quiet", "--color=never"]);
    command = match flags::given(unit, &target) {
        Flags::Environment(flags) => command.env("CARGO_ENCODED_RUSTFLAGS", flags),
        Flags::Config(setting) => command.arg("--config").arg(setting),
    };
    let output = command.output().map_err(|error| told(unit, error, &plain))?;
    let words = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    if output.status.success() {
        let messages = messages(&output.stdout);
        let artifacts = artifacts(&messages, &unit.source);
        return Ok(Built { artifacts, compiled: compiled(messages), warnings: words });
    }
    let words = if words.is_empty() { format!("cargo {}", process::ending(output.status)) } else { words };
    let problem = Problem::error("build::rust-failed", format!("`{}` does not compile", unit.part.name)).because(words);
    let problem = if exports_nothing(unit) {
        let line = match manifest::bindings_package(unit) {
            Some(_) => "bindings::export!(Component with_types_in bindings);",
            None => "export!(Component);",
        };
        problem.help(format!("nothing in the sources exports the component: add `{line}`"))
    } else {
        problem
    };
    Err(problem.help(format!("to see it by hand: `{plain}`")))
}

/// Environment and configuration outside the project that decide the output, one a line.
pub fn settings(unit: &Unit) -> Vec<String> {
    let decides = |name: &str| {
        let known = ["CARGO_BUILD_RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", flags::TARGET_RUSTFLAGS];
        known.contains(&name) || name.starts_with("CARGO_PROFILE_")
    };
    let mut settings: Vec<String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| decides(name))
        .map(|(name, value)| format!("{name} {}", value.to_string_lossy()))
        .collect();
    settings.sort();
    // Files outside the project differ in place from one machine to the next: their content counts.
    let elsewhere = config_files(&unit.source).into_iter().filter(|file| !file.starts_with(&unit.root));
    settings.extend(elsewhere.filter_map(|file| {
        let content = std::fs::read(file).ok()?;
        Some(format!("cargo-config {}", blake3::hash(&content)))
    }));
    settings
}

/// The configuration files that cargo reads in that folder, the nearest first; those that exist.
pub fn config_files(folder: &Path) -> Vec<PathBuf> {
    let hierarchy = folder.ancestors().map(|up| up.join(".cargo"));
    let mut files: Vec<PathBuf> = hierarchy
        .chain(flags::cargo_home())
        .flat_map(|folder| [folder.join("config.toml"), folder.join("config")])
        .filter(|file| file.is_file())
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    files
}

/// The command as a person would type it.
fn plain(unit: &Unit, toolchain: &toolchain::Rust, target: &Path) -> Command {
    let mut command = Command::new(&toolchain.cargo)
        .cwd(&unit.source)
        .args(["build", "--target", RUST_TARGET])
        .arg("--target-dir")
        .arg(target);
    if let Some(rustc) = &toolchain.rustc {
        command = command.env("RUSTC", rustc);
    }
    match unit.profile {
        Profile::Dev => command,
        Profile::Release => command.arg("--release"),
    }
}

fn told(unit: &Unit, error: process::Error, plain: &Command) -> Problem {
    let problem = Problem::error("build::rust-cargo", format!("cargo could not be run for `{}`", unit.part.name));
    let mut problem = error.explain(problem);
    problem.help = vec![format!("to see it by hand: `{plain}`")];
    problem
}

/// Whether no source file names an `export!`, although the world exports what no program does by itself.
fn exports_nothing(unit: &Unit) -> bool {
    let world = &unit.part.resolve.worlds[unit.part.world];
    let exports =
        world.exports.len() > usize::from(conform::exports(&unit.part.resolve, unit.part.world, conform::RUN));
    let Ok(sources) = crate::plan::sources::sources(unit, &[]) else { return false };
    let mut rust = sources.into_values().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    exports && !rust.any(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("export!")))
}

/// One of cargo's messages; those of no interest have other reasons.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        package_id: String,
        manifest_path: PathBuf,
        target: MessageTarget,
        filenames: Vec<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct MessageTarget {
    kind: Vec<String>,
    name: String,
}

/// Cargo's messages, one a line.
fn messages(stdout: &[u8]) -> Vec<Message> {
    stdout.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The `.wasm` files of the package in `source`, from cargo's messages.
fn artifacts(messages: &[Message], source: &Path) -> Vec<Artifact> {
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let own = canonical(&source.join("Cargo.toml"));
    messages
        .iter()
        .filter_map(|message| match message {
            Message::CompilerArtifact { manifest_path, target, filenames, .. } if canonical(manifest_path) == own => {
                let kind = match () {
                    () if target.kind.iter().any(|kind| kind == "cdylib") => Target::Library,
                    () if target.kind.iter().any(|kind| kind == "bin") => Target::Program,
                    () => return None,
                };
                let path = filenames.iter().find(|path| path.extension().is_some_and(|it| it == "wasm"))?.clone();
                Some(Artifact { target: kind, name: target.name.clone(), path })
            }
            _ => None,
        })
        .collect()
}

/// The crates that cargo tells of. What it compiles for the component lies below a folder of the target's name, what it
/// compiles for this machine does not.
fn compiled(messages: Vec<Message>) -> Vec<Compiled> {
    let crates = messages.into_iter().filter_map(|message| match message {
        Message::CompilerArtifact { package_id: id, manifest_path: manifest, filenames, .. } => {
            let inside = filenames.iter().any(|path| path.iter().any(|folder| folder == RUST_TARGET));
            Some(Compiled { id, manifest, inside })
        }
        Message::Other => None,
    });
    crates.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wasm_of_the_own_package_counts() {
        let messages = r#"{"reason":"compiler-artifact","package_id":"path+file:///app#0.1.0","manifest_path":"/app/dep/Cargo.toml","target":{"kind":["lib"],"name":"dep"},"filenames":["/t/wasm32-wasip2/release/libdep.rlib"]}
{"reason":"build-script-executed","package_id":"x"}
{"reason":"compiler-artifact","package_id":"path+file:///app#0.1.0","manifest_path":"/app/auth/Cargo.toml","target":{"kind":["custom-build"],"name":"build-script-build"},"filenames":["/t/build"]}
{"reason":"compiler-artifact","package_id":"path+file:///app#0.1.0","manifest_path":"/app/auth/Cargo.toml","target":{"kind":["cdylib","rlib"],"name":"auth"},"filenames":["/t/auth.wasm","/t/libauth.rlib"]}
not json
{"reason":"build-finished","success":true}
"#;
        let messages = super::messages(messages.as_bytes());
        let found = artifacts(&messages, Path::new("/app/auth"));
        assert_eq!(found, [Artifact { target: Target::Library, name: "auth".into(), path: "/t/auth.wasm".into() }]);
        let inside: Vec<bool> = compiled(messages).iter().map(|compiled| compiled.inside).collect();
        assert_eq!(inside, [true, false, false]);
    }
}
