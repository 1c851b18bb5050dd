//! Which part of an app wants what nobody provides.

use std::collections::BTreeMap;

use mosaic::{
    diagnostic::Problem,
    inspect::{self, Section},
    runtime::{Artifact, Content},
};

/// Adds to problems of imports that nobody provides, in the imports' order, the parts that want them. What cannot be
/// read is told by others.
pub fn tell(artifact: &Artifact<'_>, imports: &[String], problems: &mut [Problem]) {
    let Content::File { path, .. } = &artifact.content else { return };
    let Ok(bytes) = std::fs::read(path) else { return };
    let Ok(inspection) = inspect::inspect(&artifact.name, &bytes, &[Section::Graph]) else { return };
    let Some(graph) = inspection.graph else { return };
    let wanted: BTreeMap<&str, Vec<&str>> = graph
        .imports
        .iter()
        .map(|import| {
            // The file itself is no part.
            let parts = import.wanted_by.iter().filter(|part| **part != 0);
            let names = parts.filter_map(|part| Some(graph.node(*part)?.name.as_str())).collect();
            (import.port.name.as_str(), names)
        })
        .collect();
    for (import, problem) in imports.iter().zip(problems) {
        let Some(parts) = wanted.get(import.as_str()).filter(|parts| !parts.is_empty()) else { continue };
        let names: Vec<String> = parts.iter().map(|name| format!("`{name}`")).collect();
        problem
            .causes
            .insert(0, format!("{} of it import{} it", names.join(", "), if names.len() == 1 { "s" } else { "" }));
        if let [only] = parts.as_slice() {
            problem.component = Some((*only).to_owned());
        }
    }
}
