use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use wasmtime::component::{Resource, ResourceType, Val};
use wasmtime_wasi::{WasiCtx, p2::pipe::MemoryOutputPipe};

use super::*;
use crate::{
    build::trial::{self, Project, SHAPES},
    language::Language,
};

const SMALL: &str = "package a:b@1.0.0;
    interface render { page: func(title: string) -> string; resource tab { constructor(n: u32); go: func(); make: static func() -> tab; } }
    world part { import log: func(line: string); import logs: interface { write: func(s: string); } export render; export run: func() -> u32; }";

const GOOD: &str = "export const render = { page(title) { return title; }, Tab: class { go() {} static make() {} } };\n\
    export function run() { return 1; }\n";

fn problems(files: &[(&str, &str)], wit: &str) -> Vec<String> {
    let project = Project::of(files);
    let unit = project.unit(Language::JavaScript, wit);
    let told = |problem: &Problem| {
        let places = problem.labels.iter().map(|label| {
            let line = label.source.text[..label.span.start].matches('\n').count() + 1;
            format!(" @ {}:{line}", label.source.name)
        });
        format!("{}: {}{}", problem.code, problem.message, places.collect::<String>())
    };
    let problems = JavaScript.check(&unit);
    assert!(problems.iter().all(|problem| problem.component.as_deref() == Some("part")));
    problems.iter().map(told).collect()
}

#[test]
fn missing_exports_are_told_before_building() {
    assert_eq!(problems(&[("index.js", GOOD)], SMALL), Vec::<String>::new());
    assert_eq!(problems(&[], SMALL), ["javascript::no-entry: no JavaScript module to start from"]);
    assert_eq!(
        problems(&[("index.js", "export const other = 1;\n")], SMALL),
        [
            "javascript::missing-export: export `run` for function `run` of world `part` is missing",
            "javascript::missing-export: export `render` for interface `a:b/render@1.0.0` is missing",
        ]
    );
    assert_eq!(
        problems(
            &[(
                "index.ts",
                "export const run: number = 3;\n\nexport const render = {\n  pages() {},\n  Tab: class { go() {} },\n};\n"
            )],
            SMALL
        ),
        [
            "javascript::wrong-export: `run` for function `run` of world `part` must be a function @ part/index.ts:1",
            "javascript::missing-export: `render.page` for interface `a:b/render@1.0.0` is missing @ part/index.ts:3",
            "javascript::missing-export: `render.Tab.make` for interface `a:b/render@1.0.0` is missing @ part/index.ts:5",
        ]
    );
    assert_eq!(
        problems(&[("index.js", &GOOD.replace("export function run", "export async function run"))], SMALL),
        [
            "javascript::wrong-export: `run` for function `run` of world `part` is async, but the function is not async in WIT @ part/index.js:2"
        ]
    );
}

#[test]
fn exports_are_followed_through_modules() {
    let page = "export function page(t) { return t; }\nexport class Tab { go() {} static make() {} }\n";
    let forms = [
        "export * as render from './page.js';\nexport { run } from './run';\n",
        "import * as render from './page';\nimport { run } from './run.js';\nexport { render, run };\n",
        "import { page, Tab } from './page';\nexport * from './run';\nexport const render = { page, Tab };\n",
        "export * from './run';\nexport const render = build();\n",
        "export * from './run';\nimport * as p from './page';\nexport const render = { ...p };\n",
    ];
    for form in forms {
        let files = [("index.js", form), ("page.ts", page), ("run.ts", "export const run = (): number => 1;\n")];
        assert_eq!(problems(&files, SMALL), Vec::<String>::new(), "{form}");
    }
    let files = [("index.js", forms[0]), ("page.ts", "export const page = 1;"), ("run.ts", "")];
    assert_eq!(problems(&files, SMALL).len(), 3, "{:?}", problems(&files, SMALL));
}

#[test]
fn modules_that_cannot_be_loaded_are_told_with_their_place() {
    let with = |line: &str| problems(&[("index.js", &format!("{GOOD}{line}\n"))], SMALL);
    assert_eq!(
        with("import x from './x.js';"),
        ["javascript::import: `part/index.js` imports `./x.js`, which is not found @ part/index.js:3"]
    );
    assert_eq!(
        with("import fs from 'node:fs';"),
        ["javascript::import: `part/index.js` imports `node:fs`, which is not found @ part/index.js:3"]
    );
    assert_eq!(
        with("import x from 'a:b/other';"),
        ["javascript::import: `part/index.js` imports `a:b/other`, which is not found @ part/index.js:3"]
    );
    assert_eq!(with("import { write } from 'logs';"), Vec::<String>::new());
    assert_eq!(with("let = ;"), ["javascript::syntax: syntax error in `part/index.js` @ part/index.js:3"]);
    let common = [
        ("index.js", &*format!("import x from 'left';\n{GOOD}")),
        ("node_modules/left/package.json", "{\"main\": \"i.js\"}"),
        ("node_modules/left/i.js", "module.exports = 1;\n"),
    ];
    assert_eq!(
        problems(&common, SMALL),
        ["javascript::commonjs: `part/node_modules/left/i.js` is a CommonJS module, which the engine cannot load"]
    );
}

#[test]
fn entry_modules() {
    assert!(problems(&[("main.mjs", GOOD)], SMALL).is_empty());
    assert!(problems(&[("src/part.ts", GOOD), ("src/x.ts", "")], SMALL).is_empty());
    let files = [("package.json", "{\"main\": \"./lib/start.js\"}"), ("lib/start.ts", GOOD), ("index.js", "")];
    assert!(problems(&files, SMALL).is_empty());
    assert_eq!(problems(&files[..1], SMALL).len(), 1);
}

#[test]
fn an_export_that_only_shows_when_it_runs_fails_the_build() {
    let project = Project::of(&[("index.js", "export const run = make();\nfunction make() { return 3; }\n")]);
    let wit = "package a:b; world part { export run: func(); }";
    let unit = project.unit(Language::JavaScript, wit);
    assert!(JavaScript.check(&unit).is_empty());
    let problem = JavaScript.build(&unit, &|_| {}).unwrap_err();
    assert_eq!(problem.code, "javascript::raised", "{problem:#?}");
    assert!(problem.causes[0].contains("export `run` is not a function"), "{problem:#?}");
}

#[test]
fn modules_that_are_never_loaded_fail_the_build() {
    let project = Project::of(&[("index.js", "while (true);\nexport function run() {}\n")]);
    let unit = project.unit(Language::JavaScript, "package a:b; world part { export run: func(); }");
    let problem = JavaScript.build(&unit, &|_| {}).unwrap_err();
    assert_eq!(problem.code, "javascript::endless", "{problem:#?}");
    assert_eq!(problem.message, "the modules were not loaded after 10000 million instructions");
}

#[test]
fn the_other_engine_is_not_there() {
    let project = Project::of(&[("index.js", GOOD)]);
    let mut unit = project.unit(Language::JavaScript, SMALL);
    unit.engine = Some("starlingmonkey".into());
    assert_eq!(JavaScript.check(&unit)[0].code, "javascript::engine");
}

#[test]
fn a_component_with_every_shape_runs() {
    let project = Project::copy("javascript/model");
    let unit = project.unit(Language::JavaScript, SHAPES);
    assert!(JavaScript.check(&unit).is_empty(), "{:#?}", JavaScript.check(&unit));
    let bytes = JavaScript.build(&unit, &|_| {}).unwrap_or_else(|problem| panic!("{problem:#?}"));
    trial::exercise(&bytes);
}

/// What modules say while they are loaded, at build time, is said when the instance is first called.
#[test]
fn the_console_writes_to_the_standard_streams() {
    let wit = "package a:b; world part { export run: func(name: string); }";
    let code = "console.log('loaded');\n\
        export function run(name) {\n  console.log('%s has %d', name, 3, { a: [1n, null], b: new Map([['k', 'é🧩']]) });\n  \
        console.group('in');\n  console.error(new TypeError('no').message, [undefined]);\n  console.groupEnd();\n  \
        console.log('x'.repeat(10_000));\n}\n";
    let project = Project::of(&[("index.js", code)]);
    let bytes = JavaScript.build(&project.unit(Language::JavaScript, wit), &|_| {}).unwrap();
    let (out, err) = (MemoryOutputPipe::new(1 << 20), MemoryOutputPipe::new(1 << 20));
    let mut running = trial::start_with(&bytes, WasiCtx::builder().stdout(out.clone()).stderr(err.clone()), |_| {});
    running.call(None, "run", &[Val::String("ada".into())]).unwrap();
    let text = |pipe: MemoryOutputPipe| String::from_utf8(pipe.contents().to_vec()).unwrap();
    let expected =
        format!("loaded\nada has 3 {{ a: [ 1n, null ], b: Map {{ \"k\" => \"é🧩\" }} }}\nin\n{}\n", "x".repeat(10_000));
    assert_eq!((text(out), text(err)), (expected, "  no [ undefined ]\n".to_owned()));
}

/// Handles of imported resources end where JavaScript says so, once; nothing is called before the host calls.
#[test]
fn resources_of_any_interface_are_imported() {
    let wit = "package a:b;
        interface files { use other:io/pipes@0.2.6.{pipe}; open: func() -> pipe; close: func(pipe: pipe); }
        world part { import files; export run: func() -> list<bool>; }
        package other:io@0.2.6 { interface pipes { resource pipe { ready: func() -> bool; } } }";
    let code = "import { close, open } from 'a:b/files';\n\
        export function run() {\n  using kept = open();\n  const ready = [kept.ready()];\n  { using inner = open(); ready.push(inner.ready()); }\n  \
        using given = open();\n  close(given);\n  given[Symbol.dispose]();\n  return ready;\n}\n";
    let project = Project::of(&[("index.js", code)]);
    let unit = project.unit(Language::JavaScript, wit);
    assert!(JavaScript.check(&unit).is_empty(), "{:#?}", JavaScript.check(&unit));
    let bytes = JavaScript.build(&unit, &|_| {}).unwrap_or_else(|problem| panic!("{problem:#?}"));
    let dropped = Arc::new(AtomicU32::new(0));
    let mut running = trial::start(&bytes, |linker| {
        struct Pipe;
        let mut pipes = linker.instance("other:io/pipes@0.2.6").unwrap();
        let count = dropped.clone();
        pipes
            .resource("pipe", ResourceType::host::<Pipe>(), move |_, _| {
                count.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
            .unwrap();
        pipes.func_wrap("[method]pipe.ready", |_, (_,): (Resource<Pipe>,)| Ok((true,))).unwrap();
        let mut files = linker.instance("a:b/files").unwrap();
        files.func_wrap("open", |_, ()| Ok((Resource::<Pipe>::new_own(7),))).unwrap();
        files.func_wrap("close", |_, (_,): (Resource<Pipe>,)| Ok(())).unwrap();
    });
    let ready = running.call(None, "run", &[]).unwrap();
    assert_eq!(ready, [Val::List([true, true].map(Val::Bool).to_vec())]);
    assert_eq!(dropped.load(Ordering::Relaxed), 2);

    let early = Project::of(&[("index.js", &*format!("{code}open();\n"))]);
    let problem = JavaScript.build(&early.unit(Language::JavaScript, wit), &|_| {}).unwrap_err();
    assert_eq!(problem.code, "javascript::raised", "{problem:#?}");
    assert_eq!(problem.causes, ["`a:b/files#open` was called while modules were loaded"]);
}

#[test]
fn packages_of_npm_are_taken_in() {
    let wit = "package a:b; world part { export run: func() -> string; }";
    let project = Project::of(&[
        (
            "index.ts",
            "import { greet } from 'greeter/deep';\nimport data from './data.json';\nexport const run = (): string => greet(data.name);\n",
        ),
        ("data.json", "{\"name\": \"x\", \"__proto__\": 1}"),
        (
            "node_modules/greeter/package.json",
            "{\"type\": \"module\", \"exports\": {\"./deep\": {\"import\": \"./src/deep.js\"}}}",
        ),
        (
            "node_modules/greeter/src/deep.js",
            "import { mark } from './mark.js';\nexport const greet = (n) => `hi ${n}${mark}`;\n",
        ),
        ("node_modules/greeter/src/mark.js", "export const mark = '!';\n"),
    ]);
    let unit = project.unit(Language::JavaScript, wit);
    let bytes = JavaScript.build(&unit, &|_| {}).unwrap_or_else(|problem| panic!("{problem:#?}"));
    let mut running = trial::start(&bytes, |_| {});
    assert_eq!(running.call(None, "run", &[]).unwrap(), [Val::String("hi x!".into())]);
    assert_eq!(JavaScript.read(&unit).len(), 4);
}

#[test]
fn an_exception_at_module_level_is_told_with_its_place() {
    let wit = "package a:b; world part { export run: func(); }";
    let lib = "interface A {\n  a: string;\n}\n\nexport function load(a: A | null): string {\n  throw new TypeError('no data');\n}\n";
    let project = Project::of(&[
        ("index.ts", "import { load } from './lib.ts';\nload(null);\nexport function run() {}\n"),
        ("lib.ts", lib),
    ]);
    let problem = JavaScript.build(&project.unit(Language::JavaScript, wit), &|_| {}).unwrap_err();
    assert_eq!(problem.code, "javascript::raised", "{problem:#?}");
    assert!(problem.causes[0].contains("no data"), "{problem:#?}");
    let label = &problem.labels[0];
    assert_eq!(label.source.name, "part/lib.ts");
    assert_eq!(&label.source.text[label.span.clone()], "throw new TypeError('no data');");
}

#[test]
fn declarations_of_a_world() {
    let project = Project::copy("javascript/model");
    let unit = project.unit(Language::JavaScript, SHAPES);
    let folder = unit.source.join(".mosaic/bindings");
    JavaScript.bindings(&unit, &folder).unwrap();
    let text = std::fs::read_to_string(folder.join("world.d.ts")).unwrap();
    for line in [
        "declare module \"demo:shapes/store@0.1.0\" {",
        "declare module \"demo:shapes/store\" {",
        "  export function lookup(key: string): number;",
        "  export class Cursor {",
        "  export type Verdict = { tag: \"costs\"; val: number } | { tag: \"refused\"; val: string } | { tag: \"none\" };",
        "    unitPrice: number;",
        "    [Symbol.dispose](): void;",
        "declare module \"mosaic:world\" {",
        "declare var console: Console;",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}
