//! What tests of backends share: units over fixtures, and what they become as running components.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use wasmtime::{
    Config, Engine, Store,
    component::{Component, Instance, Linker, Resource, ResourceTable, ResourceType, Val},
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wit_parser::Resolve;

use super::backend::{Profile, Unit};
use crate::{language::Language, resolve::Part};

/// The WIT that the fixtures of all languages implement.
pub const SHAPES: &str = include_str!("../../fixtures/shapes/part.wit");

/// A folder with a component of one language in it.
pub struct Project {
    _temp: tempfile::TempDir,
    pub root: PathBuf,
}

impl Project {
    /// A folder with these files below `part/`.
    pub fn of(files: &[(&str, &str)]) -> Project {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        for (path, text) in files {
            let path = root.join("part").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Project { _temp: temp, root }
    }

    /// A copy of a folder below `fixtures/`.
    pub fn copy(fixture: &str) -> Project {
        fn copy(from: &Path, to: &Path) {
            fs::create_dir_all(to).unwrap();
            for entry in fs::read_dir(from).unwrap() {
                let path = entry.unwrap().path();
                let to = to.join(path.file_name().unwrap());
                if path.is_dir() {
                    copy(&path, &to);
                } else {
                    fs::copy(&path, &to).unwrap();
                }
            }
        }
        let project = Project::of(&[]);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture), &project.root.join("part"));
        project
    }

    /// The component `part` of it, for the world `part` of some WIT.
    pub fn unit(&self, language: Language, wit: &str) -> Unit {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("part.wit", wit).unwrap();
        let world = resolve.select_world(&[package], Some("part")).unwrap();
        let name = resolve.packages[package].name.clone();
        let version = name.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
        Unit {
            part: Part { name: "part".into(), language: Some(language), resolve: Arc::new(resolve), world },
            language,
            root: self.root.clone(),
            source: self.root.join("part"),
            wit: wit.into(),
            world: format!("{}:{}/part{version}", name.namespace, name.name),
            profile: Profile::Dev,
            command: None,
            engine: None,
            snapshot: false,
            work: self.root.join("target/mosaic/build/part"),
            cargo_target: self.root.join("target/mosaic/build/cargo"),
        }
    }
}

pub struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A running component.
pub struct Running {
    pub store: Store<Host>,
    pub instance: Instance,
}

/// The engine of these tests: what is compiled once stays in memory for no other.
fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    Engine::new(&config).unwrap()
}

/// Instantiates a component with WASI and what `more` adds.
pub fn start(bytes: &[u8], more: impl FnOnce(&mut Linker<Host>)) -> Running {
    start_with(bytes, &mut WasiCtx::builder(), more)
}

/// The same, with a WASI of its own.
pub fn start_with(bytes: &[u8], wasi: &mut WasiCtxBuilder, more: impl FnOnce(&mut Linker<Host>)) -> Running {
    let engine = engine();
    let component = Component::new(&engine, bytes).unwrap();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).unwrap();
    more(&mut linker);
    let wasi = wasi.build();
    let mut store = Store::new(&engine, Host { wasi, table: ResourceTable::new() });
    let instance = linker.instantiate(&mut store, &component).unwrap();
    Running { store, instance }
}

/// The import `demo:shapes/store`: `lookup` knows "three", a cursor is its number.
pub fn add_store(linker: &mut Linker<Host>) {
    let mut store = linker.instance("demo:shapes/store@0.1.0").unwrap();
    store
        .func_wrap("lookup", |_, (key,): (String,)| {
            Ok((if key == "three" { Ok(3u32) } else { Err(format!("no {key}")) },))
        })
        .unwrap();
    store.resource("cursor", ResourceType::host::<Cursor>(), |_, _| Ok(())).unwrap();
    store.func_wrap("[constructor]cursor", |_, (at,): (u32,)| Ok((Resource::<Cursor>::new_own(at),))).unwrap();
    store
        .func_wrap("[method]cursor.advance", |_, (cursor, by): (Resource<Cursor>, u32)| {
            Ok((cursor.rep().wrapping_add(by),))
        })
        .unwrap();
    store
        .func_wrap("[method]cursor.far", |_, (cursor, by): (Resource<Cursor>, u64)| {
            Ok((u64::from(cursor.rep()).wrapping_add(by),))
        })
        .unwrap();
    store
        .func_wrap("twice", |_, (number,): (Option<i64>,)| Ok((number.unwrap_or(0).checked_mul(2).ok_or(u64::MAX),)))
        .unwrap();
}

impl Running {
    /// Calls an export, of an interface or of the world.
    pub fn call(&mut self, interface: Option<&str>, name: &str, args: &[Val]) -> wasmtime::Result<Vec<Val>> {
        let at = interface.map(|interface| {
            self.instance.get_export_index(&mut self.store, None, interface).expect("the interface is exported")
        });
        let index =
            self.instance.get_export_index(&mut self.store, at.as_ref(), name).expect("the function is exported");
        let function = self.instance.get_func(&mut self.store, index).expect("it is a function");
        let results = function.ty(&self.store).results().len();
        let mut values = vec![Val::Bool(false); results];
        function.call(&mut self.store, args, &mut values)?;
        Ok(values)
    }
}

const MODEL: Option<&str> = Some("demo:shapes/model@0.1.0");

/// A cursor of the imported interface: its number is its position.
struct Cursor;

/// Puts a component that implements [`SHAPES`] through everything the world has.
pub fn exercise(bytes: &[u8]) {
    let mut running = start(bytes, add_store);
    let string = |text: &str| Val::String(text.into());
    let item = |name: &str, price: f64, note: Option<&str>| {
        Val::Record(vec![
            ("name".into(), string(name)),
            ("unit-price".into(), Val::Float64(price)),
            ("tags".into(), Val::List(vec![string("a"), string("\u{1F980}é\0")])),
            ("note".into(), Val::Option(note.map(|note| Box::new(string(note))))),
        ])
    };
    let mut judge =
        |item: Val, at: &str| running.call(MODEL, "judge", &[item, Val::Enum(at.into())]).unwrap().remove(0);
    let verdict = |case: &str, value: Option<Val>| {
        Val::Result(Ok(Some(Box::new(Val::Variant(case.into(), value.map(Box::new))))))
    };
    assert_eq!(judge(item("x", 1.25, Some("n")), "high"), verdict("costs", Some(Val::U32(127))));
    assert_eq!(judge(item("x", 1.25, Some("näh")), "low"), verdict("refused", Some(string("näh"))));
    assert_eq!(judge(item("x", 1.25, None), "low"), verdict("none", None));
    assert_eq!(judge(item("", 0.0, None), "low"), Val::Result(Err(Some(Box::new(string("no name"))))));

    let some = |value: Val| Val::Option(Some(Box::new(value)));
    for wide in [Val::Option(None), some(Val::Option(None)), some(some(Val::U8(255)))] {
        for number in [0, 1, i32::MAX as u32, 1 << 31, u32::MAX] {
            let bytes = Val::List((0..=255).map(Val::U8).collect());
            let args = [bytes, wide.clone(), Val::Tuple(vec![Val::U32(number), Val::S8(-128)])];
            let back = running.call(MODEL, "mirror", &args).unwrap();
            assert_eq!(back, [Val::Tuple(args.to_vec())]);
        }
    }
    let marks = |names: &[&str]| Val::Flags(names.iter().map(|name| name.to_string()).collect());
    assert_eq!(running.call(MODEL, "mark", &[marks(&["spam"])]).unwrap(), [marks(&["spam", "seen-twice"])]);
    let weights = running.call(MODEL, "weights", &[]).unwrap();
    assert_eq!(weights, [Val::List([0.5, -1.25, 3.0].map(Val::Float64).to_vec())]);
    let step = running.call(MODEL, "step", &[Val::U32(3_000_000_000), Val::U32(7)]).unwrap();
    assert_eq!(step, [Val::U32(3_000_000_007)]);
    assert_eq!(running.call(None, "run", &[string("three")]).unwrap(), [Val::U32(3)]);
    assert_eq!(running.call(None, "run", &[string("nine")]).unwrap(), [Val::U32(7)]);

    wide(&mut running);
    resources(&mut running, item("x", 1.5, None));
}

/// 64-bit integers, in every place that a value can have.
fn wide(running: &mut Running) {
    let wide = |one: u64, many: &[i64], maybe: Option<u64>| {
        Val::Record(vec![
            ("one".into(), Val::U64(one)),
            ("many".into(), Val::List(many.iter().copied().map(Val::S64).collect())),
            ("maybe".into(), Val::Option(maybe.map(|maybe| Box::new(Val::U64(maybe))))),
            ("pair".into(), Val::Tuple(vec![Val::String("p".into()), Val::S64(i64::MIN)])),
        ])
    };
    let mut far = |value: Val| running.call(MODEL, "far", &[value]).unwrap().remove(0);
    let ok = |value: Val| Val::Result(Ok(Some(Box::new(value))));
    let err = |value: i64| Val::Result(Err(Some(Box::new(Val::S64(value)))));
    let half = i64::MAX / 2;
    assert_eq!(
        far(wide(u64::MAX - 1, &[0, -1, half, -half], Some(u64::MAX))),
        ok(wide(u64::MAX, &[0, -2, half * 2, -half * 2], Some(u64::MAX)))
    );
    assert_eq!(far(wide((1 << 53) + 1, &[], Some(0))), ok(wide((1 << 53) + 2, &[], Some(0))));
    assert_eq!(far(wide(0, &[i64::MAX], Some(0))), err(-1));
    assert_eq!(far(wide(0, &[], None)), err(i64::MIN));
}

/// Constructors, methods, static functions and handles, own and borrowed, of both sides.
fn resources(running: &mut Running, item: Val) {
    let owner = Val::String("me".into());
    let make = |running: &mut Running, times: u32| {
        let args = [owner.clone(), Val::List(vec![item.clone()])];
        let basket = running.call(MODEL, "[constructor]basket", &args).unwrap().remove(0);
        let put = [basket.clone(), item.clone(), Val::U32(times)];
        assert_eq!(running.call(MODEL, "[method]basket.put", &put).unwrap(), [Val::U32(1 + times)]);
        basket
    };
    let total = |running: &mut Running, basket: &Val| {
        running.call(MODEL, "[method]basket.total", std::slice::from_ref(basket)).unwrap().remove(0)
    };
    let drop = |running: &mut Running, basket: Val| match basket {
        Val::Resource(basket) => basket.resource_drop(&mut running.store).unwrap(),
        other => panic!("{other:?} is no resource"),
    };
    let (first, second) = (make(running, 1), make(running, 3));
    let bytes = [second.clone(), Val::U64(1 << 63)];
    assert_eq!(running.call(MODEL, "[method]basket.bytes", &bytes).unwrap(), [Val::S64(i64::MIN)]);
    let merged = running.call(MODEL, "[static]basket.merge", &[first, second.clone()]).unwrap().remove(0);
    assert_eq!(total(running, &merged), Val::Float64(9.0));
    assert_eq!(total(running, &second), Val::Float64(6.0));
    let mut same = merged;
    for _ in 0..3 {
        same = running.call(MODEL, "same", &[same]).unwrap().remove(0);
        assert_eq!(total(running, &same), Val::Float64(9.0));
    }
    drop(running, same);
    drop(running, second);

    for at in [5, 6] {
        let cursor = Resource::<Cursor>::new_own(at).try_into_resource_any(&mut running.store).unwrap();
        let walked = running.call(MODEL, "walk", &[Val::Resource(cursor), Val::U32(2)]).unwrap();
        assert_eq!(walked, [Val::String(format!("at {}, {}", at + 2, (1u64 << 63) + u64::from(at)))]);
        cursor.resource_drop(&mut running.store).unwrap();
    }
}
