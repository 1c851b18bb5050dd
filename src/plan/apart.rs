//! Which imports of the host are kept apart, because the parts behind them are granted different things.
//!
//! Behind an import a host cannot tell who calls. So where parts are granted different things of one family — one
//! `./data`, the other `./logs` — each group of parts that are granted the same has an import of its own, under a name
//! of its own (a label) that says which interface it `implements`.
//!
//! What is kept apart is what lets a part reach something ([`Carries`]). What it gives — a descriptor, a bucket, a socket
//! — can do what was granted to whoever it was given to, whoever uses it; the interfaces that work on it are shared, and
//! so are the types of one that is kept apart itself: a resource is one type to all parts and can be handed from one to
//! another.
//!
//! Invariant: an interface of a differing family that [`CARRIERS`] does not name is refused, never shared in silence.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    compare::Name,
    grants_section::Held,
    manifest::Family,
    plan::{
        Options,
        holdings::{Holdings, Hosts},
    },
};

/// What of an interface lets its caller reach something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// Its functions. It defines no resource.
    Whole,
    /// Its functions, of which some work on a resource of its own.
    Resources,
    /// Nothing: it works on what others give.
    Nothing,
}

/// By name without version. A `network` of WASI 0.2 is in no row with power: to our host, a socket can do what was granted
/// to whoever made it.
const CARRIERS: &[(&str, Carries)] = &[
    ("wasi:cli/environment", Carries::Whole),
    ("wasi:filesystem/preopens", Carries::Whole),
    ("wasi:filesystem/types", Carries::Nothing),
    ("wasi:sockets/tcp-create-socket", Carries::Whole),
    ("wasi:sockets/udp-create-socket", Carries::Whole),
    ("wasi:sockets/ip-name-lookup", Carries::Resources),
    ("wasi:sockets/types", Carries::Resources),
    ("wasi:sockets/instance-network", Carries::Nothing),
    ("wasi:sockets/network", Carries::Nothing),
    ("wasi:sockets/tcp", Carries::Nothing),
    ("wasi:sockets/udp", Carries::Nothing),
    ("wasi:http/outgoing-handler", Carries::Whole),
    ("wasi:http/client", Carries::Whole),
    ("wasi:keyvalue/store", Carries::Resources),
    ("wasi:keyvalue/atomics", Carries::Nothing),
    ("wasi:keyvalue/batch", Carries::Nothing),
    ("wasi:blobstore/blobstore", Carries::Whole),
    ("wasi:blobstore/container", Carries::Nothing),
    ("wasi:blobstore/types", Carries::Nothing),
    ("wasi:messaging/producer", Carries::Whole),
    ("wasi:messaging/request-reply", Carries::Resources),
    ("wasi:config/store", Carries::Whole),
    ("wasi:config/runtime", Carries::Whole),
];

/// What an interface carries, where that is known.
pub(super) fn carries(interface: &Name<'_>) -> Option<Carries> {
    CARRIERS.iter().find(|(name, _)| *name == interface.base).map(|(_, carries)| *carries)
}

/// Families of which parts are granted different things: which of them are granted the same.
#[derive(Debug, Default)]
pub(super) struct Apart<'a>(BTreeMap<Family, BTreeMap<&'a str, usize>>);

impl<'a> Apart<'a> {
    /// Nothing is kept apart where all hosts are to run the app, or the user says that parts share what they hold.
    pub fn new(options: &'a Options) -> Apart<'a> {
        if options.hosts == Hosts::Any {
            return Apart::default();
        }
        let holdings = &options.holdings;
        let families = Family::ALL.into_iter().filter(|family| !holdings.share.contains(family));
        Apart(families.filter_map(|family| Some((family, groups(holdings, family)?))).collect())
    }

    /// The number of a part's group; `None` where all parts are granted the same of the family.
    pub fn group(&self, family: Family, part: &str) -> Option<usize> {
        self.0.get(&family)?.get(part).copied()
    }
}

/// Parts that are granted something of a family, by what they are granted; `None` where that is the same for all.
fn groups(holdings: &Holdings, family: Family) -> Option<BTreeMap<&str, usize>> {
    let mut known: BTreeMap<BTreeSet<(&Held, Option<&str>)>, usize> = BTreeMap::new();
    let mut groups = BTreeMap::new();
    for part in holdings.parts.keys() {
        let held: BTreeSet<_> = holdings.of(part, family).map(|it| (&it.held, it.value.as_deref())).collect();
        if !held.is_empty() {
            let next = known.len();
            groups.insert(part.as_str(), *known.entry(held).or_insert(next));
        }
    }
    (known.len() > 1).then_some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::capability::family_of;

    /// Else an app whose parts differ in one of these would be refused, or, where a row is wrong, share in silence.
    #[test]
    fn every_row_is_of_a_family() {
        for (interface, carries) in CARRIERS {
            assert!(family_of(interface).is_some(), "{interface}");
            assert_eq!(super::carries(&Name::new(&format!("{interface}@0.2.0"))), Some(*carries));
        }
        assert_eq!(carries(&Name::new("wasi:keyvalue/watcher")), None);
    }
}
