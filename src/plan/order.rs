//! The order of instances, and what is needed of them.

use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;

use super::graph::Graph;

/// Instances that need each other: each with the import that is met by the next; the last by the first.
#[derive(Debug)]
pub(super) struct Cycle {
    pub steps: Vec<(String, String)>,
}

/// Denials, definitions of plain types and parts, with what they import before them, otherwise in the order given.
pub(super) fn in_dependency_order<'a>(
    graph: &'a Graph,
    parts: impl Iterator<Item = &'a str>,
) -> Result<Vec<String>, Cycle> {
    let all: IndexSet<&str> = graph.denials.keys().chain(graph.types.keys()).map(String::as_str).chain(parts).collect();
    let mut needs: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for edge in &graph.edges {
        needs.entry(&edge.from).or_default().push((&edge.to, &edge.import));
    }
    let nothing = Vec::new();
    let mut done: IndexSet<&str> = IndexSet::new();
    for &root in &all {
        // The path from the root: an instance, and how many of its needs have been looked at.
        let mut path: Vec<(&str, usize)> = vec![(root, 0)];
        while let Some((instance, next)) = path.last_mut() {
            let instance = *instance;
            let Some((to, _)) = needs.get(instance).unwrap_or(&nothing).get(*next) else {
                done.insert(instance);
                path.pop();
                continue;
            };
            *next += 1;
            if done.contains(to) {
                continue;
            }
            if let Some(start) = path.iter().position(|(on_path, _)| on_path == to) {
                let step = |(from, next): &(&str, usize)| ((*from).to_owned(), needs[from][next - 1].1.to_owned());
                return Err(Cycle { steps: path[start..].iter().map(step).collect() });
            }
            path.push((to, 0));
        }
    }
    Ok(done.into_iter().map(str::to_owned).collect())
}

/// The instances that the exports need, by themselves or through others. The graph's edges are in dependency order.
pub(super) fn needed(graph: &Graph) -> HashSet<&str> {
    let mut needed: HashSet<&str> = graph.exports.iter().map(|export| export.from.as_str()).collect();
    // Backwards, importers come before what they import.
    for edge in graph.edges.iter().rev() {
        if needed.contains(edge.from.as_str()) {
            needed.insert(&edge.to);
        }
    }
    needed
}
