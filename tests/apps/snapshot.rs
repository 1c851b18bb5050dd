//! A Go part that begins with the memory of its start: what its `init` did is there, and what an instance has of its own
//! is each instance's own.

use std::{collections::BTreeMap, process::Command};

use crate::support::{Project, Ran, peer, root, unheard};

/// Lines of `what: answer`.
type Told = BTreeMap<String, String>;

fn told(ran: &Ran) -> Told {
    let line = |line: &str| line.split_once(": ").map(|(what, answer)| (what.to_owned(), answer.to_owned()));
    ran.stdout.lines().filter_map(line).collect()
}

/// On the `wasmtime` command.
fn stock(project: &Project, options: &[&str]) -> Told {
    let mut command = Command::new(peer("wasmtime"));
    command.args(["run", "-C", "compiler=winch"]).args(options).current_dir(project.path());
    told(&Ran::of(command, "").ok())
}

#[track_caller]
fn holds(told: &Told, expected: &[(&str, &str)]) {
    for (what, answer) in expected {
        assert_eq!(told.get(*what).map(String::as_str), Some(*answer), "{what}: {told:#?}");
    }
}

/// What is true wherever it runs.
const ALWAYS: [(&str, &str); 4] =
    [("count", "1000 1001"), ("slept", "true"), ("since the start", "true"), ("year", "true 2000")];

#[test]
fn an_instance_has_its_own_randomness_time_and_grants() {
    let project = Project::copy(&root().join("fixtures/snapshot"));
    // What is in the store of what was built before does not say it again.
    let word = unheard();
    project.edit("program/program.go", "initialised", &word);
    project.run(&["build", "-v"]).ok().says(&[&format!("program:\n{word}\n")]);
    let app = "target/mosaic/snapshot.wasm";

    let granted = [("file", "\"a granted text\\n\" <nil>"), ("variable", "known true by its init")];
    let [first, second] = [(); 2].map(|()| told(&project.run(&["run", "--", "one", "two"]).ok()));
    for ours in [&first, &second] {
        holds(ours, &ALWAYS);
        holds(ours, &granted);
        holds(ours, &[("arguments", "[one two]")]);
    }
    for drawn in ["math/rand", "math/rand/v2", "crypto/rand", "maphash", "kept map", "fresh map"] {
        assert_ne!(first[drawn], second[drawn], "{drawn} is the same in two instances");
    }

    let theirs = stock(&project, &["--env", "TOKEN=theirs", "--dir", "data::/data", app, "three"]);
    holds(&theirs, &ALWAYS);
    holds(&theirs, &[granted[0], ("variable", "theirs true by its init"), ("arguments", "[three]")]);
    let bare = stock(&project, &[app]);
    holds(&bare, &ALWAYS);
    holds(&bare, &[("variable", " false by its init"), ("arguments", "[]")]);
    assert!(bare["file"].starts_with("\"\" open /data/text: "), "{bare:#?}");
}
