//! The engine, the glue of a world and WASI, linked into a component that has yet to run its modules.
//!
//! The engine is a library for dynamic linking, and so is the glue that wit-dylib writes for the world: the engine stays
//! one module, the same in every part, and an app of several stores it once.

use componentize_qjs::codegen;
use qjs_wit_component::{Linker, StringEncoding, embed_component_metadata};
use qjs_wit_parser::Resolve;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};

use super::handles::Handles;

/// Bytes of stack, at the beginning of the memory.
pub const STACK: u32 = 1 << 20;

/// What is made of a world.
pub struct Linked {
    /// It exports `init` and imports `local:init/module-loader` besides what the world says.
    pub component: Vec<u8>,
    /// JavaScript that goes before any module.
    pub shim: String,
    /// A module that goes before any of the user's.
    pub handles: String,
}

/// Links an engine for a world of the WIT.
pub fn link(engine: &[u8], wit: &str, world: &str) -> anyhow::Result<Linked> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("unit.wit", wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    let handles = Handles::of(&resolve, world);
    let mut glue = handles.replaced(&wit_dylib::create(&handles.added(&resolve, world), world, None))?;
    embed_component_metadata(&mut glue, &resolve, world, StringEncoding::UTF8)?;
    let component = Linker::default()
        .stack_size(STACK)
        .library("componentize_qjs_runtime.wasm", engine, false)?
        .library("wit-dylib.wasm", &glue, false)?
        .adapter(PREVIEW1, REACTOR)?
        .encode()?;
    Ok(Linked { component, shim: codegen::generate_shim(&resolve, world), handles: handles.module() })
}
