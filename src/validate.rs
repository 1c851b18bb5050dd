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
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use wasmparser::{
    BinaryReader, Error, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, ValidPayload, Validator,
    ValidatorResources, WasmFeatures, types::Types,
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
/// Bytes of bodies that a thread takes at a time: so many that taking them costs nothing, so few that at the end no thread
/// waits for another's.
const AT_A_TIME: usize = 64 << 10;

type Function = FuncToValidate<ValidatorResources>;
type Body<'a> = (Function, FunctionBody<'a>);

/// How far bytes are valid.
#[derive(Debug)]
pub enum Fit {
    Narrow,
    /// Under the wider features alone: why not under the narrower.
    Wide(Error),
    /// Under neither: why not under the wider.
    None(Error),
}

/// Validates a module or component in full, on as many cores as there are. Gives its types.
pub fn validate(bytes: &[u8], features: WasmFeatures) -> Result<Types, Error> {
    let (types, bodies) = structure(bytes, features)?;
    valid_bodies(bodies).map_err(|(_, error)| error)?;
    Ok(types)
}

/// The types of a module or component whose bodies have been found valid before, in these very bytes: all else is
/// validated.
pub fn types(bytes: &[u8], features: WasmFeatures) -> Result<Types, Error> {
    Ok(structure(bytes, features)?.0)
}

/// Gives bodies of functions by their places, to one thread.
pub(crate) trait Bodies {
    /// `None` where it cannot be had.
    fn body(&mut self, place: &Range<usize>) -> Option<&[u8]>;
}

/// The types of a module or component whose bodies are elsewhere, if all of it is valid: in its place each has a body of
/// no length. What is wrong with it is told by who validates the whole.
pub(crate) fn apart<B: Bodies>(
    structure: &[u8],
    places: Vec<Range<usize>>,
    features: WasmFeatures,
    bodies: impl Fn() -> B + Sync,
) -> Option<Types> {
    let (types, functions) = self::structure(structure, features).ok()?;
    if functions.len() != places.len() {
        return None;
    }
    let functions: Vec<_> = functions.into_iter().map(|(function, _)| function).zip(places).collect();
    let size = |place: &Range<usize>| place.len();
    let threads = threads(functions.iter().map(|(_, place)| size(place)).sum());
    let worker = || {
        let (mut bodies, mut allocations) = (bodies(), FuncValidatorAllocations::default());
        move |lot: Vec<(Function, Range<usize>)>| {
            for (function, place) in lot {
                let body = bodies.body(&place).ok_or(())?;
                let reader = BinaryReader::new_features(body, place.start as u64, features);
                let mut validator = function.into_validator(std::mem::take(&mut allocations));
                validator.validate(&FunctionBody::new(reader)).map_err(|_| ())?;
                allocations = validator.into_allocations();
            }
            Ok::<_, ()>(())
        }
    };
    shared_out(threads, functions, size, worker).ok()?;
    Some(types)
}

/// Whether bytes are valid under some features, or else under wider ones. Bodies are looked at once: those before the
/// first that needs the wider features are valid under them as well.
pub fn fit(bytes: &[u8], narrow: WasmFeatures, wide: WasmFeatures) -> Fit {
    let (from, refused) = match structure(bytes, narrow) {
        Ok((_, bodies)) => match valid_bodies(bodies) {
            Ok(()) => return Fit::Narrow,
            Err(wrong) => wrong,
        },
        Err(error) => (0, error),
    };
    let rest = structure(bytes, wide).and_then(|(_, mut bodies)| {
        bodies.drain(..from.min(bodies.len()));
        valid_bodies(bodies).map_err(|(_, error)| error)
    });
    match rest {
        Ok(()) => Fit::Wide(refused),
        Err(error) => Fit::None(error),
    }
}

/// All but the bodies of functions.
fn structure(bytes: &[u8], features: WasmFeatures) -> Result<(Types, Vec<Body<'_>>), Error> {
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
    match types {
        Some(types) => Ok((types, bodies)),
        // A parser that has come to the end of its input has come to the end of what it began with.
        None => Validator::new_with_features(features).validate_all(bytes).map(|types| (types, Vec::new())),
    }
}

/// Validates bodies on as many threads as are worth it. Fails as if each had been looked at in its turn, with the number
/// of bodies that are known to be valid before that.
fn valid_bodies(bodies: Vec<Body<'_>>) -> Result<(), (usize, Error)> {
    valid_on(threads(bodies.iter().map(|(_, body)| body.as_bytes().len()).sum()), bodies)
}

/// How many threads so many bytes of bodies are worth.
fn threads(size: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    cores.min(1 + size / WORTH_A_THREAD)
}

/// The same on a number of threads.
fn valid_on(threads: usize, bodies: Vec<Body<'_>>) -> Result<(), (usize, Error)> {
    let worker = || {
        let mut allocations = FuncValidatorAllocations::default();
        move |lot: Vec<Body<'_>>| {
            for (function, body) in lot {
                let mut validator = function.into_validator(std::mem::take(&mut allocations));
                validator.validate(&body)?;
                allocations = validator.into_allocations();
            }
            Ok(())
        }
    };
    shared_out(threads, bodies, |body| body.as_bytes().len(), worker)
}

/// Shares bodies out to a number of threads, this one among them, each with a worker of its own. The failure is that of
/// the first lot in order that fails, with the number of bodies before it.
fn shared_out<T: Send, E: Send, W: FnMut(Vec<(Function, T)>) -> Result<(), E>>(
    threads: usize,
    bodies: Vec<(Function, T)>,
    size: impl Fn(&T) -> usize,
    worker: impl Fn() -> W + Sync,
) -> Result<(), (usize, E)> {
    let lots = lots(bodies, size);
    let next = AtomicUsize::new(0);
    // The first lot in order that is wrong; what comes after it need not be looked at.
    let wrong = AtomicUsize::new(usize::MAX);
    let first: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let work = || {
        let mut valid = worker();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(lot) = lots.get(at).filter(|_| at < wrong.load(Ordering::Relaxed)) else { return };
            let lot = lot.bodies.lock().map(|mut bodies| std::mem::take(&mut *bodies)).unwrap_or_default();
            if let Err(error) = valid(lot) {
                wrong.fetch_min(at, Ordering::Relaxed);
                let mut first = first.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if first.as_ref().is_none_or(|(before, _)| at < *before) {
                    *first = Some((at, error));
                }
                return;
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
    let first = first.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    first.map_or(Ok(()), |(lot, error)| Err((lots.get(lot).map_or(0, |lot| lot.first), error)))
}

/// Bodies that belong to one thread once it has taken them.
struct Lot<T> {
    /// How many come before them.
    first: usize,
    bodies: Mutex<Vec<(Function, T)>>,
}

/// Bodies in their order, some at a time.
fn lots<T>(bodies: Vec<(Function, T)>, size: impl Fn(&T) -> usize) -> Vec<Lot<T>> {
    let mut lots = Vec::new();
    let mut bodies = bodies.into_iter();
    let mut first = 0;
    while !bodies.as_slice().is_empty() {
        let mut taken = 0;
        let fits = |(_, body): &&(Function, T)| {
            let fits = taken < AT_A_TIME;
            taken += size(body);
            fits
        };
        let count = bodies.as_slice().iter().take_while(fits).count();
        lots.push(Lot { first, bodies: Mutex::new(bodies.by_ref().take(count).collect()) });
        first += count;
    }
    lots
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
        [theirs.err().map(told), valid_on(4, bodies).err().map(|(_, error)| told(error))]
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
    fn what_needs_wider_features_is_told_from_what_is_broken() {
        let of = |last: &str| {
            let plain = "(func (result i32) i32.const 1)".repeat(500);
            wat::parse_str(format!("(component (core module {plain}) (core module {plain} {last} {plain}))")).unwrap()
        };
        let told = |last: &str| match fit(&of(last), PORTABLE, ENGINE) {
            Fit::Narrow => "narrow".to_owned(),
            Fit::Wide(error) => format!("wide: {}", error.message()),
            Fit::None(error) => format!("none: {}", error.message()),
        };
        assert_eq!(told(""), "narrow");
        assert!(told("(func $f return_call $f)").starts_with("wide: tail calls"));
        // Of two faults, the first; and a fault after what is only not portable.
        assert!(told("(func $f return_call $f) (func (result i32))").starts_with("none: type mismatch"));
        assert!(told("(func (result i32)) (func $f return_call $f)").starts_with("none: type mismatch"));
        assert!(told("(memory 1 1 shared)").starts_with("none: threads"));
        assert!(told("(memory 1) (memory 1) (func (result i64))").starts_with("none: type mismatch"));
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
