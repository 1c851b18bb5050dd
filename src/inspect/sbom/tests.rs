use indexmap::IndexMap;
use serde_json::Value;
use wasmparser::{Encoding, Parser, Payload};

use super::{schema::Schemas, *};
use crate::{
    inspect::model::{Graph, Module, NamedBy, Node, NodeKind, Origin},
    packages::{Ecosystem, Role, auditable, section},
};

const CYCLONEDX: &str = "bom-1.6.SNAPSHOT.schema.json";
const SPDX: &str = "spdx-schema-v2.3.json";

/// A composition: `auth` in Go with a module that a Go linker made, `gateway` in Rust, `<img src=x>` with what is
/// recorded.
fn composed() -> (Vec<u8>, Graph) {
    let marks =
        (r"\30\77\af\0c\92\74\08\02\41\e1\c1\07\e6\d6\18\e6", r"\f9\32\43\31\86\18\20\72\00\82\42\10\41\16\d8\f2");
    let modules = r"path\09auth\0amod\09acme.example/auth\09(devel)\0adep\09golang.org/x/text\09v0.3.0\0a";
    let auth = wat(&format!(
        r#"(component (core module $main (func) (memory 1) (data (i32.const 0) "some {}{modules}{} more")
            (@producers (language "Go" "go1.26.8"))))"#,
        marks.0, marks.1
    ));
    let mut gateway = wat(r#"(component (core module (@producers (processed-by "rustc" "1.95.0 (abc 2026)"))))"#);
    let crates = r#"{"packages":[
        {"name":"serde","version":"1.0.0","source":"crates.io"},
        {"name":"gateway","version":"0.1.0","source":"local","dependencies":[0,2],"root":true},
        {"name":"cc","version":"1.2.0","source":"crates.io","kind":"build"}]}"#;
    let crates = auditable::encode(&serde_json::from_str(crates).unwrap()).unwrap();
    section::append(&mut gateway, auditable::NAME, &crates);
    let licenced =
        Package { licence: Some("MIT OR Apache-2.0".into()), ..Package::new(Ecosystem::Cargo, "serde", "1.0.0") };
    section::append(&mut gateway, section::NAME, &section::encode(vec![licenced]));
    let mut hostile = wat("(component)");
    let packages = vec![
        Package::new(Ecosystem::Generic, "cpython", "3.14.0").as_runtime(),
        Package::new(Ecosystem::Pypi, "<script>alert(1)</script>\n", "1.0"),
    ];
    section::append(&mut hostile, section::NAME, &section::encode(packages));

    let parts = [("auth", "go", auth), ("gateway", "rust", gateway), ("<img src=x>", "python", hostile)];
    let mut app = wasm_encoder::Component::new();
    for (_, _, part) in &parts {
        app.section(&wasm_encoder::RawSection { id: 4, data: part });
    }
    let app = app.finish();
    let mut nodes = vec![node(0, "shop", None)];
    let (mut at, mut depth) = (0, 0);
    for payload in Parser::new(0).parse_all(&app) {
        match payload.unwrap() {
            Payload::ComponentSection { unchecked_range, .. } => {
                let (name, language, _) = &parts[at];
                at += 1;
                let origin = Some(Origin { language: (*language).into(), engine: None, because: String::new() });
                nodes.push(Node { origin, range: Some(unchecked_range), ..node(at as u32, name, Some(0)) });
            }
            Payload::ModuleSection { unchecked_range, .. } => {
                nodes[at].modules.push(Module {
                    name: None,
                    size: unchecked_range.end - unchecked_range.start,
                    range: Some(unchecked_range),
                    shared: false,
                    functions: 0,
                    producers: IndexMap::new(),
                });
            }
            Payload::CustomSection(custom) => {
                if let wasmparser::KnownCustom::Producers(producers) = custom.as_known() {
                    let module = nodes[at].modules.last_mut().unwrap();
                    for field in producers.into_iter().map(Result::unwrap) {
                        let values = field.values.into_iter().map(Result::unwrap);
                        let values = values.map(|value| (value.name.to_owned(), value.version.to_owned())).collect();
                        module.producers.insert(field.name.to_owned(), values);
                    }
                }
            }
            Payload::Version { encoding: Encoding::Component, .. } => depth += 1,
            _ => {}
        }
    }
    assert_eq!(depth, 4);
    nodes[0].range = Some(0..app.len() as u64);
    (app, Graph { nodes, ..Graph::default() })
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn node(id: u32, name: &str, parent: Option<u32>) -> Node {
    Node {
        id,
        name: name.into(),
        named_by: NamedBy::NameSection,
        kind: NodeKind::Part,
        parent,
        origin: None,
        tools: Vec::new(),
        size: 0,
        shared: 0,
        range: None,
        imports: Vec::new(),
        exports: Vec::new(),
        modules: Vec::new(),
    }
}

#[test]
fn each_package_is_under_its_component() {
    let (app, graph) = composed();
    let bill = read("shop.wasm", &graph, &app);
    assert_eq!((bill.name.as_str(), bill.sha256.len()), ("shop", 64));
    let found: Vec<(&str, Vec<(&str, Role)>)> = bill
        .parts
        .iter()
        .map(|part| (part.path.as_str(), part.packages.iter().map(|(purl, it)| (purl.as_str(), it.role)).collect()))
        .collect();
    assert_eq!(
        found,
        [
            ("", vec![]),
            (
                "auth",
                vec![
                    ("pkg:golang/acme.example/auth", Role::Own),
                    ("pkg:golang/golang.org/x/text@v0.3.0", Role::Dependency),
                    ("pkg:golang/stdlib@1.26.8", Role::Runtime),
                ]
            ),
            (
                "gateway",
                vec![
                    ("pkg:cargo/cc@1.2.0", Role::Build),
                    ("pkg:cargo/serde@1.0.0", Role::Dependency),
                    ("pkg:generic/gateway@0.1.0", Role::Own),
                    ("pkg:generic/rust-std@1.95.0", Role::Runtime),
                ]
            ),
            (
                "<img src=x>",
                vec![
                    ("pkg:generic/cpython@3.14.0", Role::Runtime),
                    ("pkg:pypi/%3Cscript%3Ealert%281%29%3C/script%3E%0A@1.0", Role::Dependency),
                ]
            ),
        ]
    );
    let gateway = &bill.parts[2];
    assert_eq!(gateway.packages["pkg:cargo/serde@1.0.0"].licence.as_deref(), Some("MIT OR Apache-2.0"));
    assert_eq!(gateway.needed_by("pkg:generic/gateway@0.1.0").count(), 2);
}

#[test]
fn a_core_module_by_itself_has_a_bill() {
    let mut module = wat("(module (func))");
    let crates = serde_json::from_str(r#"{"packages":[{"name":"a","version":"1.0.0","source":"crates.io"}]}"#).unwrap();
    section::append(&mut module, auditable::NAME, &auditable::encode(&crates).unwrap());
    let range = Some(0..module.len() as u64);
    let of = Module {
        name: None,
        size: module.len() as u64,
        range: range.clone(),
        shared: false,
        functions: 1,
        producers: IndexMap::new(),
    };
    let file = Node { range, modules: vec![of], ..node(0, "", None) };
    let bill = read("a.wasm", &Graph { nodes: vec![file], ..Graph::default() }, &module);
    assert_eq!(
        (bill.name.as_str(), bill.parts[0].packages.keys().next().unwrap().as_str()),
        ("a.wasm", "pkg:cargo/a@1.0.0")
    );
}

#[test]
fn documents_are_as_their_schemas_say() {
    let (app, graph) = composed();
    let bill = read("shop.wasm", &graph, &app);
    let (cyclonedx, spdx) = (cyclonedx(&bill), spdx(&bill));
    let schemas = Schemas::load();
    assert_eq!(schemas.errors(CYCLONEDX, &cyclonedx), [""; 0]);
    assert_eq!(schemas.errors(SPDX, &spdx), [""; 0]);
    assert_eq!(super::cyclonedx(&read("shop.wasm", &graph, &app)), cyclonedx);

    // The schemas bite.
    let mut broken = cyclonedx;
    broken["components"][0]["type"] = "nothing".into();
    broken["components"][1]["components"][0]["unheard-of"] = 1.into();
    assert_eq!(schemas.errors(CYCLONEDX, &broken).len(), 2);
    let mut broken = spdx;
    broken["packages"][1]["primaryPackagePurpose"] = "NOTHING".into();
    broken["relationships"][0].as_object_mut().unwrap().remove("spdxElementId");
    assert_eq!(schemas.errors(SPDX, &broken).len(), 2);
}

#[test]
fn references_lead_somewhere() {
    let (app, graph) = composed();
    let bill = read("shop.wasm", &graph, &app);
    let document = cyclonedx(&bill);
    let mut declared = BTreeSet::new();
    let mut pending = vec![&document["metadata"]["component"]];
    pending.extend(document["components"].as_array().unwrap());
    while let Some(component) = pending.pop() {
        assert!(declared.insert(component["bom-ref"].as_str().unwrap().to_owned()), "{component}");
        pending.extend(component["components"].as_array().into_iter().flatten());
    }
    for dependency in document["dependencies"].as_array().unwrap() {
        let named = dependency["dependsOn"].as_array().unwrap().iter().chain([&dependency["ref"]]);
        named.for_each(|name| assert!(declared.contains(name.as_str().unwrap()), "{name}"));
    }
    let document = spdx(&bill);
    let declared: BTreeSet<_> =
        document["packages"].as_array().unwrap().iter().map(|it| &it["SPDXID"]).map(Value::to_string).collect();
    for relation in document["relationships"].as_array().unwrap() {
        let (from, to) = (relation["spdxElementId"].to_string(), relation["relatedSpdxElement"].to_string());
        assert!(declared.contains(&to) && (declared.contains(&from) || from.contains("DOCUMENT")), "{relation}");
    }
}
