//! What a component defines, one item after the other, and the indices by which items speak of each other.
//!
//! An item can be written elsewhere in its component: all indices in it go through one map ([`Indices`]), which the items
//! written before it have filled.

use std::{collections::HashMap, convert::Infallible, ops::Range};

use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportSection, ComponentImportSection,
    ComponentInstanceSection, ComponentSectionId, ComponentTypeSection, InstanceSection, RawSection,
    reencode::{Error, Reencode, ReencodeComponent},
};
use wasmparser::{
    CanonicalFunction, Chunk, ComponentAlias, ComponentExport, ComponentExternalKind, ComponentImport,
    ComponentInstance, ComponentOuterAliasKind, ComponentType, CustomSectionReader, ExternalKind, Instance, Parser,
    Payload,
};

/// Components within components that are looked into.
const DEEPEST: usize = 64;

/// An index space of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    CoreFunction,
    Table,
    Memory,
    Global,
    Tag,
    CoreType,
    Module,
    CoreInstance,
    Type,
    Function,
    Instance,
    Component,
    Value,
}

/// An index in its space.
pub type Place = (Space, u32);

impl Space {
    /// Of what a core module imports or exports. `None`: of a kind that is not known here.
    pub fn of(kind: ExternalKind) -> Option<Space> {
        Some(match kind {
            ExternalKind::Func => Space::CoreFunction,
            ExternalKind::Table => Space::Table,
            ExternalKind::Memory => Space::Memory,
            ExternalKind::Global => Space::Global,
            ExternalKind::Tag => Space::Tag,
            ExternalKind::FuncExact => return None,
        })
    }

    fn of_component(kind: ComponentExternalKind) -> Space {
        match kind {
            ComponentExternalKind::Module => Space::Module,
            ComponentExternalKind::Func => Space::Function,
            ComponentExternalKind::Value => Space::Value,
            ComponentExternalKind::Type => Space::Type,
            ComponentExternalKind::Instance => Space::Instance,
            ComponentExternalKind::Component => Space::Component,
        }
    }
}

/// One definition of a component.
pub struct Item<'a> {
    pub what: What<'a>,
    pub defines: Place,
}

pub enum What<'a> {
    /// Where its bytes are.
    Module(Range<usize>),
    Component(Box<Node<'a>>),
    Alias(ComponentAlias<'a>),
    CoreInstance(Instance<'a>),
    Canonical(CanonicalFunction),
    Type(ComponentType<'a>),
    Instance(ComponentInstance<'a>),
    Import(ComponentImport<'a>),
    Export(ComponentExport<'a>),
}

/// A component: the root, or one within.
pub struct Node<'a> {
    /// Where its bytes are.
    pub range: Range<usize>,
    pub items: Vec<Item<'a>>,
    /// Where the bytes of each of its core modules are, its own and those of components around.
    pub modules: Vec<Range<usize>>,
}

impl<'a> Node<'a> {
    /// Reads a component and all within. `None` where it defines what is not known here: a start function, core types,
    /// modules that are given from outside.
    pub fn read(whole: &'a [u8]) -> Option<Node<'a>> {
        Node::within(whole, 0..whole.len(), &mut Vec::new())
    }

    fn within(whole: &'a [u8], range: Range<usize>, around: &mut Vec<Vec<Range<usize>>>) -> Option<Node<'a>> {
        if around.len() > DEEPEST {
            return None;
        }
        let (mut items, mut counts) = (Vec::new(), Counts::default());
        let mut add = |what, space| items.push(Item { what, defines: (space, counts.next(space)) });
        around.push(Vec::new());
        let mut parser = Parser::new(range.start as u64);
        let mut rest = whole.get(range.clone())?;
        while !rest.is_empty() {
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).ok()? else { return None };
            rest = rest.get(consumed..)?;
            match payload {
                Payload::Version { .. } | Payload::CustomSection(_) | Payload::End(_) => {}
                Payload::ModuleSection { unchecked_range, .. } => {
                    let inside = offsets(&unchecked_range)?;
                    rest = rest.get(inside.len()..)?;
                    around.last_mut()?.push(inside.clone());
                    add(What::Module(inside), Space::Module);
                }
                Payload::ComponentSection { unchecked_range, .. } => {
                    let inside = offsets(&unchecked_range)?;
                    rest = rest.get(inside.len()..)?;
                    add(What::Component(Box::new(Node::within(whole, inside, around)?)), Space::Component);
                }
                Payload::ComponentAliasSection(section) => {
                    for alias in section {
                        let alias = alias.ok()?;
                        let space = match &alias {
                            ComponentAlias::InstanceExport { kind, .. } => Space::of_component(*kind),
                            ComponentAlias::CoreInstanceExport { kind, .. } => Space::of(*kind)?,
                            ComponentAlias::Outer { kind, count, index } => match kind {
                                ComponentOuterAliasKind::CoreModule => {
                                    let level = around.len().checked_sub(1 + usize::try_from(*count).ok()?)?;
                                    let module = around.get(level)?.get(*index as usize)?.clone();
                                    around.last_mut()?.push(module);
                                    Space::Module
                                }
                                ComponentOuterAliasKind::CoreType => return None,
                                ComponentOuterAliasKind::Type => Space::Type,
                                ComponentOuterAliasKind::Component => Space::Component,
                            },
                        };
                        let known = matches!(alias, ComponentAlias::Outer { .. }) || space != Space::Module;
                        add(What::Alias(alias), known.then_some(space)?);
                    }
                }
                Payload::InstanceSection(section) => {
                    for instance in section {
                        add(What::CoreInstance(instance.ok()?), Space::CoreInstance);
                    }
                }
                Payload::ComponentCanonicalSection(section) => {
                    for function in section {
                        let function = function.ok()?;
                        let lifts = matches!(function, CanonicalFunction::Lift { .. });
                        add(What::Canonical(function), if lifts { Space::Function } else { Space::CoreFunction });
                    }
                }
                Payload::ComponentTypeSection(section) => {
                    for ty in section {
                        add(What::Type(ty.ok()?), Space::Type);
                    }
                }
                Payload::ComponentInstanceSection(section) => {
                    for instance in section {
                        let instance = instance.ok()?;
                        if gives_a_module(&instance) {
                            return None;
                        }
                        add(What::Instance(instance), Space::Instance);
                    }
                }
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        let import = import.ok()?;
                        add(What::Import(import), not_a_module(import.ty.kind())?);
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        let export = export.ok()?;
                        let space = not_a_module(export.kind)?;
                        add(What::Export(export), space);
                    }
                }
                _ => return None,
            }
        }
        Some(Node { range, items, modules: around.pop()? })
    }
}

pub fn offsets(range: &Range<u64>) -> Option<Range<usize>> {
    Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

fn gives_a_module(instance: &ComponentInstance<'_>) -> bool {
    let is = |kind: ComponentExternalKind| kind == ComponentExternalKind::Module;
    match instance {
        ComponentInstance::Instantiate { args, .. } => args.iter().any(|arg| is(arg.kind)),
        ComponentInstance::FromExports(exports) => exports.iter().any(|export| is(export.kind)),
    }
}

fn not_a_module(kind: ComponentExternalKind) -> Option<Space> {
    (kind != ComponentExternalKind::Module).then(|| Space::of_component(kind))
}

/// How many indices of each space are taken.
#[derive(Default)]
pub struct Counts(HashMap<Space, u32>);

impl Counts {
    pub fn next(&mut self, space: Space) -> u32 {
        let count = self.0.entry(space).or_default();
        *count += 1;
        *count - 1
    }

    pub fn taken(&self, space: Space) -> u32 {
        self.0.get(&space).copied().unwrap_or_default()
    }
}

/// Where the indices of a component have gone.
pub struct Indices<'m> {
    /// `None`: they are where they were.
    pub new: Option<&'m HashMap<Place, u32>>,
    /// Those that an item speaks of.
    pub seen: Vec<Place>,
    /// One of them is nowhere.
    pub lost: bool,
    /// Components and types around what is being written; 0 is the component itself.
    depth: u32,
}

impl<'m> Indices<'m> {
    pub fn new(new: Option<&'m HashMap<Place, u32>>) -> Indices<'m> {
        Indices { new, seen: Vec::new(), lost: false, depth: 0 }
    }

    fn at(&mut self, space: Space, index: u32) -> u32 {
        self.from(0, space, index)
    }

    /// `count`: how far around the index is spoken of.
    fn from(&mut self, count: u32, space: Space, index: u32) -> u32 {
        if count != self.depth {
            return index;
        }
        self.seen.push((space, index));
        let Some(new) = self.new else { return index };
        new.get(&(space, index)).copied().unwrap_or_else(|| {
            self.lost = true;
            index
        })
    }

    /// Writes an item.
    pub fn write(&mut self, item: &Item<'_>, whole: &[u8], to: &mut Component) -> Result<(), Error<Infallible>> {
        match &item.what {
            What::Module(range) => {
                to.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: &whole[range.clone()] });
            }
            What::Component(node) => {
                let parser = Parser::new(node.range.start as u64);
                self.parse_component_subcomponent(to, parser, &whole[node.range.clone()], whole)?;
            }
            What::Alias(alias) => alias_section(to, self.component_alias(alias.clone())?),
            What::CoreInstance(instance) => {
                let mut section = InstanceSection::new();
                self.parse_instance(&mut section, instance.clone())?;
                to.section(&section);
            }
            What::Canonical(function) => {
                let mut section = CanonicalFunctionSection::new();
                self.parse_component_canonical(&mut section, function.clone())?;
                to.section(&section);
            }
            What::Type(ty) => {
                let mut section = ComponentTypeSection::new();
                self.parse_component_type(section.ty(), ty.clone())?;
                to.section(&section);
            }
            What::Instance(instance) => {
                let mut section = ComponentInstanceSection::new();
                self.parse_component_instance(&mut section, instance.clone())?;
                to.section(&section);
            }
            What::Import(import) => {
                let mut section = ComponentImportSection::new();
                section.import(import.name, self.component_type_ref(import.ty)?);
                to.section(&section);
            }
            What::Export(export) => {
                let mut section = ComponentExportSection::new();
                self.parse_component_export(&mut section, export.clone())?;
                to.section(&section);
            }
        }
        Ok(())
    }
}

pub fn alias_section(to: &mut Component, alias: Alias<'_>) {
    let mut section = ComponentAliasSection::new();
    section.alias(alias);
    to.section(&section);
}

impl Reencode for Indices<'_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.at(Space::CoreFunction, index))
    }

    fn table_index(&mut self, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.at(Space::Table, index))
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.at(Space::Memory, index))
    }

    fn global_index(&mut self, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.at(Space::Global, index))
    }

    fn tag_index(&mut self, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.at(Space::Tag, index))
    }

    fn type_index(&mut self, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.at(Space::CoreType, index))
    }
}

impl ReencodeComponent for Indices<'_> {
    fn push_depth(&mut self) {
        self.depth += 1;
    }

    fn pop_depth(&mut self) {
        self.depth -= 1;
    }

    fn component_type_index(&mut self, index: u32) -> u32 {
        self.at(Space::Type, index)
    }

    fn component_instance_index(&mut self, index: u32) -> u32 {
        self.at(Space::Instance, index)
    }

    fn component_func_index(&mut self, index: u32) -> u32 {
        self.at(Space::Function, index)
    }

    fn component_index(&mut self, index: u32) -> u32 {
        self.at(Space::Component, index)
    }

    fn module_index(&mut self, index: u32) -> u32 {
        self.at(Space::Module, index)
    }

    fn instance_index(&mut self, index: u32) -> u32 {
        self.at(Space::CoreInstance, index)
    }

    fn component_value_index(&mut self, index: u32) -> u32 {
        self.at(Space::Value, index)
    }

    fn outer_type_index(&mut self, count: u32, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.from(count, Space::CoreType, index))
    }

    fn outer_component_type_index(&mut self, count: u32, index: u32) -> u32 {
        self.from(count, Space::Type, index)
    }

    fn outer_component_index(&mut self, count: u32, index: u32) -> u32 {
        self.from(count, Space::Component, index)
    }

    fn outer_module_index(&mut self, count: u32, index: u32) -> u32 {
        self.from(count, Space::Module, index)
    }

    /// Byte for byte.
    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Result<(), Error<Infallible>> {
        component.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: module });
        Ok(())
    }

    /// Names of what is inside are no use to an engine.
    fn parse_component_custom_section(
        &mut self,
        _: &mut Component,
        _: CustomSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        Ok(())
    }
}
