//! Any other language: a command that leaves a `.wasm`, as the manifest gives it.
//!
//! The command runs in the source folder, without a shell, and finds in its environment
//! - `MOSAIC_WIT`: a file with the WIT that its world reaches, as one text;
//! - `MOSAIC_WORLD`: the world, in full (`acme:shop/auth@0.1.0`);
//! - `MOSAIC_PROFILE`: `dev` or `release`.
//!
//! What it leaves may be a component, taken as it is, or a core module, which is made one ([`componentize`]): that is how
//! C, C++, C#, Swift and others come in. The artifact must lie below the source folder, links followed.

use std::{
    fs::Metadata,
    io,
    path::{Component, Path},
    time::SystemTime,
};

use wasmparser::Parser;

use super::{
    backend::{Backend, Unit},
    bindings::what,
    componentize::componentize,
};
use crate::{
    cache::write_whole,
    diagnostic::Problem,
    event::{Event, Events},
    process::Command as Process,
    project::bindings_folder,
};

/// The backend.
pub struct Command;

impl Backend for Command {
    fn check(&self, unit: &Unit) -> Vec<Problem> {
        line(unit).err().into_iter().collect()
    }

    /// The command is part of the fingerprint; which programs it starts in turn, nobody knows.
    fn tools(&self, _unit: &Unit) -> Result<Vec<String>, Problem> {
        Ok(Vec::new())
    }

    /// The WIT itself, for the generator of the language's own.
    fn bindings(&self, unit: &Unit, folder: &Path) -> Result<(), Problem> {
        let file = folder.join(WIT);
        write_whole(&file, unit.wit.as_bytes()).map_err(|error| {
            Problem::error("build::command-bindings", format!("could not write `{}`", file.display()))
                .because(error.to_string())
        })
    }

    fn build(&self, unit: &Unit, events: Events<'_>) -> Result<Vec<u8>, Problem> {
        let line = line(unit)?;
        let command = process(unit, &line);
        let artifact = unit.source.join(line.artifact);
        let before = stamp(&artifact);
        let output = command.succeed().map_err(|error| {
            error
                .explain(Problem::error("build::command-failed", format!("the command of `{}` failed", unit.part.name)))
        })?;
        let words = output.words();
        if !words.is_empty() {
            events(Event::Output { what: &what(unit), text: &words });
        }
        let bytes = read(unit, &artifact, &command)?;
        if before.is_some() && stamp(&artifact) == before {
            events(Event::Warning(&unchanged(unit, line.artifact)));
        }
        if !Parser::is_core_wasm(&bytes) {
            return Ok(bytes);
        }
        componentize(&bytes, &unit.part.resolve, unit.part.world).map_err(|error| {
            let (name, world) = (&unit.part.name, &unit.world);
            error
                .explain(Problem::error(
                    "build::command-world",
                    format!("the core module of `{name}` does not fit its world `{world}`"),
                ))
                .help("compile against bindings of this world; its WIT is the file that `MOSAIC_WIT` names")
        })
    }
}

/// The name of the WIT file among the bindings.
const WIT: &str = "world.wit";

/// What the manifest says, if it says anything to run.
struct Line<'a> {
    program: &'a str,
    args: &'a [String],
    /// Relative to the source folder, and below it as far as its name tells.
    artifact: &'a Path,
}

fn line(unit: &Unit) -> Result<Line<'_>, Problem> {
    let name = &unit.part.name;
    let said = unit.command.as_ref().and_then(|said| Some((said.argv.value.split_first()?, &said.artifact.value)));
    let Some(((program, args), artifact)) = said else {
        let verdict = format!("the manifest does not say how `{name}` is built");
        return Err(Problem::error("build::no-command", verdict).help(format!(
            "say in `mosaic.toml`:\n[components.{name}]\ncommand = [\"make\", \"{name}.wasm\"]\nartifact = \"{name}.wasm\"",
        )));
    };
    if artifact.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(outside(unit, artifact));
    }
    Ok(Line { program, args, artifact })
}

fn process(unit: &Unit, line: &Line<'_>) -> Process {
    Process::new(line.program)
        .args(line.args)
        .cwd(&unit.source)
        .env("MOSAIC_WIT", bindings_folder(&unit.source).join(WIT))
        .env("MOSAIC_WORLD", &unit.world)
        .env("MOSAIC_PROFILE", unit.profile.name())
}

/// The artifact's bytes, if it lies where it may.
fn read(unit: &Unit, artifact: &Path, command: &Process) -> Result<Vec<u8>, Problem> {
    let name = &unit.part.name;
    let missing = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            Problem::error("build::no-artifact", format!("the command of `{name}` succeeded but left no artifact"))
                .because(format!("there is no `{}`", artifact.display()))
                .help(format!("name what it leaves as `artifact`, or see by hand what it does: `{command}`"))
        }
        _ => Problem::error("build::no-artifact", format!("could not read the artifact of `{name}`"))
            .because(format!("{}: {error}", artifact.display())),
    };
    let (real, folder) = (artifact.canonicalize().map_err(missing)?, unit.source.canonicalize().map_err(missing)?);
    if !real.starts_with(&folder) {
        return Err(outside(unit, &real));
    }
    if !real.is_file() {
        return Err(missing(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    let bytes = std::fs::read(&real).map_err(missing)?;
    if Parser::is_core_wasm(&bytes) || Parser::is_component(&bytes) {
        return Ok(bytes);
    }
    Err(Problem::error("build::not-wasm", format!("the artifact of `{name}` is not WebAssembly"))
        .because(format!("`{}` does not begin as a module or component does", artifact.display())))
}

fn outside(unit: &Unit, artifact: &Path) -> Problem {
    Problem::error(
        "build::artifact-outside",
        format!("the artifact of `{}` lies outside its source folder", unit.part.name),
    )
    .because(format!("`{}` is not below `{}`", artifact.display(), unit.source.display()))
    .help("let the command copy it into the source folder, and name that copy as `artifact`")
}

fn unchanged(unit: &Unit, artifact: &Path) -> Problem {
    let artifact = artifact.display();
    Problem::warning(
        "build::artifact-unchanged",
        format!("the command of `{}` left `{artifact}` as it was", unit.part.name),
    )
    .in_component(&unit.part.name)
    .because("its inputs have changed since the last build, so the command may not have noticed")
    .help(format!("if that is wrong, remove `{artifact}` and build again"))
}

/// What changes when the artifact is written: its size and time.
fn stamp(artifact: &Path) -> Option<(u64, Option<SystemTime>)> {
    let stamp = |metadata: Metadata| (metadata.len(), metadata.modified().ok());
    std::fs::metadata(artifact).ok().map(stamp)
}
