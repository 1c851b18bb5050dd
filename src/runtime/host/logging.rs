//! `wasi:logging/logging`: told as events where it is granted, dropped where it is not.
//!
//! The interface was never released: components name it without a version or with that of its draft.
//! <https://github.com/WebAssembly/wasi-logging>

use wasmtime::component::{ComponentType, Lift, Linker};

use crate::{
    event::LogLevel,
    runtime::{denials::Denial, grants::Missing, state::Guest, tell::Told, trap::caller},
};

/// The names it goes by.
const NAMES: [&str; 2] = ["wasi:logging/logging", "wasi:logging/logging@0.1.0-draft"];

#[derive(Debug, Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "lifting makes them of numbers")]
enum Level {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
    #[component(name = "critical")]
    Critical,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> LogLevel {
        match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
            Level::Critical => LogLevel::Critical,
        }
    }
}

pub(in crate::runtime) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    for name in NAMES {
        linker.instance(name)?.func_wrap_async(
            "log",
            |store, (level, context, message): (Level, String, String)| {
                let part = caller(&store);
                let host = store.data().host.clone();
                Box::new(async move {
                    if host.grants.logging {
                        // An error means that nobody listens any more.
                        let told = Told::Log { part, level: level.into(), context, message };
                        let _ = host.teller.send(told).await;
                    } else {
                        host.refuse(Denial {
                            part,
                            interface: "wasi:logging/logging",
                            what: "logging, so its messages are dropped".to_owned(),
                            grant: Missing { kind: "logging", value: None },
                        });
                    }
                    Ok(())
                })
            },
        )?;
    }
    Ok(())
}
