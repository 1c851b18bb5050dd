//! Native code for a loop of edits: the same program, of which only what changed is compiled again.

use std::path::Path;

use super::{guests::tally_with, server::home};
use crate::{
    cache::Home,
    runtime::{self, Artifact, CallError, Frame, RunOptions, Session, Statement, Tuning},
};

/// Data that makes a core module large.
fn ballast(letter: &str) -> String {
    format!("(data \"{}\")", letter.repeat(256 << 10))
}

#[test]
fn it_gives_the_same_answers_and_tells_the_same_places() {
    let bytes = tally_with(&ballast("x"));
    let called = |tuning: Tuning| -> (String, Vec<Frame>) {
        let artifact = Artifact { tuning, ..Artifact::bytes("app.wasm", &bytes) };
        let options = RunOptions::new(home());
        let mut session = Session::open(&artifact, options, &|_| ()).unwrap();
        let mut call = |text: &str| session.call(&Statement::parse(text).unwrap()[0], &|_| ());
        let sum = call("add(2, 3)").unwrap().value.unwrap().text;
        let Err(CallError::Trapped { trapped, .. }) = call("fail()") else { panic!("it traps") };
        (sum, trapped.frames)
    };
    let (run, edit) = (called(Tuning::Run), called(Tuning::Edit));
    assert_eq!((run.0.as_str(), edit.0.as_str()), ("5", "5"));
    assert_eq!((run.1.len(), edit.1.len()), (2, 2));
    for (run, edit) in run.1.iter().zip(&edit.1) {
        assert_eq!((&run.part, &run.module, &run.function), (&edit.part, &edit.module, &edit.function));
        // Within the component; one compiler tells where an instruction begins, the other where it ends.
        assert!(run.offset.unwrap().abs_diff(edit.offset.unwrap()) <= 1, "{run:?} {edit:?}");
    }
}

#[test]
fn an_edit_compiles_what_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home { root: folder.path().to_owned() };
    let compiled = |one: &str, two: &str| {
        let text = format!(
            "(component (core module $one {}) (core module $two {})
               (core instance (instantiate $one)) (core instance (instantiate $two)))",
            ballast(one),
            ballast(two)
        );
        let bytes = wat::parse_str(text).unwrap();
        let artifact = Artifact { tuning: Tuning::Edit, ..Artifact::bytes("app.wasm", &bytes) };
        runtime::compile(&artifact, &home, &|_| ()).unwrap();
        files(&home.root.join("store/code"))
    };
    let first = compiled("a", "b");
    assert_eq!(compiled("a", "b"), first);
    // A module, and what is left of the component: it names its modules by their content.
    let second = compiled("a", "c");
    assert_eq!(second - first, first / 3 * 2);
    // Both modules are there already.
    assert_eq!(compiled("c", "a") - second, first / 3);
}

/// How many files there are below a folder.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}
