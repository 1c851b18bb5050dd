//! A core module made a component of a world.
//!
//! 1. The module's own metadata (`component-type` sections, which binding generators leave) is kept; a module without
//!    any is given its world's.
//! 2. Where it imports `wasi_snapshot_preview1`, the adapter to WASI 0.2 is put under it: the command adapter for a
//!    module with `_start`, which also exports `wasi:cli/run`; the reactor adapter for any other.
//! 3. `wit_component::ComponentEncoder` lifts the exports.
//!
//! Names of core functions are kept, and no strings of this machine get in: same module, same world, same bytes.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use super::conform::{RUN, compatible};
use crate::diagnostic::Problem;

/// Why a module cannot be made a component of the world.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no core module at all, or a broken one.
    #[error("the core module is not valid")]
    Module(#[source] wasmparser::BinaryReaderError),
    /// The module does not match the world: the encoder's words, outermost first.
    #[error("the core module does not match the world")]
    Encode(Vec<String>),
}

impl Error {
    /// Adds to `problem` why, in the encoder's words.
    #[must_use]
    pub fn explain(self, problem: Problem) -> Problem {
        match self {
            Error::Module(error) => problem.because(error.to_string()),
            Error::Encode(words) => words.into_iter().fold(problem, Problem::because),
        }
    }
}

/// What decides how a module is wrapped.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    preview1: bool,
    start: bool,
    metadata: bool,
}

/// The component.
pub fn componentize(module: &[u8], resolve: &Resolve, world: WorldId) -> Result<Vec<u8>, Error> {
    let shape = shape(module).map_err(Error::Module)?;
    encode(module, &shape, resolve, world)
        .map_err(|error| Error::Encode(error.chain().map(ToString::to_string).collect()))
}

fn encode(module: &[u8], shape: &Shape, resolve: &Resolve, world: WorldId) -> anyhow::Result<Vec<u8>> {
    let mut module = module.to_vec();
    if !shape.metadata {
        let mut resolve = resolve.clone();
        if shape.start && shape.preview1 {
            // The adapter exports it, not the module.
            let mut exports = std::mem::take(&mut resolve.worlds[world].exports);
            exports.retain(|key, _| !compatible(&resolve.name_world_key(key), RUN));
            resolve.worlds[world].exports = exports;
        }
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    }
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module)?.validate(false);
    if shape.preview1 {
        encoder.adapter(PREVIEW1, if shape.start { COMMAND } else { REACTOR })?;
    }
    encoder.encode()
}

fn shape(module: &[u8]) -> wasmparser::Result<Shape> {
    let mut shape = Shape::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    shape.preview1 |= import?.module == PREVIEW1;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    shape.start |= export?.name == "_start";
                }
            }
            Payload::CustomSection(section) => shape.metadata |= section.name().starts_with("component-type"),
            _ => {}
        }
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = "package a:b; interface i { f: func() -> u32; } world part { export i; }";

    fn world(wit: &str) -> (Resolve, WorldId) {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("part.wit", wit).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        (resolve, world)
    }

    fn valid(bytes: &[u8]) -> Vec<u8> {
        wasmparser::Validator::new().validate_all(bytes).unwrap();
        assert!(Parser::is_component(bytes));
        bytes.to_vec()
    }

    #[test]
    fn a_bare_module_is_given_its_world() {
        let (resolve, world) = world(WIT);
        let module = wat::parse_str("(module (func (export \"a:b/i#f\") (result i32) i32.const 7))").unwrap();
        let once = valid(&componentize(&module, &resolve, world).unwrap());
        assert_eq!(once, componentize(&module, &resolve, world).unwrap());
    }

    #[test]
    fn metadata_of_the_module_is_kept() {
        let (resolve, world) = world(WIT);
        let mut module = wat::parse_str("(module (func (export \"a:b/i#f\") (result i32) i32.const 7))").unwrap();
        let bare = componentize(&module, &resolve, world).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        assert_eq!(componentize(&module, &resolve, world).unwrap(), bare);
    }

    #[test]
    fn a_preview1_command_exports_run() {
        let (resolve, id) = world(
            "package a:b; world part { export wasi:cli/run@0.2.0; }
             package wasi:cli@0.2.0 { interface run { run: func() -> result; } }",
        );
        let module = wat::parse_str(
            "(module
               (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
               (memory (export \"memory\") 1)
               (func (export \"_start\") (call $exit (i32.const 3))))",
        )
        .unwrap();
        let component = valid(&componentize(&module, &resolve, id).unwrap());
        let text = wasmprinter::print_bytes(&component).unwrap();
        assert!(text.contains("(export (;") && text.contains("\"wasi:cli/run@0.2."), "{text}");
    }

    #[test]
    fn a_missing_export_is_told_by_name() {
        let (resolve, world) = world(WIT);
        let error = componentize(&wat::parse_str("(module)").unwrap(), &resolve, world).unwrap_err();
        let Error::Encode(words) = error else { panic!("{error:?}") };
        assert!(words.concat().contains("a:b/i"), "{words:?}");
    }

    #[test]
    fn garbage_is_told() {
        let (resolve, world) = world(WIT);
        assert!(matches!(componentize(b"\0asm garbage", &resolve, world), Err(Error::Module(_))));
    }
}
