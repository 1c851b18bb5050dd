//! Runs a `wasi:cli/run` component as a program: the user's terminal is its own.
//!
//! 1. Its native code comes from the cache, or is compiled.
//! 2. Its imports are bound.
//! 3. One instance is made and its `run` called.
//!
//! The exit code comes back as a value; a trap is an error that tells part, function and line.

use std::{path::PathBuf, sync::Arc};

use wasmtime_wasi::{I32Exit, WasiCtx, p2, p3};

use crate::{cache::Home, event::Events};

use super::{
    code::{self, Artifact},
    coredump::Dumps,
    error::{Entry, Error},
    grants::Grants,
    host::terminal,
    limits::Limits,
    linker::{self, Streams, Wasi},
    profile::Profile,
    state::{self, Guest, Host, Watch},
    stores::Stores,
    symbols::Symbols,
    trap::Trapped,
};

/// How to run a component.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// What follows the program's own name.
    pub args: Vec<String>,
    pub grants: Grants,
    pub limits: Limits,
    pub stores: Stores,
    pub home: Home,
    /// The file in which it is written where it spends its time.
    pub profile: Option<PathBuf>,
    /// The folder for its core dump, where it traps.
    pub coredumps: Option<PathBuf>,
}

impl RunOptions {
    /// Nothing granted, and limits for a program that is watched.
    pub fn new(home: Home) -> RunOptions {
        RunOptions {
            args: Vec::new(),
            grants: Grants::default(),
            limits: Limits::run(),
            stores: Stores::default(),
            home,
            profile: None,
            coredumps: None,
        }
    }
}

/// Runs it to its end and gives its exit code: 0 or 1 in WASI 0.2, unless it exits with a code of its own.
pub fn run(artifact: &Artifact<'_>, options: &RunOptions, events: Events<'_>) -> Result<i32, Error> {
    let code = code::load(artifact, &options.home, None, events)?;
    let name = &artifact.name;
    let wasi = linker::entry(name, &code.component, Entry::Run)?;
    let pre = linker::link(name, &code, Streams::Own)?;
    let profile = options.profile.as_deref().map(|path| Profile::begin(path, name, &code)).transpose()?;
    let dumps = options.coredumps.as_deref().map(|folder| Dumps::to(folder, name)).transpose()?;
    let watch = Watch { profile: profile.clone(), dumps: dumps.map(Arc::new), ..Watch::default() };
    let (host, mut told) = Host::open(&code.component, &options.grants, options.limits, &options.stores, watch)?;

    let mut symbols = Symbols::new(artifact, &code);
    let mut streams = WasiCtx::builder();
    terminal::inherit(&mut streams);
    streams.arg(name).args(&options.args);
    let guest = Guest::new(&host, streams)?;
    let clock = guest.clock.clone();
    let mut store = guest.into_store(&code.engine);
    state::tick(&code.engine, profile.as_deref());

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Threads { source })?;
    let result = runtime.block_on(async {
        let guest = async {
            match wasi {
                Wasi::P2 => {
                    let command = p2::bindings::CommandPre::new(pre)?.instantiate_async(&mut store).await?;
                    command.wasi_cli_run().call_run(&mut store).await
                }
                Wasi::P3 => {
                    let command = p3::bindings::CommandPre::new(pre)?.instantiate_async(&mut store).await?;
                    store.run_concurrent(async |accessor| command.wasi_cli_run().call_run(accessor).await).await?
                }
            }
        };
        let mut guest = std::pin::pin!(clock.measure(guest));
        loop {
            tokio::select! {
                biased;
                Some(told) = told.recv() => told.tell(&mut symbols, events),
                result = &mut guest => break result,
            }
        }
    });
    let dump = result.as_ref().err().and_then(|error| host.dump(error, &mut store));
    let starved = store.data().meter.starved;
    // With the store goes the last one who could tell something.
    drop((store, host));
    while let Ok(told) = told.try_recv() {
        told.tell(&mut symbols, events);
    }
    // A blocked read of standard input must not keep the program alive.
    runtime.shutdown_background();
    if let Some(profile) = profile {
        profile.end()?;
    }
    match result {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(1),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => Ok(*code),
            None => {
                let mut trapped = Trapped::new(&error, options.limits, starved).dumped(dump);
                symbols.fill(&mut trapped.frames);
                Err(Error::Trapped { name: name.clone(), trapped })
            }
        },
    }
}
