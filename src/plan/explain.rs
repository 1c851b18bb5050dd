//! A wiring told to people, and as data.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    ops::Range,
};

use serde::Serialize;

use super::{
    capability::Standing,
    graph::{self, Edge, Graph, Why, Wiring},
    order,
};
use crate::{compare::Name, manifest::Family};

/// Each edge with its reason, each host import with who wants it and why it may, what is closed to whom, each export.
/// Its `Display` is the text for people.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// In dependency order.
    pub instances: Vec<Instance>,
    pub host: Vec<Host>,
    pub exports: Vec<Export>,
    /// Parts that no export needs, by themselves or through others.
    pub unused: Vec<String>,
}

/// A part, or a definition of plain types, with what it imports. Denials are told with the parts they refuse.
#[derive(Debug, Clone, Serialize)]
pub struct Instance {
    pub name: String,
    /// Not empty where it is a definition of plain types: the parts that share it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types_of: Vec<String>,
    pub imports: Vec<Import>,
    /// What it has from the host, and why it may.
    pub host: Vec<Open>,
    /// What it is not granted: its calls are refused within the app.
    pub closed: Vec<Closed>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Open {
    pub import: String,
    /// The import of the app that it is, where that is kept apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub standing: Standing,
}

#[derive(Debug, Clone, Serialize)]
pub struct Closed {
    pub import: String,
    /// The word that would grant it; none where nothing can.
    pub grant: Option<Family>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Import {
    pub import: String,
    pub from: String,
    pub export: String,
    pub reason: Reason,
    /// The reason in words: `same version`, `wired in mosaic.toml:14` …
    pub why: String,
}

/// Why an import is met by what meets it: [`Why`] without its particulars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    Exact,
    Compatible,
    Wired,
    Wraps,
    InFrontOf,
    TypesOf,
    PlainTypes,
}

#[derive(Debug, Clone, Serialize)]
pub struct Host {
    pub import: String,
    /// Where it is kept apart from other imports of the interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub wanted_by: Vec<String>,
    /// Parts that export it in a version that is not compatible.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<Export>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Export {
    pub name: String,
    pub from: String,
}

/// Explains a graph that was planned with this wiring.
pub fn explain(graph: &Graph, wiring: &Wiring) -> Explanation {
    let labelled = graph.host.iter().filter(|host| host.label.is_some());
    let kept: HashSet<&str> = labelled.map(|host| host.import.as_str()).collect();
    let instances = graph.instances.iter().filter(|name| !graph.denials.contains_key(*name)).map(|name| {
        let edges = || graph.edges.iter().filter(|edge| edge.from == *name);
        let closed = edges().filter_map(|edge| match edge.why {
            Why::Closed(grant) => Some(Closed { import: edge.import.clone(), grant }),
            _ => None,
        });
        let host = graph.host.iter().filter_map(|host| {
            let wanted = host.wanted_by.iter().find(|wanted| wanted.by == *name)?;
            // The types of what it has under a label are no word more.
            if host.label.is_none() && wanted.standing == Standing::Values && kept.contains(host.import.as_str()) {
                return None;
            }
            Some(Open { import: host.import.clone(), label: host.label.clone(), standing: wanted.standing })
        });
        Instance {
            name: name.clone(),
            types_of: graph.types.get(name).cloned().unwrap_or_default(),
            imports: edges().filter_map(|edge| import(edge, wiring)).collect(),
            host: host.collect(),
            closed: closed.collect(),
        }
    });
    let host = graph.host.iter().map(|host| Host {
        import: host.import.clone(),
        label: host.label.clone(),
        wanted_by: host.wanted_by.iter().map(|wanted| wanted.by.clone()).collect(),
        near: host.near.iter().map(export).collect(),
    });
    let exports = graph.exports.iter().map(export);
    let needed = order::needed(graph);
    let is_part = |name: &str| !graph.types.contains_key(name) && !graph.denials.contains_key(name);
    let unused = graph.instances.iter().filter(|name| is_part(name) && !needed.contains(name.as_str()));
    Explanation {
        instances: instances.collect(),
        host: host.collect(),
        exports: exports.collect(),
        unused: unused.cloned().collect(),
    }
}

fn export(export: &graph::Export) -> Export {
    Export { name: export.name.clone(), from: export.from.clone() }
}

fn import(edge: &Edge, wiring: &Wiring) -> Option<Import> {
    let (reason, why) = match &edge.why {
        Why::Exact if Name::new(&edge.import).version.is_some() => (Reason::Exact, "same version".to_owned()),
        Why::Exact => (Reason::Exact, "same name".to_owned()),
        Why::Compatible => {
            let version = |name| Name::new(name).version.unwrap_or("none").to_owned();
            let versions = format!("compatible version, {} → {}", version(&edge.import), version(&edge.export));
            (Reason::Compatible, versions)
        }
        Why::Wired(at) => (Reason::Wired, format!("wired {}", place(at.as_ref(), wiring))),
        Why::Wraps(at) => (Reason::Wraps, format!("put in front of it {}", place(at.as_ref(), wiring))),
        Why::InFrontOf(wrapped) => (Reason::InFrontOf, format!("it stands in front of {wrapped}")),
        Why::TypesOf(import) => (Reason::TypesOf, format!("its types are those of `{import}`")),
        Why::PlainTypes => (Reason::PlainTypes, "plain types, defined in the app itself".to_owned()),
        Why::Closed(_) => return None,
    };
    Some(Import { import: edge.import.clone(), from: edge.to.clone(), export: edge.export.clone(), reason, why })
}

/// Where the user said so.
fn place(at: Option<&Range<usize>>, wiring: &Wiring) -> String {
    match (at, &wiring.source) {
        (Some(at), Some(source)) => {
            let before = source.text.get(..at.start).unwrap_or_default();
            format!("in {}:{}", source.name, before.matches('\n').count() + 1)
        }
        _ => "on the command line".to_owned(),
    }
}

impl Instance {
    /// What it may and may not, a line for each reason; nothing where no grants are known.
    fn capabilities(&self) -> Vec<String> {
        let open = self.host.iter().filter_map(|open| {
            let why = match open.standing {
                Standing::Undecided => return None,
                Standing::Granted(family) => match open.label {
                    Some(_) => format!("granted (`{}`), kept apart", family.word()),
                    None => format!("granted (`{}`)", family.word()),
                },
                Standing::Declared => "granted (left open by name)".to_owned(),
                Standing::Always => "always granted".to_owned(),
                Standing::Values => "values only".to_owned(),
            };
            Some((why, &open.import))
        });
        let closed = self.closed.iter().map(|closed| match closed.grant {
            Some(family) => (format!("closed (not granted `{}`)", family.word()), &closed.import),
            None => ("closed (no grant covers it)".to_owned(), &closed.import),
        });
        let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (why, import) in open.chain(closed) {
            lines.entry(why).or_default().push(Name::new(import).base);
        }
        lines.into_iter().map(|(why, imports)| format!("{why}: {}", imports.join(", "))).collect()
    }
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
            instance.capabilities().iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        if !self.host.is_empty() {
            writeln!(f, "left to the host")?;
        }
        let labelled = self.host.iter().filter(|host| host.label.is_some());
        let kept: HashSet<&str> = labelled.map(|host| host.import.as_str()).collect();
        for host in &self.host {
            let near =
                host.near.iter().map(|near| format!("; {} exports {}, which is not compatible", near.from, near.name));
            let label = match &host.label {
                Some(label) if *label != host.import => format!(" as {label}"),
                _ => String::new(),
            };
            let types = if host.label.is_none() && kept.contains(host.import.as_str()) { "types, " } else { "" };
            let wanted_by = host.wanted_by.join(", ");
            writeln!(f, "  {}{label} ({types}for {wanted_by}{})", host.import, near.collect::<String>())?;
        }
        writeln!(f, "exports")?;
        self.exports.iter().try_for_each(|export| writeln!(f, "  {} (from {})", export.name, export.from))?;
        if !self.unused.is_empty() {
            writeln!(f, "unused")?;
        }
        self.unused.iter().try_for_each(|part| writeln!(f, "  {part}"))
    }
}
