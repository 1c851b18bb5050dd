//! What a part asks for and what it offers, by name.

use std::{collections::HashSet, ops::Range, sync::Arc};

use indexmap::IndexMap;
use wit_parser::{InterfaceId, Resolve, Span, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem};

use super::outline::{Outline, SelfContained};
use crate::{compare::Name, diagnostic::SourceFile, language::Language, resolve::Part};

/// WIT texts by the name they have in a `Resolve`'s source map, for labels.
pub type Sources = IndexMap<String, Arc<SourceFile>>;

/// A place in a WIT text.
#[derive(Debug, Clone)]
pub struct Place {
    /// `wit/shop.wit:12:5`.
    pub shown: String,
    /// The text and the bytes of it, where the text is at hand.
    pub label: Option<(Arc<SourceFile>, Range<usize>)>,
}

/// What a part is known by.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    World(&'a Part),
    Outline(&'a Outline<'a>),
}

/// A part by the names of what it imports and exports, in its world's order.
pub(super) struct Surface<'a> {
    pub name: &'a str,
    language: Option<Language>,
    /// Where it is known.
    pub world: Option<World<'a>>,
    pub imports: IndexMap<String, Port<'a>>,
    pub exports: IndexMap<String, Port<'a>>,
}

/// A world, and all that it is made of.
#[derive(Clone, Copy)]
pub(super) struct World<'a> {
    pub resolve: &'a Resolve,
    pub id: WorldId,
}

/// One import or export of a world.
pub(super) struct Port<'a> {
    pub item: Item<'a>,
    /// The interface's full name where the port's own name is only a label for it.
    pub implements: Option<String>,
}

/// What is imported or exported.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Declared(World<'a>, &'a WorldItem),
    Outlined(&'a SelfContained),
}

impl<'a> Port<'a> {
    fn declared_interface(&self) -> Option<(&'a Resolve, InterfaceId)> {
        match self.item {
            Item::Declared(world, WorldItem::Interface { id, .. }) => Some((world.resolve, *id)),
            Item::Declared(_, WorldItem::Function(_) | WorldItem::Type { .. }) | Item::Outlined(_) => None,
        }
    }

    pub(super) fn is_interface(&self) -> bool {
        matches!(self.item, Item::Outlined(_)) || self.declared_interface().is_some()
    }

    /// A type of the world's own.
    pub(super) fn ty(&self) -> Option<(&'a Resolve, TypeId)> {
        match self.item {
            Item::Declared(world, WorldItem::Type { id, .. }) => Some((world.resolve, *id)),
            _ => None,
        }
    }

    /// The name by which its counterpart is looked for: the interface's, else its own.
    pub(super) fn wanted<'n>(&'n self, name: &'n str) -> &'n str {
        self.implements.as_deref().unwrap_or(name)
    }

    /// Whether it is an interface that is nothing but types that any copy of it can stand for: no functions, no
    /// resources.
    pub(super) fn is_plain(&self) -> bool {
        if let Item::Outlined(outlined) = self.item {
            return outlined.is_plain;
        }
        self.declared_interface().is_some_and(|(resolve, id)| {
            let interface = &resolve.interfaces[id];
            interface.functions.is_empty() && !holds_resources(resolve, interface.types.values().copied())
        })
    }

    /// The imports whose types an interface uses, by the import's name.
    pub(super) fn dependencies(&self) -> Vec<String> {
        let Some((resolve, id)) = self.declared_interface() else { return Vec::new() };
        let mut names: Vec<_> =
            resolve.interface_direct_deps(id).filter_map(|dependency| resolve.id_of(dependency)).collect();
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// The resources an interface takes over from other interfaces, as defined there.
    pub(super) fn foreign_resources(&self) -> Vec<(&'a Resolve, TypeId)> {
        let Some((resolve, interface)) = self.declared_interface() else { return Vec::new() };
        let own = TypeOwner::Interface(interface);
        let definitions = resolve.interfaces[interface].types.values().map(|&id| definition(resolve, id));
        definitions
            .filter(|&id| matches!(resolve.types[id].kind, TypeDefKind::Resource) && resolve.types[id].owner != own)
            .map(|id| (resolve, id))
            .collect()
    }

    /// A type that an interface declares, as it is defined; and the interface.
    pub(super) fn declares(&self, name: &str) -> Option<(&'a Resolve, InterfaceId, TypeId)> {
        let (resolve, interface) = self.declared_interface()?;
        let declared = *resolve.interfaces[interface].types.get(name)?;
        Some((resolve, interface, definition(resolve, declared)))
    }
}

impl<'a> Surface<'a> {
    pub(super) fn new(subject: Subject<'a>) -> Surface<'a> {
        match subject {
            Subject::World(part) => Surface::of(part),
            Subject::Outline(outline) => {
                let ports = |ports: &'a [(&'a str, &'a SelfContained)]| {
                    let port = |interface| Port { item: Item::Outlined(interface), implements: None };
                    ports.iter().map(|(name, interface)| ((*name).to_owned(), port(interface))).collect()
                };
                Surface {
                    name: outline.name,
                    language: outline.language,
                    world: None,
                    imports: ports(&outline.imports),
                    exports: ports(&outline.exports),
                }
            }
        }
    }

    pub(super) fn of(part: &'a Part) -> Surface<'a> {
        let world = World { resolve: &part.resolve, id: part.world };
        let resolve = world.resolve;
        let ports = |items: &'a wit_parser::IndexMap<wit_parser::WorldKey, WorldItem>| {
            items
                .iter()
                .map(|(key, item)| {
                    let implements = resolve.implements_interface(key, item).and_then(|id| resolve.id_of(id));
                    (resolve.name_world_key(key), Port { item: Item::Declared(world, item), implements })
                })
                .collect()
        };
        let declared = &resolve.worlds[world.id];
        Surface {
            name: &part.name,
            language: part.language,
            world: Some(world),
            imports: ports(&declared.imports),
            exports: ports(&declared.exports),
        }
    }

    /// Whether an export belongs to a language's engine, not to the user: componentize-py leaves `exports` behind,
    /// componentize-qjs `init`.
    pub(super) fn is_engines_own(&self, export: &str) -> bool {
        let by_an_engine = matches!(self.language, None | Some(Language::Python | Language::JavaScript));
        by_an_engine && matches!(export, "init" | "exports")
    }

    /// Whether both are known by one and the same world's types.
    pub(super) fn is_of_the_world_of(&self, other: &Surface<'_>) -> bool {
        self.world.zip(other.world).is_some_and(|(a, b)| std::ptr::eq(a.resolve, b.resolve))
    }

    /// Where a port is imported or exported, else where its interface is declared.
    pub(super) fn place_of(&self, port: &Port<'_>, sources: &Sources) -> Option<Place> {
        let Item::Declared(world, item) = port.item else { return None };
        let declared = || self.place(world.resolve.interfaces[port.declared_interface()?.1].span, sources);
        self.place(item.span(), sources).or_else(declared)
    }

    /// Where a span of this part's WIT is.
    pub(super) fn place(&self, span: Span, sources: &Sources) -> Option<Place> {
        let World { resolve, .. } = self.world?;
        let location = resolve.source_map.resolve_span(span)?;
        let label = sources
            .get(location.path)
            .filter(|source| source.text.get(location.range.clone()).is_some())
            .map(|source| (source.clone(), location.range.clone()));
        Some(Place { shown: resolve.render_location(span), label })
    }
}

/// The names of what a part exports by its world.
pub fn exports_of(part: &Part) -> Vec<String> {
    Surface::of(part).exports.into_keys().collect()
}

/// The port of that name, else the one of a compatible version.
pub(super) fn find<'p, 'a>(ports: &'p IndexMap<String, Port<'a>>, name: &str) -> Option<(&'p String, &'p Port<'a>)> {
    let wanted = Name::new(name);
    ports
        .get_key_value(name)
        .or_else(|| ports.iter().find(|(other, port)| Name::new(port.wanted(other)).compatible(&wanted)))
}

/// Whether a resource is among the types or below them.
pub(super) fn holds_resources(resolve: &Resolve, types: impl IntoIterator<Item = TypeId>) -> bool {
    let mut pending: Vec<TypeId> = types.into_iter().collect();
    let mut seen: HashSet<TypeId> = HashSet::new();
    while let Some(id) = pending.pop() {
        if !seen.insert(id) {
            continue;
        }
        let mut push = |ty: &Type| {
            if let Type::Id(id) = ty {
                pending.push(*id);
            }
        };
        match &resolve.types[id].kind {
            TypeDefKind::Resource | TypeDefKind::Handle(_) => return true,
            TypeDefKind::Record(record) => record.fields.iter().for_each(|field| push(&field.ty)),
            TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty.as_ref()).for_each(push),
            TypeDefKind::Tuple(tuple) => tuple.types.iter().for_each(push),
            TypeDefKind::Result(result) => result.ok.iter().chain(&result.err).for_each(push),
            TypeDefKind::Option(ty)
            | TypeDefKind::List(ty)
            | TypeDefKind::FixedLengthList(ty, _)
            | TypeDefKind::Type(ty) => push(ty),
            TypeDefKind::Map(key, value) => [key, value].into_iter().for_each(push),
            TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().for_each(push),
            TypeDefKind::Flags(_) | TypeDefKind::Enum(_) | TypeDefKind::Unknown => {}
        }
    }
    false
}

/// The definition an alias stands for, or the type itself.
pub(super) fn definition(resolve: &Resolve, id: TypeId) -> TypeId {
    let mut id = id;
    while let TypeDefKind::Type(Type::Id(aliased)) = resolve.types[id].kind {
        id = aliased;
    }
    id
}

/// The full name of the interface that defines a type.
pub(super) fn owner(resolve: &Resolve, id: TypeId) -> Option<String> {
    match resolve.types[id].owner {
        TypeOwner::Interface(interface) => resolve.id_of(interface),
        TypeOwner::World(_) | TypeOwner::None => None,
    }
}

/// The interface a world's own type comes from, and its name there.
pub(super) fn used_type(port: &Port<'_>) -> Option<(String, String)> {
    let (resolve, id) = port.ty()?;
    let TypeDefKind::Type(Type::Id(used)) = resolve.types[id].kind else { return None };
    Some((owner(resolve, used)?, resolve.types[used].name.clone()?))
}

/// The interface an import is, or comes from.
pub(super) fn used_interface(surface: &Surface<'_>, import: &str) -> String {
    used_type(&surface.imports[import]).map_or(import.to_owned(), |(interface, _)| interface)
}
