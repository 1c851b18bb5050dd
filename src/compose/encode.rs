//! From a graph and the components in it to one component.
//!
//! 1. Every core module is named after its part ([`super::names`]), every definition of plain types made
//!    ([`super::types`]), and every denial ([`super::deny`]).
//! 2. wac-graph gets each instance as a package, instantiates it once, in dependency order, and connects what the graph
//!    says. Imports the graph leaves to the host stay open; wac merges those on one semver track, the highest version
//!    wins.
//! 3. The result imports what the graph leaves to the host, exports what it exports, and nothing else.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, Processor, types::Package};
use wit_parser::{InterfaceId, WorldItem};

use super::{Error, PartBytes, deny, names, types, validate};
use crate::{compare::Name, plan::graph::Graph, resolve::Part};

/// What Mosaic calls itself among producers.
const TOOL: Processor<'static> = Processor { name: "mosaic", version: env!("CARGO_PKG_VERSION") };

/// Encodes the graph; the result is checked against it but not validated yet.
pub(super) fn encode(graph: &Graph, parts: &IndexMap<String, PartBytes>) -> Result<Vec<u8>, Error> {
    refuse_unplanned(graph, parts)?;
    let mut instances = Vec::with_capacity(graph.instances.len());
    for name in &graph.instances {
        instances.push(instance(graph, parts, name)?);
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
            if graph.types.contains_key(name) || graph.denials.contains_key(name) {
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

/// An instance to make.
struct Instance<'a> {
    name: &'a str,
    bytes: Vec<u8>,
    /// Of one made for the composition: what it imports, which may be less than the graph gives it.
    imports: Option<Vec<String>>,
}

/// One instance: a part with its names, a definition of plain types, or a denial.
fn instance<'a>(graph: &'a Graph, parts: &IndexMap<String, PartBytes>, name: &'a str) -> Result<Instance<'a>, Error> {
    let internal = |reason: String| Error::Internal { part: Some(name.to_owned()), reason };
    let made = match (graph.types.get(name), graph.denials.get(name)) {
        (None, None) => {
            let PartBytes { part, bytes } = &parts[name];
            let bytes = names::name_part(bytes, name, part.language).map_err(|error| internal(error.to_string()))?;
            return Ok(Instance { name, bytes, imports: None });
        }
        (Some(sharers), _) => {
            let wanted = Name::new(name);
            let copies: Vec<_> = sharers
                .iter()
                .filter_map(|sharer| {
                    let copy = |import: &str| Name::new(import).compatible(&wanted);
                    Some((&*parts.get(sharer)?.part.resolve, imported(&parts.get(sharer)?.part, copy)?))
                })
                .collect();
            validate::deep(|| types::component(name, &copies))
                .and_then(|made| made.map_err(|error| format!("{error:#}")))
                .map_err(internal)?
        }
        (None, Some(denial)) => {
            let met = graph.edges.iter().filter(|edge| edge.to == name);
            let copies: Vec<_> = met
                .filter_map(|edge| {
                    let part = &parts.get(&edge.from)?.part;
                    let interface = imported(part, |import| import == edge.import)?;
                    Some(deny::Copy { name: &edge.export, resolve: &part.resolve, interface })
                })
                .collect();
            let made = validate::deep(|| deny::component(&copies))
                .and_then(|made| made.map_err(|error| format!("{error:#}")))
                .map_err(|reason| Error::Unclosable {
                    interfaces: denial.interfaces.clone(),
                    parts: denial.parts.clone(),
                    reason,
                })?;
            names::name_part(&made, name, None).map_err(|error| internal(error.to_string()))?
        }
    };
    let imports = surface(&made).map_err(|error| internal(error.to_string()))?.imports;
    Ok(Instance { name, bytes: made, imports: Some(imports) })
}

/// The first interface a part imports under a name that fits.
fn imported(part: &Part, fits: impl Fn(&str) -> bool) -> Option<InterfaceId> {
    part.resolve.worlds[part.world].imports.iter().find_map(|(key, item)| match item {
        WorldItem::Interface { id, .. } => fits(&part.resolve.name_world_key(key)).then_some(*id),
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    })
}

fn connected(graph: &Graph, instances: Vec<Instance<'_>>, step: &dyn Fn(&str)) -> Result<Vec<u8>, Error> {
    let mut wac = CompositionGraph::new();
    let mut nodes: IndexMap<&str, NodeId> = IndexMap::new();
    let mut edges: HashMap<&str, Vec<&crate::plan::graph::Edge>> = HashMap::new();
    for edge in &graph.edges {
        edges.entry(&edge.from).or_default().push(edge);
    }
    for Instance { name, bytes, imports } in instances {
        step(name);
        let internal = |reason: String| Error::Internal { part: Some(name.to_owned()), reason };
        // The part is valid as such: what fails here is newer than wac-graph's own parser.
        let package = Package::from_bytes(name, None, bytes, wac.types_mut())
            .map_err(|error| Error::TooNew { part: name.to_owned(), reason: format!("{error:#}") })?;
        let package = wac.register_package(package).map_err(|error| internal(error.to_string()))?;
        let node = wac.instantiate(package);
        wac.set_node_name(node, name);
        nodes.insert(name, node);
        for edge in edges.get(name).into_iter().flatten() {
            let import = match &imports {
                None => &edge.import,
                Some(imports) => {
                    let wanted = Name::new(&edge.import);
                    let Some(import) = imports.iter().find(|import| Name::new(import).compatible(&wanted)) else {
                        continue;
                    };
                    import
                }
            };
            let argument = alias(&mut wac, nodes[edge.to.as_str()], &edge.export)
                .and_then(|export| match &edge.member {
                    Some(member) => alias(&mut wac, export, member),
                    None => Ok(export),
                })
                .map_err(internal)?;
            wac.set_instantiation_argument(node, import, argument)
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

pub(super) fn surface(app: &[u8]) -> Result<Surface, wasmparser::Error> {
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
