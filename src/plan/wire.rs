//! The planner: which import of which part is met by which export.
//!
//! 1. Each import of each part gets its provider ([`super::provider`]).
//! 2. Edges that close a cycle and carry nothing but plain types are cut: such an import is met by a definition of its
//!    own. What cycle is left is an error.
//! 3. Exports, then reachability: a part that no export needs is unused.
//! 4. Both ends of each edge are compared, type by type ([`super::verify`]).
//!
//! Invariants: pure; every failure is collected; the same parts in the same order give the same graph.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::{
    apart::Apart,
    capability::{Grants, Standing},
    denial::{self, Group},
    error::{Error, Failure, Role},
    exports,
    graph::{Edge, Export, Graph, Why, Wiring},
    holdings::{self, Holdings, Hosts},
    host::{Asked, HostImports},
    middleware::{self, Fronts},
    order::{self, Cycle},
    provider::{Provider, names_port, target},
    surface::{self, Place, Sources, Subject, Surface},
    verify::{self, Untold},
};
use crate::{compare::Name, resolve::Part};

/// More parts than any engine accepts in one component (wasmparser's limit is 1,000 of them).
const MAX_PARTS: usize = 1_000;

/// What to do with a part that nothing needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unused {
    #[default]
    Refuse,
    Allow,
}

/// How to plan.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub unused: Unused,
    /// Texts for labels; places in a WIT text that is not among them are told as file, line and column.
    pub sources: Sources,
    pub grants: Grants,
    /// What exactly the parts are granted, where that is known.
    pub holdings: Holdings,
    pub hosts: Hosts,
}

/// An interface met by a definition of its own.
#[derive(Debug, Clone)]
pub(super) struct PlainTypes {
    /// The full name, of the highest version wanted.
    pub interface: String,
    /// The parts that want it, with the names they have for it.
    pub shared_by: Vec<(usize, String)>,
}

/// Decides the wiring of parts. The graph holds every part once.
///
/// Give it the worlds before anything is built to fail early, and the built components again to compose them: a
/// language's runtime imports what no world mentions, and a compiler drops what no code uses.
pub fn plan(parts: &[Part], wiring: &Wiring, options: &Options) -> Result<Graph, Error> {
    let worlds: Vec<_> = parts.iter().map(Subject::World).collect();
    match planned(&worlds, wiring, options) {
        Ok(planned) => planned,
        Err(Untold) => unreachable!("worlds tell all"),
    }
}

/// The same where some of the parts are known by their outlines: the graph that their worlds would give. `None` where that
/// is not certain, or where there is none: what is wrong, and why, their worlds tell.
pub fn outlined(parts: &[Subject<'_>], wiring: &Wiring, options: &Options) -> Option<Graph> {
    planned(parts, wiring, options).ok()?.ok()
}

fn planned(subjects: &[Subject<'_>], wiring: &Wiring, options: &Options) -> Result<Result<Graph, Error>, Untold> {
    let surfaces: Vec<_> = subjects.iter().copied().map(Surface::new).collect();
    let mut offers: HashMap<&str, Vec<(usize, &str)>> = HashMap::new();
    for (index, surface) in surfaces.iter().enumerate() {
        for (export, port) in &surface.exports {
            offers.entry(Name::new(port.wanted(export)).base).or_default().push((index, export));
        }
    }
    let mut planner = Planner {
        surfaces: &surfaces,
        offers,
        wiring,
        options,
        providers: HashMap::new(),
        deciding: HashSet::new(),
        types: IndexMap::new(),
        denials: IndexMap::new(),
        fronts: Fronts::default(),
        failures: Vec::new(),
    };
    planner.refuse_impossible_names();
    if planner.failures.is_empty() {
        planner.refuse_unknown_wires();
        planner.fronts = middleware::fronts(&mut planner);
        // Without those in front, all that they were to meet would be told as ambiguous.
        if planner.failures.iter().any(|failure| matches!(failure, Failure::Wrap { .. })) {
            return Ok(Err(planner.error()));
        }
        for (index, surface) in surfaces.iter().enumerate() {
            for import in surface.imports.keys() {
                planner.provider(index, import);
            }
        }
    }
    if !planner.failures.is_empty() {
        return Ok(Err(planner.error()));
    }
    planner.cut_cycles_of_plain_types();
    planner.types = planner.plain_types();
    planner.denials = denial::groups(&planner);
    let mut graph = planner.graph();
    match order::in_dependency_order(&graph, planner.part_names()) {
        Ok(order) => {
            let place: HashMap<&str, usize> = order.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
            graph.edges.sort_by_key(|edge| place[edge.from.as_str()]);
            graph.instances = order;
        }
        Err(Cycle { steps }) => {
            let placed = steps.into_iter().map(|(part, import)| {
                let at = planner.place_of_import(&part, &import);
                (part, import, at)
            });
            let steps = placed.collect();
            planner.failures.push(Failure::Cycle { steps });
        }
    }
    graph.grants = holdings::section(&planner, &graph);
    holdings::refuse_differing(&mut planner, &graph);
    if planner.failures.is_empty() {
        graph.exports = exports::exports(&mut planner, &graph);
        planner.refuse_unused(&graph);
    }
    verify::verify(&mut planner, &graph)?;
    Ok(if planner.failures.is_empty() { Ok(graph) } else { Err(planner.error()) })
}

pub(super) struct Planner<'a> {
    pub surfaces: &'a [Surface<'a>],
    pub wiring: &'a Wiring,
    pub options: &'a Options,
    /// Who exports what, by the name without its version.
    pub offers: HashMap<&'a str, Vec<(usize, &'a str)>>,
    /// By part and import.
    pub providers: HashMap<(usize, String), Option<Provider>>,
    pub deciding: HashSet<(usize, String)>,
    /// Interfaces met by a definition of their own, by semver track.
    pub types: IndexMap<String, PlainTypes>,
    /// By name.
    pub denials: IndexMap<String, Group>,
    pub fronts: Fronts,
    pub failures: Vec<Failure>,
}

impl Planner<'_> {
    fn error(self) -> Error {
        Error { failures: self.failures, source: self.wiring.source.clone() }
    }

    pub(super) fn name(&self, part: usize) -> &str {
        self.surfaces[part].name
    }

    fn part_names(&self) -> impl Iterator<Item = &str> {
        self.surfaces.iter().map(|surface| surface.name)
    }

    pub(super) fn index(&self, part: &str) -> Option<usize> {
        self.surfaces.iter().position(|surface| surface.name == part)
    }

    fn place_of_import(&self, part: &str, import: &str) -> Option<Place> {
        let surface = &self.surfaces[self.index(part)?];
        surface.place_of(surface.imports.get(import)?, &self.options.sources)
    }

    /// What an import has been given; `None` where that failed.
    pub(super) fn decided(&self, part: usize, import: &str) -> Option<&Provider> {
        self.providers.get(&(part, import.to_owned()))?.as_ref()
    }

    fn refuse_impossible_names(&mut self) {
        let mut seen = HashSet::new();
        for surface in self.surfaces {
            if !seen.insert(surface.name) {
                self.failures.push(Failure::SameName { part: surface.name.to_owned() });
            }
        }
        if self.surfaces.len() > MAX_PARTS {
            self.failures.push(Failure::TooMany { parts: self.surfaces.len(), limit: MAX_PARTS });
        }
    }

    /// Wires from or to parts that do not exist, and for interfaces that are not imported.
    fn refuse_unknown_wires(&mut self) {
        for ((part, interface), wire) in &self.wiring.wire {
            match self.index(part) {
                None => self.unknown_part(part, wire.key_at.clone()),
                Some(index) => {
                    let imports = &self.surfaces[index].imports;
                    if !imports.iter().any(|(import, port)| names_port(interface, import, port.wanted(import))) {
                        self.failures.push(Failure::UnknownInterface {
                            part: part.clone(),
                            role: Role::Import,
                            interface: interface.clone(),
                            known: imports.keys().cloned().collect(),
                            at: wire.key_at.clone(),
                        });
                    }
                }
            }
            let (to, _) = target(&wire.to.text);
            if self.index(to).is_none() {
                self.unknown_part(to, wire.to.at.clone());
            }
        }
    }

    pub(super) fn unknown_part(&mut self, part: &str, at: Option<std::ops::Range<usize>>) {
        let known = self.surfaces.iter().map(|surface| surface.name.to_owned()).collect();
        self.failures.push(Failure::UnknownPart { part: part.to_owned(), known, at });
    }

    /// Meets plain types within a cycle by a definition of their own, until no such edge is left in one.
    fn cut_cycles_of_plain_types(&mut self) {
        loop {
            let graph = self.graph();
            let Err(Cycle { steps }) = order::in_dependency_order(&graph, self.part_names()) else { return };
            let plain = steps.iter().find_map(|(from, import)| {
                let index = self.index(from)?;
                let port = self.surfaces[index].imports.get(import)?;
                let chosen = matches!(self.decided(index, import), Some(Provider::Part { why: Why::Wired(_), .. }));
                (!chosen && port.is_plain()).then(|| (index, import.clone()))
            });
            match plain {
                Some(key) => self.providers.insert(key, Some(Provider::Types)),
                None => return,
            };
        }
    }

    /// Edges, host imports and plain types as decided; without order and exports.
    fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let mut host = HostImports::default();
        let apart = Apart::new(self.options);
        let types = self.plain_types();
        let denials = denial::groups(self);
        graph.denials = denials.iter().map(|(name, group)| (name.clone(), group.denial(self))).collect();
        for plain in types.values() {
            let shared_by = plain.shared_by.iter().map(|(part, _)| self.name(*part).to_owned()).collect();
            graph.types.insert(plain.interface.clone(), shared_by);
        }
        // What a definition of plain types uses, it gets from where those who share it get it.
        let definitions = types.values().flat_map(|plain| {
            let mut seen = HashSet::new();
            plain.shared_by.iter().map(move |(part, import)| {
                let mut uses = self.surfaces[*part].imports[import].dependencies();
                uses.retain(|name| seen.insert(Name::new(name).canonical()));
                (plain.interface.clone(), *part, uses)
            })
        });
        let parts = self.surfaces.iter().enumerate().map(|(index, surface)| {
            (surface.name.to_owned(), index, surface.imports.keys().cloned().collect::<Vec<_>>())
        });
        let refusals = denials.iter().flat_map(|(name, group)| {
            group.uses.values().map(|(part, import)| (name.clone(), *part, vec![import.clone()]))
        });
        for (from, index, imports) in refusals.chain(definitions).chain(parts) {
            for import in imports {
                let Some(provider) = self.decided(index, &import) else { continue };
                let member = surface::used_type(&self.surfaces[index].imports[&import]).map(|(_, member)| member);
                let mut edge = |to: String, export: String, why: Why| {
                    graph.edges.push(Edge {
                        from: from.clone(),
                        import: import.clone(),
                        to,
                        export,
                        member: member.clone(),
                        why,
                    });
                };
                match provider {
                    Provider::Part { index: to, export, why } => {
                        edge(self.name(*to).to_owned(), export.clone(), why.clone());
                    }
                    Provider::Types => {
                        let interface = surface::used_interface(&self.surfaces[index], &import);
                        let defined = &types[&Name::new(&interface).canonical()].interface;
                        edge(defined.clone(), defined.clone(), Why::PlainTypes);
                    }
                    Provider::Closed(family) => {
                        let (denial, interface) = denial::of(&denials, self, index, &import)
                            .expect("a part to which something is closed has a denial");
                        edge(denial.to_owned(), interface.to_owned(), Why::Closed(*family));
                    }
                    Provider::Host => {
                        let surface = &self.surfaces[index];
                        // What is made for the app has types of the host, and calls nothing.
                        let (standing, implements) = match surface.name == from {
                            true => (self.standing(index, &import), surface.imports[&import].implements.as_deref()),
                            false => (Ok(Standing::Values), None),
                        };
                        let standing = standing.unwrap_or(Standing::Values);
                        host.add(&Asked { by: &from, import: &import, implements, standing }, &apart);
                    }
                }
            }
        }
        graph.host = host.settled();
        for host in &mut graph.host {
            let wanted = Name::new(&host.import);
            let offers = self.offers.get(wanted.base).into_iter().flatten();
            let others = offers.filter(|(_, export)| !Name::new(export).compatible(&wanted));
            host.near = others
                .map(|(index, export)| Export { name: (*export).to_owned(), from: self.name(*index).to_owned() })
                .collect();
        }
        graph
    }

    fn plain_types(&self) -> IndexMap<String, PlainTypes> {
        let mut types: IndexMap<String, PlainTypes> = IndexMap::new();
        for (index, surface) in self.surfaces.iter().enumerate() {
            for (import, port) in &surface.imports {
                if !port.is_interface() || !matches!(self.decided(index, import), Some(Provider::Types)) {
                    continue;
                }
                let name = Name::new(import);
                let plain = types
                    .entry(name.canonical())
                    .or_insert_with(|| PlainTypes { interface: import.clone(), shared_by: Vec::new() });
                if Name::new(&plain.interface).semver() < name.semver() {
                    plain.interface.clone_from(import);
                }
                plain.shared_by.push((index, import.clone()));
            }
        }
        types
    }

    /// Parts that no export needs.
    fn refuse_unused(&mut self, graph: &Graph) {
        if self.options.unused == Unused::Allow || !self.failures.is_empty() {
            return;
        }
        let needed = order::needed(graph);
        for surface in self.surfaces {
            if !needed.contains(surface.name) {
                let exports = surface.exports.keys().filter(|e| !surface.is_engines_own(e)).cloned().collect();
                self.failures.push(Failure::Unused { part: surface.name.to_owned(), exports });
            }
        }
    }
}
