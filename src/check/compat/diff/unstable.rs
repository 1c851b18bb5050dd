//! Items behind `@unstable`, which no [`Resolve`] shows unless their features are asked for.
//!
//! They promise nothing, so what changes within them is told apart from everything else; what becomes stable or unstable
//! looks like an addition or a removal to the walk over what is stable, and is given its own name here.

use std::collections::HashMap;

use wit_parser::{PackageId, Resolve, Span, Stability, TypeId};

use super::{
    Change, Diff,
    functions::is_unstable,
    packages::{Pair, base},
    types::type_step,
};
use crate::{
    check::compat::{
        finding::{Item, Root},
        rules::{MADE_UNSTABLE, STABILIZED, UNSTABLE_ADDED, UNSTABLE_CHANGED, UNSTABLE_REMOVED},
    },
    compare::{function_step, function_text, spelled_out},
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
                Some(gated(resolve, *resolve.package_names.get(&own.packages[id].name)?, &name))
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
        for (item, gated) in now {
            match (was.get(item), self.changes.iter_mut().find(|change| change.item == *item && change.is_removal())) {
                (Some(old), _) if old.text == gated.text => {}
                (Some(old), _) => {
                    let (old, new) = (old.text.clone(), gated.text.clone());
                    self.tell(&UNSTABLE_CHANGED, item.clone(), old, new, (unknown, unknown));
                }
                (None, Some(change)) => {
                    change.rule = &MADE_UNSTABLE;
                    change.new = Some(gated.feature.clone());
                }
                (None, None) => {
                    let feature = gated.feature.clone();
                    self.tell(&UNSTABLE_ADDED, item.clone(), None, feature, (unknown, gated.span));
                }
            }
        }
        for (item, gated) in before.iter().filter(|(item, _)| !is.contains_key(item)) {
            let feature = gated.feature.clone();
            match self.changes.iter_mut().find(|change| change.item == *item && change.is_new()) {
                Some(change) => {
                    change.rule = &STABILIZED;
                    change.old = Some(feature);
                }
                None => self.tell(&UNSTABLE_REMOVED, item.clone(), feature, None, (gated.span, unknown)),
            }
        }
    }
}

/// What is unstable in a package, under the package's name on the old side.
fn gated(resolve: &Resolve, package: PackageId, name: &str) -> Vec<(Item, Gated)> {
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
        add(item, &world.stability, names.collect::<Vec<_>>().join(", "), world.span);
    }
    found
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

    /// An addition of any kind.
    fn is_new(&self) -> bool {
        use crate::check::compat::rules::{INTERFACE_ADDED, WORLD_ADDED};
        self.is_addition() || [&INTERFACE_ADDED, &WORLD_ADDED].iter().any(|rule| **rule == *self.rule)
    }
}
