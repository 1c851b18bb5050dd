//! What exactly each part is granted — which bucket, folder, variable, host — and whether a host can tell it apart.
//!
//! Parts that leave one interface to the host share one import of the app, and behind an import a host cannot tell who
//! calls. So parts that are granted a family must hold the same of it, or the user says that they share what they hold
//! (`[compose] share`): nobody gets the union of two grants in silence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    capability::{Grants, Standing},
    error::{At, Failure},
    graph::Graph,
    wire::Planner,
};
use crate::{
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

/// One grant of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holding {
    pub family: Family,
    pub held: Held,
    /// Where the part names it.
    #[serde(skip)]
    pub at: At,
}

impl Holdings {
    /// What a manifest grants its components.
    pub fn from_manifest(manifest: &Manifest) -> Holdings {
        let holding = |granted: &crate::manifest::Spanned<Granted>| {
            let (family, held) = match &granted.value {
                Granted::Family(Family::Logging) => (Family::Logging, Held::Logging),
                Granted::Family(family) => (*family, Held::Family(family.word().to_owned())),
                Granted::Named(name) => {
                    let grant = manifest.grants.get(name)?;
                    (grant.family(), held(grant))
                }
            };
            Some(Holding { family, held, at: Some(granted.span.clone()) })
        };
        let parts = manifest
            .components
            .iter()
            .map(|(name, component)| (name.clone(), component.grants.iter().filter_map(holding).collect()));
        Holdings { parts: parts.collect(), share: manifest.compose.share.iter().map(|it| it.value).collect() }
    }

    fn of(&self, part: &str, family: Family) -> impl Iterator<Item = &Holding> {
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
pub(super) fn section(planner: &Planner<'_>) -> Option<Section> {
    let Grants::Known(_) = planner.options.grants else { return None };
    let parts = planner.surfaces.iter().map(|surface| {
        let name = &surface.part.name;
        let mut held: Vec<Held> =
            planner.options.holdings.parts.get(name).into_iter().flatten().map(|it| it.held.clone()).collect();
        held.sort();
        (name.clone(), held)
    });
    Some(Section { parts: parts.collect() })
}

/// Parts that would share an import and do not hold the same.
pub(super) fn refuse_differing(planner: &mut Planner<'_>, graph: &Graph) {
    let holdings = &planner.options.holdings;
    let mut told = BTreeSet::new();
    let mut failures = Vec::new();
    for host in &graph.host {
        let mut family = None;
        let sharing: Vec<&str> = host
            .wanted_by
            .iter()
            .filter_map(|wanted| match wanted.standing {
                Standing::Granted(granted) => {
                    family = Some(granted);
                    Some(wanted.by.as_str())
                }
                _ => None,
            })
            .collect();
        let Some(family) = family.filter(|family| *family != Family::Logging && !holdings.share.contains(family))
        else {
            continue;
        };
        let held = |part: &str| holdings.of(part, family).map(|it| &it.held).collect::<BTreeSet<_>>();
        let Some(first) = sharing.first().map(|part| held(part)) else { continue };
        if sharing.iter().all(|part| held(part) == first) || !told.insert(family) {
            continue;
        }
        failures.push(Failure::GrantsDiffer {
            interface: host.import.clone(),
            family,
            parts: sharing
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
