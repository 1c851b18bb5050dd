//! Every interface that is carried can be closed, and what is closed answers.

use std::path::Path;

use wasmtime::{
    Engine, Store,
    component::{Component, Linker, Resource, ResourceAny, ResourceType, Val},
};
use wit_parser::{InterfaceId, Resolve};

use super::{Copy, component};
use crate::compose::fixture::{TOGETHER, bundled, draft, interface, wasi};

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut names: Vec<_> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

/// All that is carried: each version of what is published together, and each draft.
fn everything() -> Vec<Resolve> {
    let mut all: Vec<_> = folders(&bundled().join("io"))
        .into_iter()
        .chain(folders(&bundled().join("cli")))
        .collect::<std::collections::BTreeSet<_>>()
        .iter()
        .map(|version| wasi(version, TOGETHER))
        .collect();
    for package in folders(&bundled()).iter().filter(|package| !TOGETHER.contains(&package.as_str())) {
        all.extend(folders(&bundled().join(package)).iter().map(|version| draft(package, version)));
    }
    all
}

fn closed(resolve: &Resolve, interfaces: &[InterfaceId]) -> Vec<u8> {
    let names: Vec<_> = interfaces.iter().map(|id| resolve.id_of(*id).expect("a name")).collect();
    let copies: Vec<_> =
        names.iter().zip(interfaces).map(|(name, id)| Copy { name, resolve, interface: *id }).collect();
    let bytes = component(&copies).unwrap_or_else(|error| panic!("{names:?}: {error:#}"));
    let shape = crate::compose::validate::made(&bytes).unwrap_or_else(|error| panic!("{names:?}: {error}"));
    for name in &names {
        assert!(shape.exports.contains_key(name), "{name} is not among {:?}", shape.exports);
        assert!(!shape.imports.contains_key(name), "{name} is asked of the host");
    }
    bytes
}

#[test]
fn every_interface_that_is_carried_can_be_closed() {
    let mut count = 0;
    for resolve in everything() {
        for (_, package) in resolve.packages.iter() {
            let interfaces: Vec<_> = package.interfaces.values().copied().collect();
            closed(&resolve, &interfaces);
            for id in interfaces {
                closed(&resolve, &[id]);
                count += 1;
            }
        }
    }
    assert!(count > 150, "{count}");
}

/// Nothing can pass through a denial: of functions it imports none.
#[test]
fn a_denial_asks_the_host_for_nothing_but_types() {
    for resolve in everything() {
        for (_, package) in resolve.packages.iter() {
            let interfaces: Vec<_> = package.interfaces.values().copied().collect();
            let bytes = closed(&resolve, &interfaces);
            let part = crate::resolve::decode_part("denial", &bytes, None).expect("a component");
            for item in part.resolve.worlds[part.world].imports.values() {
                let wit_parser::WorldItem::Interface { id, .. } = item else { panic!("{item:?}") };
                assert!(part.resolve.interfaces[*id].functions.is_empty(), "{:?}", part.resolve.id_of(*id));
            }
        }
    }
}

#[test]
fn the_same_interfaces_give_the_same_bytes() {
    let resolve = wasi("0.2.12", TOGETHER);
    let interfaces: Vec<_> = resolve.packages.iter().flat_map(|(_, p)| p.interfaces.values().copied()).collect();
    let first = closed(&resolve, &interfaces);
    for _ in 0..3 {
        assert_eq!(closed(&resolve, &interfaces), first);
    }
}

/// A denial on an engine, with only types around it.
struct Running {
    store: Store<()>,
    instance: wasmtime::component::Instance,
}

impl Running {
    fn new(resolve: &Resolve, interfaces: &[&str]) -> Running {
        let ids: Vec<_> = interfaces.iter().map(|name| interface(resolve, name)).collect();
        let bytes = closed(resolve, &ids);
        let mut config = wasmtime::Config::new();
        config.wasm_component_model_async(true);
        let engine = Engine::new(&config).expect("an engine");
        let denial = Component::new(&engine, bytes).expect("it compiles");
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&denial).expect("traps");
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &denial).expect("it starts");
        Running { store, instance }
    }

    fn call(&mut self, interface: &str, function: &str, params: &[Val]) -> wasmtime::Result<Vec<Val>> {
        let interface = self.instance.get_export_index(&mut self.store, None, interface).expect("the interface");
        let function =
            self.instance.get_export_index(&mut self.store, Some(&interface), function).expect("the function");
        let function = self.instance.get_func(&mut self.store, function).expect("a function");
        let mut results = vec![Val::Bool(false); function.ty(&self.store).results().len()];
        function.call(&mut self.store, params, &mut results)?;
        Ok(results)
    }

    #[track_caller]
    fn answers(&mut self, interface: &str, function: &str, params: &[Val], expected: &Val) {
        let results = self.call(interface, function, params).unwrap_or_else(|error| panic!("{function}: {error:?}"));
        assert_eq!(results, std::slice::from_ref(expected), "{interface}#{function}");
    }
}

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn refused(case: &str) -> Val {
    Val::Result(Err(Some(Box::new(Val::Enum(case.to_owned())))))
}

fn refused_variant(case: &str) -> Val {
    Val::Result(Err(Some(Box::new(Val::Variant(case.to_owned(), None)))))
}

#[test]
fn what_languages_ask_while_they_start_is_answered_with_nothing() {
    let p2 = wasi("0.2.6", TOGETHER);
    let mut closed = Running::new(&p2, &["environment", "preopens"]);
    let nothing = Val::List(Vec::new());
    closed.answers("wasi:cli/environment@0.2.6", "get-environment", &[], &nothing);
    closed.answers("wasi:cli/environment@0.2.6", "get-arguments", &[], &nothing);
    closed.answers("wasi:cli/environment@0.2.6", "initial-cwd", &[], &Val::Option(None));
    closed.answers("wasi:filesystem/preopens@0.2.6", "get-directories", &[], &nothing);

    let p3 = wasi("0.3.2", TOGETHER);
    let mut closed = Running::new(&p3, &["environment"]);
    closed.answers("wasi:cli/environment@0.3.2", "get-environment", &[], &nothing);
    closed.answers("wasi:cli/environment@0.3.2", "get-initial-cwd", &[], &Val::Option(None));
}

#[test]
fn sockets_and_names_are_refused_by_their_own_errors() {
    let p2 = wasi("0.2.6", TOGETHER);
    let all = ["network", "instance-network", "tcp", "tcp-create-socket", "udp", "udp-create-socket", "ip-name-lookup"];
    let mut closed = Running::new(&p2, &all);
    let family = Val::Enum("ipv6".to_owned());
    closed.answers(
        "wasi:sockets/tcp-create-socket@0.2.6",
        "create-tcp-socket",
        std::slice::from_ref(&family),
        &refused("access-denied"),
    );
    closed.answers("wasi:sockets/udp-create-socket@0.2.6", "create-udp-socket", &[family], &refused("access-denied"));
    let network = closed.call("wasi:sockets/instance-network@0.2.6", "instance-network", &[]).expect("a network");
    // As often as it is asked, however long the name: memory grows to what the longest needs, and no further.
    for length in [0, 1, 300_000, 10, 70_000, 300_000] {
        closed.answers(
            "wasi:sockets/ip-name-lookup@0.2.6",
            "resolve-addresses",
            &[network[0].clone(), text(&"x".repeat(length))],
            &refused("access-denied"),
        );
    }
}

#[tokio::test]
async fn functions_of_0_3_are_refused_whether_async_or_not() {
    let p3 = wasi("0.3.2", TOGETHER);
    let mut closed = Running::new(&p3, &["ip-name-lookup"]);
    let interface =
        closed.instance.get_export_index(&mut closed.store, None, "wasi:sockets/ip-name-lookup@0.3.2").expect("it");
    let index = closed.instance.get_export_index(&mut closed.store, Some(&interface), "resolve-addresses").expect("it");
    let function = closed.instance.get_func(&mut closed.store, index).expect("a function");
    let mut results = [Val::Bool(false)];
    function.call_async(&mut closed.store, &[text("example.com")], &mut results).await.expect("an answer");
    assert_eq!(results, [refused_variant("access-denied")]);
}

#[test]
fn stores_are_refused_and_messages_dropped() {
    let drafts = wasi("0.2.0-draft", &["keyvalue"]);
    let mut closed = Running::new(&drafts, &["store", "batch", "atomics"]);
    closed.answers("wasi:keyvalue/store@0.2.0-draft", "open", &[text("visits")], &refused_variant("access-denied"));

    let drafts = wasi("0.1.0-draft", &["logging"]);
    let mut closed = Running::new(&drafts, &["logging"]);
    let message = [Val::Enum("info".to_owned()), text("app"), text("hello")];
    assert_eq!(closed.call("wasi:logging/logging@0.1.0-draft", "log", &message).expect("dropped"), []);

    let drafts = wasi("0.2.0-rc.1", &["config"]);
    let mut closed = Running::new(&drafts, &["store"]);
    let absent = Val::Result(Ok(Some(Box::new(Val::Option(None)))));
    closed.answers("wasi:config/store@0.2.0-rc.1", "get", &[text("key")], &absent);
}

fn of_text(wit: &str) -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_source("test.wit", wit).expect("well-formed");
    resolve
}

#[test]
fn errors_without_a_case_for_it_say_it_in_words() {
    let resolve = of_text(
        "package wasi:blobs@0.1.0;
        interface blobs {
            type error = string;
            variant odd { closed, other(string) }
            variant odder { closed(u64), other(option<string>) }
            open: func(name: string) -> result<u64, error>;
            all: func() -> result<list<string>, odd>;
            forget: func() -> result<_, odder>;
            touch: func() -> result;
            size: func() -> result<u64>;
        }",
    );
    let mut closed = Running::new(&resolve, &["blobs"]);
    let blobs = "wasi:blobs/blobs@0.1.0";
    let said = |value| Val::Result(Err(Some(Box::new(value))));
    closed.answers(blobs, "open", &[text("a")], &said(text("not granted")));
    closed.answers(blobs, "all", &[], &said(Val::Variant("other".to_owned(), Some(Box::new(text("not granted"))))));
    let nothing = Some(Box::new(Val::Option(None)));
    closed.answers(blobs, "forget", &[], &said(Val::Variant("other".to_owned(), nothing)));
    closed.answers(blobs, "touch", &[], &Val::Result(Err(None)));
    closed.answers(blobs, "size", &[], &Val::Result(Err(None)));
}

#[test]
fn what_cannot_say_no_traps_and_is_named() {
    let resolve = of_text("package wasi:nn@0.2.0; interface graph { load: func(name: string) -> u64; }");
    let mut closed = Running::new(&resolve, &["graph"]);
    let error = closed.call("wasi:nn/graph@0.2.0", "load", &[text("m")]).expect_err("a trap");
    let backtrace = error.downcast_ref::<wasmtime::WasmBacktrace>().expect("a backtrace");
    assert_eq!(backtrace.frames()[0].func_name(), Some("wasi:nn/graph@0.2.0#load (not granted)"));
    assert!(format!("{error:?}").contains("wasi:nn/graph@0.2.0#load (not granted)"), "{error:?}");
}

/// Handles of the host's that were dropped, by what stands behind them.
#[derive(Default)]
struct Dropped(Vec<u32>);

struct Thing;

#[test]
fn handles_that_are_passed_are_given_back() {
    let resolve = of_text(
        "package wasi:http@0.9.0;
        interface types { resource request; variant error-code { timeout(u64), HTTP-request-denied } }
        interface sender {
            use types.{request, error-code};
            variant part { length(f64), request(request), both(tuple<u64, request>), none }
            send: func(r: request, o: option<request>, p: part, b: borrow<request>) -> result<request, error-code>;
            many: func(all: list<request>) -> result<u8, error-code>;
        }",
    );
    let bytes = closed(&resolve, &[interface(&resolve, "sender")]);
    let engine = Engine::default();
    let denial = Component::new(&engine, bytes).expect("it compiles");
    let mut linker: Linker<Dropped> = Linker::new(&engine);
    let host = ResourceType::host::<Thing>();
    let mut types = linker.instance("wasi:http/types@0.9.0").expect("an instance");
    types
        .resource("request", host, |mut store, rep| {
            store.data_mut().0.push(rep);
            Ok(())
        })
        .expect("a resource");
    let mut store = Store::new(&engine, Dropped::default());
    let instance = linker.instantiate(&mut store, &denial).expect("it starts");
    let sender = instance.get_export_index(&mut store, None, "wasi:http/sender@0.9.0").expect("the interface");
    let function = |store: &mut Store<Dropped>, name| {
        let index = instance.get_export_index(&mut *store, Some(&sender), name).expect("the function");
        instance.get_func(store, index).expect("a function")
    };
    fn thing(store: &mut Store<Dropped>, rep: u32) -> Val {
        let resource = Resource::<Thing>::new_own(rep);
        Val::Resource(ResourceAny::try_from_resource(resource, store).expect("a handle"))
    }
    let refused = Val::Result(Err(Some(Box::new(Val::Variant("HTTP-request-denied".to_owned(), None)))));
    let send = function(&mut store, "send");
    for (option, case, expected) in [
        (false, "none", vec![1]),
        (true, "none", vec![1, 2]),
        (true, "request", vec![1, 2, 3]),
        (false, "both", vec![1, 3]),
        (false, "length", vec![1]),
    ] {
        let payload = match case {
            "request" => Some(thing(&mut store, 3)),
            "both" => Some(Val::Tuple(vec![Val::U64(u64::MAX), thing(&mut store, 3)])),
            "length" => Some(Val::Float64(1.5)),
            _ => None,
        };
        let part = Val::Variant(case.to_owned(), payload.map(Box::new));
        let option = Val::Option(option.then(|| Box::new(thing(&mut store, 2))));
        let lent = thing(&mut store, 9);
        let params = [thing(&mut store, 1), option, part, lent.clone()];
        let mut results = [Val::Bool(false)];
        send.call(&mut store, &params, &mut results).unwrap_or_else(|error| panic!("{case}: {error:?}"));
        assert_eq!(results, std::slice::from_ref(&refused));
        let mut dropped = std::mem::take(&mut store.data_mut().0);
        dropped.sort_unstable();
        assert_eq!(dropped, expected, "{case}");
        let Val::Resource(lent) = lent else { unreachable!("it was made above") };
        lent.resource_drop(&mut store).expect("it is still the caller's");
        store.data_mut().0.clear();
    }
    // Those in a list are out of reach: it traps rather than keep them.
    let all = Val::List(vec![thing(&mut store, 1)]);
    assert!(function(&mut store, "many").call(&mut store, &[all], &mut [Val::Bool(false)]).is_err());
}

#[test]
fn an_open_interface_cannot_speak_of_a_closed_one() {
    let resolve = of_text(
        "package wasi:a@0.1.0;
        interface below { resource thing; make: func() -> thing; }
        interface between { use below.{thing}; record pair { first: thing, second: thing } }
        interface above { use between.{pair}; f: func(p: pair); }",
    );
    let copies = ["below", "above"].map(|name| Copy {
        name: if name == "below" { "wasi:a/below@0.1.0" } else { "wasi:a/above@0.1.0" },
        resolve: &resolve,
        interface: interface(&resolve, name),
    });
    let error = component(&copies).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "`wasi:a/between@0.1.0` uses types of `wasi:a/below@0.1.0`, which is not had from the same place"
    );
}
