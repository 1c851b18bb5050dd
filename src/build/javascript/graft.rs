//! Puts functions of one core module in the place of those that another exports.
//!
//! The graft is a module that imports from `runtime` what the stock exports, shares its memory and its table, and exports
//! what shall take the place of the stock's exports of the same names. Its types, globals and functions are added behind
//! those of the stock, so that no index of the stock changes; the stock's exports are then pointed at them.
//!
//! Both may be libraries for dynamic linking (`dylink.0`). Then the memory that the graft asks for is added behind that of
//! the stock, and its `__memory_base` is where that begins.

use std::collections::HashMap;

use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, Encode, ExportKind, ExportSection, FunctionSection, GlobalSection,
    GlobalType, Module, TypeSection, ValType,
    reencode::{self, Reencode, utils},
};
use wasmparser::{
    CodeSectionReader, CompositeInnerType, CustomSectionReader, Dylink0Subsection, ExportSectionReader, ExternalKind,
    FunctionBody, FunctionSectionReader, Global, GlobalSectionReader, KnownCustom, MemInfo, Parser, Payload, RecGroup,
    TypeRef, TypeSectionReader,
};

/// Why a graft does not take.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the module cannot be read")]
    Malformed(#[from] wasmparser::Error),
    #[error("the module cannot be written anew: {0}")]
    Rewrite(String),
    /// The stock is not what the graft was made for.
    #[error("the runtime has no function `{0}`")]
    Missing(String),
}

impl From<reencode::Error> for Error {
    fn from(error: reencode::Error) -> Error {
        match error {
            reencode::Error::ParseError(error) => Error::Malformed(error),
            error => Error::Rewrite(error.to_string()),
        }
    }
}

/// Gives `stock` with the functions of `graft` in it.
pub fn graft(stock: &[u8], graft: &[u8]) -> Result<Vec<u8>, Error> {
    let (stock_parts, graft_parts) = (Parts::read(stock)?, Parts::read(graft)?);
    let mut functions = Vec::new();
    for import in &graft_parts.imports {
        let found = stock_parts.exports.get(import);
        functions.push(*found.ok_or_else(|| Error::Missing((*import).to_owned()))?);
    }
    if let Some(missing) = graft_parts.exports.keys().find(|name| !stock_parts.exports.contains_key(*name)) {
        return Err(Error::Missing((*missing).to_owned()));
    }
    functions.extend((0..graft_parts.defined.len()).zip(stock_parts.functions()..).map(|(_, index)| index));
    let scion = Scion { functions: &functions, types: stock_parts.types(), globals: stock_parts.globals() };
    let base = match graft_parts.base {
        Some(_) => Some(stock_parts.base.ok_or_else(|| Error::Missing(BASE.to_owned()))?),
        None => None,
    };
    let mut join = Join { graft: &graft_parts, scion, base, memory: Memory::of(&stock_parts, &graft_parts) };
    let mut module = Module::new();
    join.parse_core_module(&mut module, Parser::new(0), stock)?;
    Ok(module.finish())
}

/// What of a module a graft needs to know.
#[derive(Default)]
struct Parts<'a> {
    types: Vec<RecGroup>,
    /// Names of imported functions, whatever they come from.
    imports: Vec<&'a str>,
    imported_globals: u32,
    /// The index of the imported `__memory_base`.
    base: Option<u32>,
    memory: Option<MemInfo>,
    /// Types of defined functions.
    defined: Vec<u32>,
    global: Vec<Global<'a>>,
    /// Exported functions.
    exports: HashMap<&'a str, u32>,
    bodies: Vec<FunctionBody<'a>>,
}

impl<'a> Parts<'a> {
    fn read(module: &'a [u8]) -> Result<Parts<'a>, wasmparser::Error> {
        let mut parts = Parts::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => parts.types = section.into_iter().collect::<Result<_, _>>()?,
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        match import.ty {
                            TypeRef::Func(_) => parts.imports.push(import.name),
                            TypeRef::Global(_) => {
                                if import.name == BASE {
                                    parts.base = Some(parts.imported_globals);
                                }
                                parts.imported_globals += 1;
                            }
                            _ => {}
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    parts.defined = section.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::GlobalSection(section) => parts.global = section.into_iter().collect::<Result<_, _>>()?,
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            parts.exports.insert(export.name, export.index);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => parts.bodies.push(body),
                Payload::CustomSection(section) => {
                    if let Some(info) = memory(&section)? {
                        parts.memory = Some(info);
                    }
                }
                _ => {}
            }
        }
        Ok(parts)
    }

    fn types(&self) -> u32 {
        count(self.types.iter().map(|group| group.types().len()).sum())
    }

    fn functions(&self) -> u32 {
        count(self.imports.len() + self.defined.len())
    }

    fn globals(&self) -> u32 {
        self.imported_globals + count(self.global.len())
    }
}

/// The global through which a library learns where its memory begins.
const BASE: &str = "__memory_base";

/// What a library asks for in its `dylink.0`.
fn memory(section: &CustomSectionReader<'_>) -> Result<Option<MemInfo>, wasmparser::Error> {
    let KnownCustom::Dylink0(subsections) = section.as_known() else { return Ok(None) };
    for subsection in subsections {
        if let Dylink0Subsection::MemInfo(info) = subsection? {
            return Ok(Some(info));
        }
    }
    Ok(None)
}

/// The memory of both: the graft's begins at `graft`.
struct Memory {
    graft: u32,
    info: MemInfo,
}

impl Memory {
    fn of(stock: &Parts<'_>, graft: &Parts<'_>) -> Option<Memory> {
        let (stock, graft) = (stock.memory?, graft.memory?);
        let begin = stock.memory_size.next_multiple_of(1 << graft.memory_alignment);
        let memory_size = begin + graft.memory_size;
        let memory_alignment = stock.memory_alignment.max(graft.memory_alignment);
        Some(Memory { graft: begin, info: MemInfo { memory_size, memory_alignment, ..stock } })
    }
}

/// Wasm counts in 32 bits, so a module that was read does too.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The graft's indices in the module that is made.
#[derive(Clone, Copy)]
struct Scion<'a> {
    functions: &'a [u32],
    types: u32,
    globals: u32,
}

impl Reencode for Scion<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.functions[index as usize])
    }

    fn type_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.types + index)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.globals + index)
    }
}

/// Copies the stock and adds the graft to its sections.
struct Join<'a> {
    graft: &'a Parts<'a>,
    scion: Scion<'a>,
    /// The stock's `__memory_base`, where the graft wants one.
    base: Option<u32>,
    memory: Option<Memory>,
}

impl Reencode for Join<'_> {
    type Error = std::convert::Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_type_section(self, types, section)?;
        for ty in self.graft.types.iter().flat_map(RecGroup::types) {
            if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
                let function = self.scion.func_type(function.clone())?;
                types.ty().func_type(&function);
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_function_section(self, functions, section)?;
        for ty in &self.graft.defined {
            functions.function(self.scion.type_index(*ty)?);
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_global_section(self, globals, section)?;
        if let Some(base) = self.base {
            let begin = self.memory.as_ref().map_or(0, |memory| memory.graft);
            let begin = ConstExpr::global_get(base).with_i32_const(begin.cast_signed()).with_i32_add();
            globals.global(GlobalType { val_type: ValType::I32, mutable: false, shared: false }, &begin);
        }
        for global in &self.graft.global {
            self.scion.parse_global(globals, global.clone())?;
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for export in section {
            let export = export?;
            match self.graft.exports.get(export.name) {
                Some(index) if export.kind == ExternalKind::Func => {
                    exports.export(export.name, ExportKind::Func, self.scion.function_index(*index)?);
                }
                _ => utils::parse_export(self, exports, export)?,
            }
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        match &self.memory {
            Some(Memory { info, .. }) if memory(&section)?.is_some() => {
                let mut body = Vec::new();
                for number in [info.memory_size, info.memory_alignment, info.table_size, info.table_alignment] {
                    number.encode(&mut body);
                }
                // Its only part: the one of libraries without needs, imports or exports of their own kind.
                let mut data = vec![1];
                body.encode(&mut data);
                module.section(&CustomSection { name: section.name().into(), data: data.into() });
                Ok(())
            }
            _ => utils::parse_custom_section(self, module, section),
        }
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_code_section(self, code, section)?;
        for body in &self.graft.bodies {
            self.scion.parse_function_body(code, body.clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_go_through_the_graft() {
        let stock = wat::parse_str(
            r#"(module (import "env" "memory" (memory 1)) (global i32 (i32.const 7))
                (func (export "half") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 2)))
                (func (export "one") (result i32) (i32.const 1)))"#,
        )
        .unwrap();
        let scion = wat::parse_str(
            r#"(module (type (func)) (import "env" "memory" (memory 0))
                (import "runtime" "one" (func $one (result i32)))
                (import "runtime" "half" (func $half (param i32) (result i32)))
                (global $more (mut i32) (i32.const 40))
                (func (export "half") (param i32) (result i32)
                    (i32.add (call $half (local.get 0)) (i32.add (call $one) (global.get $more)))))"#,
        )
        .unwrap();
        let joined = graft(&stock, &scion).unwrap();
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, joined).unwrap();
        let mut store = wasmtime::Store::new(&engine, ());
        let memory = wasmtime::Memory::new(&mut store, wasmtime::MemoryType::new(1, None)).unwrap();
        let instance = wasmtime::Instance::new(&mut store, &module, &[memory.into()]).unwrap();
        let half = instance.get_typed_func::<i32, i32>(&mut store, "half").unwrap();
        assert_eq!(half.call(&mut store, 10).unwrap(), 46);
    }

    #[test]
    fn the_grafts_memory_begins_behind_the_stocks() {
        let stock = wat::parse_str(
            r#"(module (@dylink.0 (mem-info (memory 5 0)))
                (import "env" "__memory_base" (global i32)) (global i32 (i32.const 7))
                (func (export "place") (result i32) unreachable))"#,
        )
        .unwrap();
        let scion = wat::parse_str(
            r#"(module (@dylink.0 (mem-info (memory 8 2)))
                (import "env" "__memory_base" (global $base i32))
                (func (export "place") (result i32) (global.get $base)))"#,
        )
        .unwrap();
        let joined = graft(&stock, &scion).unwrap();
        let text = wasmprinter::print_bytes(&joined).unwrap();
        assert!(text.contains("(memory 16 2)"), "{text}");
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, joined).unwrap();
        let mut store = wasmtime::Store::new(&engine, ());
        let ty = wasmtime::GlobalType::new(wasmtime::ValType::I32, wasmtime::Mutability::Const);
        let base = wasmtime::Global::new(&mut store, ty, 1000.into()).unwrap();
        let instance = wasmtime::Instance::new(&mut store, &module, &[base.into()]).unwrap();
        let place = instance.get_typed_func::<(), i32>(&mut store, "place").unwrap();
        assert_eq!(place.call(&mut store, ()).unwrap(), 1008);
    }

    #[test]
    fn a_stock_without_the_function_is_refused() {
        let stock = wat::parse_str("(module)").unwrap();
        let scion = wat::parse_str(r#"(module (import "runtime" "gone" (func)))"#).unwrap();
        assert!(matches!(graft(&stock, &scion), Err(Error::Missing(name)) if name == "gone"));
    }
}
