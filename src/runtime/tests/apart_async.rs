//! Async parts of one app that are granted different things: each waits for its own, and does not get the other's.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::server::home;
use crate::{
    compose::{self, fixture},
    diagnostic::Diagnose,
    grants_section::Held,
    language::Language,
    manifest::Family,
    plan::{self, capability, graph::Wiring, holdings::Holding},
    runtime::{Artifact, Grants, RunOptions, Session, Statement},
};

const WIT: &str = "
package acme:apart;
interface behind { look: async func() -> u32; }
world back { include asks; export behind; }
world front { include asks; import behind; export look: async func() -> u64; }
world asks {
  import wasi:filesystem/types@0.3.0;
  import wasi:filesystem/preopens@0.3.0;
  import wasi:sockets/ip-name-lookup@0.3.0;
}";

/// `$look` tells what its part gets: the first letter of the name of its only folder, 256 where `data.txt` is in there, 512
/// where `localhost` has an address. It asks for both at once, and then waits.
const LOOK: &str = r#"
  (import "wasi:filesystem/preopens@0.3.0" "get-directories" (func $directories (param i32)))
  (import "wasi:filesystem/types@0.3.0" "[async-lower][method]descriptor.open-at" (func $open (param i32 i32) (result i32)))
  (import "wasi:sockets/ip-name-lookup@0.3.0" "[async-lower]resolve-addresses"
    (func $resolve (param i32 i32 i32) (result i32)))
  (import "$root" "[waitable-set-new]" (func $set-new (result i32)))
  (import "$root" "[waitable-set-wait]" (func $set-wait (param i32 i32) (result i32)))
  (import "$root" "[waitable-set-drop]" (func $set-drop (param i32)))
  (import "$root" "[waitable-join]" (func $join (param i32 i32)))
  (import "$root" "[subtask-drop]" (func $subtask-drop (param i32)))
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 65536))
  (data (i32.const 1024) "data.txt")
  (data (i32.const 1040) "localhost")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  ;; Waits until what was begun has returned.
  (func $wait (param $status i32) (local $set i32) (local $task i32)
    (if (i32.eq (i32.and (local.get $status) (i32.const 15)) (i32.const 2)) (then (return)))
    (local.set $task (i32.shr_u (local.get $status) (i32.const 4)))
    (local.set $set (call $set-new))
    (call $join (local.get $task) (local.get $set))
    (loop $more
      (drop (call $set-wait (local.get $set) (i32.const 512)))
      (br_if $more (i32.ne (i32.load (i32.const 516)) (i32.const 2))))
    (call $subtask-drop (local.get $task))
    (call $set-drop (local.get $set)))
  (func $look (result i32) (local $opened i32) (local $resolved i32) (local $folder i32)
    (call $directories (i32.const 16))
    (if (i32.ne (i32.load (i32.const 20)) (i32.const 1)) (then (unreachable)))
    (local.set $folder (i32.load (i32.const 16)))
    ;; The folder, no flags of the path, the path, to open and not to create, to read.
    (i32.store (i32.const 128) (i32.load (local.get $folder)))
    (i32.store (i32.const 136) (i32.const 1024))
    (i32.store (i32.const 140) (i32.const 8))
    (i32.store16 (i32.const 144) (i32.const 0x100))
    (local.set $opened (call $open (i32.const 128) (i32.const 192)))
    (local.set $resolved (call $resolve (i32.const 1040) (i32.const 9) (i32.const 256)))
    (call $wait (local.get $resolved))
    (call $wait (local.get $opened))
    (i32.add (i32.load8_u offset=1 (i32.load offset=4 (local.get $folder)))
      (i32.add (i32.shl (i32.eqz (i32.load8_u (i32.const 192))) (i32.const 8))
        (i32.shl (i32.eqz (i32.load8_u (i32.const 256))) (i32.const 9)))))"#;

fn back() -> String {
    format!(r#"(module $"back (wat)" {LOOK} (func (export "acme:apart/behind#look") (result i32) (call $look)))"#)
}

/// What the one behind gets, above what it gets itself; both look at once.
fn front() -> String {
    format!(
        r#"(module $"front (wat)"
  (import "acme:apart/behind" "[async-lower]look" (func $behind (param i32) (result i32)))
  {LOOK}
  (func (export "look") (result i64) (local $status i32) (local $own i32)
    (local.set $status (call $behind (i32.const 320)))
    (local.set $own (call $look))
    (call $wait (local.get $status))
    (i64.or (i64.extend_i32_u (local.get $own)) (i64.shl (i64.load32_u (i32.const 320)) (i64.const 32)))))"#
    )
}

fn part(name: &str, core: &str) -> compose::PartBytes {
    let mut resolve = fixture::wasi("0.3.0", fixture::TOGETHER);
    let package = resolve.push_str("apart.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some(name)).unwrap();
    let mut module = wat::parse_str(core).unwrap_or_else(|error| panic!("{error}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let bytes = ComponentEncoder::default().validate(true).module(&module).and_then(|it| it.encode()).unwrap();
    compose::component(name, bytes, Some(Language::Rust)).unwrap()
}

fn app() -> Vec<u8> {
    let dir = |path: &str| (Family::Filesystem, Held::Dir { path: path.to_owned(), guest: None, readonly: true });
    let net = |address: &str| (Family::Sockets, Held::Net(address.to_owned()));
    let held = [("front", [dir("data"), net("db.example.com:1")]), ("back", [dir("logs"), net("localhost:1")])];
    let mut options = plan::Options::default();
    let mut grants = BTreeMap::new();
    for (part, held) in held {
        grants.insert(part.to_owned(), held.iter().map(|(family, _)| *family).collect());
        let holding = |(family, held)| Holding { family, held, value: None, at: None };
        options.holdings.parts.insert(part.to_owned(), held.into_iter().map(holding).collect());
    }
    options.grants = capability::Grants::Known(grants);
    let parts: IndexMap<_, _> = [("front", front()), ("back", back())]
        .into_iter()
        .map(|(name, core)| (name.to_owned(), part(name, &core)))
        .collect();
    let composed = compose::app(&parts, &Wiring::default(), &options, &compose::Options::default());
    composed.unwrap_or_else(|error| panic!("{error:?}")).1.bytes
}

#[test]
fn each_async_part_has_its_own_and_not_the_others() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["data", "logs"] {
        std::fs::create_dir(root.path().join(folder)).unwrap();
    }
    std::fs::write(root.path().join("data/data.txt"), "data").unwrap();
    let app = app();
    let artifact = Artifact::bytes("app.wasm", &app);
    let section = artifact.section().unwrap().unwrap();
    assert_eq!(section.apart.len(), 4, "{:?}", section.apart.keys());
    let grants = Grants::of_section(&section, &root.path().canonicalize().unwrap()).unwrap();
    let told = std::sync::Mutex::new(Vec::new());
    let events = |event: crate::event::Event<'_>| {
        if let crate::event::Event::Warning(problem) = event {
            told.lock().unwrap().push(problem.message.clone());
        }
    };
    let options = RunOptions { grants, ..RunOptions::new(home()) };
    let mut session = Session::open(&artifact, options, &events).unwrap_or_else(|e| panic!("{:?}", e.problems()));
    let statement = Statement::parse("look()").unwrap().remove(0);
    let returned = session.call(&statement, &events).unwrap_or_else(|e| panic!("{:?}", e.problems()));
    let both: u64 = returned.value.unwrap().text.parse().unwrap();
    let (own, behind) = (both & 0xffff_ffff, both >> 32);
    assert_eq!((own, behind), (u64::from(b'd') + 256, u64::from(b'l') + 512), "{:?}", told.lock().unwrap());
    assert_eq!(
        *told.lock().unwrap(),
        ["`front` was refused the look-up of `localhost` (`wasi:sockets/ip-name-lookup`): it is not granted"]
    );
}
