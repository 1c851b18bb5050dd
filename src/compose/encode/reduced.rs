//! The app with its parts reduced to their types.
//!
//! Each part was validated in full by itself ([`super::super::read`]). What is left to ask is whether the parts fit
//! together, and that is a question to their types: so here each is an import of the type that its validation found.

use wasm_encoder::{ComponentBuilder, ComponentType, ComponentTypeRef};

use super::{
    Instance,
    instances::{Counts, Tail},
    types::{Copy, Extent, Scope, Side, Sink, Unsupported, external},
};
use crate::compose::{Error, sections::PREAMBLE};

/// `head` is the app up to its components.
pub(super) fn encode(head: &[u8], counts: &Counts, tail: &Tail<'_>) -> Result<Vec<u8>, Error> {
    let mut bytes = head.to_vec();
    let mut components = ComponentBuilder::default();
    for (number, instance) in tail.instances.iter().enumerate() {
        let ty = component_type(instance)
            .map_err(|Unsupported(reason)| Error::TooNew { part: instance.name.to_owned(), reason })?;
        let index = counts.types + components.type_component(None, &ty);
        // No import of an app is called so: a name without a colon is one of a part's own world.
        components.import(&format!("mosaic-reduced-part{number}"), ComponentTypeRef::Component(index));
    }
    let types = counts.types + tail.instances.len() as u32;
    bytes.extend_from_slice(&components.finish()[PREAMBLE..]);
    bytes.extend(tail.encode(&Counts { types, ..*counts })?.0);
    Ok(bytes)
}

/// The type of a component as its validation found it.
fn component_type(instance: &Instance<'_>) -> Result<ComponentType, Unsupported> {
    let mut scope = Scope::new(Sink::Type(ComponentType::new()));
    let shape = &instance.shape;
    let source = instance.source(0);
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
