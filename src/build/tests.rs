//! Whole builds of the small projects below `fixtures/`, copied to a folder of their own first.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use super::*;
use crate::{
    build::backend::Profile,
    diagnostic::{Diagnose, Problem},
    event::Event,
    plan::units::units,
    project, resolve,
};

/// A copy of a fixture, with a cache folder of its own.
struct Project {
    temp: tempfile::TempDir,
    root: PathBuf,
    told: Mutex<Vec<String>>,
}

impl Project {
    fn copy(fixture: &str) -> Project {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap().join("app");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture), &root);
        Project { temp, root, told: Mutex::default() }
    }

    fn options(&self) -> Options {
        Options {
            layout: Layout { out: self.root.join("target/mosaic") },
            home: Home { root: self.temp.path().join("home") },
            jobs: NonZeroUsize::new(2).unwrap(),
            reuse: Reuse::Fresh,
        }
    }

    /// All units, in the manifest's order.
    fn units(&self) -> Vec<Unit> {
        let project = project::Project::load(&self.root.join("mosaic.toml"), None).unwrap();
        let resolution = resolve::resolve(&project, &|_| ()).unwrap();
        units(&project, &resolution, Profile::Dev, None)
    }

    /// Builds, and gives with the result what was compiled.
    fn build(&self, units: &[Unit]) -> (Result<Artifacts, Vec<Problem>>, Vec<String>) {
        self.told.lock().unwrap().clear();
        let result = build(units, &self.options(), &|event| {
            if let Event::Started { what, .. } = event {
                self.told.lock().unwrap().push(what.into());
            }
        });
        let mut compiled = self.told.lock().unwrap().clone();
        compiled.sort();
        (result.map_err(|error| error.problems()), compiled)
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// The one problem of a build that must fail, and the bytes that the part had before are there still.
    fn refused(&self, unit: &Unit) -> Problem {
        let path = self.options().layout.component(&unit.part.name);
        let before = fs::read(&path).ok();
        let (result, _) = self.build(std::slice::from_ref(unit));
        assert_eq!(fs::read(&path).ok(), before);
        let mut problems = result.unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert_eq!(problems[0].component.as_deref(), Some(unit.part.name.as_str()));
        problems.remove(0)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// The only unit of `command/wat`, built by another command.
fn by(project: &Project, argv: &[&str]) -> Unit {
    let mut unit = project.units().remove(0);
    unit.command.as_mut().unwrap().argv.value = argv.iter().map(ToString::to_string).collect();
    unit
}

#[test]
fn a_command_is_run_once_for_what_does_not_change() {
    let project = Project::copy("command/wat");
    let units = project.units();
    let unit = units[0].clone();
    assert_eq!(stale(&units, &project.options()).unwrap(), ["part"]);
    assert_eq!(built(&units, &project.options()).unwrap_err().problems()[0].code, "build::stale");

    let (first, compiled) = project.build(&units);
    let first = first.unwrap();
    assert_eq!(compiled, ["part (command)"]);
    let bytes = fs::read(&first["part"].path).unwrap();
    assert!(wasmparser::Parser::is_component(&bytes) && !first["part"].fresh);
    assert_eq!(first["part"].digest, blake3::hash(&bytes));

    let (second, compiled) = project.build(&units);
    assert!(compiled.is_empty() && second.unwrap()["part"].fresh);
    assert!(stale(&units, &project.options()).unwrap().is_empty());
    assert_eq!(built(&units, &project.options()).unwrap()["part"].digest, first["part"].digest);

    // Another profile is another build.
    let release = Unit { profile: Profile::Release, ..unit.clone() };
    assert_eq!(project.build(&[release]).1, ["part (command)"]);
    // A part that was tampered with is not fresh; the user's store has it as it was.
    let path = project.options().layout.component("part");
    fs::write(&path, "tampered").unwrap();
    let (again, compiled) = project.build(&units);
    assert!(compiled.is_empty() && again.unwrap()["part"].fresh);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    // So it has for a checkout that was cleaned.
    fs::remove_dir_all(project.root.join("target")).unwrap();
    assert!(project.build(&units).1.is_empty());
    assert_eq!(fs::read(&path).unwrap(), bytes);
    // Unless nothing is to be reused.
    let nothing = Options { reuse: Reuse::Nothing, ..project.options() };
    assert!(!build(&units, &nothing, &|_| ()).unwrap()["part"].fresh);

    fs::write(unit.source.join("more.c"), "").unwrap();
    assert_eq!(project.build(&units).1, ["part (command)"]);
}

#[test]
fn every_way_a_command_fails_is_told() {
    let project = Project::copy("command/wat");
    let refused = |argv: &[&str]| project.refused(&by(&project, argv));
    assert_eq!(refused(&[]).code, "build::no-command");

    let missing = refused(&["mosaic-test-no-such-program"]);
    assert_eq!(missing.code, "build::command-failed");
    assert!(missing.causes[0].contains("was not found"), "{missing:?}");

    let failed = refused(&["sh", "-c", "echo some words >&2; exit 3"]);
    assert!(failed.causes.iter().any(|cause| cause.contains("status 3")), "{failed:?}");
    assert!(failed.causes.iter().any(|cause| cause == "some words"), "{failed:?}");
    assert!(failed.help[0].contains("sh -c"), "{failed:?}");

    assert_eq!(refused(&["true"]).code, "build::no-artifact");
    assert_eq!(refused(&["sh", "-c", "mkdir -p out; echo text > out/part.wasm"]).code, "build::not-wasm");
    assert_eq!(refused(&["sh", "-c", "cp /dev/null out/part.wasm"]).code, "build::not-wasm");

    let empty = refused(&["sh", "-c", r"printf '\000asm\001\000\000\000' > out/part.wasm"]);
    assert_eq!(empty.code, "build::command-world");
    assert!(empty.causes.concat().contains("acme:part/doubling"), "{empty:?}");

    let outside = refused(&["sh", "-c", "cp build.sh ../stray; ln -sf ../../stray out/part.wasm"]);
    assert_eq!(outside.code, "build::artifact-outside");
    let mut upwards = by(&project, &["true"]);
    upwards.command.as_mut().unwrap().artifact.value = "../stray".into();
    assert_eq!(project.refused(&upwards).code, "build::artifact-outside");
}

#[test]
fn one_failure_does_not_keep_others_from_being_built() {
    let project = Project::copy("command/wat");
    let good = project.units().remove(0);
    let mut bad = by(&project, &["false"]);
    bad.part.name = "bad".into();
    bad.source = project.root.join("bad");
    fs::create_dir(&bad.source).unwrap();
    fs::write(bad.source.join("x.c"), "").unwrap();
    let (result, _) = project.build(&[bad, good.clone()]);
    assert_eq!(result.unwrap_err().len(), 1);
    assert!(project.build(&[good]).1.is_empty());
}

#[test]
fn parts_in_one_folder_with_two_worlds_are_refused() {
    let project = Project::copy("command/wat");
    let first = project.units().remove(0);
    let mut second = first.clone();
    second.part.name = "second".into();
    second.world = "acme:part/other@0.1.0".into();
    let (result, compiled) = project.build(&[first, second]);
    assert_eq!(result.unwrap_err()[0].code, "build::shared-source");
    assert!(compiled.is_empty());
}

#[test]
fn rust_parts_are_built_with_bindings_ahead() {
    let project = Project::copy("rust/shop");
    let units = project.units();
    let (built, compiled) = project.build(&units);
    built.unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(compiled, ["auth (rust)", "gateway (rust)"]);
    assert_eq!(fs::read_to_string(project.root.join("auth/.mosaic/.gitignore")).unwrap(), "*\n");
    // cargo wrote `Cargo.lock` meanwhile: nothing is built again for it.
    assert!(project.build(&units).1.is_empty());

    let auth = &units[0];
    let was = fs::read(project.options().layout.component("auth")).unwrap();
    // What lies beside the source folder counts: here a crate, and a file that is no crate's.
    project.edit("words/src/lib.rs", "unwrap_or_default()", "unwrap_or(\"\")");
    assert_eq!(project.build(&units).1, ["auth (rust)", "gateway (rust)"]);
    fs::write(project.root.join("motto.txt"), "one").unwrap();
    project.edit(
        "auth/src/lib.rs",
        "struct Component;",
        "pub const MOTTO: &str = include_str!(\"../../motto.txt\");\nstruct Component;",
    );
    assert_eq!(project.build(&units).1, ["auth (rust)"]);
    fs::write(project.root.join("motto.txt"), "two").unwrap();
    assert_eq!(project.build(&units).1, ["auth (rust)"]);
    assert!(project.build(&units).1.is_empty());

    project.edit("auth/src/lib.rs", "struct Visit {", "struct Visit {{");
    let syntax = project.refused(auth);
    assert_eq!(syntax.code, "build::rust-failed");
    assert!(syntax.causes[0].contains("src/lib.rs:"), "{syntax:?}");
    assert!(syntax.help[0].contains("cargo build --target wasm32-wasip2"), "{syntax:?}");
    project.edit("auth/src/lib.rs", "struct Visit {{", "struct Visit {");

    project.edit("auth/src/lib.rs", "fn check(token: String)", "fn verify(token: String)");
    let missing = project.refused(auth);
    assert!(missing.causes[0].contains("not all trait items implemented"), "{missing:?}");
    project.edit("auth/src/lib.rs", "fn verify(token: String)", "fn check(token: String)");

    project.edit("auth/src/lib.rs", "bindings::export!(Component with_types_in bindings);", "");
    let forgotten = project.refused(auth);
    assert_eq!(forgotten.code, "build::exports");
    assert!(forgotten.message.contains("`acme:shop/tokens@0.1.0`"), "{forgotten:?}");
    assert!(forgotten.help[0].contains("bindings::export!"), "{forgotten:?}");

    // As it was at first: the user's store has it, whatever was built between.
    fs::remove_file(project.root.join("motto.txt")).unwrap();
    for file in ["auth/src/lib.rs", "words/src/lib.rs"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rust/shop").join(file), project.root.join(file))
            .unwrap();
    }
    assert!(project.build(&units).1.is_empty());
    assert_eq!(fs::read(project.options().layout.component("auth")).unwrap(), was);
}

/// To cargo these two are one package.
#[test]
fn rust_parts_of_one_crate_name_are_kept_apart() {
    let project = Project::copy("rust/twins");
    let units = project.units();
    for edit in ["this is", "here is"] {
        let (built, compiled) = project.build(&units);
        let built = built.unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(compiled, ["left (rust)", "right (rust)"]);
        for name in ["left", "right"] {
            let bytes = fs::read(&built[name].path).unwrap();
            let said = format!("{edit} {name}");
            assert!(bytes.windows(said.len()).any(|window| window == said.as_bytes()), "{name} does not say: {said}");
            project.edit(&format!("{name}/src/main.rs"), edit, "here is");
        }
    }
}

#[test]
fn the_place_of_a_project_is_not_in_what_is_built() {
    let [here, there] = [(); 2].map(|()| {
        let project = Project::copy("rust/shop");
        // The crates share a cargo workspace: one is built alone only when the bindings of all are there.
        let units = project.units();
        bindings(&units, &project.options(), &|_| ()).unwrap();
        let (built, _) = project.build(&units[1..]);
        built.unwrap_or_else(|problems| panic!("{problems:#?}"));
        let bytes = fs::read(project.options().layout.component("gateway")).unwrap();
        let place = project.root.to_str().unwrap().as_bytes();
        assert!(!bytes.windows(place.len()).any(|window| window == place));
        bytes
    });
    assert!(here == there, "the same sources gave {} and {} bytes that differ", here.len(), there.len());
}
