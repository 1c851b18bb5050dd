//! What has to do with nothing.

use std::collections::HashSet;

use wit_parser::{InterfaceId, Type, TypeId, TypeOwner, WorldItem};

use super::{
    items::{Linter, in_signature, mentions},
    rules::{UNUSED_INTERFACE, UNUSED_TYPE, UNUSED_USE},
};
use crate::check::compat::{Item, Root};

impl Linter<'_> {
    pub(super) fn unused(&mut self) {
        let resolve = self.resolve;
        let mut used: HashSet<TypeId> = HashSet::new();
        let mut mention = |ty: &Type| {
            if let Type::Id(id) = ty {
                used.insert(*id);
            }
        };
        resolve.types.iter().for_each(|(_, def)| mentions(&def.kind, &mut mention));
        let of_worlds =
            resolve.worlds.iter().flat_map(|(_, world)| world.imports.values().chain(world.exports.values()));
        let of_worlds: Vec<&WorldItem> = of_worlds.collect();
        let mut in_worlds: HashSet<InterfaceId> = HashSet::new();
        for item in &of_worlds {
            match item {
                WorldItem::Function(function) => in_signature(function, &mut mention),
                WorldItem::Interface { id, .. } => drop(in_worlds.insert(*id)),
                WorldItem::Type { .. } => {}
            }
        }
        let interfaces = resolve.interfaces.iter().flat_map(|(_, interface)| interface.functions.values());
        interfaces.for_each(|function| in_signature(function, &mut mention));

        // Interfaces whose types somebody else uses.
        let lenders: HashSet<InterfaceId> = resolve
            .types
            .iter()
            .filter(|(id, _)| self.is_used_type(*id))
            .filter_map(|(_, def)| match def.kind {
                wit_parser::TypeDefKind::Type(Type::Id(of)) => Some(resolve.types[of].owner),
                _ => None,
            })
            .filter_map(|owner| if let TypeOwner::Interface(id) = owner { Some(id) } else { None })
            .collect();

        for package in self.own.clone() {
            let package = &resolve.packages[package];
            let name = format!("{}:{}", package.name.namespace, package.name.name);
            for (interface, id) in &package.interfaces {
                let item = Item::of(Root::Interface(format!("{name}/{interface}")));
                let interface = &resolve.interfaces[*id];
                // Where there are no worlds, others have them.
                if !package.worlds.is_empty() && !in_worlds.contains(id) && !lenders.contains(id) {
                    self.tell(&UNUSED_INTERFACE, &item, None, interface.span);
                }
                // Types alone are there for others.
                if !interface.functions.is_empty() {
                    self.unused_types(&item, &mut interface.types.values().copied(), &used);
                }
            }
            for (world, id) in &package.worlds {
                let item = Item::of(Root::World(format!("{name}/{world}")));
                let mut types = resolve.worlds[*id].imports.values().filter_map(|item| match item {
                    WorldItem::Type { id, .. } => Some(*id),
                    WorldItem::Interface { .. } | WorldItem::Function(_) => None,
                });
                self.unused_types(&item, &mut types, &used);
            }
        }
    }

    fn unused_types(&mut self, home: &Item, types: &mut dyn Iterator<Item = TypeId>, used: &HashSet<TypeId>) {
        for id in types.filter(|id| !used.contains(id)) {
            let rule = if self.is_used_type(id) { &UNUSED_USE } else { &UNUSED_TYPE };
            self.tell(rule, &home.inside(self.type_step(id)), None, self.resolve.types[id].span);
        }
    }
}
