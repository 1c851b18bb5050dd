//! Which of the files that cargo built is the component, and what rustc read for it.

use std::path::PathBuf;

use crate::{
    build::{backend::Unit, conform},
    diagnostic::Problem,
};

/// A `.wasm` that cargo built of the unit's own package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    pub target: Target,
    /// The target's name, as `Cargo.toml` says it.
    pub name: String,
    pub path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `crate-type = ["cdylib"]`.
    Library,
    Program,
}

/// The component among them: the program where the world exports `wasi:cli/run`, else the library; of several programs
/// the one named like the component.
pub fn choose(unit: &Unit, artifacts: Vec<Artifact>) -> Result<PathBuf, Problem> {
    let runs = conform::exports(&unit.part.resolve, unit.part.world, conform::RUN);
    let (programs, libraries): (Vec<Artifact>, Vec<Artifact>) =
        artifacts.into_iter().partition(|artifact| artifact.target == Target::Program);
    let (wanted, others) = if runs { (programs, libraries) } else { (libraries, programs) };
    let candidates = if wanted.is_empty() { others } else { wanted };
    let name = &unit.part.name;
    match &candidates[..] {
        [only] => return Ok(only.path.clone()),
        [] => {}
        several => {
            if let Some(named) = several.iter().find(|artifact| artifact.name == *name) {
                return Ok(named.path.clone());
            }
            let names: Vec<&str> = several.iter().map(|artifact| artifact.name.as_str()).collect();
            return Err(Problem::error(
                "build::rust-ambiguous",
                format!("the crate of `{name}` builds several programs, and none of them is named `{name}`"),
            )
            .because(format!("it builds {}", names.join(", ")))
            .help(format!(
                "name one of them `{name}` in its `[[bin]]`, or give each a component and a crate of its own"
            )));
        }
    }
    Err(Problem::error(
        "build::rust-no-artifact",
        format!("the crate of `{name}` builds neither a `cdylib` nor a program"),
    )
    .because("a library for Rust alone (`rlib`) cannot be a component")
    .help("add to its `Cargo.toml`:\n[lib]\ncrate-type = [\"cdylib\"]"))
}

/// The files named in the account that cargo writes beside an artifact: `artifact: file file …`, blanks in names escaped
/// by `\`.
pub fn dep_info(text: &str) -> Vec<PathBuf> {
    let Some((_, files)) = text.lines().next().and_then(|line| line.split_once(": ")) else { return Vec::new() };
    let mut names = vec![String::new()];
    let mut chars = files.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&' ') => {
                chars.next();
                names.last_mut().expect("never empty").push(' ');
            }
            ' ' => names.push(String::new()),
            c => names.last_mut().expect("never empty").push(c),
        }
    }
    names.into_iter().filter(|name| !name.is_empty()).map(PathBuf::from).filter(|path| path.is_absolute()).collect()
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use wit_parser::Resolve;

    use super::*;
    use crate::plan::fingerprint::tests::unit;

    fn built(target: Target, name: &str) -> Artifact {
        Artifact { target, name: name.into(), path: PathBuf::from(format!("/{name}.wasm")) }
    }

    fn command() -> Unit {
        let mut unit = unit(Path::new("/app"), "part");
        let mut resolve = Resolve::default();
        let wit = "package a:b; world part { export wasi:cli/run@0.2.6; }
            package wasi:cli@0.2.6 { interface run { run: func() -> result; } }";
        let package = resolve.push_str("part.wit", wit).unwrap();
        unit.part.world = resolve.select_world(&[package], None).unwrap();
        unit.part.resolve = Arc::new(resolve);
        unit
    }

    #[test]
    fn the_world_decides_between_library_and_program() {
        let both = vec![built(Target::Program, "x"), built(Target::Library, "y")];
        assert_eq!(choose(&unit(Path::new("/app"), "part"), both.clone()).unwrap(), Path::new("/y.wasm"));
        assert_eq!(choose(&command(), both).unwrap(), Path::new("/x.wasm"));
        assert_eq!(choose(&command(), vec![built(Target::Library, "y")]).unwrap(), Path::new("/y.wasm"));
    }

    #[test]
    fn of_several_programs_the_namesake_is_taken() {
        let several = vec![built(Target::Program, "x"), built(Target::Program, "part")];
        assert_eq!(choose(&command(), several).unwrap(), Path::new("/part.wasm"));
        let strangers = vec![built(Target::Program, "x"), built(Target::Program, "y")];
        assert_eq!(choose(&command(), strangers).unwrap_err().code, "build::rust-ambiguous");
    }

    #[test]
    fn nothing_is_told_with_what_to_add() {
        let problem = choose(&command(), Vec::new()).unwrap_err();
        assert!(problem.help[0].contains("crate-type = [\"cdylib\"]"));
    }

    #[test]
    fn names_with_blanks_are_read_whole() {
        let text = "/t/x.wasm: /a/src/lib.rs /a/my\\ data/x.txt relative.rs\n\n/a/src/lib.rs:\n";
        assert_eq!(dep_info(text), [Path::new("/a/src/lib.rs"), Path::new("/a/my data/x.txt")]);
        assert!(dep_info("").is_empty());
    }
}
