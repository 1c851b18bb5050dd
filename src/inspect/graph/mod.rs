//! Who is inside a binary, and who calls whom: from its index spaces alone, whoever composed it.
//!
//! 1. [`trace`] tells of each component which instances it makes, and where what they are given comes from.
//! 2. Instances become nodes from the file inwards: a component that is instantiated twice is two nodes ([`nodes`]).
//! 3. Each argument of each instance becomes an edge, each export that an instance provides another.
//! 4. What the file imports and exports is followed to the nodes that have it ([`ends`]).
//!
//! Names are those of name sections, else of exports ([`names`]); the types of interfaces are decoded from the components
//! themselves ([`interfaces`]).

mod ends;
mod interfaces;
mod names;
mod nodes;
mod trace;

pub(super) use interfaces::interfaces;

use wasmparser::ComponentExternalKind;

use super::{
    model::{Edge, EdgeKind, Graph, PortKind},
    raw::Raw,
};
use nodes::Expanded;
use trace::{Origin, Source, Tracer, Whom, origins};

/// A graph with what each node was made from.
pub(super) struct Seen {
    pub graph: Graph,
    /// The component of each node; none for one that is imported, and for a core module.
    pub components: Vec<Option<usize>>,
}

/// Reads the graph. Recurses with instances within instances: call it [`crate::resolve::guarded`].
pub(super) fn read(raw: &Raw<'_>, file: &str) -> Seen {
    let tracer = Tracer::run(raw);
    let Expanded { nodes, components, children } = nodes::expand(raw, &tracer, file);
    let mut graph = Graph { nodes, unknown: tracer.unknown.clone(), ..Graph::default() };
    if graph.nodes.len() >= nodes::MOST {
        graph.unknown.push(format!("more than {} instances", nodes::MOST));
    }
    for (id, component) in components.iter().enumerate() {
        let Some(component) = component else { continue };
        let around = Around { raw, tracer: &tracer, component: *component, node: number(id), children: &children[id] };
        around.edges(&mut graph.edges);
    }
    let called: Vec<Vec<usize>> = components
        .iter()
        .zip(&children)
        .map(|(component, children)| match component {
            Some(component) if !children.is_empty() => {
                let called = tracer.traced[*component].called.iter().filter_map(|origin| match origin.whom {
                    Whom::Import(import) => Some(import),
                    Whom::Instance(_) | Whom::Own => None,
                });
                let mut called: Vec<usize> = called.collect();
                called.sort_unstable();
                called.dedup();
                called
            }
            Some(component) => (0..raw.components[*component].imports.len()).collect(),
            // A core module calls for itself; of what is imported nothing is known.
            None => graph
                .nodes
                .iter()
                .take(1)
                .filter(|_| raw.components.is_empty())
                .flat_map(|node| 0..node.imports.len())
                .collect(),
        })
        .collect();
    ends::follow(&mut graph, &called);
    Seen { graph, components }
}

fn number(id: usize) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

pub(super) fn port_kind(kind: ComponentExternalKind) -> PortKind {
    match kind {
        ComponentExternalKind::Module => PortKind::CoreModule,
        ComponentExternalKind::Func => PortKind::Function,
        ComponentExternalKind::Value => PortKind::Value,
        ComponentExternalKind::Type => PortKind::Type,
        ComponentExternalKind::Instance => PortKind::Interface,
        ComponentExternalKind::Component => PortKind::Component,
    }
}

/// A node, and those inside it.
struct Around<'r, 't, 'a> {
    raw: &'r Raw<'a>,
    tracer: &'t Tracer<'r, 'a>,
    component: usize,
    node: u32,
    /// The nodes of its children, in the order of [`trace::Traced::children`].
    children: &'t [u32],
}

impl<'a> Around<'_, '_, 'a> {
    fn edges(&self, edges: &mut Vec<Edge>) {
        let traced = &self.tracer.traced[self.component];
        for (&child, arguments) in self.children.iter().zip(&traced.arguments) {
            for (name, kind, source) in arguments {
                for origin in self.origins(source) {
                    edges.extend(self.given(child, name, *kind, origin));
                }
            }
        }
        for origin in &traced.called {
            // What its own code calls of those inside.
            let Some(to) = self.child(origin) else { continue };
            let import = origin.name.to_owned();
            let edge = Edge {
                from: self.node,
                import: import.clone(),
                to,
                export: import,
                member: None,
                kind: EdgeKind::Wire,
                port: match origin.member {
                    Some(_) => PortKind::Interface,
                    None => PortKind::Function,
                },
                interface: None,
            };
            if !edges.contains(&edge) {
                edges.push(edge);
            }
        }
        for (name, kind, source) in &traced.exports {
            for origin in self.origins(source) {
                let Some(to) = self.child(&origin) else { continue };
                edges.push(Edge {
                    from: self.node,
                    import: (*name).to_owned(),
                    to,
                    export: origin.name.to_owned(),
                    member: origin.member.map(str::to_owned),
                    kind: EdgeKind::Outward,
                    port: port_kind(*kind),
                    interface: None,
                });
            }
        }
    }

    fn origins(&self, source: &Source<'a>) -> Vec<Origin<'a>> {
        origins(source)
    }

    /// The edge of one argument of a child.
    fn given(&self, child: u32, name: &str, kind: ComponentExternalKind, origin: Origin<'_>) -> Option<Edge> {
        let (to, kind_of_edge, export) = match origin.whom {
            Whom::Import(import) => {
                let (name, _) = self.raw.components[self.component].imports.get(import)?;
                (self.node, EdgeKind::Inward, *name)
            }
            Whom::Own => (self.node, EdgeKind::Wire, ""),
            Whom::Instance(_) => (self.child(&origin)?, EdgeKind::Wire, origin.name),
        };
        Some(Edge {
            from: child,
            import: name.to_owned(),
            to,
            export: export.to_owned(),
            member: origin.member.map(str::to_owned),
            kind: kind_of_edge,
            port: port_kind(kind),
            interface: None,
        })
    }

    /// The node of the instance that something comes from.
    fn child(&self, origin: &Origin<'_>) -> Option<u32> {
        let Whom::Instance(instance) = origin.whom else { return None };
        // Children are in the order of their numbers.
        let children = &self.tracer.traced[self.component].children;
        let place = children.binary_search_by_key(&instance, |(number, _)| *number).ok()?;
        self.children.get(place).copied()
    }
}
