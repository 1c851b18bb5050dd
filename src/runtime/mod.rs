//! Runs and serves components on an embedded Wasmtime: isolated, granted, limited.
//!
//! | file | is |
//! |---|---|
//! | `engine` | the one engine configuration |
//! | `code`, `lift`, `merge/`, `dense`, `bounds` | native code, kept in the cache folder; that of large core modules apart; with dynamic libraries as one module; with each memory one mapping, and accesses held to its size |
//! | `grants`, `limits` | what a guest may touch, and how much it may take |
//! | `linker`, `host/` | the interfaces the host offers, and a component bound to them |
//! | `state`, `stores` | what the host keeps for a guest, and where |
//! | `run` | a program |
//! | `call/` | calls of exports, one after another |
//! | `serve/` | a server, its connections, one request and its instance |
//! | `metrics`, `traces`, `profile`, `coredump` | what is counted, spans of requests, where guests spend their time, what they were when they trapped |
//! | `measure` | figures of instances by themselves |
//! | `trap`, `symbols`, `denials`, `tell`, `output` | what went wrong, was refused, was written, and how it is told |
//!
//! Invariants: nothing is granted that [`Grants`] does not name, and an ungranted call is answered by the interface's
//! own error, never a trap; one request is one fresh instance, unless reuse is
//! asked for; what a guest does costs its own run or request alone. No
//! manifest and no project is known here, and nothing is printed: guest output is told as events, except that a program
//! ([`run`]) has the standard streams of this process.

mod bounds;
mod call;
mod code;
mod coredump;
mod denials;
mod dense;
mod engine;
mod error;
mod grants;
mod host;
mod lift;
mod limits;
mod linker;
mod measure;
mod merge;
mod metrics;
mod output;
mod profile;
mod run;
mod serve;
mod state;
mod stores;
mod symbols;
mod tell;
mod traces;
mod trap;

#[cfg(test)]
mod tests;

pub use call::{Arguments, CallError, Export, Returned, ReturnedValue, Session, Statement, Unfit};
pub use code::{Artifact, Content, compile};
pub use engine::Tuning;
pub use error::{Entry, Error};
pub use grants::{Access, Address, Authority, Dir, Grants, NarrowError, ParseError, Scope, SectionError};
pub use limits::Limits;
pub use measure::{Configuration, Held, Life, Maker, Start};
pub use output::{Cleaner, Styles, cleaned};
pub use run::{RunOptions, run};
pub use serve::{AccessLog, LogFormat, ServeOptions, Signals, Stop, serve};
pub use stores::Stores;
pub use traces::{Traces, TracesError};
pub use trap::{Frame, Reason, Trapped};
