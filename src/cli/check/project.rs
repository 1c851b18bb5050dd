//! A project: its wiring, grants that nobody uses, versions that do not go together; its app, and its baseline.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use mosaic::{
    check::compat::Settings,
    compare::Name,
    diagnostic::Problem,
    event::Event,
    lock::{self, Policy},
    manifest::{Family, Granted},
    plan::{capability::Standing, graph::Graph},
    project::Project,
    registry::Reference,
    resolve::{self, Subject},
};

use super::{
    super::{Failure, app::Opened, reporter::Reporter},
    Args, EXPLAIN,
    baseline::{self, Baseline},
    compared, compared_with, fits_world, known,
    levels::from_manifest,
    look, read_accepted,
    reports::Found,
    shown, told,
};

/// Families that only a part's own code asks for; the others may be what its language's runtime needs.
const OWN: &[&str] = &["http", "keyvalue", "logging"];

/// The project: planned, its app validated if it is built, and compared with its baseline if there is one.
pub(super) fn check(args: &Args, found: &mut Found, reporter: &Reporter) -> Result<(), Failure> {
    let project = known::wired(args.project.load()?, args.lock.looking(), found, reporter)?;
    let manifest = &project.manifest;
    let app = shown(&project.layout.app(&manifest.app.name.value));
    if app.exists() {
        told(look(&app)?, "valid", found, reporter);
    }
    match (&args.world, &manifest.check.world) {
        (Some(typed), _) => {
            told(fits_world(&built(&app)?, typed, Path::new(""))?, "fits the world", found, reporter);
        }
        (None, Some(said)) if app.exists() => {
            told(fits_world(&app, &said.value, &project.root)?, "fits the world", found, reporter);
        }
        (None, Some(said)) => {
            let text = format!("`{}`: the app has not been built, so it is not held against it", said.value);
            reporter.event(Event::Note { verb: "Skipping", text: &text });
        }
        (None, None) => {}
    }
    let settings = args.weighing.settings(manifest_settings(&project)?)?;
    let baseline = match (&args.against, &manifest.check.baseline) {
        (Some(typed), _) => Baseline::parse(typed)?,
        // A path in the manifest is relative to it.
        (None, Some(said)) => match Baseline::parse(&said.value)? {
            Baseline::Path(path) => Baseline::Path(project.root.join(path)),
            elsewhere @ (Baseline::Git { .. } | Baseline::Registry(_)) => elsewhere,
        },
        (None, None) => return Ok(()),
    };
    let is_component = |path: &Path| path.extension().is_some_and(|ending| ending == "wasm" || ending == "wat");
    match &baseline {
        Baseline::Registry(package) => {
            let release = baseline::release(package, &args.lock, reporter)?;
            lock::hold(&project, &baseline::locked(&release), baseline_policy(args))?;
            let old = baseline::decoded(&release)?;
            let place = match old.subject {
                Subject::Component(_) => built(&app)?,
                Subject::Packages(_) => place_of(&project, package)?,
            };
            compared(&old, &place, &settings, found, reporter)
        }
        Baseline::Path(path) if is_component(path) => {
            compared_with(&baseline, built(&app)?.as_path(), args, &settings, found, reporter)
        }
        Baseline::Path(_) | Baseline::Git { .. } => {
            for place in resolve::places(&project)?.into_keys() {
                // Of a folder that holds several places of WIT, the same one.
                let baseline = match &baseline {
                    Baseline::Path(folder) if folder.join(&place).exists() => Baseline::Path(folder.join(&place)),
                    baseline => baseline.clone(),
                };
                compared_with(&baseline, &project.root.join(place), args, &settings, found, reporter)?;
            }
            Ok(())
        }
    }
}

/// What may become of the digest of a release: one that the manifest names is the project's, and belongs to its lock file.
fn baseline_policy(args: &Args) -> Policy {
    match args.against {
        Some(_) => Policy::Ignore,
        None => args.lock.policy(),
    }
}

/// The app, which a component is compared with.
fn built(app: &Path) -> Result<PathBuf, Failure> {
    if app.exists() {
        return Ok(app.to_owned());
    }
    let problem = Problem::error("check::not-built", "the app has not been built, so there is nothing to look at");
    Err(Failure::of(problem.help("`cargo mosaic build`")))
}

/// What the manifest says of rules.
fn manifest_settings(project: &Project) -> Result<Settings, Failure> {
    let check = &project.manifest.check;
    let mut settings = Settings::default();
    let source = &project.manifest.source;
    from_manifest(&check.rules, source, EXPLAIN, |name, level| settings.set(name, level))?;
    if let Some(file) = &check.baseline_file {
        settings.accept(&read_accepted(&project.root.join(&file.value))?);
    }
    Ok(settings)
}

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
