//! Parts of one app that are granted different things: each has its own, and not the other's.

use std::{collections::BTreeMap, path::Path};

use indexmap::IndexMap;

use super::{
    guests::{component, http_guest},
    server::{Running, home, options},
};
use crate::{
    compose,
    diagnostic::Diagnose,
    grants_section::{Held, Section},
    language::Language,
    manifest::Family,
    plan::{self, capability, graph::Wiring, holdings::Holding},
    runtime::{Artifact, Grants, RunOptions, ServeOptions, Session, Stores},
};

/// `$look` tells what its part gets, a bit or a byte each: the buckets `visits` and `secret`, the name `localhost`, the
/// container `visits`; the case of the error of a request to `localhost:1`; the first letter of the only variable's value;
/// that of the only folder's name.
const LOOK: &str = r#"
  (import "cm32p2|wasi:cli/environment@0.2" "get-environment" (func $environment (param i32)))
  (import "cm32p2|wasi:filesystem/preopens@0.2" "get-directories" (func $directories (param i32)))
  (import "cm32p2|wasi:sockets/instance-network@0.2" "instance-network" (func $network (result i32)))
  (import "cm32p2|wasi:sockets/ip-name-lookup@0.2" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
  (import "cm32p2|wasi:keyvalue/store" "open" (func $open (param i32 i32 i32)))
  (import "cm32p2|wasi:blobstore/blobstore" "create-container" (func $create (param i32 i32 i32)))
  (import "cm32p2|wasi:config/store@0.2.0-rc.1" "get" (func $config (param i32 i32 i32)))
  (import "cm32p2|wasi:http/types@0.2" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]outgoing-request.set-path-with-query" (func $set-path (param i32 i32 i32 i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
  (import "cm32p2|wasi:http/types@0.2" "[method]future-incoming-response.get" (func $get (param i32 i32)))
  (import "cm32p2|wasi:io/poll@0.2" "[method]pollable.block" (func $block (param i32)))
  (import "cm32p2|wasi:io/poll@0.2" "pollable_drop" (func $drop-pollable (param i32)))
  (import "cm32p2|wasi:http/outgoing-handler@0.2" "handle" (func $send (param i32 i32 i32 i32)))
  (func $well (param $weight i32) (result i32)
    (i32.mul (i32.eqz (i32.load8_u (i32.const 16))) (local.get $weight)))
  (func $sent (result i32) (local $r i32) (local $p i32)
    (local.set $r (call $request (call $fields)))
    (drop (call $scheme (local.get $r) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $r) (i32.const 1) (i32.const 1140) (i32.const 11)))
    (drop (call $set-path (local.get $r) (i32.const 1) (i32.const 1151) (i32.const 1)))
    (call $send (local.get $r) (i32.const 0) (i32.const 0) (i32.const 16))
    (local.set $r (i32.load (i32.const 24)))
    (local.set $p (call $subscribe (local.get $r)))
    (call $block (local.get $p))
    (call $drop-pollable (local.get $p))
    (call $get (local.get $r) (i32.const 64))
    (i32.load8_u (i32.const 88)))
  (func $look (result i32) (local $found i32)
    (call $open (i32.const 1120) (i32.const 6) (i32.const 16))
    (local.set $found (call $well (i32.const 1)))
    (call $open (i32.const 1100) (i32.const 6) (i32.const 16))
    (local.set $found (i32.add (local.get $found) (call $well (i32.const 2))))
    (call $resolve (call $network) (i32.const 1140) (i32.const 9) (i32.const 16))
    (local.set $found (i32.add (local.get $found) (call $well (i32.const 4))))
    (call $create (i32.const 1120) (i32.const 6) (i32.const 16))
    (local.set $found (i32.add (local.get $found) (call $well (i32.const 8))))
    ;; The value of `visits`, which only one of them has.
    (call $config (i32.const 1120) (i32.const 6) (i32.const 16))
    (local.set $found (i32.add (local.get $found) (i32.shl (i32.load8_u (i32.const 20)) (i32.const 4))))
    (local.set $found (i32.add (local.get $found) (i32.shl (call $sent) (i32.const 28))))
    (call $environment (i32.const 32))
    (if (i32.ne (i32.load (i32.const 36)) (i32.const 1)) (then (unreachable)))
    (local.set $found (i32.add (local.get $found)
      (i32.shl (i32.load8_u (i32.load offset=8 (i32.load (i32.const 32)))) (i32.const 8))))
    (call $directories (i32.const 32))
    (if (i32.ne (i32.load (i32.const 36)) (i32.const 1)) (then (unreachable)))
    (i32.add (local.get $found)
      (i32.shl (i32.load8_u offset=1 (i32.load offset=4 (i32.load (i32.const 32)))) (i32.const 16))))"#;

fn auth() -> Vec<u8> {
    component(
        "apart",
        &format!(
            r#"
(module $"auth (wat)"
  (import "cm32p2|wasi:http/types@0.2" "[constructor]fields" (func $fields (result i32)))
  {LOOK}
  (memory (export "cm32p2_memory") 2)
  (global $heap (mut i32) (i32.const 65536))
  (data (i32.const 1100) "secret")
  (data (i32.const 1120) "visits")
  (data (i32.const 1140) "localhost:1/")
  (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "cm32p2_initialize"))
  (func (export "cm32p2|acme:shop/auth|check") (result i32) (call $look))
  (func (export "cm32p2|acme:shop/auth|check_post") (param i32)))"#
        ),
    )
}

/// Answers with what it gets, then with what `auth` gets, four bytes each.
fn gateway() -> Vec<u8> {
    let (imports, functions) = LOOK.split_once("  (func $well").expect("functions after imports");
    let imports = format!(
        r#"{imports}
  (import "cm32p2|acme:shop/auth" "check" (func $check (result i32)))
  (func $well{functions}
  ;; In hexadecimal.
  (func $tell (param $what i32) (param $at i32) (local $n i32)
    (loop $next
      (i32.store8 (i32.add (local.get $at) (local.get $n))
        (i32.add (i32.and (i32.shr_u (local.get $what) (i32.sub (i32.const 28) (i32.mul (local.get $n) (i32.const 4)))) (i32.const 15))
          (i32.const 65)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $n) (i32.const 8)))))"#
    );
    let body = "
    (call $tell (call $look) (i32.const 2048))
    (call $tell (call $check) (i32.const 2056))
    (global.set $text (i32.const 2048))
    (global.set $length (i32.const 16))";
    http_guest(&imports, body)
}

/// What each part is granted of each family.
fn held() -> [(&'static str, Vec<(Family, Held)>); 2] {
    let dir = |path: &str| Held::Dir { path: path.into(), guest: None, readonly: true };
    let text = str::to_owned;
    [
        (
            "gateway",
            vec![
                (Family::KeyValue, Held::Kv(text("visits"))),
                (Family::BlobStore, Held::Blob(text("photos"))),
                (Family::Http, Held::HttpOut(text("localhost:1"))),
                (Family::Sockets, Held::Net(text("db.example.com:1"))),
                (Family::Env, Held::Env(text("GATEWAY_MODE"))),
                (Family::Config, Held::Config(text("mode"))),
                (Family::Filesystem, dir("data")),
            ],
        ),
        (
            "auth",
            vec![
                (Family::KeyValue, Held::Kv(text("secret"))),
                (Family::BlobStore, Held::Blob(text("visits"))),
                (Family::Http, Held::HttpOut(text("api.example.com"))),
                (Family::Sockets, Held::Net(text("localhost:1"))),
                (Family::Env, Held::Env(text("AUTH_MODE"))),
                (Family::Config, Held::Config(text("visits"))),
                (Family::Filesystem, dir("logs")),
            ],
        ),
    ]
}

fn plan_options() -> plan::Options {
    let mut options = plan::Options::default();
    let mut grants = BTreeMap::new();
    for (part, held) in held() {
        grants.insert(part.to_owned(), held.iter().map(|(family, _)| *family).collect());
        let holding = |(family, held)| Holding { family, held, value: None, at: None };
        options.holdings.parts.insert(part.to_owned(), held.into_iter().map(holding).collect());
    }
    plan::Options { grants: capability::Grants::Known(grants), ..options }
}

fn app(options: &plan::Options) -> Vec<u8> {
    let parts: IndexMap<_, _> = [("gateway", gateway()), ("auth", auth())]
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), compose::component(name, bytes, Some(Language::Rust)).unwrap()))
        .collect();
    let composed = compose::app(&parts, &Wiring::default(), options, &compose::Options::default());
    composed.unwrap_or_else(|error| panic!("{error:?}")).1.bytes
}

/// What the artifact's own section grants, in a folder with `data` and `logs`.
fn granted(app: &[u8], root: &Path) -> Grants {
    for folder in ["data", "logs"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    let section = Artifact::bytes("app.wasm", app).section().unwrap().unwrap();
    let mut grants = Grants::of_section(&section, &root.canonicalize().unwrap()).unwrap();
    valued(&mut grants);
    grants.apart.values_mut().for_each(valued);
    grants
}

/// Variables with their names for values, and a value for `visits`.
fn valued(grants: &mut Grants) {
    grants.env.iter_mut().for_each(|(name, value)| value.clone_from(name));
    if grants.config_keys.allows(&"visits".to_owned()) {
        grants.config.insert("visits".to_owned(), "x".to_owned());
    }
}

#[test]
fn each_part_has_its_own_and_not_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&plan_options());
    let grants = granted(&app, folder.path());
    let data = Some(folder.path().join("kept"));
    let server =
        Running::start(app, ServeOptions { grants, stores: Stores { data, ..Stores::default() }, ..options() });
    let (status, answer) = server.get("/");
    let mut told = server.stop();
    assert_eq!(status, 200, "{told:?}");
    let number = |text: &str| text.bytes().fold(0u32, |number, byte| number << 4 | u32::from(byte - b'A'));
    let (own, auth) = (number(&answer[..8]), number(&answer[8..]));
    let letters = |number: u32| [number >> 8, number >> 16].map(|byte| char::from(byte as u8));
    // The bucket `visits`; a refused connection, which is what is behind a granted request.
    assert_eq!((own & 0xff, own >> 28), (1, 6), "{told:?}");
    assert_eq!(letters(own), ['G', 'd'], "{told:?}");
    // The bucket `secret`, the name `localhost`, the container `visits`, the value of `visits`; the request is denied.
    assert_eq!((auth & 0xff, auth >> 28), (2 + 4 + 8 + 16, 15), "{told:?}");
    assert_eq!(letters(auth), ['A', 'l'], "{told:?}");
    told.sort();
    let refused = |part: &str, what: &str| format!("runtime::denied: `{part}` was refused {what}: it is not granted");
    let mut expected = [
        refused("auth", "a request to `localhost:1` (`wasi:http/outgoing-handler`)"),
        refused("auth", "the bucket `visits` (`wasi:keyvalue/store`)"),
        refused("gateway", "the bucket `secret` (`wasi:keyvalue/store`)"),
        refused("gateway", "the container `visits` (`wasi:blobstore/blobstore`)"),
        refused("gateway", "the look-up of `localhost` (`wasi:sockets/ip-name-lookup`)"),
        refused("gateway", "the value of `visits` (`wasi:config/store`)"),
    ];
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn what_parts_share_each_of_them_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut sharing = plan_options();
    sharing.holdings.share = Family::ALL.into();
    // With the same variable and folder, so that each sees one.
    for holdings in sharing.holdings.parts.values_mut() {
        for holding in holdings {
            match &mut holding.held {
                Held::Env(name) => *name = "MODE".to_owned(),
                Held::Dir { path, .. } => *path = "data".to_owned(),
                _ => {}
            }
        }
    }
    let app = app(&sharing);
    let grants = granted(&app, folder.path());
    assert!(grants.apart.is_empty());
    let data = Some(folder.path().join("kept"));
    let server =
        Running::start(app, ServeOptions { grants, stores: Stores { data, ..Stores::default() }, ..options() });
    let (status, answer) = server.get("/");
    // A container that one of them has made cannot be made again.
    assert_eq!((status, &answer[..7]), (200, &answer[8..15]));
    assert_eq!([&answer[7..8], &answer[15..]], ["P", "H"]);
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn flags_narrow_behind_each_label() {
    let section = Section::read(&mut std::io::Cursor::new(app(&plan_options()))).unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let granted = Grants::of_section(&section, folder.path()).unwrap();
    let buckets = |grants: &Grants, label: &str| grants.apart[label].buckets.clone();
    let only = |names: &[&str]| crate::runtime::Scope::Only(names.iter().map(|it| (*it).to_owned()).collect());
    let labels = ["gateway-keyvalue-store", "auth-keyvalue-store"];
    let flags = Grants { buckets: only(&["visits"]), ..Grants::default() };
    let narrowed = granted.narrow(&flags).unwrap();
    assert_eq!(labels.map(|label| buckets(&narrowed, label)), [only(&["visits"]), only(&[])]);
    // Of what the flag does not speak of, each keeps its own.
    let keys = |grants: &Grants| grants.apart["auth-config-store"].config_keys.clone();
    assert_eq!(keys(&narrowed), keys(&granted));
    let named = granted.only(&flags);
    assert_eq!(labels.map(|label| buckets(&named, label)), [only(&["visits"]), only(&[])]);
    assert!(named.apart.values().all(|apart| apart.env.is_empty() && apart.dirs.is_empty() && apart.net.is_closed()));
}

fn open(app: &[u8], grants: Grants) -> Result<(), crate::runtime::Error> {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().to_owned());
    let options = RunOptions { grants, stores: Stores { data, ..Stores::default() }, ..RunOptions::new(home()) };
    Session::open(&Artifact::bytes("app.wasm", app), options, &|_| ()).map(drop)
}

/// Types of the host are those of the interfaces, under every label.
#[test]
fn whatever_is_kept_apart_is_linked() {
    for (which, imports) in compose::apart::WASI {
        let (_, composed) = compose::apart::two(which, imports);
        let section = Section::read(&mut std::io::Cursor::new(&composed.bytes)).unwrap().unwrap();
        let mut grants = Grants::default();
        grants.keep_apart(&section, &BTreeMap::new());
        open(&composed.bytes, grants).unwrap_or_else(|error| panic!("{which}: {:?}", error.problems()));
    }
}

#[test]
fn a_label_that_nothing_is_said_of_and_one_that_is_no_import_are_refused() {
    let (which, imports) = compose::apart::WASI[4];
    let (_, composed) = compose::apart::two(which, imports);
    let code = |labels: &[&str]| {
        let apart = labels.iter().map(|label| ((*label).to_owned(), Grants::default())).collect();
        open(&composed.bytes, Grants { apart, ..Grants::default() }).map_err(|error| error.problems()[0].code)
    };
    assert_eq!(code(&["one-config-store", "two-config-store"]), Ok(()));
    assert_eq!(code(&["one-config-store"]), Err("runtime::unsaid-label"));
    assert_eq!(code(&[]), Err("runtime::unsaid-label"));
    assert_eq!(code(&["one-config-store", "two-config-store", "three"]), Err("runtime::unknown-label"));
}
