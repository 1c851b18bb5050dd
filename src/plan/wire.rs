//! The planner: which import of which part is met by which export.
//!
//! 1. Each import of each part gets its provider ([`Planner::decide`]): what the user wired; else, for a part that stands
//!    in front of another, what it stands in front of ([`super::middleware`]); else whoever provides the
//!    interfaces that use its types, if it has them (one provider of `wasi:http/handler` brings its own
//!    `wasi:http/types`, or their resources would not be the same); else the only other part that exports the same
//!    interface in the same version; else in a compatible one; else the host, if it is WASI or declared open; else, if it
//!    is nothing but plain types, a definition made for the purpose; else it is unmet. What would be the host's but is
//!    not granted to the part ([`super::capability`]) is closed: it is met by a denial ([`super::denial`]).
//! 2. Edges that close a cycle and carry nothing but plain types are cut: such an import is met by a definition of its
//!    own. What cycle is left is an error.
//! 3. Exports, then reachability: a part that no export needs is unused.
//! 4. Both ends of each edge are compared, type by type ([`super::verify`]).
//!
//! Invariants: pure; every failure is collected; the same parts in the same order give the same graph; nothing is left
//! to the host that is not WASI or declared open, nor, where grants are known, what a part is not granted; two candidates are never decided by order, except for plain types,
//! where they are interchangeable.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use wit_parser::WorldItem;

use super::{
    apart::Apart,
    capability::{Closed, Grants, Kind, Standing},
    denial::{self, Group},
    error::{Error, Failure, Near, Role},
    exports,
    graph::{Edge, Export, Graph, Rest, Why, Wiring},
    holdings::{self, Holdings, Hosts},
    host::{Asked, HostImports},
    middleware::{self, Fronts},
    order::{self, Cycle},
    surface::{self, Place, Sources, Surface},
    told, verify,
};
use crate::{compare::Name, manifest::Family, resolve::Part};

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

/// Where an import comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Provider {
    Part {
        index: usize,
        export: String,
        why: Why,
    },
    Host,
    /// A definition of plain types made for the purpose.
    Types,
    /// A denial; the family that would grant it.
    Closed(Option<Family>),
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
    let surfaces: Vec<_> = parts.iter().map(Surface::new).collect();
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
            return Err(planner.error());
        }
        for (index, surface) in surfaces.iter().enumerate() {
            for import in surface.imports.keys() {
                planner.provider(index, import);
            }
        }
    }
    if !planner.failures.is_empty() {
        return Err(planner.error());
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
    verify::verify(&mut planner, &graph);
    if planner.failures.is_empty() { Ok(graph) } else { Err(planner.error()) }
}

pub(super) struct Planner<'a> {
    pub surfaces: &'a [Surface<'a>],
    pub wiring: &'a Wiring,
    pub options: &'a Options,
    /// Who exports what, by the name without its version.
    offers: HashMap<&'a str, Vec<(usize, &'a str)>>,
    /// By part and import.
    providers: HashMap<(usize, String), Option<Provider>>,
    deciding: HashSet<(usize, String)>,
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
        &self.surfaces[part].part.name
    }

    fn part_names(&self) -> impl Iterator<Item = &str> {
        self.surfaces.iter().map(|surface| surface.part.name.as_str())
    }

    pub(super) fn index(&self, part: &str) -> Option<usize> {
        self.surfaces.iter().position(|surface| surface.part.name == part)
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
            if !seen.insert(surface.part.name.as_str()) {
                self.failures.push(Failure::SameName { part: surface.part.name.clone() });
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
        let known = self.surfaces.iter().map(|surface| surface.part.name.clone()).collect();
        self.failures.push(Failure::UnknownPart { part: part.to_owned(), known, at });
    }

    /// The provider of an import, decided once.
    fn provider(&mut self, part: usize, import: &str) -> Option<Provider> {
        let key = (part, import.to_owned());
        if let Some(known) = self.providers.get(&key) {
            return known.clone();
        }
        // Asked for again while it is being decided: the parts depend on each other, which is told as a cycle.
        if !self.deciding.insert(key.clone()) {
            return None;
        }
        let decided = self.decide(part, import);
        let provider =
            decided.map(|provider| self.fronts.instead(part, provider, |wrapped| self.name(wrapped).to_owned()));
        self.deciding.remove(&key);
        self.providers.insert(key, provider.clone());
        provider
    }

    fn decide(&mut self, part: usize, import: &str) -> Option<Provider> {
        let surface = &self.surfaces[part];
        let port = &surface.imports[import];
        let wanted = port.wanted(import);
        if let Some(((_, _), wire)) = self
            .wiring
            .wire
            .iter()
            .find(|((from, interface), _)| *from == surface.part.name && names_port(interface, import, wanted))
        {
            let (name, said) = target(&wire.to.text);
            let to = self.index(name)?;
            let Some((export, _)) = surface::find(&self.surfaces[to].exports, said.unwrap_or(wanted)) else {
                self.failures.push(Failure::NotExported {
                    part: surface.part.name.clone(),
                    import: import.to_owned(),
                    to: name.to_owned(),
                    said: said.map(str::to_owned),
                    exports: self.surfaces[to].exports.keys().cloned().collect(),
                    at: wire.to.at.clone(),
                });
                return None;
            };
            let why = Why::Wired(wire.key_at.clone());
            return Some(Provider::Part { index: to, export: export.clone(), why });
        }
        if let Some(behind) = self.fronts.behind(part, import) {
            return Some(behind.clone());
        }
        if let WorldItem::Type { id, .. } = port.item
            && let Some((interface, _)) = surface::used_type(surface, *id)
            && surface.imports.contains_key(&interface)
        {
            return self.provider(part, &interface);
        }
        let users = self.given_with(part, import);
        if let Some((index, export, user)) = users {
            return Some(Provider::Part { index, export, why: Why::TypesOf(user) });
        }
        self.only_candidate(part, import)
    }

    /// Who provides the types of this import to whoever provides an import that uses them.
    fn given_with(&mut self, part: usize, import: &str) -> Option<(usize, String, String)> {
        let surface = &self.surfaces[part];
        surface.imports[import].interface()?;
        let users: Vec<String> = surface
            .imports
            .iter()
            .filter(|(name, port)| {
                *name != import
                    && port.interface().is_some_and(|id| surface.dependencies(id).iter().any(|d| d == import))
            })
            .map(|(name, _)| name.clone())
            .collect();
        for user in users {
            let Some(Provider::Part { index, .. }) = self.provider(part, &user) else { continue };
            if let Some((export, _)) = surface::find(&self.surfaces[index].exports, import)
                && index != part
            {
                return Some((index, export.clone(), user));
            }
            let Some((theirs, _)) = surface::find(&self.surfaces[index].imports, import) else { continue };
            let theirs = theirs.clone();
            if let Some(Provider::Part { index, export, .. }) = self.provider(index, &theirs)
                && index != part
            {
                return Some((index, export, user));
            }
        }
        None
    }

    fn only_candidate(&mut self, part: usize, import: &str) -> Option<Provider> {
        let surface = &self.surfaces[part];
        let port = &surface.imports[import];
        let wanted = Name::new(port.wanted(import));
        let offers = |fits: &dyn Fn(&Name<'_>) -> bool| -> Vec<(usize, String)> {
            let offers = match self.wiring.rest {
                Rest::Planned => self.offers.get(wanted.base),
                Rest::Host => None,
            };
            let of_others = offers.into_iter().flatten().filter(|(index, _)| *index != part);
            let exports = of_others.map(|&(index, export)| (index, export, &self.surfaces[index].exports[export]));
            exports
                .filter(|(index, export, _)| !self.fronts.is_front(*index, export))
                .filter(|(_, export, port)| fits(&Name::new(port.wanted(export))))
                .map(|(index, export, _)| (index, export.to_owned()))
                .collect()
        };
        let mut why = Why::Exact;
        let mut candidates = offers(&|name| *name == wanted);
        if candidates.is_empty() {
            why = Why::Compatible;
            candidates = offers(&|name| name.compatible(&wanted));
        }
        let plain = port.interface().is_some_and(|id| surface::is_plain(surface.resolve(), id));
        match &candidates[..] {
            [(index, export)] => Some(Provider::Part { index: *index, export: export.clone(), why }),
            [(index, export), ..] if plain => Some(Provider::Part { index: *index, export: export.clone(), why }),
            [] if wanted.is_wasi() || self.is_open(&wanted) => match self.standing(part, import) {
                Ok(_) => Some(Provider::Host),
                Err(Closed(family)) => Some(Provider::Closed(family)),
            },
            [] if plain => Some(Provider::Types),
            // A type of the world's own, without a resource, is met by whatever the host says.
            [] if matches!(port.item, WorldItem::Type { id, .. } if !surface::holds_resources(surface.resolve(), [*id])) => {
                Some(Provider::Host)
            }
            [] => {
                let failure = Failure::Unmet {
                    part: surface.part.name.clone(),
                    import: import.to_owned(),
                    near: self.near(part, port.wanted(import)),
                    at: surface.place_of(port, &self.options.sources),
                };
                self.failures.push(failure);
                None
            }
            several => {
                let providers =
                    several.iter().map(|(index, export)| (self.name(*index).to_owned(), export.clone())).collect();
                let failure = Failure::Ambiguous {
                    part: surface.part.name.clone(),
                    import: import.to_owned(),
                    providers,
                    at: surface.place_of(port, &self.options.sources),
                };
                self.failures.push(failure);
                None
            }
        }
    }

    /// How what would be the host's stands to a part.
    fn standing(&self, part: usize, import: &str) -> Result<Standing, Closed> {
        let surface = &self.surfaces[part];
        let port = &surface.imports[import];
        let wanted = Name::new(port.wanted(import));
        let is_open = self.is_open(&wanted);
        if is_open && !wanted.is_wasi() {
            return Ok(Standing::Declared);
        }
        let kind = match port.interface() {
            Some(id) if !surface::is_plain(surface.resolve(), id) => Kind::Functions,
            _ => Kind::PlainTypes,
        };
        match self.options.grants.standing(self.name(part), &wanted, kind) {
            // What a grant could cover is not opened to all parts by this.
            Err(Closed(None)) if is_open => Ok(Standing::Declared),
            standing => standing,
        }
    }

    fn is_open(&self, wanted: &Name<'_>) -> bool {
        self.wiring.open.iter().map(|open| Name::new(&open.text)).any(|open| names(&open, wanted))
    }

    /// Exports of others that come close to what is wanted: other versions of it, else similar names.
    fn near(&self, part: usize, wanted: &str) -> Vec<Near> {
        let exports = || {
            let others = self.surfaces.iter().enumerate().filter(|(index, _)| *index != part);
            others.flat_map(|(_, other)| other.exports.keys().map(|export| (other.part.name.clone(), export.clone())))
        };
        let versions = exports().filter(|(_, export)| Name::new(export).base == Name::new(wanted).base);
        let versions: Vec<_> = versions.map(|(part, export)| Near::Version { part, export }).collect();
        if !versions.is_empty() {
            return versions;
        }
        let alike = exports().map(|(part, export)| (told::likeness(wanted, &export), Near::Name { part, export }));
        let mut alike: Vec<_> = alike.filter(|(likeness, _)| *likeness > told::ALIKE).collect();
        alike.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        alike.into_iter().map(|(_, near)| near).take(3).collect()
    }

    /// Meets plain types within a cycle by a definition of their own, until no such edge is left in one.
    fn cut_cycles_of_plain_types(&mut self) {
        loop {
            let graph = self.graph();
            let Err(Cycle { steps }) = order::in_dependency_order(&graph, self.part_names()) else { return };
            let plain = steps.iter().find_map(|(from, import)| {
                let index = self.index(from)?;
                let surface = &self.surfaces[index];
                let id = surface.imports.get(import)?.interface()?;
                let chosen = matches!(self.decided(index, import), Some(Provider::Part { why: Why::Wired(_), .. }));
                (!chosen && surface::is_plain(surface.resolve(), id)).then(|| (index, import.clone()))
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
                let surface = &self.surfaces[*part];
                let id = surface.imports[import].interface();
                let mut uses = id.map_or(Vec::new(), |id| surface.dependencies(id));
                uses.retain(|name| seen.insert(Name::new(name).canonical()));
                (plain.interface.clone(), *part, uses)
            })
        });
        let parts = self.surfaces.iter().enumerate().map(|(index, surface)| {
            (surface.part.name.clone(), index, surface.imports.keys().cloned().collect::<Vec<_>>())
        });
        let refusals = denials.iter().flat_map(|(name, group)| {
            group.uses.values().map(|(part, import)| (name.clone(), *part, vec![import.clone()]))
        });
        for (from, index, imports) in refusals.chain(definitions).chain(parts) {
            for import in imports {
                let Some(provider) = self.decided(index, &import) else { continue };
                let member = match self.surfaces[index].imports[&import].item {
                    WorldItem::Type { id, .. } => {
                        surface::used_type(&self.surfaces[index], *id).map(|(_, member)| member)
                    }
                    _ => None,
                };
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
                        let (standing, implements) = match surface.part.name == from {
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
                if port.interface().is_none() || !matches!(self.decided(index, import), Some(Provider::Types)) {
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
            if !needed.contains(surface.part.name.as_str()) {
                let exports = surface.exports.keys().filter(|e| !surface.is_engines_own(e)).cloned().collect();
                self.failures.push(Failure::Unused { part: surface.part.name.clone(), exports });
            }
        }
    }
}

/// The part that a wire leads to, and the export where it is said.
fn target(said: &str) -> (&str, Option<&str>) {
    match said.split_once('/') {
        Some((part, export)) => (part, Some(export)),
        None => (said, None),
    }
}

/// Whether what the user wrote names this import or export: the same name, or the same without a version.
pub(super) fn names_port(said: &str, name: &str, wanted: &str) -> bool {
    let said = Name::new(said);
    names(&said, &Name::new(name)) || names(&said, &Name::new(wanted))
}

/// Whether what the user wrote, with or without a version, means this name.
pub(super) fn names(said: &Name<'_>, name: &Name<'_>) -> bool {
    said.base == name.base && (said.version.is_none() || said.track() == name.track())
}
