//! A guest that trapped, in the user's terms: which part, which function, which line.

use std::{fmt, path::PathBuf};

use wasmtime::{Trap, WasmBacktrace};

use super::{
    limits::{Limits, Starved},
    merge,
};

/// Why a guest was stopped, and where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trapped {
    pub reason: Reason,
    /// Innermost first; empty where the guest was not running.
    pub frames: Vec<Frame>,
    /// The file that holds what it was then.
    pub dump: Option<PathBuf>,
}

/// Why a guest was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The WebAssembly instruction that failed, or what the canonical ABI refused.
    Trap(String),
    /// It ran longer than [`Limits::cpu`].
    Cpu(Limits),
    /// It did something that ended it after memory had been refused by [`Limits::memory`].
    Memory(Limits),
    /// The same, refused by [`Limits::all_memory`].
    AllMemory(Limits),
    /// A function of the host failed.
    Host(String),
}

/// One function on a guest's stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The component it belongs to, where its core module is named after one.
    pub part: Option<String>,
    /// The name of its core module.
    pub module: Option<String>,
    pub function: String,
    /// Where it was, in bytes of the component; of its core module, where that was lifted out, until `Symbols` has seen it.
    pub offset: Option<usize>,
    /// Where the native code of its core module begins.
    pub(super) code: usize,
    /// `file:line:column`, where debug information says so.
    pub place: Option<String>,
}

/// Raised inside a guest that has used up its time.
#[derive(Debug)]
pub(super) struct OutOfTime;

impl fmt::Display for OutOfTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time limit was reached")
    }
}

impl std::error::Error for OutOfTime {}

impl Trapped {
    /// Reads what the engine says of a failed call. `starved`: memory had been refused before.
    pub(super) fn new(error: &wasmtime::Error, limits: Limits, starved: Option<Starved>) -> Trapped {
        let reason = if error.is::<OutOfTime>() {
            Reason::Cpu(limits)
        } else if let Some(starved) = starved {
            match starved {
                Starved::Itself => Reason::Memory(limits),
                Starved::Together => Reason::AllMemory(limits),
            }
        } else if let Some(trap) = error.downcast_ref::<Trap>() {
            Reason::Trap(trap.to_string())
        } else {
            Reason::Host(error.root_cause().to_string())
        };
        let frames = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
        Trapped { reason, frames, dump: None }
    }

    /// The same, what it was written to this file.
    pub(super) fn dumped(self, dump: Option<PathBuf>) -> Trapped {
        Trapped { dump, ..self }
    }

    /// The part that was running: that of the innermost frame that tells one.
    pub fn part(&self) -> Option<&str> {
        self.frames.iter().find_map(|frame| frame.part.as_deref())
    }
}

/// The frames of a backtrace, innermost first, their places unknown yet.
fn frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let frame = |info: &wasmtime::FrameInfo| {
        let (module, function) = named(info);
        let function = function.map_or_else(|| format!("function {}", info.func_index()), demangled);
        Frame {
            part: module.and_then(part_of_module),
            module: module.map(str::to_owned),
            function,
            offset: info.module_offset(),
            code: info.module().image_range().start.addr(),
            place: None,
        }
    };
    backtrace.frames().iter().map(frame).collect()
}

/// The names of the module and the function, as they were before modules were merged.
fn named(info: &wasmtime::FrameInfo) -> (Option<&str>, Option<&str>) {
    match (info.module().name(), info.func_name()) {
        (Some(merge::NAME), Some(function)) => match function.split_once('!') {
            Some((module, function)) => (Some(module).filter(|name| !name.is_empty()), Some(function)),
            None => (None, Some(function)),
        },
        names => names,
    }
}

fn demangled(name: &str) -> String {
    match rustc_demangle::try_demangle(name) {
        Ok(demangled) => format!("{demangled:#}"),
        Err(_) => name.to_owned(),
    }
}

/// The component a core module belongs to. Composition names modules `part (language)`; the modules that carry the
/// plumbing of a part (`part (adapter)`) are named so too, and tell the same part.
fn part_of_module(module: &str) -> Option<String> {
    let (part, rest) = module.split_once(" (")?;
    (rest.ends_with(')') && !part.is_empty()).then(|| part.to_owned())
}

/// The part whose call into the host is being answered.
pub(super) fn caller(store: impl wasmtime::AsContext) -> Option<String> {
    let backtrace = WasmBacktrace::capture(store);
    backtrace.frames().iter().find_map(|frame| part_of_module(named(frame).0?))
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Trap(trap) => f.write_str(trap),
            Reason::Cpu(limits) => {
                write!(f, "it ran longer than its limit of {:?}", limits.cpu.unwrap_or_default())
            }
            Reason::Memory(limits) => {
                write!(f, "it asked for more memory than its limit of {} MiB", limits.memory >> 20)
            }
            Reason::AllMemory(limits) => write!(
                f,
                "all requests together asked for more memory than their limit of {} MiB",
                limits.all_memory >> 20
            ),
            Reason::Host(message) => f.write_str(message),
        }
    }
}

impl fmt::Display for Frame {
    /// `part!function at file:line`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let module = self.module.as_deref().unwrap_or("?");
        write!(f, "{}!{}", self.part.as_deref().unwrap_or(module), self.function)?;
        match &self.place {
            Some(place) => write!(f, " at {place}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_module_names() {
        assert_eq!(part_of_module("auth (go)").as_deref(), Some("auth"));
        assert_eq!(part_of_module("auth"), None);
        assert_eq!(part_of_module("wit-component:adapter:wasi_snapshot_preview1"), None);
        assert_eq!(part_of_module(" (go)"), None);
    }
}
