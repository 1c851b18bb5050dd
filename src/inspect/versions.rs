//! Which versions of WIT packages there are, and which part has each.

use std::collections::BTreeMap;

use super::model::{Graph, Port, PortKind, Version, VersionUse};
use crate::compare::Name;

/// By package, then by version; nodes in their order.
pub(super) fn read(graph: &Graph) -> Vec<Version> {
    let mut versions: BTreeMap<(String, Option<semver::Version>, Option<String>), Vec<VersionUse>> = BTreeMap::new();
    for id in graph.parts() {
        let Some(node) = graph.node(id) else { continue };
        let mut add = |port: &Port, side: fn(&mut VersionUse) -> &mut Vec<String>| {
            if port.kind != PortKind::Interface {
                return;
            }
            let name = Name::new(&port.name);
            let Some(package) = name.package() else { return };
            let key = (package.to_owned(), name.semver(), name.version.map(str::to_owned));
            let uses = versions.entry(key).or_default();
            if uses.last().is_none_or(|last| last.node != id) {
                let (imports, exports) = (Vec::new(), Vec::new());
                uses.push(VersionUse { node: id, name: graph.path(id), imports, exports });
            }
            if let Some(last) = uses.last_mut() {
                side(last).push(name.interface().to_owned());
            }
        };
        node.imports.iter().for_each(|port| add(port, |it| &mut it.imports));
        node.exports.iter().for_each(|port| add(port, |it| &mut it.exports));
    }
    versions.into_iter().map(|((package, _, version), by)| Version { package, version, by }).collect()
}
