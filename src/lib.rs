//! Mosaic builds, composes, checks and runs WebAssembly components written in several languages.

pub mod build;
pub mod cache;
pub mod check;
pub mod compare;
pub mod compose;
pub mod diagnostic;
pub mod event;
pub mod inspect;
pub mod language;
pub mod manifest;
pub mod plan;
pub mod process;
pub mod project;
pub mod resolve;
pub mod runtime;
pub mod toolchain;
