//! Every rule of the planner, and every way to fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use indexmap::IndexMap;

use super::{
    Error, Options, Unused,
    capability::Grants,
    error::{Failure, Near},
    explain::explain,
    graph::{Graph, HostImport, Said, Why, Wire, Wiring, Wrap},
    holdings::{Holding, Hosts},
    plan,
};
use crate::{
    compose::fixture::part,
    diagnostic::{Diagnose, SourceFile},
    grants_section::Held,
    manifest::Family,
    resolve::Part,
};

/// Interfaces that the worlds below use; `auth` and `inference` at a version of choice.
fn shop(version: &str, world: &str) -> String {
    format!(
        "package acme:shop@{version};
        interface auth {{ check: func(token: string) -> bool; }}
        interface inference {{ score: func(text: string) -> f32; }}
        interface audit {{ note: func(line: string); }}
        interface types {{ record claims {{ subject: string, role: role }} enum role {{ reader, writer }} }}
        interface login {{ use types.{{claims}}; login: func() -> claims; }}
        interface front {{ use types.{{claims}}; show: func(c: claims); }}
        interface sessions {{ resource session {{ name: func() -> string; }} }}
        interface store {{ use sessions.{{session}}; put: func(s: session); }}
        {world}"
    )
}

fn at(version: &str, name: &str, body: &str) -> Part {
    part(name, &shop(version, &format!("world w {{ {body} }}")))
}

fn of(name: &str, body: &str) -> Part {
    at("0.1.0", name, body)
}

fn planned(parts: &[Part]) -> Result<Graph, Error> {
    plan(parts, &Wiring::default(), &Options::default())
}

#[track_caller]
fn failures(parts: &[Part], wiring: &Wiring) -> Vec<Failure> {
    plan(parts, wiring, &Options::default()).expect_err("must not be planned").failures
}

/// `from.import ← to (why)`, short.
fn edges(graph: &Graph) -> Vec<String> {
    let short = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    graph
        .edges
        .iter()
        .map(|edge| {
            format!(
                "{}.{} ← {}.{} {:?}",
                edge.from,
                short(&edge.import),
                short(&edge.to),
                short(&edge.export),
                edge.why
            )
        })
        .collect()
}

fn wanted_by(host: &HostImport) -> String {
    host.wanted_by.iter().map(|wanted| wanted.by.as_str()).collect::<Vec<_>>().join(" ")
}

fn exports(graph: &Graph) -> Vec<String> {
    graph.exports.iter().map(|export| format!("{} from {}", export.name, export.from)).collect()
}

fn wire(pairs: &[(&str, &str, &str)]) -> Wiring {
    let wire = pairs.iter().map(|(part, interface, to)| {
        (((*part).to_owned(), (*interface).to_owned()), Wire { key_at: None, to: Said::plain(*to) })
    });
    Wiring { wire: wire.collect(), ..Wiring::default() }
}

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
fn a_middleware_stands_between() {
    let parts = [
        of("cache", "import auth; export auth;"),
        of("auth", "export auth;"),
        of("gateway", "import auth; export audit;"),
    ];
    // The gateway could have either; the cache only the other one.
    let wiring = wire(&[("gateway", "acme:shop/auth", "cache")]);
    let graph = plan(&parts, &wiring, &Options::default()).expect("planned");
    assert_eq!(
        edges(&graph),
        ["cache.auth@0.1.0 ← auth.auth@0.1.0 Exact", "gateway.auth@0.1.0 ← cache.auth@0.1.0 Wired(None)"]
    );
}

fn wrap(entries: &[(&str, &str, &[&str])]) -> Wiring {
    let wrap = entries.iter().map(|(part, interface, by)| {
        let by = by.iter().map(|by| Said::plain(*by)).collect();
        (((*part).to_owned(), (*interface).to_owned()), Wrap { key_at: None, by })
    });
    Wiring { wrap: wrap.collect(), ..Wiring::default() }
}

#[test]
fn what_is_wrapped_is_met_by_the_first_in_front() {
    let parts = [
        of("gateway", "import auth; export audit;"),
        of("auth", "export auth;"),
        of("cache", "import auth; export auth;"),
        at("0.1.4", "limit", "import auth; export auth;"),
        of("admin", "import auth; export inference;"),
    ];
    let graph =
        plan(&parts, &wrap(&[("auth", "acme:shop/auth", &["limit", "cache"])]), &Options::default()).expect("it");
    assert_eq!(
        edges(&graph),
        [
            "cache.auth@0.1.0 ← auth.auth@0.1.0 Wraps(None)",
            "limit.auth@0.1.4 ← cache.auth@0.1.0 Wraps(None)",
            "gateway.auth@0.1.0 ← limit.auth@0.1.4 InFrontOf(\"auth\")",
            "admin.auth@0.1.0 ← limit.auth@0.1.4 InFrontOf(\"auth\")"
        ]
    );
    // Whoever is wired to the wrapped part meets what stands in front of it as well.
    let wiring = Wiring {
        wire: wire(&[("gateway", "acme:shop/auth", "auth")]).wire,
        ..wrap(&[("auth", "acme:shop/auth", &["cache"])])
    };
    let graph = plan(&[&parts[..3], &parts[4..]].concat(), &wiring, &Options::default()).expect("planned");
    assert!(edges(&graph).contains(&"gateway.auth@0.1.0 ← cache.auth@0.1.0 InFrontOf(\"auth\")".to_owned()));
}

#[test]
fn an_export_that_is_wrapped_is_that_of_the_first_in_front() {
    let parts = [of("gateway", "export audit; export inference;"), of("cors", "import audit; export audit;")];
    for said in [None, Some(vec![Said::plain("gateway")])] {
        let wiring = Wiring { exports: said, ..wrap(&[("gateway", "acme:shop/audit", &["cors"])]) };
        let graph = plan(&parts, &wiring, &Options::default()).expect("planned");
        let mut found = exports(&graph);
        found.sort();
        assert_eq!(found, ["acme:shop/audit@0.1.0 from cors", "acme:shop/inference@0.1.0 from gateway"]);
    }
}

#[test]
fn one_component_in_front_of_two_is_instantiated_twice() {
    let log = || "import auth; export auth;";
    let parts = [
        of("gateway", "import auth; export audit;"),
        of("auth", "export auth;"),
        of("one", log()),
        of("two", log()),
        of("three", "export auth;"),
        of("admin", "import auth; export inference;"),
    ];
    let entries: &[(&str, &str, &[&str])] =
        &[("auth", "acme:shop/auth", &["one"]), ("three", "acme:shop/auth", &["two"])];
    let wiring = Wiring {
        wire: wire(&[("gateway", "acme:shop/auth", "auth"), ("admin", "acme:shop/auth", "three")]).wire,
        ..wrap(entries)
    };
    let graph = plan(&parts, &wiring, &Options::default()).expect("planned");
    let to = |from: &str| graph.edges.iter().find(|edge| edge.from == from).map(|edge| edge.to.clone());
    assert_eq!((to("gateway"), to("admin")), (Some("one".into()), Some("two".into())));
}

#[test]
fn what_cannot_stand_in_front_is_told_why() {
    let parts = [
        of("gateway", "import auth; export audit;"),
        of("auth", "export auth;"),
        of("deaf", "export auth;"),
        of("mute", "import auth; export inference;"),
        of("alien", "export login;"),
        of("cache", "import auth; export auth;"),
    ];
    let told = |wiring: Wiring| -> Vec<String> {
        let error = plan(&parts, &wiring, &Options::default()).expect_err("refused");
        let faults = error.failures.iter().filter_map(|failure| match failure {
            Failure::Wrap { by, fault, .. } => Some(format!("{by} {fault:?}")),
            _ => None,
        });
        faults.collect()
    };
    let by = |by: &[&str]| told(wrap(&[("auth", "acme:shop/auth", by)]));
    assert_eq!(by(&["deaf", "mute", "alien"]), ["deaf NotImported", "mute NotExported", "alien Neither"]);
    assert_eq!(by(&["auth"]), ["auth Itself"]);
    assert_eq!(by(&["cache", "cache"]), ["cache Twice"]);
    let wiring = Wiring {
        wire: wire(&[("cache", "acme:shop/auth", "deaf")]).wire,
        ..wrap(&[("auth", "acme:shop/auth", &["cache"])])
    };
    assert_eq!(told(wiring), ["cache Wired { to: \"deaf\", at: None }"]);
    let codes = |wiring: Wiring| -> Vec<&str> {
        let error = plan(&parts, &wiring, &Options::default()).expect_err("refused");
        error.problems().into_iter().map(|problem| problem.code).take(1).collect()
    };
    assert_eq!(codes(wrap(&[("auth", "acme:shop/audit", &["cache"])])), ["plan::unknown-interface"]);
    assert_eq!(codes(wrap(&[("outh", "acme:shop/auth", &["cache"])])), ["plan::unknown-component"]);
    assert_eq!(codes(wrap(&[("auth", "acme:shop/auth", &["cash"])])), ["plan::unknown-component"]);
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
fn a_cycle_is_shown_as_a_path() {
    let error = planned(&[
        of("gateway", "import auth; export audit;"),
        of("auth", "import inference; export auth;"),
        of("inference", "import auth; export inference;"),
    ])
    .expect_err("a cycle");
    let problem = &error.problems()[0];
    assert_eq!(problem.code, "plan::cycle");
    assert_eq!(problem.message, "components import each other: auth → inference → auth");
    assert_eq!(
        problem.causes,
        [
            "`auth` imports `acme:shop/inference@0.1.0` from `inference`",
            "`inference` imports `acme:shop/auth@0.1.0` from `auth`"
        ]
    );
}

#[test]
fn mismatches_are_told_whole_with_both_places() {
    let old = "package acme:shop@0.1.0; interface auth { record claims { name: string, age: u8 } check: func(token: list<u8>) -> claims; }";
    let new = "package acme:shop@0.1.0; interface auth { record claims { name: string, age: u16 } check: func(token: string) -> claims; }";
    let gateway = part("gateway", &format!("{new} world w {{ import auth; export run: func(); }}"));
    let auth = part("auth", &format!("{old} world w {{ export auth; }}"));
    let text = |name: &str, part: &str| {
        let source = SourceFile { name: format!("wit/{name}"), text: format!("{part} world") };
        (name.to_owned(), Arc::new(source))
    };
    let sources: IndexMap<_, _> = [text("gateway.wit", new), text("auth.wit", old)].into_iter().collect();
    let manifest =
        SourceFile { name: "mosaic.toml".into(), text: "wire = { \"gateway/acme:shop/auth\" = \"auth\" }".into() };
    let mut wiring = wire(&[("gateway", "acme:shop/auth", "auth")]);
    wiring.source = Some(Arc::new(manifest));
    wiring.wire[0].key_at = Some(9..33);
    let options = Options { sources, ..Options::default() };
    let error = plan(&[gateway, auth], &wiring, &options).expect_err("they differ");
    let problem = &error.problems()[0];
    assert_eq!(problem.code, "plan::type-mismatch");
    assert_eq!(problem.message, "cannot connect `gateway` import `acme:shop/auth@0.1.0` to `auth`");
    assert_eq!(
        problem.causes,
        [
            "record `claims`, field `age`: expected `u16`, found `u8`",
            "function `check`, parameter `token`: expected `string`, found `list<u8>`",
            "`auth` may have more functions and types than `gateway` asks for, but each that both have must be the same"
        ]
    );
    let labels: Vec<_> = problem
        .labels
        .iter()
        .map(|label| (label.source.name.as_str(), &label.source.text[label.span.clone()], label.text.as_str()))
        .collect();
    assert_eq!(
        labels,
        [
            ("wit/gateway.wit", "age", "`gateway` expects `u16`"),
            ("wit/auth.wit", "age", "`auth` has `u8`"),
            ("wit/gateway.wit", "token", "`gateway` expects `string`"),
            ("wit/auth.wit", "token", "`auth` has `list<u8>`"),
            ("mosaic.toml", "\"gateway/acme:shop/auth\" =".trim_end_matches(" ="), "wired here")
        ]
    );
}

#[test]
fn who_provides_a_resource_provides_it_to_all_who_use_its_interfaces() {
    // Both have sessions, so the gateway must take those of whoever has the store.
    let parts = [
        of("gateway", "import store; export audit;"),
        of("memory", "export sessions; export store;"),
        of("disk", "export sessions;"),
    ];
    let graph = planned(&parts).expect("planned");
    assert_eq!(
        edges(&graph),
        [
            "gateway.sessions@0.1.0 ← memory.sessions@0.1.0 TypesOf(\"acme:shop/store@0.1.0\")",
            "gateway.store@0.1.0 ← memory.store@0.1.0 Exact"
        ]
    );
}

#[test]
fn a_resource_passed_on_comes_from_its_owner() {
    let parts = [
        of("gateway", "import store; export audit;"),
        of("memory", "import sessions; export store;"),
        of("disk", "export sessions;"),
        of("other", "export sessions;"),
    ];
    let wiring = wire(&[("memory", "acme:shop/sessions", "other")]);
    let graph = plan(&parts, &wiring, &Options::default()).expect("planned");
    assert!(
        edges(&graph)
            .contains(&"gateway.sessions@0.1.0 ← other.sessions@0.1.0 TypesOf(\"acme:shop/store@0.1.0\")".to_owned()),
        "{:?}",
        edges(&graph)
    );
}

#[test]
fn a_resource_from_two_places_is_refused() {
    let parts = [
        of("gateway", "import store; import sessions; export audit;"),
        of("memory", "export sessions; export store;"),
        of("disk", "export sessions;"),
    ];
    let wiring = wire(&[("gateway", "acme:shop/sessions", "disk")]);
    let error = plan(&parts, &wiring, &Options::default()).expect_err("two owners");
    let problem = &error.problems()[0];
    assert_eq!(problem.code, "plan::resource-identity");
    assert_eq!(
        problem.causes[1..3],
        ["`gateway` gets it from `disk`, as `acme:shop/sessions@0.1.0`", "`memory` defines it"]
    );
    assert_eq!(problem.help, ["Have it from `memory` in both: --wire gateway/acme:shop/sessions=memory"]);
}

#[test]
fn a_resource_of_the_hosts_cannot_be_a_components() {
    let wit = |name: &str, body: &str| {
        part(
            name,
            &format!(
                "package acme:{name}; world {name} {{ {body} export {name}: func(); }}
                package wasi:filesystem@0.2.0 {{
                    interface types {{ resource descriptor {{ sync: func(); }} }}
                    interface preopens {{ use types.{{descriptor}}; get: func() -> list<descriptor>; }}
                }}"
            ),
        )
    };
    let parts =
        [wit("app", "import wasi:filesystem/preopens@0.2.0;"), wit("virtual", "export wasi:filesystem/types@0.2.0;")];
    let error = planned(&parts).expect_err("half virtual");
    assert_eq!(error.problems()[0].code, "plan::resource-identity");
    assert!(error.problems()[0].message.contains("the host"), "{}", error.problems()[0].message);
}

#[test]
fn plain_types_nobody_exports_are_defined_in_the_app() {
    let parts = [of("gateway", "import login; export front;"), of("auth", "export login;")];
    let graph = planned(&parts).expect("planned");
    assert_eq!(graph.types["acme:shop/types@0.1.0"], ["gateway", "auth"]);
    assert_eq!(graph.instances, ["acme:shop/types@0.1.0", "auth", "gateway"]);
    assert!(graph.host.is_empty());
    // Before the interface that uses them.
    assert_eq!(
        exports(&graph),
        ["acme:shop/types@0.1.0 from acme:shop/types@0.1.0", "acme:shop/front@0.1.0 from gateway"]
    );
}

#[test]
fn plain_types_a_part_exports_come_from_there() {
    let parts = [of("gateway", "import login; export audit;"), of("auth", "export types; export login;")];
    let graph = planned(&parts).expect("planned");
    assert!(graph.types.is_empty());
    assert_eq!(graph.edges[0].to, "auth");
    assert_eq!(graph.edges[0].why, Why::TypesOf("acme:shop/login@0.1.0".into()));
}

#[test]
fn plain_types_do_not_close_a_cycle() {
    let parts = [
        of("auth", "import types; import inference; export login;"),
        of("inference", "import login; export inference; export types;"),
    ];
    // Each needs a function of the other: a cycle whatever the types do.
    assert!(planned(&parts).is_err());
    let parts = [of("auth", "export login;"), of("inference", "import login; export inference; export types;")];
    let graph = planned(&parts).expect("auth's types need not be inference's");
    assert!(graph.types.contains_key("acme:shop/types@0.1.0"));
}

#[test]
fn copies_of_plain_types_must_agree() {
    let other = "package acme:shop@0.1.0;
        interface types { record claims { subject: string } }
        interface login { use types.{claims}; login: func() -> claims; }
        world w { export login; }";
    let error = planned(&[of("gateway", "import login; export audit;"), part("auth", other)]).expect_err("they differ");
    assert!(error.problems().iter().any(|p| p.message.contains("acme:shop/types@0.1.0")), "{error}");
}

#[test]
fn an_unused_part_is_refused_unless_allowed() {
    let parts =
        [of("gateway", "import auth; export audit;"), of("auth", "export auth;"), of("inference", "export inference;")];
    let wiring = Wiring { exports: Some(vec![Said::plain("gateway")]), ..Wiring::default() };
    let failures = failures(&parts, &wiring);
    assert!(matches!(&failures[..], [Failure::Unused { part, .. }] if part == "inference"), "{failures:?}");
    let options = Options { unused: Unused::Allow, ..Options::default() };
    assert!(plan(&parts, &wiring, &options).is_ok());
}

#[test]
fn two_exports_of_one_name_clash() {
    let parts = [of("a", "export auth;"), at("0.1.3", "b", "export auth;")];
    let found = failures(&parts, &Wiring::default());
    assert!(matches!(&found[..], [Failure::ExportClash { parts, .. }] if *parts == ["a", "b"]), "{found:?}");
    let wiring = Wiring { exports: Some(vec![Said::plain("b/acme:shop/auth")]), ..Wiring::default() };
    let found = failures(&parts, &wiring);
    assert!(matches!(&found[..], [Failure::Unused { part, .. }] if part == "a"), "{found:?}");
}

#[test]
fn an_engines_own_exports_are_no_exports() {
    let wit = "package a:b; interface api { f: func(); }
        world python { export exports: interface { init: func(); } export api; export init: func(); }";
    let graph = planned(&[part("python", wit)]).expect("planned");
    assert_eq!(exports(&graph), ["a:b/api from python"]);
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
fn types_of_a_world_follow_their_interface() {
    let parts = [
        part("app", &shop("0.1.0", "world app { use types.{claims}; import peek: func(c: claims); export audit; }")),
        part("lib", &shop("0.1.0", "world lib { use types.{claims}; export peek: func(c: claims); }")),
    ];
    let graph = planned(&parts).expect("planned");
    let edge = graph.edges.iter().find(|edge| edge.from == "app" && edge.import == "claims").expect("an edge");
    assert_eq!((edge.to.as_str(), edge.member.as_deref()), ("acme:shop/types@0.1.0", Some("claims")));
    assert!(graph.host.is_empty());
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
fn what_is_unknown_is_told_with_what_was_meant() {
    let parts = [of("gateway", "import auth; export audit;"), of("auth", "export auth;")];
    let told = |wiring: &Wiring| -> Vec<String> {
        let error = plan(&parts, wiring, &Options::default()).expect_err("unknown");
        error.problems().into_iter().map(|p| format!("{}: {} {:?}", p.code, p.message, p.help)).collect()
    };
    assert_eq!(
        told(&wire(&[
            ("gatewy", "acme:shop/auth", "auth"),
            ("gateway", "acme:shop/auht", "auth"),
            ("gateway", "acme:shop/auth", "auht")
        ])),
        [
            "plan::unknown-component: there is no component `gatewy` [\"Did you mean `gateway`?\"]",
            "plan::unknown-interface: `gateway` does not import `acme:shop/auht` [\"Did you mean `acme:shop/auth@0.1.0`?\"]",
            "plan::unknown-component: there is no component `auht` [\"Did you mean `auth`?\"]"
        ]
    );
    assert_eq!(
        told(&wire(&[("gateway", "acme:shop/auth", "gateway")])),
        [
            "plan::wire-target: `gateway` import `acme:shop/auth@0.1.0` is wired to `gateway`, which does not export it [\"Its exports: `acme:shop/audit@0.1.0`.\"]"
        ]
    );
    let exports = |said: &str| Wiring { exports: Some(vec![Said::plain(said)]), ..Wiring::default() };
    assert_eq!(
        told(&exports("gateway/acme:shop/audti")),
        [
            "plan::unknown-interface: `gateway` does not export `acme:shop/audti` [\"Did you mean `acme:shop/audit@0.1.0`?\"]"
        ]
    );
    assert_eq!(told(&exports("x")).len(), 1);
}

#[test]
fn all_failures_are_told_at_once() {
    let parts = [
        of("gateway", "import auth; import inference; import login; export audit;"),
        of("a", "export inference;"),
        of("b", "export inference;"),
    ];
    let codes: Vec<_> = planned(&parts).expect_err("much is wrong").problems().into_iter().map(|p| p.code).collect();
    assert_eq!(codes, ["plan::unmet-import", "plan::ambiguous", "plan::unmet-import"]);
}

#[test]
fn two_parts_of_one_name_are_refused() {
    let found = failures(&[of("a", "export auth;"), of("a", "export audit;")], &Wiring::default());
    assert!(matches!(&found[..], [Failure::SameName { .. }]), "{found:?}");
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

/// A miniature of WASI's file system, whose descriptors are made of streams, with a clock beside it.
fn files(name: &str, version: &str, world: &str) -> Part {
    let wit = format!(
        "package acme:{name}@1.0.0;
        world w {{ {world} }}
        package acme:shelf@1.0.0 {{
            interface api {{ use wasi:filesystem/types@{version}.{{descriptor}}; open: func() -> descriptor; }}
            interface codes {{ use wasi:filesystem/types@{version}.{{error-code}}; last: func() -> error-code; }}
        }}
        package wasi:io@{version} {{ interface streams {{ resource input {{ read: func() -> list<u8>; }} }} }}
        package wasi:clocks@{version} {{ interface clock {{ now: func() -> u64; }} }}
        package wasi:nn@{version} {{ interface graph {{ load: func() -> u32; }} }}
        package wasi:filesystem@{version} {{
            interface types {{
                use wasi:io/streams@{version}.{{input}};
                enum error-code {{ access, io }}
                resource descriptor {{ read: func() -> result<input, error-code>; }}
            }}
            interface preopens {{ use types.{{descriptor}}; all: func() -> list<descriptor>; }}
        }}"
    );
    part(name, &wit)
}

fn granted(parts: &[(&str, Family)]) -> Options {
    let mut grants: BTreeMap<String, BTreeSet<Family>> = BTreeMap::new();
    for (part, family) in parts {
        grants.entry((*part).to_owned()).or_default().insert(*family);
    }
    Options { grants: Grants::Known(grants), ..Options::default() }
}

const FILES: &str = "import wasi:filesystem/preopens@0.2.0; import wasi:clocks/clock@0.2.0; export run: func();";

#[test]
fn what_is_not_granted_is_met_by_one_denial() {
    let parts = [
        files("one", "0.2.0", FILES),
        files("two", "0.2.6", &FILES.replace("0.2.0", "0.2.6").replace("run", "walk")),
        files("three", "0.2.0", &FILES.replace("run", "jump")),
    ];
    let graph =
        plan(&parts, &Wiring::default(), &granted(&[("three", Family::Filesystem), ("one", Family::Env)])).expect("it");
    let name = "mosaic:grants/denied";
    assert_eq!(graph.instances, [name, "one", "two", "three"]);
    let denial = &graph.denials[name];
    assert_eq!(denial.parts, ["one", "two"]);
    assert_eq!(denial.interfaces, ["wasi:filesystem/types@0.2.6", "wasi:filesystem/preopens@0.2.6"]);
    assert!(graph.edges.iter().all(|edge| edge.to == name && edge.why == Why::Closed(Some(Family::Filesystem))));
    assert_eq!(graph.edges.len(), 4);
    let host: Vec<_> = graph.host.iter().map(|host| (host.import.as_str(), wanted_by(host))).collect();
    assert_eq!(
        host,
        [
            ("wasi:io/streams@0.2.6", "one two three".to_owned()),
            ("wasi:clocks/clock@0.2.6", "one two three".to_owned()),
            ("wasi:filesystem/types@0.2.0", "three".to_owned()),
            ("wasi:filesystem/preopens@0.2.0", "three".to_owned())
        ]
    );
    let told = explain(&graph, &Wiring::default()).to_string();
    assert!(
        told.starts_with(
            "one\n  always granted: wasi:clocks/clock\n  \
            closed (not granted `filesystem`): wasi:filesystem/types, wasi:filesystem/preopens\n  \
            values only: wasi:io/streams\ntwo\n"
        ),
        "{told}"
    );
    assert!(told.contains("  granted (`filesystem`): wasi:filesystem/types, wasi:filesystem/preopens\n"), "{told}");
}

#[test]
fn nothing_is_closed_where_no_grants_are_known() {
    let graph = planned(&[files("one", "0.2.0", FILES)]).expect("planned");
    assert!(graph.denials.is_empty() && graph.edges.is_empty());
    assert_eq!(explain(&graph, &Wiring::default()).instances[0].closed.len(), 0);
}

fn left_to_host(graph: &Graph) -> Vec<String> {
    let told = |host: &HostImport| match &host.label {
        Some(label) => format!("{label} = {}: {}", host.import, wanted_by(host)),
        None => format!("{}: {}", host.import, wanted_by(host)),
    };
    graph.host.iter().map(told).collect()
}

#[test]
fn parts_that_are_granted_different_things_have_imports_of_their_own() {
    let parts = [
        files("one", "0.2.0", FILES),
        files("two", "0.2.6", &FILES.replace("0.2.0", "0.2.6").replace("run", "walk")),
        files("three", "0.2.0", &FILES.replace("run", "jump")),
    ];
    let dir = |path: &str| Held::Dir { path: path.into(), guest: None, readonly: false };
    let holding = |path: &str| vec![Holding { family: Family::Filesystem, held: dir(path), value: None, at: None }];
    let mut options =
        granted(&[("one", Family::Filesystem), ("two", Family::Filesystem), ("three", Family::Filesystem)]);
    options.holdings.parts = ["one", "two", "three"].map(|part| (part.to_owned(), holding("data"))).into();
    let planned = |options: &Options| plan(&parts, &Wiring::default(), options);
    let together = [
        "wasi:io/streams@0.2.6: one two three",
        "wasi:filesystem/types@0.2.6: one two three",
        "wasi:filesystem/preopens@0.2.6: one two three",
        "wasi:clocks/clock@0.2.6: one two three",
    ];
    let graph = planned(&options).expect("all have the same");
    assert_eq!(left_to_host(&graph), together);
    let section = graph.grants.expect("known");
    assert_eq!((&section.parts["two"][..], section.apart.len()), (&[dir("data")][..], 0));

    // Descriptors are of one type to all of them; who gives them is not the same.
    options.holdings.parts.insert("two".to_owned(), holding("logs"));
    let graph = planned(&options).expect("kept apart");
    assert_eq!(
        left_to_host(&graph),
        [
            "wasi:io/streams@0.2.6: one two three",
            "wasi:filesystem/types@0.2.6: one two three",
            "one-filesystem-preopens = wasi:filesystem/preopens@0.2.6: one three",
            "wasi:clocks/clock@0.2.6: one two three",
            "two-filesystem-preopens = wasi:filesystem/preopens@0.2.6: two",
        ]
    );
    let section = graph.grants.expect("known");
    assert_eq!(section.apart["one-filesystem-preopens"], ["one", "three"]);
    assert_eq!(section.apart["two-filesystem-preopens"], ["two"]);

    options.hosts = Hosts::Any;
    let error = planned(&options).expect_err("a host could not tell them apart");
    let [problem] = &error.problems()[..] else { panic!("{error:?}") };
    assert_eq!(problem.code, "plan::grants-differ");
    let would = "`one`, `two`, and `three` are not granted the same, but would share `wasi:filesystem/types@0.2.6`";
    assert_eq!(problem.message, would);
    assert_eq!(problem.causes[..2], ["`one` is granted dir = \"data\"", "`two` is granted dir = \"logs\""]);

    for hosts in [Hosts::Any, Hosts::Ours] {
        options.hosts = hosts;
        options.holdings.share = [Family::Filesystem].into();
        assert_eq!(left_to_host(&planned(&options).expect("shared")), together);
    }
}

/// What one part holds is not granted to another that alone asks the host for it.
#[test]
fn an_import_of_one_part_is_kept_apart_from_what_others_hold() {
    let parts = [files("one", "0.2.0", FILES), files("two", "0.2.0", "export walk: func();")];
    let holding = |word: &str| Holding {
        family: Family::Filesystem,
        held: Held::Dir { path: word.into(), guest: None, readonly: true },
        value: None,
        at: None,
    };
    let mut options = granted(&[("one", Family::Filesystem), ("two", Family::Filesystem)]);
    options.holdings.parts =
        [("one".to_owned(), vec![holding("data")]), ("two".to_owned(), vec![holding("logs")])].into();
    let graph = plan(&parts, &Wiring::default(), &options).expect("planned");
    let kept = "one-filesystem-preopens = wasi:filesystem/preopens@0.2.0: one".to_owned();
    assert!(left_to_host(&graph).contains(&kept), "{:?}", left_to_host(&graph));

    // What is closed to one of them is not shared.
    let mut options = granted(&[("one", Family::Filesystem)]);
    options.holdings.parts = [("one".to_owned(), vec![holding("data")])].into();
    let graph = plan(&parts, &Wiring::default(), &options).expect("planned");
    assert!(graph.host.iter().all(|host| host.label.is_none()));
}

#[test]
fn values_differ_as_grants_do_and_some_of_an_interface_is_kept_apart() {
    let world = |run: &str| {
        format!(
            "package acme:{run}@1.0.0;
            world w {{ import wasi:cli/environment@0.2.0; import wasi:keyvalue/store@0.2.0-draft; export {run}: func(); }}
            package wasi:cli@0.2.0 {{ interface environment {{ get-environment: func(); }} }}
            package wasi:keyvalue@0.2.0-draft {{
                interface store {{ resource bucket; open: func(name: string) -> bucket; }}
                interface watcher {{ watch: func(); }}
            }}"
        )
    };
    let parts = [part("one", &world("one")), part("two", &world("two"))];
    let families = [Family::Env, Family::KeyValue];
    let mut options =
        granted(&[("one", families[0]), ("one", families[1]), ("two", families[0]), ("two", families[1])]);
    let holdings = |value: &str, bucket: &str| {
        let env = Held::Env("MODE".into());
        vec![
            Holding { family: Family::Env, held: env, value: Some(value.to_owned()), at: None },
            Holding { family: Family::KeyValue, held: Held::Kv(bucket.to_owned()), value: None, at: None },
        ]
    };
    options.holdings.parts = [("one".to_owned(), holdings("a", "x")), ("two".to_owned(), holdings("b", "y"))].into();
    let graph = plan(&parts, &Wiring::default(), &options).expect("kept apart");
    assert_eq!(
        left_to_host(&graph),
        [
            "one-cli-environment = wasi:cli/environment@0.2.0: one",
            "wasi:keyvalue/store@0.2.0-draft: one two",
            "one-keyvalue-store = wasi:keyvalue/store@0.2.0-draft: one",
            "two-cli-environment = wasi:cli/environment@0.2.0: two",
            "two-keyvalue-store = wasi:keyvalue/store@0.2.0-draft: two",
        ]
    );

    // An interface that nobody knows how to keep apart is no reason to share it.
    let watching =
        |run: &str| part(run, &world(run).replace("keyvalue/store@0.2.0-draft;", "keyvalue/watcher@0.2.0-draft;"));
    let error = plan(&[watching("one"), watching("two")], &Wiring::default(), &options).expect_err("unknown");
    let [problem] = &error.problems()[..] else { panic!("{error:?}") };
    let would = "`one` and `two` are not granted the same, but would share `wasi:keyvalue/watcher@0.2.0-draft`";
    assert_eq!(problem.message, would);
    assert!(problem.causes[3].contains("is not known to Mosaic well enough"), "{:?}", problem.causes);
}

#[test]
fn names_of_their_own_stay_those_of_the_app() {
    let chooser = |name: &str| {
        part(
            name,
            &format!(
                "package acme:{name}@1.0.0;
                world w {{ import hot: wasi:config/store; import cold: wasi:config/store; export {name}: func(); }}
                package wasi:config {{ interface store {{ get: func(key: string) -> string; }} }}"
            ),
        )
    };
    let options = granted(&[("one", Family::Config), ("two", Family::Config)]);
    let graph = plan(&[chooser("one"), chooser("two")], &Wiring::default(), &options).expect("planned");
    assert_eq!(left_to_host(&graph), ["hot = hot: one two", "cold = cold: one two"]);
    assert_eq!(graph.grants.expect("known").apart["hot"], ["one", "two"]);
    let mut options = options;
    let key =
        |key: &str| vec![Holding { family: Family::Config, held: Held::Config(key.into()), value: None, at: None }];
    options.holdings.parts = [("one".to_owned(), key("a")), ("two".to_owned(), key("b"))].into();
    let graph = plan(&[chooser("one"), chooser("two")], &Wiring::default(), &options).expect("planned");
    let labels = ["hot = hot: one", "cold = cold: one", "two-hot = hot: two", "two-cold = cold: two"];
    assert_eq!(left_to_host(&graph), labels);
}

/// A part that gives streams of its own, and parts that have them from it.
#[test]
fn parts_share_a_denial_only_where_its_types_are_the_same() {
    let consumer = |name: &str| files(name, "0.2.0", &FILES.replace("run", name));
    let streams = files(
        "streams",
        "0.2.0",
        "import wasi:filesystem/preopens@0.2.0; import wasi:io/streams@0.2.0; export wasi:io/streams@0.2.0;",
    );
    let parts = [consumer("one"), streams, consumer("two")];
    let graph = plan(&parts, &Wiring::default(), &granted(&[])).expect("planned");
    let shared: Vec<_> = graph.denials.iter().map(|(name, denial)| (name.as_str(), denial.parts.join(" "))).collect();
    assert_eq!(
        shared,
        [("mosaic:grants/denied", "one two".to_owned()), ("mosaic:grants/denied-2", "streams".to_owned())]
    );
    let edge = |from: &str, to: &str| graph.edges.iter().any(|edge| edge.from == from && edge.to == to);
    assert!(edge("mosaic:grants/denied", "streams") && edge("streams", "mosaic:grants/denied-2"));
    assert!(!graph.edges.iter().any(|edge| edge.from == "mosaic:grants/denied-2"));
}

#[test]
fn a_resource_cannot_be_closed_to_one_of_two_who_share_it() {
    let parts = [
        files("app", "0.2.0", "import acme:shelf/api@1.0.0; export run: func();"),
        files("rack", "0.2.0", "import wasi:filesystem/preopens@0.2.0; export acme:shelf/api@1.0.0;"),
    ];
    let failures = plan(&parts, &Wiring::default(), &granted(&[("rack", Family::Filesystem)])).expect_err("refused");
    let [Failure::Identity { part, closed, .. }] = &failures.failures[..] else { panic!("{failures:?}") };
    assert_eq!((part.as_str(), closed), ("app", &Some(("app".to_owned(), Family::Filesystem))));
    let problem = failures.problems().remove(0);
    assert_eq!(problem.help, ["Grant it in mosaic.toml: [components.app] grants = [\"filesystem\"]"]);
    // Closed to both, it is one resource again; granted to both as well.
    assert!(plan(&parts, &Wiring::default(), &granted(&[])).is_ok());
    let both = [("rack", Family::Filesystem), ("app", Family::Filesystem)];
    assert!(plan(&parts, &Wiring::default(), &granted(&both)).is_ok());
}

#[test]
fn an_export_cannot_speak_of_what_is_closed() {
    let parts = [files("app", "0.2.0", "import wasi:filesystem/preopens@0.2.0; export acme:shelf/codes@1.0.0;")];
    let failures = plan(&parts, &Wiring::default(), &granted(&[])).expect_err("refused");
    assert!(
        matches!(&failures.failures[..], [Failure::Exposed { part, interface, .. }]
            if part == "app" && interface == "wasi:filesystem/types@0.2.0"),
        "{failures:?}"
    );
    assert!(plan(&parts, &Wiring::default(), &granted(&[("app", Family::Filesystem)])).is_ok());
}

#[test]
fn only_what_no_grant_covers_can_be_left_open_by_name() {
    let parts = [files(
        "app",
        "0.2.0",
        "import wasi:nn/graph@0.2.0; import wasi:filesystem/preopens@0.2.0; export run: func();",
    )];
    let closed = plan(&parts, &Wiring::default(), &granted(&[])).expect("planned");
    assert_eq!(closed.denials["mosaic:grants/denied"].interfaces.len(), 3);
    let open = ["wasi:nn/graph", "wasi:filesystem/preopens", "wasi:filesystem/types"].map(Said::plain).to_vec();
    let graph = plan(&parts, &Wiring { open, ..Wiring::default() }, &granted(&[])).expect("planned");
    assert_eq!(graph.denials["mosaic:grants/denied"].interfaces.len(), 2);
    assert!(graph.host.iter().any(|host| host.import == "wasi:nn/graph@0.2.0"));
}
