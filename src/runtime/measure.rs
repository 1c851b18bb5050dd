//! Figures of instances by themselves, without a server around them: what it costs to make one, to call it, to hold many.
//!
//! 1. The component is loaded, in one of three configurations of the engine, and bound to the same host.
//! 2. An instance is made in a store of its own, and an export called: a function of the root from a number to a number.
//! 3. It is dropped, or held to the end.
//!
//! Nothing is granted.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use wasmtime::{
    Config, Engine, Store,
    component::{Component, Instance, InstancePre},
};
use wasmtime_wasi::WasiCtx;

use crate::{cache::Home, event::Events};

use super::{
    code::{self, Artifact, Code},
    engine::{Compiler, Shape},
    error::Error,
    grants::Grants,
    limits::Limits,
    linker::{self, Streams},
    state::{self, Guest, Host, Watch},
    stores::Stores,
};

/// Whose configuration of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configuration {
    /// Ours, with a pool for so many instances; which one is for the artifact's tuning to say.
    Ours { live: u32 },
    /// What the engine does if it is told nothing.
    Default,
}

/// Loads a component, and has what makes its instances.
pub struct Maker {
    name: String,
    pre: InstancePre<Guest>,
    host: Arc<Host>,
    pub start: Start,
}

/// What it took to have a first instance.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// An engine, and the native code from its file.
    pub loaded: Duration,
    /// The component bound to the host.
    pub bound: Duration,
    pub first: Duration,
}

/// What one instance took.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    pub made: Duration,
    pub called: Duration,
    pub dropped: Duration,
}

/// An instance that lives.
pub struct Held {
    _store: Store<Guest>,
}

impl Maker {
    /// Native code is there already, or is made before the time that is taken begins.
    pub async fn open(
        artifact: &Artifact<'_>,
        home: &Home,
        configuration: Configuration,
        events: Events<'_>,
    ) -> Result<Maker, Error> {
        let name = artifact.name.clone();
        let failed = |source| Error::Compile { name: name.clone(), source };
        let default = match configuration {
            Configuration::Ours { .. } => {
                code::compile(artifact, home, events)?;
                None
            }
            Configuration::Default => {
                let engine = Engine::new(Config::new().wasm_component_model_implements(true)).map_err(failed)?;
                let file = tempfile::NamedTempFile::new().map_err(|source| failed(source.into()))?;
                let native = engine.precompile_component(&artifact.read()?).map_err(failed)?;
                std::fs::write(file.path(), native).map_err(|source| failed(source.into()))?;
                Some((engine, file))
            }
        };
        let started = Instant::now();
        let code = match (configuration, &default) {
            (Configuration::Ours { live }, _) => code::load(artifact, home, Some(live), events)?,
            (Configuration::Default, None) => unreachable!("made above"),
            (Configuration::Default, Some((engine, file))) => {
                // SAFETY: this process has just compiled it for this engine, into a file of its own.
                let component = unsafe { Component::deserialize_file(engine, file.path()) }.map_err(failed)?;
                let shape = Shape::unmeasured(Compiler::Optimising, false);
                Code { engine: engine.clone(), component, lifted: Vec::new(), shape, digest: None, moved: None }
            }
        };
        let loaded = started.elapsed();
        let pre = linker::link(&name, &code, Streams::Lines)?;
        let limits = Limits { all_memory: usize::MAX, cpu: None, ..Limits::request() };
        let (host, _told) =
            Host::open(&code.component, &Grants::default(), limits, &Stores::default(), Watch::default())?;
        if default.is_none() {
            state::tick(&code.engine, None);
        }
        let bound = started.elapsed() - loaded;
        let start = Start { loaded, bound, first: Duration::ZERO };
        let mut maker = Maker { name: artifact.name.clone(), pre, host, start };
        maker.make().await?;
        maker.start.first = started.elapsed() - loaded - bound;
        Ok(maker)
    }

    async fn make(&self) -> Result<(Store<Guest>, Instance), Error> {
        let mut store = Guest::new(&self.host, WasiCtx::builder())?.into_store(self.pre.engine());
        let instance = self.pre.instantiate_async(&mut store).await.map_err(|source| self.failed(source))?;
        Ok((store, instance))
    }

    fn failed(&self, source: wasmtime::Error) -> Error {
        Error::Mismatch { name: self.name.clone(), source }
    }

    /// Makes one and calls `export` of it, if one is named.
    async fn live(&self, export: Option<&str>) -> Result<(Store<Guest>, Instant), Error> {
        let (mut store, instance) = self.make().await?;
        let made = Instant::now();
        if let Some(export) = export {
            let function = instance.get_typed_func::<(u32,), (u32,)>(&mut store, export);
            let called = function.map_err(|source| self.failed(source))?.call_async(&mut store, (1,)).await;
            black_box(called.map_err(|source| self.failed(source))?);
        }
        Ok((store, made))
    }

    /// One instance from its making to its end.
    pub async fn life(&self, export: Option<&str>) -> Result<Life, Error> {
        let started = Instant::now();
        let (store, made) = self.live(export).await?;
        let called = Instant::now();
        drop(store);
        Ok(Life { made: made - started, called: called - made, dropped: called.elapsed() })
    }

    /// One instance that was called.
    pub async fn hold(&self, export: Option<&str>) -> Result<Held, Error> {
        self.live(export).await.map(|(store, _)| Held { _store: store })
    }

    /// Time of so many calls of one instance.
    pub async fn calls(&self, export: &str, count: u32) -> Result<Duration, Error> {
        let (mut store, instance) = self.make().await?;
        let function =
            instance.get_typed_func::<(u32,), (u32,)>(&mut store, export).map_err(|source| self.failed(source))?;
        let started = Instant::now();
        for number in 0..count {
            black_box(function.call_async(&mut store, (number,)).await.map_err(|source| self.failed(source))?);
        }
        Ok(started.elapsed())
    }
}
