//! Planning: which import meets which export, before any compiler runs. Pure.

pub mod error;
pub mod explain;
mod exports;
pub mod graph;
mod surface;
mod verify;
pub mod wire;

pub use error::Error;
pub use surface::{Place, Sources};
pub use wire::{Options, Unused, plan};

#[cfg(test)]
mod tests;
