//! From a graph and the components in it to one component.
//!
//! 1. What parts do not bring is made: definitions of plain types ([`super::types`]) and denials ([`super::deny`]).
//! 2. Every import of every instance is met by an edge of the graph, or is one of the host's ([`host`]).
//! 3. The app is a [`Recipe`]: its imports, with their types; places for the parts; their instances, each with exports of
//!    earlier ones for arguments; its exports; names and producers.
//! 4. The same is written with nothing but the types in place of the parts ([`reduced`]), for a validator that has seen
//!    the parts already; of parts whose interfaces are self-contained, each interface once ([`interfaces`]).
//!
//! Invariant: no function of a part is looked at; what the app imports is what the graph leaves to the host, what it
//! exports is what the graph exports.

mod borrowed;
mod host;
mod instances;
mod interfaces;
mod reduced;
mod structure;
mod types;
mod values;

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use indexmap::IndexMap;
use wasm_encoder::{ComponentBuilder, ComponentExportKind};
use wit_parser::{InterfaceId, WorldItem};

use self::{
    host::Host,
    types::{Copy, Extent, Scope, Sink, Source},
};
pub(super) use self::{
    interfaces::{alone, self_contained},
    reduced::written,
    structure::structures,
    types::Unsupported,
};
use super::{
    Error, deny,
    recipe::{Filling, Recipe, Slot},
    shape::Shape,
    signature::{Interfaces, Signature},
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
    /// Where what is made for the app is made of it ([`worlds`]).
    pub part: Option<&'a Part>,
    pub signature: &'a Arc<Signature>,
}

/// The parts of whose worlds something is made.
pub(super) fn worlds(graph: &Graph) -> HashSet<&str> {
    let denied = graph.edges.iter().filter(|edge| graph.denials.contains_key(&edge.to));
    graph.types.values().flatten().chain(denied.map(|edge| &edge.from)).map(String::as_str).collect()
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
    signature: Arc<Signature>,
    /// Where it has been needed.
    shape: OnceCell<Shape>,
}

impl<'a> Instance<'a> {
    fn new(name: &'a str, filling: Filling, signature: Arc<Signature>) -> Instance<'a> {
        Instance { name, filling, signature, shape: OnceCell::new() }
    }

    /// Its types.
    fn shape(&self) -> Result<&Shape, Error> {
        match self.shape.get() {
            Some(shape) => Ok(shape),
            None => {
                let shape = self.signature.shape().map_err(|unsupported| self.too_new(unsupported))?;
                Ok(self.shape.get_or_init(|| shape))
            }
        }
    }

    fn too_new(&self, Unsupported(reason): Unsupported) -> Error {
        Error::TooNew { part: self.name.to_owned(), reason }
    }
}

fn internal(part: &str, reason: String) -> Error {
    Error::Internal { part: Some(part.to_owned()), reason }
}

/// One instance: a part, a definition of plain types, or a denial.
fn instance<'a>(graph: &'a Graph, parts: &IndexMap<&str, Typed<'a>>, name: &'a str) -> Result<Instance<'a>, Error> {
    let filling = match (graph.types.get(name), graph.denials.get(name)) {
        (None, None) => {
            let Some(Typed { signature, .. }) = parts.get(name) else {
                return Err(Error::NoBytes { part: name.to_owned() });
            };
            return Ok(Instance::new(name, Filling::Part, Arc::clone(signature)));
        }
        (Some(sharers), _) => {
            let wanted = Name::new(name);
            let copies: Vec<_> = sharers
                .iter()
                .filter_map(|sharer| {
                    let copy = |import: &str| Name::new(import).compatible(&wanted);
                    let part = parts.get(sharer.as_str())?.part?;
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
                    let part = parts.get(edge.from.as_str())?.part?;
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
    Ok(Instance::new(name, filling, Arc::new(Signature::of(&shape, &Interfaces::default()))))
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
        let mut arguments = Vec::with_capacity(instance.signature.imports.len());
        for import in instance.signature.imports.keys() {
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
                    let shape = instance.shape()?;
                    let item = shape.import(import).ok_or_else(unplanned)?;
                    let source = Source { number, types: shape.types() };
                    let copy = Copy { source, item, extent: Extent::All };
                    Met::Host(host.add(number, instance, import, &copy).ok_or_else(unplanned)?)
                }
            };
            arguments.push((import.clone(), met));
        }
        let from_host =
            |import: &str| arguments.iter().any(|(name, met)| name == import && matches!(met, Met::Host(_)));
        // Types that have been needed: something is the host's.
        if let Some(shape) = instance.shape.get() {
            for (import, types) in borrowed::needed(shape, &from_host) {
                if let Some(item) = shape.import(import) {
                    let source = Source { number, types: shape.types() };
                    host.borrow(number, import, Copy { source, item, extent: Extent::Types(types) });
                }
            }
        }
        wiring.push(arguments);
    }
    Ok((host, wiring))
}

/// The sort of what an export is, where it can be given to another.
pub(super) fn sort(ty: &wasmparser::component_types::ComponentEntityType) -> Option<ComponentExportKind> {
    use wasmparser::component_types::ComponentEntityType as Entity;
    match ty {
        Entity::Instance(_) => Some(ComponentExportKind::Instance),
        Entity::Func(_) => Some(ComponentExportKind::Func),
        Entity::Type { .. } => Some(ComponentExportKind::Type),
        Entity::Module(_) | Entity::Value(_) | Entity::Component(_) => None,
    }
}
