//! Whether WebAssembly is valid, and under which features.
//!
//! 1. The structure is read from front to back: sections, types, and what they refer to.
//! 2. Bodies of functions are independent of one another, and are nearly all of a large module: they are shared out to
//!    the cores.
//!
//! The verdict is wasmparser's own, to the byte: what is wrong with the structure, else the first body that is wrong.
//! Nesting costs stack; who takes bytes from strangers calls this where there is enough of it.

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use wasmparser::{
    Error, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, ValidPayload, Validator, ValidatorResources,
    WasmFeatures, types::Types,
};

/// The features of the engine that Mosaic embeds: Wasmtime's defaults (`Config::features` of 48.0) less those that its
/// crate features `gc` and `threads` bring, which are not compiled in. A test compares verdicts with the engine itself.
pub const ENGINE: WasmFeatures = WasmFeatures::WASM3
    .difference(WasmFeatures::GC_TYPES)
    .difference(WasmFeatures::EXCEPTIONS)
    .difference(WasmFeatures::THREADS)
    .union(WasmFeatures::COMPONENT_MODEL)
    .union(WasmFeatures::CM_ASYNC);

/// The features that every current component tool and engine accepts: a part of [`ENGINE`]. `GC_TYPES`, which
/// wasmparser counts to the first version of WebAssembly, is `externref` here.
pub const PORTABLE: WasmFeatures = WasmFeatures::LIME1
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::COMPONENT_MODEL);

/// What Wasmtime 48 can be told to run (`Config::compiler_panicking_wasm_features` lists what it knows), without what it
/// calls unsound or experimental: stack switching, shared-everything threads, threads and garbage collection in the
/// component model, 64-bit component memories.
pub const COMPOSABLE: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::COMPONENT_MODEL)
    .union(WasmFeatures::CM_ASYNC)
    .union(WasmFeatures::CM_ASYNC_STACKFUL)
    .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS)
    .union(WasmFeatures::CM_ERROR_CONTEXT)
    .union(WasmFeatures::CM_FIXED_LENGTH_LISTS)
    .union(WasmFeatures::CM_MAP)
    .union(WasmFeatures::CM_IMPLEMENTS);

/// Bytes of bodies for which a thread is worth its start.
const WORTH_A_THREAD: usize = 256 << 10;
/// Bodies that a thread takes at a time.
const AT_A_TIME: usize = 64;

type Body<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Validates a module or component in full, on as many cores as there are. Gives its types.
pub fn validate(bytes: &[u8], features: WasmFeatures) -> Result<Types, Error> {
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut bodies = Vec::new();
    let mut types = None;
    for payload in parser.parse_all(bytes) {
        match validator.payload(&payload?)? {
            ValidPayload::Func(function, body) => bodies.push((function, body)),
            ValidPayload::End(of) => types = Some(of),
            ValidPayload::Ok | ValidPayload::Parser(_) => {}
        }
    }
    let size: usize = bodies.iter().map(|(_, body)| body.as_bytes().len()).sum();
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    valid_bodies(bodies, cores.min(1 + size / WORTH_A_THREAD))?;
    // A parser that has come to the end of its input has come to the end of what it began with.
    types.map_or_else(|| Validator::new_with_features(features).validate_all(bytes), Ok)
}

/// Validates bodies on some threads, this one among them. Fails as if each had been looked at in its turn.
fn valid_bodies(bodies: Vec<Body<'_>>, threads: usize) -> Result<(), Error> {
    let lots = lots(bodies);
    let next = AtomicUsize::new(0);
    // The first lot in order that is wrong; what comes after it need not be looked at.
    let wrong = AtomicUsize::new(usize::MAX);
    let first: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let work = || {
        let mut allocations = FuncValidatorAllocations::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(lot) = lots.get(at).filter(|_| at < wrong.load(Ordering::Relaxed)) else { return };
            let lot = lot.lock().map(|mut lot| std::mem::take(&mut *lot)).unwrap_or_default();
            match valid_lot(lot, allocations) {
                Ok(kept) => allocations = kept,
                Err(error) => {
                    wrong.fetch_min(at, Ordering::Relaxed);
                    let mut first = first.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    if first.as_ref().is_none_or(|(before, _)| at < *before) {
                        *first = Some((at, error));
                    }
                    return;
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no thread can be had, the others do its work.
            let _ = thread::Builder::new().name("validate".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
    first.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(()), |(_, error)| Err(error))
}

/// Bodies in their order, some at a time.
fn lots(bodies: Vec<Body<'_>>) -> Vec<Mutex<Vec<Body<'_>>>> {
    let mut lots = Vec::with_capacity(bodies.len().div_ceil(AT_A_TIME));
    let mut bodies = bodies.into_iter();
    loop {
        let lot: Vec<_> = bodies.by_ref().take(AT_A_TIME).collect();
        if lot.is_empty() {
            return lots;
        }
        lots.push(Mutex::new(lot));
    }
}

fn valid_lot(lot: Vec<Body<'_>>, mut allocations: FuncValidatorAllocations) -> Result<FuncValidatorAllocations, Error> {
    for (function, body) in lot {
        let mut validator = function.into_validator(allocations);
        validator.validate(&body)?;
        allocations = validator.into_allocations();
    }
    Ok(allocations)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component of two modules with many functions, some of which are wrong.
    fn component(wrong: &[usize]) -> Vec<u8> {
        let module = |functions: std::ops::Range<usize>| {
            let body = |n| match wrong.contains(&n) {
                true => format!("(func (result i32) i64.const {n})"),
                false => format!("(func (result i32) i32.const {n} i32.const 1 i32.add)"),
            };
            format!("(core module {})", functions.map(body).collect::<String>())
        };
        wat::parse_str(format!("(component {} (component {}))", module(0..1_000), module(1_000..2_000))).unwrap()
    }

    /// wasmparser's verdict, and ours on several threads.
    fn verdicts(bytes: &[u8]) -> [Option<(String, u64)>; 2] {
        let told = |error: Error| (error.message().to_owned(), error.offset());
        let mut bodies = Vec::new();
        let mut validator = Validator::new_with_features(ENGINE);
        for payload in Parser::new(0).parse_all(bytes) {
            if let ValidPayload::Func(function, body) = validator.payload(&payload.unwrap()).unwrap() {
                bodies.push((function, body));
            }
        }
        let theirs = Validator::new_with_features(ENGINE).validate_all(bytes);
        assert_eq!(theirs.as_ref().err().map(Error::offset), validate(bytes, ENGINE).err().map(|e| e.offset()));
        [theirs.err().map(told), valid_bodies(bodies, 4).err().map(told)]
    }

    #[test]
    fn the_verdict_is_that_of_one_after_the_other() {
        for wrong in [&[][..], &[0], &[999, 1_000], &[1_999], &[70, 71, 140, 1_500], &[1_400, 900, 130]] {
            let [theirs, ours] = verdicts(&component(wrong));
            assert_eq!(theirs, ours, "{wrong:?}");
            assert_eq!(theirs.is_some(), !wrong.is_empty());
        }
    }

    #[test]
    fn what_is_no_whole_binary_is_refused_alike() {
        let whole = component(&[]);
        for bytes in [&whole[..whole.len() - 3], &whole[..9], &whole[..8], b"", b"\0asm"] {
            let theirs = Validator::new_with_features(ENGINE).validate_all(bytes);
            let ours = validate(bytes, ENGINE);
            assert_eq!(theirs.err().map(|e| e.to_string()), ours.err().map(|e| e.to_string()));
        }
    }

    #[test]
    fn what_is_portable_runs_on_the_engine_and_composes() {
        assert!(ENGINE.contains(PORTABLE));
        assert!(COMPOSABLE.contains(ENGINE));
    }
}
