//! What a component or module was written in: from producers sections, from names of modules, from what tools leave.
//!
//! 1. Interpreters come before compiled languages: a Python component holds C and Rust as well.
//! 2. Of compiled languages the rarer comes first: whatever a component is written in, the adapters and libraries linked
//!    into it are C and Rust.
//! 3. The adapters that wit-component adds to components of any language are Rust: they say nothing, and neither does
//!    a module of theirs.

use std::collections::BTreeSet;

use wasmparser::{Export, KnownCustom, Parser, Payload};

use super::{
    model::Origin,
    raw::{Module, Raw},
};
use crate::language::Language;

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

/// A component's own modules, and those of components inside it.
pub(super) fn of(raw: &Raw<'_>, component: usize) -> Option<Origin> {
    let it = raw.components.get(component)?;
    let inside = |module: &Module<'_>| it.range.start <= module.range.start && module.range.end <= it.range.end;
    let own = raw.modules.iter().enumerate().filter(|(_, module)| inside(module)).map(|(id, _)| id);
    let taken = (0..it.modules.len()).filter_map(|index| raw.module(component, u32::try_from(index).ok()?));
    let modules: BTreeSet<usize> = own.chain(taken).collect();
    of_modules(raw, &modules.into_iter().collect::<Vec<_>>())
}

/// Modules that are one program.
pub(super) fn of_modules(raw: &Raw<'_>, modules: &[usize]) -> Option<Origin> {
    let modules: Vec<&Module<'_>> = modules.iter().filter_map(|id| raw.modules.get(*id)).collect();
    interpreted(&modules).or_else(|| compiled(raw, &modules))
}

fn interpreted(modules: &[&Module<'_>]) -> Option<Origin> {
    let named = |part: &str| {
        let names = modules.iter().filter_map(|module| module.name);
        names.into_iter().find(|name| name.contains(part)).map(|name| format!("a core module is called {name}"))
    };
    let made_by = |tool: &str| {
        let producers = modules.iter().map(|module| &module.producers);
        let found = producers
            .into_iter()
            .any(|producers| producers.iter().any(|(field, names)| field != "language" && names.contains_key(tool)));
        found.then(|| format!("producers: {tool}"))
    };
    let speaks = |language: &str| {
        let spoken = modules.iter().filter_map(|module| module.producers.get("language"));
        spoken.into_iter().any(|names| names.contains_key(language)).then(|| format!("producers: {language}"))
    };
    let told = |language: Language, engine: Option<String>, because: String| Origin {
        language: language.name().to_owned(),
        engine,
        because,
    };
    let python = named("libpython").or_else(|| named("componentize_py"));
    if let Some(because) = python.or_else(|| made_by("componentize-py")).or_else(|| speaks("Python")) {
        let library = modules.iter().filter_map(|module| module.name?.split_once("libpython")).next();
        let version = library.map(|(_, rest)| rest.split(".so").next().unwrap_or(rest).to_owned());
        let engine =
            version.filter(|version| !version.is_empty()).map_or("CPython".to_owned(), |it| format!("CPython {it}"));
        return Some(told(Language::Python, Some(engine), because));
    }
    if let Some(because) = named("starling").or_else(|| made_by("ComponentizeJS")).or_else(|| made_by("StarlingMonkey"))
    {
        return Some(told(Language::JavaScript, Some("StarlingMonkey".to_owned()), because));
    }
    let quick = named("componentize_qjs").or_else(|| made_by("componentize-qjs"));
    if let Some(because) = quick.or_else(|| exports(modules, "quickjs")) {
        return Some(told(Language::JavaScript, Some("QuickJS".to_owned()), because));
    }
    let because = made_by("componentize-js").or_else(|| made_by("jco")).or_else(|| speaks("JavaScript"))?;
    Some(told(Language::JavaScript, None, because))
}

fn exports(modules: &[&Module<'_>], part: &str) -> Option<String> {
    let found = modules.iter().find(|module| module.name.is_some_and(|name| name.contains(part)))?;
    Some(format!("a core module is called {}", found.name?))
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
    for payload in Parser::new(0).parse_all(raw.slice(&module.range)).map_while(Result::ok) {
        match payload {
            Payload::ExportSection(exports) => {
                for Export { name, .. } in exports.into_iter().map_while(Result::ok) {
                    match name {
                        "wasm_export_run" | "wasm_export_resume" | "_rt0_wasm_wasip1" => {
                            return told("go", "it exports what only Go's runtime does");
                        }
                        "asyncify_start_unwind" => return told("tinygo", "it exports asyncify_start_unwind"),
                        "__new" | "__pin" => return told("assemblyscript", "it exports AssemblyScript's runtime"),
                        _ => {}
                    }
                }
            }
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else { continue };
                let functions = names.into_iter().map_while(Result::ok).find_map(|name| match name {
                    wasmparser::Name::Function(map) => Some(map),
                    _ => None,
                });
                for naming in functions.into_iter().flatten().map_while(Result::ok) {
                    match naming.name {
                        name if name.starts_with("runtime.rt0_go") || name == "_rt0_wasm_wasip1" => {
                            return told("go", "it holds Go's runtime");
                        }
                        name if name.starts_with("_RNv") || (name.starts_with("_ZN") && name.contains("17h")) => {
                            return told("rust", "names of its functions are mangled by rustc");
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    None
}
