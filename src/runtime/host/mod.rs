//! The host's own side of the interfaces: one file each.
//!
//! What Wasmtime's WASI implements is linked as it is; here is what it leaves out (blobstore, config, logging, messaging,
//! keyvalue), with who keeps it ([`buckets`]: [`store`], [`redis`]; [`blobs`]: [`folder`], [`s3`]) or carries it
//! ([`nats`]), and where a refusal must be told or a stream must know its part.

pub(super) mod apart;
pub(super) mod blobs;
pub(super) mod blobstore;
pub(super) mod buckets;
pub(super) mod concurrent_sockets;
pub(super) mod config;
pub(super) mod content;
pub(super) mod folder;
pub(super) mod http;
pub(super) mod keyvalue;
pub(super) mod logging;
pub(super) mod messaging;
pub(super) mod nats;
pub(super) mod redis;
pub(super) mod request_reply;
pub(super) mod s3;
#[cfg(test)]
pub(super) mod servers;
pub(super) mod sockets;
pub(super) mod stdio;
pub(super) mod store;
pub(super) mod terminal;

/// The version of the WASI 0.2 interfaces that Wasmtime's WASI defines.
pub(super) const P2: &str = "0.2.12";
/// The version of the WASI 0.3 interfaces that Wasmtime's WASI defines.
pub(super) const P3: &str = "0.3.0";
