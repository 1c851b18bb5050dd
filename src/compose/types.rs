//! A component that provides nothing but the plain types of one interface.
//!
//! Parts whose interfaces share a package of types all import it, and nobody implements it, because there is nothing to
//! implement. Left open it would be an import of the app that no host can make sense of; so the app defines it itself.
//! Each part knows only the types it uses: the definition is the [`Union`] of what they know.

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{InterfaceId, Resolve};

use super::union::Union;

/// Encodes the union of several copies of one interface, `name`, without functions and resources.
pub(super) fn component(name: &str, copies: &[(&Resolve, InterfaceId)]) -> Result<Vec<u8>, anyhow::Error> {
    let mut union = Union::default();
    for (resolve, interface) in copies {
        union.target(name, resolve, *interface)?;
        union.add(resolve, *interface)?;
    }
    let (resolve, world) = union.world()?;
    // Nothing but functions and resources needs code.
    let mut module = wasm_encoder::Module::new().finish();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default().module(&module)?.validate(false).encode()
}
