//! The user's classes against those the world asks for, before any engine starts.
//!
//! 1. Find each class: in the entry module, or for a resource in the module named after its interface, else in the
//!    entry module (the build then makes that module).
//! 2. Find each method: in the class, else in its bases within the source folder.
//! 3. Compare `async` and how many positional arguments it takes.
//!
//! Only what is certainly wrong is told: a name that is assigned, a base class from elsewhere or a decorator leave the
//! answer to the build, which instantiates every class.

use std::sync::Arc;

use super::{
    Error,
    names::{self, Home, Kind, Method},
    outline::{self, Binding, Definition, Function, Module, Modules},
};
use crate::diagnostic::SourceFile;

/// What stands where a class was looked for.
enum Found<'a> {
    Class(&'a Module, &'a outline::Class),
    Nothing,
    /// It shows when the code runs.
    Unknown,
}

/// Everything that is certainly missing or wrong.
pub fn check(modules: &Modules, entry: &str, wanted: &[names::Class]) -> Vec<Error> {
    let mut errors = Vec::new();
    for class in wanted {
        if let Home::Module(module) = &class.home
            && is_reserved(module)
        {
            errors.push(Error::ReservedModule { module: module.clone(), needed_for: class.stands_for.clone() });
            continue;
        }
        match home(modules, entry, class) {
            Found::Class(module, found) => methods(modules, module, found, class, &mut errors),
            Found::Unknown => {}
            Found::Nothing => {
                let source = modules.get(entry).map(|module| module.source.clone());
                errors.push(Error::MissingClass { class: class.clone(), entry: source });
            }
        }
    }
    errors
}

/// Modules that every Python has loaded before user code runs.
const LOADED: [&str; 6] = ["builtins", "io", "os", "os.path", "sys", "types"];

/// Imports that fail when they are made: at run time there are no files.
pub fn late_imports(modules: &Modules) -> impl Iterator<Item = Error> {
    let late = modules.late().filter(|(_, name, _)| !LOADED.contains(name));
    late.map(|(module, name, span)| Error::LateImport {
        module: name.to_owned(),
        file: module.source.clone(),
        span: span.clone(),
    })
}

/// Resources whose class is in the entry module instead of a module named after the interface: (module, class).
pub fn resources_in_entry(modules: &Modules, entry: &str, wanted: &[names::Class]) -> Vec<(String, String)> {
    let in_entry = |class: &names::Class| match &class.home {
        Home::Module(module) if modules.find(module).is_none() => Some((module.clone(), class.name.clone())),
        _ => None,
    };
    wanted.iter().filter(|_| modules.get(entry).is_some()).filter_map(in_entry).collect()
}

/// Whether a module of this name would be hidden by one of the standard library or of the generator.
pub fn is_reserved(module: &str) -> bool {
    include_str!("reserved.txt").lines().any(|line| line == module)
}

fn home<'a>(modules: &'a Modules, entry: &str, class: &names::Class) -> Found<'a> {
    let module = match &class.home {
        Home::Module(module) if modules.find(module).is_some() => module,
        _ => entry,
    };
    // A module that nothing imports has not been read; the build imports it.
    if modules.get(module).is_none() {
        return Found::Unknown;
    }
    match modules.lookup(module, &class.name) {
        Ok(Some((module, Definition::Class(found)))) => Found::Class(module, found),
        Ok(Some(_)) | Err(()) => Found::Unknown,
        Ok(None) => Found::Nothing,
    }
}

fn methods(modules: &Modules, module: &Module, class: &outline::Class, wanted: &names::Class, errors: &mut Vec<Error>) {
    for method in &wanted.methods {
        let told = |found: &Function, source: &Arc<SourceFile>, fault| Error::Method {
            class: wanted.name.clone(),
            method: method.clone(),
            file: source.clone(),
            span: found.span.clone(),
            fault,
        };
        match member(modules, module, class, &method.name, 16) {
            Member::Unknown => {}
            Member::Nothing => errors.push(Error::MissingMethod {
                class: wanted.name.clone(),
                stands_for: wanted.stands_for.clone(),
                method: method.clone(),
                file: module.source.clone(),
                span: class.span.clone(),
            }),
            Member::Function(source, found) => {
                if found.is_async != method.is_async {
                    errors.push(told(found, source, Fault::Async));
                } else if let Some(fault) = parameters(found, method) {
                    errors.push(told(found, source, fault));
                }
            }
        }
    }
}

/// What is wrong with a method that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `async` on one side only.
    Async,
    /// It takes another number of positional arguments, the bound one not counted.
    Parameters { takes: String, given: usize },
    /// Keyword-only parameters without a default.
    KeywordOnly,
}

fn parameters(found: &Function, method: &Method) -> Option<Fault> {
    let bound = match (found.binding, method.kind) {
        (Binding::Unknown, _) => return None,
        (Binding::Static, _) | (Binding::Plain, Kind::Static) => 0,
        (Binding::Class, _) | (Binding::Plain, _) => 1,
    };
    let given = method.params.len() + bound;
    if found.needs_keywords {
        return Some(Fault::KeywordOnly);
    }
    if found.required <= given && found.most.is_none_or(|most| given <= most) {
        return None;
    }
    let least = found.required.saturating_sub(bound);
    let takes = match found.most.map(|most| most.saturating_sub(bound)) {
        Some(most) if most == least => least.to_string(),
        Some(most) => format!("{least} to {most}"),
        None => format!("at least {least}"),
    };
    Some(Fault::Parameters { takes, given: method.params.len() })
}

enum Member<'a> {
    Function(&'a Arc<SourceFile>, &'a Function),
    Nothing,
    Unknown,
}

fn member<'a>(
    modules: &'a Modules,
    module: &'a Module,
    class: &'a outline::Class,
    name: &str,
    depth: usize,
) -> Member<'a> {
    match class.members.get(name) {
        Some(Some(function)) => return Member::Function(&module.source, function),
        Some(None) => return Member::Unknown,
        None if class.is_decorated || depth == 0 => return Member::Unknown,
        None => {}
    }
    for base in &class.bases {
        let Some(base) = base else { return Member::Unknown };
        match base_class(modules, module, base) {
            Base::Bare => {}
            Base::Unknown => return Member::Unknown,
            Base::Class(module, class) => match member(modules, module, class, name, depth - 1) {
                Member::Nothing => {}
                found => return found,
            },
        }
    }
    Member::Nothing
}

enum Base<'a> {
    Class(&'a Module, &'a outline::Class),
    /// One that implements nothing: the generated protocol, `object`, `ABC` and their like.
    Bare,
    Unknown,
}

fn base_class<'a>(modules: &'a Modules, module: &'a Module, base: &str) -> Base<'a> {
    let (head, rest) = base.split_once('.').unwrap_or((base, ""));
    if head == names::WORLD_MODULE || base == "object" {
        return Base::Bare;
    }
    let (from, name) = match module.names.get(head) {
        Some(Definition::Class(class)) if rest.is_empty() => return Base::Class(module, class),
        Some(Definition::Import { module, name }) => (module.as_str(), name.as_str()),
        _ => return Base::Unknown,
    };
    let is_generated = from == names::WORLD_MODULE || from.starts_with("wit_world.");
    if is_generated || from == "typing" || from == "abc" {
        return Base::Bare;
    }
    match modules.lookup(from, name) {
        Ok(Some((module, Definition::Class(class)))) if rest.is_empty() => Base::Class(module, class),
        _ => Base::Unknown,
    }
}
