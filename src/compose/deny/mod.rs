//! A component that refuses: it exports interfaces that parts are not granted and answers every call of them itself.
//!
//! 1. The interfaces are put together from what the parts know of them ([`super::union`]), so that their types are those
//!    of the imports they meet. Resources they define are the denial's own; what they use of interfaces that stay open
//!    (streams, clocks) it imports.
//! 2. Each function gets its answer ([`answers`]): the interface's own error where it has one, an empty value where a
//!    language asks while it starts, else a trap in a function that is named after the interface and the function.
//! 3. The answers become a core module without state ([`module`]), which gives back every handle it is passed
//!    ([`release`]), and wit-component makes a component of it.
//!
//! Invariants: a denial imports no function but those that drop a handle, so that nothing can pass through it to the host; the
//! same interfaces give the same bytes.

mod answers;
mod module;
mod release;

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{InterfaceId, Resolve};

use super::union::Union;

/// One part's copy of an interface to close.
pub(super) struct Copy<'a> {
    /// The full name under which it is closed.
    pub name: &'a str,
    pub resolve: &'a Resolve,
    pub interface: InterfaceId,
}

/// Encodes a component that closes these interfaces; copies with one name become one interface.
///
/// Fails where they cannot be closed together: an interface that stays open uses types of one that is closed.
pub(super) fn component(copies: &[Copy<'_>]) -> Result<Vec<u8>, anyhow::Error> {
    let mut union = Union::default();
    for copy in copies {
        union.target(copy.name, copy.resolve, copy.interface)?;
    }
    for copy in copies {
        union.add(copy.resolve, copy.interface)?;
    }
    let (resolve, world) = union.world()?;
    let mut module = module::encode(&resolve, world)?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default().module(&module)?.validate(false).encode()
}

#[cfg(test)]
mod tests;
