//! Everything one place of WIT can see, parsed and resolved.
//!
//! 1. parses each package's text, on several cores where there is much; a broken one does not hide what is wrong in the
//!    others;
//! 2. gives drafts that are named without a version the version of [`bundle::draft`];
//! 3. adds what is missing from the bundle, and what that needs in turn: of each package its interfaces, and its worlds
//!    only where one is asked for;
//! 4. reports every package that is still missing, at the place that asks for it;
//! 5. puts the packages in order and has wit-parser link their items ([`link`]);
//! 6. refuses types that no tool further down could take.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use wit_parser::{
    AstItem, PackageId, PackageName, ParseError, ParseErrorKind, Resolve, ResolveError, ResolveErrorKind, SourceMap,
    Span, UnresolvedPackage, UnresolvedPackageGroup, decoding::DecodedWasm,
};

use crate::diagnostic::SourceFile;

use super::{
    bundle::{self, Extent},
    decode::decode,
    error::{Failure, Kind, Place},
    limits, link,
    parse::{self, Ready, Unparsed},
    read::{Source, Tree},
};

/// Where a WIT package came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// The project's own files, relative to its root.
    Project { files: Vec<String> },
    /// Carried by Mosaic, as published in this crate (`name version`).
    Bundled { origin: String },
    /// Carried by Mosaic under a later version, less what is newer than the one asked for.
    Derived { origin: String, from: semver::Version },
}

/// An unversioned name that was taken for a draft.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias {
    /// `wasi:logging`.
    pub asked: String,
    /// `wasi:logging@0.1.0-draft`.
    pub given: String,
}

/// Resolved WIT.
#[derive(Debug)]
pub(super) struct Universe {
    pub resolve: Arc<Resolve>,
    /// The package of the place itself; `None` where there is no place.
    pub main: Option<PackageId>,
    pub provenance: HashMap<PackageName, Provenance>,
    /// Sorted.
    pub aliases: Vec<Alias>,
}

impl Universe {
    /// Resolves what was read, with the packages that worlds are `named` by in the manifest.
    pub fn load(tree: Tree, named: Vec<PackageName>) -> Result<Universe, Vec<Failure>> {
        Universe::guarded(tree, named, Resolve::default())
    }

    /// The same with what is `@unstable` under these features.
    pub fn with_features(tree: Tree, features: BTreeSet<String>) -> Result<Universe, Vec<Failure>> {
        let resolve = Resolve { features: features.into_iter().collect(), ..Resolve::default() };
        Universe::guarded(tree, Vec::new(), resolve)
    }

    fn guarded(tree: Tree, named: Vec<PackageName>, resolve: Resolve) -> Result<Universe, Vec<Failure>> {
        let work = || {
            let has_main = tree.main.is_some();
            let sources: Vec<Source> = tree.main.into_iter().chain(tree.deps).collect();
            let texts = sources.iter().flat_map(Source::texts).map(|file| (file.name.clone(), file.clone())).collect();
            let ready = parse::all(sources);
            load(Parts { ready, has_main, named, texts: Texts(texts), resolve, size: Size::default() })
        };
        limits::guarded(work).unwrap_or_else(|kind| Err(vec![Failure::new(kind)]))
    }
}

/// What is to be put together.
pub(super) struct Parts {
    pub ready: Vec<Ready>,
    /// Whether the first of them is the place's own.
    pub has_main: bool,
    pub named: Vec<PackageName>,
    pub texts: Texts,
    /// With what has been added to it before.
    pub resolve: Resolve,
    /// Of that.
    pub size: Size,
}

/// Everything after parsing.
pub(super) fn load(parts: Parts) -> Result<Universe, Vec<Failure>> {
    let Parts { ready, has_main, named, texts, mut resolve, mut size } = parts;
    let mut failures = Vec::new();
    let there = resolve.package_names.keys().cloned();
    let mut provenance: HashMap<_, _> = there.map(|name| (name, Provenance::Project { files: Vec::new() })).collect();
    let mut aliases = BTreeMap::new();

    // 1. What was parsed.
    let mut main = None;
    let mut groups = Vec::new();
    let mut encoded_main = None;
    for (i, ready) in ready.into_iter().enumerate() {
        match ready {
            Ready::Text(parsed) => match *parsed {
                Ok(group) if i == 0 && has_main => main = Some(group),
                Ok(group) => groups.push(group),
                Err(Unparsed::Refused(failure)) => failures.push(failure),
                Err(Unparsed::Broken(map, error)) => failures.push(texts.parsing(&error, &map)),
            },
            Ready::Encoded { name, bytes } => match merge(&mut resolve, &name, &bytes) {
                Ok((id, packages)) => {
                    provenance
                        .extend(packages.into_iter().map(|p| (p, Provenance::Project { files: vec![name.clone()] })));
                    if i == 0 && has_main {
                        encoded_main = Some(id);
                    }
                }
                Err(failure) => failures.push(failure),
            },
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }

    // 2. Drafts, unless the project has a package of that very name.
    for group in main.iter().chain(&groups) {
        let files: Vec<_> = group.source_map.source_names().map(str::to_owned).collect();
        for package in std::iter::once(&group.main).chain(&group.nested) {
            provenance.insert(package.name.clone(), Provenance::Project { files: files.clone() });
        }
    }
    for group in main.iter_mut().chain(&mut groups) {
        let map = &group.source_map;
        for package in std::iter::once(&mut group.main).chain(&mut group.nested) {
            match drafts(package, &provenance) {
                Ok(found) => aliases.extend(found),
                Err((kind, span)) => failures.push(texts.failure(map, span, kind)),
            }
        }
    }

    // 3. and 4. The bundle.
    let mut wanted = Wanted::default();
    for group in main.iter().chain(&groups) {
        for package in std::iter::once(&group.main).chain(&group.nested) {
            wants(package, |name, extent, span| {
                wanted.add(name, extent, || texts.place(&group.source_map, span).map(whole));
            });
        }
    }
    for name in named {
        wanted.add(&bundle::draft(&name).unwrap_or(name), Extent::Whole, || None);
    }
    // Where among the groups what was added stands.
    let mut added: HashMap<PackageName, usize> = HashMap::new();
    while let Some((name, extent, place)) = wanted.next() {
        // A draft still without its version has been reported.
        let known = provenance.contains_key(&name) || resolve.package_names.contains_key(&name);
        if known && !added.contains_key(&name) || bundle::draft(&name).is_some() {
            continue;
        }
        let Some(found) = bundle::find(&name, extent) else {
            // A world the manifest names is reported where worlds are selected.
            if let Some(place) = place {
                let mut there: Vec<_> = provenance.keys().chain(resolve.package_names.keys()).cloned().collect();
                there.sort();
                there.dedup();
                let kind = Kind::UnknownPackage { bundled: bundle::versions(&name), name, there };
                failures.push(Failure::new(kind).at(place));
            }
            continue;
        };
        let provided = match found.derived_from {
            None => Provenance::Bundled { origin: found.origin },
            Some(from) => Provenance::Derived { origin: found.origin, from },
        };
        provenance.insert(name.clone(), provided);
        wants(&found.group.main, |name, extent, _| wanted.add(name, extent, || None));
        match added.get(&name) {
            Some(at) => groups[*at] = found.group,
            None => {
                added.insert(name, groups.len());
                groups.push(found.group);
            }
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    if let Some(kind) = main.iter().chain(&groups).find_map(|group| size.add(group)) {
        return Err(vec![Failure::new(kind)]);
    }

    // 5. Link.
    let main = link::link(&mut resolve, main, groups).map_err(|e| vec![texts.resolving(e, &resolve)])?.or(encoded_main);

    // 6. Bounds.
    limits::types(&resolve).map_err(|(id, failure)| {
        vec![match texts.place(&resolve.source_map, resolve.types[id].span) {
            Some(place) => failure.at(place),
            None => failure,
        }]
    })?;

    let aliases = aliases.into_iter().map(|(asked, given)| Alias { asked, given }).collect();
    Ok(Universe { resolve: Arc::new(resolve), main, provenance, aliases })
}

/// Adds a package that is encoded as WebAssembly, with those it brings. Gives its id and all their names.
fn merge(resolve: &mut Resolve, name: &str, bytes: &[u8]) -> Result<(PackageId, Vec<PackageName>), Failure> {
    let in_file = |what: String| Failure::new(Kind::Rejected { message: format!("{name}: {what}") });
    match decode(bytes).map_err(Failure::new)? {
        DecodedWasm::Component(..) => Err(in_file("this is a component, not a WIT package".to_owned())),
        DecodedWasm::WitPackage(decoded, id) => {
            let names = decoded.package_names.keys().cloned().collect();
            let remap = resolve.merge(decoded).map_err(|e| in_file(e.to_string()))?;
            Ok((remap.packages[id.index()], names))
        }
    }
}

/// Gives the drafts that a package names without a version theirs. Gives what was asked for and what was given.
fn drafts(
    package: &mut UnresolvedPackage,
    own: &HashMap<PackageName, Provenance>,
) -> Result<Vec<(String, String)>, (Kind, Span)> {
    let mut found = Vec::new();
    let unknown = package.foreign_deps.keys().filter(|name| !own.contains_key(*name));
    let drafts: HashMap<_, _> = unknown.filter_map(|name| Some((name.clone(), bundle::draft(name)?))).collect();
    for (asked, given) in &drafts {
        if package.foreign_deps.contains_key(given) {
            let kind = Kind::MixedNames { asked: asked.clone(), given: given.clone() };
            return Err((kind, first_span(package, asked)));
        }
        found.push((asked.to_string(), given.to_string()));
    }
    if !drafts.is_empty() {
        // In place and in order: wit-parser keeps a list beside this map that goes by position.
        package.foreign_deps = std::mem::take(&mut package.foreign_deps)
            .into_iter()
            .map(|(name, items)| (drafts.get(&name).cloned().unwrap_or(name), items))
            .collect();
    }
    Ok(found)
}

/// The packages that a package needs, and how much of each, with the place that asks for it first.
fn wants(package: &UnresolvedPackage, mut each: impl FnMut(&PackageName, Extent, Span)) {
    for (name, items) in &package.foreign_deps {
        let extent = match items.values().any(|(item, _)| matches!(item, AstItem::World(_))) {
            true => Extent::Whole,
            false => Extent::Interfaces,
        };
        each(name, extent, first_span(package, name));
    }
}

/// What is still to be found in the bundle.
#[derive(Default)]
struct Wanted {
    all: HashMap<PackageName, (Extent, Option<Place>)>,
    /// Each once for each extent.
    next: VecDeque<PackageName>,
}

impl Wanted {
    /// Adds what is not wanted so far, or not so much of it; with the first place that asks for it.
    fn add(&mut self, name: &PackageName, extent: Extent, place: impl FnOnce() -> Option<Place>) {
        match self.all.get_mut(name) {
            Some((there, _)) if *there >= extent => {}
            Some((there, _)) => {
                *there = extent;
                // Not yet looked at, it need not be looked at twice.
                if !self.next.contains(name) {
                    self.next.push_back(name.clone());
                }
            }
            None => {
                self.all.insert(name.clone(), (extent, place()));
                self.next.push_back(name.clone());
            }
        }
    }

    fn next(&mut self) -> Option<(PackageName, Extent, Option<Place>)> {
        let name = self.next.pop_front()?;
        let (extent, place) = self.all[&name].clone();
        Some((name, extent, place))
    }
}

fn first_span(package: &UnresolvedPackage, dependency: &PackageName) -> Span {
    let first = package.foreign_deps.get(dependency).and_then(|items| items.values().next());
    match first {
        Some((AstItem::Interface(id), _)) => package.interfaces[*id].span,
        Some((AstItem::World(id), _)) => package.worlds[*id].span,
        None => Span::default(),
    }
}

/// How much there is of what wit-parser's quadratic steps go over: it writes out every world whole, with what it includes
/// and with every interface that its interfaces need.
#[derive(Default)]
pub(super) struct Size {
    packages: usize,
    world_items: usize,
}

impl Size {
    /// Adds a package with those nested in it; gives what there is too much of then.
    pub fn add(&mut self, group: &UnresolvedPackageGroup) -> Option<Kind> {
        for package in std::iter::once(&group.main).chain(&group.nested) {
            self.packages += 1;
            // Worlds are in topological order.
            let mut sizes: Vec<usize> = Vec::with_capacity(package.worlds.len());
            for (_, world) in package.worlds.iter() {
                let included = world.includes.iter().filter_map(|include| sizes.get(include.id.index()));
                let own = world.imports.len() + world.exports.len();
                sizes.push(included.fold(own, |sum, size| sum.saturating_add(*size)));
            }
            let needed = package.worlds.len().saturating_mul(package.interfaces.len());
            self.world_items =
                sizes.iter().fold(self.world_items.saturating_add(needed), |sum, size| sum.saturating_add(*size));
        }
        let counts = [
            ("WIT packages", self.packages, limits::PACKAGES),
            ("items in all worlds", self.world_items, limits::WORLD_ITEMS),
        ];
        let (what, found, limit) = counts.into_iter().find(|(_, found, limit)| found > limit)?;
        Some(Kind::TooMuch { what, limit, found: Some(found) })
    }
}

/// The texts that spans point into, by the name they were given to wit-parser under.
#[derive(Default)]
pub(super) struct Texts(HashMap<String, Arc<SourceFile>>);

impl Texts {
    /// Where a span is, if it is in one of the project's own texts.
    fn place(&self, map: &SourceMap, span: Span) -> Option<Place> {
        let location = map.resolve_span(span)?;
        let source = self.0.get(location.path)?.clone();
        Some(Place { source, span: location.range })
    }

    fn failure(&self, map: &SourceMap, span: Span, kind: Kind) -> Failure {
        let place = self.place(map, span);
        let place = match kind {
            Kind::UnknownPackage { .. } | Kind::UnknownInterface { .. } | Kind::UnknownWorld { .. } => place.map(whole),
            Kind::MixedNames { .. } => place.map(whole),
            _ => place,
        };
        Failure { component: None, place, kind }
    }

    fn parsing(&self, error: &ParseError, map: &SourceMap) -> Failure {
        let kind = match error.kind() {
            ParseErrorKind::ItemNotFound { name, kind, hint, .. } => {
                Kind::UnknownItem { what: kind.clone(), name: name.clone(), hint: hint.clone() }
            }
            ParseErrorKind::TypeCycle { name, kind, .. } => Kind::ItemCycle { what: kind.clone(), name: name.clone() },
            kind => Kind::Syntax { message: kind.to_string() },
        };
        self.failure(map, error.kind().span(), kind)
    }

    fn resolving(&self, error: ResolveError, resolve: &Resolve) -> Failure {
        let map = &resolve.source_map;
        let kind = match error.kind() {
            ResolveErrorKind::PackageNotFound { requested, known, .. } => Kind::UnknownPackage {
                name: requested.clone(),
                there: known.clone(),
                bundled: bundle::versions(requested),
            },
            ResolveErrorKind::InterfaceNotFound { requested, package, .. } => Kind::UnknownInterface {
                name: requested.clone(),
                package: package.clone(),
                there: package_of(resolve, package, |package| package.interfaces.keys().cloned().collect()),
            },
            ResolveErrorKind::WorldNotFound { requested, package, .. } => Kind::UnknownWorld {
                name: requested.clone(),
                package: package.clone(),
                there: package_of(resolve, package, |package| package.worlds.keys().cloned().collect()),
            },
            ResolveErrorKind::PackageCycle { package, .. } => Kind::PackageCycle { name: package.clone() },
            ResolveErrorKind::DuplicatePackage { name, span2, .. } => {
                Kind::PackageTwice { name: name.clone(), first: self.place(map, *span2) }
            }
            kind => Kind::Rejected { message: kind.to_string() },
        };
        self.failure(map, error.kind().span(), kind)
    }
}

/// The whole of a name with its package and version, of which wit-parser points at a part.
fn whole(place: Place) -> Place {
    let text = &place.source.text;
    let (before, after) = (&text[..place.span.start], &text[place.span.end..]);
    let belongs = |c: char| c.is_ascii_alphanumeric() || "-:/%@.+".contains(c);
    let start = before.trim_end_matches(belongs).len();
    let end = text.len() - after.trim_start_matches(belongs).len();
    // `use a:b/c@1.0.0.{…}`: the last dot is no part of it.
    let length = text[start..end].trim_end_matches('.').len();
    Place { span: start..start + length, ..place }
}

fn package_of(
    resolve: &Resolve,
    name: &PackageName,
    names: impl Fn(&wit_parser::Package) -> Vec<String>,
) -> Vec<String> {
    resolve.package_names.get(name).map(|id| names(&resolve.packages[*id])).unwrap_or_default()
}
