//! Each way in which two interfaces can differ, told; and the verdict held against wasmparser's, and against that of
//! digests, where they have one.

use wasm_encoder::{Alias, ComponentBuilder, ComponentExportKind};

use super::{Change, Comparison, Side, interfaces};
use crate::{
    compose::{
        PartBytes,
        fixture::{built, interface, outline, outlined, part},
    },
    plan::{self, graph::Wiring},
};

/// Both sides of an interface `i`: as imported by one world and as exported by another.
fn wit(body: &str, world: &str) -> String {
    format!(
        "package a:b@1.0.0;\n{body}\ninterface out {{ g: func(); }}\n\
         world importer {{ {world} import i; export out; }}\nworld exporter {{ {world} export i; }}\n"
    )
}

fn compared(expected: &str, found: &str) -> Comparison {
    let (a, b) = (part("importer", &wit(expected, "")), part("exporter", &wit(found, "")));
    interfaces(
        Side { resolve: &a.resolve, item: interface(&a.resolve, "i") },
        Side { resolve: &b.resolve, item: interface(&b.resolve, "i") },
    )
}

/// Whether an engine would instantiate the importer with the exporter's instance.
fn accepted(a: &PartBytes, b: &PartBytes) -> bool {
    let mut outer = ComponentBuilder::default();
    let exporter = outer.component_raw(None, &b.bytes);
    let importer = outer.component_raw(None, &a.bytes);
    let imports: Vec<(String, ComponentExportKind, u32)> = Vec::new();
    let instance = outer.instantiate(None, exporter, imports);
    let kind = ComponentExportKind::Instance;
    let export = outer.alias(None, Alias::InstanceExport { instance, kind, name: "a:b/i@1.0.0" });
    outer.instantiate(None, importer, [("a:b/i@1.0.0", kind, export)]);
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&outer.finish()).is_ok()
}

/// The differences, told; after making sure that an engine agrees whether there are any.
#[track_caller]
fn told(expected: &str, found: &str) -> Vec<String> {
    let (expected, found) = (format!("interface i {{ {expected} }}"), format!("interface i {{ {found} }}"));
    let comparison = compared(&expected, &found);
    let told: Vec<_> = comparison.differences.iter().map(ToString::to_string).collect();
    let (a, b) = (built("importer", &wit(&expected, "")), built("exporter", &wit(&found, "")));
    assert_eq!(told.is_empty(), accepted(&a, &b), "an engine's verdict differs: {told:#?}");
    let (wiring, options) = (Wiring::default(), plan::Options::default());
    let is_told = [(&a, &expected), (&b, &found)].map(|(part, text)| {
        // Digests know all but resources.
        assert_eq!(outline(part).is_some(), !text.contains("resource"), "{text}");
        outline(part).is_some()
    });
    if is_told == [true; 2] {
        let planned = plan::plan(&[a.part.clone(), b.part.clone()], &wiring, &options).ok();
        assert_eq!(told.is_empty(), planned.is_some());
        assert_eq!(outlined(&[&a, &b], &wiring, &options), planned, "the verdict of digests differs: {told:#?}");
    }
    told
}

#[test]
fn equal_interfaces_do_not_differ() {
    let same = "
        record claims { subject: string, roles: list<role> }
        enum role { reader, writer }
        variant failure { expired, forged(string), code(u32) }
        flags rights { read, write }
        resource session { constructor(name: string); refresh: func() -> result<claims, failure>; open: static func() -> session; }
        type pair = tuple<u8, option<char>>;
        check: func(token: string, s: borrow<session>) -> result<claims, failure>;
        grant: func(r: rights, p: pair) -> session;
        wait: async func(x: u64) -> f64;";
    assert_eq!(told(same, same), [""; 0]);
}

#[test]
fn more_than_expected_is_fine() {
    assert_eq!(told("f: func();", "f: func(); g: func(); record r { a: u8 }"), [""; 0]);
}

#[test]
fn names_of_types_do_not_count_within_functions() {
    // The expected interface has no type by that name at its top, its copy is spelled out.
    assert_eq!(told("f: func(x: tuple<u8, u8>);", "type pair = tuple<u8, u8>; f: func(x: pair);"), [""; 0]);
}

#[test]
fn a_missing_function_is_told_with_its_signature() {
    assert_eq!(
        told("f: func(a: u8) -> string; g: func();", "g: func();"),
        ["function `f`: expected `f: func(a: u8) -> string`, which is missing"]
    );
}

#[test]
fn parameters() {
    assert_eq!(
        told("f: func(token: string);", "f: func(token: list<u8>);"),
        ["function `f`, parameter `token`: expected `string`, found `list<u8>`"]
    );
    assert_eq!(
        told("f: func(a: u8);", "f: func(a: u8, b: u8);"),
        ["function `f`, parameter `b`: found `b: u8`, which is not expected"]
    );
    assert_eq!(
        told("f: func(a: u8, b: option<u8>);", "f: func(a: u8);"),
        ["function `f`, parameter `b`: expected `b: option<u8>`, which is missing"]
    );
    assert_eq!(
        told("f: func(a: u8);", "f: func(b: u8);"),
        ["function `f`, parameter `a`: expected the name `a`, found `b`"]
    );
    assert_eq!(
        told("f: func(a: u8, b: u8);", "f: func(b: u8, a: u8);"),
        ["function `f`: expected the order `a, b`, found `b, a`"]
    );
}

#[test]
fn results() {
    assert_eq!(told("f: func() -> u8;", "f: func();"), ["function `f`, result: expected `u8`, found nothing"]);
    assert_eq!(told("f: func();", "f: func() -> u8;"), ["function `f`, result: expected nothing, found `u8`"]);
    assert_eq!(
        told("f: func() -> result<u8, string>;", "f: func() -> result<u8, u8>;"),
        ["function `f`, result, error: expected `string`, found `u8`"]
    );
    assert_eq!(
        told("f: func() -> result<u8>;", "f: func() -> result;"),
        ["function `f`, result, ok: expected `u8`, found nothing"]
    );
}

#[test]
fn async_is_not_sync() {
    assert_eq!(
        told("f: async func(a: u8);", "f: func(a: u8);"),
        ["function `f`: expected `f: async func(a: u8)`, found `f: func(a: u8)`"]
    );
}

#[test]
fn records() {
    let f = "f: func(r: r);";
    assert_eq!(
        told(&format!("record r {{ a: u8, b: string }} {f}"), &format!("record r {{ a: u16, c: string }} {f}")),
        [
            "record `r`, field `b`: expected the name `b`, found `c`",
            "record `r`, field `a`: expected `u8`, found `u16`"
        ]
    );
    assert_eq!(
        told(&format!("record r {{ a: u8 }} {f}"), &format!("record r {{ a: u8, b: list<u8> }} {f}")),
        ["record `r`, field `b`: found `b: list<u8>`, which is not expected"]
    );
    assert_eq!(
        told(&format!("record r {{ a: u8, b: u8 }} {f}"), &format!("record r {{ b: u8, a: u8 }} {f}")),
        ["record `r`: expected the order `a, b`, found `b, a`"]
    );
    assert_eq!(
        told(&format!("record r {{ a: u8 }} {f}"), &format!("enum r {{ a }} {f}")),
        ["record `r`: expected `record r`, found `enum r`"]
    );
}

#[test]
fn cases_and_flags() {
    assert_eq!(
        told("enum e { a, b } f: func(e: e);", "enum e { a, b, c } f: func(e: e);"),
        ["enum `e`, case `c`: found `c`, which is not expected"]
    );
    assert_eq!(
        told("variant v { a(u8), b } f: func(v: v);", "variant v { a(u16), b(u8) } f: func(v: v);"),
        ["variant `v`, case `b`: expected nothing, found `u8`", "variant `v`, case `a`: expected `u8`, found `u16`"]
    );
    assert_eq!(
        told("flags g { a, b } f: func(g: g);", "flags g { b, a } f: func(g: g);"),
        ["flags `g`: expected the order `a, b`, found `b, a`"]
    );
}

#[test]
fn anonymous_types() {
    for (expected, found, told_as) in [
        ("list<u8>", "list<u16>", "element of the list: expected `u8`, found `u16`"),
        ("option<u8>", "option<char>", "element of the option: expected `u8`, found `char`"),
        ("tuple<u8, u8>", "tuple<u8, s8>", "item 1 of the tuple: expected `u8`, found `s8`"),
        ("list<list<u8>>", "list<option<u8>>", "element of the list: expected `list<u8>`, found `option<u8>`"),
        ("stream<u8>", "stream<u16>", "element of the stream: expected `u8`, found `u16`"),
        ("future<u8>", "future", "element of the future: expected `u8`, found nothing"),
        ("map<string, u8>", "map<u32, u8>", "key: expected `string`, found `u32`"),
    ] {
        assert_eq!(
            told(&format!("f: func(x: {expected});"), &format!("f: func(x: {found});")),
            [format!("function `f`, parameter `x`, {told_as}")]
        );
    }
    for (expected, found) in [("tuple<u8>", "tuple<u8, u8>"), ("list<u8, 4>", "list<u8, 5>"), ("string", "list<char>")]
    {
        assert_eq!(
            told(&format!("f: func(x: {expected});"), &format!("f: func(x: {found});")),
            [format!("function `f`, parameter `x`: expected `{expected}`, found `{found}`")]
        );
    }
}

#[test]
fn resources() {
    assert_eq!(
        told("resource s { a: func(); b: func(x: u8); }", "resource s { a: func(); }"),
        ["method `s.b`: expected `b: func(x: u8)`, which is missing"]
    );
    assert_eq!(
        told("resource s { constructor(); m: static func(); }", "f: func();"),
        [
            "resource `s`: expected `resource s`, which is missing",
            "constructor of `s`: expected `constructor()`, which is missing",
            "static function `s.m`: expected `m: static func()`, which is missing"
        ]
    );
    assert_eq!(
        told("resource s; f: func(x: borrow<s>);", "resource s; f: func(x: s);"),
        ["function `f`, parameter `x`: expected `borrow<s>`, found `s`"]
    );
    assert_eq!(
        told("resource s; resource t; f: func(x: s);", "resource s; resource t; f: func(x: t);"),
        [
            "function `f`, parameter `x`: expected the resource `a:b/i@1.0.0.{s}`, found `a:b/i@1.0.0.{t}`, which is another"
        ]
    );
}

#[test]
fn a_difference_in_a_shared_type_is_told_once() {
    let uses = "f: func(r: r); g: func() -> list<r>; h: func(x: option<r>);";
    assert_eq!(
        told(&format!("record r {{ a: u8 }} {uses}"), &format!("record r {{ a: u16 }} {uses}")),
        ["record `r`, field `a`: expected `u8`, found `u16`"]
    );
}

#[test]
fn resources_of_other_interfaces_are_returned_for_the_planner() {
    let body = "interface t { resource r; } interface i { use t.{r}; f: func(x: borrow<r>) -> r; }";
    let comparison = compared(body, body);
    assert!(comparison.differences.is_empty());
    assert_eq!(comparison.shared.len(), 1);

    let other = "interface t { resource r; } interface u { resource r; } interface i { use u.{r}; f: func(x: borrow<r>) -> r; }";
    let comparison = compared(body, other);
    assert!(comparison.differences.iter().all(|difference| difference.change == Change::Resource));
    assert!(!comparison.differences.is_empty());
}

#[test]
fn spans_lead_to_the_text() {
    let a = part("importer", &wit("interface i { f: func(token: string); }", ""));
    let b = part("exporter", &wit("interface i { f: func(token: u8); }", ""));
    let comparison = interfaces(
        Side { resolve: &a.resolve, item: interface(&a.resolve, "i") },
        Side { resolve: &b.resolve, item: interface(&b.resolve, "i") },
    );
    let difference = &comparison.differences[0];
    assert_eq!(a.resolve.render_location(difference.expected_at), "importer.wit:2:23");
    assert_eq!(b.resolve.render_location(difference.found_at), "exporter.wit:2:23");
}

#[test]
fn types_that_blow_up_are_compared_in_no_time() {
    let blown = |leaf: &str| {
        let mut body = format!("interface i {{ type t0 = {leaf};\n");
        for level in 1..2_000 {
            let below = level - 1;
            body.push_str(&format!("type t{level} = tuple<t{below}, list<tuple<t{below}, t{below}>>>;\n"));
        }
        body.push_str("f: func(x: t1999); }");
        body
    };
    let started = std::time::Instant::now();
    let comparison = compared(&blown("u8"), &blown("u16"));
    assert!(!comparison.differences.is_empty());
    assert!(started.elapsed().as_secs() < 5, "took {:?}", started.elapsed());
}
