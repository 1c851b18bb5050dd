//! The app with its parts reduced to their types.
//!
//! Each part was validated in full by itself ([`super::super::read`]). What is left to ask is whether the parts fit
//! together, and that is a question to their types: so here each is an import of the type that its validation found.

use std::borrow::Cow;

use wasm_encoder::{
    Alias, ComponentBuilder, ComponentExportKind, ComponentExternName, ComponentType, ComponentTypeRef,
};

use super::{
    instances::{Counts, Tail},
    interfaces::Interfaces,
    sort,
    types::{Copy, Extent, Scope, Side, Sink, Source, Unsupported, external},
};
use crate::compose::{Error, sections::PREAMBLE, shape::Shape, signature::Written};

/// What a part is called that is an import.
const PART: &str = "mosaic-reduced-part";

/// `head` is the app up to its components.
pub(super) fn encode(head: &[u8], counts: &Counts, tail: &Tail<'_>) -> Result<Vec<u8>, Error> {
    let mut bytes = head.to_vec();
    let mut components = ComponentBuilder::default();
    let mut interfaces = Interfaces::after(counts.types);
    for (number, instance) in tail.instances.iter().enumerate() {
        let written = instance.signature.written().map_err(|unsupported| instance.too_new(unsupported))?;
        let ty = match written {
            Written::Whole { ty, .. } => Cow::Borrowed(ty),
            Written::Apart(apart) => Cow::Owned(interfaces.within(&mut components, &instance.signature, apart)),
        };
        let index = counts.types + components.type_component(None, &ty);
        // No import of an app is called so: a name without a colon is one of a part's own world.
        components.import(format!("{PART}{number}"), ComponentTypeRef::Component(index));
    }
    let types = counts.types + components.type_count();
    bytes.extend_from_slice(&components.finish()[PREAMBLE..]);
    bytes.extend(tail.encode(&Counts { types, ..*counts })?.0);
    Ok(bytes)
}

/// The type of a component; and, with the same imports and exports, a component that has nothing in it: what a reader of
/// its world needs.
pub(in crate::compose) fn written(shape: &Shape) -> Result<Written, Unsupported> {
    let mut scope = Scope::new(Sink::Component(ComponentBuilder::default()));
    let source = Source { number: 0, types: shape.types() };
    let mut arguments = Vec::with_capacity(shape.imports.len());
    for name in shape.imports.keys() {
        if let Some(item) = shape.import(name) {
            let copy = Copy { source, item, extent: Extent::All };
            let (kind, index) = scope.declare(Side::Import, external(name, item), &[copy])?;
            arguments.push((name.as_str(), kind, index));
        }
    }
    let ty = component_type(shape)?;
    let Sink::Component(component) = scope.sink else { unreachable!("the scope is a component") };
    let mut exports = Vec::with_capacity(shape.exports.len());
    for name in shape.exports.keys() {
        if let Some(item) = shape.export(name) {
            let kind = sort(&item.ty).ok_or_else(|| Unsupported(format!("`{name}` cannot be given to a component")))?;
            exports.push((name.as_str(), kind, external(name, item)));
        }
    }
    let alone = hollow(component, &ty, &arguments, exports);
    Ok(Written::Whole { ty, alone })
}

/// Ends a component by exports that come from nothing but a type: an import of which an instance is made.
pub(super) fn hollow<'a>(
    mut component: ComponentBuilder,
    ty: &ComponentType,
    arguments: &[(&str, ComponentExportKind, u32)],
    exports: impl IntoIterator<Item = (&'a str, ComponentExportKind, ComponentExternName<'a>)>,
) -> Vec<u8> {
    let index = component.type_component(None, ty);
    let whole = component.import(PART, ComponentTypeRef::Component(index));
    let instance = component.instantiate(None, whole, arguments.iter().copied());
    for (name, kind, external) in exports {
        let index = component.alias(None, Alias::InstanceExport { instance, kind, name });
        component.export(external, kind, index, None);
    }
    let mut bytes = component.finish();
    bytes.shrink_to_fit();
    bytes
}

/// The type of a component as its validation found it.
fn component_type(shape: &Shape) -> Result<ComponentType, Unsupported> {
    let mut scope = Scope::new(Sink::Type(ComponentType::new()));
    let source = Source { number: 0, types: shape.types() };
    let imports = shape.imports.keys().map(|name| (Side::Import, name, shape.import(name)));
    let exports = shape.exports.keys().map(|name| (Side::Export, name, shape.export(name)));
    for (side, name, item) in imports.chain(exports) {
        if let Some(item) = item {
            scope.declare(side, external(name, item), &[Copy { source, item, extent: Extent::All }])?;
        }
    }
    match scope.sink {
        Sink::Type(ty) => Ok(ty),
        Sink::Component(_) => unreachable!("the scope is a type"),
    }
}
