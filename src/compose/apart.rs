//! Imports that are kept apart, for parts that are granted different things.

use indexmap::IndexMap;
use wit_parser::Resolve;

use super::{
    Composed, PartBytes, app, component,
    fixture::{asking, built, draft, wasi},
    oracle,
    tests::{FULL, instantiates, named},
};
use crate::{
    grants_section::{Held, Section},
    manifest::Family,
    plan::{
        self,
        capability::Grants,
        graph::{Graph, Said, Wire, Wiring},
        holdings::Holding,
    },
    resolve::decode_part,
};

/// All that lets a part of WASI reach something, with what works on it.
pub(crate) const WASI: [(&str, &[&str]); 5] = [
    (
        "0.2.6",
        &[
            "wasi:cli/environment@0.2.6",
            "wasi:filesystem/preopens@0.2.6",
            "wasi:filesystem/types@0.2.6",
            "wasi:sockets/instance-network@0.2.6",
            "wasi:sockets/tcp@0.2.6",
            "wasi:sockets/udp@0.2.6",
            "wasi:sockets/tcp-create-socket@0.2.6",
            "wasi:sockets/udp-create-socket@0.2.6",
            "wasi:sockets/ip-name-lookup@0.2.6",
            "wasi:http/outgoing-handler@0.2.6",
        ],
    ),
    (
        "0.3.0",
        &[
            "wasi:cli/environment@0.3.0",
            "wasi:filesystem/preopens@0.3.0",
            "wasi:sockets/types@0.3.0",
            "wasi:sockets/ip-name-lookup@0.3.0",
            "wasi:http/client@0.3.0",
        ],
    ),
    (
        "keyvalue",
        &["wasi:keyvalue/store@0.2.0-draft", "wasi:keyvalue/atomics@0.2.0-draft", "wasi:keyvalue/batch@0.2.0-draft"],
    ),
    (
        "blobstore",
        &[
            "wasi:blobstore/blobstore@0.2.0-draft",
            "wasi:blobstore/container@0.2.0-draft",
            "wasi:blobstore/types@0.2.0-draft",
        ],
    ),
    ("config", &["wasi:config/store@0.2.0-rc.1"]),
];

fn packages(which: &str) -> Resolve {
    match which {
        "keyvalue" | "blobstore" => draft(which, "0.2.0-draft"),
        "config" => draft(which, "0.2.0-rc.1"),
        version => wasi(version, super::fixture::TOGETHER),
    }
}

/// Parts `one` and `two`, each granted something else of every family.
pub(crate) fn differing() -> plan::Options {
    let held = |part: &str| {
        let dir = Held::Dir { path: part.to_owned(), guest: None, readonly: true };
        [
            (Family::Filesystem, dir),
            (Family::Env, Held::Env(part.to_owned())),
            (Family::Sockets, Held::Net(format!("{part}:1"))),
            (Family::Http, Held::HttpOut(part.to_owned())),
            (Family::KeyValue, Held::Kv(part.to_owned())),
            (Family::BlobStore, Held::Blob(part.to_owned())),
            (Family::Config, Held::Config(part.to_owned())),
        ]
    };
    let mut options = plan::Options::default();
    let mut grants = std::collections::BTreeMap::new();
    for part in ["one", "two"] {
        let holding = |(family, held)| Holding { family, held, value: None, at: None };
        options.holdings.parts.insert(part.to_owned(), held(part).map(holding).into());
        grants.insert(part.to_owned(), held(part).map(|(family, _)| family).into());
    }
    options.grants = Grants::Known(grants);
    options
}

/// Two parts that ask for the same of WASI, composed.
pub(crate) fn two(which: &str, imports: &[&str]) -> (Graph, Composed) {
    composed(named(vec![asking("one", packages(which), imports), asking("two", packages(which), imports)]))
}

fn composed(parts: IndexMap<String, PartBytes>) -> (Graph, Composed) {
    app(&parts, &Wiring::default(), &differing(), &FULL).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn whatever_reaches_something_is_imported_for_each_part() {
    for (which, imports) in WASI {
        let (_, composed) = two(which, imports);
        let section = Section::read(&mut std::io::Cursor::new(&composed.bytes)).expect("read").expect("a section");
        let labels: Vec<_> = section.apart.keys().collect();
        assert!(labels.len() >= 2 && labels.len() % 2 == 0, "{labels:?}");
        assert!(labels.iter().all(|label| composed.imports_left.contains(label)), "{:?}", composed.imports_left);
        // WIT can speak of it.
        let decoded = decode_part("app", &composed.bytes, None).unwrap_or_else(|error| panic!("{which}: {error:?}"));
        let world = &decoded.resolve.worlds[decoded.world];
        assert!(world.imports.len() >= composed.imports_left.len(), "{which}");
        let again = two(which, imports).1;
        assert_eq!(again.digest(), composed.digest());
    }
}

/// A bucket that one part has opened can be given to another, and works there.
#[test]
fn what_was_opened_behind_one_import_is_of_the_same_type_behind_another() {
    let wit = |name: &str, world: &str| {
        built(
            name,
            &format!(
                "package acme:{name}@1.0.0;
                world w {{ {world} }}
                package acme:shelf@1.0.0 {{
                    interface api {{ use wasi:keyvalue/store@0.2.0-draft.{{bucket}}; lend: func() -> bucket; }}
                }}
                package wasi:keyvalue@0.2.0-draft {{
                    interface store {{
                        variant error {{ denied, other(string) }}
                        record page {{ keys: list<string> }}
                        resource bucket {{ keys: func() -> result<page, error>; }}
                        open: func(name: string) -> result<bucket, error>;
                    }}
                    interface batch {{ use store.{{bucket, error}}; get: func(b: borrow<bucket>) -> result<u32, error>; }}
                }}"
            ),
        )
    };
    let store = "import wasi:keyvalue/store@0.2.0-draft;";
    let (_, composed) = composed(named(vec![
        wit("one", &format!("{store} import acme:shelf/api@1.0.0; export run: func();")),
        wit("two", &format!("{store} import wasi:keyvalue/batch@0.2.0-draft; export acme:shelf/api@1.0.0;")),
    ]));
    instantiates(&composed);
    let mut left = composed.imports_left;
    left.sort();
    let expected = [
        "one-keyvalue-store",
        "two-keyvalue-store",
        "wasi:keyvalue/batch@0.2.0-draft",
        "wasi:keyvalue/store@0.2.0-draft",
    ];
    assert_eq!(left, expected);
}

/// A store that answers with a sum.
fn store(add: u32) -> String {
    format!(
        "(component
          (core module $m (func (export \"get\") (param i32) (result i32) (i32.add (local.get 0) (i32.const {add}))))
          (core instance $i (instantiate $m))
          (func $get (param \"x\" u32) (result u32) (canon lift (core func $i \"get\")))
          (instance $store (export \"get\" (func $get)))
          (export \"t:g/store@0.1.0\" (instance $store)))"
    )
}

const CHOOSER: &str = "(component
  (import \"hot\" (implements \"t:g/store@0.1.0\")
    (instance $hot (export \"get\" (func (param \"x\" u32) (result u32)))))
  (import \"cold\" (implements \"t:g/store@0.1.0\")
    (instance $cold (export \"get\" (func (param \"x\" u32) (result u32)))))
  (core func $hot (canon lower (func $hot \"get\")))
  (core func $cold (canon lower (func $cold \"get\")))
  (core module $m
    (import \"s\" \"hot\" (func $hot (param i32) (result i32)))
    (import \"s\" \"cold\" (func $cold (param i32) (result i32)))
    (func (export \"run\") (param i32) (result i32)
      (i32.add (i32.mul (call $hot (local.get 0)) (i32.const 1000)) (call $cold (local.get 0)))))
  (core instance $i (instantiate $m (with \"s\" (instance
    (export \"hot\" (func $hot)) (export \"cold\" (func $cold))))))
  (func $run (param \"x\" u32) (result u32) (canon lift (core func $i \"run\")))
  (instance $api (export \"run\" (func $run)))
  (export \"t:g/api@0.1.0\" (instance $api)))";

#[test]
fn an_interface_that_is_imported_twice_computes_what_wac_makes_of_it() {
    let text = |name: &str, text: &str| component(name, text.as_bytes().to_vec(), None).expect("a component");
    let parts = named(vec![text("app", CHOOSER), text("redis", &store(1)), text("disk", &store(5))]);
    let wire = |to: &str| Wire { key_at: None, to: Said::plain(to) };
    let wire = [("hot", wire("redis")), ("cold", wire("disk"))];
    let wire = wire.map(|(import, wire)| (("app".to_owned(), import.to_owned()), wire)).into_iter().collect();
    let wiring = Wiring { wire, ..Wiring::default() };
    let (graph, composed) = app(&parts, &wiring, &plan::Options::default(), &FULL).expect("composed");
    let theirs = oracle::encode(&graph, &parts).expect("wac composes it");
    assert!(oracle::same_world(&composed.bytes, &theirs));
    assert_eq!([&composed.bytes, &theirs].map(|app| called(app)), [3_007; 2]);
}

fn called(app: &[u8]) -> u32 {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model_implements(true);
    let engine = wasmtime::Engine::new(&config).expect("an engine");
    let app = wasmtime::component::Component::new(&engine, app).expect("the app compiles");
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::component::Linker::new(&engine).instantiate(&mut store, &app).expect("the app starts");
    let api = instance.get_export_index(&mut store, None, "t:g/api@0.1.0").expect("the api");
    let run = instance.get_export_index(&mut store, Some(&api), "run").expect("run");
    let run = instance.get_typed_func::<(u32,), (u32,)>(&mut store, run).expect("run");
    run.call(&mut store, (2,)).expect("runs").0
}
