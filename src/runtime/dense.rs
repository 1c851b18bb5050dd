//! A component rewritten so that a linear memory is one mapping, for the `density` configuration.
//!
//! A system lets a process have so many mappings (Linux: 65,530), and an instance takes three or four for each memory: an
//! image of its data, what follows it, and what it may grow into. So, in each core module with a memory of its own,
//! 1. the memory has all its room from the start, as much as every other, and cannot grow;
//! 2. `memory.size` and `memory.grow` count in globals of the module, within that room less its last page;
//! 3. what the module's own code accesses is held to that size ([`bounds`]);
//! 4. a mark at the end of the last page makes the image of the data reach to the end of the memory. Zeros would not: the
//!    engine leaves them out of an image, those before the data as well, which stay a mapping of their own.
//!
//! What a guest sees is the same, but for what others access for it between its size and its room, the host and modules
//! that import its memory: that does not trap. Of other memories nobody sees anything: the room is a memory's bound,
//! checked at every access.
//!
//! Left as they are: modules whose memory another module may grow, memories too large to be an image as a whole, and
//! modules with accesses that are not known here (atomic ones).

use wasm_encoder::{
    CodeSection, Component, ConstExpr, DataSection, Function, FunctionSection, GlobalSection, GlobalType, Instruction,
    MemoryType, Module, SectionId, TypeSection, ValType,
    reencode::{Error, Reencode, ReencodeComponent, utils},
};
use wasmparser::{
    CodeSectionReader, ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind, ComponentTypeRef,
    CompositeInnerType, CustomSectionReader, DataKind, DataSectionReader, FunctionBody, FunctionSectionReader,
    GlobalSectionReader, Operator, Parser, Payload, TypeRef, TypeSectionReader,
};

use super::bounds::{self, Size, Spare};

const PAGE_BITS: u32 = 16;

const PAGE: u64 = 1 << PAGE_BITS;

/// Room beyond what the largest memory begins with, at least.
const SPARE: u64 = 512 << 10;

/// Memories of more room are no images as a whole: each would be a file of that size.
const LARGEST: u64 = 16 << 20;

/// A component, and the bytes that each of its memories has room for.
pub(super) struct Dense {
    pub component: Vec<u8>,
    pub room: u64,
}

/// Rewrites a component. `wanted`: what its memories may grow to, at least what they begin with; else a little more than
/// the largest begins with. `None` where the component is beyond what this module knows.
pub(super) fn dense(component: &[u8], wanted: Option<u64>) -> Option<Dense> {
    let Found { modules, initial } = find(component)?;
    let room = match wanted {
        Some(wanted) => wanted.max(initial).next_multiple_of(PAGE) + PAGE,
        None => (initial + SPARE).next_multiple_of(1 << 20),
    };
    if room >= LARGEST || modules.is_empty() {
        return Some(Dense { component: component.to_vec(), room });
    }
    let mut rewriting = Rewriting { modules: &modules, room, current: None, bodies: Bodies::default() };
    let mut rewritten = Component::new();
    rewriting.parse_component(&mut rewritten, Parser::new(0), component).ok()?;
    Some(Dense { component: rewritten.finish(), room })
}

/// What there is to rewrite.
struct Found {
    modules: Vec<Memoried>,
    /// Bytes that the largest memory begins with.
    initial: u64,
}

/// A module whose memory nobody else grows.
#[derive(Debug, Clone, Default)]
struct Memoried {
    /// Where it stands in the component.
    start: u64,
    /// Pages that its memory begins with, and may have.
    pages: u32,
    most: Option<u64>,
    types: u32,
    functions: u32,
    globals: u32,
    /// It asks for the size of its memory, or grows it.
    grows: bool,
    /// End of its data; 0 where there is none.
    end: u64,
}

/// What is known of one core module.
enum Seen {
    Memoried(Memoried),
    /// It may grow a memory that it imports, or bind it to a bound of its own.
    Meddles,
    Other,
}

/// What was found in one component: the root, or one below it with all that is inside of it.
#[derive(Default)]
struct Inside {
    modules: Vec<Memoried>,
    /// Some module there may grow the memory of another.
    meddled: bool,
}

/// The modules with a memory of their own that no other can grow, judged by the components around them: a module is
/// instantiated in the component that defines it, or where that one is known by an alias.
fn find(component: &[u8]) -> Option<Found> {
    let (mut modules, mut initial, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut root, mut below) = (Inside::default(), Inside::default());
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::ComponentSection { .. } => depth += 1,
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    match alias.ok()? {
                        ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. } => {
                            (root.meddled, below.meddled) = (true, true);
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. } => return None,
                        _ => {}
                    }
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    if matches!(import.ok()?.ty, ComponentTypeRef::Module(_)) {
                        return None;
                    }
                }
            }
            Payload::ModuleSection { unchecked_range, .. } => {
                let inside = if depth == 0 { &mut root } else { &mut below };
                depth += 1;
                let bytes = component.get(unchecked_range.start as usize..unchecked_range.end as usize)?;
                match look(bytes, unchecked_range.start, &mut initial)? {
                    Seen::Memoried(module) => inside.modules.push(module),
                    Seen::Meddles => inside.meddled = true,
                    Seen::Other => {}
                }
            }
            Payload::End(_) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let Inside { modules: inside, meddled } = std::mem::take(&mut below);
                    modules.extend(inside.into_iter().filter(|_| !meddled));
                }
            }
            _ => {}
        }
    }
    modules.extend(root.modules.into_iter().filter(|_| !root.meddled));
    Some(Found { modules, initial })
}

/// Looks at one module. `None`: it cannot be read.
fn look(module: &[u8], start: u64, initial: &mut u64) -> Option<Seen> {
    let mut found = Memoried { start, ..Memoried::default() };
    let (mut own, mut imports_memory, mut bounded, mut plain) = (0, false, false, true);
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::TypeSection(section) => {
                for group in section {
                    found.types += u32::try_from(group.ok()?.types().len()).ok()?;
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import.ok()?.ty {
                        TypeRef::Func(_) => found.functions += 1,
                        TypeRef::Global(_) => found.globals += 1,
                        TypeRef::Memory(memory) => {
                            imports_memory = true;
                            bounded |= memory.maximum.is_some();
                        }
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => found.functions += section.count(),
            Payload::GlobalSection(section) => found.globals += section.count(),
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory.ok()?;
                    own += 1;
                    plain &= !memory.memory64 && !memory.shared && memory.page_size_log2.is_none();
                    found.pages = u32::try_from(memory.initial).ok()?;
                    found.most = memory.maximum;
                    *initial = (*initial).max(memory.initial.saturating_mul(PAGE));
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data.ok()?;
                    let DataKind::Active { offset_expr, .. } = data.kind else { continue };
                    let mut operators = offset_expr.get_operators_reader().into_iter();
                    let (Some(Ok(Operator::I32Const { value })), Some(Ok(Operator::End))) =
                        (operators.next(), operators.next())
                    else {
                        plain = false;
                        continue;
                    };
                    let at = u64::from(value.cast_unsigned());
                    if !data.data.is_empty() {
                        found.end = found.end.max(at + data.data.len() as u64);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader().ok()? {
                    let operator = operator.ok()?;
                    plain &= !bounds::is_unknown(&operator);
                    found.grows |= matches!(operator, Operator::MemoryGrow { .. } | Operator::MemorySize { .. });
                }
            }
            _ => {}
        }
    }
    Some(if imports_memory {
        if bounded || found.grows || own > 0 { Seen::Meddles } else { Seen::Other }
    } else if own == 1 && plain && found.end <= u64::from(found.pages) * PAGE {
        Seen::Memoried(found)
    } else {
        Seen::Other
    })
}

/// Writes the component anew.
struct Rewriting<'a> {
    modules: &'a [Memoried],
    room: u64,
    /// The module being written.
    current: Option<Memoried>,
    bodies: Bodies,
}

/// What must be known of the functions of a module to add locals to them.
#[derive(Default)]
struct Bodies {
    /// Parameters of each type.
    parameters: Vec<u32>,
    /// Types of the functions whose bodies are still to come.
    types: std::collections::VecDeque<u32>,
}

impl Rewriting<'_> {
    fn pages(&self) -> u64 {
        self.room / PAGE
    }

    /// The module being written, if it counts the pages of its memory itself.
    fn counting(&self) -> Option<&Memoried> {
        self.current.as_ref().filter(|module| module.grows)
    }

    fn count(&self, globals: &mut GlobalSection) {
        if let Some(module) = self.counting() {
            let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
            globals.global(ty, &ConstExpr::i32_const(module.pages.cast_signed()));
            globals.global(ty, &ConstExpr::i32_const((module.pages << PAGE_BITS).cast_signed()));
        }
    }

    /// Where a mark makes the image of the data as long as the memory.
    fn mark(&self) -> Option<u64> {
        self.current.as_ref().filter(|module| module.end > 0).map(|_| self.room - 1)
    }

    fn stretch(&self, data: &mut DataSection) {
        if let Some(mark) = self.mark() {
            data.active(0, &ConstExpr::i32_const(i32::try_from(mark).unwrap_or_default()), [1]);
        }
    }

    /// `memory.grow` within what the memory may have.
    fn grow(&self, module: &Memoried) -> Function {
        let room = self.pages() - 1;
        let most = module.most.map_or(room, |most| most.min(room));
        let mut function = Function::new([]);
        let mut instructions = function.instructions();
        instructions
            .local_get(0)
            .i32_const(i32::try_from(most).unwrap_or_default())
            .global_get(module.globals)
            .i32_sub()
            .i32_gt_u()
            .if_(wasm_encoder::BlockType::Empty)
            .i32_const(-1)
            .return_()
            .end()
            .global_get(module.globals)
            .global_get(module.globals)
            .local_get(0)
            .i32_add()
            .global_set(module.globals)
            .global_get(module.globals)
            .i32_const(PAGE_BITS.cast_signed())
            .i32_shl()
            .global_set(module.globals + 1)
            .end();
        function
    }
}

impl Reencode for Rewriting<'_> {
    type Error = std::convert::Infallible;

    fn memory_type(&mut self, ty: wasmparser::MemoryType) -> Result<MemoryType, Error<Self::Error>> {
        let ty = utils::memory_type(self, ty);
        Ok(match self.current {
            Some(_) => MemoryType { minimum: self.pages(), maximum: Some(self.pages()), ..ty },
            None => ty,
        })
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>, Error<Self::Error>> {
        match (self.counting(), &operator) {
            (Some(module), Operator::MemorySize { .. }) => Ok(Instruction::GlobalGet(module.globals)),
            (Some(module), Operator::MemoryGrow { .. }) => Ok(Instruction::Call(module.functions)),
            _ => utils::instruction(self, operator),
        }
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for group in section.clone() {
            for ty in group?.types() {
                self.bodies.parameters.push(match &ty.composite_type.inner {
                    CompositeInnerType::Func(function) => u32::try_from(function.params().len()).unwrap_or(u32::MAX),
                    _ => 0,
                });
            }
        }
        utils::parse_type_section(self, types, section)?;
        if self.counting().is_some() {
            types.ty().function([ValType::I32], [ValType::I32]);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for ty in section.clone() {
            self.bodies.types.push_back(ty?);
        }
        utils::parse_function_section(self, functions, section)?;
        if let Some(module) = self.counting() {
            functions.function(module.types);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let Some(module) = &self.current else { return utils::parse_function_body(self, code, body) };
        let counted = module.grows.then_some(module.globals + 1);
        let size = Size { initial: u64::from(module.pages) * PAGE, counted };
        let ty = self.bodies.types.pop_front();
        let mut own = ty.and_then(|ty| self.bodies.parameters.get(ty as usize)).copied().unwrap_or_default();
        let mut locals = Vec::new();
        for local in body.get_locals_reader()? {
            let (count, ty) = local?;
            own += count;
            locals.push((count, self.val_type(ty)?));
        }
        let (spare, types) = Spare::behind(own);
        locals.extend(types);
        let mut function = Function::new(locals);
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let operator = operators.read()?;
            size.guard(&operator, spare, &mut function);
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_code_section(self, code, section)?;
        if let Some(module) = self.counting() {
            code.function(&self.grow(module));
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_global_section(self, globals, section)?;
        self.count(globals);
        Ok(())
    }

    fn data_count(&mut self, count: u32) -> Result<u32, Error<Self::Error>> {
        Ok(count + u32::from(self.mark().is_some()))
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        section: DataSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_data_section(self, data, section)?;
        self.stretch(data);
        Ok(())
    }

    /// Writes a section of globals where a module has none.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), Error<Self::Error>> {
        let globals = place(SectionId::Global);
        let lacking =
            after.is_none_or(|after| place(after) < globals) && before.is_none_or(|before| place(before) > globals);
        if lacking && self.counting().is_some() {
            let mut globals = GlobalSection::new();
            self.count(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }
}

/// The order of sections in a module.
fn place(section: SectionId) -> usize {
    use SectionId::{
        Code, Data, DataCount, Element, Export, Function, Global, Import, Memory, Start, Table, Tag, Type,
    };
    let order = [Type, Import, Function, Table, Memory, Tag, Global, Export, Start, Element, DataCount, Code, Data];
    order.iter().position(|known| *known == section).unwrap_or(order.len())
}

impl ReencodeComponent for Rewriting<'_> {
    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        parser: Parser,
        module: &[u8],
    ) -> Result<(), Error<Self::Error>> {
        self.current = self.modules.iter().find(|known| known.start == parser.offset()).cloned();
        if self.current.is_none() {
            // Byte for byte.
            let id = wasm_encoder::ComponentSectionId::CoreModule.into();
            component.section(&wasm_encoder::RawSection { id, data: module });
            return Ok(());
        }
        self.bodies = Bodies::default();
        let mut rewritten = Module::new();
        let result = self.parse_core_module(&mut rewritten, parser, module);
        self.current = None;
        component.section(&wasm_encoder::ModuleSection(&rewritten));
        result
    }

    /// Names of what is inside are no use to an engine.
    fn parse_component_custom_section(
        &mut self,
        _: &mut Component,
        _: CustomSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
