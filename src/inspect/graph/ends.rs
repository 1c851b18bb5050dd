//! Who has what the file imports, and who gives what it exports, through however many components around them.

use std::collections::{HashMap, HashSet};

use super::super::model::{Edge, EdgeKind, Graph, HostExport, HostImport, NodeKind};

/// Fills in the ends of a graph whose nodes and edges are there. `called`: of each node the imports that its own code
/// calls, by number.
pub(super) fn follow(graph: &mut Graph, called: &[Vec<usize>]) {
    let Some(root) = graph.nodes.first() else { return };
    let mut inward: HashMap<(u32, &str), Vec<&Edge>> = HashMap::new();
    let mut outward: HashMap<(u32, &str), &Edge> = HashMap::new();
    for edge in &graph.edges {
        match edge.kind {
            EdgeKind::Inward => inward.entry((edge.to, &edge.export)).or_default().push(edge),
            EdgeKind::Outward => drop(outward.entry((edge.from, &edge.import)).or_insert(edge)),
            EdgeKind::Wire => {}
        }
    }
    let calls: Vec<HashSet<&str>> = graph
        .nodes
        .iter()
        .zip(called)
        .map(|(node, called)| {
            called.iter().filter_map(|n| node.imports.get(*n)).map(|port| port.name.as_str()).collect()
        })
        .collect();
    let imports: Vec<HostImport> = root
        .imports
        .iter()
        .map(|port| {
            let mut wanted_by = Vec::new();
            let mut seen = HashSet::from([(0, port.name.as_str())]);
            let mut pending = vec![(0, port.name.as_str())];
            while let Some(place) = pending.pop() {
                let (node, import) = place;
                if calls.get(node as usize).is_some_and(|calls| calls.contains(import)) {
                    wanted_by.push(node);
                }
                let further = inward.get(&place).into_iter().flatten();
                pending.extend(further.map(|edge| (edge.from, edge.import.as_str())).filter(|next| seen.insert(*next)));
            }
            wanted_by.sort_unstable();
            wanted_by.dedup();
            HostImport { port: port.clone(), wanted_by }
        })
        .collect();
    let exports: Vec<HostExport> = root
        .exports
        .iter()
        .map(|port| {
            let mut from = (root.kind != NodeKind::Composition).then_some(0);
            let mut place = (0, port.name.as_str());
            while let Some(edge) = outward.get(&place) {
                from = Some(edge.to);
                // Nodes inside come after the one around them, so this ends.
                place = (edge.to, edge.export.as_str());
            }
            HostExport { port: port.clone(), from }
        })
        .collect();
    graph.imports = imports;
    graph.exports = exports;
}
