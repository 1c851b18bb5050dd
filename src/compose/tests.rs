//! Compositions that run, and inputs that cannot be composed.

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

/// Parts of a miniature of WASI's file system and environment, with an interface of their own that lends descriptors.
fn filer(name: &str, version: &str, world: &str) -> PartBytes {
    let wit = format!(
        "package acme:{name}@1.0.0;
        world w {{ {world} }}
        package acme:shelf@1.0.0 {{
            interface api {{ use wasi:filesystem/types@{version}.{{descriptor}}; open: func() -> descriptor; }}
        }}
        package wasi:io@{version} {{ interface streams {{ resource input {{ read: func() -> list<u8>; }} }} }}
        package wasi:clocks@{version} {{ interface clock {{ record instant {{ s: u64 }} now: func() -> instant; }} }}
        package wasi:cli@{version} {{ interface environment {{ get: func() -> list<tuple<string, string>>; }} }}
        package wasi:filesystem@{version} {{
            interface types {{
                use wasi:io/streams@{version}.{{input}};
                use wasi:clocks/clock@{version}.{{instant}};
                enum error-code {{ access, io }}
                record stat {{ at: option<instant>, size: u64 }}
                resource descriptor {{ read: func() -> result<input, error-code>; stat: func() -> result<stat, error-code>; }}
            }}
            interface preopens {{ use types.{{descriptor}}; all: func() -> list<descriptor>; }}
        }}"
    );
    built(name, &wit)
}

fn closing(granted: &[(&str, Family)]) -> plan::Options {
    let grants = granted.iter().map(|(part, family)| ((*part).to_owned(), [*family].into_iter().collect())).collect();
    plan::Options { grants: Grants::Known(grants), ..plan::Options::default() }
}

pub(super) fn named(parts: Vec<PartBytes>) -> IndexMap<String, PartBytes> {
    parts.into_iter().map(|part| (part.part.name.clone(), part)).collect()
}

#[test]
fn what_is_not_granted_is_no_import_of_the_app() {
    let world = |run: &str, version: &str| {
        format!(
            "import wasi:filesystem/preopens@{version}; import wasi:cli/environment@{version}; export {run}: func();"
        )
    };
    let parts =
        named(vec![filer("one", "0.2.0", &world("walk", "0.2.0")), filer("two", "0.2.6", &world("jump", "0.2.6"))]);
    let compose = |options| app(&parts, &Wiring::default(), &options, &FULL).expect("composed");
    let (graph, composed) = compose(closing(&[]));
    assert_eq!(graph.denials["mosaic:grants/denied"].parts, ["one", "two"]);
    // Types of a clock are all that is left of it.
    assert_eq!(composed.imports_left, ["wasi:io/streams@0.2.6", "wasi:clocks/clock@0.2.6"]);
    instantiates(&composed);
    assert_eq!(compose(closing(&[])).1.digest(), composed.digest());

    // What one part is granted is not thereby granted to the other.
    let (graph, composed) = compose(closing(&[("two", Family::Filesystem)]));
    assert_eq!(graph.denials["mosaic:grants/denied"].parts, ["one", "two"]);
    assert!(composed.imports_left.contains(&"wasi:filesystem/types@0.2.6".to_owned()));
    assert!(!composed.imports_left.contains(&"wasi:cli/environment@0.2.6".to_owned()));
    let files: Vec<_> = graph.host.iter().filter(|host| host.import.contains("filesystem")).collect();
    assert!(files.iter().all(|host| host.wanted_by.iter().all(|wanted| wanted.by == "two")), "{files:?}");
    instantiates(&composed);

    // Nobody has said.
    let (graph, composed) = compose(plan::Options::default());
    assert!(graph.denials.is_empty());
    assert!(composed.imports_left.contains(&"wasi:cli/environment@0.2.6".to_owned()));
}

#[test]
fn a_resource_that_is_closed_to_all_who_share_it_crosses_between_them() {
    let parts = named(vec![
        filer("app", "0.2.0", "import acme:shelf/api@1.0.0; export run: func();"),
        filer("rack", "0.2.0", "import wasi:filesystem/preopens@0.2.0; export acme:shelf/api@1.0.0;"),
    ]);
    let (_, composed) = app(&parts, &Wiring::default(), &closing(&[]), &FULL).expect("composed");
    assert_eq!(composed.imports_left, ["wasi:io/streams@0.2.0", "wasi:clocks/clock@0.2.0"]);
    instantiates(&composed);
}

/// What a handler is given stays the host's, while what would send requests of its own is closed.
#[test]
fn a_handler_may_answer_and_not_ask() {
    let parts = parts(&[(
        "gateway",
        &handler(
            "gateway",
            "0.2.0",
            "export wasi:http/incoming-handler@0.2.0; import wasi:http/outgoing-handler@0.2.0;",
        ),
    )]);
    let (graph, composed) = app(&parts, &Wiring::default(), &closing(&[]), &FULL).expect("composed");
    assert_eq!(graph.denials["mosaic:grants/denied"].interfaces, ["wasi:http/outgoing-handler@0.2.0"]);
    assert_eq!(composed.imports_left, ["wasi:io/streams@0.2.0", "wasi:http/types@0.2.0"]);
    instantiates(&composed);
}

/// One that gives streams of its own, and one that has them from it: their denials differ.
#[test]
fn a_denial_speaks_of_the_streams_its_part_has() {
    let world = "import wasi:filesystem/preopens@0.2.0; import wasi:io/streams@0.2.0;";
    let parts = named(vec![
        filer("app", "0.2.0", &format!("{world} export run: func();")),
        filer("streams", "0.2.0", &format!("{world} export wasi:io/streams@0.2.0;")),
    ]);
    let (graph, composed) = app(&parts, &Wiring::default(), &closing(&[]), &FULL).expect("composed");
    assert_eq!(graph.denials.len(), 2);
    instantiates(&composed);
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
fn an_app_says_what_its_parts_are_granted() {
    let world = "import wasi:filesystem/preopens@0.2.0; export run: func();";
    let parts = named(vec![filer("one", "0.2.0", world)]);
    let mut options = closing(&[("one", Family::Filesystem)]);
    let held = Held::Dir { path: "data".into(), guest: None, readonly: true };
    let holding = plan::holdings::Holding { family: Family::Filesystem, held: held.clone(), value: None, at: None };
    options.holdings.parts.insert("one".into(), vec![holding]);
    let section = |options| {
        let composed = app(&parts, &Wiring::default(), &options, &FULL).expect("composed").1;
        Section::read(&mut std::io::Cursor::new(composed.bytes)).expect("read")
    };
    assert_eq!(section(options).expect("a section").parts["one"], [held]);
    // That nothing is granted is said as well; what nobody has said is not.
    assert_eq!(section(closing(&[])).expect("a section").parts["one"], []);
    assert_eq!(section(plan::Options::default()), None);
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
    let refused = |count| super::compose(&graph(count), &IndexMap::new(), &FULL).expect_err("refused");
    let Error::TooLarge { what, count, limit } = refused(1_001) else { panic!("it is too large") };
    assert_eq!((what, count, limit), ("components", 1_001, 1_000));
    assert!(matches!(refused(1_000), Error::NoBytes { .. }));
}

#[test]
fn what_is_remembered_gives_the_same_bytes_and_no_invalid_part() {
    let temp = tempfile::tempdir().expect("a folder");
    let files = ["gateway", "auth", "inference"].map(|name| {
        let part = super::file(&chain(name)).expect("a component").1;
        let path = temp.path().join(format!("{name}.wasm"));
        std::fs::write(&path, &*part.bytes).expect("written");
        Given::from(path)
    });
    let compose = || {
        let home = crate::cache::Home { root: temp.path().join("home") };
        let mut memory = super::Memory::open(home);
        let (wiring, options) = (Wiring::default(), plan::Options::default());
        let composed = super::files_again(&files, &wiring, &options, &FULL, &mut memory);
        memory.save();
        composed.and_then(|assembly| assembly.bytes())
    };
    let anew = super::files(&files, &Wiring::default(), &plan::Options::default(), &FULL).expect("composed").1;
    for _ in 0..3 {
        assert_eq!(compose().expect("composed"), anew.bytes);
    }
    // Another part of the same types; then one whose code is not valid.
    let original = std::fs::read(&files[1].path).expect("read");
    let mut changed = original.clone();
    changed.extend(b"\0\x06\x05other");
    std::fs::write(&files[1].path, &changed).expect("written");
    let with_it = compose().expect("composed");
    assert_eq!(with_it.len(), anew.bytes.len() + 8);
    let at = original.windows(2).position(|code| code == [0x6a, 0x0b]).expect("the addition at the end");
    changed[at] = 0xff;
    std::fs::write(&files[1].path, &changed).expect("written");
    assert!(matches!(compose().expect_err("refused"), Error::Invalid { part, .. } if part == "auth"));
}

#[test]
fn what_is_wrong_with_a_large_file_is_told_as_of_a_small_one() {
    let temp = tempfile::tempdir().expect("a folder");
    let path = temp.path().join("thing.wasm");
    let module =
        |code: &str| format!(r#"(core module {code} (memory 1) (data (i32.const 0) "{}"))"#, "x".repeat(1 << 20));
    let binary = |text: &str| wat::parse_str(text).expect("well-formed");
    let valid = binary(&format!("(component {})", module("(func)")));
    let cut_off = [&valid[..valid.len() - 7], &valid[..20], &[&valid[..], b"\x01"].concat()].map(<[u8]>::to_vec);
    let nested = wasm_encoder::Component::new().section(&wasm_encoder::RawSection { id: 1, data: &valid }).clone();
    let bad = [
        binary(&format!("(component {})", module("(func) (func (result i32) i64.const 1) (func (result i32))"))),
        binary(&format!("(component (component {}))", module("(func (param i32)) (start 0)"))),
        binary(&module("(func)").replacen("core module", "module", 1)),
        nested.finish(),
    ];
    for bytes in bad.into_iter().chain(cut_off).filter(|bytes| bytes.len() > 1 << 20) {
        std::fs::write(&path, &bytes).expect("written");
        let mut memory = super::Memory::open(crate::cache::Home { root: temp.path().join("home") });
        let (wiring, options) = (Wiring::default(), plan::Options::default());
        let told =
            |error: Error| error.problems().into_iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>();
        let files = [Given::from(path.clone())];
        let ours = super::files_again(&files, &wiring, &options, &FULL, &mut memory).map(|_| ()).expect_err("refused");
        assert_eq!(told(ours), told(component("thing", bytes, None).expect_err("refused")));
    }
}

#[test]
fn large_files_are_let_go_and_must_be_the_same_when_they_are_fetched_again() {
    let temp = tempfile::tempdir().expect("a folder");
    // Two of one code, so that it is shared, and with ballast in a custom section.
    let large = wat::parse_str(format!(
        r#"(component
            (core module $m (func (export "f") (result i32) i32.const 7) (@custom "noise" "{}"))
            (core instance $i (instantiate $m))
            (func $f (result u32) (canon lift (core func $i "f")))
            (instance $api (export "f" (func $f)))
            (export "a:b/api" (instance $api)))"#,
        "x".repeat(5 << 20)
    ));
    let large = large.expect("well-formed");
    let files = ["one", "two"].map(|name| {
        let path = temp.path().join(format!("{name}.wasm"));
        std::fs::write(&path, &large).expect("written");
        Given::from(path)
    });
    let exports = |names: &[&str]| Wiring {
        exports: Some(names.iter().map(|name| Said::plain(*name)).collect()),
        ..Wiring::default()
    };
    let options = plan::Options { unused: plan::Unused::Allow, ..plan::Options::default() };
    let mut memory = super::Memory::open(crate::cache::Home { root: temp.path().join("home") });
    let mut ready =
        |wiring: &Wiring| super::files_again(&files, wiring, &options, &FULL, &mut memory).expect("composed");
    let anew = |wiring: &Wiring| super::files(&files, wiring, &options, &FULL).expect("composed").1.bytes;

    let assembly = ready(&exports(&["one"]));
    assert_eq!((assembly.took().unseen, assembly.bytes().expect("whole")), (1, anew(&exports(&["one"]))));
    assert!(assembly.bytes().expect("whole").len() < 6 << 20, "the module is there once");
    // The parts are known, another wiring is not.
    let assembly = ready(&exports(&["two"]));
    let mut written = Vec::new();
    let size = assembly.write(&mut written).expect("written");
    assert_eq!((assembly.took().unseen, size, &written), (0, written.len() as u64, &anew(&exports(&["two"]))));

    std::fs::write(&files[0].path, [&large[..], b"\0\x06\x05other"].concat()).expect("written");
    assert!(matches!(assembly.bytes().expect_err("refused"), Error::Changed { path } if path.ends_with("one.wasm")));
}
