//! A core module that starts by `_initialize` over WASI 0.1, as Go's do: started once, and its memory kept.
//!
//! 1. A copy is **laid open** ([`copy`]): its globals can be read, and what must not be asked yet tells when it is.
//! 2. Every import is **answered** by the start itself ([`answers`]): nothing is granted, the time is fixed, random numbers
//!    are none. A start that needs more than that is refused, in the words of who wrote it.
//! 3. `_initialize` is called, then `mosaic_settle`: what still runs or waits then is refused too.
//! 4. The state is **read**. After that the copy is **woken** as an instance will be, which shows that it takes up what is
//!    its own: random numbers, arguments, environment, folders, time.
//! 5. The module is **kept** with that state ([`image`]).
//!
//! Nothing of the machine or the moment gets in: the same module gives the same bytes.

mod answers;
mod copy;
mod image;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use wasmtime::{Config, Engine, Instance, Linker, Module, OptLevel, RegallocAlgorithm, Store, Trap, WasmBacktrace};

pub use image::Malformed;

/// Settles what runs, and makes room for the WASI adapter: gives where, and what goes on, see [`Settled`].
const SETTLE: &str = "mosaic_settle";
/// Does what an instance does before its first call.
const WAKE: &str = "mosaic_wake";

/// Instructions that a start may take, of WebAssembly's: some seconds. Counted, so that every machine judges alike.
const MOST: u64 = 5_000_000_000;

/// What an instance asks of WASI when it wakes.
const TAKEN_UP: [&str; 5] = ["args_sizes_get", "clock_time_get", "environ_sizes_get", "fd_prestat_get", "random_get"];

/// A module that begins where its start has ended.
pub struct Kept {
    pub module: Vec<u8>,
    /// What the start wrote to its standard streams.
    pub said: String,
}

/// Why a start cannot be kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// What was asked for is an instance's own.
    #[error("{asked}")]
    Asked { asked: Asked, trace: Vec<String> },
    #[error("goroutines were started and go on: {goroutines}")]
    Goroutines { goroutines: u32 },
    #[error("a timer was started and goes on")]
    Timer,
    #[error("it does not come to an end: it had taken {} million instructions", .most / 1_000_000)]
    Endless { most: u64, trace: Vec<String> },
    #[error("it ended with an error")]
    Ended { said: String, why: String },
    #[error("an instance would not take up what is its own: it does not ask for {}", .missing.join(", "))]
    Unwoken { missing: Vec<&'static str> },
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the module could not be run")]
    Engine { why: String },
}

/// What a start may not have.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Asked {
    #[error("the environment variable `{0}` was read")]
    Variable(String),
    #[error("the environment was read")]
    Environment,
    #[error("a random number was drawn")]
    Random,
    #[error("it slept or waited (`{0}`)")]
    Wait(String),
    #[error("a file or folder was used (`{0}`)")]
    File(String),
    #[error("a socket was used (`{0}`)")]
    Socket(String),
    #[error("the import `{0}` was called")]
    Import(String),
}

/// A refusal on its way out of the guest.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(Refusal);

/// What the start has left, in the bits of what [`SETTLE`] gives.
struct Settled {
    room: u32,
    goroutines: u32,
    timer: bool,
}

impl From<i64> for Settled {
    fn from(bits: i64) -> Settled {
        let high = (bits >> 32) as u32;
        Settled { room: bits as u32, goroutines: high >> 1, timer: high & 1 == 1 }
    }
}

/// What a start does and is told, beside the guest.
#[derive(Default)]
struct Host {
    /// What seeds the start: of the module itself, so that no two have it in common.
    seed: [u8; 32],
    /// Instructions it may take.
    most: u64,
    /// Nanoseconds since the start, by the questions for the time.
    elapsed: u64,
    said: Vec<u8>,
    stage: Stage,
    asked: BTreeSet<String>,
}

/// How far a start is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// The language itself.
    #[default]
    Language,
    /// Packages, those of the user among them.
    Packages,
    /// Over: an instance wakes.
    Woken,
}

/// Starts a module and keeps what the start has left.
///
/// # Errors
/// The start wants what only an instance can have, fails, or is not over.
pub fn start(module: &[u8]) -> Result<Kept, Refusal> {
    start_within(module, MOST)
}

fn start_within(module: &[u8], most: u64) -> Result<Kept, Refusal> {
    let mut config = Config::new();
    // It runs for a moment, and compiling is what takes time.
    config.cranelift_opt_level(OptLevel::None).cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    config.consume_fuel(true);
    let engine = Engine::new(&config).map_err(engine_fails)?;
    let copied = Module::new(&engine, copy::laid_open(module)?).map_err(engine_fails)?;
    let host = Host { seed: *blake3::hash(module).as_bytes(), most, ..Host::default() };
    let mut store = Store::new(&engine, host);
    store.set_fuel(most).map_err(engine_fails)?;
    let mut linker = Linker::new(&engine);
    answers::define(&mut linker, &copied).map_err(engine_fails)?;
    let instance = linker.instantiate(&mut store, &copied).map_err(engine_fails)?;

    call::<()>(&mut store, &instance, "_initialize")?;
    let settled = Settled::from(call::<i64>(&mut store, &instance, SETTLE)?);
    if settled.goroutines > 0 {
        return Err(Refusal::Goroutines { goroutines: settled.goroutines });
    }
    if settled.timer {
        return Err(Refusal::Timer);
    }
    let state = image::State::read(&mut store, &instance, settled.room)?;
    let said = String::from_utf8_lossy(&store.data().said).into_owned();

    store.data_mut().stage = Stage::Woken;
    call::<()>(&mut store, &instance, WAKE)?;
    let missing: Vec<_> = TAKEN_UP.into_iter().filter(|import| !store.data().asked.contains(*import)).collect();
    if !missing.is_empty() {
        return Err(Refusal::Unwoken { missing });
    }
    Ok(Kept { module: image::keep(module, &state, &["_initialize", SETTLE, WAKE])?, said })
}

fn call<R: wasmtime::WasmResults>(store: &mut Store<Host>, instance: &Instance, export: &str) -> Result<R, Refusal> {
    let function = instance.get_typed_func::<(), R>(&mut *store, export).map_err(engine_fails)?;
    function.call(&mut *store, ()).map_err(|error| match error.downcast_ref::<Refused>() {
        Some(Refused(refusal)) => refusal.clone(),
        None if error.downcast_ref() == Some(&Trap::OutOfFuel) => {
            let trace = error.downcast_ref::<WasmBacktrace>().map(answers::functions).unwrap_or_default();
            Refusal::Endless { most: store.data().most, trace }
        }
        None => {
            let said = String::from_utf8_lossy(&store.data().said).trim_end().to_owned();
            Refusal::Ended { said, why: error.root_cause().to_string() }
        }
    })
}

fn engine_fails(error: wasmtime::Error) -> Refusal {
    Refusal::Engine { why: format!("{error:#}") }
}
