//! A wiring told to people, and as data.

use std::fmt;

use serde::Serialize;

use super::graph::{Edge, Graph, Why, Wiring};
use crate::compare::Name;

/// Each edge with its reason, each host import with who wants it, each export. Its `Display` is the text for people.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// In dependency order.
    pub instances: Vec<Instance>,
    pub host: Vec<Host>,
    pub exports: Vec<Export>,
}

/// A part, or a definition of plain types, with what it imports.
#[derive(Debug, Clone, Serialize)]
pub struct Instance {
    pub name: String,
    /// Not empty where it is a definition of plain types: the parts that share it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types_of: Vec<String>,
    pub imports: Vec<Import>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Import {
    pub import: String,
    pub from: String,
    pub export: String,
    /// In words: `same version`, `wired in mosaic.toml:14` …
    pub why: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Host {
    pub import: String,
    pub wanted_by: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Export {
    pub name: String,
    pub from: String,
}

/// Explains a graph that was planned with this wiring.
pub fn explain(graph: &Graph, wiring: &Wiring) -> Explanation {
    let instances = graph.instances.iter().map(|name| {
        let edges = graph.edges.iter().filter(|edge| edge.from == *name);
        Instance {
            name: name.clone(),
            types_of: graph.types.get(name).cloned().unwrap_or_default(),
            imports: edges.map(|edge| import(edge, wiring)).collect(),
        }
    });
    let host = graph.host.iter().map(|host| Host { import: host.import.clone(), wanted_by: host.wanted_by.clone() });
    let exports = graph.exports.iter().map(|export| Export { name: export.name.clone(), from: export.from.clone() });
    Explanation { instances: instances.collect(), host: host.collect(), exports: exports.collect() }
}

fn import(edge: &Edge, wiring: &Wiring) -> Import {
    let why = match &edge.why {
        Why::Exact if Name::new(&edge.import).version.is_some() => "same version".to_owned(),
        Why::Exact => "same name".to_owned(),
        Why::Compatible => {
            let version = |name| Name::new(name).version.unwrap_or("none").to_owned();
            format!("compatible version, {} → {}", version(&edge.import), version(&edge.export))
        }
        Why::Wired(at) => match (at, &wiring.source) {
            (Some(at), Some(source)) => {
                let before = source.text.get(..at.start).unwrap_or_default();
                format!("wired in {}:{}", source.name, before.matches('\n').count() + 1)
            }
            _ => "wired on the command line".to_owned(),
        },
        Why::TypesOf(import) => format!("its types are those of `{import}`"),
        Why::PlainTypes => "plain types, defined in the app itself".to_owned(),
    };
    Import { import: edge.import.clone(), from: edge.to.clone(), export: edge.export.clone(), why }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for instance in &self.instances {
            match &instance.types_of[..] {
                [] => writeln!(f, "{}", instance.name)?,
                parts => writeln!(f, "{} (plain types, shared by {})", instance.name, parts.join(", "))?,
            }
            for import in &instance.imports {
                writeln!(f, "  {} ← {} ({})", import.import, import.from, import.why)?;
            }
        }
        if !self.host.is_empty() {
            writeln!(f, "left to the host")?;
        }
        for host in &self.host {
            writeln!(f, "  {} (for {})", host.import, host.wanted_by.join(", "))?;
        }
        writeln!(f, "exports")?;
        self.exports.iter().try_for_each(|export| writeln!(f, "  {} (from {})", export.name, export.from))
    }
}
