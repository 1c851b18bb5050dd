//! The languages a component can be written in.

pub mod sources;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language with a build backend, or a command line that leaves a `.wasm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Rust,
    Go,
    Python,
    /// JavaScript and TypeScript.
    JavaScript,
    /// Any other: the manifest gives the command.
    Command,
}

impl Language {
    /// As written in the manifest and shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::Go => "go",
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::Command => "command",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
