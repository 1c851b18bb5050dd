//! The one configuration of the engine: compiling, loading from the cache and running all use it.
//!
//! What decides the native code (tunables) depends on [`Shape::concurrency`] and [`Shape::compiler`] alone, so that code
//! compiled for `run` is good for `serve`; [`Allocation`] only decides where instances live.
//!
//! - Imports may have names of their own for the interface that they implement: so an app keeps them apart.
//! - Concurrency support is off where no part is async: it doubles the price of every call between parts.
//! - Functions are inlined across core modules (the adapters between parts), not within one: the languages' own
//!   compilers have done that.
//! - Unwind tables for native debuggers are left out: traps walk frame pointers, and registering the tables at every
//!   load costs more than loading.
//! - Debug information stays out of the native code; [`super::symbols`] reads it when a guest has trapped.
//! - What a core dump needs is noted with every trap: that costs a list of instances. One is written only on demand.
//! - For density ([`Tuning::Density`]) a memory's place is as large as the memory, with no guard behind it: bounds are
//!   checked. Nothing is kept resident in a place that nobody uses.
//! - A slot of the pool keeps up to [`KEEP_RESIDENT`] of its pages, but only where the kernel can tell which pages were
//!   touched (`PAGEMAP_SCAN`, Linux 6.7); without it every page kept is a page zeroed after every request.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use wasmtime::{
    Config, Enabled, Engine, Inlining, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy,
    WasmBacktraceDetails,
};

/// Memory a pool's slot may keep between two requests, in bytes.
const KEEP_RESIDENT: usize = 8 << 20;

/// Address space a linear memory may take in the pool, in bytes: all a 32-bit memory can address.
const SLOT: u64 = 1 << 32;

/// Address space all linear memories of the pool may take together, in bytes: half of what a process has on the
/// narrowest 64-bit hosts we run on (47 bits).
const POOL: u64 = 1 << 46;

/// Tasks that async guests may have begun beside their calls, all together: the pool has stacks for them.
const TASKS: u32 = 256;

/// Address space of a guest's stack for density, in bytes: half of what the engine itself takes.
const DENSE_STACK: usize = 1 << 20;

/// Frames kept of a guest's stack when it traps.
const FRAMES: usize = 64;

/// What native code is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tuning {
    /// To run fast: the component as a whole, optimised, dynamic libraries in it as one module ([`super::merge`]).
    #[default]
    Run,
    /// To be there soon after an edit: large core modules apart, so that those that did not change are not compiled
    /// again, and in one pass where no part is async. Each instance is mapped when it is made.
    Edit,
    /// To have as many instances alive at once as can be: a memory is one mapping ([`super::dense`]).
    Density {
        /// Bytes that a memory may grow to; `None`: a little more than the largest begins with.
        room: Option<u64>,
    },
}

/// What turns WebAssembly into native code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Compiler {
    /// Cranelift.
    Optimising,
    /// Winch: several times quicker to compile, and slower to run. It knows less of WebAssembly.
    OnePass,
}

/// What must be known of a component before an engine can be made for it. Kept beside its native code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    pub compiler: Compiler,
    /// Some part is async, or speaks an interface of WASI 0.3.
    pub concurrency: bool,
    /// Linear memories of one instance.
    pub memories: u32,
    /// Tables of one instance.
    pub tables: u32,
    /// Elements of the largest of them at the start.
    pub table_elements: u64,
    /// For density: bytes that a memory has room for.
    pub room: Option<u64>,
}

impl Shape {
    /// Of a component of which no more is known yet.
    pub fn unmeasured(compiler: Compiler, concurrency: bool) -> Shape {
        Shape { compiler, concurrency, memories: 0, tables: 0, table_elements: 0, room: None }
    }
}

/// Where instances live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allocation {
    /// Each is mapped when it is made: for one instance, or a few.
    OnDemand,
    /// Slots are set aside for so many instances at once: making one costs a few microseconds.
    Pooling { live: u32 },
}

/// An engine for a component of this shape.
///
/// Errors where the host cannot give what `allocation` asks (address space) or cannot run native code.
pub(super) fn engine(shape: &Shape, allocation: Allocation) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    match shape.compiler {
        Compiler::Optimising => config.compiler_inlining(Inlining::InterModule),
        Compiler::OnePass => config.strategy(Strategy::Winch),
    };
    config
        .concurrency_support(shape.concurrency)
        .wasm_component_model_implements(true)
        .parallel_compilation(true)
        .epoch_interruption(true)
        .coredump_on_trap(true)
        .native_unwind_info(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES));
    if let Some(room) = shape.room {
        config
            .memory_reservation(room)
            .memory_guard_size(0)
            .guard_before_linear_memory(false)
            .async_stack_size(DENSE_STACK);
    }
    match allocation {
        Allocation::OnDemand => config.allocation_strategy(InstanceAllocationStrategy::OnDemand),
        Allocation::Pooling { live } => config.allocation_strategy(pool(shape, live)),
    };
    Engine::new(&config)
}

fn pool(shape: &Shape, live: u32) -> PoolingAllocationConfig {
    let per_instance = |count: u32| live.saturating_mul(count.max(1));
    let slot = shape.room.unwrap_or(SLOT);
    let memories = u64::from(per_instance(shape.memories)).min(POOL / slot.max(1)) as u32;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(live)
        // Counters, not room: a composed component holds a few core instances for each of its parts.
        .total_core_instances(u32::MAX)
        .total_memories(memories)
        .total_tables(per_instance(shape.tables))
        .table_elements(usize::try_from(shape.table_elements.saturating_mul(2)).unwrap_or(usize::MAX).max(20_000))
        // One for the call; an async guest has one more for each task that waits while another goes on. Each costs two
        // microseconds at the start, for the page that guards it.
        .total_stacks(if shape.concurrency { live.saturating_add(TASKS) } else { live })
        .max_memories_per_module(16)
        .max_tables_per_module(64)
        .max_core_instance_size(16 << 20)
        .max_component_instance_size(16 << 20)
        .max_memory_size(usize::try_from(slot).unwrap_or(usize::MAX))
        .max_unused_warm_slots(per_instance(shape.memories));
    if shape.room.is_none() && PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes).linear_memory_keep_resident(KEEP_RESIDENT).table_keep_resident(KEEP_RESIDENT);
    }
    pool
}
