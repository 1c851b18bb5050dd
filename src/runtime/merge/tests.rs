use wasmparser::{ComponentAlias, ElementKind, Operator};
use wasmtime::{Engine, Store, StoreContextMut, component::Linker};

use super::*;

/// A program of two libraries, as linkers put it together: a module that defines what they share, one for each library,
/// one that sets an address when all are there and calls what the first of them initialises. What it says goes through a
/// table that is filled last, because the host reads it from the memory they share.
const PROGRAM: &str = r#"(component
  (import "log" (func $log (param "number" u32)))
  (import "say" (func $say (param "text" string)))
  (core module $shim (table (export "$imports") 1 1 funcref)
    (func (export "0") (param i32 i32)
      (call_indirect (param i32 i32) (local.get 0) (local.get 1) (i32.const 0))))
  (core module $main (import "shim" "0" (func (param i32 i32))) (table (export "table") 8 funcref) (memory (export "memory") 1)
    (global (export "a:memory") i32 (i32.const 2048)) (global (export "a:table") i32 (i32.const 1))
    (global (export "b:table") i32 (i32.const 3)) (global (export "b:address") (mut i32) (i32.const 0))
    (data (i32.const 2046) "main"))
  (core module $a
    (import "env" "memory" (memory 1)) (import "env" "table" (table 4 funcref))
    (import "env" "memory_base" (global $memory i32)) (import "env" "table_base" (global $table i32))
    (import "host" "log" (func $log (param i32))) (import "host" "say" (func $say (param i32 i32)))
    (global $inside i32 (i32.add (global.get $memory) (i32.const 1)))
    (elem (global.get $table) func $double $initialise)
    (data (global.get $memory) "alpha")
    (func $initialise (export "initialise") (call $log (i32.const 77)) (call $say (global.get $inside) (i32.const 4)))
    (func $double (export "double") (param i32) (result i32)
      (call $log (local.get 0)) (i32.mul (local.get 0) (i32.const 2)))
    (global (export "alpha") i32 (i32.const 3)))
  (core module $b
    (import "env" "memory" (memory 1)) (import "env" "table" (table 5 funcref))
    (import "env" "table_base" (global $table i32)) (import "env" "double" (func $double (param i32) (result i32)))
    (import "GOT.mem" "alpha" (global $address (mut i32)))
    (type $unary (func (param i32) (result i32)))
    (elem (global.get $table) func $double $again) (elem $spare func $again) (data $more "passive")
    (func $again (param i32) (result i32) (i32.add (local.get 0) (i32.load8_u (global.get $address))))
    (func (export "run") (param i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 9)) (then unreachable))
      (memory.init $more (i32.const 100) (i32.const 0) (i32.const 7))
      (table.init $spare (i32.const 6) (i32.const 0) (i32.const 1))
      (table.set (i32.const 7) (ref.func $again))
      (call_indirect (type $unary) (local.get 0) (i32.const 1))
      (call_indirect (type $unary) (global.get $table))
      (call_indirect (type $unary) (i32.const 4))
      (call_indirect (type $unary) (i32.const 6))
      (call_indirect (type $unary) (i32.const 7))
      (i32.load (i32.const 2045)) i32.add
      (i32.load (i32.const 100)) i32.add)
    (func (export "address") (result i32) (global.get $address)))
  (core module $init
    (import "env" "memory" (memory 0)) (import "env" "table" (table 0 funcref))
    (import "env" "a:memory" (global $base i32)) (import "a" "alpha" (global $alpha i32))
    (import "env" "b:address" (global $address (mut i32))) (import "a" "initialise" (func $initialise))
    (func $start (global.set $address (i32.add (global.get $base) (global.get $alpha))) (call $initialise))
    (elem (i32.const 2) func $initialise) (start $start))
  (core module $fixup (import "" "$imports" (table 1 1 funcref)) (import "" "0" (func (param i32 i32)))
    (elem (i32.const 0) func 0))

  (core instance $shim (instantiate $shim))
  (core instance $main (instantiate $main (with "shim" (instance $shim))))
  (alias core export $main "memory" (core memory $memory))
  (alias core export $main "table" (core table $table))
  (alias core export $main "a:memory" (core global $a-memory))
  (alias core export $main "a:table" (core global $a-table))
  (alias core export $main "b:table" (core global $b-table))
  (alias core export $main "b:address" (core global $b-address))
  (core func $log (canon lower (func $log)))
  (alias core export $shim "0" (core func $indirect))
  (core instance $host (export "log" (func $log)) (export "say" (func $indirect)))
  (core instance $env-a (export "memory" (memory $memory)) (export "table" (table $table))
    (export "memory_base" (global $a-memory)) (export "table_base" (global $a-table)))
  (core instance $a (instantiate $a (with "env" (instance $env-a)) (with "host" (instance $host))))
  (alias core export $a "double" (core func $double))
  (core instance $env-b (export "memory" (memory $memory)) (export "table" (table $table))
    (export "table_base" (global $b-table)) (export "double" (func $double)))
  (core instance $got (export "alpha" (global $b-address)))
  (core instance $b (instantiate $b (with "env" (instance $env-b)) (with "GOT.mem" (instance $got))))
  (alias core export $shim "$imports" (core table $imports))
  (core func $say (canon lower (func $say) (memory $memory)))
  (core instance $fixup-args (export "$imports" (table $imports)) (export "0" (func $say)))
  (core instance $fixup (instantiate $fixup (with "" (instance $fixup-args))))
  (core instance $init (instantiate $init (with "env" (instance $main)) (with "a" (instance $a))))
  (func (export "run") (param "x" u32) (result u32) (canon lift (core func $b "run")))
  (func (export "address") (result u32) (canon lift (core func $b "address"))))"#;

/// The program with texts in it replaced.
fn program(changes: &[(&str, &str)]) -> Vec<u8> {
    let mut text = PROGRAM.to_owned();
    for (old, new) in changes {
        assert_eq!(text.matches(old).count(), 1, "{old}");
        text = text.replace(old, new);
    }
    wat::parse_str(text).unwrap()
}

/// What a program tells the host, and gives it.
fn told(bytes: &[u8]) -> Vec<String> {
    let engine = Engine::default();
    let component = wasmtime::component::Component::new(&engine, bytes).unwrap();
    let mut linker = Linker::<Vec<String>>::new(&engine);
    let log = |mut store: StoreContextMut<'_, Vec<String>>, (number,): (u32,)| {
        store.data_mut().push(number.to_string());
        Ok(())
    };
    let say = |mut store: StoreContextMut<'_, Vec<String>>, (text,): (String,)| {
        store.data_mut().push(text);
        Ok(())
    };
    linker.root().func_wrap("log", log).unwrap();
    linker.root().func_wrap("say", say).unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let run = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "run").unwrap();
    for x in [1, 2, 9] {
        let result = run.call(&mut store, (x,)).map_err(|error| error.root_cause().to_string());
        store.data_mut().push(format!("{result:?}"));
        if x == 9 {
            break;
        }
    }
    let told = std::mem::take(store.data_mut());
    assert!(told.len() > 3, "{told:?}");
    told
}

/// How many core modules there are that hold anything, however deep.
fn modules(bytes: &[u8]) -> usize {
    let sections = Parser::new(0).parse_all(bytes).map(Result::unwrap);
    sections.filter(|payload| matches!(payload, Payload::ModuleSection { unchecked_range, .. } if unchecked_range.end - unchecked_range.start > 8)).count()
}

#[test]
fn the_program_stays_the_same() {
    let bytes = program(&[]);
    let merged = merge(&bytes).unwrap().component;
    wasmparser::Validator::new().validate_all(&merged).unwrap();
    assert_eq!(told(&bytes), told(&merged));
    assert_eq!(told(&bytes)[..2], ["77".to_owned(), "lpha".to_owned()]);
    // One for the program and the shim, what fills it, and one that starts it.
    assert_eq!((modules(&bytes), modules(&merged)), (6, 3));
}

#[test]
fn a_program_within_a_program_stays_apart() {
    let outer = "(core instance $shim (instantiate $shim))";
    let bytes = wat::parse_str(PROGRAM.replace(outer, &format!("{PROGRAM} {outer}"))).unwrap();
    let merged = merge(&bytes).unwrap().component;
    assert_eq!(told(&bytes), told(&merged));
    assert_eq!((modules(&bytes), modules(&merged)), (12, 9));
}

#[test]
fn who_gives_functions_stays_apart_where_more_hangs_on_it() {
    // A resource is destroyed by a function of the shim, and what drops it is given to the program.
    let bytes = program(&[
        ("(core module $shim (", "(core module $shim (func (export \"1\") (param i32)) ("),
        (
            "(core func $log (canon lower (func $log)))",
            "(core func $log (canon lower (func $log))) (alias core export $shim \"1\" (core func $end))
             (type $resource (resource (rep i32) (dtor (core func $end)))) (core func $drop (canon resource.drop $resource))",
        ),
        ("(export \"log\" (func $log)) (", "(export \"log\" (func $log)) (export \"drop\" (func $drop)) ("),
        ("(import \"host\" \"log\"", "(import \"host\" \"drop\" (func (param i32))) (import \"host\" \"log\""),
    ]);
    let merged = merge(&bytes).unwrap().component;
    assert_eq!(told(&bytes), told(&merged));
    assert_eq!((modules(&bytes), modules(&merged)), (6, 4));
}

#[test]
fn an_engine_can_prepare_the_table() {
    let merged = merge(&program(&[])).unwrap().component;
    let (mut tables, mut offsets) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&merged) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => tables.clear(),
            Payload::TableSection(section) => tables.extend(section),
            Payload::ElementSection(section) if !tables.is_empty() => {
                for element in section {
                    if let ElementKind::Active { offset_expr, .. } = element.unwrap().kind {
                        let operators: Vec<_> =
                            offset_expr.get_operators_reader().into_iter().map(Result::unwrap).collect();
                        let [Operator::I32Const { value }, Operator::End] = operators[..] else {
                            panic!("{operators:?}")
                        };
                        offsets.push(value);
                    }
                }
            }
            _ => {}
        }
    }
    assert_eq!(offsets, [1, 3, 2]);
}

#[test]
fn what_could_be_told_is_left() {
    for (why, changes) in [
        (
            "a start function that sees what comes later",
            vec![("(func $double (export", "(start $initialise) (func $double (export")],
        ),
        (
            "one of an instance in between",
            vec![("(elem (i32.const 0) func 0))", "(elem (i32.const 0) func 0) (func $s) (start $s))")],
        ),
        (
            "a function that needs the memory is imported",
            vec![
                ("(export \"say\" (func $indirect))", "(export \"say\" (func $direct))"),
                (
                    "(alias core export $shim \"0\" (core func $indirect))",
                    "(core func $direct (canon lower (func $say) (memory $memory)))",
                ),
            ],
        ),
        (
            "an instance outside is given one whole",
            vec![(
                "(core instance $init (",
                "(core module $other (import \"b\" \"address\" (func (result i32)))) (core instance (instantiate $other (with \"b\" (instance $b)))) (core instance $init (",
            )],
        ),
        (
            "the table is filled by another instance as well",
            vec![
                (
                    "(table 1 1 funcref)) (import \"\" \"0\"",
                    "(table 1 1 funcref)) (import \"\" \"table\" (table 8 funcref)) (import \"\" \"0\"",
                ),
                (
                    "    (elem (i32.const 0) func 0))",
                    "    (elem (i32.const 0) func 0) (elem (table 1) (i32.const 2) func 0))",
                ),
                ("(core instance $fixup-args (", "(core instance $fixup-args (export \"table\" (table $table)) ("),
            ],
        ),
        (
            "a component is instantiated in between",
            vec![("(core instance $got (", "(component $other) (instance (instantiate $other)) (core instance $got (")],
        ),
    ] {
        let bytes = program(&changes);
        wasmparser::Validator::new().validate_all(&bytes).unwrap_or_else(|error| panic!("{why}: {error}"));
        assert!(merge(&bytes).is_none(), "{why}");
    }
    assert!(merge(b"\0asm\x0d\0\x01\0").is_none());
    assert!(merge(&program(&[])[..900]).is_none());
}

#[test]
fn a_mutable_address_that_stays_is_a_constant() {
    // As after a snapshot: nobody calls what set the address.
    let still = program(&[("(start $start)", "")]);
    let merged = merge(&still).unwrap().component;
    assert_eq!(told(&still), told(&merged));
    let reads = |bytes: &[u8]| -> usize {
        let bodies = Parser::new(0).parse_all(bytes).filter_map(|payload| match payload.unwrap() {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
        let operators = bodies.flat_map(|body| body.get_operators_reader().unwrap().into_iter().map(Result::unwrap));
        operators.filter(|operator| matches!(operator, Operator::GlobalGet { .. })).count()
    };
    assert_eq!((reads(&still), reads(&merged)), (6, 0));
    // Here it is set, and read twice.
    assert_eq!(reads(&merge(&program(&[])).unwrap().component), 2);
}

/// The program within an app that holds one of its modules for it, beside another component that is `also` given it.
fn app(size: usize, also: &str) -> Vec<u8> {
    let (header, rest) = PROGRAM.split_once("(core module $a\n").unwrap();
    let (a, rest) = rest.split_once("(core module $b\n").unwrap();
    let header = header.replacen("(component", "(component $program", 1);
    let text = format!(
        "(component
           (import \"log\" (func $log (param \"number\" u32))) (import \"say\" (func $say (param \"text\" string)))
           (core module $hoisted (data \"{}\") {a}
           {header} (alias outer 1 $hoisted (core module $a)) (core module $b
           {rest}
           (component $beside (core module $m (func (export \"f\"))) {also})
           (instance $p (instantiate $program (with \"log\" (func $log)) (with \"say\" (func $say))))
           (export \"run\" (func $p \"run\")))",
        "x".repeat(size)
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn a_module_that_the_app_holds_is_taken_from_it() {
    let app = app(LARGE, "");
    let merged = merge(&app).unwrap();
    assert_eq!(told(&app), told(&merged.component));
    assert!(merged.component.len() < app.len() + LARGE / 2);
    assert_eq!((modules(&app), modules(&merged.component)), (7, 4));
    for moved in &merged.moved {
        let (old, new) = (moved.old..moved.old + moved.length, moved.new..moved.new + moved.length);
        assert_eq!(app[old], merged.component[new]);
        assert_eq!((moved.old(moved.new), moved.old(moved.new + moved.length)), (Some(moved.old), None));
    }
    // What fills the shim, and the module beside.
    assert_eq!(merged.moved.len(), 2);
}

#[test]
fn a_large_module_is_not_compiled_twice() {
    const ALSO: &str = "(alias outer 1 $hoisted (core module $a))
        (core module $env (memory (export \"memory\") 1) (table (export \"table\") 4 funcref)
          (global (export \"memory_base\") i32 (i32.const 0)) (global (export \"table_base\") i32 (i32.const 0))
          (func (export \"log\") (param i32)) (func (export \"say\") (param i32 i32)))
        (core instance $e (instantiate $env))
        (core instance (instantiate $a (with \"env\" (instance $e)) (with \"host\" (instance $e))))";
    let taken = |bytes: &[u8]| {
        let aliases = Parser::new(0).parse_all(bytes).filter_map(|payload| match payload.unwrap() {
            Payload::ComponentAliasSection(section) => Some(section.into_iter().map(Result::unwrap)),
            _ => None,
        });
        aliases
            .flatten()
            .filter(|alias| {
                matches!(alias, ComponentAlias::Outer { kind: wasmparser::ComponentOuterAliasKind::CoreModule, .. })
            })
            .count()
    };
    let large = app(LARGE, ALSO);
    assert_eq!(taken(&large), 2);
    assert!(merge(&large).is_none());
    // A small one is: both are one instance then.
    let small = app(16, ALSO);
    let merged = merge(&small).unwrap().component;
    assert_eq!((told(&small), taken(&merged)), (told(&merged), 0));
}

#[test]
fn what_a_linker_makes_is_merged() {
    let library = |needed: &str, rest: &str| {
        format!(
            "(module (@dylink.0 (mem-info (memory 4 4) (table 1 0)) {needed})
               (import \"env\" \"memory\" (memory 1)) (import \"env\" \"__indirect_function_table\" (table 1 funcref))
               (import \"env\" \"__memory_base\" (global $memory i32)) (import \"env\" \"__table_base\" (global $table i32))
               {rest})"
        )
    };
    let count = library(
        "",
        "(elem (global.get $table) func $next) (data (global.get $memory) \"\\05\")
         (func $next (export \"next\") (result i32)
           (i32.store (global.get $memory) (i32.add (i32.load (global.get $memory)) (i32.const 1)))
           (i32.load (global.get $memory)))",
    );
    let app = library(
        "(needed \"count.so\")",
        "(import \"env\" \"next\" (func $next (result i32)))
         (elem (global.get $table) func $twice)
         (func $twice (export \"twice\") (result i32)
           (i32.add (call $next) (call_indirect (result i32) (i32.sub (global.get $table) (i32.const 1)))))",
    );
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("app.wit", "package a:b; world app { export twice: func() -> u32; }").unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut app = wat::parse_str(app).unwrap();
    wit_component::embed_component_metadata(&mut app, &resolve, world, wit_component::StringEncoding::UTF8, false)
        .unwrap();
    let mut linker = wit_component::Linker::default();
    linker.library("count.so", &wat::parse_str(count).unwrap(), false).unwrap();
    linker.library("app.so", &app, false).unwrap();
    let linked = linker.encode().unwrap();
    let merged = merge(&linked).unwrap().component;
    let called = |bytes: &[u8]| {
        let engine = Engine::default();
        let component = wasmtime::component::Component::new(&engine, bytes).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Linker::<()>::new(&engine).instantiate(&mut store, &component).unwrap();
        let twice = instance.get_typed_func::<(), (u32,)>(&mut store, "twice").unwrap();
        [twice.call(&mut store, ()).unwrap().0, twice.call(&mut store, ()).unwrap().0]
    };
    assert_eq!((called(&linked), called(&merged)), ([13, 17], [13, 17]));
    assert!(modules(&merged) < modules(&linked));
}
