//! A binary as it is: components, core modules, and what each index of a component stands for.
//!
//! Headers, index spaces and custom sections are read ([`read`]); function bodies and data are stepped over, however
//! large. Components and modules lie in two flat lists and refer to one another by number, so that depth costs no stack.
//!
//! Invariant: an [`Item`] refers only to items before it, or the reader refuses the binary.

mod component;
mod module;
mod read;

use std::{collections::HashMap, ops::Range};

use wasmparser::{
    BinaryReader, ComponentExternalKind, ComponentInstance, ExportSectionReader, ImportSectionReader, Instance, TypeRef,
};

pub(super) use self::read::read;
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

/// An import of a core module.
#[derive(Debug, Clone, Copy)]
pub(super) struct CoreImport<'a> {
    pub module: &'a str,
    pub name: &'a str,
    pub ty: TypeRef,
}

impl CoreImport<'_> {
    pub fn is_function(&self) -> bool {
        matches!(self.ty, TypeRef::Func(_) | TypeRef::FuncExact(_))
    }
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

    /// What the file imports if it is a core module.
    pub fn core_imports(&self) -> Vec<CoreImport<'a>> {
        let alone = self.modules.first().filter(|module| module.component.is_none());
        let reader = alone.and_then(|module| self.section(module, "imports"));
        let imports = reader.and_then(|reader| ImportSectionReader::new(reader).ok());
        let imports = imports.into_iter().flat_map(ImportSectionReader::into_imports).map_while(Result::ok);
        imports.map(|import| CoreImport { module: import.module, name: import.name, ty: import.ty }).collect()
    }

    /// What a core module exports.
    pub fn core_exports(&self, module: &Module<'a>) -> Vec<wasmparser::Export<'a>> {
        let exports = self.section(module, "exports").and_then(|reader| ExportSectionReader::new(reader).ok());
        exports.into_iter().flatten().map_while(Result::ok).collect()
    }

    fn section(&self, module: &Module<'a>, section: &str) -> Option<BinaryReader<'a>> {
        let (_, range) = module.sections.iter().find(|(name, _)| *name == section)?;
        Some(BinaryReader::new(self.slice(range), range.start))
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
