//! What a component or module was written in: from producers sections, from names of modules, from what tools leave.
//!
//! 1. Interpreters come before compiled languages: a Python component holds C and Rust as well.
//! 2. Of compiled languages the rarer comes first: whatever a component is written in, the adapters and libraries linked
//!    into it are C and Rust.
//! 3. The adapters that wit-component adds to components of any language are Rust: they say nothing, and neither does
//!    a module of theirs.

use std::collections::BTreeSet;

use wasmparser::{BinaryReader, Instance, Name, NameSectionReader};

use super::{
    model::{Origin, Producers},
    raw::{Module, Raw},
};
use crate::language::Language;

/// What names of modules and links have in them where an engine is linked.
const ENGINES: &[&str] = &["libpython", "componentize_py", "starling", "componentize_qjs", "quickjs"];

/// Names of modules that wit-component makes or brings.
const GLUE: &[&str] = &["wit-component:", "wasi_snapshot_preview1", "adapter"];

/// A language that a producers section names, the rarer first.
const LANGUAGES: &[(&str, &str)] = &[
    ("Go", "go"),
    ("TinyGo", "tinygo"),
    ("Zig", "zig"),
    ("Swift", "swift"),
    ("Kotlin", "kotlin"),
    ("AssemblyScript", "assemblyscript"),
    ("MoonBit", "moonbit"),
    ("Rust", "rust"),
    ("C_plus_plus", "c++"),
    ("C", "c"),
];

/// What a component was written in.
pub(super) fn of(raw: &Raw<'_>, component: usize) -> Option<Origin> {
    engine(raw, component).or_else(|| compiled_by(raw, component))
}

/// The language of a component that an engine runs, and the engine.
pub(super) fn engine(raw: &Raw<'_>, component: usize) -> Option<Origin> {
    let modules = inside(raw, component);
    // Some tools tell of themselves in the component alone, not in the engine's module.
    let own = raw.components.get(component).map(|it| &it.producers);
    let producers: Vec<&Producers> = own.into_iter().chain(modules.iter().map(|module| &module.producers)).collect();
    interpreted(&modules, &links(raw, component), &producers)
}

/// The language that a component was compiled from, going by its own modules.
pub(super) fn compiled_by(raw: &Raw<'_>, component: usize) -> Option<Origin> {
    compiled(raw, &inside(raw, component))
}

/// Modules that are one program.
pub(super) fn of_modules(raw: &Raw<'_>, modules: &[usize]) -> Option<Origin> {
    let modules: Vec<&Module<'_>> = modules.iter().filter_map(|id| raw.modules.get(*id)).collect();
    let producers: Vec<&Producers> = modules.iter().map(|module| &module.producers).collect();
    interpreted(&modules, &[], &producers).or_else(|| compiled(raw, &modules))
}

/// Whether a component without code of its own is one engine in several components, as componentize-qjs makes it, rather
/// than a composition: one of those inside loads code for another.
pub(super) fn is_one(raw: &Raw<'_>, component: usize) -> bool {
    raw.components.iter().any(|inner| {
        inner.outer == Some(component) && inner.exports.iter().any(|export| export.name == "local:init/module-loader")
    })
}

/// A component's own modules, those of components inside it, and those it takes from around it.
fn inside<'r, 'a>(raw: &'r Raw<'a>, component: usize) -> Vec<&'r Module<'a>> {
    let Some(it) = raw.components.get(component) else { return Vec::new() };
    let inside = |module: &Module<'_>| it.range.start <= module.range.start && module.range.end <= it.range.end;
    let own = raw.modules.iter().enumerate().filter(|(_, module)| inside(module)).map(|(id, _)| id);
    let taken = (0..it.modules.len()).filter_map(|index| raw.module(component, u32::try_from(index).ok()?));
    let modules: BTreeSet<usize> = own.chain(taken).collect();
    modules.into_iter().filter_map(|id| raw.modules.get(id)).collect()
}

/// The names under which core instances of a component, and of those inside it, give things to one another. Dynamic
/// libraries keep theirs there, whatever their modules are called.
fn links<'a>(raw: &Raw<'a>, component: usize) -> Vec<&'a str> {
    let Some(it) = raw.components.get(component) else { return Vec::new() };
    let inside =
        raw.components.iter().filter(|inner| it.range.start <= inner.range.start && inner.range.end <= it.range.end);
    let instances = inside.flat_map(|inner| &inner.core_instances);
    let names = instances.flat_map(|instance| match instance {
        Instance::Instantiate { args, .. } => args.iter().map(|arg| arg.name).collect::<Vec<_>>(),
        Instance::FromExports(exports) => exports.iter().map(|export| export.name).collect(),
    });
    names.filter(|name| ENGINES.iter().any(|engine| name.contains(engine))).collect()
}

fn interpreted(modules: &[&Module<'_>], links: &[&str], producers: &[&Producers]) -> Option<Origin> {
    let named = |part: &str| {
        let names = modules.iter().filter_map(|module| module.name);
        let module =
            names.into_iter().find(|name| name.contains(part)).map(|name| format!("a core module is called {name}"));
        module.or_else(|| Some(format!("a core instance has {}", links.iter().find(|name| name.contains(part))?)))
    };
    let made_by = |tool: &str| {
        let found = producers
            .iter()
            .any(|producers| producers.iter().any(|(field, names)| field != "language" && names.contains_key(tool)));
        found.then(|| format!("producers: {tool}"))
    };
    let speaks = |language: &str| {
        let spoken = producers.iter().filter_map(|producers| producers.get("language"));
        spoken.into_iter().any(|names| names.contains_key(language)).then(|| format!("producers: {language}"))
    };
    let told = |language: Language, engine: &str, because: String| {
        Some(Origin { language: language.name().to_owned(), engine: Some(engine.to_owned()), because })
    };
    let python = named("libpython").or_else(|| named("componentize_py")).or_else(|| named("(python)"));
    if let Some(because) = python.or_else(|| made_by("componentize-py")).or_else(|| speaks("Python")) {
        let names = modules.iter().filter_map(|module| module.name).chain(links.iter().copied());
        let version =
            names.filter_map(|name| name.split_once("libpython")).find_map(|(_, rest)| rest.split_once(".so"));
        let engine = version.map_or("CPython".to_owned(), |(version, _)| format!("CPython {version}"));
        return told(Language::Python, &engine, because);
    }
    if let Some(because) = named("starling").or_else(|| made_by("ComponentizeJS")).or_else(|| made_by("StarlingMonkey"))
    {
        return told(Language::JavaScript, "StarlingMonkey", because);
    }
    let quick = named("componentize_qjs").or_else(|| made_by("componentize-qjs")).or_else(|| named("quickjs"));
    if let Some(because) = quick {
        return told(Language::JavaScript, "QuickJS", because);
    }
    let because = made_by("componentize-js").or_else(|| made_by("jco")).or_else(|| speaks("JavaScript"));
    told(Language::JavaScript, "an engine", because.or_else(|| named("(javascript)"))?)
}

fn compiled(raw: &Raw<'_>, modules: &[&Module<'_>]) -> Option<Origin> {
    let is_glue =
        |module: &&&Module<'_>| module.name.is_some_and(|name| GLUE.iter().any(|glue| name.starts_with(glue)));
    let own: Vec<&&Module<'_>> = modules.iter().filter(|module| !is_glue(module)).collect();
    let main = own.iter().max_by_key(|module| module.range.end - module.range.start)?;
    let told = |language: &str, because: String| Some(Origin { language: language.to_owned(), engine: None, because });
    if own.iter().any(|module| module.producers.get("processed-by").is_some_and(|it| it.contains_key("TinyGo"))) {
        return told("tinygo", "producers: TinyGo".to_owned());
    }
    let spoken: Vec<(&str, &str)> = own
        .iter()
        .filter_map(|module| module.producers.get("language"))
        .flat_map(|names| names.iter().map(|(name, version)| (name.as_str(), version.as_str())))
        .collect();
    let is = |spoken: &str, name: &str| spoken == name || (name.len() == 1 && is_c(spoken)) || cpp(spoken, name);
    for (name, language) in LANGUAGES {
        if let Some((name, version)) = spoken.iter().find(|(spoken, _)| is(spoken, name)) {
            return told(language, format!("producers: {name} {version}").trim_end().to_owned());
        }
    }
    if let Some((name, _)) = spoken.first() {
        return told(&name.to_lowercase(), format!("producers: {name}"));
    }
    if main.producers.get("processed-by").is_some_and(|tools| tools.contains_key("rustc")) {
        return told("rust", "producers: rustc".to_owned());
    }
    fingerprint(raw, main)
}

/// `C99`, `C11`, `C17`.
fn is_c(spoken: &str) -> bool {
    spoken.strip_prefix('C').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

fn cpp(spoken: &str, name: &str) -> bool {
    name == "C_plus_plus" && spoken.starts_with(name)
}

/// What compilers leave in a module that has no producers section.
fn fingerprint(raw: &Raw<'_>, module: &Module<'_>) -> Option<Origin> {
    let told = |language: &str, because: &str| {
        Some(Origin { language: language.to_owned(), engine: None, because: because.to_owned() })
    };
    if module.customs.iter().any(|custom| custom.name == "go:buildid" || custom.name == "go.buildid") {
        return told("go", "it has a Go build id");
    }
    for export in raw.core_exports(module) {
        match export.name {
            "wasm_export_run" | "wasm_export_resume" | "_rt0_wasm_wasip1" => {
                return told("go", "it exports what only Go's runtime does");
            }
            "asyncify_start_unwind" => return told("tinygo", "it exports asyncify_start_unwind"),
            "__new" | "__pin" => return told("assemblyscript", "it exports AssemblyScript's runtime"),
            _ => {}
        }
    }
    let names = module.customs.iter().find(|custom| custom.name == "name")?;
    let names = NameSectionReader::new(BinaryReader::new(names.data, 0)).map_while(Result::ok);
    let functions = names.filter_map(|name| match name {
        Name::Function(map) => Some(map),
        _ => None,
    });
    functions.flatten().map_while(Result::ok).find_map(|naming| match naming.name {
        name if name.starts_with("runtime.rt0_go") || name == "_rt0_wasm_wasip1" => told("go", "it holds Go's runtime"),
        name if name.starts_with("_RNv") || (name.starts_with("_ZN") && name.contains("17h")) => {
            told("rust", "names of its functions are mangled by rustc")
        }
        _ => None,
    })
}
