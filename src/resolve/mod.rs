//! From a project's WIT to one world per component.
//!
//! 1. finds each component's WIT: the folder or file its manifest names, else `wit/` beside its sources, else `wit/` of
//!    the project, else nothing but the bundle ([`read`]; nothing outside the project's root is read);
//! 2. parses every such place once, however many components share it, with its `deps/` folder; a package that is not
//!    there comes from the WASI packages that Mosaic carries ([`bundle`]), never from the network ([`universe`]);
//! 3. selects each component's world ([`world`]);
//! 4. prints the part of the WIT that the world reaches ([`subset`]).
//!
//! A finished component says its own world ([`decode`]). What all of this reads has one digest ([`inputs()`]), for who
//! remembers what came of it.
//!
//! Parsing runs on a thread with a deep stack and bounds on what it accepts ([`limits`]): nothing that WIT or a binary
//! says can overflow the stack or take the process down. All problems of all components are gathered, not the first.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use indexmap::IndexMap;
use wit_parser::{PackageId, Resolve, WorldId};

use crate::{
    event::{Event, Events},
    language::Language,
    manifest::{Component, Manifest, Origin},
    project::Project,
};

mod bundle;
mod decode;
mod diagnose;
mod enlarge;
mod error;
mod inputs;
mod limits;
mod link;
mod packages;
mod parse;
mod pass;
mod read;
mod standalone;
mod subset;
mod universe;
mod world;

pub use self::{
    decode::decode_part,
    enlarge::{Enlarged, enlarged},
    error::{Error, Failure, Kind, Place},
    inputs::inputs,
    limits::is_guarded,
    read::text,
    standalone::{Subject, Wit},
    universe::{Alias, Provenance},
};
pub(crate) use self::{
    decode::{binary, decode_binary, decode_types, guarded, truncated, unreadable},
    limits::{TYPE_DEPTH, members_of},
    packages::{members, named},
};
use self::{read::Reader, universe::Universe};

/// The verb under which is told that a name was taken for a draft.
pub const ALIASED: &str = "Taking";

/// A component with its world, before or after it is built: what planning, checking and inspecting look at.
#[derive(Debug, Clone)]
pub struct Part {
    pub name: String,
    pub language: Option<Language>,
    pub resolve: Arc<Resolve>,
    pub world: WorldId,
}

/// What `resolve` gives.
#[derive(Debug)]
pub struct Resolution {
    /// In the manifest's order.
    pub components: IndexMap<String, ResolvedComponent>,
}

/// A component with the WIT it sees.
#[derive(Debug)]
pub struct ResolvedComponent {
    pub part: Part,
    /// The WIT subset that its world reaches, as one self-contained text (nested packages) that any
    /// `wit-parser` from 0.245 on reads; empty for a finished `.wasm`.
    pub wit: String,
    /// Fully qualified: `acme:shop/auth@0.1.0`.
    pub world: String,
    /// Files the subset came from, for fingerprints and watching; absolute.
    pub files: Vec<PathBuf>,
    /// Where each WIT package of `wit` came from, by its full name; empty for a finished `.wasm`.
    pub packages: BTreeMap<String, Provenance>,
    /// Unversioned names that were taken for a draft.
    pub aliases: Vec<Alias>,
}

/// Resolves every component of a project.
///
/// Tells one [`Event::Note`] for each unversioned name that was taken for a draft. Fails with every problem of every
/// component.
pub fn resolve(project: &Project, events: Events<'_>) -> Result<Resolution, Error> {
    let manifest = &project.manifest;
    let mut failures = Vec::new();
    let mut places: IndexMap<Option<PathBuf>, Vec<&Component>> = IndexMap::new();
    let mut components = IndexMap::new();

    for component in manifest.components.values() {
        match &component.origin {
            Origin::Source(source) => match locate(project, component, &source.value) {
                Ok(place) => places.entry(place).or_default().push(component),
                Err(failure) => failures.push(failure),
            },
            Origin::Wasm(path) => match finished(project, component, &path.value, path.span.clone()) {
                Ok(resolved) => {
                    components.insert(component.name.value.clone(), resolved);
                }
                Err(error) => failures.extend(error.failures),
            },
        }
    }

    for (place, sharing) in &places {
        match shared(project, place.as_deref(), sharing) {
            Ok(resolved) => components.extend(resolved),
            Err(error) => failures.extend(error.failures),
        }
    }

    if !failures.is_empty() {
        return Err(Error { failures });
    }
    components.sort_by_cached_key(|name, _| manifest.components.get_index_of(name));
    let resolution = Resolution { components };
    resolution.aliases().iter().for_each(|text| events(Event::Detail { verb: ALIASED, text }));
    Ok(resolution)
}

impl Resolution {
    /// Each unversioned name that was taken for a draft, in a sentence that [`ALIASED`] begins.
    pub fn aliases(&self) -> Vec<String> {
        let mut told = BTreeMap::<&Alias, Vec<&str>>::new();
        for (name, component) in &self.components {
            for alias in &component.aliases {
                told.entry(alias).or_default().push(name);
            }
        }
        let text = |(alias, names): (&Alias, Vec<&str>)| {
            format!("`{}` as {} (in {})", alias.asked, alias.given, names.join(", "))
        };
        told.into_iter().map(text).collect()
    }
}

/// The WIT files that [`resolve`] would read, in a stable order, without reading them: for watching, and for telling
/// that nothing has changed. Absolute.
pub fn files(project: &Project) -> Result<Vec<PathBuf>, Error> {
    let mut failures = Vec::new();
    let mut files = Vec::new();
    for component in project.manifest.components.values() {
        let listed = match &component.origin {
            Origin::Source(source) => locate(project, component, &source.value).and_then(|place| match place {
                Some(place) => Reader::new(&project.root).list(&place),
                None => Ok(Vec::new()),
            }),
            Origin::Wasm(path) => Ok(vec![project.root.join(&path.value)]),
        };
        match listed {
            Ok(listed) => files.extend(listed),
            Err(failure) => failures.push(failure.of(&component.name.value)),
        }
    }
    if !failures.is_empty() {
        return Err(Error { failures });
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// The places of WIT that a project's components are written against, relative to its root, each with those components.
pub fn places(project: &Project) -> Result<IndexMap<PathBuf, Vec<String>>, Error> {
    let mut places: IndexMap<PathBuf, Vec<String>> = IndexMap::new();
    let mut failures = Vec::new();
    for (name, component) in &project.manifest.components {
        let Origin::Source(source) = &component.origin else { continue };
        match locate(project, component, &source.value) {
            Ok(place) => place.into_iter().for_each(|place| places.entry(place).or_default().push(name.clone())),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(places) } else { Err(Error { failures }) }
}

/// The WIT package in a file, or in a folder with its `deps`; what is not there comes from the bundle. Nothing outside
/// of the folder is read.
pub fn package(path: &Path) -> Result<(Arc<Resolve>, PackageId), Error> {
    let wit = Wit::read(path, path)?;
    match wit.subject {
        Subject::Packages(packages) if !packages.is_empty() => Ok((wit.resolve, packages[0])),
        _ => {
            let message = format!("{}: this is a component, not a WIT package", path.display());
            Err(Failure::new(Kind::Rejected { message }).into())
        }
    }
}

/// The same for who only asks whether it resolves: with less memory, without comments, and with spans that point nowhere.
/// Fails as [`package`] does.
pub fn sound(path: &Path) -> Result<(Arc<Resolve>, PackageId), Error> {
    let found = path.canonicalize().ok().and_then(|place| match (place.is_dir(), place.parent(), place.file_name()) {
        (false, Some(folder), Some(file)) => pass::pass(folder, Path::new(file)),
        _ => pass::pass(&place, Path::new("")),
    });
    found.and_then(|universe| Some((universe.resolve, universe.main?))).map_or_else(|| package(path), Ok)
}

/// Where a component's WIT is, relative to the root; `None` where there is none and its world is named with its package.
fn locate(project: &Project, component: &Component, source: &Path) -> Result<Option<PathBuf>, Failure> {
    if let Some(wit) = &component.wit {
        return Ok(Some(wit.value.clone()));
    }
    let own = source.join("wit");
    let candidates = [own, PathBuf::from("wit")];
    if let Some(found) = candidates.iter().find(|place| project.root.join(place).exists()) {
        return Ok(Some(found.clone()));
    }
    if component.world.as_ref().is_some_and(|world| world.value.contains('/')) {
        return Ok(None);
    }
    let looked = candidates.iter().map(|place| place.display().to_string()).collect();
    Err(Failure::new(Kind::NoWit { looked })
        .of(&component.name.value)
        .at(manifest_place(&project.manifest, component.name.span.clone())))
}

/// A finished component.
fn finished(
    project: &Project,
    component: &Component,
    path: &Path,
    span: std::ops::Range<usize>,
) -> Result<ResolvedComponent, Error> {
    let name = &component.name.value;
    let place = || manifest_place(&project.manifest, span.clone());
    let (path, bytes) =
        Reader::new(&project.root).bytes(path).map_err(|failure| Error::from(failure.of(name).or_at(place)))?;
    let part = decode_part(name, &bytes, component.language)?;
    let world = world::full_name(&part.resolve, part.world);
    Ok(ResolvedComponent {
        part,
        wit: String::new(),
        world,
        files: vec![path],
        packages: BTreeMap::new(),
        aliases: Vec::new(),
    })
}

/// All components that share one place of WIT.
fn shared(
    project: &Project,
    place: Option<&Path>,
    sharing: &[&Component],
) -> Result<Vec<(String, ResolvedComponent)>, Error> {
    // A failure in WIT that several components share is not one component's.
    let only = match sharing {
        [component] => Some(component.name.value.as_str()),
        _ => None,
    };
    let blame = |failure: Failure| {
        let span = sharing.iter().find_map(|c| c.wit.as_ref()).map(|wit| wit.span.clone());
        let failure = match span {
            Some(span) => failure.or_at(|| manifest_place(&project.manifest, span)),
            None => failure,
        };
        match only {
            Some(name) => failure.of(name),
            None => failure,
        }
    };

    let mut reader = Reader::new(&project.root);
    let tree = match place {
        Some(place) => reader.tree(place).map_err(|failure| Error::from(blame(failure)))?,
        None => read::Tree::default(),
    };
    let named = sharing.iter().filter_map(|c| world::package_of(c.world.as_ref()?.value.as_str()));
    let universe = Universe::load(tree, named.collect())
        .map_err(|failures| Error { failures: failures.into_iter().map(blame).collect() })?;
    let files = reader.into_files();

    let mut failures = Vec::new();
    let mut resolved = Vec::new();
    for component in sharing {
        let name = &component.name.value;
        match one(project, component, &universe, &files) {
            Ok(component) => resolved.push((name.clone(), component)),
            Err(failure) => failures.push(failure.of(name)),
        }
    }
    if failures.is_empty() { Ok(resolved) } else { Err(Error { failures }) }
}

/// One component in its parsed WIT.
fn one(
    project: &Project,
    component: &Component,
    universe: &Universe,
    files: &[PathBuf],
) -> Result<ResolvedComponent, Failure> {
    let asked = component.world.as_ref();
    let span = asked.map_or(component.name.span.clone(), |world| world.span.clone());
    let world = world::select(universe, &component.name.value, asked.map(|world| world.value.as_str()))
        .map_err(|kind| Failure::new(kind).at(manifest_place(&project.manifest, span)))?;
    let subset = subset::print(&universe.resolve, world).map_err(Failure::new)?;
    let reached = |alias: &&Alias| subset.packages.iter().any(|name| name.to_string() == alias.given);
    let aliases = universe.aliases.iter().filter(reached).cloned().collect();
    Ok(ResolvedComponent {
        part: Part {
            name: component.name.value.clone(),
            language: component.language,
            resolve: universe.resolve.clone(),
            world,
        },
        wit: subset.text,
        world: world::full_name(&universe.resolve, world),
        files: files.to_vec(),
        packages: subset
            .packages
            .into_iter()
            .filter_map(|name| Some((name.to_string(), universe.provenance.get(&name)?.clone())))
            .collect(),
        aliases,
    })
}

fn manifest_place(manifest: &Manifest, span: std::ops::Range<usize>) -> Place {
    Place { source: manifest.source.clone(), span }
}

#[cfg(test)]
mod tests;
