//! What can be said of a project besides its wiring: grants that nobody uses, versions that do not go together.

use std::{collections::BTreeMap, path::PathBuf};

use mosaic::{
    compare::Name,
    diagnostic::Problem,
    manifest::{Family, Granted},
    plan::{capability::Standing, graph::Graph},
    project::Project,
    registry::Reference,
    resolve,
};

use super::super::{Failure, app::Opened};

/// Families that only a part's own code asks for; the others may be what its language's runtime needs.
const OWN: &[&str] = &["http", "keyvalue", "logging"];

/// Grants that no component has, and those of components whose worlds have no use for them.
pub(super) fn unused_grants(opened: &Opened<'_>, graph: &Graph) -> Vec<Problem> {
    let manifest = &opened.project.manifest;
    let mut problems = Vec::new();
    for name in manifest.grants.keys() {
        let mut all = manifest.components.values().flat_map(|component| &component.grants);
        if !all.any(|granted| matches!(&granted.value, Granted::Named(named) if named == name)) {
            let problem = Problem::warning("check::unused-grant", format!("no component has the grant `{name}`"));
            problems.push(problem.help("name it in a component's `grants`, or take it out of `[grants]`"));
        }
    }
    let uses = |part: &str, family: Family| {
        let mut wanted = graph.host.iter().flat_map(|import| &import.wanted_by);
        wanted.any(|wanted| wanted.by == part && wanted.standing == Standing::Granted(family))
    };
    for (part, component) in &manifest.components {
        for granted in &component.grants {
            let family = match &granted.value {
                Granted::Family(family) => Some(*family),
                Granted::Named(name) => manifest.grants.get(name).map(mosaic::manifest::Grant::family),
            };
            if let Some(family) = family.filter(|family| OWN.contains(&family.word()) && !uses(part, *family)) {
                let message = format!("`{part}` has the grant `{}` and imports nothing that it is for", granted.value);
                let problem = Problem::warning("check::unused-grant", message).in_component(part);
                let label = format!("nothing of the family `{}` is imported", family.word());
                problems.push(problem.at(&manifest.source, granted.span.clone(), label));
            }
        }
    }
    problems
}

/// WASI packages that parts want in several versions of which none serves all.
pub(super) fn version_skew(opened: &Opened<'_>) -> Vec<Problem> {
    let mut wanted: BTreeMap<String, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
    for (name, component) in &opened.resolution.components {
        let resolve = &component.part.resolve;
        for key in resolve.worlds[component.part.world].imports.keys() {
            let import = resolve.name_world_key(key);
            let import = Name::new(&import);
            let (Some(package), Some(track)) = (import.package(), import.track()) else { continue };
            let parts = wanted.entry(package.to_owned()).or_default().entry(track.to_owned()).or_default();
            if parts.last() != Some(&name.as_str()) {
                parts.push(name);
            }
        }
    }
    let skewed = wanted.into_iter().filter(|(_, tracks)| tracks.len() > 1);
    skewed
        .map(|(package, tracks)| {
            let message = format!("`{package}` is imported in {} versions that do not match", tracks.len());
            let problem = Problem::warning("check::version-skew", message);
            let by = |(track, parts): (&String, &Vec<&str>)| format!("{track} by {}", parts.join(", "));
            tracks.iter().map(by).fold(problem, Problem::because).help("the host has to offer each of them")
        })
        .collect()
}

/// Where the project has the WIT package of that name.
pub(super) fn place_of(project: &Project, package: &Reference) -> Result<PathBuf, Failure> {
    let mut there = Vec::new();
    for place in resolve::places(project)?.into_keys() {
        let place = project.root.join(place);
        let (resolve, id) = resolve::package(&place)?;
        let name = &resolve.packages[id].name;
        if (&name.namespace, &name.name) == (&package.namespace, &package.name) {
            return Ok(place);
        }
        there.push(format!("`{name}`"));
    }
    let message = format!("the project has no package `{}` to compare with its release", package.package());
    let problem = Problem::error("check::no-such-package", message);
    Err(Failure::of(problem.help(format!("it has {}", there.join(", ")))))
}
