//! Programs of several libraries, which run as one core module.

use super::server::home;
use crate::runtime::{Artifact, CallError, Frame, RunOptions, Session, Statement, Tuning};

/// A part that calls a program of two libraries. Their core modules have these names.
fn app(main: &str, one: &str, two: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
          (component $program
            (core module (@name "{main}") (table (export "table") 4 funcref) (memory (export "memory") 1)
              (global (export "base") i32 (i32.const 1)))
            (core module (@name "{one}") (import "env" "table" (table 4 funcref)) (import "env" "base" (global $base i32))
              (elem (global.get $base) func $half)
              (func $"half of !it" (export "half") (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then unreachable)) (i32.div_u (local.get 0) (i32.const 2)))
              (func $half (param i32) (result i32) (call 0 (local.get 0))))
            (core module (@name "{two}") (import "env" "table" (table 4 funcref)) (import "one" "half" (func (param i32) (result i32)))
              (elem (i32.const 2) func 0 1)
              (func (param i32) (result i32) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1)))
              (func $run (export "run") (param i32) (result i32)
                (i32.add (call_indirect (param i32) (result i32) (local.get 0) (i32.const 3))
                  (call_indirect (param i32) (result i32) (local.get 0) (i32.const 2)))))
            (core instance $env (instantiate 0))
            (core instance $one (instantiate 1 (with "env" (instance $env))))
            (core instance $two (instantiate 2 (with "env" (instance $env)) (with "one" (instance $one))))
            (func (export "run") (param "x" u32) (result u32) (canon lift (core func $two "run"))))
          (component $part (import "run" (func $run (param "x" u32) (result u32)))
            (core module $"desk (rust)" (import "" "run" (func $run (param i32) (result i32)))
              (func $asks (export "run") (param i32) (result i32)
                (if (i32.eq (local.get 0) (i32.const 3)) (then unreachable)) (call $run (local.get 0))))
            (core func $lowered (canon lower (func $run)))
            (core instance $given (export "run" (func $lowered)))
            (core instance $core (instantiate 0 (with "" (instance $given))))
            (func (export "run") (param "x" u32) (result u32) (canon lift (core func $core "run"))))
          (instance $p (instantiate $program))
          (instance $q (instantiate $part (with "run" (func $p "run"))))
          (export "run" (func $q "run")))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn a_trap_tells_the_library_and_its_function() {
    for bytes in [app("main", "half.so", "run.so"), app("shop (python)", "shop (python)", "shop (python)")] {
        let called = |tuning: Tuning| -> (String, [Vec<Frame>; 2]) {
            let artifact = Artifact { tuning, ..Artifact::bytes("app.wasm", &bytes) };
            let mut session = Session::open(&artifact, RunOptions::new(home()), &|_| ()).unwrap();
            let mut call = |text: &str| session.call(&Statement::parse(text).unwrap()[0], &|_| ());
            let sum = call("run(14)").unwrap().value.unwrap().text;
            let trapped = ["run(0)", "run(3)"].map(|text| {
                let Err(CallError::Trapped { trapped, .. }) = call(text) else { panic!("it traps") };
                trapped.frames
            });
            (sum, trapped)
        };
        let (merged, apart) = (called(Tuning::Run), called(Tuning::Edit));
        assert_eq!((merged.0.as_str(), apart.0.as_str()), ("14", "14"));
        // One compiler makes the export a piece of who calls it.
        let told = |frames: &[Frame]| -> Vec<_> {
            let inside = frames.iter().filter(|frame| frame.module.is_some() && frame.function != "run");
            inside.map(|frame| (frame.part.clone(), frame.module.clone(), frame.function.clone())).collect()
        };
        let told_apart = told(&apart.1[0]);
        assert_eq!(told(&merged.1[0]), told_apart);
        let functions: Vec<&str> = told_apart.iter().map(|(_, _, function)| function.as_str()).collect();
        assert_eq!(functions, ["half of !it", "half", "function 1", "asks"]);
        // Where the part is that was copied is known; the libraries are nowhere as they are.
        assert!(merged.1[0][..3].iter().all(|frame| frame.offset.is_none()));
        let [merged, apart] = [merged, apart].map(|called| called.1[1][0].offset.unwrap());
        // One compiler tells where an instruction begins, the other where it ends.
        assert!(merged.abs_diff(apart) <= 2, "{merged} {apart}");
    }
}
