//! How the error side of a WIT `result` is a Go `error`.
//!
//! | WIT | Go |
//! |---|---|
//! | `string` | any error; its text crosses |
//! | none | any error; only that there was one crosses |
//! | variant, record | the type itself, which gets a method `Error` |
//! | enum `status` or `status-error` | `ErrStatus`, with a constant `ErrStatus<Case>` for each case |
//! | anything else | `wit.Failure[T]`, made by `wit.Fail(value)` |

use std::fmt::Write;

use wit_parser::{Function, Result_, Type, TypeDefKind, TypeId};

use super::{
    file::File,
    names,
    world::{Way, World},
};

/// See the table of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Text,
    Nothing,
    Itself(TypeId),
    Enum(TypeId),
    Wrapped(Type),
}

/// The result type of a function, if that is a `result`.
pub(super) fn result(world: &World, function: &Function) -> Option<Result_> {
    let Type::Id(id) = world.plain(function.result?) else { return None };
    match &world.resolve.types[id].kind {
        TypeDefKind::Result(result) => Some(result.clone()),
        _ => None,
    }
}

/// How the error side of `result` is told in Go.
pub(super) fn failure(world: &World, result: &Result_) -> Failure {
    let Some(ty) = result.err else { return Failure::Nothing };
    let id = match world.plain(ty) {
        Type::String => return Failure::Text,
        Type::Id(id) => id,
        ty => return Failure::Wrapped(ty),
    };
    match &world.resolve.types[id].kind {
        // A field or the getter of a case would have the method's name.
        TypeDefKind::Record(record) if !record.fields.iter().any(|field| names::exported(&field.name) == "Error") => {
            Failure::Itself(id)
        }
        TypeDefKind::Variant(variant) if !variant.cases.iter().any(|case| names::exported(&case.name) == "Error") => {
            Failure::Itself(id)
        }
        TypeDefKind::Enum(_) if !has_sibling(world, id, &enum_name(world, id)) => Failure::Enum(id),
        _ => Failure::Wrapped(Type::Id(id)),
    }
}

/// The Go error type that stands for an enum: `ErrStatus`.
pub(super) fn enum_name(world: &World, id: TypeId) -> String {
    let name = names::type_name(world, id);
    format!("Err{}", name.strip_suffix("Error").unwrap_or(&name))
}

fn has_sibling(world: &World, id: TypeId, name: &str) -> bool {
    let owner = world.resolve.types[id].owner;
    world
        .resolve
        .types
        .iter()
        .any(|(_, ty)| ty.owner == owner && ty.name.as_deref().is_some_and(|sibling| names::exported(sibling) == name))
}

/// The types that become errors, each once, with the package they are declared in.
pub(super) fn declared(world: &World) -> Vec<(names::Package, Failure)> {
    let mut all: Vec<(names::Package, Failure)> = Vec::new();
    for way in [Way::Import, Way::Export] {
        for interface in world.interfaces(way) {
            for result in interface.functions.iter().filter_map(|function| result(world, function)) {
                let failure = failure(world, &result);
                if let Failure::Itself(id) | Failure::Enum(id) = failure
                    && !all.iter().any(|(_, known)| *known == failure)
                {
                    all.push((names::package(world, world.owner(id).as_ref()), failure));
                }
            }
        }
    }
    all
}

/// Declares in `file`, which is of the package that owns the type, what makes it an error.
pub(super) fn declare(world: &World, failure: Failure, file: &mut File) {
    let mut text = String::new();
    match failure {
        Failure::Itself(id) => {
            file.import("", "fmt");
            itself(world, id, &mut text)
        }
        Failure::Enum(id) => enumeration(world, id, &mut text),
        Failure::Text | Failure::Nothing | Failure::Wrapped(_) => Ok(()),
    }
    .expect("writing to a string cannot fail");
    file.push(&text);
}

fn itself(world: &World, id: TypeId, text: &mut String) -> std::fmt::Result {
    let name = names::type_name(world, id);
    let wit = world.resolve.types[id].name.as_deref().unwrap_or_default();
    writeln!(text, "// Error makes {wit} a Go error.\nfunc (self {name}) Error() string {{")?;
    match &world.resolve.types[id].kind {
        TypeDefKind::Variant(variant) => {
            writeln!(text, "\tswitch self.tag {{")?;
            for case in &variant.cases {
                let case_name = names::exported(&case.name);
                writeln!(text, "\tcase {name}_{case_name}:")?;
                match case.ty {
                    Some(_) => writeln!(text, "\t\treturn fmt.Sprintf(\"{}: %v\", self.value)", case.name)?,
                    None => writeln!(text, "\t\treturn \"{}\"", case.name)?,
                }
            }
            writeln!(text, "\t}}\n\treturn fmt.Sprintf(\"{wit} %d\", self.tag)\n}}\n")
        }
        TypeDefKind::Record(record) => {
            let shown: Vec<_> = record.fields.iter().map(|field| format!("{} %v", field.name)).collect();
            let values: Vec<_> =
                record.fields.iter().map(|field| format!(", self.{}", names::exported(&field.name))).collect();
            writeln!(text, "\treturn fmt.Sprintf(\"{wit}: {}\"{})\n}}\n", shown.join(", "), values.concat())
        }
        _ => unreachable!("only records and variants are errors by themselves"),
    }
}

fn enumeration(world: &World, id: TypeId, text: &mut String) -> std::fmt::Result {
    let TypeDefKind::Enum(cases) = &world.resolve.types[id].kind else {
        unreachable!("only enums are told by constants");
    };
    let name = names::type_name(world, id);
    let wit = world.resolve.types[id].name.as_deref().unwrap_or_default();
    let error = enum_name(world, id);
    writeln!(text, "// {error} is a value of {wit} as a Go error.\ntype {error} {name}\n\nconst (")?;
    for case in &cases.cases {
        let case = names::exported(&case.name);
        writeln!(text, "\t{error}{case} = {error}({name}_{case})")?;
    }
    writeln!(text, ")\n\nfunc (self {error}) Error() string {{\n\tswitch self {{")?;
    for case in &cases.cases {
        writeln!(text, "\tcase {error}{}:\n\t\treturn \"{}\"", names::exported(&case.name), case.name)?;
    }
    writeln!(text, "\t}}\n\treturn \"unknown {wit}\"\n}}\n")
}
