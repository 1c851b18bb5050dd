//! Two files side by side: what is in one and not in the other, and what changed in both.
//!
//! 1. Worlds, by the rules of compatibility ([`crate::check::compat`]), the second taking the first's place: what breaks
//!    those who call it or run it, and what does not.
//! 2. Parts and wires by name; sizes, tools, and what each part can do.
//!
//! Order is that of the files, the first's before the second's.

use indexmap::{IndexMap, IndexSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Section,
    model::{EdgeKind, Found, Graph, Inspection, NodeKind, Overview},
    world::World,
};
use crate::{
    check::{
        compat::{self, Settings},
        levels::Level,
    },
    resolve::{Error, guarded},
};

/// What differs between two files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Diff {
    /// They are the same, byte for byte.
    pub identical: bool,
    /// Whether the second can take the place of the first, going by their worlds; none where they have none to compare.
    pub compatible: Option<bool>,
    pub world: Vec<WorldChange>,
    pub graph: Vec<Change>,
    pub needs: Vec<Change>,
    pub producers: Vec<Change>,
    /// Of WIT packages.
    pub versions: Vec<Change>,
    /// The whole, then parts, where they differ.
    pub sizes: Vec<SizeChange>,
}

/// A change of the world, by a rule of compatibility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct WorldChange {
    /// The rule's id: `cargo mosaic check --explain` tells it.
    pub rule: String,
    pub breaks: bool,
    /// What happened, in one sentence.
    pub what: String,
    /// In what way, and whom it breaks or concerns.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub details: Vec<String>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    pub kind: ChangeKind,
    pub what: String,
    /// In words, each thing by itself.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub details: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
}

/// Another size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SizeChange {
    /// A part; empty for the whole.
    pub name: String,
    pub before: Option<u64>,
    pub after: Option<u64>,
}

/// Compares two files. Each is a name for messages, and bytes.
pub fn diff(before: (&str, &[u8]), after: (&str, &[u8])) -> Result<Diff, Error> {
    let sections = [Section::Graph, Section::Needs, Section::Versions];
    let (a, world_a) = super::look(before.0, before.1, &sections)?;
    let (b, world_b) = super::look(after.0, after.1, &sections)?;
    let world = match (world_a, world_b) {
        (Some(x), Some(y)) => guarded(|| worlds((before.0, x), (after.0, y)))?,
        _ => None,
    };
    Ok(Diff {
        identical: a.overview.digest == b.overview.digest,
        compatible: world.as_ref().map(|changes| !changes.iter().any(|change| change.breaks)),
        world: world.unwrap_or_default(),
        graph: both(&wiring(&a), &wiring(&b)),
        needs: both(&needs(&a), &needs(&b)),
        producers: both(&tools(&a), &tools(&b)),
        versions: both(&versions(&a), &versions(&b)),
        sizes: sizes(&a.overview, &b.overview),
    })
}

/// The JSON schema of [`Diff`], as text.
pub fn diff_schema_text() -> String {
    super::model::schema_of::<Diff>()
}

/// What the rules of compatibility say; `None` of a component and WIT, which are no two versions of one thing.
fn worlds(a: (&str, World), b: (&str, World)) -> Option<Vec<WorldChange>> {
    let (old, new) = (a.1.versioned(a.0)?, b.1.versioned(b.0)?);
    let compared = compat::compare(&old, &new, &Settings::default()).ok()?;
    let change = |finding: &compat::Finding| WorldChange {
        rule: finding.rule.id.to_owned(),
        breaks: finding.level == Level::Deny,
        what: finding.message(),
        details: finding.note.iter().cloned().chain(finding.concerned()).collect(),
    };
    Some(compared.findings.iter().map(change).collect())
}

/// Things by what they are, with what is said of each.
type Facts = IndexMap<String, IndexSet<String>>;

fn both(a: &Facts, b: &Facts) -> Vec<Change> {
    let change = |kind, what: &str, details| Change { kind, what: what.to_owned(), details };
    let mut changes = Vec::new();
    for (what, before) in a {
        let Some(after) = b.get(what) else {
            changes.push(change(ChangeKind::Removed, what, before.iter().cloned().collect()));
            continue;
        };
        let gone = before.difference(after).map(|fact| format!("no longer: {fact}"));
        let details: Vec<String> = gone.chain(after.difference(before).map(|fact| format!("now: {fact}"))).collect();
        if !details.is_empty() {
            changes.push(change(ChangeKind::Changed, what, details));
        }
    }
    for (what, after) in b.iter().filter(|(what, _)| !a.contains_key(*what)) {
        changes.push(change(ChangeKind::Added, what, after.iter().cloned().collect()));
    }
    changes
}

fn graph(inspection: &Inspection) -> Option<&Graph> {
    inspection.graph.as_ref()
}

/// A node by its path; the file is the same whatever it is called.
fn place(graph: &Graph, id: u32) -> String {
    if id == 0 { "the file".to_owned() } else { graph.path(id) }
}

fn wiring(inspection: &Inspection) -> Facts {
    let mut facts = Facts::new();
    let Some(graph) = graph(inspection) else { return facts };
    for node in &graph.nodes {
        let said = facts.entry(format!("part {}", place(graph, node.id))).or_default();
        let kind = match node.kind {
            NodeKind::Part => None,
            NodeKind::Composition => Some("a composition"),
            NodeKind::Denial => Some("a denial"),
            NodeKind::Types => Some("types"),
            NodeKind::Imported => Some("imported"),
        };
        said.extend(kind.map(str::to_owned).or_else(|| node.origin.as_ref().map(|origin| origin.language.clone())));
    }
    for edge in graph.edges.iter().filter(|edge| edge.kind != EdgeKind::Inward) {
        let said = facts.entry(format!("{} of {}", edge.import, place(graph, edge.from))).or_default();
        said.insert(format!("from {} ({})", place(graph, edge.to), edge.export));
    }
    facts
}

fn needs(inspection: &Inspection) -> Facts {
    let mut facts = Facts::new();
    let Some(needs) = &inspection.needs else { return facts };
    for part in &needs.parts {
        let name = if part.node == 0 { "the file" } else { part.name.as_str() };
        let said = facts.entry(name.to_owned()).or_default();
        said.extend(part.linked.iter().map(|linked| format!("linked: {}", linked.capability.words)));
        let used = part.evidence.iter().filter(|evidence| evidence.found == Found::Use);
        said.extend(used.map(|evidence| format!("evidence: {}", evidence.capability.capability)));
    }
    facts
}

fn tools(inspection: &Inspection) -> Facts {
    let mut facts = Facts::new();
    let Some(graph) = graph(inspection) else { return facts };
    for node in &graph.nodes {
        let said = facts.entry(place(graph, node.id)).or_default();
        said.extend(node.tools.iter().map(|tool| format!("{} {}", tool.name, tool.version).trim_end().to_owned()));
    }
    facts
}

fn versions(inspection: &Inspection) -> Facts {
    let mut facts = Facts::new();
    for version in inspection.versions.iter().flatten() {
        let said = facts.entry(version.package.clone()).or_default();
        said.insert(version.version.clone().unwrap_or_else(|| "no version".to_owned()));
    }
    facts
}

fn sizes(a: &Overview, b: &Overview) -> Vec<SizeChange> {
    let by_part = |overview: &Overview| -> IndexMap<String, u64> {
        let alone = overview.parts.len() == 1;
        let parts = overview.parts.iter().filter(|_| !alone).map(|part| (part.name.clone(), part.size));
        [(String::new(), overview.size)].into_iter().chain(parts).collect()
    };
    let (a, b) = (by_part(a), by_part(b));
    let names: IndexSet<&String> = a.keys().chain(b.keys()).collect();
    let changes = names.into_iter().map(|name| SizeChange {
        name: name.clone(),
        before: a.get(name).copied(),
        after: b.get(name).copied(),
    });
    changes.filter(|change| change.before != change.after).collect()
}
