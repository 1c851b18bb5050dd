//! A linked QuickJS component, run once with the user's modules, and its memory kept.
//!
//! 1. The component is **instrumented** so that its memory and globals can be read, and compiled.
//! 2. Every import is **answered** by the start itself ([`imports`]): the engine asks for the time, for random numbers
//!    and for an environment while it starts, and for the modules. All other calls end the build and are told by name. No
//!    host stands behind resources, so all of them are one type: any WIT can be imported, whatever its interfaces share.
//! 3. `init` is **called**: it loads and runs the modules. If they do not come to an end, it does ([`Endless`]).
//! 4. The memory is **kept** in the component, without what lies on the stack, which nobody reads again.
//!
//! Nothing of the machine or the moment gets in: the same modules give the same bytes.

mod answers;
mod imports;

use std::{collections::HashMap, sync::Arc};

use wasmtime::{
    Config, Engine, OptLevel, RegallocAlgorithm, Store, Trap,
    component::{Component, Instance, Lift, Linker, WasmList},
};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

/// What is started.
pub struct Start {
    /// Sets up what the engine needs to know of the world, before any module.
    pub shim: String,
    /// Absolute path of the module to begin with.
    pub entry: String,
    /// Absolute path → text.
    pub modules: HashMap<String, String>,
    /// Bytes at the beginning of the memory that are the stack's.
    pub stack: usize,
}

/// An import was called while modules were loaded.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{import}` was called while modules were loaded")]
pub struct Early {
    pub import: String,
}

/// The modules were not loaded after as many instructions as they may take.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the modules were not loaded after {} million instructions", MOST / 1_000_000)]
pub struct Endless;

/// Instructions that loading the modules may take, of WebAssembly's: some seconds. Counted, so that every machine judges
/// alike.
const MOST: u64 = 10_000_000_000;

/// What `init` takes: the shim, the first module, its path, whether garbage is never collected.
type Init = (String, String, Option<String>, bool);

/// What was written to standard streams.
type Said = Vec<u8>;

/// Gives the component with the memory that the start left.
///
/// # Errors
/// The text of a JavaScript exception, an [`Early`] call, an [`Endless`] one, or what is wrong with the component.
pub async fn start(component: &[u8], start: Start) -> anyhow::Result<Vec<u8>> {
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument_component(component)?;
    let mut config = Config::new();
    // It runs for a moment, and compiling is what takes time.
    config.cranelift_opt_level(OptLevel::None).cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    config.wasm_component_model_async(true).consume_fuel(true);
    let engine = Engine::new(&config)?;
    let compiled = Component::new(&engine, instrumented)?;
    let mut store = Store::new(&engine, Said::new());
    store.set_fuel(MOST)?;
    let mut linker = Linker::new(&engine);
    let start = Arc::new(start);
    imports::answer(&mut linker, &engine, &compiled, &start)?;
    let instance = linker.instantiate_async(&mut store, &compiled).await?;

    let init = instance.get_typed_func::<Init, (Result<(), String>,)>(&mut store, "init")?;
    let script = start.modules.get(&start.entry).cloned().unwrap_or_default();
    let called = init.call_async(&mut store, (start.shim.clone(), script, Some(start.entry.clone()), false)).await;
    let (outcome,) = called.map_err(|error| match error.downcast_ref::<Early>() {
        Some(early) => anyhow::Error::new(early.clone()),
        None if error.downcast_ref() == Some(&Trap::OutOfFuel) => anyhow::Error::new(Endless),
        None => anyhow::Error::from(error).context(String::from_utf8_lossy(store.data()).into_owned()),
    })?;
    outcome.map_err(anyhow::Error::msg)?;

    // What is left to be done is to read.
    store.set_fuel(u64::MAX)?;
    let mut state = State { store, instance, stack: start.stack, failure: None };
    let snapshot = wizer.snapshot_component(context, &mut state).await;
    state.failure.map_or(Ok(()), Err)?;
    Ok(snapshot?)
}

/// The instance's state as wizer reads it.
struct State {
    store: Store<Said>,
    instance: Instance,
    stack: usize,
    /// Wizer does not ask whether reading went well.
    failure: Option<wasmtime::Error>,
}

impl State {
    async fn read<T: Lift + Send + Sync + 'static>(&mut self, instance: &str, function: &str) -> Option<T> {
        match self.try_read(instance, function).await {
            Ok(value) => Some(value),
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }

    async fn try_read<T: Lift + Send + Sync + 'static>(
        &mut self,
        instance: &str,
        function: &str,
    ) -> wasmtime::Result<T> {
        let missing = || wasmtime::format_err!("the instrumented component has no `{instance}#{function}`");
        let interface = self.instance.get_export_index(&mut self.store, None, instance).ok_or_else(missing)?;
        let index = self.instance.get_export_index(&mut self.store, Some(&interface), function);
        let read = self.instance.get_typed_func::<(), (T,)>(&mut self.store, index.ok_or_else(missing)?)?;
        Ok(read.call_async(&mut self.store, ()).await?.0)
    }
}

impl ComponentInstanceState for State {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self.read::<WasmList<u8>>(instance, func).await;
        let mut memory = memory.map(|list| list.as_le_slice(&self.store).to_vec()).unwrap_or_default();
        let stack = self.stack.min(memory.len());
        memory[..stack].fill(0);
        contents(&memory);
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.read(instance, func).await.unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.read(instance, func).await.unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.read::<f32>(instance, func).await.unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.read::<f64>(instance, func).await.unwrap_or_default().to_bits()
    }
}
