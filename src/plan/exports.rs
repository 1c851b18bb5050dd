//! What the composed component exports, in an order in which an interface comes after those whose types it uses.

use indexmap::IndexMap;

use super::{
    error::{Failure, Role},
    graph::{Export, Graph},
    provider::{Provider, names},
    surface,
    wire::Planner,
};
use crate::{compare::Name, manifest::Family};

/// The exports the user named, else those that no part imports; each with the interfaces whose types it uses.
pub(super) fn exports(planner: &mut Planner<'_>, graph: &Graph) -> Vec<Export> {
    let chosen = match &planner.wiring.exports {
        Some(_) => named(planner),
        None => not_imported(planner, graph),
    };
    let mut found = Found::default();
    for (part, export) in chosen {
        // Whoever stands in front of an export is what the app exports.
        let (part, export) = planner.fronts.of(part, &export).cloned().unwrap_or((part, export));
        found.add(planner, part, &export);
    }
    for (part, export, interface, family) in found.exposed {
        planner.failures.push(Failure::Exposed { part, export, interface, family });
    }
    for (name, parts) in found.clashes {
        planner.failures.push(Failure::ExportClash { name, parts });
    }
    if found.exports.is_empty() && planner.failures.is_empty() {
        planner.failures.push(Failure::NoExports);
    }
    found.exports.into_values().collect()
}

/// Exports that meet no import.
fn not_imported(planner: &Planner<'_>, graph: &Graph) -> Vec<(usize, String)> {
    let imported: std::collections::HashSet<(&str, &str)> =
        graph.edges.iter().map(|edge| (edge.to.as_str(), edge.export.as_str())).collect();
    let mut chosen = Vec::new();
    for (index, surface) in planner.surfaces.iter().enumerate() {
        for export in surface.exports.keys() {
            if !imported.contains(&(surface.name, export)) && !surface.is_engines_own(export) {
                chosen.push((index, export.clone()));
            }
        }
    }
    chosen
}

/// `part`, or `part/interface` with or without a version.
fn named(planner: &mut Planner<'_>) -> Vec<(usize, String)> {
    let wiring = planner.wiring;
    let mut chosen = Vec::new();
    for said in wiring.exports.iter().flatten() {
        let (part, interface) = match said.text.split_once('/') {
            Some((part, interface)) => (part, Some(interface)),
            None => (said.text.as_str(), None),
        };
        let Some(index) = planner.index(part) else {
            planner.unknown_part(part, said.at.clone());
            continue;
        };
        let surface = &planner.surfaces[index];
        let exports = surface.exports.keys();
        let before = chosen.len();
        match interface {
            None => chosen.extend(exports.filter(|e| !surface.is_engines_own(e)).map(|e| (index, e.clone()))),
            Some(interface) => {
                let wanted = Name::new(interface);
                chosen.extend(exports.filter(|e| names(&wanted, &Name::new(e))).map(|e| (index, e.clone())));
            }
        }
        if chosen.len() == before {
            planner.failures.push(Failure::UnknownInterface {
                part: part.to_owned(),
                role: Role::Export,
                interface: interface.unwrap_or_default().to_owned(),
                known: surface.exports.keys().cloned().collect(),
                at: said.at.clone(),
            });
        }
    }
    chosen
}

#[derive(Default)]
struct Found {
    /// By name without what compatible versions do not share: two versions of one export would be two answers.
    exports: IndexMap<String, Export>,
    clashes: IndexMap<String, Vec<String>>,
    /// (part, export, the interface it uses, which is closed to the part, and what would grant it)
    exposed: Vec<(String, String, String, Option<Family>)>,
}

/// An export still to be added.
struct Item {
    /// The part that exports it, or whose WIT defines it.
    part: usize,
    name: String,
    /// A definition of plain types rather than an export of the part.
    types: bool,
    /// What it depends on has been looked at.
    ready: bool,
}

impl Found {
    /// Adds an export after the interfaces whose types it uses.
    fn add(&mut self, planner: &Planner<'_>, part: usize, export: &str) {
        let mut pending = vec![Item { part, name: export.to_owned(), types: false, ready: false }];
        while let Some(item) = pending.pop() {
            let surface = &planner.surfaces[item.part];
            let key = Name::new(&item.name).canonical();
            let (name, from) = match planner.types.get(&key).filter(|_| item.types) {
                Some(plain) => (plain.interface.as_str(), plain.interface.as_str()),
                None => (item.name.as_str(), surface.name),
            };
            let port = if item.types { &surface.imports[&item.name] } else { &surface.exports[&item.name] };
            if let Some(known) = self.exports.get(&key) {
                // It makes no difference whose copy of plain types is exported.
                if known.from != from && !port.is_plain() {
                    let parts = self.clashes.entry(key).or_insert_with(|| vec![known.from.clone()]);
                    if !parts.iter().any(|part| part == from) {
                        parts.push(from.to_owned());
                    }
                }
                continue;
            }
            if item.ready {
                self.exports.insert(key, Export { name: name.to_owned(), from: from.to_owned() });
                continue;
            }
            // A definition of plain types uses what any of those who share it use.
            let users = match planner.types.get(&key).filter(|_| item.types) {
                Some(plain) => plain.shared_by.iter().map(|(part, import)| (*part, import.as_str())).collect(),
                None => vec![(item.part, item.name.as_str())],
            };
            let mut sources = Vec::new();
            for (part, name) in users {
                let surface = &planner.surfaces[part];
                let port = if item.types { &surface.imports[name] } else { &surface.exports[name] };
                let uses = port.dependencies();
                for used in &uses {
                    let own = !item.types && surface::find(&surface.exports, used).is_some();
                    if let Some(Provider::Closed(family)) = planner.decided(part, used).filter(|_| !own) {
                        self.exposed.push((surface.name.to_owned(), name.to_owned(), used.clone(), *family));
                    }
                }
                sources.extend(uses.iter().filter_map(|name| source(planner, part, item.types, name)));
            }
            pending.push(Item { ready: true, ..item });
            pending.extend(sources.into_iter().rev());
        }
    }
}

/// Where an export's part has an interface from whose types the export uses; `None`: from the host.
fn source(planner: &Planner<'_>, part: usize, types: bool, interface: &str) -> Option<Item> {
    let item = |part, name: &str, types| Some(Item { part, name: name.to_owned(), types, ready: false });
    let own = surface::find(&planner.surfaces[part].exports, interface);
    if let Some((own, _)) = own.filter(|_| !types) {
        return item(part, own, false);
    }
    match planner.decided(part, interface)? {
        Provider::Part { index, export, .. } => item(*index, export, false),
        Provider::Types => {
            let plain = planner.types.get(&Name::new(interface).canonical())?;
            let (part, import) = plain.shared_by.first()?;
            item(*part, import, true)
        }
        Provider::Host | Provider::Closed(_) => None,
    }
}
