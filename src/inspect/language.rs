//! Which language a component was written in, as far as it tells.

use crate::language::Language;

use super::{Module, Structure};

/// Guesses the language from names and producers sections.
///
/// Interpreters come before compiled languages: a Python component holds C and Rust as well. The adapters that
/// `wit-component` adds to a component of any language are written in Rust, so Rust is what is left, and only where
/// nothing but Rust and C took part.
pub fn language(structure: &Structure) -> Option<Language> {
    let modules = all(structure);
    let named = |part: &str| modules.iter().any(|m| m.name.as_ref().is_some_and(|name| name.contains(part)));
    let speaks = |language: &str| producer(&modules, "language", language);
    let made_by = |tool: &str| producer(&modules, "processed-by", tool) || producer(&modules, "sdk", tool);

    if named("libpython") || named("componentize_py") || speaks("Python") || made_by("componentize-py") {
        return Some(Language::Python);
    }
    let engines = ["componentize-qjs", "ComponentizeJS", "componentize-js", "jco"];
    if named("componentize_qjs") || named("starling") || speaks("JavaScript") || engines.into_iter().any(made_by) {
        return Some(Language::JavaScript);
    }
    if speaks("Go") {
        return Some(Language::Go);
    }
    let main = modules.iter().max_by_key(|module| module.size)?;
    let others = ["C99", "C11", "C17", "Rust"];
    let only = main.producers.get("language").is_none_or(|spoken| spoken.keys().all(|l| others.contains(&l.as_str())));
    let rust = main.producers.get("processed-by").is_some_and(|tools| tools.contains_key("rustc"));
    (rust && only).then_some(Language::Rust)
}

/// Every module, however deep.
fn all(structure: &Structure) -> Vec<&Module> {
    let mut modules: Vec<_> = structure.modules.iter().collect();
    structure.components.iter().for_each(|nested| modules.extend(all(&nested.structure)));
    modules
}

fn producer(modules: &[&Module], field: &str, name: &str) -> bool {
    modules.iter().any(|module| module.producers.get(field).is_some_and(|names| names.contains_key(name)))
}
