//! Graphs against the plans they were composed by, languages, needs, differences.

mod hostile;
mod sizes;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::{
    model::{EdgeKind, Found, Graph, NamedBy, NodeKind, PortKind},
    *,
};
use crate::{
    compare::Name,
    compose::{self, Composed, PartBytes, component, fixture::built},
    diagnostic::Diagnose,
    manifest::Family,
    plan::{self, capability::Grants, graph::Wiring},
};

const ALL: &[Section] =
    &[Section::Wit, Section::Graph, Section::Sizes, Section::Needs, Section::Producers, Section::Versions];

fn parts(given: &[(&str, &str)]) -> IndexMap<String, PartBytes> {
    given.iter().map(|(name, wit)| ((*name).to_owned(), built(name, wit))).collect()
}

#[track_caller]
fn composed(parts: &IndexMap<String, PartBytes>, options: &plan::Options) -> (plan::graph::Graph, Composed) {
    compose::app(parts, &Wiring::default(), options, &compose::Options::default())
        .unwrap_or_else(|error| panic!("{:#?}", error.problems()))
}

#[track_caller]
fn seen(bytes: &[u8]) -> Inspection {
    inspect("app.wasm", bytes, ALL).unwrap_or_else(|error| panic!("{:#?}", error.problems()))
}

type Wires = BTreeSet<(String, String, String, String, Option<String>)>;

fn wires(graph: &Graph) -> Wires {
    let name = |id: u32| graph.node(id).expect("edges are between nodes").name.clone();
    let wires = graph.edges.iter().filter(|edge| edge.kind == EdgeKind::Wire);
    wires.map(|it| (name(it.from), it.import.clone(), name(it.to), it.export.clone(), it.member.clone())).collect()
}

/// Holds what is read from the binary against what it was composed by.
#[track_caller]
fn same(plan: &plan::graph::Graph, composed: &Composed) -> Graph {
    let graph = seen(&composed.bytes).graph.expect("it was asked for");
    assert_eq!(graph.unknown, [""; 0]);
    let made = |name: &String| plan.types.contains_key(name) || plan.denials.contains_key(name);

    let kinds: BTreeMap<&str, NodeKind> = graph.nodes[1..].iter().map(|node| (node.name.as_str(), node.kind)).collect();
    let planned = plan.instances.iter().map(|name| {
        let kind = match (plan.types.contains_key(name), plan.denials.contains_key(name)) {
            (true, _) => NodeKind::Types,
            (_, true) => NodeKind::Denial,
            _ => NodeKind::Part,
        };
        (name.as_str(), kind)
    });
    assert_eq!(kinds, planned.collect());

    let planned: Wires = plan
        .edges
        .iter()
        .map(|it| (it.from.clone(), it.import.clone(), it.to.clone(), it.export.clone(), it.member.clone()))
        .collect();
    let read = wires(&graph);
    // What is made for a composition may need less than the plan gives it.
    let of_parts = |wires: &Wires| -> Wires { wires.iter().filter(|wire| !made(&wire.0)).cloned().collect() };
    assert_eq!(of_parts(&read), of_parts(&planned));

    let host = |import: &str, by: BTreeSet<String>| (Name::new(import).canonical(), by);
    // A type that a world uses is named for itself, and no wire: whoever has it has it from an interface.
    let imports = graph.imports.iter();
    let (types, imports): (Vec<_>, Vec<_>) = imports.partition(|it| it.port.kind == PortKind::Type);
    let planned: BTreeMap<_, _> = plan
        .host
        .iter()
        .filter(|it| !types.iter().any(|ty| ty.port.name == it.import))
        .map(|it| host(&it.import, it.wanted_by.iter().map(|it| it.by.clone()).filter(|it| !made(it)).collect()))
        .collect();
    let name = |id: &u32| graph.node(*id).expect("ends are nodes").name.clone();
    let read: BTreeMap<_, _> = imports
        .into_iter()
        .map(|it| host(&it.port.name, it.wanted_by.iter().map(name).filter(|it| !made(it)).collect()))
        .collect();
    assert_eq!(read, planned);

    let planned: Vec<_> = plan.exports.iter().map(|it| (it.name.clone(), it.from.clone())).collect();
    let read = graph.exports.iter().map(|it| (it.port.name.clone(), name(&it.from.expect("somebody gives it"))));
    assert_eq!(read.collect::<Vec<_>>(), planned);
    graph
}

const CHAIN: &str = "
    package acme:shop@0.1.0;
    interface infer { record sample { text: string } score: func(s: sample) -> u32; }
    interface auth { use infer.{sample}; check: func(s: sample) -> result<u32, string>; }
    world gateway { import auth; export run: func(); }
    world auth-part { import infer; export auth; }
    world model { export infer; }";

#[test]
fn the_graph_is_the_plan() {
    let parts = parts(&[("gateway", CHAIN), ("auth-part", CHAIN), ("model", CHAIN)]);
    let (plan, composed) = composed(&parts, &plan::Options::default());
    let graph = same(&plan, &composed);
    assert!(graph.nodes[1..].iter().all(|node| node.named_by == NamedBy::NameSection && node.parent == Some(0)));
    let auth = &graph.interfaces["acme:shop/auth@0.1.0"];
    assert_eq!(auth.functions[0].wit, "check: func(s: sample) -> result<u32, string>");
    assert!(auth.wit.starts_with("interface auth {\n  use infer.{sample};"), "{}", auth.wit);
}

#[test]
fn plain_types_and_denials_are_shown_as_what_they_are() {
    let types = "package acme:shop@0.1.0;
        interface types { record claims { user: string } }
        interface login { use types.{claims}; login: func() -> claims; }
        interface front { use types.{claims}; show: func(c: claims); }
        world auth { export login; }
        world gateway { import login; export front; }";
    let (plan, composed) = composed(&parts(&[("auth", types), ("gateway", types)]), &plan::Options::default());
    assert_eq!(plan.types.len(), 1);
    same(&plan, &composed);

    let file = |run: &str| {
        format!(
            "package acme:{run}@0.1.0;
            world w {{ import wasi:filesystem/types@0.2.6; import wasi:cli/environment@0.2.6; export {run}: func(); }}
            package wasi:cli@0.2.6 {{ interface environment {{ get: func() -> list<string>; }} }}
            package wasi:filesystem@0.2.6 {{ interface types {{
                resource descriptor {{ read: func() -> result<u32, u32>; }}
            }} }}"
        )
    };
    let parts = parts(&[("one", &file("walk")), ("two", &file("jump"))]);
    let granted = BTreeMap::from([("two".to_owned(), [Family::Filesystem].into_iter().collect())]);
    let options = plan::Options { grants: Grants::Known(granted), ..plan::Options::default() };
    let (plan, composed) = super::tests::composed(&parts, &options);
    assert_eq!(plan.denials.len(), 1);
    same(&plan, &composed);

    let needs = seen(&composed.bytes).needs.expect("asked for");
    let told = |name: &str| {
        let part = needs.parts.iter().find(|part| part.name == name).expect("the part");
        let linked: Vec<_> = part.linked.iter().map(|it| it.capability.capability.clone()).collect();
        let denied = part.closed.iter().filter(|it| it.by == model::ClosedBy::Denied);
        (linked, denied.map(|it| it.capability.capability.clone()).collect::<Vec<_>>())
    };
    assert_eq!(told("one"), (vec![], vec!["files".to_owned(), "env".to_owned()]));
    assert_eq!(told("two"), (vec!["files".to_owned()], vec!["env".to_owned()]));
    assert!(needs.parts.iter().all(|part| part.closed.len() + part.linked.len() == 16), "each is in one list");
    let evidence = needs.parts.iter().flat_map(|part| &part.evidence);
    assert!(evidence.clone().count() == 4 && evidence.clone().all(|it| it.found == Found::NoUse), "their code traps");
}

#[test]
fn only_what_calls_nobody_is_a_denial_whatever_its_name() {
    let forged = r#"(component
        (import "wasi:cli/environment@0.2.6" (instance $host (export "get" (func))))
        (component $denied
          (import "h" (instance $h (export "get" (func))))
          (core func $get (canon lower (func $h "get")))
          (core module $m (import "" "get" (func $get)) (func (export "get") (call $get)))
          (core instance $x (export "get" (func $get)))
          (core instance $i (instantiate $m (with "" (instance $x))))
          (func $f (canon lift (core func $i "get")))
          (instance $e (export "get" (func $f)))
          (export "wasi:cli/environment@0.2.6" (instance $e)))
        (component $app
          (import "wasi:cli/environment@0.2.6" (instance $env (export "get" (func))))
          (core func $get (canon lower (func $env "get")))
          (core module $m (import "" "get" (func $get)) (func (export "run") (call $get)))
          (core instance $x (export "get" (func $get)))
          (core instance $i (instantiate $m (with "" (instance $x))))
          (func (export "run") (canon lift (core func $i "run"))))
        (instance $d (instantiate $denied (with "h" (instance $host))))
        (instance $a (instantiate $app (with "wasi:cli/environment@0.2.6" (instance $d "wasi:cli/environment@0.2.6"))))
        (export "run" (func $a "run")))"#;
    let binary = wat::parse_str(forged.replace("$denied", "$\"mosaic:grants/denied\"")).expect("well-formed");
    let seen = seen(&binary);
    let kinds: Vec<_> = seen.graph.expect("asked for").nodes.iter().map(|node| node.kind).collect();
    assert_eq!(kinds, [NodeKind::Composition, NodeKind::Part, NodeKind::Part]);
    let needs = seen.needs.expect("asked for");
    let app = needs.parts.iter().find(|part| part.name == "a").expect("the app");
    let env = app.closed.iter().find(|it| it.capability.capability == "env").expect("it is met inside");
    assert_eq!(env.by, model::ClosedBy::MetInside);
    assert_eq!(app.evidence[0].reasons, ["reaches get of wasi:cli/environment@0.2.6, as from run"]);
}

#[test]
fn compositions_within_compositions() {
    let inner = parts(&[("auth-part", CHAIN), ("model", CHAIN)]);
    let (_, inner) = composed(&inner, &plan::Options::default());
    let inner = component("inner", inner.bytes, None).expect("a component");
    let outer = IndexMap::from([("inner".to_owned(), inner), ("gateway".to_owned(), built("gateway", CHAIN))]);
    let (_, outer) = composed(&outer, &plan::Options::default());
    let seen = seen(&outer.bytes);
    let graph = seen.graph.expect("asked for");
    let told: Vec<_> = graph.nodes[1..].iter().map(|node| (graph.path(node.id), node.kind)).collect();
    let expected = [
        ("inner", NodeKind::Composition),
        ("gateway", NodeKind::Part),
        ("inner/model", NodeKind::Part),
        ("inner/auth-part", NodeKind::Part),
    ];
    assert_eq!(told, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let wires = wires(&graph);
    let wire = |from: &str, import: &str, to: &str| {
        let import = format!("acme:shop/{import}@0.1.0");
        wires.contains(&(from.to_owned(), import.clone(), to.to_owned(), import, None))
    };
    assert!(wire("gateway", "auth", "inner") && wire("auth-part", "infer", "model"), "{wires:?}");
    assert!(seen.overview.parts.iter().any(|part| part.name == "inner/model"), "{:?}", seen.overview.parts);
    assert_eq!(graph.exports[0].from, Some(2));
}

#[test]
fn modules_taken_from_around_are_told_as_shared() {
    let text = r#"(component
        (core module $shared (func (export "f") (result i32) i32.const 1))
        (component $part
          (alias outer 1 0 (core module $m))
          (core instance $i (instantiate $m))
          (func $f (result u32) (canon lift (core func $i "f")))
          (instance $e (export "f" (func $f)))
          (export "acme:a/b" (instance $e)))
        (instance $one (instantiate $part))
        (instance $two (instantiate $part))
        (export "acme:a/b" (instance $one "acme:a/b")))"#;
    let text = text.replacen("(alias outer 1 0 (core module $m))", "(alias outer 1 $shared (core module $m))", 1);
    let seen = seen(text.as_bytes());
    let graph = seen.graph.expect("asked for");
    assert_eq!(graph.unknown, [""; 0]);
    let [root, one, two] = graph.nodes.as_slice() else { panic!("{:?}", graph.nodes) };
    assert_eq!((root.kind, one.kind, two.kind), (NodeKind::Composition, NodeKind::Part, NodeKind::Part));
    assert!(one.shared > 0 && one.shared == one.modules[0].size && one.modules[0].shared && one.range == two.range);
    assert_eq!(graph.interfaces["acme:a/b"].functions[0].wit, "f: func() -> u32");
}

#[test]
fn tells_kinds_of_files_apart() {
    let module = seen(b"(module $m (func) (memory 1) (data (i32.const 0) \"0123456789\"))");
    assert_eq!((module.overview.kind, module.overview.name.as_deref()), (Kind::CoreModule, Some("m")));
    assert!(module.wit.is_none());

    let mut resolve = wit_parser::Resolve::default();
    let id = resolve.push_str("x.wit", "package a:b@1.0.0; interface i { f: func(); }").expect("WIT");
    let package = seen(&wit_component::encode(&resolve, id, false).expect("encodes"));
    assert_eq!((package.overview.kind, package.overview.parts.len()), (Kind::WitPackage, 0));
    assert!(package.wit.expect("asked for").text.contains("package a:b@1.0.0;"));

    let engine = wasmtime::Engine::default();
    let native = engine
        .precompile_component(&wat::parse_str("(component (core module (func)))").expect("text"))
        .expect("compiles");
    let native = seen(&native).overview;
    let told = native.precompiled.expect("it is precompiled");
    assert_eq!((native.kind, told.of, told.version.as_deref()), (Kind::Precompiled, Some(Kind::Component), Some("48")));
}

#[test]
fn core_modules_tell_what_they_import_and_need() {
    let seen = seen(
        br#"(module $tool
            (import "wasi_snapshot_preview1" "fd_write" (func $write))
            (import "wasi_snapshot_preview1" "path_open" (func $open))
            (import "wasi_snapshot_preview1" "fd_close" (func))
            (import "env" "mystery" (func $mystery))
            (table funcref (elem $say))
            (func $say call $write)
            (func $unused call $open)
            (func (export "_start") i32.const 0 call_indirect)
            (memory (export "memory") 1))"#,
    );
    let imports: Vec<_> = seen.overview.imports.iter().map(|it| (it.name.as_str(), it.functions)).collect();
    assert_eq!(imports, [("wasi_snapshot_preview1", Some(3)), ("env", Some(1))]);
    assert_eq!(seen.overview.exports.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["_start"]);
    let [part] = seen.needs.expect("asked for").parts.try_into().expect("one part");
    let linked: Vec<_> = part.linked.iter().map(|it| it.capability.capability.as_str()).collect();
    assert_eq!(linked, ["files", "stdio", "env"]);
    assert_eq!(part.linked[2].capability.words, "may call env of the host");
    assert!(part.closed.iter().any(|it| it.capability.capability == "tcp" && it.by == model::ClosedBy::NotImported));
    let evidence: Vec<_> =
        part.evidence.iter().map(|it| (it.capability.capability.as_str(), it.found, it.reasons.as_slice())).collect();
    let way = "reaches fd_write of wasi_snapshot_preview1, as from _start through say".to_owned();
    assert_eq!(evidence, [("files", Found::NoUse, &[][..]), ("stdio", Found::Use, &[way])]);
}

/// Two programs connected by wac, and what came of that connected by wac again: nothing names what is inside.
#[test]
fn compositions_made_by_wac_are_told_by_what_they_export() {
    let part = |name: &str| built(name, CHAIN).bytes.to_vec();
    let connected = |parts: [Vec<u8>; 2], import: &str, exports: &[&str]| {
        let mut wac = wac_graph::CompositionGraph::new();
        let nodes = parts.into_iter().enumerate().map(|(place, bytes)| {
            let name = format!("test:part{place}");
            let package =
                wac_graph::types::Package::from_bytes(&name, None, bytes, wac.types_mut()).expect("a package");
            let package = wac.register_package(package).expect("it is new");
            wac.instantiate(package)
        });
        let nodes: Vec<_> = nodes.collect();
        let given = wac.alias_instance_export(nodes[0], import).expect("it is exported");
        wac.set_instantiation_argument(nodes[1], import, given).expect("it is imported");
        for export in exports {
            let node = wac.alias_instance_export(nodes[1], export).expect("it is exported");
            wac.export(node, *export).expect("it is new");
        }
        wac.encode(wac_graph::EncodeOptions::default()).expect("it is a composition")
    };
    let (infer, auth) = ("acme:shop/infer@0.1.0", "acme:shop/auth@0.1.0");
    let inner = connected([part("model"), part("auth-part")], infer, &[auth]);
    let outer = connected([inner, part("gateway")], auth, &["run"]);
    let seen = seen(&outer);
    let graph = seen.graph.expect("asked for");
    assert_eq!(graph.unknown, [""; 0]);
    let told: Vec<_> = graph.nodes[1..].iter().map(|node| (graph.path(node.id), node.kind, node.named_by)).collect();
    let expected = [
        ("auth", NodeKind::Composition, NamedBy::Export),
        ("run", NodeKind::Part, NamedBy::Export),
        ("auth/infer", NodeKind::Part, NamedBy::Export),
        ("auth/auth", NodeKind::Part, NamedBy::Export),
    ];
    assert_eq!(told, expected.map(|(name, kind, by)| (name.to_owned(), kind, by)));
    let wire =
        |from: &str, name: &str, to: &str| (from.to_owned(), name.to_owned(), to.to_owned(), name.to_owned(), None);
    assert_eq!(wires(&graph), Wires::from([wire("auth", infer, "infer"), wire("run", auth, "auth")]));
    assert_eq!(graph.path(graph.exports[0].from.expect("somebody gives it")), "run");
    assert_eq!(graph.interfaces[infer].functions[0].wit, "score: func(s: sample) -> u32");
    let parts: Vec<_> = seen.overview.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(parts.len(), 3, "{parts:?}");
}

/// Of compositions nobody has thought of.
#[test]
fn the_graph_is_the_plan_whatever_was_composed() {
    use crate::compose::generated::{Numbers, graph, pool};
    let mut numbers = Numbers(0x1f3d_5b79);
    let pool = pool(&mut numbers, 12);
    let mut composed = 0;
    for _ in 0..60 {
        let (parts, wiring, options) = graph(&mut numbers, &pool);
        let Ok((plan, app)) = compose::app(&parts, &wiring, &options, &compose::Options::default()) else { continue };
        same(&plan, &app);
        composed += 1;
    }
    assert!(composed > 20, "only {composed} could be composed");
}

#[test]
fn differences_of_worlds_are_those_of_the_rules() {
    let world = |function: &str| {
        let wit = format!(
            "package acme:shop@0.1.0; interface auth {{ {function} }} world w {{ import wasi:clocks/clock@0.2.6; export auth; }}
            package wasi:clocks@0.2.6 {{ interface clock {{ now: func() -> u64; }} }}"
        );
        built("w", &wit).bytes.to_vec()
    };
    let (a, b) = (world("check: func(t: string);"), world("check: func(t: u32); more: func();"));
    let diff = diff(("a", &a), ("b", &b)).expect("both are components");
    assert_eq!((diff.identical, diff.compatible), (false, Some(false)));
    let told: Vec<_> = diff.world.iter().map(|change| (change.rule.as_str(), change.breaks)).collect();
    assert!(
        told.contains(&("component-offers-more", false)) && told.iter().any(|(_, breaks)| *breaks),
        "{:?}",
        diff.world
    );
    let same = super::diff(("a", &a), ("a", &a)).expect("both are components");
    assert_eq!((same.identical, same.compatible, same.world.len()), (true, Some(true), 0));
    let module = wat::parse_str("(module)").expect("well-formed");
    assert_eq!(super::diff(("a", &a), ("m", &module)).expect("both are read").compatible, None);
}

#[test]
fn guesses_the_language() {
    let guess = |text: &str| {
        let parts = seen(text.as_bytes()).overview.parts;
        parts.first().and_then(|part| part.origin.clone()).map(|origin| (origin.language, origin.engine))
    };
    let with = |main: &str| {
        let adapter = "(core module $adapter (@producers (language \"Rust\" \"\") (processed-by \"rustc\" \"1.9\")))";
        guess(&format!("(component {main} {adapter} (core instance (instantiate 0)))"))
    };
    let producers = |fields: &str| with(&format!("(core module $main (func) (@producers {fields}))"));
    let is = |language: &str| Some((language.to_owned(), None));
    assert_eq!(producers("(language \"Go\" \"go1.26\") (processed-by \"Go cmd/compile\" \"1\")"), is("go"));
    assert_eq!(producers("(language \"Rust\" \"\") (language \"C11\" \"\")"), is("rust"));
    assert_eq!(producers("(language \"C11\" \"\") (processed-by \"clang\" \"14\")"), is("c"));
    assert_eq!(producers("(language \"C_plus_plus_14\" \"\") (language \"C11\" \"\")"), is("c++"));
    assert_eq!(producers("(processed-by \"TinyGo\" \"0.39\")"), is("tinygo"));
    let python = Some(("python".to_owned(), Some("CPython 3.14".to_owned())));
    assert_eq!(with("(core module $libpython3.14.so (func))"), python);
    let quick = Some(("javascript".to_owned(), Some("QuickJS".to_owned())));
    assert_eq!(with("(core module $componentize_qjs_runtime (func))"), quick);
    assert_eq!(
        producers("(processed-by \"ComponentizeJS\" \"0.19\")").and_then(|it| it.1).as_deref(),
        Some("StarlingMonkey")
    );
    assert_eq!(with("(core module (func $\"_ZN4core3fmt5write17h0123456789abcdefE\"))"), is("rust"));
    assert_eq!(with("(core module (func $runtime.rt0_go))"), is("go"));
    assert_eq!(with("(core module (func))"), None);
}

#[test]
fn recorded_sources_are_evidence() {
    let wit = "package acme:net@0.1.0; world w { import wasi:sockets/tcp@0.2.6; export run: func(); }
        package wasi:sockets@0.2.6 { interface tcp { connect: func(); } }";
    let found = |modules: &[&str]| {
        let mut bytes = built("w", wit).bytes.to_vec();
        let mut sources = crate::language::sources::Sources { language: "python".into(), ..Default::default() };
        modules.iter().for_each(|module| sources.imports(module, "w/app.py"));
        sources.record(&mut bytes);
        let part = seen(&bytes).needs.expect("asked for").parts.remove(0);
        let tcp = part.evidence.into_iter().find(|it| it.capability.capability == "tcp").expect("it is imported");
        (tcp.found, tcp.method, tcp.reasons)
    };
    let recorded = model::Method::RecordedImports;
    assert_eq!(found(&["json", "socket"]), (Found::Use, recorded, vec!["imports socket (w/app.py)".to_owned()]));
    assert_eq!(found(&["json"]), (Found::NoUse, recorded, vec![]));
}

#[test]
fn the_schema_is_as_recorded() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/inspect.schema.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, schema_text()).expect("the schema can be written");
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(recorded == schema_text(), "docs/inspect.schema.json is not what the types say: BLESS=1 writes it");
}
