//! Compositions that run.

mod again;
mod closed;
mod inputs;
mod shared;

use std::path::PathBuf;

use indexmap::IndexMap;
use wasmtime::{
    Engine, Store,
    component::{Component, Linker},
};

use super::{
    Composed, DebugInfo, Error, Given, Modules, Options, PartBytes, Validation, app, component, files, fixture::built,
};
use crate::{
    diagnostic::Diagnose,
    grants_section::{Held, Section},
    language::Language,
    manifest::Family,
    plan::{
        self,
        capability::Grants,
        graph::{Graph, Said, Wire, Wiring},
    },
};

pub(super) const FULL: Options =
    Options { modules: Modules::Shared, debug: DebugInfo::Keep, validation: Validation::Full };

pub(super) fn chain(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/compose/chain").join(format!("{name}.wat"))
}

fn chained(name: &str) -> Given {
    chain(name).into()
}

fn parts(given: &[(&str, &str)]) -> IndexMap<String, PartBytes> {
    given.iter().map(|(name, wit)| ((*name).to_owned(), built(name, wit))).collect()
}

#[track_caller]
fn composed(parts: &IndexMap<String, PartBytes>, wiring: &Wiring) -> (Graph, Composed) {
    app(parts, wiring, &plan::Options::default(), &FULL).unwrap_or_else(|error| panic!("{:#?}", error.problems()))
}

/// Instantiates an app on the engine, with whatever it imports as traps.
pub(super) fn instantiates(composed: &Composed) {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model_async(true).wasm_component_model_implements(true);
    let engine = Engine::new(&config).expect("an engine");
    let app = Component::new(&engine, &composed.bytes).expect("the app compiles");
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&app).expect("traps");
    linker.instantiate(&mut Store::new(&engine, ()), &app).expect("the app starts");
}

#[test]
fn a_chain_of_texts_computes_and_its_trap_names_the_part() {
    let paths = ["gateway", "auth", "inference"].map(chained);
    let (graph, composed) = files(&paths, &Wiring::default(), &plan::Options::default(), &FULL).expect("composed");
    assert_eq!(graph.instances, ["inference", "auth", "gateway"]);
    assert_eq!(composed.exports, ["run"]);
    assert_eq!(composed.imports_left, [""; 0]);

    let engine = Engine::default();
    let app = Component::new(&engine, &composed.bytes).expect("the app compiles");
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &app).expect("the app starts");
    let run = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "run").expect("run");
    assert_eq!(run.call(&mut store, (4,)).expect("runs"), (90,));

    let trap = run.call(&mut store, (2_000_000,)).expect_err("auth traps");
    let backtrace = trap.downcast_ref::<wasmtime::WasmBacktrace>().expect("a backtrace");
    // Frames of the engine's own adapters between components have no names.
    let named = backtrace.frames().iter().filter_map(|frame| Some((frame.module().name()?, frame.func_name()?)));
    let frames: Vec<_> = named.collect();
    assert_eq!(frames, [("auth", "check"), ("gateway", "run")]);
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    let paths = ["gateway", "auth", "inference"].map(chained);
    let compose = || files(&paths, &Wiring::default(), &plan::Options::default(), &FULL).expect("composed").1;
    let first = compose();
    for _ in 0..5 {
        assert_eq!(compose().digest(), first.digest());
    }
}

#[test]
fn producers_and_names_are_told() {
    let paths = ["gateway", "auth", "inference"].map(chained);
    let (_, composed) = files(&paths, &Wiring::default(), &plan::Options::default(), &FULL).expect("composed");
    let text = wasmprinter::print_bytes(&composed.bytes).expect("printable");
    assert!(text.contains("(processed-by \"mosaic\" \""), "{text}");
    for name in ["(instance $gateway", "(instance $auth", "(instance $inference"] {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
}

const SHOP: &str = "package acme:shop@0.1.0;
    interface types {
        record claims { subject: string, role: role }
        enum role { reader, writer }
        record item { name: string, price: price }
        type price = u32;
    }
    interface login { use types.{claims}; login: func(token: string) -> result<claims, string>; }
    interface prices { use types.{item}; all: func() -> list<item>; }
    interface front { use types.{claims, item}; show: func(c: claims, i: list<item>); }
    interface sessions { resource session { constructor(name: string); name: func() -> string; } }
    interface store { use sessions.{session}; put: func(s: session); peek: func(s: borrow<session>) -> u32; }";

pub(super) fn shop(world: &str) -> String {
    format!("{SHOP} world w {{ {world} }}")
}

#[test]
fn plain_types_are_defined_once_as_the_union_of_what_parts_know() {
    let parts = parts(&[
        ("gateway", &shop("import login; import prices; export front;")),
        ("auth", &shop("export login;")),
        ("prices", &shop("export prices;")),
    ]);
    let (graph, composed) = composed(&parts, &Wiring::default());
    assert_eq!(graph.types["acme:shop/types@0.1.0"], ["gateway", "auth", "prices"]);
    assert_eq!(composed.imports_left, [""; 0]);
    assert_eq!(composed.exports, ["acme:shop/types@0.1.0", "acme:shop/front@0.1.0"]);
    instantiates(&composed);
}

#[test]
fn plain_types_built_on_others_are_wired_among_themselves() {
    let wit = |world: &str| {
        format!(
            "package acme:base@1.0.0;
            interface ids {{ record id {{ n: u64 }} }}
            interface orders {{ use ids.{{id}}; variant state {{ open(id), closed }} record order {{ id: id, state: state }} }}
            interface book {{ use orders.{{order}}; book: func(o: order); }}
            interface shelf {{ use ids.{{id}}; find: func(i: id) -> bool; }}
            world w {{ {world} export run: func(); }}"
        )
    };
    let wit_b = wit("export book; export shelf;").replace("export run: func();", "");
    let parts = parts(&[("a", &wit("import book; import shelf;")), ("b", &wit_b)]);
    let (graph, composed) = composed(&parts, &Wiring::default());
    assert_eq!(graph.instances[..2], ["acme:base/ids@1.0.0", "acme:base/orders@1.0.0"]);
    assert_eq!(composed.imports_left, [""; 0]);
    instantiates(&composed);
}

#[test]
fn resources_cross_and_are_passed_on() {
    let parts = parts(&[
        ("gateway", &shop("import store; import sessions; export run: func();")),
        ("memory", &shop("import sessions; export store;")),
        ("disk", &shop("export sessions;")),
    ]);
    let (_, composed) = composed(&parts, &Wiring::default());
    assert_eq!(composed.imports_left, [""; 0]);
    instantiates(&composed);
}

#[test]
fn a_component_and_its_consumers_share_its_resources() {
    let parts = parts(&[
        ("gateway", &shop("import store; import sessions; export run: func();")),
        ("memory", &shop("export sessions; export store;")),
        ("disk", &shop("export sessions;")),
    ]);
    let wiring = Wiring { exports: Some(vec![Said::plain("gateway"), Said::plain("disk")]), ..Wiring::default() };
    let (graph, composed) = composed(&parts, &wiring);
    assert!(graph.edges.iter().all(|edge| edge.to == "memory"));
    instantiates(&composed);
}

pub(super) fn named(parts: Vec<PartBytes>) -> IndexMap<String, PartBytes> {
    parts.into_iter().map(|part| (part.part.name.clone(), part)).collect()
}

/// A miniature of WASI: what an exported handler uses comes from the host.
fn handler(name: &str, version: &str, world: &str) -> String {
    format!(
        "package acme:{name}@1.0.0;
        interface api {{ f: func(); }}
        world w {{ {world} }}
        package wasi:io@{version} {{ interface streams {{ resource input {{ read: func(n: u64) -> list<u8>; }} }} }}
        package wasi:http@{version} {{
            interface types {{
                use wasi:io/streams@{version}.{{input}};
                resource request {{ body: func() -> input; }}
                variant error {{ closed, other(string) }}
            }}
            interface incoming-handler {{ use types.{{request, error}}; handle: func(r: request) -> result<u16, error>; }}
            interface outgoing-handler {{ use types.{{request, error}}; send: func(r: request) -> result<u16, error>; }}
        }}"
    )
}

#[test]
fn versions_of_wasi_merge_on_their_track() {
    let parts = parts(&[
        (
            "gateway",
            &handler(
                "gateway",
                "0.2.0",
                "export wasi:http/incoming-handler@0.2.0; import wasi:http/outgoing-handler@0.2.0;",
            ),
        ),
        ("lib", &handler("lib", "0.2.9", "export api; import wasi:http/outgoing-handler@0.2.9;")),
    ]);
    let (graph, composed) = composed(&parts, &Wiring::default());
    let host: Vec<_> = graph.host.iter().map(|host| host.import.as_str()).collect();
    assert_eq!(host, ["wasi:io/streams@0.2.9", "wasi:http/types@0.2.9", "wasi:http/outgoing-handler@0.2.9"]);
    let mut left = composed.imports_left.clone();
    left.sort();
    assert_eq!(left.len(), 3, "{left:?}");
    instantiates(&composed);
}

#[test]
fn middleware_of_a_handler_is_put_between() {
    let parts = parts(&[
        (
            "cors",
            &handler(
                "cors",
                "0.2.0",
                "import wasi:http/incoming-handler@0.2.0; export wasi:http/incoming-handler@0.2.0;",
            ),
        ),
        ("gateway", &handler("gateway", "0.2.3", "export wasi:http/incoming-handler@0.2.3;")),
    ]);
    let (graph, composed) = composed(&parts, &Wiring::default());
    assert_eq!(composed.exports, ["wasi:http/incoming-handler@0.2.0"]);
    assert_eq!(graph.exports[0].from, "cors");
    instantiates(&composed);
}

#[test]
fn functions_and_types_of_worlds_are_connected() {
    let wit = |world: &str| format!("{SHOP} world w {{ use types.{{claims}}; {world} }}");
    let parts = parts(&[
        ("app", &wit("import peek: func(c: claims) -> u32; export run: func();")),
        ("lib", &wit("export peek: func(c: claims) -> u32;")),
    ]);
    let (_, composed) = composed(&parts, &Wiring::default());
    assert_eq!(composed.exports, ["run"]);
    assert_eq!(composed.imports_left, [""; 0]);
    instantiates(&composed);
}

#[test]
fn one_interface_imported_twice_has_two_providers() {
    let wit = |world: &str| {
        format!("package acme:kv@1.0.0; interface store {{ get: func(key: string) -> string; }} world w {{ {world} }}")
    };
    let parts = parts(&[
        ("app", &wit("import hot: store; import cold: store; export run: func();")),
        ("redis", &wit("export store;")),
        ("disk", &wit("export store;")),
    ]);
    let wire = |to: &str| Wire { key_at: None, to: Said::plain(to) };
    let wiring = Wiring {
        wire: [
            (("app".to_owned(), "hot".to_owned()), wire("redis")),
            (("app".to_owned(), "cold".to_owned()), wire("disk")),
        ]
        .into_iter()
        .collect(),
        ..Wiring::default()
    };
    let (_, composed) = composed(&parts, &wiring);
    assert_eq!(composed.imports_left, [""; 0]);
    instantiates(&composed);
}

#[test]
fn async_functions_streams_and_futures_compose() {
    let wit = |world: &str| {
        format!(
            "package acme:feed@1.0.0;
            interface feed {{ follow: async func(name: string) -> stream<u8>; last: func() -> future<string>; }}
            world w {{ {world} }}"
        )
    };
    let parts = parts(&[("app", &wit("import feed; export run: async func();")), ("feed", &wit("export feed;"))]);
    let (_, composed) = composed(&parts, &Wiring::default());
    instantiates(&composed);
}

#[test]
fn async_functions_streams_futures_and_resources_cross_three_parts() {
    let wit = |world: &str| {
        format!(
            "package acme:feed@1.0.0;
            interface rooms {{ resource room {{ name: func() -> string; }} find: func(name: string) -> option<room>; }}
            interface feed {{
                use rooms.{{room}};
                follow: async func(r: borrow<room>) -> stream<u8>;
                last: func(r: room) -> future<string>;
            }}
            interface digest {{
                use rooms.{{room}};
                sum: async func(r: borrow<room>, of: stream<u8>) -> result<u64, string>;
            }}
            world w {{ {world} }}"
        )
    };
    let parts = parts(&[
        ("app", &wit("import digest; import feed; import rooms; export run: async func();")),
        ("digest", &wit("import feed; import rooms; export digest;")),
        ("feed", &wit("export rooms; export feed;")),
    ]);
    let (graph, composed) = composed(&parts, &Wiring::default());
    assert_eq!(graph.instances, ["feed", "digest", "app"]);
    assert_eq!(composed.imports_left, [""; 0]);
    instantiates(&composed);
}

#[test]
fn composed_apps_compose_again() {
    let inner = files(&["auth", "inference"].map(chained), &Wiring::default(), &plan::Options::default(), &FULL)
        .expect("inner")
        .1;
    let parts: IndexMap<_, _> = [
        ("backend".to_owned(), component("backend", inner.bytes, None).expect("a component")),
        super::file(&chain("gateway")).expect("a component"),
    ]
    .into_iter()
    .collect();
    let (_, composed) = composed(&parts, &Wiring::default());
    assert_eq!(composed.exports, ["run"]);
    instantiates(&composed);
}

#[test]
fn what_a_compiler_drops_does_not_change_what_the_app_exports() {
    let interfaces = "package a:b@1.0.0; interface one { f: func(); } interface two { f: func(); }";
    let wit = |world: &str| format!("{interfaces} world w {{ {world} }}");
    let worlds = [("app", wit("import two; export one;")), ("lib", wit("export two;"))];
    let planned: Vec<_> = worlds.iter().map(|(name, wit)| super::fixture::part(name, wit)).collect();
    let planned = plan::plan(&planned, &Wiring::default(), &plan::Options::default()).expect("planned");
    // As built, the app calls nothing.
    let built = parts(&[("app", &wit("export one;")), ("lib", &worlds[1].1)]);
    let (graph, composed) =
        super::as_planned(&planned, &built, &Wiring::default(), &plan::Options::default(), &FULL).expect("composed");
    assert_eq!(composed.exports, ["a:b/one@1.0.0"]);
    assert!(graph.edges.is_empty());
}

#[test]
fn a_plan_made_for_other_components_is_refused() {
    let gateway = super::file(&chain("gateway")).expect("a component");
    let parts: IndexMap<_, _> = [gateway].into_iter().collect();
    let error = super::compose(&Graph { instances: vec!["gateway".into()], ..Graph::default() }, &parts, &FULL)
        .expect_err("refused");
    assert!(
        matches!(&error, Error::Unplanned { part, import } if part == "gateway" && import == "acme:chain/auth@0.1.0")
    );
    let error = super::compose(&Graph { instances: vec!["auth".into()], ..Graph::default() }, &parts, &FULL)
        .expect_err("refused");
    assert!(matches!(error, Error::NoBytes { .. }));
}
