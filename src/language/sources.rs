//! What the sources of an interpreted program import: recorded where it is built, read where a component is inspected.
//!
//! The record is a custom section of the component, [`SECTION`], JSON, the same for the same sources.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wasm_encoder::{ComponentSection, CustomSection};

/// The name of the custom section.
pub const SECTION: &str = "mosaic:sources";

/// What sources import, and in which files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// `python`, `javascript`.
    pub language: String,
    /// Modules as the sources name them, the program's own left out, with the files that do, relative to the project.
    pub modules: BTreeMap<String, BTreeSet<String>>,
    /// Built-in functions that are called, likewise: those that reach further than the language.
    pub calls: BTreeMap<String, BTreeSet<String>>,
}

impl Sources {
    pub fn imports(&mut self, module: &str, file: &str) {
        self.modules.entry(module.to_owned()).or_default().insert(file.to_owned());
    }

    pub fn calls(&mut self, function: &str, file: &str) {
        self.calls.entry(function.to_owned()).or_default().insert(file.to_owned());
    }

    /// Adds the section to a component.
    pub fn record(&self, component: &mut Vec<u8>) {
        let data = serde_json::json!(self).to_string();
        CustomSection { name: SECTION.into(), data: data.as_bytes().into() }.append_to_component(component);
    }

    /// Reads the section's contents; `None` if they are none.
    pub fn read(data: &[u8]) -> Option<Sources> {
        serde_json::from_slice(data).ok()
    }
}
