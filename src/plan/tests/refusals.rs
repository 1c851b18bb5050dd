//! What cannot be planned, told whole.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{at, exports, failures, of, planned, wire};
use crate::{
    compose::fixture::part,
    diagnostic::{Diagnose, SourceFile},
    plan::{
        Options, Unused,
        error::Failure,
        graph::{Said, Wiring},
        plan,
    },
};

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
