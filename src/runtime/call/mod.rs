//! Calls of a component's exports, one after another, on one instance.
//!
//! A call is text: `check("token")`, `auth.check("token")`, `c = counter(5); c.bump(2)`. What is assigned is kept, handles
//! of resources among it, and stands for itself in later calls; a handle that is given away is gone. What a call returns
//! is told typed, as text and as JSON.
//!
//! | file | is |
//! |---|---|
//! | `statement` | what was typed: who is called, with what, and what the result is kept as |
//! | `export` | what can be called, and by which names |
//! | `wave`, `value` | values as text and as JSON |
//! | `types` | types in the words of WIT |
//!
//! Invariant: after a trap the instance is gone, and with it all that was kept.

mod error;
mod export;
mod statement;
mod types;
mod value;
mod wave;

use std::sync::Arc;

use serde::Serialize;
use tokio::{runtime::Runtime, sync::mpsc};
use wasmtime::{
    Store,
    component::{InstancePre, Val, types::Type},
};
use wasmtime_wasi::{I32Exit, WasiCtx};

use crate::event::Events;

use super::{
    code::{self, Artifact},
    error::Error,
    host::terminal,
    linker::{self, Streams},
    run::RunOptions,
    state::{self, Guest, Host, Watch},
    symbols::Symbols,
    tell::Told,
    trap::Trapped,
};
use export::{Callee, Exports};
use value::Kept;

pub use error::CallError;
pub use export::Export;
pub use statement::{Arguments, Statement};
pub use wave::Unfit;

/// An instance whose exports can be called.
pub struct Session<'a> {
    name: String,
    pre: InstancePre<Guest>,
    host: Arc<Host>,
    options: RunOptions,
    symbols: Symbols<'a>,
    told: mpsc::Receiver<Told>,
    runtime: Runtime,
    /// `None` before the first call and after a trap.
    live: Option<Live>,
    /// Handles named so far.
    named: usize,
}

/// The instance itself.
struct Live {
    store: Store<Guest>,
    exports: Exports,
    kept: Kept,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Returned {
    /// The function, as it can be called.
    pub function: String,
    /// `None`: it returns nothing.
    pub value: Option<ReturnedValue>,
    /// What is kept of it, by name.
    pub kept: Vec<String>,
}

/// A value and its type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReturnedValue {
    /// In the words of WIT.
    pub ty: String,
    /// In WAVE, handles by their names.
    pub text: String,
    pub json: serde_json::Value,
}

impl<'a> Session<'a> {
    /// Compiles and links it; the instance is made with the first call.
    pub fn open(artifact: &'a Artifact<'a>, options: RunOptions, events: Events<'_>) -> Result<Session<'a>, Error> {
        let code = code::load(artifact, &options.home, None, events)?;
        let pre = linker::link(&artifact.name, &code, Streams::Own)?;
        let (host, told) =
            Host::open(&code.component, &options.grants, options.limits, &options.stores, Watch::default())?;
        state::tick(&code.engine, None);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::Threads { source })?;
        let symbols = Symbols::new(artifact, &code);
        Ok(Session { name: artifact.name.clone(), pre, host, options, symbols, told, runtime, live: None, named: 0 })
    }

    /// What can be called.
    pub fn exports(&mut self, events: Events<'_>) -> Result<Vec<Export>, CallError> {
        let live = self.live(events)?;
        Ok(live.exports.told())
    }

    /// Names of what is kept.
    pub fn kept(&self) -> impl Iterator<Item = &str> {
        self.live.iter().flat_map(|live| live.kept.keys().map(String::as_str))
    }

    /// Makes one call.
    pub fn call(&mut self, statement: &Statement, events: Events<'_>) -> Result<Returned, CallError> {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.start(events)?,
        };
        let prepared = prepare(&live, statement);
        let (callee, arguments, given) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                self.live = Some(live);
                return Err(error);
            }
        };
        let mut results: Vec<Val> = callee.ty.results().map(|_| Val::Bool(false)).collect();
        let clock = live.store.data().clock.clone();
        clock.reset();
        let called =
            self.drive(clock.measure(callee.func.call_async(&mut live.store, &arguments, &mut results)), events);
        if let Err(error) = called {
            return Err(self.failed(&callee.path, &live.store, &error));
        }
        given.iter().for_each(|name| drop(live.kept.shift_remove(name)));
        let returned = self.returned(&mut live, &callee, results.into_iter().next(), statement.keep.as_deref());
        self.live = Some(live);
        Ok(returned)
    }

    fn live(&mut self, events: Events<'_>) -> Result<&Live, CallError> {
        let live = match self.live.take() {
            Some(live) => live,
            None => self.start(events)?,
        };
        Ok(self.live.insert(live))
    }

    /// Makes the instance.
    fn start(&mut self, events: Events<'_>) -> Result<Live, CallError> {
        let mut streams = WasiCtx::builder();
        terminal::inherit(&mut streams);
        streams.arg(&self.name).args(&self.options.args);
        let mut store = Guest::new(&self.host, streams)?.into_store(self.pre.engine());
        let pre = self.pre.clone();
        let clock = store.data().clock.clone();
        match self.drive(clock.measure(pre.instantiate_async(&mut store)), events) {
            Ok(instance) => {
                let exports = Exports::of(&mut store, &instance, pre.component());
                Ok(Live { store, exports, kept: Kept::new() })
            }
            Err(error) => Err(self.failed("the start", &store, &error)),
        }
    }

    /// Lets a guest run, telling what it has to tell.
    fn drive<T>(&mut self, guest: impl Future<Output = T>, events: Events<'_>) -> T {
        let (told, symbols) = (&mut self.told, &mut self.symbols);
        let outcome = self.runtime.block_on(async {
            let mut guest = std::pin::pin!(guest);
            loop {
                tokio::select! {
                    biased;
                    Some(told) = told.recv() => told.tell(symbols, events),
                    outcome = &mut guest => break outcome,
                }
            }
        });
        while let Ok(told) = told.try_recv() {
            told.tell(symbols, events);
        }
        outcome
    }

    fn failed(&mut self, function: &str, store: &Store<Guest>, error: &wasmtime::Error) -> CallError {
        if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
            return CallError::Exited { function: function.to_owned(), code: *code };
        }
        let mut trapped = Trapped::new(error, self.options.limits, store.data().meter.starved);
        self.symbols.fill(&mut trapped.frames);
        CallError::Trapped { function: function.to_owned(), trapped }
    }

    /// What came back: told, and kept where it is to be, or where it holds handles that would be lost otherwise.
    fn returned(&mut self, live: &mut Live, callee: &Callee, value: Option<Val>, keep: Option<&str>) -> Returned {
        let function = callee.path.clone();
        let Some(value) = value else { return Returned { function, value: None, kept: Vec::new() } };
        let mut kept = Vec::new();
        let mut handles = Vec::new();
        gather(&value, &mut handles);
        if let Some(name) = keep {
            let value = payload(&value);
            if !matches!(value, Val::Resource(_)) || handles.len() == 1 {
                live.kept.insert(name.to_owned(), value.clone());
                kept.push(name.to_owned());
            }
        }
        for handle in handles {
            if !live.kept.values().any(|known| is_same(known, handle)) {
                self.named += 1;
                let name = format!("h{}", self.named);
                live.kept.insert(name.clone(), handle.clone());
                kept.push(name);
            }
        }
        let name_of = |handle: &Val| {
            let known = live.kept.iter().find(|(_, known)| is_same(known, handle));
            known.map_or_else(|| "?".to_owned(), |(name, _)| name.clone())
        };
        let ty = callee.ty.results().next().map(|ty| types::shown(&ty, &live.exports.resources)).unwrap_or_default();
        let value = ReturnedValue { ty, text: wave::written(&value, &name_of), json: value::to_json(&value, &name_of) };
        Returned { function, value: Some(value), kept }
    }
}

/// The function, its arguments, and the names of kept handles among them that are given away.
fn prepare(live: &Live, statement: &Statement) -> Result<(Callee, Vec<Val>, Vec<String>), CallError> {
    let (callee, receiver) = live.exports.find(&statement.callee, &live.kept)?;
    let wanted: Vec<(String, Type)> = callee.ty.params().map(|(name, ty)| (name.to_owned(), ty)).collect();
    let wanted = &wanted[receiver.iter().len()..];
    let resources = &live.exports.resources;
    let (values, given) = match &statement.arguments {
        Arguments::Wave { text, .. } => {
            let mut reader = wave::Reader { kept: &live.kept, resources, given: Vec::new() };
            let values = wave::arguments(text, wanted, &mut reader).map_err(|unfit| CallError::Unfit {
                statement: Box::new(statement.clone()),
                signature: callee.signature.clone(),
                unfit,
            })?;
            (values, reader.given)
        }
        Arguments::Json(values) => {
            let misfit = |why| CallError::Misfit { signature: callee.signature.clone(), why };
            if values.len() != wanted.len() {
                return Err(misfit(format!("it takes {} arguments, not {}", wanted.len(), values.len())));
            }
            let mut reader = value::JsonReader { kept: &live.kept, resources, given: Vec::new() };
            let read = wanted.iter().zip(values).map(|((name, ty), value)| reader.value(value, ty, name));
            let values = read.collect::<Result<Vec<_>, _>>().map_err(misfit)?;
            (values, reader.given)
        }
    };
    Ok((callee, receiver.into_iter().chain(values).collect(), given))
}

/// The value inside `ok` or `some`.
fn payload(value: &Val) -> &Val {
    match value {
        Val::Result(Ok(Some(inner))) | Val::Option(Some(inner)) => payload(inner),
        value => value,
    }
}

/// The handles in a value.
fn gather<'v>(value: &'v Val, handles: &mut Vec<&'v Val>) {
    match value {
        Val::Resource(_) => handles.push(value),
        Val::List(values) | Val::FixedLengthList(values) | Val::Tuple(values) => {
            values.iter().for_each(|value| gather(value, handles));
        }
        Val::Record(fields) => fields.iter().for_each(|(_, value)| gather(value, handles)),
        Val::Map(pairs) => pairs.iter().for_each(|(_, value)| gather(value, handles)),
        Val::Variant(_, Some(value)) | Val::Option(Some(value)) | Val::Result(Ok(Some(value)) | Err(Some(value))) => {
            gather(value, handles)
        }
        _ => {}
    }
}

fn is_same(one: &Val, other: &Val) -> bool {
    matches!((one, other), (Val::Resource(one), Val::Resource(other)) if one == other)
}
