//! Who provides an import.
//!
//! In this order: what the user wired; for a part that stands in front of another, what it stands in front of
//! ([`super::middleware`]); whoever provides the interfaces that use its types, if it has them (one provider of
//! `wasi:http/handler` brings its own `wasi:http/types`, or their resources would not be the same); the only other part
//! that exports the same interface in the same version, or else in a compatible one; the host, if it is WASI or declared
//! open; if it is nothing but plain types, a definition made for the purpose. Else it is unmet. What would be the host's
//! but is not granted to the part ([`super::capability`]) is closed: it is met by a denial ([`super::denial`]).
//!
//! Invariants: nothing is left to the host that is not WASI or declared open, nor, where grants are known, what a part is
//! not granted; two candidates are never decided by order, except for plain types, where they are interchangeable.

use super::{
    capability::{Closed, Kind, Standing},
    error::{Failure, Near},
    graph::{Rest, Why},
    surface, told,
    wire::Planner,
};
use crate::{compare::Name, manifest::Family};

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

impl Planner<'_> {
    /// The provider of an import, decided once.
    pub(super) fn provider(&mut self, part: usize, import: &str) -> Option<Provider> {
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
            .find(|((from, interface), _)| *from == surface.name && names_port(interface, import, wanted))
        {
            let (name, said) = target(&wire.to.text);
            let to = self.index(name)?;
            let Some((export, _)) = surface::find(&self.surfaces[to].exports, said.unwrap_or(wanted)) else {
                self.failures.push(Failure::NotExported {
                    part: surface.name.to_owned(),
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
        if let Some((interface, _)) = surface::used_type(port)
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
        if !surface.imports[import].is_interface() {
            return None;
        }
        let users: Vec<String> = surface
            .imports
            .iter()
            .filter(|(name, port)| *name != import && port.dependencies().iter().any(|d| d == import))
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
        let plain = port.is_plain();
        match &candidates[..] {
            [(index, export)] => Some(Provider::Part { index: *index, export: export.clone(), why }),
            [(index, export), ..] if plain => Some(Provider::Part { index: *index, export: export.clone(), why }),
            [] if wanted.is_wasi() || self.is_open(&wanted) => match self.standing(part, import) {
                Ok(_) => Some(Provider::Host),
                Err(Closed(family)) => Some(Provider::Closed(family)),
            },
            [] if plain => Some(Provider::Types),
            // A type of the world's own, without a resource, is met by whatever the host says.
            [] if port.ty().is_some_and(|(resolve, id)| !surface::holds_resources(resolve, [id])) => {
                Some(Provider::Host)
            }
            [] => {
                let failure = Failure::Unmet {
                    part: surface.name.to_owned(),
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
                    part: surface.name.to_owned(),
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
    pub(super) fn standing(&self, part: usize, import: &str) -> Result<Standing, Closed> {
        let surface = &self.surfaces[part];
        let port = &surface.imports[import];
        let wanted = Name::new(port.wanted(import));
        let is_open = self.is_open(&wanted);
        if is_open && !wanted.is_wasi() {
            return Ok(Standing::Declared);
        }
        let kind = match port.is_interface() && !port.is_plain() {
            true => Kind::Functions,
            false => Kind::PlainTypes,
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
            others.flat_map(|(_, other)| other.exports.keys().map(|export| (other.name.to_owned(), export.clone())))
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
}

/// The part that a wire leads to, and the export where it is said.
pub(super) fn target(said: &str) -> (&str, Option<&str>) {
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
