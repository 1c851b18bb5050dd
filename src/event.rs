//! What a stage tells while it works. The library never prints: it tells events, the binary's reporter shows them.

use std::{net::SocketAddr, time::Duration};

use serde::Serialize;

use crate::diagnostic::Problem;

/// Where events go. A stage may tell them from several threads at once.
pub type Events<'a> = &'a (dyn Fn(Event<'_>) + Sync);

/// One thing that happened in a stage.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A unit of work begins, e.g. `Compiling` `auth (go)`. `verb` is one capitalised word in cargo's manner.
    Started { verb: &'static str, what: &'a str },
    /// The unit of work named by the same `what` has ended well. `fresh`: nothing had to be done.
    Finished { what: &'a str, fresh: bool, elapsed: Duration },
    /// A fact worth one line: `verb` as in `Started`.
    Note { verb: &'static str, text: &'a str },
    /// The same, for those who want to know more.
    Detail { verb: &'static str, text: &'a str },
    /// Bytes of a download so far, and in all where the server said so.
    Download { what: &'a str, received: u64, total: Option<u64> },
    /// Another process holds what this one needs; told once, when waiting begins.
    Waiting { what: &'a str },
    /// Words of a foreign tool that succeeded (warnings, mostly), as it wrote them. `what` as in `Started`.
    Output { what: &'a str, text: &'a str },
    /// Something that does not stop the work.
    Warning(&'a Problem),
    /// A server is bound and about to accept.
    Listening { address: SocketAddr },
    /// One line a guest wrote, without its line end, as it wrote it: it may hold control sequences.
    /// `part`: the component that wrote it, where that can be told.
    Guest { part: Option<&'a str>, stream: GuestStream, line: &'a str },
    /// One `wasi:logging` message of a guest; `context` and `message` may hold control sequences.
    Log { part: Option<&'a str>, level: LogLevel, context: &'a str, message: &'a str },
}

/// Which of its streams a guest wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GuestStream {
    Stdout,
    Stderr,
}

/// The levels of `wasi:logging/logging`, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}
