//! What a file can do to the world around it, by part, in three lists that are never mixed.
//!
//! 1. *Closed* and *linked* are read from the graph: each import of a part is followed, through whatever is around it,
//!    to the host, to a denial, or to another part ([`capability`] says what interfaces are for).
//!    A core module has no interfaces: what it imports is the host's.
//! 2. *Evidence* is looked for in compiled code by what can be reached from exports ([`calls`]), in interpreted code by
//!    what its sources import, as recorded when they were built, or by what is found in memory ([`sources`]).
//!
//! Invariant: what cannot be followed counts as linked.

mod calls;
mod capability;
mod sources;

use std::collections::{BTreeSet, HashMap};

use indexmap::{IndexMap, IndexSet};

use super::{
    graph::Seen,
    model::{Closed, ClosedBy, Edge, EdgeKind, Evidence, Graph, Linked, Needs, Node, NodeKind, PartNeeds, PortKind},
    raw::{self, Raw},
};
use capability::ROWS;

/// Reads the needs of each part.
pub(super) fn read(raw: &Raw<'_>, seen: &Seen) -> Needs {
    let graph = &seen.graph;
    let mut edges: HashMap<(u32, &str), Vec<&Edge>> = HashMap::new();
    for edge in graph.edges.iter().filter(|edge| edge.kind != EdgeKind::Outward) {
        edges.entry((edge.from, &edge.import)).or_default().push(edge);
    }
    let core: Vec<String> = match raw.components.is_empty() {
        true => core_imports(raw),
        false => Vec::new(),
    };
    let parts = graph.parts();
    let nodes = parts.iter().filter_map(|id| graph.node(*id));
    let needs = nodes.map(|node| {
        let imports = match raw.components.is_empty() {
            true => Imports { host: core.iter().map(String::as_str).collect(), ..Imports::default() },
            false => Imports::of(graph, &edges, node),
        };
        PartNeeds {
            node: node.id,
            name: graph.path(node.id),
            closed: imports.closed(),
            linked: imports.linked(),
            evidence: evidence(raw, seen, node, &imports),
        }
    });
    Needs { parts: needs.collect() }
}

/// What the functions that a core module imports count as, each once.
fn core_imports(raw: &Raw<'_>) -> Vec<String> {
    let functions = raw.core_imports().into_iter().filter(raw::CoreImport::is_function);
    let names = functions.map(|import| capability::of_core(import.module, import.name).into_owned());
    names.collect::<IndexSet<_>>().into_iter().collect()
}

/// Imports of one part, by who meets them.
#[derive(Default)]
struct Imports<'a> {
    host: Vec<&'a str>,
    denied: Vec<&'a str>,
    inside: Vec<&'a str>,
}

/// Who meets an import.
enum Met {
    Host,
    Denied,
    Inside,
    /// By nothing but types.
    Types,
}

impl<'a> Imports<'a> {
    fn of(graph: &'a Graph, edges: &HashMap<(u32, &str), Vec<&Edge>>, node: &'a Node) -> Imports<'a> {
        let mut imports = Imports::default();
        for port in &node.imports {
            // Without functions there is nothing to call.
            if port.kind != PortKind::Interface && port.kind != PortKind::Function || port.functions == Some(0) {
                continue;
            }
            let name = port.implements.as_deref().unwrap_or(&port.name);
            match met(graph, edges, node, &port.name) {
                Met::Host => imports.host.push(name),
                Met::Denied => imports.denied.push(name),
                Met::Inside => imports.inside.push(name),
                Met::Types => {}
            }
        }
        imports
    }

    fn closed(&self) -> Vec<Closed> {
        let closed = ROWS.iter().filter(|row| !self.host.iter().any(|name| row.covers(name))).map(|row| {
            let covered = |names: &[&str]| -> Vec<String> {
                names.iter().filter(|name| row.covers(name)).map(|name| (*name).to_owned()).collect()
            };
            let (denied, inside) = (covered(&self.denied), covered(&self.inside));
            let by = match (denied.is_empty(), inside.is_empty()) {
                (_, false) => ClosedBy::MetInside,
                (false, true) => ClosedBy::Denied,
                (true, true) => ClosedBy::NotImported,
            };
            Closed { capability: row.capability(), by, interfaces: if inside.is_empty() { denied } else { inside } }
        });
        closed.collect()
    }

    fn linked(&self) -> Vec<Linked> {
        let mut linked: Vec<Linked> = Vec::new();
        for row in ROWS {
            let interfaces: Vec<String> =
                self.host.iter().filter(|name| row.covers(name)).map(|name| (*name).to_owned()).collect();
            if !interfaces.is_empty() {
                linked.push(Linked { capability: row.capability(), interfaces });
            }
        }
        for name in &self.host {
            if capability::rows(name).next().is_none() && !capability::is_values(name) {
                linked.push(Linked { capability: capability::unknown(name), interfaces: vec![(*name).to_owned()] });
            }
        }
        linked
    }
}

/// Follows an import outwards, to whoever meets it.
fn met(graph: &Graph, edges: &HashMap<(u32, &str), Vec<&Edge>>, node: &Node, import: &str) -> Met {
    let mut place = (node.id, import);
    loop {
        let (id, name) = place;
        // The file's own imports are the host's.
        if id == 0 {
            return Met::Host;
        }
        let Some(edges) = edges.get(&(id, name)) else { return Met::Host };
        if let Some(handed) = edges.iter().find(|edge| edge.kind == EdgeKind::Inward) {
            // Nodes come after those around them, so this ends.
            place = (handed.to, handed.export.as_str());
            continue;
        }
        let kinds: Vec<NodeKind> = edges.iter().filter_map(|edge| Some(graph.node(edge.to)?.kind)).collect();
        return match kinds.as_slice() {
            [] => Met::Host,
            kinds if kinds.contains(&NodeKind::Imported) => Met::Host,
            kinds if kinds.iter().all(|kind| *kind == NodeKind::Denial) => Met::Denied,
            kinds if kinds.iter().all(|kind| *kind == NodeKind::Types) => Met::Types,
            _ => Met::Inside,
        };
    }
}

fn evidence(raw: &Raw<'_>, seen: &Seen, node: &Node, imports: &Imports<'_>) -> Vec<Evidence> {
    let wanted: BTreeSet<&str> =
        [&imports.host, &imports.denied, &imports.inside].into_iter().flatten().copied().collect();
    let Some(Some(component)) = seen.components.get(node.id as usize).copied() else {
        return match raw.components.is_empty() {
            true => calls::evidence(raw, None, &wanted),
            false => Vec::new(),
        };
    };
    if let Some(found) = sources::recorded(raw, component, &wanted) {
        return found;
    }
    match node.origin.as_ref() {
        Some(origin) if origin.language == "python" => sources::snapshot(raw, component, &wanted),
        Some(origin) if origin.engine.is_some() => Vec::new(),
        _ => calls::evidence(raw, Some(component), &wanted),
    }
}

/// Rows that any of these interfaces is in, with those that are.
fn asked<'w>(wanted: &BTreeSet<&'w str>) -> IndexMap<&'static str, Vec<&'w str>> {
    let mut asked = IndexMap::new();
    for row in ROWS {
        let interfaces: Vec<&str> = wanted.iter().filter(|name| row.covers(name)).copied().collect();
        if !interfaces.is_empty() {
            asked.insert(row.id, interfaces);
        }
    }
    asked
}
