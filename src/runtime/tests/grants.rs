//! What is granted works, what is not is refused and told, and what cannot start says why.

use super::{
    guests::{command, http_guest, sender, storing},
    server::{Running, options},
};
use crate::{
    diagnostic::Diagnose,
    runtime::{Access, Artifact, Dir, Error, Grants, Scope, ServeOptions, Stores, serve},
};

const KEYVALUE: &str = r#"
  (import "cm32p2|wasi:keyvalue/store" "open" (func $open (param i32 i32 i32)))
  (import "cm32p2|wasi:keyvalue/atomics" "increment" (func $increment (param i32 i32 i32 i64 i32)))"#;

/// Opens `visits`, adds one to `visits` and answers the sum.
const VISIT: &str = "
    (call $open (i32.const 1120) (i32.const 6) (i32.const 16))
    (call $increment (i32.load (i32.const 20)) (i32.const 1120) (i32.const 6) (i64.const 1) (i32.const 32))
    (call $digit (i32.wrap_i64 (i64.load (i32.const 40))))";

#[test]
fn what_is_kept_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = Scope::Only(["visits".to_owned()].into());
    let options = || ServeOptions {
        grants: Grants { buckets: buckets.clone(), ..Grants::default() },
        stores: Stores { data: Some(folder.path().to_owned()), ..Stores::default() },
        ..options()
    };
    for expected in ["1", "2"] {
        let server = Running::start(http_guest(KEYVALUE, VISIT), options());
        assert_eq!(server.get("/"), (200, expected.to_owned()));
        assert_eq!(server.stop(), Vec::<String>::new());
    }
    let server = Running::start(http_guest(KEYVALUE, VISIT), options());
    let error = serve(&Artifact::bytes("app.wasm", &http_guest(KEYVALUE, VISIT)), &options(), &|_| ()).unwrap_err();
    assert_eq!(error.problems()[0].code, "runtime::data-in-use");
    drop(server);
}

/// Each guest answers with the case of the error it got; a trap would be status 500.
#[test]
fn a_denial_is_an_answer_and_is_told_once() {
    let open = "
    (call $open (i32.const 1100) (i32.const 6) (i32.const 16))
    (call $digit (i32.load8_u (i32.const 20)))";
    let socket =
        r#"(import "cm32p2|wasi:sockets/tcp-create-socket@0.2" "create-tcp-socket" (func $s (param i32 i32)))"#;
    let create = "(call $s (i32.const 0) (i32.const 16)) (call $digit (i32.load8_u (i32.const 20)))";
    let lookup = r#"
  (import "cm32p2|wasi:sockets/instance-network@0.2" "instance-network" (func $network (result i32)))
  (import "cm32p2|wasi:sockets/ip-name-lookup@0.2" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))"#;
    let resolve = "
    (call $resolve (call $network) (i32.const 1140) (i32.const 9) (i32.const 16))
    (call $digit (i32.load8_u (i32.const 20)))";
    for (imports, body, answer, told) in [
        // `access-denied` is case 1 of both.
        (KEYVALUE, open, "1", "`gateway` was refused the bucket `secret` (`wasi:keyvalue/store`)"),
        (socket, create, "1", "`gateway` was refused a TCP socket (`wasi:sockets`)"),
        (lookup, resolve, "1", "`gateway` was refused the look-up of `localhost` (`wasi:sockets/ip-name-lookup`)"),
    ] {
        let server = Running::start(http_guest(imports, body), options());
        for _ in 0..2 {
            assert_eq!(server.get("/"), (200, answer.to_owned()), "{told}");
        }
        assert_eq!(server.stop(), [format!("runtime::denied: {told}: it is not granted")]);
    }
}

#[test]
fn environment_and_folders_are_empty_unless_granted() {
    let imports = r#"
  (import "cm32p2|wasi:cli/environment@0.2" "get-environment" (func $environment (param i32)))
  (import "cm32p2|wasi:filesystem/preopens@0.2" "get-directories" (func $directories (param i32)))"#;
    // Variables and folders in one digit.
    let body = "
    (call $environment (i32.const 16))
    (call $directories (i32.const 32))
    (call $digit (i32.add (i32.mul (i32.load (i32.const 20)) (i32.const 3)) (i32.load (i32.const 36))))";
    let guest = || http_guest(imports, body);
    assert_eq!(Running::start(guest(), options()).get("/"), (200, "0".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let grants = Grants {
        env: [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())].into(),
        dirs: vec![Dir::new(folder.path(), Some("/data"), Access::ReadOnly)],
        ..Grants::default()
    };
    assert_eq!(Running::start(guest(), ServeOptions { grants, ..options() }).get("/"), (200, "7".to_owned()));
    let missing =
        Grants { dirs: vec![Dir::new(&folder.path().join("missing"), None, Access::ReadOnly)], ..Grants::default() };
    let options = ServeOptions { grants: missing, ..options() };
    let error = serve(&Artifact::bytes("app.wasm", &guest()), &options, &|_| ()).unwrap_err();
    assert_eq!(error.problems()[0].code, "runtime::granted-folder");
}

#[test]
fn requests_go_out_only_where_granted() {
    let guest = || sender("localhost:1");
    let server = Running::start(guest(), options());
    // `HTTP-request-denied` is case 15: the character 15 after `0`.
    let answer = server.get("/");
    assert_eq!(answer, (200, "?".to_owned()), "{:?}", server.told);
    assert_eq!(
        server.stop(),
        [
            "runtime::denied: `gateway` was refused a request to `localhost:1` (`wasi:http/outgoing-handler`): it is not granted"
        ]
    );
    let grants = Grants { http_out: Scope::Only(["localhost:1".parse().unwrap()].into()), ..Grants::default() };
    let server = Running::start(guest(), ServeOptions { grants, ..options() });
    // Nobody listens there: `connection-refused` is case 6.
    assert_eq!(server.get("/"), (200, "6".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn what_a_part_writes_is_told_under_its_name() {
    let imports = r#"
  (import "cm32p2|wasi:cli/stdout@0.2" "get-stdout" (func $stdout (result i32)))
  (import "cm32p2|wasi:logging/logging" "log" (func $log (param i32 i32 i32 i32 i32)))"#;
    let body = "
    (call $put (call $stdout) (i32.const 1160) (i32.const 13) (i32.const 16))
    (call $log (i32.const 3) (i32.const 1120) (i32.const 6) (i32.const 1024) (i32.const 5))";
    let server = Running::start(http_guest(imports, body), options());
    assert_eq!(server.get("/").0, 200);
    let told = server.stop();
    assert_eq!(told[0], "gateway/out: said by hand");
    assert!(told[1].starts_with("runtime::denied: `gateway` was refused logging"), "{told:?}");
    let grants = Grants { logging: true, ..Grants::default() };
    let server = Running::start(http_guest(imports, body), ServeOptions { grants, ..options() });
    assert_eq!(server.get("/").0, 200);
    assert_eq!(server.stop(), ["gateway/out: said by hand", "gateway Warn visits: hello"]);
}

#[test]
fn imports_without_a_provider_are_all_named() {
    let imports = r#"
  (import "cm32p2|acme:shop/auth" "check" (func $check (result i32)))
  (import "cm32p2|wasi:nonsense/nothing@0.2" "do" (func $do))"#;
    let guest = http_guest(imports, "(drop (call $check)) (call $do)");
    let error = serve(&Artifact::bytes("app.wasm", &guest), &options(), &|_| ()).unwrap_err();
    let Error::Unsatisfied { imports, .. } = &error else { panic!("{error:?}") };
    assert_eq!(imports, &["acme:shop/auth", "wasi:nonsense/nothing@0.2.0"]);
    assert_eq!(error.problems().len(), 2);
}

#[test]
fn what_is_no_server_is_told() {
    let error = serve(&Artifact::bytes("app.wasm", b"hello"), &options(), &|_| ()).unwrap_err();
    assert!(matches!(error, Error::NotAComponent { core_module: false, .. }));
    let error = serve(&Artifact::bytes("app.wasm", b"\0asm\x01\0\0\0"), &options(), &|_| ()).unwrap_err();
    assert!(matches!(error, Error::NotAComponent { core_module: true, .. }));
    let error = serve(&Artifact::bytes("app.wasm", &command("(i32.const 0)")), &options(), &|_| ()).unwrap_err();
    assert_eq!(error.problems()[0].help, ["run it: `cargo mosaic run app.wasm`"]);
    let error = serve(&Artifact::file("/nowhere/app.wasm"), &options(), &|_| ()).unwrap_err();
    assert!(matches!(error, Error::Read { .. }));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options = ServeOptions { address: taken.local_addr().unwrap(), ..options() };
    let error = serve(&Artifact::bytes("app.wasm", &http_guest("", "")), &options, &|_| ()).unwrap_err();
    assert_eq!(error.problems()[0].help, ["use a free port: `--addr 127.0.0.1:0`"]);
}

/// Asks for `visits` and answers whether there is a value.
#[test]
fn configuration_comes_by_granted_key() {
    let import = r#"(import "cm32p2|wasi:config/store@0.2.0-rc.1" "get" (func $config (param i32 i32 i32)))"#;
    let body =
        "(call $config (i32.const 1120) (i32.const 6) (i32.const 16)) (call $digit (i32.load8_u (i32.const 20)))";
    let server = Running::start(http_guest(import, body), options());
    assert_eq!(server.get("/"), (200, "0".to_owned()));
    assert_eq!(
        server.stop(),
        ["runtime::denied: `gateway` was refused the value of `visits` (`wasi:config/store`): it is not granted"]
    );
    let grants = Grants {
        config_keys: Scope::Only(["visits".to_owned()].into()),
        config: [("visits".to_owned(), "7".to_owned())].into(),
        ..Grants::default()
    };
    let server = Running::start(http_guest(import, body), ServeOptions { grants, ..options() });
    assert_eq!(server.get("/"), (200, "1".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[test]
fn objects_are_kept_in_granted_containers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(storing(), options());
    assert_eq!(server.get("/w"), (200, "9".to_owned()));
    assert_eq!(
        server.stop(),
        [
            "runtime::denied: `gateway` was refused the container `visits` (`wasi:blobstore/blobstore`): it is not granted"
        ]
    );
    let granted = || ServeOptions {
        grants: Grants { containers: Scope::Only(["visits".to_owned()].into()), ..Grants::default() },
        stores: Stores { data: Some(folder.path().to_owned()), ..Stores::default() },
        ..options()
    };
    let server = Running::start(storing(), granted());
    assert_eq!(server.get("/"), (200, "9".to_owned()));
    assert_eq!(server.get("/w"), (200, "0".to_owned()));
    assert_eq!(server.stop(), Vec::<String>::new());
    // Another server finds it; the guest reads from the second byte on.
    let server = Running::start(storing(), granted());
    assert_eq!(server.get("/"), (200, "ello".to_owned()));
}
