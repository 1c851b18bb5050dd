//! Middleware: what stands in front of what.

use super::{at, edges, exports, of, wire};
use crate::{
    diagnostic::Diagnose,
    plan::{
        Options,
        error::Failure,
        graph::{Said, Wiring, Wrap},
        plan,
    },
};

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
