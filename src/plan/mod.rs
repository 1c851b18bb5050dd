//! Planning: which import meets which export, before any compiler runs. Pure.

pub mod graph;
