//! A module with the state that its start has left, in place of the one it began with.
//!
//! - The **memory** begins at the size it has grown to, with its bytes as data; runs of zeros are left out.
//! - **Globals** begin with their values.
//! - Exports of the start are **dropped**: it has been done.
//! - `cabi_realloc_adapter` is **added**: the WASI adapter takes memory of its own when it is first called, which may be
//!   in the middle of anything. Go cannot be asked for it then, and would not notice pages that another appends; so room
//!   was made beforehand, which this function gives away.

use std::collections::BTreeMap;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Ieee32, Ieee64, MemorySection, Module, RawSection, SectionId, ValType,
    reencode::{self, Reencode, RoundtripReencoder},
};
use wasmparser::{FunctionBody, Operator, Parser, Payload};
use wasmtime::{Instance, Store, Val};

use super::{Host, copy};

/// Bytes that the WASI adapter takes for itself: a stack and its state, a page each.
const ROOM: u32 = 2 << PAGE;
/// Bits of a page's size.
const PAGE: u32 = 16;
/// Zeros that cost less than the head of one more segment, and the engine's time for it.
const FEW: usize = 32;
/// What the adapter asks the module for memory by.
const REALLOC: &str = "cabi_realloc_adapter";

/// A module that is not as Go writes them.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Malformed {
    #[error("the module is not well-formed: {0}")]
    Form(String),
    #[error("the module lacks {what}")]
    Lacks { what: &'static str },
    #[error("the module imports `{name}`, which is no function")]
    Imports { name: String },
    #[error("the module's code changes its table or its segments")]
    Moves,
}

impl From<wasmparser::BinaryReaderError> for Malformed {
    fn from(error: wasmparser::BinaryReaderError) -> Malformed {
        Malformed::Form(error.to_string())
    }
}

impl From<reencode::Error> for Malformed {
    fn from(error: reencode::Error) -> Malformed {
        Malformed::Form(error.to_string())
    }
}

/// What a start has left.
pub(super) struct State {
    memory: Vec<u8>,
    /// Those that can change, by index.
    globals: BTreeMap<u32, Val>,
    /// Where the adapter's memory lies.
    room: u32,
}

impl State {
    /// Reads the instance of a copy.
    pub fn read(store: &mut Store<Host>, instance: &Instance, room: u32) -> Result<State, Malformed> {
        let memory = instance.get_memory(&mut *store, "memory").ok_or(Malformed::Lacks { what: "a memory" })?;
        let memory = memory.data(&*store).to_vec();
        let exports = instance.exports(&mut *store);
        let opened: Vec<_> = exports
            .filter_map(|export| {
                let index = export.name().strip_prefix(copy::GLOBAL)?.parse().ok()?;
                Some((index, export.into_global()?))
            })
            .collect();
        let globals = opened.into_iter().map(|(index, global)| (index, global.get(&mut *store))).collect();
        Ok(State { memory, globals, room })
    }
}

/// Gives a module with the state that its start has left.
pub(super) fn keep(module: &[u8], state: &State, dropped: &[&str]) -> Result<Vec<u8>, Malformed> {
    let mut out = Module::new();
    let mut realloc = Realloc::default();
    let mut code = CodeSection::new();
    let mut bodies = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => {
                for (index, ty) in (0..).zip(section.clone().into_iter_err_on_gc_types()) {
                    let ty = ty?;
                    let (params, results) = (ty.params(), ty.results());
                    if params == [wasmparser::ValType::I32; 4] && results == [wasmparser::ValType::I32] {
                        realloc.ty = Some(index);
                    }
                }
                out.section(&RawSection { id: SectionId::Type.into(), data: bytes(module, section.range()) });
            }
            Payload::ImportSection(section) => {
                realloc.function += section.clone().into_imports().count() as u32;
                out.section(&RawSection { id: SectionId::Import.into(), data: bytes(module, section.range()) });
            }
            Payload::FunctionSection(section) => {
                let mut functions = FunctionSection::new();
                realloc.function += section.count();
                RoundtripReencoder.parse_function_section(&mut functions, section)?;
                functions.function(realloc.ty.ok_or(Malformed::Lacks { what: "a type for `cabi_realloc`" })?);
                out.section(&functions);
            }
            Payload::MemorySection(section) => {
                let mut memories = MemorySection::new();
                for memory in section {
                    let mut memory = RoundtripReencoder.memory_type(memory?)?;
                    memory.minimum = (state.memory.len() >> PAGE) as u64;
                    memories.memory(memory);
                }
                out.section(&memories);
            }
            Payload::GlobalSection(section) => {
                let mut globals = GlobalSection::new();
                for (index, global) in (0..).zip(section) {
                    let global = global?;
                    match state.globals.get(&index) {
                        Some(value) => globals.global(RoundtripReencoder.global_type(global.ty)?, &constant(value)?),
                        None => {
                            RoundtripReencoder.parse_global(&mut globals, global)?;
                            &mut globals
                        }
                    };
                }
                realloc.next = globals.len();
                let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
                globals.global(ty, &ConstExpr::i32_const(state.room.cast_signed()));
                out.section(&globals);
            }
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                for export in section {
                    let export = export?;
                    if !dropped.contains(&export.name) {
                        RoundtripReencoder.parse_export(&mut exports, export)?;
                    }
                }
                exports.export(REALLOC, ExportKind::Func, realloc.function);
                out.section(&exports);
            }
            Payload::StartSection { .. } | Payload::DataCountSection { .. } => return Err(Malformed::Moves),
            Payload::CodeSectionStart { count, .. } => bodies = count,
            Payload::CodeSectionEntry(body) => {
                settled(&body)?;
                code.raw(body.as_bytes());
                if code.len() == bodies {
                    code.function(&realloc.body(state.room));
                    out.section(&code);
                }
            }
            Payload::DataSection(_) => {
                out.section(&data(&state.memory));
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

/// The function that gives away what was set aside.
#[derive(Default)]
struct Realloc {
    ty: Option<u32>,
    function: u32,
    /// The global that tells where the next piece begins.
    next: u32,
}

impl Realloc {
    /// `(old, old length, align, length) -> pointer`; traps where more is asked than there is.
    fn body(&self, room: u32) -> Function {
        let [align, length, at] = [2, 3, 4];
        let end = room.wrapping_add(ROOM).cast_signed();
        let mut function = Function::new([(1, ValType::I32)]);
        let mut code = function.instructions();
        // The next multiple of `align`, a power of two.
        code.global_get(self.next).local_get(align).i32_add().i32_const(1).i32_sub();
        code.i32_const(0).local_get(align).i32_sub().i32_and().local_tee(at);
        code.local_get(length).i32_add().global_set(self.next);
        code.global_get(self.next).i32_const(end).i32_gt_u().if_(BlockType::Empty).unreachable().end();
        code.local_get(at).end();
        function
    }
}

/// Memory as segments, without the zeros between them.
fn data(memory: &[u8]) -> DataSection {
    let mut data = DataSection::new();
    let mut rest = memory;
    let mut at = 0;
    while let Some(begin) = rest.iter().position(|byte| *byte != 0) {
        let run = &rest[begin..];
        let mut end = 0;
        while let Some(more) = run[end..].iter().take(FEW).position(|byte| *byte != 0) {
            end += more + 1;
        }
        // An address of 32 bits, which the constant's sign is a part of.
        let offset = ((at + begin) as u32).cast_signed();
        data.active(0, &ConstExpr::i32_const(offset), run[..end].iter().copied());
        at += begin + end;
        rest = &run[end..];
    }
    data
}

/// Refuses code that changes what is no part of the state.
fn settled(body: &FunctionBody<'_>) -> Result<(), Malformed> {
    for operator in body.get_operators_reader()? {
        if let Operator::TableSet { .. }
        | Operator::TableGrow { .. }
        | Operator::TableFill { .. }
        | Operator::TableCopy { .. }
        | Operator::TableInit { .. }
        | Operator::ElemDrop { .. }
        | Operator::DataDrop { .. }
        | Operator::MemoryInit { .. } = operator?
        {
            return Err(Malformed::Moves);
        }
    }
    Ok(())
}

fn constant(value: &Val) -> Result<ConstExpr, Malformed> {
    match value {
        Val::I32(value) => Ok(ConstExpr::i32_const(*value)),
        Val::I64(value) => Ok(ConstExpr::i64_const(*value)),
        Val::F32(bits) => Ok(ConstExpr::f32_const(Ieee32::new(*bits))),
        Val::F64(bits) => Ok(ConstExpr::f64_const(Ieee64::new(*bits))),
        _ => Err(Malformed::Moves),
    }
}

/// The section of a payload as it is.
pub(super) fn raw<'a>(payload: &Payload<'_>, module: &'a [u8]) -> Option<RawSection<'a>> {
    let (id, range) = payload.as_section()?;
    Some(RawSection { id, data: bytes(module, range) })
}

fn bytes(module: &[u8], range: std::ops::Range<u64>) -> &[u8] {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    module.get(at(range.start)..at(range.end)).unwrap_or_default()
}
