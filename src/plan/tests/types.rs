//! Resources and plain types: one owner for all who use them.

use super::{edges, exports, of, planned, shop, wire};
use crate::{
    compose::fixture::part,
    diagnostic::Diagnose,
    plan::{Options, graph::Why, plan},
};

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
