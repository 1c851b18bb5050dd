//! What is accepted, so that no input, however hostile, takes the process down.
//!
//! wit-parser and wasmparser recurse over what they read (interfaces that use interfaces, types within types). They run
//! on a thread of their own ([`guarded`]) whose stack is deep enough for everything the bounds below let through, and
//! whose panics become a failure.

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
    thread,
};

use wit_parser::{Resolve, Type, TypeDefKind, TypeId};

use super::error::{Failure, Kind};

/// Bytes of WIT that one component may see, dependencies included.
pub(super) const WIT_BYTES: usize = 64 << 20;
/// Files of WIT that one component may see.
pub(super) const WIT_FILES: usize = 10_000;
/// WIT packages that one component may see.
pub(super) const PACKAGES: usize = 2_000;
/// Imports and exports of all worlds together, with what they include and need.
pub(super) const WORLD_ITEMS: usize = 500_000;
/// Bytes of one finished component.
pub(super) const COMPONENT_BYTES: usize = 1 << 30;
/// Parameters of one function. wasmparser's own bound; wit-parser holds each name against all before it.
pub(super) const PARAMETERS: usize = 1_000;
/// Types within one another, counting aliases.
pub(crate) const TYPE_DEPTH: usize = 100;
/// Members of one type, written out. wasmparser's own bound for what it calls the effective type size.
const TYPE_SIZE: usize = 1_000_000;

/// What the thread is called.
const GUARDED: &str = "guarded";
/// Address space, of which only what is touched is ever taken.
const STACK: usize = 512 << 20;

/// Runs a parser where its recursion cannot overflow and its panic is an answer: [`Kind::Crashed`].
pub(super) fn guarded<T: Send>(parse: impl FnOnce() -> T + Send) -> Result<T, Kind> {
    let said = |panic: Box<dyn Any + Send>| Kind::Crashed {
        message: match panic.downcast::<String>() {
            Ok(message) => *message,
            Err(panic) => panic.downcast::<&str>().map_or_else(|_| String::new(), |message| (*message).to_owned()),
        },
    };
    // Within such a thread already.
    if is_guarded() {
        return panic::catch_unwind(AssertUnwindSafe(parse)).map_err(said);
    }
    thread::scope(|scope| {
        deep()
            .spawn_scoped(scope, parse)
            .map_err(|e| Kind::Crashed { message: format!("cannot start a thread: {e}") })?
            .join()
            .map_err(said)
    })
}

/// Whether a panic of this thread is an answer, told as such by who asked.
pub fn is_guarded() -> bool {
    thread::current().name() == Some(GUARDED)
}

/// Finds a function with more parameters than are accepted, before anyone takes it apart: where the first is that is too
/// many. What stands in parentheses and is parted by commas is nothing else in WIT, or harmless.
pub(super) fn parameters(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut commas) = (0, 0usize, 0);
    while let Some(byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'/', Some(b'/')) => at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at),
            (b'/', Some(b'*')) => at = comment_end(bytes, at),
            (b'"', _) => at = string_end(bytes, at),
            (b'(', _) => {
                commas = if depth == 0 { 0 } else { commas };
                depth += 1;
                at += 1;
            }
            (b')' | b'{' | b'}' | b';', _) => {
                depth = if *byte == b')' { depth.saturating_sub(1) } else { 0 };
                at += 1;
            }
            (b',', _) => {
                commas += 1;
                if depth > 0 && commas > PARAMETERS {
                    return Some(at);
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    None
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\n' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Block comments nest.
fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0usize);
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" if depth == 1 => return at + 2,
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A thread with such a stack.
pub(super) fn deep() -> thread::Builder {
    thread::Builder::new().name(GUARDED.to_owned()).stack_size(STACK)
}

/// Refuses types that no tool further down the line could take.
///
/// Types of a [`Resolve`] are in topological order, so one pass from front to back sees every member before its whole.
pub(super) fn types(resolve: &Resolve) -> Result<(), (TypeId, Failure)> {
    let mut seen: Vec<(usize, usize)> = Vec::with_capacity(resolve.types.len());
    for (id, def) in resolve.types.iter() {
        let of = |ty: &Type| match ty {
            Type::Id(id) => seen.get(id.index()).copied().unwrap_or((0, 1)),
            _ => (0, 1),
        };
        let mut depth = 0;
        let mut size = 1usize;
        members_of(&def.kind, &mut |ty| {
            let (inner, members) = of(ty);
            depth = depth.max(inner + 1);
            size = size.saturating_add(members);
        });
        if depth > TYPE_DEPTH {
            return Err((id, Failure::new(Kind::TooDeep { name: def.name.clone(), limit: TYPE_DEPTH })));
        }
        if size > TYPE_SIZE {
            return Err((id, Failure::new(Kind::TooLarge { name: def.name.clone(), limit: TYPE_SIZE })));
        }
        seen.push((depth, size));
    }
    Ok(())
}

/// The types that a type is made of. A handle is a name for its resource, not made of it.
pub(crate) fn members_of(kind: &TypeDefKind, each: &mut dyn FnMut(&Type)) {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().for_each(|field| each(&field.ty)),
        TypeDefKind::Tuple(tuple) => tuple.types.iter().for_each(each),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty.as_ref()).for_each(each),
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => each(ty),
        TypeDefKind::Map(key, value) => {
            each(key);
            each(value);
        }
        TypeDefKind::Result(result) => result.ok.iter().chain(&result.err).for_each(each),
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().for_each(each),
        TypeDefKind::Resource
        | TypeDefKind::Handle(_)
        | TypeDefKind::Flags(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Unknown => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_one_function_at_a_time() {
        let func = |count: usize| format!("f: func({});", "a: u8, ".repeat(count));
        let harmless = "// f(a, ".repeat(2_000) + "\n/* ( /* , */ */ @external-id(\"\\\"(,,\") use a.{b, c};";
        let enum_of = format!("enum e {{ {} }}", "a, ".repeat(2_000));
        for text in [func(PARAMETERS), func(600) + &func(600), harmless, enum_of] {
            assert_eq!(parameters(&text), None, "{text:.100}");
        }
        let many = func(PARAMETERS + 1);
        assert_eq!(parameters(&many), many.rfind(','));
    }
}
