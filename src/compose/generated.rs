//! Compositions nobody has thought of: graphs over a pool of parts, and parts with bytes turned over.

use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::{
    Error, PartBytes, app, component,
    fixture::{built, outline, outlined},
    oracle,
    tests::{FULL, chain, instantiates},
};
use crate::{
    diagnostic::Diagnose,
    manifest::Family,
    plan::{
        self, Unused,
        capability::Grants,
        graph::{Said, Wire, Wiring},
    },
};

/// A generator of numbers (xorshift): the same every time.
pub(crate) struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).expect("small")).expect("small")
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

/// Interfaces of parts: plain types, a resource, users of both, a function by itself; in two versions of one track.
const INTERFACES: [&str; 7] = ["types", "base", "left", "right", "top", "more", "lone"];

fn wit(world: &str, version: &str) -> String {
    let newer = if version == "1.2.0" { "extra: func() -> option<item>;" } else { "" };
    format!(
        "package acme:{{name}}@1.0.0;
        world w {{ {world} }}
        package acme:pool@{version} {{
            interface types {{ record item {{ name: string, kind: kind }} enum kind {{ a, b }} type price = u32; }}
            interface base {{
                use types.{{item}};
                resource thing {{ constructor(i: item); get: func() -> item; }}
                {newer}
            }}
            interface left {{ use base.{{thing}}; take: func(t: thing) -> u32; {} }}
            interface right {{ use base.{{thing}}; use types.{{kind, price}}; lend: func(t: borrow<thing>, k: kind) -> price; }}
            interface top {{ use base.{{thing}}; use left.{{thing as other}}; both: func(a: thing, b: borrow<other>) -> list<thing>; }}
            interface more {{ use types.{{item}}; resource pen {{ write: func(i: item); }} follow: func() -> stream<item>; }}
            interface lone {{ f: func(x: u32) -> u32; }}
        }}
        package wasi:cli@0.2.{} {{ interface environment {{ get: func() -> list<tuple<string, string>>; }} }}
        package wasi:clocks@0.2.{} {{ interface clock {{ resource pollable {{ ready: func() -> bool; }} now: func() -> u64; }} }}",
        newer.replace("extra", "left-extra").replace("option<item>", "u8"),
        if newer.is_empty() { 0 } else { 6 },
        if newer.is_empty() { 1 } else { 9 },
    )
}

/// Parts that import and export some of it.
pub(crate) fn pool(numbers: &mut Numbers, size: usize) -> Vec<PartBytes> {
    let mut pool = Vec::new();
    while pool.len() < size {
        let number = pool.len();
        let version = ["1.0.0", "1.2.0"][numbers.below(2)];
        let wasi = if version == "1.0.0" { ["0.2.0", "0.2.1"] } else { ["0.2.6", "0.2.9"] };
        let mut world = String::new();
        for interface in INTERFACES {
            let what = match numbers.below(5) {
                0 | 1 => "import",
                2 if numbers.one_in(2) => "export",
                _ => continue,
            };
            world.push_str(&format!("{what} acme:pool/{interface}@{version};"));
        }
        if numbers.one_in(3) {
            world.push_str(&format!("import wasi:cli/environment@{};", wasi[0]));
        }
        if numbers.one_in(3) {
            world.push_str(&format!("import wasi:clocks/clock@{};", wasi[1]));
        }
        if numbers.one_in(4) {
            world.push_str(&format!("use acme:pool/types@{version}.{{item}}; import log: func(i: item);"));
        }
        world.push_str(&format!("export run{number}: func();"));
        let name = format!("p{number}");
        let text = wit(&world, version).replace("{name}", &name);
        // What is both imported and exported cannot always be told apart by those who use it.
        if wit_parser::Resolve::default().push_source("pool.wit", &text).is_ok() {
            pool.push(built(&name, &text));
        }
    }
    pool
}

/// One graph: parts of the pool, all that is not met left open, one provider chosen where there are several.
pub(crate) fn graph(numbers: &mut Numbers, pool: &[PartBytes]) -> (IndexMap<String, PartBytes>, Wiring, plan::Options) {
    let mut parts: IndexMap<String, PartBytes> = IndexMap::new();
    for number in 0..2 + numbers.below(6) {
        let chosen = &pool[numbers.below(pool.len())];
        let name = format!("n{number}");
        let part = crate::resolve::Part { name: name.clone(), ..chosen.part.clone() };
        parts.insert(name, PartBytes { part, ..chosen.clone() });
    }
    let open = INTERFACES.map(|interface| Said::plain(format!("acme:pool/{interface}"))).into_iter();
    let mut wiring = Wiring { open: open.chain([Said::plain("log")]).collect(), ..Wiring::default() };
    let names: Vec<String> = parts.keys().cloned().collect();
    for (index, name) in names.iter().enumerate() {
        for interface in INTERFACES {
            let exports = |to: &&String| {
                let part = &parts[*to].part;
                let mut exports = part.resolve.worlds[part.world].exports.keys();
                exports.any(|key| part.resolve.name_world_key(key).starts_with(&format!("acme:pool/{interface}@")))
            };
            // To an earlier part mostly, so that there are few cycles.
            let earlier = if numbers.one_in(8) { names.len() } else { index };
            let able: Vec<&String> = names[..earlier].iter().filter(exports).filter(|to| *to != name).collect();
            if !able.is_empty() {
                let wire = Wire { key_at: None, to: Said::plain(able[numbers.below(able.len())]) };
                wiring.wire.insert((name.clone(), format!("acme:pool/{interface}")), wire);
            }
        }
    }
    let known = wiring.wire.iter().filter(|((from, interface), _)| {
        let part = &parts[from].part;
        let mut imports = part.resolve.worlds[part.world].imports.keys();
        imports.any(|key| part.resolve.name_world_key(key).starts_with(&format!("{interface}@")))
    });
    wiring.wire = known.map(|(key, wire)| (key.clone(), wire.clone())).collect();
    let mut options = plan::Options { unused: Unused::Allow, ..plan::Options::default() };
    if numbers.one_in(6) {
        let granted = names.iter().map(|name| (name.clone(), [Family::Filesystem].into_iter().collect()));
        options.grants = Grants::Known(granted.collect());
    }
    (parts, wiring, options)
}

/// What came of a number of graphs.
#[derive(Debug, Default)]
struct Tally {
    composed: usize,
    refused: usize,
    /// As wac-graph composes it.
    agreed: usize,
}

fn graphs(count: usize, run_one_in: usize) -> Tally {
    let mut numbers = Numbers(0x5eed_0001);
    let pool = pool(&mut numbers, 60);
    let mut tally = Tally::default();
    for round in 0..count {
        let (parts, wiring, options) = graph(&mut numbers, &pool);
        let started = Instant::now();
        let (graph, composed) = match app(&parts, &wiring, &options, &FULL) {
            Ok(composed) => composed,
            // A function of a world left to the host, with types that come from a part, is refused as well.
            Err(Error::Plan(_) | Error::TooNew { .. }) => {
                tally.refused += 1;
                continue;
            }
            Err(error) => panic!("{round}: {:#?}", error.problems()),
        };
        assert!(started.elapsed() < Duration::from_secs(2), "{round} took {:?}", started.elapsed());
        tally.composed += 1;
        if graph.denials.is_empty()
            && graph.types.is_empty()
            && let Ok(theirs) = oracle::encode(&graph, &parts)
            && oracle::same_world(&composed.bytes, &theirs)
        {
            tally.agreed += 1;
        }
        if round % run_one_in == 0 {
            instantiates(&composed);
        }
    }
    tally
}

/// Interfaces that have nothing to do with each other: the second in the same words or fewer, the third in others.
const APART: [[&str; 3]; 3] = [
    [
        "record r { a: u8, b: string } f: func(x: r) -> option<r>; g: func();",
        "record r { a: u8, b: string } f: func(x: r) -> option<r>;",
        "record r { a: u16, b: string } f: func(x: r) -> option<r>; g: func();",
    ],
    [
        "enum e { a, b } flags w { x, y } h: func(e: e) -> result<w, e>;",
        "flags w { x, y } enum e { a, b } h: func(e: e) -> result<w, e>;",
        "enum e { b, a } flags w { x, y } h: func(e: e) -> result<w, e>;",
    ],
    [
        "type t = list<u8>; record p { t: t }",
        "type t = list<u8>; record p { t: list<u8> }",
        "type t = list<u16>; record p { t: t }",
    ],
];

/// Parts that import and export some of them.
fn pool_apart(numbers: &mut Numbers, size: usize) -> Vec<PartBytes> {
    let part = |number: usize| {
        let version = ["1.0.0", "1.0.1"][numbers.below(2)];
        let (mut world, mut interfaces) = (String::new(), String::new());
        for (index, bodies) in APART.iter().enumerate() {
            let what = match numbers.below(4) {
                0 | 1 => "import",
                2 => "export",
                _ => continue,
            };
            let body = bodies[if numbers.one_in(12) { 2 } else { numbers.below(2) }];
            world.push_str(&format!("{what} acme:pool/i{index}@{version};"));
            interfaces.push_str(&format!("interface i{index} {{ {body} }}"));
        }
        let text = format!(
            "package acme:p{number}; interface run {{ run: func(); }} world w {{ {world} export run; }}
            package acme:pool@{version} {{ {interfaces} }}"
        );
        built(&format!("p{number}"), &text)
    };
    (0..size).map(part).collect()
}

/// An outline is no other plan than its world, where it is one.
#[test]
fn outlines_are_planned_as_worlds_are() {
    let mut numbers = Numbers(0x5eed_0007);
    let pool = pool_apart(&mut numbers, 40);
    assert!(pool.iter().all(|part| outline(part).is_some()));
    let open: Vec<_> = (0..APART.len()).map(|index| Said::plain(format!("acme:pool/i{index}"))).collect();
    let options = plan::Options { unused: Unused::Allow, ..plan::Options::default() };
    let (mut planned, mut untold) = (0, 0);
    for _ in 0..600 {
        let wiring = Wiring { open: open[..numbers.below(open.len() + 1)].to_vec(), ..Wiring::default() };
        let mut chosen: IndexMap<&str, &PartBytes> = IndexMap::new();
        for _ in 0..2 + numbers.below(4) {
            let part = &pool[numbers.below(pool.len())];
            chosen.insert(&part.part.name, part);
        }
        let worlds: Vec<_> = chosen.values().map(|part| part.part.clone()).collect();
        let by_worlds = plan::plan(&worlds, &wiring, &options).ok();
        match outlined(&chosen.into_values().collect::<Vec<_>>(), &wiring, &options) {
            Some(graph) => {
                assert_eq!(Some(graph), by_worlds);
                planned += 1;
            }
            None if by_worlds.is_some() => untold += 1,
            None => {}
        }
    }
    assert!(planned > 100 && untold < planned / 4, "{planned} planned, {untold} not told");
}

#[test]
fn generated_graphs_are_composed_as_wac_does_it() {
    let tally = graphs(150, 15);
    assert!(tally.composed > 30 && tally.agreed > 20, "{tally:?}");
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn many_generated_graphs_are_composed_as_wac_does_it() {
    let tally = graphs(1_000, 10);
    assert!(tally.composed > 200 && tally.agreed > 150, "{tally:?}");
}

/// A function of a number in each part: what comes out of the app is what comes out of the graph.
fn counter(number: usize, imports: &[usize]) -> PartBytes {
    let mut text = String::from("(component ");
    for of in imports {
        text.push_str(&format!(
            r#"(import "t:g/i{of}@0.1.0" (instance $i{of} (export "f" (func (param "x" u32) (result u32)))))
            (core func $f{of} (canon lower (func $i{of} "f")))"#
        ));
    }
    text.push_str("(core module $m ");
    for of in imports {
        text.push_str(&format!(r#"(import "" "f{of}" (func $f{of} (param i32) (result i32)))"#));
    }
    text.push_str(&format!(
        r#"(func $f (export "f") (param i32) (result i32) local.get 0 i32.const {} i32.mul"#,
        number + 3
    ));
    for of in imports {
        text.push_str(&format!(" local.get 0 i32.const {of} i32.add call $f{of} i32.xor"));
    }
    text.push_str(r#")) (core instance $c (instantiate $m (with "" (instance"#);
    for of in imports {
        text.push_str(&format!(r#"(export "f{of}" (func $f{of}))"#));
    }
    text.push_str(&format!(
        r#")))) (func $f (param "x" u32) (result u32) (canon lift (core func $c "f")))
        (instance $e (export "f" (func $f))) (export "t:g/i{number}@0.1.0" (instance $e)))"#
    ));
    component(&format!("c{number}"), text.into_bytes(), None).expect("a component")
}

#[test]
fn apps_compute_what_wac_makes_of_them_computes() {
    let mut numbers = Numbers(0x5eed_0002);
    for _ in 0..12 {
        let size = 2 + numbers.below(8);
        let needs: Vec<Vec<usize>> = (0..size)
            .map(|number| {
                let mut needs: Vec<usize> = (0..number).filter(|_| numbers.one_in(2)).collect();
                // All are needed by the last.
                if number == size - 1 {
                    needs = (0..number).collect();
                }
                needs
            })
            .collect();
        let parts: IndexMap<_, _> =
            needs.iter().enumerate().map(|(number, needs)| (format!("c{number}"), counter(number, needs))).collect();
        fn expected(needs: &[Vec<usize>], number: usize, x: u32) -> u32 {
            let own = x.wrapping_mul(u32::try_from(number).unwrap() + 3);
            let of = |of: &usize| expected(needs, *of, x.wrapping_add(u32::try_from(*of).unwrap()));
            needs[number].iter().map(of).fold(own, |a, b| a ^ b)
        }
        let (graph, composed) = app(&parts, &Wiring::default(), &plan::Options::default(), &FULL).expect("composed");
        let theirs = oracle::encode(&graph, &parts).expect("wac composes it");
        assert!(oracle::same_world(&composed.bytes, &theirs));
        let export = format!("t:g/i{}@0.1.0", size - 1);
        for app in [&composed.bytes, &theirs] {
            assert_eq!(called(app, &export, 7), expected(&needs, size - 1, 7));
        }
    }
}

fn called(app: &[u8], interface: &str, x: u32) -> u32 {
    let engine = wasmtime::Engine::default();
    let app = wasmtime::component::Component::new(&engine, app).expect("the app compiles");
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::component::Linker::new(&engine).instantiate(&mut store, &app).expect("the app starts");
    let interface = instance.get_export_index(&mut store, None, interface).expect("the interface");
    let function = instance.get_export_index(&mut store, Some(&interface), "f").expect("the function");
    let function = instance.get_typed_func::<(u32,), (u32,)>(&mut store, &function).expect("of this type");
    function.call(&mut store, (x,)).expect("it runs").0
}

/// Parts with bytes turned over, cut out and put in twice: any answer but a panic or a hang, and documented ones.
fn mutants(count: usize, seed: u64, originals: &[(String, PartBytes)]) {
    let mut numbers = Numbers(seed);
    for round in 0..count {
        let mut mutated: IndexMap<String, PartBytes> = originals.iter().cloned().collect();
        let (name, part) = &originals[round % originals.len()];
        let mut bytes = part.bytes.to_vec();
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(bytes.len());
            let end = (at + numbers.below(16)).min(bytes.len());
            match numbers.below(5) {
                0 => drop(bytes.drain(at..end)),
                1 => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                2 => bytes[at] ^= 1 << numbers.below(8),
                3 => bytes[at] = 0xff,
                _ => bytes[at] = u8::try_from(numbers.below(256)).expect("a byte"),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let started = Instant::now();
        let answer = component(name, bytes, part.part.language).and_then(|mutant| {
            mutated.insert(name.clone(), mutant);
            app(&mutated, &Wiring::default(), &plan::Options::default(), &FULL)
        });
        if let Err(error) = answer {
            let internal = error.problems().iter().any(|problem| problem.code == "compose::internal");
            assert!(!internal, "{round}: {:#?}", error.problems());
        }
        assert!(started.elapsed() < Duration::from_secs(2), "{round} took {:?}", started.elapsed());
    }
}

fn originals() -> Vec<(String, PartBytes)> {
    ["gateway", "auth", "inference"].map(|name| super::file(&chain(name)).expect("a component")).to_vec()
}

fn with_types() -> Vec<(String, PartBytes)> {
    let worlds = [
        "import acme:pool/top@1.0.0; import acme:pool/base@1.0.0; import wasi:cli/environment@0.2.0; export run: func();",
        "import acme:pool/base@1.0.0; export acme:pool/top@1.0.0; export acme:pool/left@1.0.0;",
        "import acme:pool/more@1.0.0; export acme:pool/base@1.0.0; export acme:pool/types@1.0.0;",
        "export acme:pool/more@1.0.0;",
    ];
    let built = worlds.iter().enumerate().map(|(number, world)| {
        let name = format!("p{number}");
        (name.clone(), built(&name, &wit(world, "1.0.0").replace("{name}", &name)))
    });
    built.collect()
}

#[test]
fn mutants_are_answered() {
    mutants(1_400, 0x5eed_0003, &originals());
    mutants(600, 0x5eed_0004, &with_types());
}

#[test]
#[ignore = "long: cargo xtask soak"]
fn many_mutants_are_answered() {
    mutants(6_000, 0x5eed_0005, &originals());
    mutants(4_000, 0x5eed_0006, &with_types());
}
