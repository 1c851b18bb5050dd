//! Parts put in front of what others export (`[compose] wrap`).
//!
//! 1. Each entry names an export and a chain of parts that import and export the same interface. The first of the chain
//!    meets whatever the export would have met, the app's own export included; each further one meets the import of the
//!    one before it; the wrapped part that of the last.
//! 2. What a part in a chain exports of the interface meets nothing else, unless it is wired.
//!
//! Invariants: a part stands in front of one export at most: one that is to stand in front of two is instantiated twice.

use std::collections::{HashMap, HashSet};

use super::{
    error::{Failure, Role, WrapFault},
    graph::{Said, Why},
    provider::{Provider, names_port},
    surface,
    wire::Planner,
};

/// Who stands in front of what.
#[derive(Debug, Default)]
pub(super) struct Fronts {
    /// By the wrapped part and its export: the first part in front, and what it exports there.
    first: HashMap<(usize, String), (usize, String)>,
    /// Wrapped part, and export, by those in front and their imports.
    behind: HashMap<(usize, String), Provider>,
    /// What parts in front export in the place of others.
    exports: HashSet<(usize, String)>,
    /// By wrapped part and export: all who stand in front.
    chains: HashMap<(usize, String), Vec<usize>>,
}

impl Fronts {
    /// What meets an import of a part in front.
    pub(super) fn behind(&self, part: usize, import: &str) -> Option<&Provider> {
        self.behind.get(&(part, import.to_owned()))
    }

    /// Whether an export stands for that of another part.
    pub(super) fn is_front(&self, part: usize, export: &str) -> bool {
        self.exports.contains(&(part, export.to_owned()))
    }

    /// The export that stands in front of another.
    pub(super) fn of(&self, part: usize, export: &str) -> Option<&(usize, String)> {
        self.first.get(&(part, export.to_owned()))
    }

    /// What meets an import of `importer` instead of this provider: who stands in front of it.
    pub(super) fn instead(&self, importer: usize, provider: Provider, wrapped: impl Fn(usize) -> String) -> Provider {
        let Provider::Part { index, export, .. } = &provider else { return provider };
        let key = (*index, export.clone());
        match self.first.get(&key) {
            Some((front, in_front)) if !self.chains[&key].contains(&importer) => {
                Provider::Part { index: *front, export: in_front.clone(), why: Why::InFrontOf(wrapped(*index)) }
            }
            _ => provider,
        }
    }
}

/// Reads what the wiring says is wrapped; what cannot be is a failure.
pub(super) fn fronts(planner: &mut Planner<'_>) -> Fronts {
    let mut fronts = Fronts::default();
    let wiring = planner.wiring;
    for ((part, interface), wrap) in &wiring.wrap {
        let Some(wrapped) = planner.index(part) else {
            planner.unknown_part(part, wrap.key_at.clone());
            continue;
        };
        let exports = &planner.surfaces[wrapped].exports;
        let export = exports.iter().find(|(export, port)| names_port(interface, export, port.wanted(export)));
        let Some((export, _)) = export else {
            planner.failures.push(Failure::UnknownInterface {
                part: part.clone(),
                role: Role::Export,
                interface: interface.clone(),
                known: exports.keys().cloned().collect(),
                at: wrap.key_at.clone(),
            });
            continue;
        };
        let mut links = Vec::new();
        for by in &wrap.by {
            if let Some(link) = link(planner, &fronts, (part, export), by) {
                fronts.exports.insert((link.part, link.export.clone()));
                links.push(link);
            }
        }
        if links.len() < wrap.by.len() || links.is_empty() {
            continue;
        }
        let key = (wrapped, export.clone());
        let mut next = key.clone();
        for Link { part, import, export } in links.iter().rev() {
            let (index, behind) = next;
            let why = Why::Wraps(wrap.key_at.clone());
            fronts.behind.insert((*part, import.clone()), Provider::Part { index, export: behind, why });
            next = (*part, export.clone());
        }
        fronts.chains.insert(key.clone(), links.iter().map(|link| link.part).collect());
        fronts.first.insert(key, next);
    }
    fronts
}

/// One part of a chain: what it asks for, and what it gives.
struct Link {
    part: usize,
    import: String,
    export: String,
}

/// A part that can stand in front of an export; adds a failure where it cannot.
fn link(planner: &mut Planner<'_>, fronts: &Fronts, (wrapped, wanted): (&str, &str), by: &Said) -> Option<Link> {
    let Some(part) = planner.index(&by.text) else {
        planner.unknown_part(&by.text, by.at.clone());
        return None;
    };
    let surface = &planner.surfaces[part];
    let import = surface::find(&surface.imports, wanted).map(|(import, _)| import.clone());
    let export = surface::find(&surface.exports, wanted).map(|(export, _)| export.clone());
    let fault = match (&import, &export) {
        _ if by.text == wrapped => WrapFault::Itself,
        (None, None) => WrapFault::Neither,
        (None, Some(_)) => WrapFault::NotImported,
        (Some(_), None) => WrapFault::NotExported,
        (Some(import), Some(export)) => {
            let wire = planner.wiring.wire.iter().find(|((from, said), _)| {
                *from == by.text && names_port(said, import, surface.imports[import].wanted(import))
            });
            match wire {
                Some((_, wire)) => WrapFault::Wired { to: wire.to.text.clone(), at: wire.key_at.clone() },
                None if fronts.is_front(part, export) => WrapFault::Twice,
                None => return Some(Link { part, import: import.clone(), export: export.clone() }),
            }
        }
    };
    planner.failures.push(Failure::Wrap {
        part: wrapped.to_owned(),
        interface: wanted.to_owned(),
        by: by.text.clone(),
        fault,
        at: by.at.clone(),
    });
    None
}
