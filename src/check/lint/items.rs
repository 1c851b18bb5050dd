//! Every item of the subject's own packages, each looked at by all who have something to say of its kind.

use std::collections::{BTreeSet, HashMap, HashSet};

use wit_parser::{
    Docs, Function, Interface, InterfaceId, PackageId, Resolve, Span, Stability, Type, TypeDef, TypeDefKind, TypeId,
    TypeOwner, WorldId, WorldItem, WorldKey,
};

use super::{
    Finding, Settings,
    rules::{EMPTY_ITEM, PLAIN_NAME, Rule},
};
use crate::{
    check::compat::{At, Item, Root, Spot},
    compare::{Step, function_step, keyword},
    resolve::Wit,
};

/// Something found, its place not looked up yet.
pub(super) struct Found {
    pub rule: &'static Rule,
    pub item: Item,
    pub detail: Option<String>,
    pub at: Place,
    pub other: Option<Place>,
}

/// Where.
pub(super) enum Place {
    Span(Span),
    Spot(Spot),
    /// Where the package is named.
    Package,
}

/// An item with what every item has.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub item: &'a Item,
    pub docs: &'a Docs,
    pub stability: &'a Stability,
    pub span: Span,
}

pub(super) struct Linter<'a> {
    pub wit: &'a Wit,
    /// With what is unstable.
    pub resolve: &'a Resolve,
    pub own: Vec<PackageId>,
    pub found: Vec<Found>,
    /// Where packages are named.
    declared: HashMap<String, Spot>,
}

impl<'a> Linter<'a> {
    pub fn new(wit: &'a Wit, own: &[PackageId]) -> Linter<'a> {
        let resolve: &Resolve = wit.unstable.as_ref().unwrap_or(&wit.resolve);
        // Ids of the two readings are their own.
        let name = |id: &PackageId| &wit.resolve.packages[*id].name;
        let own = own.iter().filter_map(|id| resolve.package_names.get(name(id)).copied()).collect();
        Linter { wit, resolve, own, found: Vec::new(), declared: Spot::of_packages(wit) }
    }

    pub fn tell(&mut self, rule: &'static Rule, item: &Item, detail: impl Into<Option<String>>, span: Span) {
        let (item, detail, at) = (item.clone(), detail.into(), Place::Span(span));
        self.found.push(Found { rule, item, detail, at, other: None });
    }

    /// The same with a second place.
    pub fn tell_both(&mut self, rule: &'static Rule, item: &Item, detail: String, span: Span, other: Span) {
        self.tell(rule, item, detail, span);
        if let Some(found) = self.found.last_mut() {
            found.other = Some(Place::Span(other));
        }
    }

    /// All that was found, with its places.
    pub fn findings(&mut self, settings: &Settings) -> Vec<Finding> {
        std::mem::take(&mut self.found).into_iter().map(|found| self.finding(found, settings)).collect()
    }

    pub fn finding(&self, found: Found, settings: &Settings) -> Finding {
        let Found { rule, item, detail, at, other } = found;
        let spot = |place: Place| match place {
            Place::Span(span) => Spot::of(self.wit, self.resolve, span),
            Place::Spot(spot) => Some(spot),
            Place::Package => item.root.package().and_then(|package| self.declared.get(package).cloned()),
        };
        let (at, other) = (spot(at), other.and_then(spot));
        Finding { rule, level: settings.level(rule), allowed: false, item, detail, at, other }
    }

    /// Everything that can be said of an item by itself.
    pub fn items(&mut self) {
        let resolve = self.resolve;
        for id in self.own.clone() {
            let package = &resolve.packages[id];
            let name = format!("{}:{}", package.name.namespace, package.name.name);
            self.package(id, &Item::of(Root::Package(name.clone())));
            let siblings = package.interfaces.values().map(|id| &resolve.interfaces[*id].stability);
            let mut siblings = siblings.chain(package.worlds.values().map(|id| &resolve.worlds[*id].stability));
            let gated = siblings.any(is_gated);
            for (interface, id) in &package.interfaces {
                let item = Item::of(Root::Interface(format!("{name}/{interface}")));
                self.interface(*id, &item, gated);
            }
            for (world, id) in &package.worlds {
                let item = Item::of(Root::World(format!("{name}/{world}")));
                self.world(*id, &item, gated);
            }
        }
    }

    fn interface(&mut self, id: InterfaceId, item: &Item, gated: bool) {
        let interface: &Interface = &self.resolve.interfaces[id];
        let Interface { docs, stability, span, .. } = interface;
        let named = Named { item, docs, stability, span: *span };
        self.interface_docs(named);
        self.gates(named, gated.then_some("what is beside it"));
        if interface.types.is_empty() && interface.functions.is_empty() {
            self.tell(&EMPTY_ITEM, item, None, *span);
        }
        let types = interface.types.values().copied().filter(|id| !self.is_used_type(*id));
        let types: Vec<TypeId> = types.collect();
        let functions: Vec<&Function> = interface.functions.values().collect();
        let behind: BTreeSet<&str> = feature(stability).into_iter().collect();
        self.members(item, &types, &functions, &behind);
    }

    fn world(&mut self, id: WorldId, item: &Item, gated: bool) {
        let world = &self.resolve.worlds[id];
        let named = Named { item, docs: &world.docs, stability: &world.stability, span: world.span };
        self.world_docs(named);
        self.gates(named, gated.then_some("what is beside it"));
        if world.imports.is_empty() && world.exports.is_empty() {
            self.tell(&EMPTY_ITEM, item, None, world.span);
        }
        let mut types = Vec::new();
        let mut functions = Vec::new();
        for (items, at) in [(&world.imports, At::Import as fn(String) -> At), (&world.exports, At::Export)] {
            for (key, there) in items {
                match (key, there) {
                    (WorldKey::Name(name), WorldItem::Interface { id, span, .. }) => {
                        let item = item.at(at(name.clone()));
                        let span = if span.is_known() { *span } else { self.resolve.interfaces[*id].span };
                        self.tell(&PLAIN_NAME, &item, None, span);
                        self.interface(*id, &item, false);
                    }
                    (WorldKey::Name(name), WorldItem::Function(function)) => {
                        self.tell(&PLAIN_NAME, &item.at(at(name.clone())), None, function.span);
                        functions.push(function);
                    }
                    (_, WorldItem::Type { id, .. }) if !self.is_used_type(*id) => types.push(*id),
                    _ => {}
                }
            }
        }
        let behind: BTreeSet<&str> = feature(&world.stability).into_iter().collect();
        self.members(item, &types, &functions, &behind);
    }

    /// Types and functions of an interface, or of a world by itself. `behind`: the feature of what they are in.
    fn members(&mut self, home: &Item, types: &[TypeId], functions: &[&Function], behind: &BTreeSet<&str>) {
        let resolve = self.resolve;
        // Beside a method are the others of its resource.
        let of_types = types.iter().map(|id| (None, &resolve.types[*id].stability));
        let of_functions = functions.iter().map(|function| (function.kind.resource(), &function.stability));
        let gated = of_types.chain(of_functions).filter(|(_, stability)| is_gated(stability));
        let gated: HashSet<Option<TypeId>> = gated.map(|(group, _)| group).collect();
        let beside = |group: Option<TypeId>| gated.contains(&group).then_some("what is beside it");
        for id in types {
            let def: &TypeDef = &resolve.types[*id];
            let TypeDef { docs, stability, span, .. } = def;
            let item = home.inside(self.type_step(*id));
            let named = Named { item: &item, docs, stability, span: *span };
            self.type_docs(named, def);
            self.gates(named, beside(None));
            self.entangled(named, behind, |each| mentions(&def.kind, each));
            self.type_shape(named, def);
            self.type_names(named, def);
        }
        for function in functions {
            let Function { docs, stability, span, .. } = function;
            let item = home.inside(function_step(resolve, function));
            let named = Named { item: &item, docs, stability, span: *span };
            self.function_docs(named);
            self.gates(named, beside(function.kind.resource()));
            let of_resource = function.kind.resource().and_then(|id| feature(&resolve.types[id].stability));
            let behind: BTreeSet<&str> = behind.iter().copied().chain(of_resource).collect();
            self.entangled(named, &behind, |each| in_signature(function, each));
            self.function_shape(named, function);
            self.function_names(named, function);
        }
    }

    pub fn type_step(&self, id: TypeId) -> Step {
        let def = &self.resolve.types[id];
        Step::Type { what: keyword(&def.kind), name: def.name.clone().unwrap_or_default() }
    }

    /// Whether a named type is another place's, brought in by `use`.
    pub fn is_used_type(&self, id: TypeId) -> bool {
        let def = &self.resolve.types[id];
        match def.kind {
            TypeDefKind::Type(Type::Id(of)) => {
                let owner = self.resolve.types[of].owner;
                owner != TypeOwner::None && owner != def.owner
            }
            _ => false,
        }
    }
}

/// Whether something says since when it is there.
fn is_gated(stability: &Stability) -> bool {
    matches!(stability, Stability::Stable { .. })
}

/// The feature that something is behind.
pub(super) fn feature(stability: &Stability) -> Option<&str> {
    match stability {
        Stability::Unstable { feature, .. } => Some(feature),
        Stability::Stable { .. } | Stability::Unknown => None,
    }
}

/// The types that a function takes and gives.
pub(super) fn in_signature(function: &Function, each: &mut dyn FnMut(&Type)) {
    function.params.iter().map(|param| &param.ty).chain(&function.result).for_each(each);
}

/// The types that a type is made of, and the resource that a handle is of.
pub(super) fn mentions(kind: &TypeDefKind, each: &mut dyn FnMut(&Type)) {
    match kind {
        TypeDefKind::Handle(wit_parser::Handle::Own(id) | wit_parser::Handle::Borrow(id)) => each(&Type::Id(*id)),
        kind => crate::resolve::members_of(kind, each),
    }
}
