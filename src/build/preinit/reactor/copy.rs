//! The copy of a module that is started: as the module is, but open to be read, and telling of what it asks.
//!
//! - Globals that can change are exported as [`GLOBAL`] and their indices.
//! - Some functions of Go's, known by their names, tell at their entry that they are called: they call `proc_exit` with a
//!   number that no program ends with, and go on. So no index changes.

use std::collections::HashMap;

use wasm_encoder::{
    BlockType, CodeSection, ExportKind, ExportSection, Function, Module,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::{FunctionBody, KnownCustom, Name, Parser, Payload, TypeRef};

use super::image::{Malformed, raw};

/// A variable is asked for.
pub(super) const ASKED_VARIABLE: i32 = 0x6d6f_7300;
/// All variables are asked for.
pub(super) const ASKED_ENVIRONMENT: i32 = 0x6d6f_7301;
/// A random number is drawn.
pub(super) const ASKED_RANDOM: i32 = 0x6d6f_7302;
/// A file or folder is looked for, which need not come to a call of WASI where there is none.
pub(super) const ASKED_FILE: i32 = 0x6d6f_7303;

/// Functions of Go's, and what it means that they are called.
pub(super) const WATCHED: [(&str, i32); 4] = [
    ("syscall.Getenv", ASKED_VARIABLE),
    ("syscall.Environ", ASKED_ENVIRONMENT),
    ("syscall.preparePath", ASKED_FILE),
    ("runtime.rand", ASKED_RANDOM),
];

/// What the names of globals begin with; their indices follow.
pub(super) const GLOBAL: &str = "mosaic_global_";
/// The name of Go's stack pointer, its first global.
pub(super) const STACK: &str = "mosaic_global_0";

/// What must be known before the copy is written.
#[derive(Default)]
struct Found {
    globals: Vec<u32>,
    imported: u32,
    exit: Option<u32>,
    watched: HashMap<u32, i32>,
}

/// Gives the copy.
pub(super) fn laid_open(module: &[u8]) -> Result<Vec<u8>, Malformed> {
    let found = found(module)?;
    let exit = found.exit.ok_or(Malformed::Lacks { what: "the import `proc_exit`" })?;
    // What nobody calls, Go's linker leaves out; these Go calls itself.
    for needed in [ASKED_VARIABLE, ASKED_RANDOM] {
        if !found.watched.values().any(|what| *what == needed) {
            return Err(Malformed::Lacks { what: "the names of Go's functions" });
        }
    }
    let mut out = Module::new();
    let mut code = CodeSection::new();
    let mut bodies = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                RoundtripReencoder.parse_export_section(&mut exports, section)?;
                for index in &found.globals {
                    exports.export(&format!("{GLOBAL}{index}"), ExportKind::Global, *index);
                }
                out.section(&exports);
            }
            Payload::CodeSectionStart { count, .. } => bodies = count,
            Payload::CodeSectionEntry(body) => {
                match found.watched.get(&(found.imported + code.len())) {
                    Some(what) => code.function(&telling(&body, *what, exit)?),
                    None => code.raw(body.as_bytes()),
                };
                if code.len() == bodies {
                    out.section(&code);
                }
            }
            payload => {
                if let Some(section) = raw(&payload, module) {
                    out.section(&section);
                }
            }
        }
    }
    Ok(out.finish())
}

fn found(module: &[u8]) -> Result<Found, Malformed> {
    let mut found = Found::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(_) => {
                            if import.name == "proc_exit" {
                                found.exit = Some(found.imported);
                            }
                            found.imported += 1;
                        }
                        _ => return Err(Malformed::Imports { name: import.name.to_owned() }),
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for (index, global) in (0..).zip(section) {
                    if global?.ty.mutable {
                        found.globals.push(index);
                    }
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for name in names {
                        let Name::Function(names) = name? else { continue };
                        for naming in names {
                            let naming = naming?;
                            let watched = WATCHED.iter().find(|(name, _)| *name == naming.name);
                            found.watched.extend(watched.map(|(_, what)| (naming.index, *what)));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// A function that tells that it is called. Its only parameter is where in it to go on: nought at its entry.
fn telling(body: &FunctionBody<'_>, what: i32, exit: u32) -> Result<Function, Malformed> {
    let locals = body.get_locals_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let locals = locals
        .into_iter()
        .map(|(count, ty)| Ok((count, RoundtripReencoder.val_type(ty)?)))
        .collect::<Result<Vec<_>, Malformed>>()?;
    let mut function = Function::new(locals);
    function.instructions().local_get(0).i32_eqz().if_(BlockType::Empty).i32_const(what).call(exit).end();
    let mut rest = body.get_binary_reader_for_operators()?;
    let length = rest.bytes_remaining();
    function.raw(rest.read_bytes(length)?.iter().copied());
    Ok(function)
}
