//! What wac-graph makes of a graph, and whether two apps are the same to those outside.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, types::Package};
use wit_parser::WorldItem;

use super::{
    DebugInfo, PartBytes,
    names::Named,
    source::Reader,
    validate::{deep, made},
};
use crate::{
    compare::{self, Change, Name, Side, Step},
    plan::graph::Graph,
    resolve::{Part, decode_part},
};

/// Encodes a graph of parts alone. Fails with wac's own words, or those of its panic, or where its app is not valid.
pub(super) fn encode(graph: &Graph, parts: &IndexMap<String, PartBytes>) -> Result<Vec<u8>, String> {
    let encoded = deep(|| connected(graph, parts)).and_then(|encoded| encoded)?;
    made(&encoded).map(|_| encoded)
}

fn connected(graph: &Graph, parts: &IndexMap<String, PartBytes>) -> Result<Vec<u8>, String> {
    let told = |error: anyhow::Error| format!("{error:#}");
    let mut wac = CompositionGraph::new();
    let mut nodes: HashMap<&str, NodeId> = HashMap::new();
    for name in &graph.instances {
        let PartBytes { part, bytes, .. } = &parts[name];
        let (language, debug, shared) = (part.language, DebugInfo::Keep, &Default::default());
        let named = Named { part: name, language, debug, shared };
        let bytes = &mut Reader::held(bytes);
        let rope = named.rope(bytes).map_err(|error| error.to_string())?;
        let mut written = Vec::new();
        rope.write(bytes, &mut written).map_err(|error| error.to_string())?;
        let package = Package::from_bytes(name, None, written, wac.types_mut()).map_err(told)?;
        let package = wac.register_package(package).map_err(|error| error.to_string())?;
        let node = wac.instantiate(package);
        nodes.insert(name, node);
        for edge in graph.edges.iter().filter(|edge| edge.from == *name) {
            let mut argument = wac.alias_instance_export(nodes[edge.to.as_str()], &edge.export);
            if let (Some(member), Ok(export)) = (&edge.member, &argument) {
                argument = wac.alias_instance_export(*export, member);
            }
            let argument = argument.map_err(|error| error.to_string())?;
            wac.set_instantiation_argument(node, &edge.import, argument).map_err(|error| told(error.into()))?;
        }
    }
    for export in &graph.exports {
        let node = wac.alias_instance_export(nodes[export.from.as_str()], &export.name);
        wac.export(node.map_err(|error| error.to_string())?, &export.name).map_err(|error| error.to_string())?;
    }
    let options = EncodeOptions { define_components: true, validate: false, processor: None };
    wac.encode(options).map_err(|error| told(error.into()))
}

/// Holds the worlds of two apps against each other, in both directions. `false` where WIT has no words for them:
/// versions of one package may need each other.
pub(super) fn same_world(ours: &[u8], theirs: &[u8]) -> bool {
    let [Ok(ours), Ok(theirs)] = [ours, theirs].map(|app| decode_part("app", app, None)) else { return false };
    for (one, other) in [(&ours, &theirs), (&theirs, &ours)] {
        let [(imports, exports), (other_imports, other_exports)] = [one, other].map(items);
        assert_eq!(keys(&imports), keys(&other_imports), "imports");
        assert_eq!(keys(&exports), keys(&other_exports), "exports");
        for (name, item) in imports.iter().chain(&exports) {
            let theirs = other_imports.get(name).or(other_exports.get(name)).expect("the keys are the same");
            let mut comparison = match (item, theirs) {
                (WorldItem::Interface { id, .. }, WorldItem::Interface { id: their, .. }) => {
                    compare::interfaces(side(one, *id), side(other, *their))
                }
                (WorldItem::Function(function), WorldItem::Function(their)) => {
                    compare::functions(side(one, (one.world, function)), side(other, (other.world, their)))
                }
                (WorldItem::Type { id, .. }, WorldItem::Type { id: their, .. }) => {
                    compare::types(side(one, (one.world, *id)), side(other, (other.world, *their)))
                }
                _ => panic!("`{name}` is of two kinds"),
            };
            // Plain types that no function of the interface needs are had by one or the other.
            comparison.differences.retain(|difference| {
                let plain = matches!(&difference.path[..], [Step::Type { what, .. }] if *what != "resource");
                !(plain && difference.change == Change::Missing)
            });
            assert!(comparison.differences.is_empty(), "`{name}`: {:?}", comparison.differences);
        }
    }
    true
}

type Items<'a> = IndexMap<String, &'a WorldItem>;

fn items(part: &Part) -> (Items<'_>, Items<'_>) {
    let world = &part.resolve.worlds[part.world];
    // wac does not always choose the highest version of a track.
    let named = |(key, item)| (Name::new(&part.resolve.name_world_key(key)).canonical(), item);
    (world.imports.iter().map(named).collect(), world.exports.iter().map(named).collect())
}

fn keys(items: &Items<'_>) -> BTreeSet<String> {
    items.keys().cloned().collect()
}

fn side<T>(part: &Part, item: T) -> Side<'_, T> {
    Side { resolve: &part.resolve, item }
}
