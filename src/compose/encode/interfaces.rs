//! Components that are known by their interfaces, each of which is self-contained: it has no resource and uses no type of
//! another, so that it may be written wherever it is needed, and stands for every other that is written the same.

use std::{collections::HashMap, sync::Arc};

use blake3::Hash;
use wasm_encoder::{
    Alias, ComponentBuilder, ComponentExportKind, ComponentOuterAliasKind, ComponentType, ComponentTypeRef,
    InstanceType,
};
use wasmparser::component_types::ComponentEntityType;

use super::{
    reduced::hollow,
    types::{Copy, Extent, Scope, Sink, Source, interface},
};
use crate::{
    compose::{
        shape::Shape,
        signature::{Interface, Signature},
    },
    resolve::TYPE_DEPTH,
};

/// Of an interface that is no deeper than what the planner takes, whatever its types are.
const MAX_TYPES: usize = TYPE_DEPTH;

/// An interface that is self-contained.
pub(in crate::compose) struct SelfContained {
    pub ty: InstanceType,
    /// It has no functions.
    pub is_plain: bool,
}

/// The interfaces of a component, those of its imports and then those of its exports; `None` unless these are all that it
/// imports and exports, each is self-contained, and none has many types.
pub(in crate::compose) fn self_contained(shape: &Shape) -> Option<Vec<SelfContained>> {
    let source = Source { number: 0, types: shape.types() };
    let mut scope = Scope::new(Sink::Type(ComponentType::new()));
    let mut all = Vec::new();
    for (_, item) in shape.items() {
        let ComponentEntityType::Instance(id) = item.ty else { return None };
        let copy = Copy { source, item, extent: Extent::All };
        let interface = interface(&mut scope, &[(&copy, id)]).ok()?;
        if !interface.is_self_contained() || interface.ty.type_count() as usize > MAX_TYPES {
            return None;
        }
        all.push(SelfContained { is_plain: !interface.functions, ty: interface.ty });
        // What another takes from it is found there. It is only looked for, so any number does for the instance.
        scope.keep_exports(&copy, id, 0);
    }
    Some(all)
}

/// Interfaces in a component, each of which is written once.
pub(super) struct Interfaces {
    /// Types that come before.
    first: u32,
    /// By their digests.
    known: HashMap<Hash, u32>,
}

impl Interfaces {
    /// None yet, in a component that has so many types.
    pub fn after(types: u32) -> Interfaces {
        Interfaces { first: types, known: HashMap::new() }
    }

    /// The type of a component, within the one that has the interfaces.
    pub fn within(
        &mut self,
        component: &mut ComponentBuilder,
        signature: &Signature,
        apart: &[Arc<Interface>],
    ) -> ComponentType {
        let mut taken: HashMap<Hash, u32> = HashMap::new();
        made_of(signature, apart, |ty, interface| {
            let write = || self.first + component.type_instance(None, &interface.ty);
            let index = *self.known.entry(interface.digest).or_insert_with(write);
            *taken.entry(interface.digest).or_insert_with(|| {
                ty.alias(Alias::Outer { kind: ComponentOuterAliasKind::Type, count: 1, index });
                ty.type_count() - 1
            })
        })
    }
}

/// The type of a component that is known by its interfaces; `index` gives where each is in it.
fn made_of(
    signature: &Signature,
    apart: &[Arc<Interface>],
    mut index: impl FnMut(&mut ComponentType, &Interface) -> u32,
) -> ComponentType {
    let mut ty = ComponentType::new();
    let (imports, exports) = apart.split_at(signature.imports.len());
    for (name, interface) in signature.imports.keys().zip(imports) {
        let instance = ComponentTypeRef::Instance(index(&mut ty, interface));
        ty.import(name, instance);
    }
    for (name, interface) in signature.exports.keys().zip(exports) {
        let instance = ComponentTypeRef::Instance(index(&mut ty, interface));
        ty.export(name, instance);
    }
    ty
}

/// The same component of a type that is known by its interfaces. A reader of worlds takes interfaces for one that are of
/// one type, so here each has its own.
pub(in crate::compose) fn alone(signature: &Signature, apart: &[Arc<Interface>]) -> Vec<u8> {
    let mut component = ComponentBuilder::default();
    let mut arguments = Vec::with_capacity(signature.imports.len());
    for (name, interface) in signature.imports.keys().zip(apart) {
        let ty = component.type_instance(None, &interface.ty);
        let instance = component.import(name, ComponentTypeRef::Instance(ty));
        arguments.push((name.as_str(), ComponentExportKind::Instance, instance));
    }
    let ty = made_of(signature, apart, |ty, interface| {
        ty.ty().instance(&interface.ty);
        ty.type_count() - 1
    });
    let exports = signature.exports.keys().map(|name| (name.as_str(), ComponentExportKind::Instance, name.into()));
    hollow(component, &ty, &arguments, exports)
}
