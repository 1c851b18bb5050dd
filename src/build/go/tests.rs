//! Projects below `fixtures/go` built by the real compiler and called on Wasmtime. They need Go: that of `PATH`, or the
//! one that `cargo mosaic setup go` installs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use wasmtime::{
    Config, Engine, Store,
    component::{
        Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Linker, Lower, ResourceAny,
        ResourceDynamic, ResourceTable, ResourceType, Val,
    },
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::*;
use crate::{build::backend::Profile, language::Language, process::Command, resolve::Part};

fn toolchain() -> toolchain::Go {
    toolchain::go(&Home::from_env()).unwrap_or_else(|problem| panic!("these tests need Go: {problem:#?}"))
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/go").join(name)
}

fn unit(component: &str, wit: &str, world: &str, source: &Path, work: &Path) -> Unit {
    let parsed = World::parse(wit, world).unwrap();
    let part = Part {
        name: component.into(),
        language: Some(Language::Go),
        resolve: Arc::new(parsed.resolve),
        world: parsed.id,
    };
    Unit {
        part,
        language: Language::Go,
        root: source.into(),
        source: source.into(),
        wit: wit.into(),
        world: world.into(),
        profile: Profile::Dev,
        command: None,
        engine: None,
        snapshot: false,
        work: work.into(),
        cargo_target: work.into(),
    }
}

/// A project of `fixtures/go` with the WIT file beside it.
fn project(component: &str, folder: &str, wit: &str, world: &str, work: &Path) -> Unit {
    let wit = std::fs::read_to_string(fixture(wit)).unwrap();
    unit(component, &wit, world, &fixture(folder), work)
}

fn built(unit: &Unit) -> Vec<u8> {
    match build(unit, &toolchain(), &|_| {}) {
        Ok(bytes) => bytes,
        Err(error) => panic!("{:#?}", error.problems()),
    }
}

/// A small project written by a test.
fn sources(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// What a component under test runs in.
struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    /// By bucket.
    buckets: Vec<std::collections::BTreeMap<String, Vec<u8>>>,
    log: Vec<String>,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

struct Guest {
    store: Store<Host>,
    instance: Instance,
}

impl Guest {
    fn new(bytes: &[u8], define: impl FnOnce(&mut Linker<Host>)) -> Guest {
        let engine = Engine::new(Config::new().cranelift_opt_level(wasmtime::OptLevel::None)).unwrap();
        let component = Component::new(&engine, bytes).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker).unwrap();
        define(&mut linker);
        let wasi = WasiCtx::builder().inherit_stderr().build();
        let host = Host { wasi, table: ResourceTable::new(), buckets: Vec::new(), log: Vec::new() };
        let mut store = Store::new(&engine, host);
        let instance = linker.instantiate(&mut store, &component).unwrap();
        Guest { store, instance }
    }

    fn index(&mut self, interface: &str, function: &str) -> ComponentExportIndex {
        if interface.is_empty() {
            return self.instance.get_export_index(&mut self.store, None, function).expect("an exported function");
        }
        let interface =
            self.instance.get_export_index(&mut self.store, None, interface).expect("an exported interface");
        self.instance.get_export_index(&mut self.store, Some(&interface), function).expect("an exported function")
    }

    fn call(&mut self, interface: &str, function: &str, params: &[Val]) -> wasmtime::Result<Vec<Val>> {
        let index = self.index(interface, function);
        let func = self.instance.get_func(&mut self.store, index).unwrap();
        let mut results = vec![Val::Bool(false); func.ty(&self.store).results().len()];
        func.call(&mut self.store, params, &mut results)?;
        Ok(results)
    }

    /// Calls a function with one result.
    fn one(&mut self, interface: &str, function: &str, params: &[Val]) -> Val {
        let mut results = self.call(interface, function, params).unwrap();
        assert_eq!(results.len(), 1);
        results.remove(0)
    }

    fn typed<P, R>(&mut self, interface: &str, function: &str) -> wasmtime::component::TypedFunc<P, R>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let index = self.index(interface, function);
        self.instance.get_typed_func(&mut self.store, index).unwrap()
    }
}

fn text(text: &str) -> Val {
    Val::String(text.into())
}

fn ok(value: Option<Val>) -> Val {
    Val::Result(Ok(value.map(Box::new)))
}

fn err(value: Option<Val>) -> Val {
    Val::Result(Err(value.map(Box::new)))
}

fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

fn record(fields: &[(&str, Val)]) -> Val {
    Val::Record(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn bytes(bytes: &[u8]) -> Val {
    Val::List(bytes.iter().map(|byte| Val::U8(*byte)).collect())
}

const AUTH: &str = "acme:shop/auth@0.1.0";

/// Knows two models: it fails for the subjects `nobody` and `busy`.
fn inference(linker: &mut Linker<Host>) {
    let mut instance = linker.instance("acme:shop/inference@0.1.0").unwrap();
    let classify = |_: wasmtime::StoreContextMut<'_, Host>, _: _, params: &[Val], results: &mut [Val]| {
        let Val::String(subject) = &params[0] else { panic!() };
        results[0] = match subject.as_str() {
            "nobody" => err(Some(Val::Enum("unknown-model".into()))),
            "busy" => err(Some(Val::Enum("overloaded".into()))),
            _ => ok(Some(record(&[("risk", Val::Float64(0.25)), ("model", text("linear"))]))),
        };
        Ok(())
    };
    instance.func_new("classify", classify).unwrap();
}

fn claims(subject: &str, roles: &[&str], expires: Option<u64>) -> Val {
    record(&[
        ("subject", text(subject)),
        ("roles", Val::List(roles.iter().map(|role| text(role)).collect())),
        ("expires", Val::Option(expires.map(|at| Box::new(Val::U64(at))))),
        ("risk", some(record(&[("risk", Val::Float64(0.25)), ("model", text("linear"))]))),
    ])
}

fn denied(case: &str, value: Option<Val>) -> Val {
    err(Some(Val::Variant(case.into(), value.map(Box::new))))
}

#[test]
fn an_ordinary_package_answers_with_values_and_errors() {
    let work = tempfile::tempdir().unwrap();
    let unit = project("tokens", "shop", "shop.wit", "acme:shop/auth-service", work.path());
    assert!(Go.check(&unit).is_empty(), "{:#?}", Go.check(&unit));
    let mut guest = Guest::new(&built(&unit), inference);
    let mut check = |token: &str| guest.one(AUTH, "check", &[text(token)]);
    assert_eq!(check("ada:admin,user:2000"), ok(Some(claims("ada", &["admin", "user"], Some(2000)))));
    assert_eq!(check("ada:user:"), ok(Some(claims("ada", &["user"], None))));
    assert_eq!(check("ada"), denied("malformed", Some(text("1 parts"))));
    assert_eq!(check("ada:user:999"), denied("expired", Some(Val::U64(999))));
    assert_eq!(check("nobody:user:"), denied("denied", None));
    assert_eq!(check("busy:user:"), denied("malformed", Some(text("overloaded"))));
    assert_eq!(guest.one(AUTH, "rename", &[text("ada")]), ok(Some(text("ADA"))));
    assert_eq!(guest.one(AUTH, "rename", &[text("")]), err(Some(text("a name is needed"))));
    assert_eq!(guest.one(AUTH, "forget", &[text("ada")]), ok(None));
    assert_eq!(guest.one(AUTH, "forget", &[text("root")]), err(None));
    assert_eq!(guest.one(AUTH, "limits", &[]), Val::Tuple(vec![Val::U32(7), text("sieben")]));
}

#[test]
fn the_generators_own_layout_builds() {
    let work = tempfile::tempdir().unwrap();
    let unit = project("auth", "shop-standalone", "shop.wit", "acme:shop/auth-service", work.path());
    assert!(Go.check(&unit).is_empty(), "{:#?}", Go.check(&unit));
    let mut guest = Guest::new(&built(&unit), inference);
    assert_eq!(guest.one(AUTH, "check", &[text("ada:user:")]), ok(Some(claims("ada", &["user"], None))));
    assert_eq!(guest.one(AUTH, "check", &[text("nobody:user:")]), denied("denied", None));
    assert_eq!(guest.one(AUTH, "forget", &[text("ada")]), err(None));
    let left: Vec<_> = std::fs::read_dir(&unit.source).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "a build writes nothing into the sources: {left:?}");
}

/// Host resources of type 1 with a number each.
fn buckets(linker: &mut Linker<Host>) {
    let mut instance = linker.instance("acme:matrix/host").unwrap();
    instance.resource("bucket", ResourceType::host_dynamic(1), |_, _| Ok(())).unwrap();
    instance
        .func_new("[constructor]bucket", |mut store, _, _, results| {
            store.data_mut().buckets.push(Default::default());
            let index = u32::try_from(store.data().buckets.len() - 1).unwrap();
            results[0] = Val::Resource(ResourceDynamic::new_own(index, 1).try_into_resource_any(&mut store)?);
            Ok(())
        })
        .unwrap();
    let bucket = |store: &mut wasmtime::StoreContextMut<'_, Host>, value: &Val| {
        let Val::Resource(any) = value else { panic!() };
        ResourceDynamic::try_from_resource_any(*any, store).unwrap().rep() as usize
    };
    instance
        .func_new("[method]bucket.get", move |mut store, _, params, results| {
            let index = bucket(&mut store, &params[0]);
            let Val::String(key) = &params[1] else { panic!() };
            results[0] = match key.as_str() {
                "broken" => err(Some(text("the disk is gone"))),
                key => ok(Some(Val::Option(store.data().buckets[index].get(key).map(|value| Box::new(bytes(value)))))),
            };
            Ok(())
        })
        .unwrap();
    instance
        .func_new("[method]bucket.set", move |mut store, _, params, _| {
            let index = bucket(&mut store, &params[0]);
            let (Val::String(key), Val::List(value)) = (&params[1], &params[2]) else { panic!() };
            let value = value.iter().map(|byte| if let Val::U8(byte) = byte { *byte } else { panic!() }).collect();
            store.data_mut().buckets[index].insert(key.clone(), value);
            Ok(())
        })
        .unwrap();
    instance
        .func_new("log", |mut store, _, params, _| {
            let Val::String(line) = &params[0] else { panic!() };
            store.data_mut().log.push(line.clone());
            Ok(())
        })
        .unwrap();
}

fn everything() -> Val {
    let polygon = Val::List(vec![Val::Tuple(vec![Val::S32(-1), Val::S32(i32::MAX)])]);
    record(&[
        ("a", Val::Bool(true)),
        ("b", Val::U8(255)),
        ("c", Val::S8(-128)),
        ("d", Val::U16(65535)),
        ("e", Val::S16(-32768)),
        ("f", Val::U32(u32::MAX)),
        ("g", Val::S32(i32::MIN)),
        ("h", Val::U64(u64::MAX)),
        ("i", Val::S64(i64::MIN)),
        ("j", Val::Float32(1.5)),
        ("k", Val::Float64(-0.125)),
        ("l", Val::Char('\u{1f980}')),
        ("m", text("grüße \u{10ffff}")),
        ("n", bytes(&[0, 1, 255])),
        ("o", some(Val::Option(None))),
        ("p", err(Some(Val::U32(5)))),
        ("q", Val::Flags(vec!["read".into(), "admin".into()])),
        ("r", Val::Enum("blue".into())),
        ("s", Val::Variant("polygon".into(), Some(Box::new(polygon)))),
    ])
}

#[test]
fn every_shape_and_resources_both_ways_cross() {
    let work = tempfile::tempdir().unwrap();
    let unit = project("matrix", "shapes", "shapes.wit", "acme:matrix/everything", work.path());
    assert!(Go.check(&unit).is_empty(), "{:#?}", Go.check(&unit));
    let mut guest = Guest::new(&built(&unit), buckets);
    let shapes = "acme:matrix/shapes";
    assert_eq!(guest.one(shapes, "echo", &[everything()]), everything());
    assert_eq!(
        guest.one(shapes, "many", &[Val::List(vec![everything()])]),
        Val::List(vec![everything(), everything()])
    );
    assert_eq!(
        guest.one(shapes, "swap", &[Val::Tuple(vec![Val::U32(1), text("one")])]),
        Val::Tuple(vec![text("one"), Val::U32(1)])
    );
    assert_eq!(guest.one(shapes, "text", &[text("")]), Val::Option(None));
    assert_eq!(guest.one("", "hello", &[text("go")]), ok(Some(text("hello go"))));
    assert_eq!(guest.one("", "hello", &[text("")]), err(Some(bytes(&[1, 2, 3]))));

    exported_resources(&mut guest);
    borrowed_resources(&mut guest);
}

fn exported_resources(guest: &mut Guest) {
    let blobs = "acme:matrix/blobs";
    let handle = |value: Val| -> ResourceAny {
        match value {
            Val::Resource(handle) => handle,
            Val::Result(Ok(Some(value))) | Val::Option(Some(value)) => match *value {
                Val::Resource(handle) => handle,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let left = handle(guest.one(blobs, "[constructor]blob", &[bytes(b"left")]));
    let right = handle(guest.one(blobs, "[static]blob.open", &[text("right")]));
    assert_eq!(guest.one(blobs, "[static]blob.open", &[text("")]), err(Some(text("no such blob"))));
    guest.call(blobs, "[method]blob.append", &[Val::Resource(left), bytes(b"!")]).unwrap();
    assert_eq!(guest.one(blobs, "[method]blob.size", &[Val::Resource(left)]), Val::U32(5));
    let read = |guest: &mut Guest, at, length| {
        guest.one(blobs, "[method]blob.read", &[Val::Resource(left), Val::U32(at), Val::U32(length)])
    };
    assert_eq!(read(guest, 4, 1), ok(Some(bytes(b"!"))));
    assert_eq!(read(guest, 4, 2), err(Some(Val::Enum("out-of-range".into()))));
    // The right one is given away: its own end is not the user's value's.
    let joined = handle(guest.one(blobs, "join", &[Val::Resource(left), Val::Resource(right)]));
    assert_eq!(guest.one(blobs, "[method]blob.size", &[Val::Resource(joined)]), Val::U32(10));
    assert_eq!(guest.one("acme:matrix/use-bucket", "measure", &[Val::Resource(joined)]), Val::U32(10));
    assert_eq!(guest.one(blobs, "dropped", &[]), Val::U32(0));
    // Handles leave, come home together under other indices than they left under, and one of them leaves again.
    for _ in 0..100 {
        let mut blob = |bytes_: &[u8]| handle(guest.one(blobs, "[constructor]blob", &[bytes(bytes_)]));
        let both = Val::List(vec![Val::Resource(blob(b"other")), Val::Resource(blob(b"another"))]);
        let first = handle(guest.one(blobs, "first", &[both]));
        assert_eq!(guest.one(blobs, "[method]blob.size", &[Val::Resource(first)]), Val::U32(5));
        first.resource_drop(&mut guest.store).unwrap();
    }
    assert_eq!(guest.one(blobs, "dropped", &[]), Val::U32(100));
    left.resource_drop(&mut guest.store).unwrap();
    joined.resource_drop(&mut guest.store).unwrap();
    assert_eq!(guest.one(blobs, "dropped", &[]), Val::U32(102));
    assert_eq!(guest.one(blobs, "first", &[Val::List(vec![])]), Val::Option(None));
}

fn borrowed_resources(guest: &mut Guest) {
    let interface = "acme:matrix/use-bucket";
    let mut bucket = || {
        guest.store.data_mut().buckets.push(Default::default());
        let index = u32::try_from(guest.store.data().buckets.len() - 1).unwrap();
        ResourceDynamic::new_own(index, 1).try_into_resource_any(&mut guest.store).unwrap()
    };
    let (one, two) = (bucket(), bucket());
    let lent = Val::List(vec![Val::Resource(one), Val::Resource(two)]);
    assert_eq!(guest.one(interface, "fill", &[text("fresh"), lent]), ok(Some(Val::U32(2))));
    assert_eq!(guest.store.data().buckets[1]["index"], [1]);
    for _ in 0..50 {
        let keys = Val::List(vec![text("index"), text("nothing")]);
        assert_eq!(guest.one(interface, "count", &[Val::Resource(one), keys]), text("1 of 2"));
    }
    let keys = Val::List(vec![text("broken")]);
    assert_eq!(guest.one(interface, "count", &[Val::Resource(one), keys]), text("failed: the disk is gone"));
    guest.call(interface, "greet", &[text("host")]).unwrap();
    assert_eq!(guest.store.data().log, ["hello host"]);
    one.resource_drop(&mut guest.store).unwrap();
    two.resource_drop(&mut guest.store).unwrap();
}

const SINK: &str = "acme:memory/sink";

fn memory_guest() -> Guest {
    let work = tempfile::tempdir().unwrap();
    let unit = project("memory", "memory", "memory.wit", "acme:memory/memory", work.path());
    Guest::new(&built(&unit), |linker| {
        let mut instance = linker.instance("acme:memory/source").unwrap();
        instance.func_wrap("big", |_, (size,): (u32,)| Ok((vec![7_u8; size as usize],))).unwrap();
        instance
            .func_wrap("names", |_, (rows,): (u32,)| {
                let name = |row, column| format!("row {row} of {rows}, column {column}");
                Ok(((0..rows).map(|row| (0..20).map(|column| name(row, column)).collect()).collect::<Vec<Vec<_>>>(),))
            })
            .unwrap();
    })
}

#[test]
fn a_collection_never_begins_while_arguments_arrive() {
    let mut guest = memory_guest();
    let swallow = guest.typed::<(&[u8],), (u32,)>(SINK, "swallow");
    let argument = vec![1_u8; 20 << 10];
    for _ in 0..5_000 {
        assert_eq!(swallow.call(&mut guest.store, (&argument,)).unwrap().0, 20 << 10);
    }
    let held = guest.typed::<(), (u64,)>(SINK, "held");
    let held = held.call(&mut guest.store, ()).unwrap().0;
    assert!(held < 32 << 20, "5,000 × 20 KiB through one instance hold {held} bytes");
    let collections = guest.typed::<(), (u32,)>(SINK, "collections");
    assert!(collections.call(&mut guest.store, ()).unwrap().0 > 5, "nothing was ever collected");
}

#[test]
fn what_imports_give_is_let_go() {
    let mut guest = memory_guest();
    let fetch = guest.typed::<(u32, u32), (u64,)>(SINK, "fetch");
    assert_eq!(fetch.call(&mut guest.store, (10_000, 64 << 10)).unwrap().0, 10_000 * (64 << 10));
    let held = guest.typed::<(), (u64,)>(SINK, "held");
    let held = held.call(&mut guest.store, ()).unwrap().0;
    assert!(held < 32 << 20, "10,000 × 64 KiB through one instance hold {held} bytes");
}

#[test]
fn arguments_of_all_sizes_grow_the_heap_without_a_look_at_the_clock() {
    let mut guest = memory_guest();
    let swallow = guest.typed::<(&[u8],), (u32,)>(SINK, "swallow");
    for round in 0..60_usize {
        let argument = vec![1_u8; (round * 7919 % 61) << 17];
        assert_eq!(swallow.call(&mut guest.store, (&argument,)).unwrap().0 as usize, argument.len());
    }
}

#[test]
fn goroutines_that_import_at_once_do_not_mix_up_what_arrives() {
    let mut guest = memory_guest();
    let together = guest.typed::<(u32, u32), (Result<u64, String>,)>(SINK, "together");
    let sum = together.call(&mut guest.store, (8, 50)).unwrap().0.unwrap();
    assert!(sum >= 8 * 50 * 100);
}

const GREET: &str =
    "package acme:greet; interface greeter { record name { first: string } greet: func(name: name) -> string;
    count: func() -> u32; } world greet { export greeter; }";

#[test]
fn missing_and_different_exports_are_told_in_words_of_wit_and_go() {
    let work = tempfile::tempdir().unwrap();
    let source = sources(&[
        ("go.mod", "module example.com/greet\n\ngo 1.26\n"),
        ("greeter/greeter.go", "package greeter\n\nfunc Count() uint32 { return 1 }\n"),
    ]);
    let unit = unit("greet", GREET, "acme:greet/greet", source.path(), work.path());
    let problems = Go.check(&unit);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].code, "go::missing-export");
    assert_eq!(problems[0].component.as_deref(), Some("greet"));
    assert!(problems[0].message.contains("acme:greet/greeter"), "{}", problems[0].message);
    assert_eq!(
        problems[0].help,
        ["write `func Greet(name greeter.Name) string` in package `greeter` (folder `greeter`), with import \
          \"mosaic.local/greet/acme/greet/greeter\""]
    );

    let text =
        "package greeter\n\nfunc Count() uint32 { return 1 }\n\nfunc Greet(name string) string { return name }\n";
    std::fs::write(source.path().join("greeter/greeter.go"), text).unwrap();
    assert!(Go.check(&unit).is_empty());
    let error = build(&unit, &toolchain(), &|_| {}).unwrap_err();
    let problem = problem(&unit, &error);
    assert_eq!(problem.code, "go::export-signature", "{problem:#?}");
    assert!(problem.causes[0].contains("function `greet`") && problem.causes[0].contains("func(name string) string"));
    assert!(problem.help[0].contains("func Greet(name greeter.Name) string"));
}

#[test]
fn a_syntax_error_is_told_in_the_compilers_words() {
    let work = tempfile::tempdir().unwrap();
    let text = "package greeter\n\nfunc Count() uint32 { return 1 +\n}\nfunc Greet() {}\n";
    let source = sources(&[("go.mod", "module example.com/greet\n"), ("greeter.go", text)]);
    let unit = unit("greet", GREET, "acme:greet/greet", source.path(), work.path());
    let problem = problem(&unit, &build(&unit, &toolchain(), &|_| {}).unwrap_err());
    assert_eq!(problem.code, "go::build");
    assert!(problem.causes[0].contains("greeter.go:4:1: syntax error"), "{}", problem.causes[0]);
    assert!(!problem.causes[0].contains(&*source.path().to_string_lossy()), "{}", problem.causes[0]);
    assert!(problem.help[0].contains("GOOS=wasip1"), "{}", problem.help[0]);
}

#[test]
fn the_same_sources_give_the_same_bytes_in_any_folder() {
    let files = [
        ("go.mod", "module example.com/greet\n\ngo 1.26\n"),
        (
            "greeter.go",
            "package greet\n\nimport \"mosaic.local/greet/acme/greet/greeter\"\n\nfunc Count() uint32 { return 1 }\n\n\
             func Greet(name greeter.Name) string { return name.First }\n",
        ),
    ];
    let bytes = || {
        let (source, work) = (sources(&files), tempfile::tempdir().unwrap());
        built(&unit("greet", GREET, "acme:greet/greet", source.path(), work.path()))
    };
    assert!(bytes() == bytes());
}

#[test]
fn shapes_without_a_form_are_refused_by_name() {
    let refused = |types: &str| {
        let text = format!("package a:b; interface i {{ {types} }} world w {{ export i; }}");
        let world = World::parse(&text, "a:b/w").unwrap();
        let errors = shapes::check(&world, Layout::Ordinary);
        errors.iter().flat_map(Error::problems).map(|problem| problem.code).collect::<Vec<_>>()
    };
    assert_eq!(refused("f: func(x: list<u8, 4>);"), ["go::fixed-length-list"]);
    assert_eq!(refused("f: async func();"), ["go::async"]);
    assert_eq!(refused("f: func() -> option<stream<u8>>;"), ["go::async"]);
    assert_eq!(refused("resource r; record s { r: r } f: func(x: s);"), ["go::exported-resource-in-type"]);
    assert!(refused("resource r; f: func(x: list<borrow<r>>) -> result<r, string>;").is_empty());
    let tuple = vec!["u8"; 17].join(", ");
    assert_eq!(refused(&format!("f: func(x: tuple<{tuple}>);")), ["go::large-tuple"]);
}

#[test]
fn bindings_stand_on_their_own_and_are_not_rewritten() {
    let work = tempfile::tempdir().unwrap();
    let unit = project("tokens", "shop", "shop.wit", "acme:shop/auth-service", work.path());
    let folder = work.path().join("bindings");
    Go.bindings(&unit, &folder).unwrap();
    let file = folder.join("acme/shop/auth/wit_bindings.go");
    let written = std::fs::metadata(&file).unwrap().modified().unwrap();
    Go.bindings(&unit, &folder).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), written);
    assert!(!folder.join("wit_exports.go").exists());
    let vet = Command::new(toolchain().go)
        .args(["vet", "./acme/...", "./wit/..."])
        .cwd(&folder)
        .env("GOFLAGS", "-mod=mod")
        .env("GOWORK", "off")
        .output()
        .unwrap();
    // Generated code turns numbers of the component model into pointers, which vet cannot approve of.
    let words = String::from_utf8_lossy(&vet.stderr).into_owned();
    let other: Vec<_> =
        words.lines().filter(|l| !l.starts_with('#') && !l.contains("possible misuse of unsafe")).collect();
    assert!(other.is_empty(), "{words}");
}

/// A dependency by path, and bindings named in `go.mod` for editors.
const DEPENDENT: [(&str, &str); 4] = [
    ("dep/go.mod", "module example.com/dep\n\ngo 1.26\n"),
    ("dep/dep.go", "package dep\n\nfunc Loud(text string) string { return text + \"!\" }\n"),
    (
        "greet/go.mod",
        "module example.com/greet\n\ngo 1.26\n\nrequire (\n\texample.com/dep v0.0.0\n\tmosaic.local/greet v0.0.0\n)\n\n\
         replace (\n\texample.com/dep => ../dep\n\tmosaic.local/greet => ./.mosaic/bindings\n)\n",
    ),
    (
        "greet/greeter.go",
        "package greet\n\nimport (\n\t\"example.com/dep\"\n\t\"mosaic.local/greet/acme/greet/greeter\"\n)\n\n\
         func Count() uint32 { return 1 }\n\nfunc Greet(name greeter.Name) string { return dep.Loud(name.First) }\n",
    ),
];

fn greets(source: &Path) {
    let work = tempfile::tempdir().unwrap();
    let unit = unit("greet", GREET, "acme:greet/greet", source, work.path());
    let mut guest = Guest::new(&built(&unit), |_| {});
    let name = record(&[("first", text("ada"))]);
    assert_eq!(guest.one("acme:greet/greeter", "greet", &[name]), text("ada!"));
}

#[test]
fn the_users_dependencies_are_found_where_go_mod_says() {
    let folder = sources(&DEPENDENT);
    // The bindings that `go.mod` names are not there: a build does not read them.
    greets(&folder.path().join("greet"));
}

#[test]
fn the_users_dependencies_are_found_in_the_vendor_folder() {
    let folder = sources(&DEPENDENT);
    let source = folder.path().join("greet");
    let list = "# example.com/dep v0.0.0 => ../dep\n## explicit; go 1.26\nexample.com/dep\n\
        # mosaic.local/greet v0.0.0 => ./.mosaic/bindings\n## explicit; go 1.25\nmosaic.local/greet/acme/greet/greeter\n\
        # example.com/dep => ../dep\n# mosaic.local/greet => ./.mosaic/bindings\n";
    std::fs::create_dir_all(source.join("vendor/example.com")).unwrap();
    std::fs::write(source.join("vendor/modules.txt"), list).unwrap();
    std::fs::rename(folder.path().join("dep"), source.join("vendor/example.com/dep")).unwrap();
    std::fs::remove_file(source.join("vendor/example.com/dep/go.mod")).unwrap();
    greets(&source);
}

#[test]
fn a_program_and_a_folder_without_a_package_are_told_apart() {
    let work = tempfile::tempdir().unwrap();
    let codes = |files: &[(&str, &str)]| {
        let source = sources(files);
        let unit = unit("greet", GREET, "acme:greet/greet", source.path(), work.path());
        Go.check(&unit).into_iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    let module = ("go.mod", "module example.com/greet\n");
    assert_eq!(codes(&[module, ("main.go", "package main\n\nfunc main() {}\n")]), ["go::package-main"]);
    assert_eq!(codes(&[module, ("greet_test.go", "package greet\n")]), ["go::missing-export"]);
    assert_eq!(codes(&[("greeter.go", "package greet\n")]), ["go::no-module"]);
    assert_eq!(codes(&[module, ("greeter.go", "package greet\n")]), ["go::missing-export", "go::missing-export"]);
}
