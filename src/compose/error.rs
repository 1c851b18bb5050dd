//! Why a component could not be composed.

use crate::diagnostic::{Diagnose, Problem};

/// Why a component could not be composed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("could not read `{path}`")]
    Read { path: String, source: std::io::Error },
    /// What was read at first is not what is there now.
    #[error("`{path}` was changed while it was being composed")]
    Changed { path: String },
    /// The app could not be written.
    #[error("could not write the app")]
    Write(#[from] std::io::Error),
    /// Not a component, or not one whose world can be read.
    #[error(transparent)]
    Part(#[from] crate::resolve::Error),
    #[error("`{part}` is not a valid component")]
    Invalid { part: String, reason: String, offset: Option<u64> },
    /// Valid, but newer than what encodes compositions.
    #[error("`{part}` uses something that composition does not know yet")]
    TooNew { part: String, reason: String },
    /// The app would be larger than engines accept.
    #[error("the app would hold {count} {what}, more than engines accept ({limit})")]
    TooLarge { what: &'static str, count: usize, limit: usize },
    #[error(transparent)]
    Plan(#[from] crate::plan::Error),
    #[error(transparent)]
    Wac(#[from] crate::plan::wac::Error),
    /// The graph names a part that was not given.
    #[error("component `{part}` has not been built")]
    NoBytes { part: String },
    /// The graph was not planned from these components.
    #[error("`{part}` imports `{import}`, which the plan does not know")]
    Unplanned { part: String, import: String },
    /// What no grant covers could not be closed.
    #[error("{} cannot be closed to {}", quoted(.interfaces), quoted(.parts))]
    Unclosable { interfaces: Vec<String>, parts: Vec<String>, reason: String },
    /// What the planner allowed could not be encoded: the fault is Mosaic's.
    #[error("composing failed{}", .part.as_ref().map(|part| format!(" at `{part}`")).unwrap_or_default())]
    Internal { part: Option<String>, reason: String },
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        vec![match self {
            Error::Plan(error) => return error.problems(),
            Error::Wac(error) => return error.problems(),
            Error::Part(error) => return error.problems(),
            Error::Read { source, .. } => Problem::error("compose::read", self.to_string()).because(source.to_string()),
            Error::Changed { .. } => Problem::error("compose::changed", self.to_string())
                .help("Compose again once whoever writes it is done."),
            Error::Write(source) => Problem::error("compose::write", self.to_string()).because(source.to_string()),
            Error::Invalid { part, reason, offset } => Problem::error("compose::invalid", self.to_string())
                .in_component(part)
                .because(offset.map_or_else(|| reason.clone(), |offset| format!("{reason} (at byte {offset:#x})")))
                .help("Build it again, or check the file: it may be cut off or for a newer engine."),
            Error::TooNew { part, reason } => Problem::error("compose::too-new", self.to_string())
                .in_component(part)
                .because(reason)
                .help(format!("Build `{part}` without it, or with an older version of its tools.")),
            Error::TooLarge { .. } => {
                Problem::error("compose::too-large", self.to_string()).help("Compose fewer components into one app.")
            }
            Error::NoBytes { part } => Problem::error("compose::not-built", self.to_string())
                .in_component(part)
                .help("Build it: cargo mosaic build"),
            Error::Unplanned { part, .. } => Problem::error("compose::unplanned-import", self.to_string())
                .in_component(part)
                .because("the component has changed since it was planned")
                .help("Build it again: cargo mosaic build"),
            Error::Unclosable { parts, reason, .. } => {
                Problem::error("compose::unclosable", self.to_string()).because(reason).help(format!(
                    "Grant it to {} in mosaic.toml, or build {} without it.",
                    quoted(parts),
                    if parts.len() == 1 { "the component" } else { "the components" }
                ))
            }
            Error::Internal { part, reason } => {
                let problem = Problem::error("compose::internal", self.to_string())
                    .because(reason)
                    .help("This is a fault of Mosaic, not of yours: please report it with the components.");
                match part {
                    Some(part) => problem.in_component(part),
                    None => problem,
                }
            }
        }]
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
