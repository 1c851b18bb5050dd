//! Planning: which import meets which export, before any compiler runs. Pure.

pub mod digests;
pub mod fingerprint;
pub mod graph;
pub mod sources;
pub mod units;
