//! Types of components written into another component, or into the type of one.
//!
//! A type that validation knows is found again where it has been written before: by itself, or as what it is an alias
//! of ([`Types::peel_alias`](wasmparser::types::TypesRef::peel_alias)). Resources are found by their identity as well.
//! What is not found is written anew, by its structure; a resource then is a new one.
//!
//! 1. A [`Scope`] is a component or a component type: its imports and exports are declared one after the other, and each
//!    named type among them, also within instances, is kept for those that follow.
//! 2. An interface is written as an instance type of its own, into which types of the scope are taken by alias. Several
//!    copies of one interface become their union: what has a name that is there already stands for the other.
//! 3. What their functions and types are made of is written by [`super::values`].
//!
//! Invariant: only types that the planner's own bounds let through come here, so recursion over them is bounded.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    iter::successors,
};

use wasm_encoder::{
    Alias, ComponentBuilder, ComponentExportKind, ComponentExternName, ComponentOuterAliasKind, ComponentType,
    ComponentTypeEncoder, ComponentTypeRef, InstanceType,
};
use wasmparser::{
    component_types::{ComponentAnyTypeId, ComponentEntityType, ComponentInstanceTypeId, ComponentItem, ResourceId},
    types::TypesRef,
};

use super::values::{bounds, function};

/// One component's types; the number tells them from others'.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub number: usize,
    pub types: TypesRef<'a>,
}

/// One component's copy of an import or export.
#[derive(Clone)]
pub(super) struct Copy<'a> {
    pub source: Source<'a>,
    pub item: &'a ComponentItem,
    pub extent: Extent<'a>,
}

/// How much of an interface is taken.
#[derive(Clone, Default)]
pub(super) enum Extent<'a> {
    #[default]
    All,
    /// These types.
    Types(BTreeSet<&'a str>),
    /// All, of which the types are those that another import declares.
    Apart,
    /// All types.
    AllTypes,
}

impl Copy<'_> {
    fn takes(&self, export: &str, ty: &ComponentEntityType) -> bool {
        match &self.extent {
            Extent::All | Extent::Apart => true,
            Extent::Types(names) => names.contains(export),
            Extent::AllTypes => matches!(ty, ComponentEntityType::Type { .. }),
        }
    }
}

/// What cannot be written: told in the words of the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::compose) struct Unsupported(pub String);

type Key = (usize, ComponentAnyTypeId);

/// Where a type is written.
#[derive(Debug, Clone)]
enum Home {
    Index(u32),
    /// Exported by an instance of the scope.
    Export {
        instance: u32,
        name: String,
    },
}

/// A place for types.
pub(super) trait Space {
    /// The index of a type that has been written.
    fn find(&mut self, source: Source<'_>, id: ComponentAnyTypeId) -> Option<u32>;

    fn keep(&mut self, source: Source<'_>, id: ComponentAnyTypeId, index: u32);

    /// An encoder of the next type, and its index.
    fn define(&mut self) -> (u32, ComponentTypeEncoder<'_>);

    /// Whether records and their like must have been named before.
    fn wants_names(&self) -> bool;
}

/// What is written into.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Sink {
    Component(ComponentBuilder),
    Type(ComponentType),
}

/// Whether something is asked for or given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Import,
    Export,
}

/// A component, or the type of one, in the making.
pub(super) struct Scope {
    pub sink: Sink,
    homes: HashMap<Key, Home>,
    resources: HashMap<(usize, ResourceId), Home>,
    /// Types taken from instances.
    taken: HashMap<(u32, String), u32>,
    /// A function is being written.
    in_function: bool,
}

impl Scope {
    pub fn new(sink: Sink) -> Scope {
        Scope { sink, homes: HashMap::new(), resources: HashMap::new(), taken: HashMap::new(), in_function: false }
    }

    /// Declares an import or an export, as the union of several copies of it, and gives its index among its kind.
    pub fn declare(
        &mut self,
        side: Side,
        name: ComponentExternName<'_>,
        copies: &[Copy<'_>],
    ) -> Result<(ComponentExportKind, u32), Unsupported> {
        let first = copies.first().ok_or_else(|| Unsupported(format!("nothing is known of `{}`", name.name)))?;
        match first.item.ty {
            ComponentEntityType::Instance(_) => {
                let mut interfaces = Vec::with_capacity(copies.len());
                for copy in copies {
                    match copy.item.ty {
                        ComponentEntityType::Instance(id) => interfaces.push((copy, id)),
                        other => return Err(different(&name.name, &other)),
                    }
                }
                let ty = interface(self, &interfaces)?.ty;
                let (index, encoder) = self.define();
                encoder.instance(&ty);
                let index = self.put(side, name, ComponentTypeRef::Instance(index));
                for (copy, id) in interfaces.into_iter().filter(|(copy, _)| !matches!(copy.extent, Extent::Apart)) {
                    self.keep_exports(copy, id, index);
                }
                Ok((ComponentExportKind::Instance, index))
            }
            ComponentEntityType::Func(id) => {
                self.in_function = true;
                let ty = function(self, first.source, id);
                self.in_function = false;
                let ty =
                    ty.map_err(|Unsupported(why)| Unsupported(format!("of the function `{}`, {why}", name.name)))?;
                Ok((ComponentExportKind::Func, self.put(side, name, ComponentTypeRef::Func(ty))))
            }
            ComponentEntityType::Type { referenced, .. } => {
                let bounds = bounds(self, first.source, referenced)?;
                let index = self.put(side, name, ComponentTypeRef::Type(bounds));
                for copy in copies {
                    if let ComponentEntityType::Type { created, .. } = copy.item.ty {
                        self.keep(copy.source, created, index);
                    }
                }
                Ok((ComponentExportKind::Type, index))
            }
            ref other => Err(Unsupported(format!("`{}` is {}", name.name, kind(other)))),
        }
    }

    fn put(&mut self, side: Side, name: ComponentExternName<'_>, ty: ComponentTypeRef) -> u32 {
        match &mut self.sink {
            // A component exports what it has; only its imports are declared by their types.
            Sink::Component(component) => component.import(name, ty),
            Sink::Type(component) => {
                let index = match ty {
                    ComponentTypeRef::Type(_) => component.type_count(),
                    ComponentTypeRef::Instance(_) => component.instance_count(),
                    // Nothing in a type refers to them.
                    _ => 0,
                };
                match side {
                    Side::Import => component.import(name, ty),
                    Side::Export => component.export(name, ty),
                };
                index
            }
        }
    }

    /// Types that an instance of the scope exports are had from there.
    pub fn keep_exports(&mut self, copy: &Copy<'_>, id: ComponentInstanceTypeId, instance: u32) {
        let source = copy.source;
        for (name, item) in source.types[id].exports.iter().filter(|(name, item)| copy.takes(name, &item.ty)) {
            if let ComponentEntityType::Type { created, .. } = item.ty {
                let home = Home::Export { instance, name: name.clone() };
                if let ComponentAnyTypeId::Resource(resource) = created {
                    self.resources.entry((source.number, resource.resource())).or_insert_with(|| home.clone());
                }
                self.homes.insert((source.number, created), home);
            }
        }
    }

    /// The index of a type that an instance exports.
    pub fn take(&mut self, instance: u32, name: &str) -> u32 {
        if let Some(index) = self.taken.get(&(instance, name.to_owned())) {
            return *index;
        }
        let alias = Alias::InstanceExport { instance, kind: ComponentExportKind::Type, name };
        let index = match &mut self.sink {
            Sink::Component(component) => component.alias(None, alias),
            Sink::Type(component) => {
                component.alias(alias);
                component.type_count() - 1
            }
        };
        self.taken.insert((instance, name.to_owned()), index);
        index
    }

    fn home(&mut self, home: Home) -> u32 {
        match home {
            Home::Index(index) => index,
            Home::Export { instance, name } => self.take(instance, &name),
        }
    }
}

impl Space for Scope {
    fn find(&mut self, source: Source<'_>, id: ComponentAnyTypeId) -> Option<u32> {
        let home = aliased(source, id).find_map(|id| self.homes.get(&(source.number, id)).cloned());
        let home = home.or_else(|| self.resources.get(&(source.number, resource(id)?)).cloned())?;
        Some(self.home(home))
    }

    fn keep(&mut self, source: Source<'_>, id: ComponentAnyTypeId, index: u32) {
        if let Some(resource) = resource(id) {
            self.resources.entry((source.number, resource)).or_insert(Home::Index(index));
        }
        self.homes.insert((source.number, id), Home::Index(index));
    }

    fn define(&mut self) -> (u32, ComponentTypeEncoder<'_>) {
        match &mut self.sink {
            Sink::Component(component) => component.ty(None),
            Sink::Type(component) => (component.type_count(), component.ty()),
        }
    }

    fn wants_names(&self) -> bool {
        self.in_function
    }
}

/// An instance type in the making.
pub(super) struct Interface<'s> {
    scope: &'s mut Scope,
    pub ty: InstanceType,
    indices: HashMap<Key, u32>,
    resources: HashMap<(usize, ResourceId), u32>,
    /// Types of the scope, by their index there.
    taken: HashMap<u32, u32>,
    /// It has functions.
    pub functions: bool,
}

impl Interface<'_> {
    /// Whether it has no resource and uses no type of the scope.
    pub fn is_self_contained(&self) -> bool {
        self.resources.is_empty() && self.taken.is_empty()
    }
}

impl Space for Interface<'_> {
    fn find(&mut self, source: Source<'_>, id: ComponentAnyTypeId) -> Option<u32> {
        let own = aliased(source, id).find_map(|id| self.indices.get(&(source.number, id)));
        let own = own.or_else(|| self.resources.get(&(source.number, resource(id)?)));
        if let Some(index) = own {
            return Some(*index);
        }
        let outer = self.scope.find(source, id)?;
        Some(*self.taken.entry(outer).or_insert_with(|| {
            self.ty.alias(Alias::Outer { kind: ComponentOuterAliasKind::Type, count: 1, index: outer });
            self.ty.type_count() - 1
        }))
    }

    fn keep(&mut self, source: Source<'_>, id: ComponentAnyTypeId, index: u32) {
        if let Some(resource) = resource(id) {
            self.resources.entry((source.number, resource)).or_insert(index);
        }
        self.indices.insert((source.number, id), index);
    }

    fn define(&mut self) -> (u32, ComponentTypeEncoder<'_>) {
        (self.ty.type_count(), self.ty.ty())
    }

    fn wants_names(&self) -> bool {
        false
    }
}

/// Writes an interface, the union of its copies, for a scope.
pub(super) fn interface<'s>(
    scope: &'s mut Scope,
    copies: &[(&Copy<'_>, ComponentInstanceTypeId)],
) -> Result<Interface<'s>, Unsupported> {
    let (indices, resources, taken) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut interface = Interface { scope, ty: InstanceType::new(), indices, resources, taken, functions: false };
    // By name: the index, of a type.
    let mut declared: HashMap<&str, Option<u32>> = HashMap::new();
    for (copy, id) in copies {
        let source = &copy.source;
        for (name, item) in source.types[*id].exports.iter().filter(|(name, item)| copy.takes(name, &item.ty)) {
            let known = declared.get(name.as_str()).copied();
            match (item.ty, known) {
                (ComponentEntityType::Type { created, .. }, Some(Some(index))) => {
                    interface.keep(*source, created, index);
                }
                (ComponentEntityType::Type { referenced, created }, None) => {
                    let bounds = bounds(&mut interface, *source, referenced)?;
                    let index = interface.ty.type_count();
                    interface.ty.export(external(name, item), ComponentTypeRef::Type(bounds));
                    interface.keep(*source, created, index);
                    declared.insert(name, Some(index));
                }
                (ComponentEntityType::Func(_), Some(None)) => {}
                (ComponentEntityType::Func(id), None) => {
                    let ty = function(&mut interface, *source, id)?;
                    interface.ty.export(external(name, item), ComponentTypeRef::Func(ty));
                    interface.functions = true;
                    declared.insert(name, None);
                }
                (other, Some(_)) => return Err(different(name, &other)),
                (other, None) => return Err(Unsupported(format!("`{name}` in an interface is {}", kind(&other)))),
            }
        }
    }
    Ok(interface)
}

/// A full name, with what else an import or export is called.
pub(super) fn external<'a>(name: &'a str, item: &'a ComponentItem) -> ComponentExternName<'a> {
    ComponentExternName {
        name: Cow::Borrowed(name),
        implements: item.full_implements(),
        version_suffix: None,
        external_id: item.external_id.as_deref().map(Cow::Borrowed),
    }
}

/// A type, what it is an alias of, and so on.
pub(super) fn aliased(source: Source<'_>, id: ComponentAnyTypeId) -> impl Iterator<Item = ComponentAnyTypeId> {
    successors(Some(id), move |id| source.types.peel_alias(*id))
}

pub(super) fn resource(id: ComponentAnyTypeId) -> Option<ResourceId> {
    match id {
        ComponentAnyTypeId::Resource(id) => Some(id.resource()),
        _ => None,
    }
}

fn different(name: &str, ty: &ComponentEntityType) -> Unsupported {
    Unsupported(format!("`{name}` is {} here and something else elsewhere", kind(ty)))
}

fn kind(ty: &ComponentEntityType) -> &'static str {
    match ty {
        ComponentEntityType::Module(_) => "a core module",
        ComponentEntityType::Func(_) => "a function",
        ComponentEntityType::Value(_) => "a value",
        ComponentEntityType::Type { .. } => "a type",
        ComponentEntityType::Instance(_) => "an instance",
        ComponentEntityType::Component(_) => "a component",
    }
}
