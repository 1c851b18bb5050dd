//! WIT text of types and functions, as their author wrote them: named types by name, the others spelled out.
//!
//! Invariant: bounded. Anonymous types can be nested and shared so that their text is exponential in their definitions;
//! what lies below [`DEPTH`] or beyond [`WIDTH`] is told as `…`.

use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDefKind, TypeId};

const DEPTH: usize = 6;
const WIDTH: usize = 24;

/// The text of a type where it is used: `claims`, `list<u8>`.
pub fn ty(resolve: &Resolve, ty: Type) -> String {
    let mut out = String::new();
    write(resolve, ty, DEPTH, &mut out);
    out
}

/// The text of a function: `check: func(token: string) -> result<claims, error>`.
pub fn function(resolve: &Resolve, function: &Function) -> String {
    // The receiver of a method is not written in WIT.
    let receiver = matches!(
        function.kind,
        FunctionKind::Method(_)
            | FunctionKind::AsyncMethod(_)
            | FunctionKind::MethodGetter(_)
            | FunctionKind::MethodSetter(_)
    );
    let params = function.params.iter().skip(usize::from(receiver));
    let mut shown: Vec<_> = params.clone().take(WIDTH).map(|p| format!("{}: {}", p.name, ty(resolve, p.ty))).collect();
    if params.len() > WIDTH {
        shown.push("…".to_owned());
    }
    let shown = shown.join(", ");
    if matches!(function.kind, FunctionKind::Constructor(_)) {
        return format!("constructor({shown})");
    }
    let name = function.name.rsplit(['.', ']']).next().unwrap_or(&function.name);
    let kind = match &function.kind {
        FunctionKind::Static(_) => "static func",
        FunctionKind::AsyncStatic(_) => "static async func",
        kind if kind.is_async() => "async func",
        _ => "func",
    };
    let result = function.result.map_or(String::new(), |result| format!(" -> {}", ty(resolve, result)));
    format!("{name}: {kind}({shown}){result}")
}

/// What a named type is, and its name: `record claims`.
pub(super) fn definition(resolve: &Resolve, id: TypeId) -> String {
    let def = &resolve.types[id];
    match &def.name {
        Some(name) => format!("{} {name}", what(&def.kind)),
        None => ty(resolve, Type::Id(id)),
    }
}

/// What a `type` stands for; of a record, variant, enum, flags or resource the keyword.
pub fn spelled_out(resolve: &Resolve, id: TypeId) -> String {
    let mut out = String::new();
    write_kind(resolve, &resolve.types[id].kind, DEPTH, &mut out);
    out
}

/// The keyword a type is declared with.
pub fn what(kind: &TypeDefKind) -> &'static str {
    match kind {
        TypeDefKind::Record(_) => "record",
        TypeDefKind::Resource => "resource",
        TypeDefKind::Flags(_) => "flags",
        TypeDefKind::Variant(_) => "variant",
        TypeDefKind::Enum(_) => "enum",
        _ => "type",
    }
}

fn write(resolve: &Resolve, ty: Type, depth: usize, out: &mut String) {
    let id = match ty {
        Type::Id(id) => id,
        Type::Bool => return out.push_str("bool"),
        Type::U8 => return out.push_str("u8"),
        Type::U16 => return out.push_str("u16"),
        Type::U32 => return out.push_str("u32"),
        Type::U64 => return out.push_str("u64"),
        Type::S8 => return out.push_str("s8"),
        Type::S16 => return out.push_str("s16"),
        Type::S32 => return out.push_str("s32"),
        Type::S64 => return out.push_str("s64"),
        Type::F32 => return out.push_str("f32"),
        Type::F64 => return out.push_str("f64"),
        Type::Char => return out.push_str("char"),
        Type::String => return out.push_str("string"),
        Type::ErrorContext => return out.push_str("error-context"),
    };
    let def = &resolve.types[id];
    match &def.name {
        Some(name) => out.push_str(name),
        None if depth == 0 => out.push('…'),
        None => write_kind(resolve, &def.kind, depth, out),
    }
}

fn write_kind(resolve: &Resolve, kind: &TypeDefKind, depth: usize, out: &mut String) {
    let named = |id: TypeId| resolve.types[id].name.as_deref().unwrap_or("…");
    match kind {
        TypeDefKind::Handle(Handle::Own(id)) => out.push_str(named(*id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => {
            out.push_str("borrow<");
            out.push_str(named(*id));
            out.push('>');
        }
        TypeDefKind::Tuple(tuple) => {
            out.push_str("tuple<");
            for (index, &item) in tuple.types.iter().take(WIDTH).enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_narrow(resolve, item, depth, out);
            }
            if tuple.types.len() > WIDTH {
                out.push_str(", …");
            }
            out.push('>');
        }
        TypeDefKind::Option(inner) => write_args(resolve, "option", &[Some(*inner)], depth, out),
        TypeDefKind::List(inner) => write_args(resolve, "list", &[Some(*inner)], depth, out),
        TypeDefKind::Map(key, value) => write_args(resolve, "map", &[Some(*key), Some(*value)], depth, out),
        TypeDefKind::Future(inner) => write_args(resolve, "future", inner.map(Some).as_slice(), depth, out),
        TypeDefKind::Stream(inner) => write_args(resolve, "stream", inner.map(Some).as_slice(), depth, out),
        TypeDefKind::Result(result) => match (result.ok, result.err) {
            (None, None) => out.push_str("result"),
            (Some(ok), None) => write_args(resolve, "result", &[Some(ok)], depth, out),
            (ok, err) => write_args(resolve, "result", &[ok, err], depth, out),
        },
        TypeDefKind::FixedLengthList(inner, length) => {
            out.push_str("list<");
            write(resolve, *inner, depth - 1, out);
            out.push_str(&format!(", {length}>"));
        }
        TypeDefKind::Type(inner) => write(resolve, *inner, depth - 1, out),
        // Only named types are of these kinds; a decoder that leaves one without a name gets the keyword.
        kind => out.push_str(kind.as_str()),
    }
}

fn write_args(resolve: &Resolve, name: &str, args: &[Option<Type>], depth: usize, out: &mut String) {
    out.push_str(name);
    for (index, arg) in args.iter().enumerate() {
        out.push_str(if index == 0 { "<" } else { ", " });
        match arg {
            Some(arg) => write_narrow(resolve, *arg, depth, out),
            None => out.push('_'),
        }
    }
    if !args.is_empty() {
        out.push('>');
    }
}

/// A type below another, unless the text is long enough already.
fn write_narrow(resolve: &Resolve, ty: Type, depth: usize, out: &mut String) {
    if out.len() > WIDTH * 10 {
        out.push('…');
    } else {
        write(resolve, ty, depth - 1, out);
    }
}
