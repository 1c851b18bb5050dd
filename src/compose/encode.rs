//! From a graph and the components in it to one component.
//!
//! 1. Every core module is named after its part ([`super::names`]), every definition of plain types made
//!    ([`super::types`]).
//! 2. wac-graph gets each instance as a package, instantiates it once, in dependency order, and connects what the graph
//!    says. Imports the graph leaves to the host stay open; wac merges those on one semver track, the highest version
//!    wins.
//! 3. The result imports what the graph leaves to the host, exports what it exports, and nothing else.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, Processor, types::Package};
use wit_parser::{InterfaceId, Resolve, WorldItem};

use super::{Error, PartBytes, names, types, validate};
use crate::{compare::Name, plan::graph::Graph};

/// What Mosaic calls itself among producers.
const TOOL: Processor<'static> = Processor { name: "mosaic", version: env!("CARGO_PKG_VERSION") };

/// Encodes the graph; the result is checked against it but not validated yet.
pub(super) fn encode(graph: &Graph, parts: &IndexMap<String, PartBytes>) -> Result<Vec<u8>, Error> {
    refuse_unplanned(graph, parts)?;
    let mut instances = Vec::with_capacity(graph.instances.len());
    for name in &graph.instances {
        instances.push((name, instance(graph, parts, name)?));
    }
    // wac-graph is written for input it has agreed to; what it does not agree to, it may panic at.
    let at = std::sync::Mutex::new(None);
    let encoded = validate::deep(|| {
        let step = |name: &str| {
            if let Ok(mut at) = at.lock() {
                *at = Some(name.to_owned());
            }
        };
        connected(graph, instances, &step)
    });
    match encoded {
        Ok(encoded) => encoded,
        Err(reason) => Err(Error::Internal { part: at.into_inner().unwrap_or_default(), reason }),
    }
}

/// Every import of every part must be in the graph: a part that changed since would be wired to nothing, in silence.
fn refuse_unplanned(graph: &Graph, parts: &IndexMap<String, PartBytes>) -> Result<(), Error> {
    let edges: BTreeSet<(&str, &str)> =
        graph.edges.iter().map(|edge| (edge.from.as_str(), edge.import.as_str())).collect();
    let host: BTreeSet<String> = graph.host.iter().map(|host| Name::new(&host.import).canonical()).collect();
    for name in &graph.instances {
        let Some(PartBytes { part, .. }) = parts.get(name) else {
            if graph.types.contains_key(name) {
                continue;
            }
            return Err(Error::NoBytes { part: name.clone() });
        };
        for key in part.resolve.worlds[part.world].imports.keys() {
            let import = part.resolve.name_world_key(key);
            if !edges.contains(&(name.as_str(), import.as_str())) && !host.contains(&Name::new(&import).canonical()) {
                return Err(Error::Unplanned { part: name.clone(), import });
            }
        }
    }
    Ok(())
}

/// The bytes of one instance: a part with its names, or a definition of plain types.
fn instance(graph: &Graph, parts: &IndexMap<String, PartBytes>, name: &str) -> Result<Vec<u8>, Error> {
    let internal = |reason: String| Error::Internal { part: Some(name.to_owned()), reason };
    let Some(sharers) = graph.types.get(name) else {
        let PartBytes { part, bytes } = &parts[name];
        return names::name_part(bytes, name, part.language).map_err(|error| internal(error.to_string()));
    };
    let wanted = Name::new(name);
    let copies: Vec<(&Resolve, InterfaceId)> = sharers
        .iter()
        .filter_map(|sharer| {
            let part = &parts.get(sharer)?.part;
            let imports = part.resolve.worlds[part.world].imports.iter();
            let mut interfaces = imports.filter_map(|(key, item)| match item {
                WorldItem::Interface { id, .. } => Some((part.resolve.name_world_key(key), *id)),
                WorldItem::Function(_) | WorldItem::Type { .. } => None,
            });
            let (_, id) = interfaces.find(|(import, _)| Name::new(import).compatible(&wanted))?;
            Some((&*part.resolve, id))
        })
        .collect();
    match validate::deep(|| types::component(name, &copies)) {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(internal(format!("{error:#}"))),
        Err(reason) => Err(internal(reason)),
    }
}

fn connected(graph: &Graph, instances: Vec<(&String, Vec<u8>)>, step: &dyn Fn(&str)) -> Result<Vec<u8>, Error> {
    let mut wac = CompositionGraph::new();
    let mut nodes: IndexMap<&str, NodeId> = IndexMap::new();
    let mut edges: HashMap<&str, Vec<&crate::plan::graph::Edge>> = HashMap::new();
    for edge in &graph.edges {
        edges.entry(&edge.from).or_default().push(edge);
    }
    for (name, bytes) in instances {
        step(name);
        let internal = |reason: String| Error::Internal { part: Some(name.clone()), reason };
        // The part is valid as such: what fails here is newer than wac-graph's own parser.
        let package = Package::from_bytes(name, None, bytes, wac.types_mut())
            .map_err(|error| Error::TooNew { part: name.clone(), reason: format!("{error:#}") })?;
        let package = wac.register_package(package).map_err(|error| internal(error.to_string()))?;
        let node = wac.instantiate(package);
        wac.set_node_name(node, name.as_str());
        nodes.insert(name, node);
        for edge in edges.get(name.as_str()).into_iter().flatten() {
            let argument = alias(&mut wac, nodes[edge.to.as_str()], &edge.export)
                .and_then(|export| match &edge.member {
                    Some(member) => alias(&mut wac, export, member),
                    None => Ok(export),
                })
                .map_err(internal)?;
            wac.set_instantiation_argument(node, &edge.import, argument)
                .map_err(|error| internal(format!("{:#}", anyhow::Error::from(error))))?;
        }
    }
    for export in &graph.exports {
        step(&export.from);
        let internal = |reason: String| Error::Internal { part: Some(export.from.clone()), reason };
        let node = alias(&mut wac, nodes[export.from.as_str()], &export.name).map_err(internal)?;
        wac.export(node, &export.name).map_err(|error| internal(error.to_string()))?;
    }
    let options = EncodeOptions { define_components: true, validate: false, processor: Some(TOOL) };
    wac.encode(options)
        .map_err(|error| Error::Internal { part: None, reason: format!("{:#}", anyhow::Error::from(error)) })
}

fn alias(wac: &mut CompositionGraph, instance: NodeId, export: &str) -> Result<NodeId, String> {
    wac.alias_instance_export(instance, export).map_err(|error| error.to_string())
}

/// The names a component imports and exports, from its own sections alone.
pub(super) struct Surface {
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

/// Reads the surface of the app and holds it against the graph.
pub(super) fn checked(graph: &Graph, app: &[u8]) -> Result<Surface, Error> {
    let internal = |reason: String| Error::Internal { part: None, reason };
    let surface = surface(app).map_err(|error| internal(error.to_string()))?;
    let wanted: BTreeSet<String> = graph.host.iter().map(|host| Name::new(&host.import).canonical()).collect();
    let left: BTreeSet<String> = surface.imports.iter().map(|import| Name::new(import).canonical()).collect();
    if let Some(import) = left.difference(&wanted).next() {
        return Err(internal(format!("the app imports `{import}`, which the plan does not leave to the host")));
    }
    if let Some(import) = wanted.difference(&left).next() {
        return Err(internal(format!("the plan leaves `{import}` to the host, but the app does not import it")));
    }
    if let Some(export) = graph.exports.iter().find(|export| !surface.exports.contains(&export.name)) {
        return Err(internal(format!("the app lacks the export `{}`", export.name)));
    }
    if surface.exports.len() != graph.exports.len() {
        return Err(internal("the app exports more than was planned".to_owned()));
    }
    Ok(surface)
}

fn surface(app: &[u8]) -> Result<Surface, wasmparser::Error> {
    let mut surface = Surface { imports: Vec::new(), exports: Vec::new() };
    let mut depth = 0;
    for payload in wasmparser::Parser::new(0).parse_all(app) {
        match payload? {
            wasmparser::Payload::Version { .. } => depth += 1,
            wasmparser::Payload::End(_) => depth -= 1,
            wasmparser::Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    surface.imports.push(import?.name.name.to_owned());
                }
            }
            wasmparser::Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    surface.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(surface)
}
