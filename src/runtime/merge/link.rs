//! Core modules that were instantiated one after the other, as one module.
//!
//! 1. What a module imports from another is what that one defines: a call goes to the function itself.
//! 2. What they import from outside is imported, named by a number, in their order.
//! 3. Then comes what each defines, module after module: so do their segments, in the order in which they took effect.
//! 4. Globals that never change and whose value is known are that value, wherever they are read: offsets of segments and
//!    addresses in code become constants. A mutable one never changes if nobody outside has it, and only functions
//!    that nothing refers to set it.
//! 5. Functions that code takes references to are declared, now that not every export is left.
//! 6. Functions keep their names, with that of their module before them where the modules have several ([`NAME`]).

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
};

use indexmap::IndexSet;
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, ExportKind, ExportSection,
    FunctionSection, GlobalSection, ImportSection, Instruction, MemorySection, NameMap, NameSection, TableSection,
    TagSection, TypeSection,
    reencode::{Error, Reencode, utils},
};
use wasmparser::Operator;

use super::{
    items::{Counts, Space},
    module::{Module, space},
};

/// The name of a module made of several that had different names: each function is called `module!function`.
pub const NAME: &str = "mosaic:linked";

/// A module to be linked.
pub struct Member<'m, 'a> {
    pub module: &'m Module<'a>,
    /// What each of its imports is.
    pub sources: Vec<Source>,
}

/// What an import is.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// What an earlier module defines.
    Inside(Definition),
    Outside,
}

/// What a module defines, by its own indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Definition {
    /// Which module.
    pub member: usize,
    pub space: Space,
    pub index: u32,
}

/// They cannot be one module.
#[derive(Debug)]
pub struct Unlinkable;

impl fmt::Display for Unlinkable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the modules cannot be linked")
    }
}

impl std::error::Error for Unlinkable {}

/// Links modules into one. Its imports are called `0`, `1` … in the order of those that are from outside, all of module
/// ``; its exports too, in the order of `exports`.
pub fn link(members: &[Member<'_, '_>], exports: &IndexSet<Definition>) -> Option<wasm_encoder::Module> {
    Linking::new(members, exports)?.module(exports).ok()
}

/// Where what a module calls by its indices has gone.
#[derive(Default)]
struct Indices {
    types: u32,
    elements: u32,
    data: u32,
    /// Of functions, tables, memories, globals and tags.
    spaces: [Vec<u32>; 5],
}

impl Indices {
    fn space(&self, space: Space) -> Option<&Vec<u32>> {
        self.spaces.get(space as usize)
    }

    fn space_mut(&mut self, space: Space) -> Option<&mut Vec<u32>> {
        self.spaces.get_mut(space as usize)
    }
}

struct Linking<'m, 'a> {
    members: &'m [Member<'m, 'a>],
    indices: Vec<Indices>,
    /// The module being written.
    current: usize,
    /// How many globals are imported.
    imported_globals: u32,
    /// The values of globals, by their new indices.
    constants: HashMap<u32, Constant>,
    /// Functions that code takes references to, by their new indices.
    referred: BTreeSet<u32>,
}

/// A value that is known before anything runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Constant {
    I32(i32),
    I64(i64),
}

impl Constant {
    fn instruction(self) -> Instruction<'static> {
        match self {
            Constant::I32(value) => Instruction::I32Const(value),
            Constant::I64(value) => Instruction::I64Const(value),
        }
    }
}

type Step<T> = Result<T, Error<Unlinkable>>;

const fn unlinkable() -> Error<Unlinkable> {
    Error::UserError(Unlinkable)
}

impl<'m, 'a> Linking<'m, 'a> {
    fn new(members: &'m [Member<'m, 'a>], exports: &IndexSet<Definition>) -> Option<Self> {
        let mut counts = Counts::default();
        let mut indices: Vec<Indices> = members.iter().map(|_| Indices::default()).collect();
        // What is from outside comes first.
        for (indices, member) in indices.iter_mut().zip(members) {
            for (import, source) in member.module.imports.iter().zip(&member.sources) {
                let space = space(import.ty)?;
                let index = match source {
                    Source::Outside => counts.next(space),
                    Source::Inside(_) => u32::MAX,
                };
                indices.space_mut(space)?.push(index);
            }
        }
        let imported_globals = counts.taken(Space::Global);
        let (mut types, mut elements, mut data) = (0, 0, 0);
        for (indices, Member { module, .. }) in indices.iter_mut().zip(members) {
            (indices.types, indices.elements, indices.data) = (types, elements, data);
            types += u32::try_from(module.types.iter().map(|group| group.types().len()).sum::<usize>()).ok()?;
            elements += u32::try_from(module.elements.len()).ok()?;
            data += module.data.as_ref().map_or(0, wasmparser::DataSectionReader::count);
            for (space, count) in [
                (Space::CoreFunction, module.functions.len()),
                (Space::Table, module.tables.len()),
                (Space::Memory, module.memories.len()),
                (Space::Global, module.globals.len()),
                (Space::Tag, module.tags.len()),
            ] {
                indices.space_mut(space)?.extend((0..count).map(|_| counts.next(space)));
            }
        }
        // What is from inside is where it was defined.
        for number in 0..members.len() {
            let member = members.get(number)?;
            let mut places: HashMap<Space, usize> = HashMap::new();
            for (import, source) in member.module.imports.iter().zip(&member.sources) {
                let space = space(import.ty)?;
                let place = places.entry(space).or_default();
                if let Source::Inside(definition) = source {
                    if definition.member >= number || definition.space != space {
                        return None;
                    }
                    let index = *indices.get(definition.member)?.space(space)?.get(definition.index as usize)?;
                    *indices.get_mut(number)?.space_mut(space)?.get_mut(*place)? = index;
                }
                *place += 1;
            }
        }
        let mut linking = Linking {
            members,
            indices,
            current: 0,
            imported_globals,
            constants: HashMap::new(),
            referred: BTreeSet::new(),
        };
        linking.know_constants(exports).ok()?;
        Some(linking)
    }

    fn new_index(&self, definition: &Definition) -> Step<u32> {
        let space = self.indices.get(definition.member).and_then(|indices| indices.space(definition.space));
        let index = space.and_then(|space| space.get(definition.index as usize));
        index.copied().ok_or(unlinkable())
    }

    fn at(&self, space: Space, index: u32) -> Step<u32> {
        self.new_index(&Definition { member: self.current, space, index })
    }

    fn current(&self) -> Step<&Indices> {
        self.indices.get(self.current).ok_or(unlinkable())
    }

    /// Goes through all modules, in their order.
    fn each(&mut self, mut visit: impl FnMut(&mut Self, &'m Module<'a>) -> Step<()>) -> Step<()> {
        for (number, member) in self.members.iter().enumerate() {
            self.current = number;
            visit(self, member.module)?;
        }
        Ok(())
    }

    /// Finds the globals whose value is known and stays.
    fn know_constants(&mut self, exports: &IndexSet<Definition>) -> Step<()> {
        let mut changing = self.set_globals()?;
        for export in exports.iter().filter(|export| export.space == Space::Global) {
            changing.insert(self.new_index(export)?);
        }
        let mut index = self.imported_globals;
        self.each(|linking, module| {
            for global in &module.globals {
                if let Some(value) = linking.value(&global.init_expr)?
                    && !(global.ty.mutable && changing.contains(&index))
                {
                    linking.constants.insert(index, value);
                }
                index += 1;
            }
            Ok(())
        })
    }

    /// Globals that are set by functions which something refers to.
    fn set_globals(&mut self) -> Step<HashSet<u32>> {
        let mut referred = HashSet::new();
        let mut setters: Vec<(u32, u32)> = Vec::new();
        self.each(|linking, module| {
            for (_, index) in module.exports.values().filter(|(space, _)| *space == Space::CoreFunction) {
                // What is exported is referred to by whoever may have it.
                referred.insert(linking.at(Space::CoreFunction, *index)?);
            }
            for element in &module.elements {
                linking.functions_of(&element.items, &mut referred)?;
            }
            if let Some(start) = module.start {
                referred.insert(linking.at(Space::CoreFunction, start)?);
            }
            let imports = linking.current()?.space(Space::CoreFunction).map_or(0, Vec::len) - module.code.len();
            for (number, body) in (imports..).zip(&module.code) {
                let function = linking.at(Space::CoreFunction, u32::try_from(number).map_err(|_| unlinkable())?)?;
                let mut operators = body.get_operators_reader()?;
                while !operators.eof() {
                    match operators.read()? {
                        Operator::GlobalSet { global_index } => {
                            setters.push((function, linking.at(Space::Global, global_index)?));
                        }
                        Operator::Call { function_index }
                        | Operator::ReturnCall { function_index }
                        | Operator::RefFunc { function_index } => {
                            referred.insert(linking.at(Space::CoreFunction, function_index)?);
                        }
                        _ => {}
                    }
                }
            }
            Ok(())
        })?;
        Ok(setters.into_iter().filter(|(setter, _)| referred.contains(setter)).map(|(_, global)| global).collect())
    }

    fn functions_of(&self, items: &wasmparser::ElementItems<'_>, to: &mut HashSet<u32>) -> Step<()> {
        match items {
            wasmparser::ElementItems::Functions(functions) => {
                for function in functions.clone() {
                    to.insert(self.at(Space::CoreFunction, function?)?);
                }
            }
            wasmparser::ElementItems::Expressions(_, expressions) => {
                for expression in expressions.clone() {
                    for operator in expression?.get_operators_reader() {
                        if let Operator::RefFunc { function_index } = operator? {
                            to.insert(self.at(Space::CoreFunction, function_index)?);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The value of an expression of the current module, if it is known.
    fn value(&self, expression: &wasmparser::ConstExpr<'_>) -> Step<Option<Constant>> {
        let mut stack = Vec::new();
        for operator in expression.get_operators_reader() {
            let value = match operator? {
                Operator::End => break,
                Operator::I32Const { value } => Some(Constant::I32(value)),
                Operator::I64Const { value } => Some(Constant::I64(value)),
                Operator::GlobalGet { global_index } => {
                    self.constants.get(&self.at(Space::Global, global_index)?).copied()
                }
                Operator::I32Add | Operator::I64Add => both(&mut stack, i32::wrapping_add, i64::wrapping_add),
                Operator::I32Sub | Operator::I64Sub => both(&mut stack, i32::wrapping_sub, i64::wrapping_sub),
                Operator::I32Mul | Operator::I64Mul => both(&mut stack, i32::wrapping_mul, i64::wrapping_mul),
                _ => None,
            };
            let Some(value) = value else { return Ok(None) };
            stack.push(value);
        }
        Ok(stack.pop().filter(|_| stack.is_empty()))
    }

    fn module(&mut self, exports: &IndexSet<Definition>) -> Step<wasm_encoder::Module> {
        let mut module = wasm_encoder::Module::new();

        let mut types = TypeSection::new();
        self.each(|linking, module| {
            module.types.iter().try_for_each(|group| linking.parse_recursive_type_group(types.ty(), group.clone()))
        })?;
        module.section(&types);

        let (mut imports, mut number) = (ImportSection::new(), 0_u32);
        for (current, member) in self.members.iter().enumerate() {
            self.current = current;
            for (import, source) in member.module.imports.iter().zip(&member.sources) {
                if matches!(source, Source::Outside) {
                    imports.import("", &number.to_string(), self.entity_type(import.ty)?);
                    number += 1;
                }
            }
        }
        module.section(&imports);

        let (mut functions, mut tables, mut memories) =
            (FunctionSection::new(), TableSection::new(), MemorySection::new());
        let (mut tags, mut globals) = (TagSection::new(), GlobalSection::new());
        self.each(|linking, module| {
            for ty in &module.functions {
                functions.function(linking.type_index(*ty)?);
            }
            for table in &module.tables {
                linking.parse_table(&mut tables, table.clone())?;
            }
            for memory in &module.memories {
                memories.memory(linking.memory_type(*memory)?);
            }
            for tag in &module.tags {
                tags.tag(linking.tag_type(*tag)?);
            }
            for global in &module.globals {
                linking.parse_global(&mut globals, global.clone())?;
            }
            Ok(())
        })?;
        module.section(&functions);
        if !tables.is_empty() {
            module.section(&tables);
        }
        if !memories.is_empty() {
            module.section(&memories);
        }
        if !tags.is_empty() {
            module.section(&tags);
        }
        module.section(&globals);

        let mut given = ExportSection::new();
        for (number, export) in exports.iter().enumerate() {
            given.export(&number.to_string(), export_kind(export.space)?, self.new_index(export)?);
        }
        module.section(&given);

        let (mut elements, mut data, mut code) = (ElementSection::new(), DataSection::new(), CodeSection::new());
        self.each(|linking, module| {
            for element in &module.elements {
                linking.parse_element(&mut elements, element.clone())?;
            }
            for segment in module.data.iter().flat_map(|data| data.clone()) {
                linking.parse_data(&mut data, segment?)?;
            }
            module.code.iter().try_for_each(|body| linking.parse_function_body(&mut code, body.clone()))
        })?;
        if !self.referred.is_empty() {
            let referred: Vec<u32> = self.referred.iter().copied().collect();
            elements.declared(Elements::Functions(referred.into()));
        }
        module.section(&elements);
        if self.members.iter().any(|member| member.module.counts_data) {
            module.section(&DataCountSection { count: data.len() });
        }
        module.section(&code).section(&data).section(&self.names());
        Ok(module)
    }

    fn names(&self) -> NameSection {
        let own: BTreeSet<Option<&str>> = self.members.iter().map(|member| member.module.name).collect();
        let same = if own.len() == 1 { own.first().copied() } else { None };
        let mut functions = NameMap::new();
        for (number, Member { module, .. }) in self.members.iter().enumerate() {
            let names: HashMap<u32, &str> = module.function_names.iter().copied().collect();
            let all = self.indices.get(number).and_then(|indices| indices.space(Space::CoreFunction));
            for (index, new) in (0..).zip(all.into_iter().flatten()) {
                if module.import(Space::CoreFunction, index).is_some() {
                    continue;
                }
                // Without a name it has the index that it had.
                let name = names.get(&index).map_or_else(|| format!("function {index}"), |name| (*name).to_owned());
                match same {
                    Some(_) => functions.append(*new, &name),
                    None => functions.append(*new, &format!("{}!{name}", module.name.unwrap_or_default())),
                }
            }
        }
        let mut section = NameSection::new();
        if let Some(name) = same.unwrap_or(Some(NAME)) {
            section.module(name);
        }
        section.functions(&functions);
        section
    }
}

fn both(stack: &mut Vec<Constant>, narrow: fn(i32, i32) -> i32, wide: fn(i64, i64) -> i64) -> Option<Constant> {
    Some(match (stack.pop()?, stack.pop()?) {
        (Constant::I32(right), Constant::I32(left)) => Constant::I32(narrow(left, right)),
        (Constant::I64(right), Constant::I64(left)) => Constant::I64(wide(left, right)),
        _ => return None,
    })
}

pub fn export_kind(space: Space) -> Step<ExportKind> {
    Ok(match space {
        Space::CoreFunction => ExportKind::Func,
        Space::Table => ExportKind::Table,
        Space::Memory => ExportKind::Memory,
        Space::Global => ExportKind::Global,
        Space::Tag => ExportKind::Tag,
        _ => return Err(unlinkable()),
    })
}

impl Reencode for Linking<'_, '_> {
    type Error = Unlinkable;

    fn type_index(&mut self, index: u32) -> Step<u32> {
        Ok(self.current()?.types + index)
    }

    fn function_index(&mut self, index: u32) -> Step<u32> {
        self.at(Space::CoreFunction, index)
    }

    fn table_index(&mut self, index: u32) -> Step<u32> {
        self.at(Space::Table, index)
    }

    fn memory_index(&mut self, index: u32) -> Step<u32> {
        self.at(Space::Memory, index)
    }

    fn global_index(&mut self, index: u32) -> Step<u32> {
        self.at(Space::Global, index)
    }

    fn tag_index(&mut self, index: u32) -> Step<u32> {
        self.at(Space::Tag, index)
    }

    fn element_index(&mut self, index: u32) -> Step<u32> {
        Ok(self.current()?.elements + index)
    }

    fn data_index(&mut self, index: u32) -> Step<u32> {
        Ok(self.current()?.data + index)
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Step<Instruction<'a>> {
        match operator {
            Operator::GlobalGet { global_index } => {
                let index = self.at(Space::Global, global_index)?;
                Ok(self.constants.get(&index).map_or(Instruction::GlobalGet(index), |value| value.instruction()))
            }
            Operator::RefFunc { function_index } => {
                let index = self.at(Space::CoreFunction, function_index)?;
                self.referred.insert(index);
                Ok(Instruction::RefFunc(index))
            }
            operator => utils::instruction(self, operator),
        }
    }

    /// As one constant where it is known; else nothing that is defined here may be read before all of it is there.
    fn const_expr(&mut self, expression: wasmparser::ConstExpr<'_>) -> Step<ConstExpr> {
        if let Some(value) = self.value(&expression)? {
            return Ok(match value {
                Constant::I32(value) => ConstExpr::i32_const(value),
                Constant::I64(value) => ConstExpr::i64_const(value),
            });
        }
        for operator in expression.get_operators_reader() {
            if let Operator::GlobalGet { global_index } = operator?
                && self.at(Space::Global, global_index)? >= self.imported_globals
            {
                return Err(unlinkable());
            }
        }
        utils::const_expr(self, expression)
    }
}
