//! Planning: which import meets which export, before any compiler runs. Pure.

mod apart;
pub mod capability;
mod denial;
pub mod error;
pub mod explain;
mod exports;
pub mod fingerprint;
pub mod graph;
pub mod holdings;
mod host;
mod middleware;
mod order;
mod outline;
mod provider;
pub mod sources;
mod surface;
mod told;
pub mod units;
mod verify;
pub mod versions;
pub mod wac;
pub mod wire;

pub use error::Error;
pub use outline::{Outline, SelfContained};
pub use surface::{Place, Sources, Subject, exports_of};
pub use wire::{Options, Unused, outlined, plan};

#[cfg(test)]
mod tests;
