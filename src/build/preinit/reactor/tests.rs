use wasmparser::Validator;

use super::*;

/// A module as Go makes them, whose packages do `init` and settle with `settled`. The stack lies at 1024.
fn program(init: &str, settled: i64) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
                (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "acme:shop/scoring" "classify" (func $classify))
            (memory (export "memory") 1)
            (global $sp (mut i32) (i32.const 1024))
            (global $count (mut i64) (i64.const 0))
            (global $fixed i32 (i32.const 7))
            (table 1 funcref)
            (data (i32.const 16) "TOKENPWD")
            (func $own (drop (call $random (i32.const 64) (i32.const 32))))
            (func $syscall.Getenv (param i32) (result i32) (i32.const 0))
            (func $runtime.rand (param i32) (result i32) (i32.const 0))
            (func $math_rand.Int (drop (call $runtime.rand (i32.const 0))))
            (func $asks (param $at i64) (param $length i64)
                (i64.store (i32.const 1032) (local.get $at))
                (i64.store (i32.const 1040) (local.get $length))
                (drop (call $syscall.Getenv (i32.const 0))))
            (func $main.init {init})
            (func (export "_initialize") (call $own) (call $main.init))
            (func (export "mosaic_settle") (result i64) (i64.const {settled}))
            (func (export "mosaic_wake")
                (call $own)
                (drop (call $args (i32.const 0) (i32.const 4)))
                (drop (call $environ (i32.const 0) (i32.const 4)))
                (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 8)))
                (drop (call $prestat (i32.const 3) (i32.const 0))))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
            (func (export "count") (result i64) (global.get $count)))"#
    );
    wat::parse_str(text).unwrap()
}

fn refused(init: &str) -> Refusal {
    start(&program(init, 0)).err().expect("a refusal")
}

#[test]
fn memory_and_globals_are_kept_and_the_start_is_gone() {
    let init = r#"(global.set $count (i64.const -3))
        (drop (memory.grow (i32.const 3)))
        (i64.store (i32.const 70000) (i64.const 0x11))
        (i64.store (i32.const 70020) (i64.const 0x2233))
        (i32.store8 (i32.const 262143) (i32.const 0x44))
        (call $asks (i64.const 21) (i64.const 3))
        (drop (call $runtime.rand (i32.const 0)))"#;
    let module = program(init, 0x2_0000);
    let kept = start(&module).unwrap();
    assert_eq!(kept.module, start(&module).unwrap().module);
    Validator::new().validate_all(&kept.module).unwrap();
    let text = wasmprinter::print_bytes(&kept.module).unwrap();
    for dropped in ["_initialize", "mosaic_"] {
        assert!(!text.contains(&format!("(export \"{dropped}")), "{text}");
    }
    // Near bytes are one segment.
    assert_eq!(text.matches(r#"(i32.const 70000) "\11"#).count(), 1, "{text}");
    assert!(!text.contains("(i32.const 70020)"), "{text}");

    let engine = Engine::default();
    let module = Module::new(&engine, &kept.module).unwrap();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let count = instance.get_typed_func::<(), i64>(&mut store, "count").unwrap();
    assert_eq!(count.call(&mut store, ()).unwrap(), -3);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let data = memory.data(&store);
    assert_eq!((data.len(), data[70000], data[70020], data[70021], data[262_143]), (4 << 16, 0x11, 0x33, 0x22, 0x44));

    // Two pages are there for the adapter, and no more.
    let realloc = instance.get_typed_func::<(i32, i32, i32, i32), i32>(&mut store, "cabi_realloc_adapter").unwrap();
    let mut take = |align, length| realloc.call(&mut store, (0, 0, align, length));
    assert_eq!(take(8, 65536).unwrap(), 0x2_0000);
    assert_eq!(take(1, 3).unwrap(), 0x3_0000);
    assert_eq!(take(8, 65528).unwrap(), 0x3_0008);
    assert!(take(1, 1).is_err());
}

#[test]
fn what_an_instance_has_of_its_own_may_not_be_asked_for() {
    for (init, words) in [
        ("(call $asks (i64.const 16) (i64.const 5))", "the environment variable `TOKEN` was read"),
        ("(call $math_rand.Int)", "a random number was drawn"),
        ("(drop (call $random (i32.const 0) (i32.const 8)))", "a random number was drawn"),
        (
            "(drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) \
             (i64.const 0) (i32.const 0) (i32.const 0)))",
            "a file or folder was used (`path_open`)",
        ),
        (
            "(drop (call $poll (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)))",
            "it slept or waited (`poll_oneoff`)",
        ),
        ("(call $classify)", "the import `acme:shop/scoring#classify` was called"),
    ] {
        let Refusal::Asked { asked, trace } = refused(init) else { panic!("{words}: another refusal") };
        assert_eq!(asked.to_string(), words);
        assert!(trace.iter().any(|function| function == "main.init"), "{trace:?}");
    }
}

#[test]
fn what_a_start_writes_is_told_whether_it_ends_well_or_not() {
    let says = r#"(i64.store (i32.const 100) (i64.const 0x0000000500000010))
        (drop (call $write (i32.const 2) (i32.const 100) (i32.const 1) (i32.const 200)))"#;
    assert_eq!(start(&program(says, 0)).unwrap().said, "TOKEN");
    let Refusal::Ended { said, why } = refused(&format!("{says} (call $exit (i32.const 2))")) else {
        panic!("another refusal")
    };
    assert_eq!((said.as_str(), why.as_str()), ("TOKEN", "it ended with code 2"));
}

#[test]
fn what_goes_on_is_refused() {
    let refused = |settled| start(&program("", settled)).err().expect("a refusal").to_string();
    assert_eq!(refused(4 << 32), "goroutines were started and go on: 2");
    assert_eq!(refused(1 << 32), "a timer was started and goes on");
}

#[test]
fn another_go_is_noticed() {
    let text = wasmprinter::print_bytes(program("", 0)).unwrap();
    let asleep = text.replace("call $prestat", "call $args");
    let Err(Refusal::Unwoken { missing }) = start(&wat::parse_str(asleep).unwrap()) else { panic!("it wakes") };
    assert_eq!(missing, ["fd_prestat_get"]);
    let unnamed = text.replace("$syscall.Getenv", "$another.Getenv");
    assert!(matches!(start(&wat::parse_str(unnamed).unwrap()), Err(Refusal::Malformed(Malformed::Lacks { .. }))));
    let moving = text.trim_end().strip_suffix(')').unwrap();
    let moving = format!("{moving} (func i32.const 0 ref.null func table.set 0))");
    assert!(matches!(start(&wat::parse_str(moving).unwrap()), Err(Refusal::Malformed(Malformed::Moves))));
}

#[test]
fn a_start_that_does_not_end_is_told_with_where_it_was() {
    let endless = start_within(&program("(loop (br 0))", 0), 10_000).err();
    let Some(Refusal::Endless { most: 10_000, trace }) = endless else { panic!("{endless:?}") };
    assert_eq!(trace.first().map(String::as_str), Some("main.init"));
    assert!(start_within(&program("", 0), 10_000).is_ok());
}
