//! What Python sources import and which built-in functions they call, wherever in them: for the record in the component.

use tree_sitter::{Node, Parser};

use super::outline::{Module, Modules};
use crate::language::{Language, sources::Sources};

/// Built-in functions that reach further than the language, or may load what no source names.
const CALLS: &[&str] = &["open", "input", "print", "exit", "quit", "__import__", "exec", "eval"];

/// The record of all modules that the entry module reaches in the source folder.
pub(super) fn sources(modules: &Modules) -> Sources {
    let mut sources = Sources { language: Language::Python.name().to_owned(), ..Sources::default() };
    for module in modules.all() {
        one(module, modules, &mut sources);
    }
    sources
}

fn one(module: &Module, modules: &Modules, sources: &mut Sources) {
    let (text, file) = (module.source.text.as_str(), module.source.name.as_str());
    let mut parser = Parser::new();
    let known = parser.set_language(&tree_sitter_python::LANGUAGE.into()).is_ok();
    let Some(tree) = parser.parse(text, None).filter(|_| known) else { return };
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        match node.kind() {
            "import_statement" => {
                let mut within = node.walk();
                for name in node.children_by_field_name("name", &mut within) {
                    let name = name.child_by_field_name("name").unwrap_or(name);
                    import(word(name, text), modules, file, sources);
                }
            }
            "import_from_statement" => {
                if let Some(from) = node.child_by_field_name("module_name").map(|from| word(from, text)) {
                    import(from, modules, file, sources);
                    // `from wit_world.imports import store` names a module as well.
                    let mut within = node.walk();
                    for name in node.children_by_field_name("name", &mut within) {
                        let name = name.child_by_field_name("name").unwrap_or(name);
                        if from.starts_with("wit_world") || from == "urllib" || from == "http" {
                            import(&format!("{from}.{}", word(name, text)), modules, file, sources);
                        }
                    }
                }
            }
            "call" => {
                let function = node.child_by_field_name("function").filter(|it| it.kind() == "identifier");
                if let Some(function) = function.map(|it| word(it, text)).filter(|it| CALLS.contains(it)) {
                    sources.calls(function, file);
                }
            }
            _ => {}
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// Records a module that is not the program's own.
fn import(name: &str, modules: &Modules, file: &str, sources: &mut Sources) {
    let top = name.split('.').next().unwrap_or(name);
    if !name.starts_with('.') && modules.find(top).is_none() {
        sources.imports(name, file);
    }
}

fn word<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}
