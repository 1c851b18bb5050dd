//! From a project's WIT to one world per component.

use std::{path::PathBuf, sync::Arc};

use indexmap::IndexMap;
use wit_parser::{Resolve, WorldId};

use crate::language::Language;

/// A component with its world, before or after it is built: what planning, checking and inspecting look at.
#[derive(Debug, Clone)]
pub struct Part {
    pub name: String,
    pub language: Option<Language>,
    pub resolve: Arc<Resolve>,
    pub world: WorldId,
}

/// What `resolve` gives.
#[derive(Debug)]
pub struct Resolution {
    /// In the manifest's order.
    pub components: IndexMap<String, ResolvedComponent>,
}

/// A component with the WIT it sees.
#[derive(Debug)]
pub struct ResolvedComponent {
    pub part: Part,
    /// The WIT subset that its world reaches, as one self-contained text (nested packages) that any
    /// `wit-parser` from 0.245 on reads; empty for a finished `.wasm`.
    pub wit: String,
    /// Fully qualified: `acme:shop/auth@0.1.0`.
    pub world: String,
    /// Files the subset came from, for fingerprints and watching; absolute.
    pub files: Vec<PathBuf>,
}
