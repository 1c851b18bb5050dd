//! What a starting engine is told: a fixed time, random numbers that are none, no environment, no folders, streams whose
//! text is told if the start fails.

use wasmtime::{
    AsContextMut, StoreContextMut,
    component::{Resource, ResourceAny, Type, Val, types::ComponentFunc},
};

use super::{Said, imports::Nothing};

/// Interfaces of WASI that engines and their libraries call while they start, without their version.
const GIVEN: [&str; 14] = [
    "wasi:cli/environment",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/system-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// Seconds since 1970 at which every start takes place: the first of January 2000.
const MOMENT: u64 = 946_684_800;
/// The most that one write to a stream may take.
const ROOM: u64 = 4096;

/// Answers a call. `false`: a start may not make it.
pub(super) fn answer(
    mut store: StoreContextMut<'_, Said>,
    interface: &str,
    function: &str,
    ty: &ComponentFunc,
    params: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<bool> {
    let bare = interface.split_once('@').map_or(interface, |(bare, _)| bare);
    let is_stream = bare == "wasi:io/streams" && function.starts_with("[method]output-stream.");
    if !is_stream && !GIVEN.contains(&bare) {
        return Ok(false);
    }
    for (ty, result) in ty.results().zip(&mut *results) {
        let Some(value) = nothing(&mut store, &ty)? else { return Ok(false) };
        *result = value;
    }
    match (bare, function, params, results) {
        ("wasi:random/random" | "wasi:random/insecure", _, [Val::U64(length)], [Val::List(bytes)]) => {
            bytes.resize(usize::try_from(*length)?, Val::U8(0));
        }
        ("wasi:clocks/wall-clock" | "wasi:clocks/system-clock", "now", [], [Val::Record(fields)]) => {
            for (_, field) in fields.iter_mut().filter(|(name, _)| name == "seconds") {
                *field = match field {
                    Val::S64(_) => Val::S64(MOMENT.cast_signed()),
                    _ => Val::U64(MOMENT),
                };
            }
        }
        (_, _, [_, Val::List(bytes)], _) if is_stream => {
            store
                .data_mut()
                .extend(bytes.iter().filter_map(|byte| if let Val::U8(byte) = byte { Some(byte) } else { None }));
        }
        (_, "[method]output-stream.check-write", _, [Val::Result(Ok(Some(room)))]) => **room = Val::U64(ROOM),
        _ => {}
    }
    Ok(true)
}

/// The least value of a type. `None`: there is none.
fn nothing(store: &mut StoreContextMut<'_, Said>, ty: &Type) -> wasmtime::Result<Option<Val>> {
    Ok(Some(match ty {
        Type::Bool => Val::Bool(false),
        Type::U8 => Val::U8(0),
        Type::U16 => Val::U16(0),
        Type::U32 => Val::U32(0),
        Type::U64 => Val::U64(0),
        Type::S64 => Val::S64(0),
        Type::String => Val::String(String::new()),
        Type::List(_) => Val::List(Vec::new()),
        Type::Option(_) => Val::Option(None),
        Type::Own(_) => Val::Resource(handle(store)?),
        Type::Tuple(tuple) => {
            let mut values = Vec::new();
            for ty in tuple.types() {
                let Some(value) = nothing(store, &ty)? else { return Ok(None) };
                values.push(value);
            }
            Val::Tuple(values)
        }
        Type::Record(record) => {
            let mut values = Vec::new();
            for field in record.fields() {
                let Some(value) = nothing(store, &field.ty)? else { return Ok(None) };
                values.push((field.name.to_owned(), value));
            }
            Val::Record(values)
        }
        Type::Result(result) => match result.ok() {
            None => Val::Result(Ok(None)),
            Some(ty) => {
                let Some(value) = nothing(store, &ty)? else { return Ok(None) };
                Val::Result(Ok(Some(Box::new(value))))
            }
        },
        _ => return Ok(None),
    }))
}

fn handle(store: &mut StoreContextMut<'_, Said>) -> wasmtime::Result<ResourceAny> {
    Resource::<Nothing>::new_own(0).try_into_resource_any(store.as_context_mut())
}
