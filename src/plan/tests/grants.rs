//! What no grant covers is closed, what grants differ on is kept apart.

use std::collections::{BTreeMap, BTreeSet};

use super::{planned, wanted_by};
use crate::{
    compose::fixture::part,
    diagnostic::Diagnose,
    grants_section::Held,
    manifest::Family,
    plan::{
        Options,
        capability::Grants,
        error::Failure,
        explain::explain,
        graph::{Graph, HostImport, Said, Why, Wiring},
        holdings::{Holding, Hosts},
        plan,
    },
    resolve::Part,
};

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
