//! Programs, run as users do.

use std::{path::PathBuf, sync::Mutex};

use super::{guests::command, server::home};
use crate::{
    cache::Home,
    event::Event,
    runtime::{self, Artifact, Error, Reason, RunOptions},
};

#[test]
fn a_program_ends_with_its_code() {
    let run = |body: &str, args: &[&str]| {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let options = RunOptions { args, ..RunOptions::new(home()) };
        runtime::run(&Artifact::bytes("tool.wasm", &command(body)), &options, &|_| ())
    };
    assert!(matches!(run("(i32.const 0)", &[]), Ok(0)));
    assert!(matches!(run("(i32.const 1)", &[]), Ok(1)));
    assert!(matches!(run("(call $exit (i32.const 1)) (i32.const 0)", &[]), Ok(1)));
    // Its own name and two arguments.
    let three = "(call $arguments (i32.const 16)) (i32.ne (i32.load (i32.const 20)) (i32.const 3))";
    assert!(matches!(run(three, &["a", "b"]), Ok(0)));
    let Err(Error::Trapped { trapped, .. }) = run("(i32.div_u (i32.const 1) (i32.const 0))", &[]) else { panic!() };
    assert_eq!(trapped.part(), Some("tool"));
    assert_eq!(trapped.reason, Reason::Trap("wasm trap: integer divide by zero".to_owned()));
}

#[test]
fn native_code_is_compiled_once() {
    let folder = tempfile::tempdir().unwrap();
    let options = RunOptions::new(Home { root: folder.path().to_owned() });
    let path: PathBuf = folder.path().join("tool.wasm");
    std::fs::write(&path, command("(i32.const 0)")).unwrap();
    let compiled = || {
        let compiled = Mutex::new(0);
        let events = |event: Event<'_>| {
            if matches!(event, Event::Started { verb: "Compiling", .. }) {
                *compiled.lock().unwrap() += 1;
            }
        };
        runtime::run(&Artifact::file(&path), &options, &events).unwrap();
        compiled.into_inner().unwrap()
    };
    assert_eq!((compiled(), compiled()), (1, 0));
    // A server uses what a program compiled, and a changed component is another.
    std::fs::write(&path, command("(i32.const 0) (nop)")).unwrap();
    assert_eq!((compiled(), compiled()), (1, 0));
}
