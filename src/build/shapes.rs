//! Which functions and types a world is made of: what backends ask before they build.

use std::collections::HashSet;

use wit_parser::{Function, Resolve, Type, TypeDefKind, TypeId, WorldId, WorldItem};

/// Whether a world takes something from outside or gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Import,
    Export,
}

/// A function of a world.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    pub direction: Direction,
    /// Full name, `acme:shop/auth@0.1.0`; `None`: the world's own.
    pub interface: Option<String>,
    pub function: &'a Function,
}

impl Place<'_> {
    /// As told to people: `acme:shop/auth@0.1.0#check`, or `check` of the world.
    pub fn name(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}#{}", self.function.name),
            None => self.function.name.clone(),
        }
    }
}

/// Every function of a world, imports first, each in the order of the WIT.
pub fn functions(resolve: &Resolve, world: WorldId) -> Vec<Place<'_>> {
    let world = &resolve.worlds[world];
    let imports = world.imports.iter().map(|item| (Direction::Import, item));
    let exports = world.exports.iter().map(|item| (Direction::Export, item));
    let mut places = Vec::new();
    for (direction, (key, item)) in imports.chain(exports) {
        match item {
            WorldItem::Interface { id, .. } => {
                let name = resolve.name_world_key(key);
                places.extend(resolve.interfaces[*id].functions.values().map(|function| Place {
                    direction,
                    interface: Some(name.clone()),
                    function,
                }));
            }
            WorldItem::Function(function) => places.push(Place { direction, interface: None, function }),
            WorldItem::Type { .. } => {}
        }
    }
    places
}

/// Whether `test` holds for a type or for any type it is made of. Handles are not followed into their resource.
pub fn any(resolve: &Resolve, ty: Type, test: &dyn Fn(Type, Option<&TypeDefKind>) -> bool) -> bool {
    walk(resolve, ty, test, &mut HashSet::new())
}

fn walk(
    resolve: &Resolve,
    ty: Type,
    test: &dyn Fn(Type, Option<&TypeDefKind>) -> bool,
    seen: &mut HashSet<TypeId>,
) -> bool {
    let Type::Id(id) = ty else { return test(ty, None) };
    if !seen.insert(id) {
        return false;
    }
    let kind = &resolve.types[id].kind;
    test(ty, Some(kind)) || parts(kind).into_iter().any(|part| walk(resolve, part, test, seen))
}

/// The types a definition is directly made of.
pub fn parts(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => vec![*ty],
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().copied().collect(),
        TypeDefKind::Resource
        | TypeDefKind::Handle(_)
        | TypeDefKind::Flags(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Unknown => Vec::new(),
    }
}

/// Through aliases to what a type is.
pub fn dealias(resolve: &Resolve, mut id: TypeId) -> TypeId {
    while let TypeDefKind::Type(Type::Id(next)) = &resolve.types[id].kind {
        id = *next;
    }
    id
}
