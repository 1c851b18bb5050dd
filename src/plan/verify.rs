//! Both ends of each edge, type by type.
//!
//! 1. What is imported must be found in what is exported ([`crate::compare`]).
//! 2. A resource that both ends use from a third interface must come from one instance: the importer's provider of that
//!    interface and the exporter's must be the same.
//! 3. Parts that leave one interface to the host, or share one denial or one definition of plain types, must agree on
//!    its types, because there will be only one of it.
//!
//! Of what is known by its outline alone ([`super::outline`]), it can only be said that one has what the other wants; all
//! else is [`Untold`].

use wit_parser::{Resolve, TypeDefKind, TypeId, TypeOwner, WorldItem};

use super::{
    denial,
    error::{Failure, Located, Meeting, Source},
    graph::{Graph, Why},
    provider::Provider,
    surface::{self, Item, Port, Surface},
    wire::Planner,
};
use crate::{
    compare::{self, Change, Comparison, Name, Side, Step},
    manifest::Family,
};

/// An instance's resource, followed to whoever defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Part {
        part: usize,
        export: String,
    },
    Host {
        interface: String,
    },
    /// By the denial of this name.
    Denial {
        name: String,
        interface: String,
    },
}

/// What no outline tells: the worlds are needed.
#[derive(Debug)]
pub(super) struct Untold;

pub(super) fn verify(planner: &mut Planner<'_>, graph: &Graph) -> Result<(), Untold> {
    let mut failures = Vec::new();
    for (index, surface) in planner.surfaces.iter().enumerate() {
        for (import, port) in &surface.imports {
            match planner.decided(index, import) {
                Some(Provider::Part { index: to, export, why }) => {
                    failures.extend(edge(planner, (index, import, port), (*to, export), why)?);
                }
                Some(Provider::Host) => failures.extend(host_resources(planner, index, import, port)),
                Some(Provider::Types | Provider::Closed(_)) | None => {}
            }
        }
    }
    for host in &graph.host {
        let wanted_by: Vec<_> = host.wanted_by.iter().map(|wanted| wanted.by.as_str()).collect();
        failures.extend(agreement(planner, &host.import, &wanted_by, Meeting::Host)?);
    }
    let shared = graph.types.keys().map(|interface| (interface, interface, Meeting::Types));
    let closed = graph
        .denials
        .iter()
        .flat_map(|(name, denial)| denial.interfaces.iter().map(move |interface| (name, interface, Meeting::Denial)));
    for (instance, interface, meeting) in shared.chain(closed) {
        let edges = graph.edges.iter().filter(|edge| edge.to == *instance && edge.export == *interface);
        let wanted_by: Vec<_> = edges.map(|edge| edge.from.as_str()).collect();
        failures.extend(agreement(planner, interface, &wanted_by, meeting)?);
    }
    planner.failures.extend(failures);
    Ok(())
}

fn edge(
    planner: &Planner<'_>,
    (from, import, port): (usize, &String, &Port<'_>),
    (to, export): (usize, &String),
    why: &Why,
) -> Result<Option<Failure>, Untold> {
    let (importer, exporter) = (&planner.surfaces[from], &planner.surfaces[to]);
    let exported = &exporter.exports[export];
    // A type that a world uses from an interface is compared with that interface.
    if port.ty().is_some() && exported.is_interface() {
        return Ok(None);
    }
    let Some(comparison) = compare_ports(port, exported)? else {
        return Ok(Some(Failure::Kind {
            part: importer.name.to_owned(),
            import: import.clone(),
            to: exporter.name.to_owned(),
            export: export.clone(),
            expected: kind(port),
            found: kind(exported),
        }));
    };
    if !comparison.differences.is_empty() {
        return Ok(Some(Failure::Mismatch {
            part: importer.name.to_owned(),
            import: import.clone(),
            other: exporter.name.to_owned(),
            export: export.clone(),
            meeting: Meeting::Edge,
            wired_at: match why {
                Why::Wired(at) => at.clone(),
                _ => None,
            },
            differences: locate(planner, importer, exporter, comparison),
        }));
    }
    Ok(comparison.shared.iter().find_map(|shared| {
        let (here, there) = (importer.world?.resolve, exporter.world?.resolve);
        let wanted = origin(planner, from, (here, shared.expected), false)?;
        let given = origin(planner, to, (there, shared.found), true)?;
        (wanted != given).then(|| Failure::Identity {
            part: importer.name.to_owned(),
            import: import.clone(),
            to: Some(exporter.name.to_owned()),
            resource: here.types[shared.expected].name.clone().unwrap_or_default(),
            interface: surface::owner(here, shared.expected).unwrap_or_default(),
            wanted: source(planner, &wanted),
            given: source(planner, &given),
            closed: [from, to].into_iter().find_map(|part| closed(planner, part, shared.expected, here)),
        })
    }))
}

/// The part, and the family to grant it, where it has a resource's interface only from a denial.
fn closed(planner: &Planner<'_>, part: usize, resource: TypeId, resolve: &Resolve) -> Option<(String, Family)> {
    let interface = surface::owner(resolve, resource)?;
    let (import, _) = surface::find(&planner.surfaces[part].imports, &interface)?;
    match planner.decided(part, import)? {
        Provider::Closed(family) => Some((planner.name(part).to_owned(), (*family)?)),
        _ => None,
    }
}

/// What the host provides can only speak of the host's resources.
fn host_resources(planner: &Planner<'_>, part: usize, import: &str, port: &Port<'_>) -> Option<Failure> {
    port.foreign_resources().into_iter().find_map(|(resolve, resource)| {
        let wanted = origin(planner, part, (resolve, resource), false)?;
        (!matches!(wanted, Origin::Host { .. })).then(|| Failure::Identity {
            part: planner.name(part).to_owned(),
            import: import.to_owned(),
            to: None,
            resource: resolve.types[resource].name.clone().unwrap_or_default(),
            interface: surface::owner(resolve, resource).unwrap_or_default(),
            wanted: source(planner, &wanted),
            given: Source::Host,
            closed: closed(planner, part, resource, resolve),
        })
    })
}

/// Whether all that share one interface mean the same by what they have in common.
fn agreement(
    planner: &Planner<'_>,
    interface: &str,
    wanted_by: &[&str],
    meeting: Meeting,
) -> Result<Vec<Failure>, Untold> {
    let sharing: Vec<_> = wanted_by
        .iter()
        .filter_map(|part| {
            let surface = &planner.surfaces[planner.index(part)?];
            let (import, port) = surface::find(&surface.imports, interface)?;
            Some((surface, import, port))
        })
        .collect();
    let Some(((first, first_import, first_port), rest)) = sharing.split_first() else { return Ok(Vec::new()) };
    let mut failures = Vec::new();
    for (surface, import, port) in rest {
        if surface.is_of_the_world_of(first) && import == first_import {
            continue;
        }
        let Some(mut comparison) = compare_ports(port, first_port)? else { continue };
        // A function or a type that only one of them wants is no disagreement.
        comparison
            .differences
            .retain(|difference| !(difference.change == Change::Missing && is_item(&difference.path)));
        if !comparison.differences.is_empty() {
            failures.push(Failure::Mismatch {
                part: surface.name.to_owned(),
                import: (*import).clone(),
                other: first.name.to_owned(),
                export: (*first_import).clone(),
                meeting,
                wired_at: None,
                differences: locate(planner, surface, first, comparison),
            });
        }
    }
    Ok(failures)
}

fn is_item(path: &[Step]) -> bool {
    path.len() == 1 && !matches!(path[0], Step::Parameter(_))
}

/// `None` where they are not of one kind.
fn compare_ports(expected: &Port<'_>, found: &Port<'_>) -> Result<Option<Comparison>, Untold> {
    let (here, expected, there, found) = match (expected.item, found.item) {
        (Item::Declared(here, expected), Item::Declared(there, found)) => (here, expected, there, found),
        (Item::Outlined(expected), Item::Outlined(found)) if expected.is_found_in(found) => {
            return Ok(Some(Comparison::default()));
        }
        _ => return Err(Untold),
    };
    let (left, right) = (here.resolve, there.resolve);
    Ok(match (expected, found) {
        (WorldItem::Interface { id, .. }, WorldItem::Interface { id: other, .. }) => {
            Some(compare::interfaces(Side { resolve: left, item: *id }, Side { resolve: right, item: *other }))
        }
        (WorldItem::Function(function), WorldItem::Function(other)) => Some(compare::functions(
            Side { resolve: left, item: (here.id, function) },
            Side { resolve: right, item: (there.id, other) },
        )),
        (WorldItem::Type { id, .. }, WorldItem::Type { id: other, .. }) => Some(compare::types(
            Side { resolve: left, item: (here.id, *id) },
            Side { resolve: right, item: (there.id, *other) },
        )),
        _ => None,
    })
}

fn kind(port: &Port<'_>) -> &'static str {
    match (port.is_interface(), port.ty()) {
        (true, _) => "an interface",
        (false, None) => "a function",
        (false, Some(_)) => "a type",
    }
}

/// Who defines a resource that a part knows, as seen from its imports or from its exports.
fn origin(
    planner: &Planner<'_>,
    part: usize,
    (resolve, resource): (&Resolve, TypeId),
    from_export: bool,
) -> Option<Origin> {
    let (mut part, mut resolve, mut resource, mut from_export) = (part, resolve, resource, from_export);
    // Each step follows an edge of a graph without cycles, or ends.
    loop {
        let name = resolve.types[resource].name.clone()?;
        let interface = surface::owner(resolve, resource)?;
        if from_export && planner.surfaces[part].exports.contains_key(&interface) {
            return Some(Origin::Part { part, export: interface });
        }
        let (to, export) = match planner.decided(part, &interface)? {
            Provider::Closed(_) => {
                let (name, interface) = denial::of(&planner.denials, planner, part, &interface)?;
                return Some(Origin::Denial { name: name.to_owned(), interface: interface.to_owned() });
            }
            Provider::Host | Provider::Types => {
                return Some(Origin::Host { interface: Name::new(&interface).canonical() });
            }
            Provider::Part { index, export, .. } => (*index, export),
        };
        let (theirs, exported, defined) = planner.surfaces[to].exports[export].declares(&name)?;
        if !matches!(theirs.types[defined].kind, TypeDefKind::Resource) {
            return None;
        }
        if theirs.types[defined].owner == TypeOwner::Interface(exported) {
            return Some(Origin::Part { part: to, export: export.clone() });
        }
        (part, resolve, resource, from_export) = (to, theirs, defined, true);
    }
}

fn source(planner: &Planner<'_>, origin: &Origin) -> Source {
    match origin {
        Origin::Part { part, export } => Source::Part { part: planner.name(*part).to_owned(), export: export.clone() },
        Origin::Host { .. } => Source::Host,
        Origin::Denial { .. } => Source::Denial,
    }
}

fn locate(planner: &Planner<'_>, a: &Surface<'_>, b: &Surface<'_>, comparison: Comparison) -> Vec<Located> {
    let sources = &planner.options.sources;
    comparison
        .differences
        .into_iter()
        .map(|difference| Located {
            expected_at: a.place(difference.expected_at, sources),
            found_at: b.place(difference.found_at, sources),
            difference,
        })
        .collect()
}
