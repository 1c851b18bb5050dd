//! Parts by what their imports and exports are called, where that is enough to plan them.
//!
//! Whether an interface that has no resource and uses no type of another holds what another asks for is a question to
//! digests: no world need be decoded to answer it. In what two such interfaces differ, or what they have in common with
//! one that is not of their kind, only worlds tell.

use std::collections::BTreeMap;

use blake3::Hash;

use crate::language::Language;

/// A part of which every import and every export is an interface that is [`SelfContained`].
#[derive(Debug, Clone)]
pub struct Outline<'a> {
    pub name: &'a str,
    pub language: Option<Language>,
    /// By their full names, in the world's order; none is a label for another.
    pub imports: Vec<(&'a str, &'a SelfContained)>,
    pub exports: Vec<(&'a str, &'a SelfContained)>,
}

/// An interface without resources that uses no type of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfContained {
    /// It has no functions.
    pub is_plain: bool,
    /// Its types and functions by their names: digests of what they are, the same for the same structure as
    /// [`compare`](crate::compare) knows it.
    pub items: BTreeMap<String, Hash>,
}

impl SelfContained {
    /// Whether all that this one expects is found in another, as it is expected.
    pub(super) fn is_found_in(&self, other: &SelfContained) -> bool {
        self.items.iter().all(|(name, item)| other.items.get(name) == Some(item))
    }
}
