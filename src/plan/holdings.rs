//! What exactly each part is granted — which bucket, folder, variable, host — and whether a host can tell it apart.
//!
//! Parts that leave one interface to the host share one import of the app, and behind an import a host cannot tell who
//! calls. So the imports of parts that hold different things of a family are kept apart ([`super::apart`]), for our host,
//! or the user says that they share what they hold (`[compose] share`). Where that cannot be, or any host is to run the
//! app, it is refused: nobody gets the union of two grants in silence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    Options,
    apart::{self, Apart},
    capability::{Grants, Standing},
    error::{At, Failure, NotKept},
    graph::Graph,
    wire::Planner,
};
use crate::{
    compare::Name,
    grants_section::{Held, Section},
    manifest::{Family, Grant, Granted, Manifest},
};

/// What the parts of an app hold, by part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Holdings {
    pub parts: BTreeMap<String, Vec<Holding>>,
    /// Families of which parts share what they hold.
    pub share: BTreeSet<Family>,
}

/// Which hosts are to run an app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Hosts {
    /// Mosaic's own, which tells apart what is kept apart. Others run what needs no more than they have.
    #[default]
    Ours,
    /// Any: nothing is kept apart, and parts that hold different things are refused.
    Any,
}

/// One grant of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holding {
    pub family: Family,
    pub held: Held,
    /// The value of a variable, or of a key of wasi:config, where it is given with the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where the part names it.
    #[serde(skip)]
    pub at: At,
}

impl Holdings {
    /// What a manifest grants its components.
    pub fn from_manifest(manifest: &Manifest) -> Holdings {
        let holding = |granted: &crate::manifest::Spanned<Granted>| {
            let (family, held, value) = match &granted.value {
                Granted::Family(Family::Logging) => (Family::Logging, Held::Logging, None),
                Granted::Family(family) => (*family, Held::Family(family.word().to_owned()), None),
                Granted::Named(name) => {
                    let grant = manifest.grants.get(name)?;
                    let value = match grant {
                        Grant::Env { value, .. } | Grant::Config { value, .. } => value.clone(),
                        _ => None,
                    };
                    (grant.family(), held(grant), value)
                }
            };
            Some(Holding { family, held, value, at: Some(granted.span.clone()) })
        };
        let parts = manifest
            .components
            .iter()
            .map(|(name, component)| (name.clone(), component.grants.iter().filter_map(holding).collect()));
        Holdings { parts: parts.collect(), share: manifest.compose.share.iter().map(|it| it.value).collect() }
    }

    pub(super) fn of(&self, part: &str, family: Family) -> impl Iterator<Item = &Holding> {
        self.parts.get(part).into_iter().flatten().filter(move |holding| holding.family == family)
    }
}

fn held(grant: &Grant) -> Held {
    match grant {
        Grant::KeyValue { bucket } => Held::Kv(bucket.clone()),
        Grant::Blob { container } => Held::Blob(container.clone()),
        Grant::Topic { topic } => Held::Topic(topic.clone()),
        Grant::HttpOut { authority } => Held::HttpOut(authority.clone()),
        Grant::Dir { host, guest, readonly } => {
            let path = host.to_string_lossy().replace('\\', "/");
            Held::Dir { path, guest: guest.clone(), readonly: *readonly }
        }
        Grant::Env { name, .. } => Held::Env(name.clone()),
        Grant::Config { key, .. } => Held::Config(key.clone()),
        Grant::Net { address } => Held::Net(address.clone()),
        Grant::Logging => Held::Logging,
    }
}

/// What the artifact says of itself; nothing where no grants are known.
pub(super) fn section(planner: &Planner<'_>, graph: &Graph) -> Option<Section> {
    let Grants::Known(_) = planner.options.grants else { return None };
    let parts = planner.surfaces.iter().map(|surface| {
        let name = surface.name;
        let mut held: Vec<Held> =
            planner.options.holdings.parts.get(name).into_iter().flatten().map(|it| it.held.clone()).collect();
        held.sort();
        (name.to_owned(), held)
    });
    let apart = graph.host.iter().filter_map(|host| {
        let behind = host.wanted_by.iter().map(|wanted| wanted.by.clone()).collect();
        Some((host.label.clone()?, behind))
    });
    Some(Section { parts: parts.collect(), apart: apart.collect() })
}

/// Parts that would share an import and do not hold the same.
pub(super) fn refuse_differing(planner: &mut Planner<'_>, graph: &Graph) {
    let Options { holdings, hosts, .. } = planner.options;
    let kept = Apart::new(planner.options);
    let mut told = BTreeSet::new();
    let mut failures = Vec::new();
    for host in graph.host.iter().filter(|host| host.label.is_none()) {
        let granted = host.wanted_by.iter().filter_map(|wanted| match wanted.standing {
            Standing::Granted(family) => Some((family, wanted.by.as_str())),
            _ => None,
        });
        let (families, sharing): (Vec<Family>, Vec<&str>) = granted.unzip();
        let Some(&family) = families.first().filter(|family| !holdings.share.contains(family)) else { continue };
        let held = |part: &str| holdings.of(part, family).map(|it| (&it.held, &it.value)).collect::<BTreeSet<_>>();
        let (why, refused) = match hosts {
            Hosts::Ours => {
                let apart = sharing.iter().any(|part| kept.group(family, part).is_some());
                (NotKept::Unknown, apart && apart::carries(&Name::new(&host.import)).is_none())
            }
            Hosts::Any => (NotKept::AnyHost, sharing.iter().any(|part| held(part) != held(sharing[0]))),
        };
        if !refused || !told.insert(family) {
            continue;
        }
        // Where one part alone has the import, it is the others' grants that it must not get.
        let differing = holdings.parts.keys().map(String::as_str).filter(|part| holdings.of(part, family).count() > 0);
        let parts = if sharing.len() > 1 { sharing } else { differing.collect() };
        failures.push(Failure::GrantsDiffer {
            interface: host.import.clone(),
            family,
            why,
            parts: parts
                .iter()
                .map(|part| {
                    let of = || holdings.of(part, family);
                    let held = of().map(|it| it.held.to_string()).collect();
                    ((*part).to_owned(), held, of().filter_map(|it| it.at.clone()).collect())
                })
                .collect(),
        });
    }
    planner.failures.extend(failures);
}
