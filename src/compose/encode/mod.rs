//! From a graph and the components in it to one component.
//!
//! 1. What parts do not bring is made: definitions of plain types ([`super::types`]) and denials ([`super::deny`]).
//! 2. Every import of every instance is met by an edge of the graph, or is one of the host's ([`host`]).
//! 3. The app is a [`Recipe`]: its imports, with their types; places for the parts; their instances, each with exports of
//!    earlier ones for arguments; its exports; names and producers.
//! 4. The same is written with nothing but the types in place of the parts ([`reduced`]), for a validator that has seen
//!    the parts already.
//!
//! Invariant: no function of a part is looked at; what the app imports is what the graph leaves to the host, what it
//! exports is what the graph exports.

mod borrowed;
mod host;
mod instances;
mod reduced;
mod types;

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;
use wasm_encoder::{ComponentBuilder, ComponentExportKind};
use wit_parser::{InterfaceId, WorldItem};

pub(super) use self::reduced::alone;
use self::{
    host::Host,
    types::{Copy, Extent, Scope, Sink, Source},
};
use super::{
    Error, deny,
    recipe::{Filling, Recipe, Slot},
    shape::Shape,
    types as plain, validate,
};
use crate::{
    compare::Name,
    plan::graph::{Edge, Graph},
    resolve::Part,
};

/// All that matters of a part.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    pub part: &'a Part,
    pub shape: &'a Arc<Shape>,
}

/// Encodes the graph: the app but for its parts, and the app with its parts reduced to their types, which is not
/// validated yet.
pub(super) fn encode(graph: &Graph, parts: &IndexMap<&str, Typed<'_>>) -> Result<(Recipe, Vec<u8>), Error> {
    let mut instances = Vec::with_capacity(graph.instances.len());
    for name in &graph.instances {
        instances.push(instance(graph, parts, name)?);
    }
    let (host, wiring) = wired(graph, &instances)?;
    let mut scope = Scope::new(Sink::Component(ComponentBuilder::default()));
    let declared = host.declare(&mut scope, &instances)?;
    let imports: Vec<String> = declared.keys().map(|index| host.name(*index).to_owned()).collect();
    let Sink::Component(head) = scope.sink else { unreachable!("the scope is a component") };

    let counts = instances::Counts::of(&head);
    let head = head.finish();
    let tail = instances::Tail { graph, instances: &instances, wiring: &wiring, declared: &declared };
    let (mut sections, made) = tail.encode(&counts)?;
    sections.extend(instances::labels(graph, &counts, &made));
    if let Some(section) = &graph.grants {
        section.append_to(&mut sections);
    }
    let reduced = reduced::encode(&head, &counts, &tail)?;
    let slots =
        instances.iter().map(|instance| Slot { name: instance.name.to_owned(), filling: instance.filling.clone() });
    let exports = graph.exports.iter().map(|export| export.name.clone()).collect();
    Ok((Recipe { head, slots: slots.collect(), tail: sections, imports, exports }, reduced))
}

/// An instance to make.
struct Instance<'a> {
    name: &'a str,
    filling: Filling,
    shape: Arc<Shape>,
}

impl Instance<'_> {
    fn source(&self, number: usize) -> Source<'_> {
        Source { number, types: self.shape.types() }
    }
}

fn internal(part: &str, reason: String) -> Error {
    Error::Internal { part: Some(part.to_owned()), reason }
}

/// One instance: a part, a definition of plain types, or a denial.
fn instance<'a>(graph: &'a Graph, parts: &IndexMap<&str, Typed<'a>>, name: &'a str) -> Result<Instance<'a>, Error> {
    let filling = match (graph.types.get(name), graph.denials.get(name)) {
        (None, None) => {
            let Some(Typed { shape, .. }) = parts.get(name) else {
                return Err(Error::NoBytes { part: name.to_owned() });
            };
            return Ok(Instance { name, filling: Filling::Part, shape: Arc::clone(shape) });
        }
        (Some(sharers), _) => {
            let wanted = Name::new(name);
            let copies: Vec<_> = sharers
                .iter()
                .filter_map(|sharer| {
                    let copy = |import: &str| Name::new(import).compatible(&wanted);
                    let part = parts.get(sharer.as_str())?.part;
                    Some((&*part.resolve, imported(part, copy)?))
                })
                .collect();
            let made = validate::deep(|| plain::component(name, &copies))
                .and_then(|made| made.map_err(|error| format!("{error:#}")))
                .map_err(|reason| internal(name, reason))?;
            Filling::Types(made)
        }
        (None, Some(denial)) => {
            let met = graph.edges.iter().filter(|edge| edge.to == name);
            let copies: Vec<_> = met
                .filter_map(|edge| {
                    let part = parts.get(edge.from.as_str())?.part;
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
            Filling::Denial(made)
        }
    };
    let (Filling::Types(made) | Filling::Denial(made)) = &filling else { unreachable!("a part has been returned") };
    let shape = validate::made(made).map_err(|reason| internal(name, reason))?;
    Ok(Instance { name, filling, shape: Arc::new(shape) })
}

/// The first interface a part imports under a name that fits.
fn imported(part: &Part, fits: impl Fn(&str) -> bool) -> Option<InterfaceId> {
    part.resolve.worlds[part.world].imports.iter().find_map(|(key, item)| match item {
        WorldItem::Interface { id, .. } => fits(&part.resolve.name_world_key(key)).then_some(*id),
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    })
}

/// What meets an import of an instance.
enum Met<'a> {
    /// An import of the app, by number.
    Host(usize),
    Edge(&'a Edge),
}

/// The imports of one instance, by name.
type Arguments<'a> = Vec<(String, Met<'a>)>;

/// Decides for every import of every instance what meets it. An import that the graph does not know is refused: a part
/// that changed since would be wired to nothing, in silence.
fn wired<'a>(graph: &'a Graph, instances: &'a [Instance<'a>]) -> Result<(Host<'a>, Vec<Arguments<'a>>), Error> {
    let mut host = Host::new(graph);
    let mut edges: HashMap<&str, HashMap<&str, &Edge>> = HashMap::new();
    for edge in &graph.edges {
        edges.entry(&edge.from).or_default().insert(&edge.import, edge);
    }
    let mut wiring = Vec::with_capacity(instances.len());
    for (number, instance) in instances.iter().enumerate() {
        let edges = edges.get(instance.name);
        let mut arguments = Vec::with_capacity(instance.shape.imports.len());
        for import in instance.shape.imports.keys() {
            let edge = edges.and_then(|edges| match instance.filling {
                Filling::Part => edges.get(import.as_str()).copied(),
                // What is made for the app may have an import in another version than those it was made for.
                Filling::Types(_) | Filling::Denial(_) => {
                    let wanted = Name::new(import);
                    let exact = edges.get(import.as_str()).copied();
                    exact.or_else(|| edges.values().find(|edge| Name::new(&edge.import).compatible(&wanted)).copied())
                }
            });
            let met = match edge {
                Some(edge) => Met::Edge(edge),
                None => {
                    let unplanned = || Error::Unplanned { part: instance.name.to_owned(), import: import.clone() };
                    let item = instance.shape.import(import).ok_or_else(unplanned)?;
                    let copy = Copy { source: instance.source(number), item, extent: Extent::All };
                    Met::Host(host.add(number, instance, import, &copy).ok_or_else(unplanned)?)
                }
            };
            arguments.push((import.clone(), met));
        }
        let from_host =
            |import: &str| arguments.iter().any(|(name, met)| name == import && matches!(met, Met::Host(_)));
        for (import, types) in borrowed::needed(instance, &from_host) {
            if let Some(item) = instance.shape.import(import) {
                host.borrow(
                    number,
                    import,
                    Copy { source: instance.source(number), item, extent: Extent::Types(types) },
                );
            }
        }
        wiring.push(arguments);
    }
    Ok((host, wiring))
}

/// The sort of what an export is, where it can be given to another.
fn sort(ty: &wasmparser::component_types::ComponentEntityType) -> Option<ComponentExportKind> {
    use wasmparser::component_types::ComponentEntityType as Entity;
    match ty {
        Entity::Instance(_) => Some(ComponentExportKind::Instance),
        Entity::Func(_) => Some(ComponentExportKind::Func),
        Entity::Type { .. } => Some(ComponentExportKind::Type),
        Entity::Module(_) | Entity::Value(_) | Entity::Component(_) => None,
    }
}
