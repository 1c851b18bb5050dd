//! What a part asks for and what it offers, by name.

use std::{collections::HashSet, ops::Range, sync::Arc};

use indexmap::IndexMap;
use wit_parser::{InterfaceId, Resolve, Span, Type, TypeDefKind, TypeId, TypeOwner, WorldItem};

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

/// A part by the names of what it imports and exports, in its world's order.
pub(super) struct Surface<'a> {
    pub part: &'a Part,
    pub imports: IndexMap<String, Port<'a>>,
    pub exports: IndexMap<String, Port<'a>>,
}

/// One import or export of a world.
pub(super) struct Port<'a> {
    pub item: &'a WorldItem,
    /// The interface's full name where the port's own name is only a label for it.
    pub implements: Option<String>,
}

impl Port<'_> {
    pub(super) fn interface(&self) -> Option<InterfaceId> {
        match self.item {
            WorldItem::Interface { id, .. } => Some(*id),
            WorldItem::Function(_) | WorldItem::Type { .. } => None,
        }
    }

    /// The name by which its counterpart is looked for: the interface's, else its own.
    pub(super) fn wanted<'n>(&'n self, name: &'n str) -> &'n str {
        self.implements.as_deref().unwrap_or(name)
    }
}

impl<'a> Surface<'a> {
    pub(super) fn new(part: &'a Part) -> Surface<'a> {
        let world = &part.resolve.worlds[part.world];
        let ports = |items: &'a wit_parser::IndexMap<wit_parser::WorldKey, WorldItem>| {
            items
                .iter()
                .map(|(key, item)| {
                    let implements = part.resolve.implements_interface(key, item).and_then(|id| part.resolve.id_of(id));
                    (part.resolve.name_world_key(key), Port { item, implements })
                })
                .collect()
        };
        Surface { part, imports: ports(&world.imports), exports: ports(&world.exports) }
    }

    pub(super) fn resolve(&self) -> &'a Resolve {
        &self.part.resolve
    }

    /// The imports whose types an interface uses, by the import's name.
    pub(super) fn dependencies(&self, interface: InterfaceId) -> Vec<String> {
        let mut names: Vec<_> = self
            .resolve()
            .interface_direct_deps(interface)
            .filter_map(|dependency| self.resolve().id_of(dependency))
            .collect();
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// Whether an export belongs to a language's engine, not to the user: componentize-py leaves `exports` behind,
    /// componentize-qjs `init`.
    pub(super) fn is_engines_own(&self, export: &str) -> bool {
        let by_an_engine = matches!(self.part.language, None | Some(Language::Python | Language::JavaScript));
        by_an_engine && matches!(export, "init" | "exports")
    }

    /// Where a port is imported or exported, else where its interface is declared.
    pub(super) fn place_of(&self, port: &Port<'_>, sources: &Sources) -> Option<Place> {
        let declared = || self.place(self.resolve().interfaces[port.interface()?].span, sources);
        self.place(port.item.span(), sources).or_else(declared)
    }

    /// Where a span of this part's WIT is.
    pub(super) fn place(&self, span: Span, sources: &Sources) -> Option<Place> {
        let location = self.resolve().source_map.resolve_span(span)?;
        let label = sources
            .get(location.path)
            .filter(|source| source.text.get(location.range.clone()).is_some())
            .map(|source| (source.clone(), location.range.clone()));
        Some(Place { shown: self.resolve().render_location(span), label })
    }
}

/// The names of what a part exports by its world.
pub fn exports_of(part: &Part) -> Vec<String> {
    Surface::new(part).exports.into_keys().collect()
}

/// The port of that name, else the one of a compatible version.
pub(super) fn find<'p, 'a>(ports: &'p IndexMap<String, Port<'a>>, name: &str) -> Option<(&'p String, &'p Port<'a>)> {
    let wanted = Name::new(name);
    ports
        .get_key_value(name)
        .or_else(|| ports.iter().find(|(other, port)| Name::new(port.wanted(other)).compatible(&wanted)))
}

/// Whether an interface is nothing but types that any copy of it can stand for: no functions, no resources.
pub(super) fn is_plain(resolve: &Resolve, interface: InterfaceId) -> bool {
    let interface = &resolve.interfaces[interface];
    interface.functions.is_empty() && !holds_resources(resolve, interface.types.values().copied())
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

/// The resources an interface takes over from other interfaces, as defined there.
pub(super) fn foreign_resources(resolve: &Resolve, interface: InterfaceId) -> Vec<TypeId> {
    let own = TypeOwner::Interface(interface);
    let types = resolve.interfaces[interface].types.values();
    types
        .map(|&id| definition(resolve, id))
        .filter(|&id| matches!(resolve.types[id].kind, TypeDefKind::Resource) && resolve.types[id].owner != own)
        .collect()
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
pub(super) fn used_type(surface: &Surface<'_>, id: TypeId) -> Option<(String, String)> {
    let resolve = surface.resolve();
    let TypeDefKind::Type(Type::Id(used)) = resolve.types[id].kind else { return None };
    match resolve.types[used].owner {
        TypeOwner::Interface(interface) => Some((resolve.id_of(interface)?, resolve.types[used].name.clone()?)),
        TypeOwner::World(_) | TypeOwner::None => None,
    }
}

/// The interface an import is, or comes from.
pub(super) fn used_interface(surface: &Surface<'_>, import: &str) -> String {
    match surface.imports[import].item {
        WorldItem::Type { id, .. } => used_type(surface, *id).map_or(import.to_owned(), |(interface, _)| interface),
        _ => import.to_owned(),
    }
}
