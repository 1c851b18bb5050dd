//! A binary as it is: components, core modules, and what each index of a component stands for.
//!
//! Reads headers, index spaces and custom sections; function bodies and data are stepped over. Components and modules
//! lie in two flat lists and refer to one another by number, so that depth costs no stack.
//!
//! Invariant: an [`Item`] refers only to items before it, or the reader refuses the binary.

use std::{collections::HashMap, ops::Range};

use wasmparser::{
    BinaryReader, CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentName, ComponentNameSectionReader, ComponentOuterAliasKind, ComponentTypeRef, Encoding, ExternalKind,
    Instance, KnownCustom, Name, NameMap, NameSectionReader, Parser, Payload, ProducersSectionReader, Result,
};

use super::model::Producers;

/// All that a binary holds.
#[derive(Default)]
pub(super) struct Raw<'a> {
    pub bytes: &'a [u8],
    /// The first is the file itself, unless that is a core module. A component comes after the one around it.
    pub components: Vec<Component<'a>>,
    pub modules: Vec<Module<'a>>,
    /// Components in the order in which they end: each after all that it can refer to.
    pub ended: Vec<usize>,
}

/// A custom section.
#[derive(Clone)]
pub(super) struct Custom<'a> {
    pub name: &'a str,
    pub data: &'a [u8],
    /// Of all of it, without its id and size.
    pub range: Range<u64>,
}

/// How an item of an index space came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// By the component's import of this number.
    Import(usize),
    /// As an export of an instance.
    Alias { instance: u32, name: &'a str },
    /// Another index of the same item: exports make one.
    Same(u32),
    /// From a component around.
    Outer { count: u32, index: u32 },
    /// Here. Of components and modules the number in [`Raw`], of instances in [`Component::made`], of functions in
    /// [`Component::lifts`].
    Here(usize),
}

/// A function made from a core function.
#[derive(Debug, Clone)]
pub(super) struct Lift {
    pub core: u32,
    /// Core functions that calls of it run besides: realloc, post-return, callback.
    pub beside: Vec<u32>,
}

/// A core function that a component knows by number.
#[derive(Debug, Clone, Copy)]
pub(super) enum CoreFunction<'a> {
    /// A component function, lowered.
    Lower(u32),
    Export {
        instance: u32,
        name: &'a str,
    },
    /// Made by the component model itself, of resources, tasks, streams; reaches nobody.
    Intrinsic,
}

/// An export of a component.
#[derive(Debug, Clone, Copy)]
pub(super) struct Export<'a> {
    pub name: &'a str,
    pub kind: ComponentExternalKind,
    pub index: u32,
}

/// A component.
#[derive(Default)]
pub(super) struct Component<'a> {
    pub range: Range<u64>,
    /// The component around it.
    pub outer: Option<usize>,
    pub name: Option<&'a str>,
    pub producers: Producers,
    pub customs: Vec<Custom<'a>>,
    pub imports: Vec<(&'a str, ComponentExternalKind)>,
    /// Of imports whose names are labels: the interfaces that they implement.
    pub implements: HashMap<&'a str, &'a str>,
    pub exports: Vec<Export<'a>>,
    pub modules: Vec<Item<'a>>,
    pub components: Vec<Item<'a>>,
    pub instances: Vec<Item<'a>>,
    pub functions: Vec<Item<'a>>,
    pub types: Vec<Item<'a>>,
    pub values: Vec<Item<'a>>,
    pub made: Vec<ComponentInstance<'a>>,
    pub lifts: Vec<Lift>,
    pub core_instances: Vec<Instance<'a>>,
    pub core_functions: Vec<CoreFunction<'a>>,
    /// Core tables by number: an instance and its export.
    pub core_tables: Vec<(u32, &'a str)>,
    /// Core functions that run when a resource is dropped.
    pub destructors: Vec<u32>,
    pub module_names: HashMap<u32, &'a str>,
    pub component_names: HashMap<u32, &'a str>,
    pub instance_names: HashMap<u32, &'a str>,
}

/// A core module.
#[derive(Default)]
pub(super) struct Module<'a> {
    pub range: Range<u64>,
    /// The component it is defined in; none if it is the file itself.
    pub component: Option<usize>,
    /// As its own name section says.
    pub name: Option<&'a str>,
    pub producers: Producers,
    pub customs: Vec<Custom<'a>>,
    /// Other sections by what they are called, without id and size.
    pub sections: Vec<(&'static str, Range<u64>)>,
    pub functions: u32,
}

/// What is being read.
enum Open {
    Component(usize),
    Module(usize),
}

/// Reads a binary.
pub(super) fn read(bytes: &[u8]) -> Result<Raw<'_>> {
    let mut raw = Raw { bytes, ..Raw::default() };
    let mut open: Vec<Open> = Vec::new();
    // The range of the module or component whose header comes next.
    let mut next = 0..bytes.len() as u64;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => {
                let outer = open.last().and_then(|open| match open {
                    Open::Component(id) => Some(*id),
                    Open::Module(_) => None,
                });
                let range = next.clone();
                open.push(match encoding {
                    Encoding::Component => {
                        let id = raw.components.len();
                        if let Some(outer) = outer {
                            raw.components[outer].components.push(Item::Here(id));
                        }
                        raw.components.push(Component { range, outer, ..Component::default() });
                        Open::Component(id)
                    }
                    Encoding::Module => {
                        let id = raw.modules.len();
                        if let Some(outer) = outer {
                            raw.components[outer].modules.push(Item::Here(id));
                        }
                        raw.modules.push(Module { range, component: outer, ..Module::default() });
                        Open::Module(id)
                    }
                });
            }
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                next = unchecked_range.clone();
            }
            Payload::End(_) => {
                if let Some(Open::Component(id)) = open.pop() {
                    raw.ended.push(id);
                }
            }
            _ => match open.last() {
                Some(Open::Component(id)) => raw.components[*id].section(&payload)?,
                Some(Open::Module(id)) => raw.modules[*id].section(&payload),
                None => {}
            },
        }
    }
    Ok(raw)
}

impl<'a> Raw<'a> {
    pub fn slice(&self, range: &Range<u64>) -> &'a [u8] {
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        self.bytes.get(index(range.start)..index(range.end)).unwrap_or_default()
    }

    /// The module that an index of a component stands for, if it is in the file.
    pub fn module(&self, component: usize, index: u32) -> Option<usize> {
        self.definition(component, index, |component| &component.modules)
    }

    /// The component that an index of a component stands for, if it is in the file.
    pub fn component(&self, component: usize, index: u32) -> Option<usize> {
        self.definition(component, index, |component| &component.components)
    }

    fn definition<'s>(
        &'s self,
        mut component: usize,
        mut index: u32,
        space: impl Fn(&'s Component<'a>) -> &'s [Item<'a>],
    ) -> Option<usize>
    where
        'a: 's,
    {
        loop {
            match space(self.components.get(component)?).get(index as usize)? {
                Item::Here(id) => return Some(*id),
                Item::Same(earlier) => index = *earlier,
                Item::Outer { count, index: outer } => {
                    for _ in 0..*count {
                        component = self.components.get(component)?.outer?;
                    }
                    index = *outer;
                }
                Item::Import(_) | Item::Alias { .. } => return None,
            }
        }
    }
}

impl<'a> Component<'a> {
    fn section(&mut self, payload: &Payload<'a>) -> Result<()> {
        match payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    let import = import?;
                    let kind = kind_of(&import.ty);
                    let item = Item::Import(self.imports.len());
                    self.imports.push((import.name.name, kind));
                    self.implements.extend(import.name.implements.map(|interface| (import.name.name, interface)));
                    self.space(kind).push(item);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone().into_iter_with_offsets() {
                    let (offset, export) = export?;
                    self.before(export.kind, export.index, offset)?;
                    self.exports.push(Export { name: export.name.name, kind: export.kind, index: export.index });
                    self.space(export.kind).push(Item::Same(export.index));
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone().into_iter_with_offsets() {
                    let (offset, alias) = alias?;
                    self.alias(&alias, offset)?;
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances.clone().into_iter_with_offsets() {
                    let (offset, instance) = instance?;
                    match &instance {
                        ComponentInstance::Instantiate { component_index, args } => {
                            self.before(ComponentExternalKind::Component, *component_index, offset)?;
                            for arg in args {
                                self.before(arg.kind, arg.index, offset)?;
                            }
                        }
                        ComponentInstance::FromExports(exports) => {
                            for export in exports {
                                self.before(export.kind, export.index, offset)?;
                            }
                        }
                    }
                    self.instances.push(Item::Here(self.made.len()));
                    self.made.push(instance);
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions.clone() {
                    self.canonical(&function?);
                }
            }
            Payload::ComponentTypeSection(types) => {
                for ty in types.clone() {
                    if let wasmparser::ComponentType::Resource { dtor: Some(dtor), .. } = ty? {
                        self.destructors.push(dtor);
                    }
                    self.types.push(Item::Here(0));
                }
            }
            Payload::InstanceSection(instances) => {
                for instance in instances.clone() {
                    self.core_instances.push(instance?);
                }
            }
            Payload::ComponentStartSection { start, .. } => {
                self.values.extend((0..start.results).map(|_| Item::Here(0)));
            }
            Payload::CustomSection(section) => {
                let custom = Custom { name: section.name(), data: section.data(), range: section.range() };
                self.customs.push(custom);
                match section.as_known() {
                    KnownCustom::Producers(producers) => self.producers = fields(producers),
                    KnownCustom::ComponentName(names) => self.names(names),
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'a>, offset: u64) -> Result<()> {
        match *alias {
            ComponentAlias::InstanceExport { kind, instance_index: instance, name } => {
                self.before(ComponentExternalKind::Instance, instance, offset)?;
                self.space(kind).push(Item::Alias { instance, name });
            }
            ComponentAlias::CoreInstanceExport { kind, instance_index: instance, name } => match kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    self.core_functions.push(CoreFunction::Export { instance, name });
                }
                ExternalKind::Table => self.core_tables.push((instance, name)),
                ExternalKind::Memory | ExternalKind::Global | ExternalKind::Tag => {}
            },
            ComponentAlias::Outer { kind, count, index } => {
                let kind = match kind {
                    ComponentOuterAliasKind::CoreModule => ComponentExternalKind::Module,
                    ComponentOuterAliasKind::Component => ComponentExternalKind::Component,
                    ComponentOuterAliasKind::Type => ComponentExternalKind::Type,
                    ComponentOuterAliasKind::CoreType => return Ok(()),
                };
                let item = match count {
                    0 => {
                        self.before(kind, index, offset)?;
                        Item::Same(index)
                    }
                    _ => Item::Outer { count, index },
                };
                self.space(kind).push(item);
            }
        }
        Ok(())
    }

    fn canonical(&mut self, function: &CanonicalFunction) {
        match function {
            CanonicalFunction::Lift { core_func_index, options, .. } => {
                let beside = options.iter().filter_map(|option| match option {
                    CanonicalOption::Realloc(index)
                    | CanonicalOption::PostReturn(index)
                    | CanonicalOption::Callback(index) => Some(*index),
                    _ => None,
                });
                self.functions.push(Item::Here(self.lifts.len()));
                self.lifts.push(Lift { core: *core_func_index, beside: beside.collect() });
            }
            CanonicalFunction::Lower { func_index, .. } => {
                self.core_functions.push(CoreFunction::Lower(*func_index));
            }
            _ => self.core_functions.push(CoreFunction::Intrinsic),
        }
    }

    /// Refuses an index that stands for nothing yet.
    fn before(&self, kind: ComponentExternalKind, index: u32, offset: u64) -> Result<()> {
        match self.items(kind).get(index as usize) {
            Some(_) => Ok(()),
            None => {
                // wasmparser makes errors only by failing to read.
                let mut nothing = BinaryReader::new(&[], offset);
                nothing.read_u8().map(drop)
            }
        }
    }

    pub fn items(&self, kind: ComponentExternalKind) -> &[Item<'a>] {
        match kind {
            ComponentExternalKind::Module => &self.modules,
            ComponentExternalKind::Func => &self.functions,
            ComponentExternalKind::Value => &self.values,
            ComponentExternalKind::Type => &self.types,
            ComponentExternalKind::Instance => &self.instances,
            ComponentExternalKind::Component => &self.components,
        }
    }

    fn space(&mut self, kind: ComponentExternalKind) -> &mut Vec<Item<'a>> {
        match kind {
            ComponentExternalKind::Module => &mut self.modules,
            ComponentExternalKind::Func => &mut self.functions,
            ComponentExternalKind::Value => &mut self.values,
            ComponentExternalKind::Type => &mut self.types,
            ComponentExternalKind::Instance => &mut self.instances,
            ComponentExternalKind::Component => &mut self.components,
        }
    }

    fn names(&mut self, section: ComponentNameSectionReader<'a>) {
        for name in section.into_iter().map_while(std::result::Result::ok) {
            match name {
                ComponentName::Component { name, .. } => self.name = Some(name),
                ComponentName::CoreModules(map) => self.module_names = names(map),
                ComponentName::Components(map) => self.component_names = names(map),
                ComponentName::Instances(map) => self.instance_names = names(map),
                _ => {}
            }
        }
    }

    /// The index of the component that an instance is made of.
    pub fn made_by(&self, instance: u32) -> Option<u32> {
        let Item::Here(made) = self.instances.get(instance as usize)? else { return None };
        match self.made.get(*made)? {
            ComponentInstance::Instantiate { component_index, .. } => Some(*component_index),
            ComponentInstance::FromExports(_) => None,
        }
    }

    /// The name under which a component is imported.
    pub fn imported_component(&self, index: u32) -> Option<&'a str> {
        match self.components.get(index as usize)? {
            Item::Import(import) => self.imports.get(*import).map(|(name, _)| *name),
            _ => None,
        }
    }

    /// Whether code of its own runs in its instances.
    pub fn has_code(&self) -> bool {
        self.core_instances.iter().any(|instance| matches!(instance, Instance::Instantiate { .. }))
    }

    /// The component functions that code of its own can call.
    pub fn lowered(&self) -> impl Iterator<Item = u32> + '_ {
        self.core_functions.iter().filter_map(|function| match function {
            CoreFunction::Lower(index) => Some(*index),
            CoreFunction::Export { .. } | CoreFunction::Intrinsic => None,
        })
    }
}

impl<'a> Module<'a> {
    fn section(&mut self, payload: &Payload<'a>) {
        match payload {
            Payload::CodeSectionStart { count, unchecked_range, .. } => {
                self.functions = *count;
                self.sections.push(("code", unchecked_range.clone()));
            }
            Payload::CustomSection(section) => {
                let custom = Custom { name: section.name(), data: section.data(), range: section.range() };
                self.customs.push(custom);
                match section.as_known() {
                    KnownCustom::Producers(producers) => self.producers = fields(producers),
                    KnownCustom::Name(names) => self.name = module_name(names),
                    _ => {}
                }
            }
            _ => {
                let name = match payload {
                    Payload::TypeSection(_) => "types",
                    Payload::ImportSection(_) => "imports",
                    Payload::FunctionSection(_) => "functions",
                    Payload::TableSection(_) => "tables",
                    Payload::MemorySection(_) => "memories",
                    Payload::TagSection(_) => "tags",
                    Payload::GlobalSection(_) => "globals",
                    Payload::ExportSection(_) => "exports",
                    Payload::ElementSection(_) => "elements",
                    Payload::DataSection(_) => "data",
                    _ => return,
                };
                if let Some((_, range)) = payload.as_section() {
                    self.sections.push((name, range));
                }
            }
        }
    }
}

fn kind_of(ty: &ComponentTypeRef) -> ComponentExternalKind {
    match ty {
        ComponentTypeRef::Module(_) => ComponentExternalKind::Module,
        ComponentTypeRef::Func(_) => ComponentExternalKind::Func,
        ComponentTypeRef::Value(_) => ComponentExternalKind::Value,
        ComponentTypeRef::Type(_) => ComponentExternalKind::Type,
        ComponentTypeRef::Instance(_) => ComponentExternalKind::Instance,
        ComponentTypeRef::Component(_) => ComponentExternalKind::Component,
    }
}

/// Custom sections cannot make a binary invalid: what is garbled in one is left out.
fn fields(section: ProducersSectionReader<'_>) -> Producers {
    section
        .into_iter()
        .filter_map(|field| {
            let field = field.ok()?;
            let values = field.values.into_iter().filter_map(|value| {
                let value = value.ok()?;
                Some((value.name.to_owned(), value.version.to_owned()))
            });
            Some((field.name.to_owned(), values.collect()))
        })
        .collect()
}

fn names(map: NameMap<'_>) -> HashMap<u32, &str> {
    map.into_iter().map_while(std::result::Result::ok).map(|naming| (naming.index, naming.name)).collect()
}

fn module_name(section: NameSectionReader<'_>) -> Option<&str> {
    section.into_iter().find_map(|name| match name.ok()? {
        Name::Module { name, .. } => Some(name),
        _ => None,
    })
}
