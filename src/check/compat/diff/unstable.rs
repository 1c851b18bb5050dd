//! Items behind `@unstable`, which no [`Resolve`] shows unless their features are asked for.
//!
//! They promise nothing, so what changes within them is told apart from everything else; what becomes stable or unstable
//! looks like an addition or a removal to the walk over what is stable, and is given its own name here.

use std::collections::{HashMap, HashSet};

use wit_parser::{PackageId, Resolve, Span, Stability, TypeId, World, WorldItem};

use super::{
    Change, Diff,
    functions::is_unstable,
    packages::{Pair, base},
    types::type_step,
};
use crate::{
    check::compat::{
        finding::{At, Item, Root},
        rules::{MADE_UNSTABLE, STABILIZED, UNSTABLE_ADDED, UNSTABLE_CHANGED, UNSTABLE_REMOVED},
    },
    compare::{Name, function_step, function_text, spelled_out},
};

/// An item behind a feature.
struct Gated {
    feature: String,
    text: String,
    span: Span,
}

impl Diff<'_> {
    /// `old` and `new`: both sides with what is unstable, where there is any.
    pub fn unstable(&mut self, pairs: &[Pair], old: Option<&Resolve>, new: Option<&Resolve>) {
        for pair in pairs {
            let name = base(&self.old.packages[pair.old]);
            let there = |resolve: Option<&Resolve>, own: &Resolve, id: PackageId| {
                let resolve = resolve?;
                Some(gated((own, id), resolve, *resolve.package_names.get(&own.packages[id].name)?, &name))
            };
            let before = there(old, self.old, pair.old).unwrap_or_default();
            let now = there(new, self.new, pair.new).unwrap_or_default();
            self.gates(&before, &now);
        }
    }

    fn gates(&mut self, before: &[(Item, Gated)], now: &[(Item, Gated)]) {
        let was: HashMap<_, _> = before.iter().map(|(item, gated)| (item, gated)).collect();
        let is: HashMap<_, _> = now.iter().map(|(item, gated)| (item, gated)).collect();
        let unknown = Span::default();
        let told = |wanted: fn(&Change) -> bool| -> HashMap<Item, usize> {
            let changes = self.changes.iter().enumerate().filter(|(_, change)| wanted(change));
            changes.map(|(at, change)| (change.item.clone(), at)).collect()
        };
        let (removed, added) = (told(Change::is_removal), told(Change::is_new));
        // What a world imports or exports has a rule of its own, which says what that asks of whom.
        let of_worlds = told(Change::is_of_world);
        for (item, gated) in now.iter().filter(|(item, _)| !of_worlds.contains_key(item)) {
            match (was.get(item), removed.get(item)) {
                (Some(old), _) if old.text == gated.text => {}
                (Some(old), _) => {
                    let (old, new) = (old.text.clone(), gated.text.clone());
                    self.tell(&UNSTABLE_CHANGED, item.clone(), old, new, (unknown, unknown));
                }
                (None, Some(at)) => {
                    self.changes[*at].rule = &MADE_UNSTABLE;
                    self.changes[*at].new = Some(gated.feature.clone());
                }
                (None, None) => {
                    let feature = gated.feature.clone();
                    self.tell(&UNSTABLE_ADDED, item.clone(), None, feature, (unknown, gated.span));
                }
            }
        }
        let gone = before.iter().filter(|(item, _)| !is.contains_key(item) && !of_worlds.contains_key(item));
        for (item, gated) in gone {
            let feature = gated.feature.clone();
            match added.get(item) {
                Some(at) => {
                    self.changes[*at].rule = &STABILIZED;
                    self.changes[*at].old = Some(feature);
                }
                None => self.tell(&UNSTABLE_REMOVED, item.clone(), feature, None, (gated.span, unknown)),
            }
        }
    }
}

/// What is unstable in a package, under the package's name on the old side. `stable`: the package without it.
fn gated(stable: (&Resolve, PackageId), resolve: &Resolve, package: PackageId, name: &str) -> Vec<(Item, Gated)> {
    let mut found = Vec::new();
    let mut add = |item: Item, stability: &Stability, text: String, span: Span| {
        if let Stability::Unstable { feature, .. } = stability {
            found.push((item, Gated { feature: feature.clone(), text, span }));
        }
    };
    for (interface_name, &id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[id];
        let item = Item::of(Root::Interface(format!("{name}/{interface_name}")));
        let text = interface.functions.keys().chain(interface.types.keys()).cloned().collect::<Vec<_>>().join(", ");
        add(item.clone(), &interface.stability, text, interface.span);
        if is_unstable(&interface.stability) {
            continue;
        }
        for function in interface.functions.values() {
            let step = function_step(resolve, function);
            add(item.inside(step), &function.stability, function_text(resolve, function), function.span);
        }
        for &ty in interface.types.values() {
            let def = &resolve.types[ty];
            add(item.inside(type_step(resolve, ty)), &def.stability, definition(resolve, ty), def.span);
        }
    }
    for (world_name, &id) in &resolve.packages[package].worlds {
        let world = &resolve.worlds[id];
        let item = Item::of(Root::World(format!("{name}/{world_name}")));
        let names = world.imports.keys().chain(world.exports.keys()).map(|key| resolve.name_world_key(key));
        if let Stability::Unstable { feature, .. } = &world.stability {
            let text = names.collect::<Vec<_>>().join(", ");
            found.push((item.clone(), Gated { feature: feature.clone(), text, span: world.span }));
        }
        if let Some(there) = stable.0.packages[stable.1].worlds.get(world_name) {
            in_world(resolve, world, (stable.0, &stable.0.worlds[*there]), &item, &mut found);
        }
    }
    found
}

/// What a world imports and exports only where features are asked for: behind a gate of its own, or because of one before
/// an `include`, which leaves no trace in what it includes.
fn in_world(resolve: &Resolve, world: &World, stable: (&Resolve, &World), item: &Item, found: &mut Vec<(Item, Gated)>) {
    let asked = resolve.features.iter().map(String::as_str).collect::<Vec<_>>().join(" or ");
    let imports = (&world.imports, &stable.1.imports, At::Import as fn(String) -> At);
    let exports = (&world.exports, &stable.1.exports, At::Export as fn(String) -> At);
    for (items, known, at) in [imports, exports] {
        let known: HashSet<String> = known.keys().map(|key| stable.0.name_world_key(key)).collect();
        for (key, there) in items {
            let name = resolve.name_world_key(key);
            let (stability, text, span) = match there {
                WorldItem::Interface { stability, span, .. } => (stability, "interface".to_owned(), *span),
                WorldItem::Function(function) => (&function.stability, function_text(resolve, function), function.span),
                WorldItem::Type { .. } => continue,
            };
            if !known.contains(&name) {
                let feature = match stability {
                    Stability::Unstable { feature, .. } => feature.clone(),
                    Stability::Stable { .. } | Stability::Unknown => asked.clone(),
                };
                found.push((item.at(at(Name::new(&name).base.to_owned())), Gated { feature, text, span }));
            }
        }
    }
}

/// A type with the names of its members, for telling whether it changed.
fn definition(resolve: &Resolve, id: TypeId) -> String {
    use wit_parser::TypeDefKind;
    let names = |names: Vec<String>| format!("{} {{ {} }}", spelled_out(resolve, id), names.join(", "));
    let typed = |name: &str, ty: wit_parser::Type| format!("{name}: {}", crate::compare::type_text(resolve, ty));
    match &resolve.types[id].kind {
        TypeDefKind::Record(record) => names(record.fields.iter().map(|f| typed(&f.name, f.ty)).collect()),
        TypeDefKind::Variant(variant) => {
            names(variant.cases.iter().map(|c| c.ty.map_or(c.name.clone(), |ty| typed(&c.name, ty))).collect())
        }
        TypeDefKind::Enum(of) => names(of.cases.iter().map(|case| case.name.clone()).collect()),
        TypeDefKind::Flags(of) => names(of.flags.iter().map(|flag| flag.name.clone()).collect()),
        _ => spelled_out(resolve, id),
    }
}

impl Change {
    /// Something that implementers of the old version lack.
    pub(in crate::check::compat) fn is_addition(&self) -> bool {
        use crate::check::compat::rules::{
            CONSTRUCTOR_ADDED, FUNCTION_ADDED, METHOD_ADDED, RESOURCE_ADDED, STATIC_ADDED, TYPE_ADDED,
        };
        let additions =
            [&FUNCTION_ADDED, &METHOD_ADDED, &STATIC_ADDED, &CONSTRUCTOR_ADDED, &TYPE_ADDED, &RESOURCE_ADDED];
        additions.iter().any(|rule| **rule == *self.rule)
    }

    /// Something that callers of the new version do not find.
    pub(in crate::check::compat) fn is_removal(&self) -> bool {
        use crate::check::compat::rules::{
            CONSTRUCTOR_REMOVED, FUNCTION_REMOVED, INTERFACE_REMOVED, METHOD_REMOVED, RESOURCE_REMOVED, STATIC_REMOVED,
            TYPE_REMOVED, WORLD_REMOVED,
        };
        let removals = [
            &FUNCTION_REMOVED,
            &METHOD_REMOVED,
            &STATIC_REMOVED,
            &CONSTRUCTOR_REMOVED,
            &TYPE_REMOVED,
            &RESOURCE_REMOVED,
            &INTERFACE_REMOVED,
            &WORLD_REMOVED,
        ];
        removals.iter().any(|rule| **rule == *self.rule)
    }

    /// A change of what a world imports or exports.
    fn is_of_world(&self) -> bool {
        use crate::check::compat::rules::{EXPORT_ADDED, EXPORT_REMOVED, IMPORT_ADDED, IMPORT_REMOVED};
        let rules = [&IMPORT_ADDED, &IMPORT_REMOVED, &EXPORT_ADDED, &EXPORT_REMOVED];
        rules.iter().any(|rule| **rule == *self.rule)
    }

    /// An addition of any kind.
    fn is_new(&self) -> bool {
        use crate::check::compat::rules::{INTERFACE_ADDED, WORLD_ADDED};
        self.is_addition() || [&INTERFACE_ADDED, &WORLD_ADDED].iter().any(|rule| **rule == *self.rule)
    }
}
