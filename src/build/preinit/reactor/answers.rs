//! What a start is told by WASI 0.1: that it has no arguments, no environment and no folders, a fixed time, and random
//! numbers that are none. Its standard streams take what it writes.

use wasmtime::{Caller, Error, Extern, ExternType, Linker, Memory, Module, Result, Val, WasmBacktrace, format_err};

use super::{Asked, Host, Refusal, Refused, Stage, copy};

const WASI: &str = "wasi_snapshot_preview1";

/// `errno`s.
const SUCCESS: i32 = 0;
const BADF: i32 = 8;

/// Nanoseconds since 1970 at which every start takes place: the first of January 2000.
const MOMENT: u64 = 946_684_800_000_000_000;
/// Nanoseconds between two questions for the time.
const TICK: u64 = 1_000;
/// The clock that tells the time of day.
const REALTIME: i32 = 0;
/// A character device, as standard streams are.
const CHARACTER_DEVICE: u8 = 2;
/// Frames told of who asked.
const FRAMES: usize = 8;
/// Functions of Go's that call whoever initialises a package.
const BELOW: &str = "runtime.doInit";
/// What Go does before it tells of a panic: it waits for others to be still.
const PANICS: &str = "runtime.freezetheworld";

/// Defines every import of a module.
pub(super) fn define(linker: &mut Linker<Host>, module: &Module) -> Result<()> {
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else {
            return Err(format_err!("`{}` is no function", import.name()));
        };
        // Go imports some functions several times.
        linker.allow_shadowing(true);
        let (interface, name) = (import.module().to_owned(), import.name().to_owned());
        linker.func_new(import.module(), import.name(), ty, move |caller, params, results| {
            let answer = match interface.as_str() {
                WASI => wasi(caller, &name, params)?,
                _ => return Err(refused(&caller, Asked::Import(format!("{interface}#{name}")))),
            };
            if let (Some(answer), [result]) = (answer, results) {
                *result = Val::I32(answer);
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn wasi(mut caller: Caller<'_, Host>, name: &str, params: &[Val]) -> Result<Option<i32>> {
    caller.data_mut().asked.insert(name.to_owned());
    let stage = caller.data().stage;
    let number = |index: usize| params.get(index).and_then(Val::i32).unwrap_or_default();
    let answer = match (name, number(0)) {
        ("args_sizes_get" | "environ_sizes_get", count) => {
            write(&mut caller, count, &[0; 4])?;
            write(&mut caller, number(1), &[0; 4])?;
            SUCCESS
        }
        ("args_get" | "environ_get" | "sched_yield", _) => SUCCESS,
        ("clock_time_get", clock) => {
            caller.data_mut().elapsed += TICK;
            let since = if clock == REALTIME { MOMENT } else { 0 };
            let now = since + caller.data().elapsed;
            write(&mut caller, number(2), &now.to_le_bytes())?;
            SUCCESS
        }
        ("random_get", at) if stage != Stage::Packages => {
            // The first is the language's own, and an instance has another.
            caller.data_mut().stage = if stage == Stage::Language { Stage::Packages } else { stage };
            let seed = caller.data().seed;
            let length = usize::try_from(number(1))?;
            let bytes: Vec<u8> = seed.into_iter().cycle().take(length).collect();
            write(&mut caller, at, &bytes)?;
            SUCCESS
        }
        ("fd_fdstat_get", 0..=2) => {
            let mut stat = [0; 24];
            stat[0] = CHARACTER_DEVICE;
            write(&mut caller, number(1), &stat)?;
            SUCCESS
        }
        // As the adapter answers: it changes files alone, and has none.
        ("fd_fdstat_get" | "fd_fdstat_set_flags" | "fd_prestat_get", _) => BADF,
        ("fd_write", 1 | 2) => {
            let written = said(&mut caller, number(1), number(2))?;
            write(&mut caller, number(3), &written.to_le_bytes())?;
            SUCCESS
        }
        ("adapter_monotonic_clock_set_paused", _) => return Ok(None),
        ("proc_exit", code) if copy::WATCHED.iter().any(|(_, what)| *what == code) => {
            return noticed(&mut caller, code).map(|()| None);
        }
        ("proc_exit", code) => return Err(format_err!("it ended with code {code}")),
        ("poll_oneoff", _) if trace(&caller).iter().any(|function| function == PANICS) => SUCCESS,
        _ => return Err(refused(&caller, asked(name))),
    };
    Ok(Some(answer))
}

/// What a function of WASI is for.
fn asked(name: &str) -> Asked {
    let name = name.to_owned();
    match name.split('_').next() {
        Some("random") => Asked::Random,
        Some("poll") => Asked::Wait(name),
        Some("sock") => Asked::Socket(name),
        Some("fd" | "path") => Asked::File(name),
        _ => Asked::Import(name),
    }
}

/// A function that is watched was called: refuses it where it asks for what an instance has of its own.
fn noticed(caller: &mut Caller<'_, Host>, what: i32) -> Result<()> {
    if caller.data().stage == Stage::Woken {
        return Ok(());
    }
    match what {
        copy::ASKED_VARIABLE => {
            let name = argument(caller)?;
            // Go itself asks for these: where it is, and how its libraries are to behave. It asks again when it wakes.
            match name.as_str() {
                "PWD" | "GODEBUG" => Ok(()),
                _ => Err(refused(caller, Asked::Variable(name))),
            }
        }
        copy::ASKED_FILE => {
            let path = argument(caller)?;
            Err(refused(caller, Asked::File(path)))
        }
        copy::ASKED_ENVIRONMENT => Err(refused(caller, Asked::Environment)),
        _ => {
            // Go draws numbers for itself, which differ again once it is awake: for the order of maps, for samples.
            let drawn =
                trace(caller).get(1).is_some_and(|by| by.starts_with("math_rand") || by.starts_with("hash_maphash"));
            if drawn { Err(refused(caller, Asked::Random)) } else { Ok(()) }
        }
    }
}

/// The string that a function of Go's has as its first argument, at its entry.
fn argument(caller: &mut Caller<'_, Host>) -> Result<String> {
    let stack = caller.get_export(copy::STACK).and_then(Extern::into_global);
    let stack = stack.and_then(|stack| stack.get(&mut *caller).i32()).ok_or_else(|| format_err!("no stack"))?;
    let memory = memory(caller)?;
    let read = |at: usize, length: usize| {
        memory.data(&*caller).get(at..at + length).ok_or_else(|| format_err!("an argument lies outside of memory"))
    };
    let stack = usize::try_from(stack)?;
    let mut words = [0; 2];
    for (word, bytes) in words.iter_mut().zip(read(stack + 8, 16)?.chunks_exact(8)) {
        *word = usize::try_from(u64::from_le_bytes(bytes.try_into()?))?;
    }
    Ok(String::from_utf8_lossy(read(words[0], words[1])?).into_owned())
}

/// Keeps what is written to a stream, and gives its length.
fn said(caller: &mut Caller<'_, Host>, vectors: i32, count: i32) -> Result<u32> {
    let memory = memory(caller)?;
    let (data, host) = memory.data_and_store_mut(&mut *caller);
    let outside = || format_err!("what is written lies outside of memory");
    let mut length = 0;
    for index in 0..usize::try_from(count)? {
        let at = usize::try_from(vectors)? + 8 * index;
        let vector = data.get(at..at + 8).ok_or_else(outside)?;
        let (start, size) = vector.split_at(4);
        let (start, size) = (u32::from_le_bytes(start.try_into()?), u32::from_le_bytes(size.try_into()?));
        let end = usize::try_from(start)? + usize::try_from(size)?;
        host.said.extend_from_slice(data.get(usize::try_from(start)?..end).ok_or_else(outside)?);
        length += size;
    }
    Ok(length)
}

fn write(caller: &mut Caller<'_, Host>, at: i32, bytes: &[u8]) -> Result<()> {
    let memory = memory(caller)?;
    Ok(memory.write(caller, usize::try_from(at.cast_unsigned())?, bytes)?)
}

fn memory(caller: &mut Caller<'_, Host>) -> Result<Memory> {
    caller.get_export("memory").and_then(Extern::into_memory).ok_or_else(|| format_err!("no memory is exported"))
}

fn refused(caller: &Caller<'_, Host>, asked: Asked) -> Error {
    Refused(Refusal::Asked { asked, trace: trace(caller) }).into()
}

/// The functions that are being called, innermost first. Where a stack was moved, those below are not seen.
fn trace(caller: &Caller<'_, Host>) -> Vec<String> {
    functions(&WasmBacktrace::force_capture(caller))
}

/// Their names.
pub(super) fn functions(frames: &WasmBacktrace) -> Vec<String> {
    let names = frames.frames().iter().filter_map(|frame| frame.func_name());
    names.take_while(|name| !name.starts_with(BELOW)).take(FRAMES).map(str::to_owned).collect()
}
