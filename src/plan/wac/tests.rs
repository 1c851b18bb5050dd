//! What `.wac` texts say, that what is written says the same to wac, and hostile ones.

use std::sync::Arc;

use indexmap::IndexMap;
use wac_graph::{EncodeOptions, types::BorrowedPackageKey};

use super::{Composition, Flaw, FlawKind, read, write};
use crate::{
    compose::{
        self, PartBytes,
        fixture::{built, part},
    },
    diagnostic::{Diagnose, SourceFile},
    plan::{
        Options,
        graph::{Graph, HostImport, Said, Wire, Wiring},
        plan,
    },
    resolve::Part,
};

const SHOP: &str = "package acme:shop@0.1.0;
    interface auth { check: func(token: string) -> bool; }
    interface audit { note: func(line: string); }
    interface ledger { book: func(n: u32); }
    interface sessions { resource session { name: func() -> string; } }
    interface store { use sessions.{session}; put: func(s: session); }";

fn wit(world: &str) -> String {
    format!("{SHOP} world w {{ {world} }}")
}

fn worlds(given: &[(&str, &str)]) -> IndexMap<String, Part> {
    given.iter().map(|(name, world)| ((*name).to_owned(), part(name, &wit(world)))).collect()
}

fn text(text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile { name: "app.wac".into(), text: text.into() })
}

fn wires(composition: &Composition) -> Vec<String> {
    let wire = &composition.wiring.wire;
    wire.iter().map(|((part, import), wire)| format!("{part} {import} = {}", wire.to.text)).collect()
}

#[track_caller]
fn flaws(wac: &str, components: &IndexMap<String, Part>) -> Vec<String> {
    let error = read(&text(&format!("package a:b;\n{wac}")), components).expect_err("flawed");
    let told = error.problems().into_iter().map(|problem| {
        let label = &problem.labels[0];
        format!("{} | {}", problem.message, &label.source.text[label.span.clone()])
    });
    told.collect()
}

#[test]
fn four_ways_to_give_an_argument() {
    let components = worlds(&[
        ("gateway", "import auth; import audit; import ledger; export run: func();"),
        ("auth", "export auth; export audit;"),
    ]);
    let wanted = [
        "gateway acme:shop/auth@0.1.0 = a/acme:shop/auth@0.1.0",
        "gateway acme:shop/audit@0.1.0 = a/acme:shop/audit@0.1.0",
    ];
    for arguments in [
        "\"acme:shop/auth@0.1.0\": a[\"acme:shop/auth@0.1.0\"], audit: a.audit, ...",
        "auth: (a).auth, \"acme:shop/audit@0.1.0\": a.audit, ...",
        "...a, ...",
        "auth: a[\"acme:shop/auth@0.1.0\"], audit, ...",
    ] {
        let wac = format!(
            "package x:y; let a = new acme:auth {{}}; let audit = a.audit;
            let gateway = new acme:gateway {{ {arguments} }}; export gateway.run;"
        );
        let read = read(&text(&wac), &components).unwrap_or_else(|error| panic!("{arguments}: {error:?}"));
        assert_eq!(wires(&read), wanted, "{arguments}");
        assert_eq!(read.instances.keys().collect::<Vec<_>>(), ["a", "gateway"]);
        assert_eq!(read.wiring.exports.as_deref().map(|exports| exports[0].text.as_str()), Some("gateway/run"));
        assert_eq!(read.wiring.open[0].text, "acme:shop/ledger@0.1.0");
    }
}

#[test]
fn one_component_is_as_many_instances_as_are_made() {
    let components = worlds(&[
        ("gateway", "import auth; export run: func();"),
        ("cache", "import auth; export auth;"),
        ("auth", "export auth;"),
    ]);
    let wac = "package x:y;
        export new z:gateway { auth: new z:cache { auth: new z:cache { ...a } . auth }.auth } ...;";
    let wac = wac.replace("...a", "auth: new z:auth {}.auth");
    let read = read(&text(&wac), &components).unwrap_or_else(|error| panic!("{:?}", error.problems()));
    assert_eq!(read.instances.keys().collect::<Vec<_>>(), ["auth", "cache-2", "cache", "gateway"]);
    let parts: Vec<_> = read
        .instances
        .iter()
        .map(|(name, component)| Part { name: name.clone(), ..components[component].clone() })
        .collect();
    let graph = plan(&parts, &read.wiring, &Options::default()).expect("planned");
    assert_eq!(graph.instances, ["auth", "cache-2", "cache", "gateway"]);
    let edges: Vec<_> = graph.edges.iter().map(|edge| format!("{} ← {}", edge.from, edge.to)).collect();
    assert_eq!(edges, ["cache-2 ← auth", "cache ← cache-2", "gateway ← cache"]);
}

#[test]
fn what_is_not_given_is_left_to_the_host_only_where_that_is_said() {
    let components =
        worlds(&[("gateway", "import auth; import ledger; export run: func();"), ("auth", "export auth;")]);
    assert_eq!(
        flaws("let a = new x:auth {}; export new x:gateway { ...a }...;", &components),
        ["`gateway` imports what it is not given | x:gateway"]
    );
    // Though a part has it, nothing is wired that the text does not wire.
    let wac = "package x:y; import ledger: acme:shop/ledger@0.1.0;
        let a = new x:auth {}; let g = new x:gateway { ledger, ... }; export g...; export a...;";
    let read = read(&text(wac), &components).expect("read");
    let parts: Vec<_> = [("a", "auth"), ("g", "gateway")]
        .map(|(name, component)| Part { name: name.into(), ..components[component].clone() })
        .into();
    let graph = plan(&parts, &read.wiring, &Options::default()).expect("planned");
    assert!(graph.edges.is_empty());
    let host: Vec<_> = graph.host.iter().map(|host| host.import.as_str()).collect();
    assert_eq!(host, ["acme:shop/auth@0.1.0", "acme:shop/ledger@0.1.0"]);
}

#[test]
fn every_flaw_is_told_with_its_place() {
    let components = worlds(&[("gateway", "import auth; export audit;"), ("auth", "export auth;")]);
    for (wac, expected) in [
        ("let x = new a:auht {};", &["no component is given for `a:auht` | a:auht"][..]),
        ("let x = y;", &["nothing is called `y` | y"]),
        (
            "let x = new a:auth {}; let x = new a:auth {}; let z = w.q;",
            &["`x` is defined twice | x", "nothing is called `w` | w"],
        ),
        ("let a = new a:auth {}; let x = new a:gateway { auht: a.auth, ... };", &["`x` does not import `auht` | auht"]),
        (
            "let a = new a:auth {}; let x = new a:gateway { auth: a.auth, \"acme:shop/auth@0.1.0\": a.auth };",
            &["`acme:shop/auth@0.1.0` of `x` is given twice | \"acme:shop/auth@0.1.0\""],
        ),
        (
            "let a = new a:auth {}; let x = new a:gateway { auth: a.audit, ... };",
            &["`a` does not export `audit` | audit"],
        ),
        (
            "let a = new a:auth {}; let x = new a:gateway { auth: a };",
            &["a whole instance as an argument cannot be part of a wiring | auth"],
        ),
        (
            "let a = new a:auth {}; export a.auth as \"b\";",
            &["an export under another name cannot be part of a wiring | \"b\""],
        ),
        ("let a = new a:auth {}; export a;", &["a whole instance as an export cannot be part of a wiring | a"]),
        ("let a = new a:auth {}; let b = new a:auth { ...a };", &["`a` exports nothing that `b` still imports | a"]),
        ("record r { x: u32 }", &["a type cannot be part of a wiring | r"]),
        ("let a = ;", &["expected either `new` keyword, `(`, or identifier, found `;` | ;"]),
        ("let a = new a:auth { \"x", &["an unterminated string was encountered | \""]),
    ] {
        let found = flaws(wac, &components);
        assert_eq!(found, expected, "{wac}");
    }
}

#[test]
fn deep_nesting_is_refused_not_overflowed() {
    let components = worlds(&[("auth", "export auth;")]);
    for wac in [
        format!("let x = {};", "new a:auth { a: ".repeat(5_000) + &" }".repeat(5_000)),
        format!("let x = {}y{};", "(".repeat(50_000), ")".repeat(50_000)),
        format!("type x = {}u8{};", "list<".repeat(50_000), ">".repeat(50_000)),
    ] {
        let error = read(&text(&format!("package a:b; {wac}")), &components).expect_err("refused");
        assert!(matches!(&error.flaws[..], [Flaw { kind: FlawKind::TooDeep { .. }, .. }]), "{:?}", error.flaws);
    }
    // Long is not deep.
    let long = format!("package a:b; let x = new a:auth {{}}{};", ".auth".repeat(50_000));
    assert!(read(&text(&long), &components).is_ok());
}

/// A plan without its reasons, which a text does not tell.
fn bare(graph: &Graph) -> (Vec<String>, Vec<String>, Vec<String>, Vec<String>) {
    let edge = |e: &crate::plan::graph::Edge| format!("{} {} {} {} {:?}", e.from, e.import, e.to, e.export, e.member);
    (
        graph.instances.clone(),
        graph.edges.iter().map(edge).collect(),
        graph.host.iter().map(wanted).collect(),
        graph.exports.iter().map(|export| format!("{} {}", export.name, export.from)).collect(),
    )
}

fn wanted(host: &HostImport) -> String {
    let mut by: Vec<_> = host.wanted_by.iter().map(|wanted| wanted.by.as_str()).collect();
    by.sort_unstable();
    format!("{} {}", host.import, by.join(" "))
}

/// The same composed by wac itself.
fn by_wac(wac: &str, parts: &IndexMap<String, PartBytes>) -> Vec<u8> {
    let document = wac_parser::Document::parse(wac).unwrap_or_else(|error| panic!("{error}\n{wac}"));
    let names: Vec<_> = parts.keys().map(|name| format!("mosaic:{name}")).collect();
    let packages = names
        .iter()
        .zip(parts.values())
        .map(|(name, part)| (BorrowedPackageKey::from_name_and_version(name, None), part.bytes.to_vec()));
    let resolution = document.resolve(packages.collect()).unwrap_or_else(|error| panic!("{error}\n{wac}"));
    resolution.encode(EncodeOptions::default()).unwrap_or_else(|error| panic!("{error}\n{wac}"))
}

#[test]
fn what_is_written_is_read_as_the_same_plan_and_composed_by_wac_to_the_same() {
    let kv = |world: &str| {
        format!("package acme:kv@1.0.0; interface kv {{ get: func(key: string) -> string; }} world w {{ {world} }}")
    };
    let named = |parts: Vec<PartBytes>| -> IndexMap<String, PartBytes> {
        parts.into_iter().map(|part| (part.part.name.clone(), part)).collect()
    };
    let wire = |wires: &[(&str, &str, &str)]| Wiring {
        wire: wires
            .iter()
            .map(|(part, import, to)| {
                (((*part).to_owned(), (*import).to_owned()), Wire { key_at: None, to: Said::plain(*to) })
            })
            .collect(),
        ..Wiring::default()
    };
    let open = Wiring { open: vec![Said::plain("acme:shop/ledger")], ..Wiring::default() };
    for (parts, wiring) in [
        (
            named(vec![
                built("gateway", &wit("import auth; import ledger; export audit;")),
                built("auth", &wit("import ledger; export auth;")),
            ]),
            open,
        ),
        (
            named(vec![
                built("gateway", &wit("import store; import sessions; export run: func();")),
                built("memory", &wit("export sessions; export store;")),
            ]),
            Wiring::default(),
        ),
        (
            named(vec![
                built("app", &kv("import hot: kv; import cold: kv; export run: func();")),
                // Words of the language are names too.
                built("import", &kv("export kv;")),
                built("disk", &kv("export kv;")),
            ]),
            wire(&[("app", "hot", "import"), ("app", "cold", "disk")]),
        ),
    ] {
        let (graph, composed) =
            compose::app(&parts, &wiring, &Options::default(), &compose::Options::default()).expect("composed");
        let wac = write(&graph).expect("written");
        let (instances, wiring) = compose::instantiated(&parts, &text(&wac), Default::default())
            .unwrap_or_else(|e| panic!("{:?}\n{wac}", e.problems()));
        let (again, composed_again) =
            compose::app(&instances, &wiring, &Options::default(), &compose::Options::default()).expect("composed");
        assert_eq!(bare(&again), bare(&graph), "{wac}");
        assert_eq!(composed_again.digest(), composed.digest(), "{wac}");
        let theirs = compose::component("theirs", by_wac(&wac, &parts), None).expect("a component");
        let ours = compose::component("ours", composed.bytes, None).expect("a component");
        let surface = |part: &Part| {
            let world = &part.resolve.worlds[part.world];
            let names = |keys: Vec<&wit_parser::WorldKey>| -> std::collections::BTreeSet<String> {
                keys.into_iter().map(|key| part.resolve.name_world_key(key)).collect()
            };
            (names(world.imports.keys().collect()), names(world.exports.keys().collect()))
        };
        assert_eq!(surface(&theirs.part), surface(&ours.part), "{wac}");
    }
}

#[test]
fn what_is_made_for_the_app_is_a_comment() {
    let wit = |world: &str| {
        format!(
            "package acme:shop@0.1.0; interface types {{ record claims {{ name: string }} }}
            interface login {{ use types.{{claims}}; login: func() -> claims; }}
            interface front {{ use types.{{claims}}; show: func(c: claims); }} world w {{ {world} }}"
        )
    };
    let parts: IndexMap<_, _> = [("gateway", "import login; export front;"), ("auth", "export login;")]
        .map(|(name, world)| (name.to_owned(), built(name, &wit(world))))
        .into_iter()
        .collect();
    let (graph, composed) =
        compose::app(&parts, &Wiring::default(), &Options::default(), &compose::Options::default()).expect("composed");
    let wac = write(&graph).expect("written");
    assert!(wac.contains("// acme:shop/types@0.1.0: plain types, which Mosaic defines in the app itself"), "{wac}");
    let (instances, wiring) = compose::instantiated(&parts, &text(&wac), Default::default()).expect("read");
    let (again, composed_again) =
        compose::app(&instances, &wiring, &Options::default(), &compose::Options::default()).expect("composed");
    assert_eq!(again.types.keys().collect::<Vec<_>>(), ["acme:shop/types@0.1.0"]);
    assert_eq!(composed_again.digest(), composed.digest());
}

#[test]
fn a_name_that_wac_cannot_say_is_refused() {
    let graph = Graph { instances: vec!["my_part".into()], ..Graph::default() };
    assert_eq!(write(&graph).expect_err("no name").part, "my_part");
}

#[test]
fn mutants_are_answered() {
    let components = worlds(&[
        ("gateway", "import auth; import audit; export run: func();"),
        ("auth", "import ledger; export auth; export audit;"),
    ]);
    let good = "package x:y@1.0.0; /* a */ import ledger: acme:shop/ledger@0.1.0; let a = new acme:auth { ledger };
        let %audit = a.audit; // b
        export new acme:gateway { \"acme:shop/auth@0.1.0\": (a)[\"acme:shop/auth@0.1.0\"], ...a, ... } ...;";
    read(&text(good), &components).unwrap_or_else(|error| panic!("{:?}", error.flaws));
    let pieces =
        ["{", "}", "(", ")", "...", "new", "let ", "\"", "/*", "*/", "/**", "//", "%", "@", ":", ".", ";", "é", ","];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).expect("small")).expect("small")
    };
    for _ in 0..1_000 {
        let mut mutant = good.to_owned();
        for _ in 0..=next(3) {
            let at = mutant.floor_char_boundary(next(mutant.len()));
            let end = mutant.ceil_char_boundary((at + next(8)).min(mutant.len()));
            mutant.replace_range(at..end, pieces[next(pieces.len())]);
        }
        // Any answer but a panic; and every flaw has a place that can be shown.
        if let Err(error) = read(&text(&mutant), &components) {
            assert!(!error.flaws.is_empty());
            for flaw in &error.flaws {
                assert!(mutant.get(flaw.at.clone()).is_some(), "{flaw:?} in {mutant}");
            }
        }
    }
}
