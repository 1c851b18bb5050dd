//! What interfaces of hosts let a program do, in plain words.

use std::borrow::Cow;

use super::super::model::Capability;
use crate::compare::Name;

/// A capability, and the interfaces it is had through: by name without version, a `*` at the end standing for any rest.
pub(super) struct Row {
    pub id: &'static str,
    pub words: &'static str,
    pub interfaces: &'static [&'static str],
}

pub(super) const ROWS: &[Row] = &[
    row(
        "files",
        "may read and write files, in folders it is given",
        &[
            "wasi:filesystem/*",
            "wasi_snapshot_preview1/path_*",
            "wasi_snapshot_preview1/fd_prestat_*",
            "wasi_snapshot_preview1/fd_readdir",
        ],
    ),
    row(
        "tcp",
        "may open TCP sockets",
        &["wasi:sockets/tcp", "wasi:sockets/tcp-create-socket", "wasi:sockets/types", "wasi_snapshot_preview1/sock_*"],
    ),
    row("udp", "may open UDP sockets", &["wasi:sockets/udp", "wasi:sockets/udp-create-socket", "wasi:sockets/types"]),
    row("dns", "may look up names of hosts", &["wasi:sockets/ip-name-lookup"]),
    row("http-out", "may send HTTP requests", &["wasi:http/outgoing-handler", "wasi:http/client"]),
    row("keyvalue", "may read and write key-value stores", &["wasi:keyvalue/*"]),
    row("blobstore", "may read and write blob stores", &["wasi:blobstore/*"]),
    row("messaging", "may send and receive messages", &["wasi:messaging/*"]),
    row("config", "may read the host's configuration", &["wasi:config/*"]),
    row(
        "env",
        "may read environment variables and arguments",
        &["wasi:cli/environment", "wasi_snapshot_preview1/args_*", "wasi_snapshot_preview1/environ_*"],
    ),
    row("logging", "may write to the host's log", &["wasi:logging/*"]),
    row("nn", "may run the host's machine-learning models", &["wasi:nn/*"]),
    row(
        "stdio",
        "may read standard input and write to standard output and error",
        &[
            "wasi:cli/stdin",
            "wasi:cli/stdout",
            "wasi:cli/stderr",
            "wasi:cli/terminal-*",
            "wasi_snapshot_preview1/fd_read",
            "wasi_snapshot_preview1/fd_write",
        ],
    ),
    row("exit", "may end the whole program", &["wasi:cli/exit", "wasi_snapshot_preview1/proc_*"]),
    row(
        "clock",
        "may tell the time and wait",
        &["wasi:clocks/*", "wasi_snapshot_preview1/clock_*", "wasi_snapshot_preview1/poll_oneoff"],
    ),
    row("random", "may ask for random numbers", &["wasi:random/*", "wasi_snapshot_preview1/random_get"]),
];

/// What reaches nothing by itself: values, handles to what others give, and what the component model has core modules
/// import of themselves.
const VALUES: &[&str] = &[
    "wasi:io/*",
    "wasi:http/types",
    "wasi:sockets/network",
    "wasi:sockets/instance-network",
    "wasi:cli/types",
    "wasi_snapshot_preview1/*",
    "[export]*",
];

/// The host of core modules, by the names it has had.
const PREVIEW1: &[&str] = &["wasi_snapshot_preview1", "wasi_unstable"];

const fn row(id: &'static str, words: &'static str, interfaces: &'static [&'static str]) -> Row {
    Row { id, words, interfaces }
}

impl Row {
    pub fn capability(&self) -> Capability {
        Capability { capability: self.id.to_owned(), words: self.words.to_owned() }
    }

    pub fn covers(&self, interface: &str) -> bool {
        matches(self.interfaces, interface)
    }
}

/// The rows an interface is in.
pub(super) fn rows(interface: &str) -> impl Iterator<Item = &'static Row> + '_ {
    ROWS.iter().filter(move |row| row.covers(interface))
}

/// What a function that a core module imports counts as: an interface of its name, or one function of the host that all
/// toolchains had before there were interfaces.
pub(super) fn of_core<'a>(module: &'a str, function: &str) -> Cow<'a, str> {
    match PREVIEW1.contains(&module) {
        true => Cow::Owned(format!("{}/{function}", PREVIEW1[0])),
        false => Cow::Borrowed(module),
    }
}

/// Whether it reaches nothing by itself.
pub(super) fn is_values(interface: &str) -> bool {
    matches(VALUES, interface)
}

/// What an interface that is in no row lets a program do.
pub(super) fn unknown(interface: &str) -> Capability {
    Capability { capability: interface.to_owned(), words: format!("may call {interface} of the host") }
}

fn matches(patterns: &[&str], interface: &str) -> bool {
    let base = Name::new(interface).base;
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => base.starts_with(start),
        None => base == *pattern,
    })
}
