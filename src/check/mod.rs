//! What can be said against a component: findings as data, never words on a terminal.
//!
//! Takes bytes, never a project: it serves components that Mosaic did not build.

use serde::Serialize;

use crate::diagnostic::Level;

pub mod compat;
mod fits;
pub mod formats;
pub mod impact;
mod inside;
pub mod levels;
pub mod lint;
mod targets;
mod validate;

pub use targets::targets;
pub use validate::validate;

/// What a check found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was looked at, as the caller named it.
    pub subject: String,
    /// In the order found; empty if all is well.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing found is an error.
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.level < Level::Error)
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// Identifier of the rule, `check::kebab-name`.
    pub rule: &'static str,
    pub level: Level,
    /// What it is about, outermost first: `auth`, `auth: module 2 (go)`. Names in it come from the binary, as they are.
    pub subject: String,
    /// One sentence without a full stop. May quote names from the binary.
    pub message: String,
    /// Where in the file, in bytes.
    pub offset: Option<u64>,
    /// The next step.
    pub help: Vec<String>,
}
