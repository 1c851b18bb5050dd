//! Which export meets an import, and why.

use std::sync::Arc;

use super::{at, edges, exports, failures, of, planned, wanted_by, wire};
use crate::{
    compose::fixture::part,
    diagnostic::{Diagnose, SourceFile},
    plan::{
        Options, Unused,
        error::{Failure, Near},
        explain::explain,
        graph::{Said, Wiring},
        plan,
    },
};

#[test]
fn a_chain_three_deep_is_wired_whole() {
    let graph = planned(&[
        of("gateway", "import auth; export audit;"),
        of("auth", "import inference; export auth;"),
        of("inference", "export inference;"),
    ])
    .expect("planned");
    assert_eq!(graph.instances, ["inference", "auth", "gateway"]);
    assert_eq!(
        edges(&graph),
        ["auth.inference@0.1.0 ← inference.inference@0.1.0 Exact", "gateway.auth@0.1.0 ← auth.auth@0.1.0 Exact"]
    );
    assert_eq!(exports(&graph), ["acme:shop/audit@0.1.0 from gateway"]);
    assert!(graph.host.is_empty());
}

#[test]
fn a_compatible_version_is_taken_and_an_equal_one_preferred() {
    let gateway = of("gateway", "import auth; export audit;");
    let graph = planned(&[gateway.clone(), at("0.1.6", "auth", "export auth;")]).expect("planned");
    assert_eq!(edges(&graph), ["gateway.auth@0.1.0 ← auth.auth@0.1.6 Compatible"]);
    let graph = planned(&[gateway, at("0.1.6", "newer", "export auth;"), of("auth", "export auth;")]).expect("planned");
    assert_eq!(edges(&graph), ["gateway.auth@0.1.0 ← auth.auth@0.1.0 Exact"]);
}

#[test]
fn an_incompatible_version_is_unmet_and_named() {
    let parts = [of("gateway", "import auth; export audit;"), at("0.2.0", "auth", "export auth;")];
    let failures = failures(&parts, &Wiring::default());
    let [Failure::Unmet { part, import, near, at }] = &failures[..] else { panic!("{failures:?}") };
    assert_eq!((part.as_str(), import.as_str()), ("gateway", "acme:shop/auth@0.1.0"));
    assert_eq!(*near, [Near::Version { part: "auth".into(), export: "acme:shop/auth@0.2.0".into() }]);
    assert!(at.as_ref().expect("a place").shown.starts_with("gateway.wit:"), "{at:?}");
}

#[test]
fn pre_releases_match_only_themselves() {
    let wants = at("1.0.0-rc.1", "gateway", "import auth; export audit;");
    assert!(planned(&[wants.clone(), at("1.0.0-rc.1", "auth", "export auth;")]).is_ok());
    assert!(planned(&[wants.clone(), at("1.0.0-rc.2", "auth", "export auth;")]).is_err());
    assert!(planned(&[wants, at("1.0.0", "auth", "export auth;")]).is_err());
}

#[test]
fn two_providers_are_ambiguous_until_one_is_wired() {
    let parts =
        [of("gateway", "import auth; export audit;"), of("auth-a", "export auth;"), of("auth-b", "export auth;")];
    let error = planned(&parts).expect_err("ambiguous");
    let problems = error.problems();
    assert_eq!(problems[0].code, "plan::ambiguous");
    assert_eq!(problems[0].message, "`gateway` imports `acme:shop/auth@0.1.0`, which `auth-a` and `auth-b` export");
    assert_eq!(problems[0].help, ["Choose one: --wire gateway/acme:shop/auth=auth-a"]);
    let graph = plan(&parts, &wire(&[("gateway", "acme:shop/auth", "auth-b")]), &Options::default()).expect("wired");
    assert_eq!(edges(&graph), ["gateway.auth@0.1.0 ← auth-b.auth@0.1.0 Wired(None)"]);
    // What nobody imports is exported.
    assert_eq!(exports(&graph), ["acme:shop/audit@0.1.0 from gateway", "acme:shop/auth@0.1.0 from auth-a"]);
}

#[test]
fn a_wire_may_say_which_export_is_meant() {
    let wit =
        |world: &str| format!("package acme:kv@1.0.0; interface store {{ get: func(key: string) -> string; }} {world}");
    let app = part("app", &wit("world app { import store; export run: func(); }"));
    let both = part("both", &wit("world both { export hot: store; export cold: store; }"));
    let wiring = wire(&[("app", "acme:kv/store", "both/cold")]);
    let wiring = Wiring { exports: Some(vec![Said::plain("app")]), ..wiring };
    let graph = plan(&[app.clone(), both.clone()], &wiring, &Options::default()).expect("planned");
    assert_eq!(edges(&graph), ["app.store@1.0.0 ← both.cold Wired(None)"]);
    let error = plan(&[app, both], &wire(&[("app", "acme:kv/store", "both/warm")]), &Options::default());
    assert_eq!(
        error.expect_err("no such export").problems()[0].message,
        "`app` import `acme:kv/store@1.0.0` is wired to `both/warm`, which `both` does not export"
    );
}

#[test]
fn wasi_and_what_is_open_are_left_to_the_host() {
    let wasi = |version: &str, name: &str| {
        part(
            name,
            &format!(
                "package acme:{name};
                world {name} {{ import wasi:clocks/now@{version}; import acme:legacy/ledger@1.2.0; export run: func(); }}
                package wasi:clocks@{version} {{ interface now {{ now: func() -> u64; }} }}
                package acme:legacy@1.2.0 {{ interface ledger {{ book: func(n: u32); }} }}"
            ),
        )
    };
    let parts = [wasi("0.2.0", "one"), wasi("0.2.9", "two")];
    let wiring = Wiring {
        open: vec![Said::plain("acme:legacy/ledger")],
        exports: Some(vec![Said::plain("one")]),
        ..Wiring::default()
    };
    let options = Options { unused: Unused::Allow, ..Options::default() };
    let graph = plan(&parts, &wiring, &options).expect("planned");
    let host: Vec<_> = graph.host.iter().map(|host| (host.import.as_str(), wanted_by(host))).collect();
    assert_eq!(
        host,
        [("wasi:clocks/now@0.2.9", "one two".to_owned()), ("acme:legacy/ledger@1.2.0", "one two".to_owned())]
    );
    let closed = plan(&parts, &Wiring { open: Vec::new(), ..wiring }, &options).expect_err("not open");
    assert_eq!(closed.failures.len(), 2);
}

#[test]
fn parts_that_share_a_host_import_must_agree_on_it() {
    let wasi = |name: &str, result: &str| {
        part(
            name,
            &format!(
                "package acme:{name}; world {name} {{ import wasi:clocks/now@0.2.0; export {name}: func(); }}
                package wasi:clocks@0.2.0 {{ interface now {{ now: func() -> {result}; }} }}"
            ),
        )
    };
    let error = planned(&[wasi("one", "u64"), wasi("two", "u32")]).expect_err("they differ");
    assert_eq!(
        error.problems()[0].message,
        "`two` and `one` leave `wasi:clocks/now@0.2.0` to the host, but mean different things by it"
    );
    assert_eq!(
        error.problems()[0].causes,
        ["function `now`, result: expected `u32`, found `u64`; see two.wit:2:61 and one.wit:2:61"]
    );
}

#[test]
fn functions_of_a_world_are_wired_by_name() {
    let a = part("a", "package x:a; world a { import log: func(line: string); export run: func(); }");
    let b = part("b", "package x:b; world b { export log: func(line: string); }");
    let graph = planned(&[a.clone(), b]).expect("planned");
    assert_eq!(edges(&graph), ["a.log ← b.log Exact"]);
    assert_eq!(exports(&graph), ["run from a"]);
    let c = part("c", "package x:c; world c { export log: func(line: u8); }");
    let error = planned(&[a.clone(), c]).expect_err("another type");
    assert_eq!(
        error.problems()[0].causes[..1],
        ["function `log`, parameter `line`: expected `string`, found `u8`; see a.wit:1:41 and c.wit:1:41"]
    );
    let d = part("d", "package x:d; world d { export log: interface { f: func(); } }");
    let error = planned(&[a, d]).expect_err("another kind");
    assert_eq!(error.problems()[0].causes, ["`a` expects a function, `d` exports an interface as `log`"]);
}

#[test]
fn one_interface_can_be_imported_twice_by_label() {
    let wit =
        |world: &str| format!("package acme:kv@1.0.0; interface store {{ get: func(key: string) -> string; }} {world}");
    let app = part("app", &wit("world app { import hot: store; import cold: store; export run: func(); }"));
    let redis = part("redis", &wit("world redis { export store; }"));
    let disk = part("disk", &wit("world disk { export store; }"));
    let wiring = wire(&[("app", "hot", "redis"), ("app", "cold", "disk")]);
    let graph = plan(&[app, redis, disk], &wiring, &Options::default()).expect("planned");
    assert_eq!(edges(&graph), ["app.hot ← redis.store@1.0.0 Wired(None)", "app.cold ← disk.store@1.0.0 Wired(None)"]);
}

#[test]
fn the_explanation_says_why() {
    let parts = [
        of("gateway", "import auth; import login; export front;"),
        at("0.1.6", "auth", "export auth;"),
        of("login", "export login;"),
    ];
    let mut wiring = wire(&[("gateway", "acme:shop/login", "login")]);
    let text = "[compose]\n\nwire = { \"gateway/acme:shop/login\" = \"login\" }\n";
    wiring.source = Some(Arc::new(SourceFile { name: "mosaic.toml".into(), text: text.into() }));
    wiring.wire[0].key_at = Some(20..45);
    let graph = plan(&parts, &wiring, &Options::default()).expect("planned");
    assert_eq!(
        explain(&graph, &wiring).to_string(),
        "acme:shop/types@0.1.0 (plain types, shared by gateway, login)
auth
login
  acme:shop/types@0.1.0 ← acme:shop/types@0.1.0 (plain types, defined in the app itself)
gateway
  acme:shop/auth@0.1.0 ← auth (compatible version, 0.1.0 → 0.1.6)
  acme:shop/types@0.1.0 ← acme:shop/types@0.1.0 (plain types, defined in the app itself)
  acme:shop/login@0.1.0 ← login (wired in mosaic.toml:3)
exports
  acme:shop/types@0.1.0 (from acme:shop/types@0.1.0)
  acme:shop/front@0.1.0 (from gateway)
"
    );
}

#[test]
fn a_plan_is_the_same_each_time() {
    let parts: Vec<_> = (0..30)
        .map(|index| {
            let wit = format!(
                "package a:n{index}@0.1.0; interface api {{ f: func(); }}
                world part{index} {{ {} export api; }} {}",
                if index > 0 { format!("import a:n{}/api@0.1.0;", index - 1) } else { String::new() },
                if index > 0 {
                    format!("package a:n{}@0.1.0 {{ interface api {{ f: func(); }} }}", index - 1)
                } else {
                    String::new()
                }
            );
            part(&format!("part{index}"), &wit)
        })
        .collect();
    let first = planned(&parts).expect("planned");
    assert_eq!(first.instances.len(), 30);
    for _ in 0..5 {
        assert_eq!(planned(&parts).expect("planned"), first);
    }
}
