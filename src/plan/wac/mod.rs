//! Wirings as `.wac` texts, the field's language for them: read, and written.
//!
//! What is read is the wiring alone: instances, what meets their imports, what is exported. A `.wac` text is all there
//! is ([`super::graph::Rest::Host`]): what it does not give an instance is left to the host, where it says `...`.
//!
//! Invariants: a text is refused with its place wherever Mosaic would do something else than it says; nesting is
//! bounded before wac's parser, which recurses, sees the text; what is written is read again as the same plan.

mod error;
mod read;
mod write;

pub use error::{Error, Flaw, FlawKind};
pub use read::{Composition, packages, read};
pub use write::{Unwritable, write};

#[cfg(test)]
mod tests;
