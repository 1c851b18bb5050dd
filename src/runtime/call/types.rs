//! Types and functions in the words of WIT, as far as a component tells them: its types have no names.

use std::fmt::Write as _;

use wasmtime::component::{
    ResourceType,
    types::{ComponentFunc, Type},
};

/// Resources that have a name, because a function belongs to them.
pub(super) type Resources = Vec<(ResourceType, String)>;

/// `list<u8>`, `record { name: string }`.
pub(super) fn shown(ty: &Type, resources: &Resources) -> String {
    let inner = |ty: &Type| shown(ty, resources);
    let joined = |items: Vec<String>| items.join(", ");
    let resource = |ty: &ResourceType| {
        let known = resources.iter().find(|(resource, _)| resource == ty);
        known.map_or_else(|| "resource".to_owned(), |(_, name)| name.clone())
    };
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::S8 => "s8".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::S16 => "s16".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::S32 => "s32".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::S64 => "s64".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::Float32 => "f32".to_owned(),
        Type::Float64 => "f64".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(list) => format!("list<{}>", inner(&list.ty())),
        Type::FixedLengthList(list) => format!("list<{}, {}>", inner(&list.ty()), list.len()),
        Type::Map(map) => format!("map<{}, {}>", inner(&map.key()), inner(&map.value())),
        Type::Record(record) => {
            let fields = record.fields().map(|field| format!("{}: {}", field.name, inner(&field.ty))).collect();
            format!("record {{ {} }}", joined(fields))
        }
        Type::Tuple(tuple) => format!("tuple<{}>", joined(tuple.types().map(|ty| inner(&ty)).collect())),
        Type::Variant(variant) => {
            let case = |case: wasmtime::component::types::Case<'_>| match &case.ty {
                Some(ty) => format!("{}({})", case.name, inner(ty)),
                None => case.name.to_owned(),
            };
            format!("variant {{ {} }}", joined(variant.cases().map(case).collect()))
        }
        Type::Enum(names) => format!("enum {{ {} }}", joined(names.names().map(str::to_owned).collect())),
        Type::Flags(names) => format!("flags {{ {} }}", joined(names.names().map(str::to_owned).collect())),
        Type::Option(option) => format!("option<{}>", inner(&option.ty())),
        Type::Result(result) => match (result.ok(), result.err()) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", inner(&ok)),
            (ok, Some(err)) => {
                format!("result<{}, {}>", ok.map_or_else(|| "_".to_owned(), |ok| inner(&ok)), inner(&err))
            }
        },
        Type::Own(ty) => resource(ty),
        Type::Borrow(ty) => format!("borrow<{}>", resource(ty)),
        Type::Future(future) => generic("future", future.ty().map(|ty| inner(&ty))),
        Type::Stream(stream) => generic("stream", stream.ty().map(|ty| inner(&ty))),
        Type::ErrorContext => "error-context".to_owned(),
    }
}

fn generic(name: &str, inner: Option<String>) -> String {
    match inner {
        Some(inner) => format!("{name}<{inner}>"),
        None => name.to_owned(),
    }
}

/// `(name: string) -> u32`.
pub(super) fn signature(ty: &ComponentFunc, resources: &Resources) -> String {
    let params: Vec<String> = ty.params().map(|(name, ty)| format!("{name}: {}", shown(&ty, resources))).collect();
    let mut text = format!("({})", params.join(", "));
    if let Some(result) = ty.results().next() {
        let _ = write!(text, " -> {}", shown(&result, resources));
    }
    text
}
