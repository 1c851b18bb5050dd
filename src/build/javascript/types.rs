//! WIT types in TypeScript, as QuickJS sees their values.
//!
//! | WIT | TypeScript |
//! |---|---|
//! | `bool`, `string`, `char` | `boolean`, `string`, `string` |
//! | `u8`…`u32`, `s8`…`s32`, `f32`, `f64` | `number` |
//! | `u64`, `s64` | `bigint`, exact |
//! | `list<u8>`, `list<s8>`, other lists | `Uint8Array`, `Int8Array`, `T[]` |
//! | `tuple<a, b>` | `[A, B]` |
//! | `option<t>` | `T \| null`; within another option `{ tag: "some", val: T } \| { tag: "none" }` |
//! | `result<t, e>` | returned: `T`, and an `E` is thrown; elsewhere `{ tag: "ok", val: T } \| { tag: "err", val: E }` |
//! | `record`, `flags` | an object, its keys in `lowerCamelCase`; flags are booleans |
//! | `variant`, `enum` | `{ tag: "case-name", val: T }`, `"case-name"` |
//! | `own<r>`, `borrow<r>` | the class `R` |

use std::fmt::Write;

use heck::{ToLowerCamelCase, ToUpperCamelCase};
use wit_parser::{Function, Handle, Resolve, Type, TypeDef, TypeDefKind, TypeId};

use crate::build::shapes;

/// A type where it is used: named ones by their name.
pub fn inline(resolve: &Resolve, ty: Type) -> String {
    let id = match ty {
        Type::Bool => return "boolean".into(),
        Type::U8 | Type::U16 | Type::U32 | Type::S8 | Type::S16 | Type::S32 | Type::F32 | Type::F64 => {
            return "number".into();
        }
        Type::U64 | Type::S64 => return "bigint".into(),
        Type::Char | Type::String => return "string".into(),
        Type::ErrorContext => return "unknown".into(),
        Type::Id(id) => id,
    };
    match &resolve.types[id].name {
        Some(name) => name.to_upper_camel_case(),
        None => structure(resolve, &resolve.types[id].kind),
    }
}

/// What a function gives back: the error of a result is thrown.
pub fn returned(resolve: &Resolve, function: &Function) -> String {
    let plain = match function.result {
        None => "void".to_owned(),
        Some(ty) => match result_of(resolve, ty) {
            Some(result) => result.ok.map_or("void".to_owned(), |ok| inline(resolve, ok)),
            None => inline(resolve, ty),
        },
    };
    if function.kind.is_async() { format!("Promise<{plain}>") } else { plain }
}

/// What a function may throw as an answer, where it has a result with an error.
pub fn thrown(resolve: &Resolve, function: &Function) -> Option<String> {
    let result = result_of(resolve, function.result?)?;
    Some(result.err.map_or("undefined".to_owned(), |err| inline(resolve, err)))
}

fn result_of(resolve: &Resolve, ty: Type) -> Option<&wit_parser::Result_> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types[shapes::dealias(resolve, id)].kind {
        TypeDefKind::Result(result) => Some(result),
        _ => None,
    }
}

/// A parameter's name: `lowerCamelCase`, a reserved word with a trailing `_`.
pub fn parameter(name: &str) -> String {
    const RESERVED: [&str; 45] = [
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "void",
        "while",
    ];
    let name = name.to_lower_camel_case();
    let is_reserved = RESERVED.contains(&name.as_str()) || ["var", "with", "yield"].contains(&name.as_str());
    if is_reserved { name + "_" } else { name }
}

/// The definition of a named type. `None` for a resource, which is a class.
pub fn definition(resolve: &Resolve, id: TypeId) -> Option<String> {
    let TypeDef { name: Some(name), kind, .. } = &resolve.types[id] else { return None };
    let name = name.to_upper_camel_case();
    let fields = |fields: Vec<(&str, String, &Option<String>)>| {
        let mut text = format!("export interface {name} {{\n");
        for (field, ty, docs) in fields {
            text.push_str(&comment(docs.as_deref(), "  "));
            let _ = writeln!(text, "  {}: {ty};", field.to_lower_camel_case());
        }
        text + "}\n"
    };
    Some(match kind {
        TypeDefKind::Resource => return None,
        TypeDefKind::Record(record) => {
            fields(record.fields.iter().map(|f| (f.name.as_str(), inline(resolve, f.ty), &f.docs.contents)).collect())
        }
        TypeDefKind::Flags(flags) => {
            fields(flags.flags.iter().map(|f| (f.name.as_str(), "boolean".to_owned(), &f.docs.contents)).collect())
        }
        kind => format!("export type {name} = {};\n", structure(resolve, kind)),
    })
}

fn structure(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let show = |ty: &Type| inline(resolve, *ty);
    let tagged = |tag: &str, ty: Option<&Type>| match ty {
        Some(ty) => format!("{{ tag: \"{tag}\"; val: {} }}", show(ty)),
        None => format!("{{ tag: \"{tag}\" }}"),
    };
    match kind {
        TypeDefKind::List(Type::U8) => "Uint8Array".into(),
        TypeDefKind::List(Type::S8) => "Int8Array".into(),
        TypeDefKind::List(item) | TypeDefKind::FixedLengthList(item, _) => format!("Array<{}>", show(item)),
        TypeDefKind::Map(key, value) => format!("Map<{}, {}>", show(key), show(value)),
        TypeDefKind::Tuple(tuple) => format!("[{}]", tuple.types.iter().map(show).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Option(some) if is_option(resolve, *some) => {
            format!("{} | {}", tagged("some", Some(some)), tagged("none", None))
        }
        TypeDefKind::Option(some) => format!("{} | null", show(some)),
        TypeDefKind::Result(result) => {
            format!("{} | {}", tagged("ok", result.ok.as_ref()), tagged("err", result.err.as_ref()))
        }
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().map(|case| tagged(&case.name, case.ty.as_ref())).collect::<Vec<_>>().join(" | ")
        }
        TypeDefKind::Enum(cases) => {
            cases.cases.iter().map(|case| format!("\"{}\"", case.name)).collect::<Vec<_>>().join(" | ")
        }
        TypeDefKind::Handle(Handle::Own(resource) | Handle::Borrow(resource)) => inline(resolve, Type::Id(*resource)),
        TypeDefKind::Type(alias) => show(alias),
        TypeDefKind::Future(item) => format!("FutureReadable<{}>", item.as_ref().map_or("void".into(), show)),
        TypeDefKind::Stream(item) => format!("StreamReadable<{}>", item.as_ref().map_or("void".into(), show)),
        TypeDefKind::Record(_) | TypeDefKind::Flags(_) | TypeDefKind::Resource | TypeDefKind::Unknown => {
            "unknown".into()
        }
    }
}

fn is_option(resolve: &Resolve, ty: Type) -> bool {
    matches!(ty, Type::Id(id) if matches!(resolve.types[shapes::dealias(resolve, id)].kind, TypeDefKind::Option(_)))
}

/// Documentation as a comment, or nothing.
pub fn comment(docs: Option<&str>, indent: &str) -> String {
    let Some(docs) = docs else { return String::new() };
    let docs = docs.trim().replace("*/", "* /");
    match docs.lines().collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let lines: String = lines.iter().map(|line| format!("{indent} * {line}\n")).collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}
