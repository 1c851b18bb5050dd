//! Whole apps: real compilers on real sources, the real Wasmtime, real HTTP over a socket.
//!
//! The toolchains are there because `cargo xtask test` installs them first; a test whose toolchain is missing fails.

#![expect(clippy::disallowed_methods, reason = "tests start the command under test, and what stands beside it")]

mod backend;
mod browser;
mod conformance;
mod denied;
mod errors;
mod golden;
mod host;
mod hostile;
mod javascript;
mod matrix;
mod page;
mod pipeline;
mod readme;
mod scaffold;
mod snapshot;
mod storefront;
mod support;
