//! What an app stores once, and what it leaves out.

use super::*;

/// Two parts over the same large module and a small one of their own each.
fn twins() -> IndexMap<String, PartBytes> {
    let mut parts = IndexMap::new();
    for (name, number) in [("left", 1), ("right", 2)] {
        let text = format!(
            r#"(component
                (component $inner
                    (core module $big
                        (func $fail (export "fail") unreachable)
                        (func $count (export "count") (param i32) (result i32) local.get 0 i32.const 1 i32.add)
                        (data "{}"))
                    (core instance $i (instantiate $big))
                    (func (export "count") (param "n" u32) (result u32) (canon lift (core func $i "count"))))
                (core module $big
                    (func $fail (export "fail") unreachable)
                    (func $count (export "count") (param i32) (result i32) local.get 0 i32.const 1 i32.add)
                    (data "{}"))
                (core module $own
                    (import "big" "count" (func $count (param i32) (result i32)))
                    (import "big" "fail" (func $fail))
                    (func $run (export "run") (param i32) (result i32)
                        local.get 0 i32.eqz if call $fail end
                        local.get 0 call $count i32.const {number} i32.mul))
                (core instance $b (instantiate $big))
                (core instance $o (instantiate $own (with "big" (instance $b))))
                (func (export "{name}") (param "n" u32) (result u32) (canon lift (core func $o "run"))))"#,
            "x".repeat(8_000),
            "x".repeat(8_000),
        );
        parts.insert(name.to_owned(), component(name, text.into_bytes(), Some(Language::Python)).expect("a component"));
    }
    parts
}

fn modules(app: &[u8]) -> usize {
    let all = wasmparser::Parser::new(0).parse_all(app);
    all.filter(|payload| matches!(payload, Ok(wasmparser::Payload::ModuleSection { .. }))).count()
}

#[test]
fn what_parts_share_is_stored_once_and_runs_the_same() {
    let parts = twins();
    let compose =
        |options: &Options| app(&parts, &Wiring::default(), &plan::Options::default(), options).expect("composed").1;
    let shared = compose(&FULL);
    let apart = compose(&Options { modules: Modules::Apart, ..FULL });
    assert_eq!((modules(&shared.bytes), modules(&apart.bytes)), (3, 6));
    assert!(shared.bytes.len() + 3 * 8_000 < apart.bytes.len(), "{} {}", shared.bytes.len(), apart.bytes.len());
    assert_eq!(compose(&FULL).digest(), shared.digest());

    for composed in [&shared, &apart] {
        let engine = Engine::default();
        let app = Component::new(&engine, &composed.bytes).expect("the app compiles");
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate(&mut store, &app).expect("the app starts");
        for (export, result) in [("left", 5), ("right", 10)] {
            let run = instance.get_typed_func::<(u32,), (u32,)>(&mut store, export).expect("the function");
            assert_eq!(run.call(&mut store, (4,)).expect("runs"), (result,));
        }
        // The frame of a shared module tells who shares it, and no part; the one around it does.
        let right = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "right").expect("the function");
        let trap = right.call(&mut store, (0,)).expect_err("traps");
        let backtrace = trap.downcast_ref::<wasmtime::WasmBacktrace>().expect("a backtrace");
        let modules: Vec<_> = backtrace.frames().iter().filter_map(|frame| frame.module().name()).collect();
        let inner = if composed.bytes == shared.bytes { "big, shared by left, right" } else { "right (python)" };
        assert_eq!(modules, [inner, "right (python)"]);
    }
}

#[test]
fn debug_information_is_left_out_where_asked() {
    let custom = |name: &str| format!(r#"(@custom "{name}" "0123456789")"#);
    let text = format!(
        r#"(component
            (core module $m {} {} (func $f (export "f")))
            (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#,
        custom(".debug_info"),
        custom("other"),
    );
    let parts: IndexMap<_, _> =
        [("a".to_owned(), component("a", text.into_bytes(), None).expect("a component"))].into_iter().collect();
    let told = |options: &Options| {
        let app = app(&parts, &Wiring::default(), &plan::Options::default(), options).expect("composed").1;
        wasmprinter::print_bytes(&app.bytes).expect("printable")
    };
    let (kept, stripped) = (told(&FULL), told(&Options { debug: DebugInfo::Strip, ..FULL }));
    assert!(kept.contains(".debug_info") && !stripped.contains(".debug_info"), "{stripped}");
    assert!(stripped.contains("@custom \"other\"") && stripped.contains("(func $f"), "{stripped}");
}
