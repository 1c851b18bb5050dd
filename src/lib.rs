//! Mosaic turns one folder of Rust, Go, Python and JavaScript sources into **one WebAssembly component**, checks it,
//! shows what is inside, and runs it on an embedded Wasmtime.
//!
//! # The pipeline
//!
//! Each value is made once by one function and never changed afterwards.
//!
//! | stage | function of | gives | holds |
//! |---|---|---|---|
//! | [`project`] | a folder | `Project` | root, [`manifest::Manifest`] with the place of everything it says, output layout |
//! | [`resolve`] | `Project` | `Resolution` | for each component its world, and the WIT that world reaches |
//! | [`plan`] | parts with their worlds, or outlines of them | `Graph`, `Unit`s | instances, edges and why, imports left to the host; what to build. Pure: before any compiler runs |
//! | [`build`] | `Unit`s | `Artifacts` | component → path, digest, fresh or built |
//! | [`compose`] | `Graph`, parts | `Composed` | bytes, digest, exports, imports left |
//! | [`check`] | bytes, worlds, two versions of WIT | `Report`, `Compat` | findings: rule, level, item, both places; the honest version |
//! | [`inspect`] | bytes | `Inspection` | plain data: the graph, needs, sizes, versions, packages; drawn as text, picture or page |
//! | [`runtime`] | bytes, `Grants` | a running guest | exit status, or a bound address |
//!
//! # The rooms below the stages
//!
//! | room | what it owns |
//! |---|---|
//! | [`diagnostic`] | a failure as a value: message, causes, labels on sources, the next step |
//! | [`event`] | what a stage tells while it works |
//! | [`language`] | the languages there are |
//! | [`lock`] | `mosaic.lock`: what a build takes from outside the project |
//! | [`packages`] | the packages that went into a component, and how a binary carries the list |
//! | [`process`] | the one door to foreign processes |
//! | [`cache`] | the user's cache folder, its content-addressed store, locks, whole-file writes |
//! | [`network`] | how HTTP is spoken: patience, proxies, whom to trust |
//! | [`registry`] | published packages, from where `wkg` finds them |
//! | [`toolchain`] | compilers: found on the machine, or installed below the cache folder |
//! | [`grants_section`] | `mosaic:grants`: what an artifact says its parts are granted |
//! | [`validate`] | whether bytes are valid WebAssembly, under which features; on all cores |
//! | [`compare`] | WIT types against WIT types: every difference with its path |
//! | [`wit`] | WIT as people write it: its one layout, and what of it no parsed package keeps |
//!
//! # Invariants
//!
//! `cargo xtask tidy` keeps those that a program can see.
//!
//! - The library never prints, parses no flag, knows no exit code: it tells events and returns values; `cli` of the
//!   binary does the rest.
//! - Only [`process`] starts a process. The network is touched only by [`registry`], [`toolchain`] (both through
//!   [`network`]) and [`runtime`].
//! - [`check`], [`inspect`] and [`runtime`] take bytes, worlds or a `Graph`, never a `Project` or a manifest: they serve
//!   components that Mosaic did not build; the command gathers what they need.
//! - No stage imports from a later one.
//! - An output is written beside its place and renamed into it ([`cache::write_whole`]): a failure never leaves half a
//!   file or destroys the old one.
//! - What cannot be proven to be granted or wired is refused.
//! - Same inputs, same bytes: order maps, no path, clock or random number in an output.

pub mod build;
pub mod cache;
pub mod check;
pub mod compare;
pub mod compose;
pub mod diagnostic;
pub mod event;
pub mod grants_section;
pub mod inspect;
pub mod language;
pub mod lock;
pub mod manifest;
mod network;
pub mod packages;
pub mod plan;
pub mod process;
pub mod project;
pub mod registry;
pub mod resolve;
pub mod runtime;
pub mod toolchain;
pub mod validate;
pub mod wit;
