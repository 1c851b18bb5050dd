//! The world as the Go backend walks it: interfaces in each direction, with the world's own functions as one more.

use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem, WorldKey};

use super::error::Error;

/// A world and everything it reaches.
pub(super) struct World {
    pub resolve: Resolve,
    pub id: WorldId,
}

/// Which way functions cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Import,
    Export,
}

/// An interface of a world, or what the world itself declares (`key` is `None` then).
pub(super) struct Interface<'a> {
    pub key: Option<&'a WorldKey>,
    pub id: Option<InterfaceId>,
    /// `acme:shop/auth@0.1.0`, a plain name, or `world shop`.
    pub label: String,
    pub functions: Vec<&'a Function>,
}

impl World {
    /// Reads a self-contained text. It was written by an earlier stage, so a failure is a defect, told as such.
    pub fn parse(text: &str, world: &str) -> Result<World, Error> {
        let fail = |source: anyhow::Error| Error::Wit { world: world.to_owned(), detail: format!("{source:#}") };
        let mut resolve = Resolve { all_features: true, ..Resolve::default() };
        let package = resolve.push_source("component.wit", text).map_err(fail)?;
        let id = resolve.select_world(&[package], Some(world)).map_err(fail)?;
        Ok(World { resolve, id })
    }

    /// Interfaces in the world's order; then the world's own functions, if it has any in this direction.
    pub fn interfaces(&self, way: Way) -> Vec<Interface<'_>> {
        let world = &self.resolve.worlds[self.id];
        let items = match way {
            Way::Import => &world.imports,
            Way::Export => &world.exports,
        };
        let mut interfaces = Vec::new();
        let mut own = Vec::new();
        for (key, item) in items {
            match item {
                WorldItem::Interface { id, .. } => interfaces.push(Interface {
                    key: Some(key),
                    id: Some(*id),
                    label: self.resolve.name_world_key(key),
                    functions: self.resolve.interfaces[*id].functions.values().collect(),
                }),
                WorldItem::Function(function) => own.push(function),
                WorldItem::Type { .. } => {}
            }
        }
        if !own.is_empty() {
            let label = format!("world {}", world.name);
            interfaces.push(Interface { key: None, id: None, label, functions: own });
        }
        interfaces
    }

    /// The key under which the interface that owns a type is known in this world; `None`: the world owns it.
    pub fn owner(&self, ty: TypeId) -> Option<WorldKey> {
        match self.resolve.types[ty].owner {
            TypeOwner::Interface(id) => Some(self.key(id)),
            TypeOwner::World(_) | TypeOwner::None => None,
        }
    }

    /// An interface given inline, or under a name of its own, is known by that name.
    fn key(&self, id: InterfaceId) -> WorldKey {
        let world = &self.resolve.worlds[self.id];
        let named = world.imports.iter().chain(&world.exports).rev().find_map(|(key, item)| match item {
            WorldItem::Interface { id: found, .. } if *found == id => Some(key.clone()),
            _ => None,
        });
        named.unwrap_or(WorldKey::Interface(id))
    }

    /// The definition behind any number of aliases.
    pub fn definition(&self, mut id: TypeId) -> TypeId {
        while let TypeDefKind::Type(Type::Id(next)) = self.resolve.types[id].kind {
            id = next;
        }
        id
    }

    /// A type without its aliases.
    pub fn plain(&self, ty: Type) -> Type {
        match ty {
            Type::Id(id) => match self.resolve.types[self.definition(id)].kind {
                TypeDefKind::Type(ty) => ty,
                _ => Type::Id(self.definition(id)),
            },
            _ => ty,
        }
    }

    /// Whether a resource is implemented by this component.
    pub fn exports_resource(&self, resource: TypeId) -> bool {
        let TypeOwner::Interface(owner) = self.resolve.types[self.definition(resource)].owner else { return false };
        self.interfaces(Way::Export).iter().any(|interface| interface.id == Some(owner))
    }
}

/// The types directly inside a type, through nothing but structure; nothing inside a resource.
pub(super) fn inside(kind: &TypeDefKind) -> Vec<Type> {
    use wit_parser::Handle;
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Result(result) => result.ok.iter().chain(&result.err).copied().collect(),
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => vec![*ty],
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => vec![Type::Id(*id)],
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().copied().collect(),
        TypeDefKind::Flags(_) | TypeDefKind::Enum(_) | TypeDefKind::Resource | TypeDefKind::Unknown => Vec::new(),
    }
}

/// Whether `found` holds for a type or for anything inside it.
pub(super) fn any(resolve: &Resolve, ty: Type, found: &dyn Fn(&Type) -> bool) -> bool {
    found(&ty)
        || match ty {
            Type::Id(id) => inside(&resolve.types[id].kind).into_iter().any(|ty| any(resolve, ty, found)),
            _ => false,
        }
}

/// Parameters and result of a function.
pub(super) fn types(function: &Function) -> impl Iterator<Item = Type> + '_ {
    function.params.iter().map(|param| param.ty).chain(function.result)
}
