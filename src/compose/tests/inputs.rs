//! Inputs that cannot be composed, and such as other tools cannot.

use super::*;
use crate::compose;

#[test]
fn what_is_no_component_is_named() {
    let told = |bytes: &[u8]| -> &'static str {
        let error = component("thing", bytes.to_vec(), None).expect_err("refused");
        let problem = error.problems().remove(0);
        assert!(problem.message.contains("thing"), "{}", problem.message);
        problem.code
    };
    assert_eq!(told(b"(module)"), "resolve::core-module");
    assert_eq!(told(b"hello"), "resolve::not-wasm");
    assert_eq!(told(b""), "resolve::not-wasm");
    // Function bodies are looked at as well.
    assert_eq!(told(b"(component (core module (func (result i32))))"), "compose::invalid");
}

#[test]
fn deep_nesting_is_refused_not_overflowed() {
    let nested = |depth: usize| {
        let mut bytes = wat::parse_str("(component)").expect("well-formed");
        for _ in 1..depth {
            let mut outer = wasm_encoder::Component::new();
            outer.section(&wasm_encoder::RawSection { id: 4, data: &bytes });
            bytes = outer.finish();
        }
        bytes
    };
    assert!(component("deep", nested(50), None).is_ok());
    let error = component("deep", nested(101), None).expect_err("refused");
    assert!(matches!(&error, Error::Invalid { part, .. } if part == "deep"), "{error:?}");
    assert!(component("deep", nested(5_000), None).is_err());
}

#[test]
fn deep_types_are_refused_not_overflowed() {
    // An instance type within an instance type, and so on.
    let mut ty = vec![0x42, 0x00];
    for _ in 0..20_000 {
        let mut outer = vec![0x42, 0x01, 0x01];
        outer.extend(ty);
        ty = outer;
    }
    let mut section = vec![1];
    section.extend(ty);
    let mut outer = wasm_encoder::Component::new();
    outer.section(&wasm_encoder::RawSection { id: 7, data: &section });
    assert!(component("deep", outer.finish(), None).is_err());
}

/// Names as `wit-component` writes them where it is asked for canonical ones: `a:b/c@0.1`, with the rest beside it.
#[test]
fn canonical_names_compose() {
    let provider = r#"(component
        (core module $m (func (export "f") (result i32) i32.const 42))
        (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f")))
        (instance $e (export "f" (func $f)))
        (export "acme:names/api@0.1" (version-suffix ".4") (instance $e)))"#;
    let consumer = r#"(component
        (import "acme:names/api@0.1" (version-suffix ".2") (instance $api (export "f" (func (result u32)))))
        (core func $f (canon lower (func $api "f")))
        (core module $m (import "" "f" (func $f (result i32))) (func (export "run") (result i32) call $f))
        (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
        (func (export "run") (result u32) (canon lift (core func $i "run"))))"#;
    let parts: IndexMap<_, _> = [("consumer", consumer), ("provider", provider)]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), component(name, text.as_bytes().to_vec(), None).expect("a component")))
        .collect();
    let (graph, composed) = composed(&parts, &Wiring::default());
    assert_eq!(graph.edges[0].import, "acme:names/api@0.1.2");
    assert_eq!(composed.exports, ["run"]);
    instantiates(&composed);
}

#[test]
fn builtins_newer_than_other_tools_compose() {
    let newer = r#"(component
        (core func $cancel (canon subtask.cancel async))
        (core func $inc (canon backpressure.inc))
        (core func $dec (canon backpressure.dec))
        (core func $set (canon waitable-set.new))
        (core module $m
            (import "" "set" (func $set (result i32)))
            (func (export "f") (result i32) i32.const 7))
        (core instance $i (instantiate $m (with "" (instance (export "set" (func $set))))))
        (func $f (result u32) (canon lift (core func $i "f")))
        (instance $e (export "f" (func $f)))
        (export "acme:newer/api@0.1.0" (instance $e)))"#;
    let user = r#"(component
        (import "acme:newer/api@0.1.0" (instance $api (export "f" (func (result u32)))))
        (alias export $api "f" (func $f))
        (export "run" (func $f)))"#;
    let parts: IndexMap<_, _> = [("user", user), ("newer", newer)]
        .into_iter()
        .map(|(name, text)| (name.to_owned(), component(name, text.as_bytes().to_vec(), None).expect("a component")))
        .collect();
    let (_, composed) = composed(&parts, &Wiring::default());
    assert_eq!(composed.exports, ["run"]);
}

#[test]
fn an_app_larger_than_engines_accept_is_refused_with_the_count() {
    let graph =
        |count: usize| Graph { instances: (0..count).map(|number| format!("c{number}")).collect(), ..Graph::default() };
    let refused = |count| compose::compose(&graph(count), &IndexMap::new(), &FULL).expect_err("refused");
    let Error::TooLarge { what, count, limit } = refused(1_001) else { panic!("it is too large") };
    assert_eq!((what, count, limit), ("components", 1_001, 1_000));
    assert!(matches!(refused(1_000), Error::NoBytes { .. }));
}
