//! What a WebAssembly file is: plain data ([`model`]), read from its bytes alone.
//!
//! 1. [`raw`] reads the binary once: components, core modules, and what each index stands for.
//! 2. Its world is read from its [`outline`]. Of a large file on disk only what is looked at is read ([`sparse`]), while
//!    another core takes the digest of all of it.
//! 3. [`graph`] follows indices: instances become nodes, what they are given edges.
//! 4. Each section that was asked for is read from these: [`sizes`], [`needs`], [`producers`], [`versions`], [`sbom`].
//! 5. What was read is shown: [`picture`], [`page`]; as text by the command line.
//!
//! Takes bytes, never a project: it serves components that Mosaic did not build. Nothing here is cleaned: every string
//! is as the binary has it, and may hold what steers a terminal. Whoever prints one cleans it.

mod diff;
mod graph;
pub mod model;
mod needs;
mod origin;
mod outline;
pub mod page;
pub mod picture;
mod precompiled;
mod producers;
mod raw;
pub mod sbom;
mod sizes;
mod sparse;
mod symbol;
mod versions;
mod world;

pub use self::{
    diff::{Change, ChangeKind, Diff, SizeChange, WorldChange, diff, diff_schema_text},
    model::{Inspection, schema_text},
};

use std::{fs::File, io, path::Path, thread};

use crate::resolve::{Error, guarded, unreadable};
use model::{Counts, Custom, Kind, Overview, Part, Wit};
use raw::Raw;

/// What is read besides the overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    Wit,
    Graph,
    Sizes,
    Needs,
    Producers,
    Versions,
    /// As CycloneDX; [`bill`] gives it as it was read.
    Sbom,
}

impl Section {
    /// Every section, in the order they are told.
    pub const ALL: [Section; 7] = [
        Section::Wit,
        Section::Graph,
        Section::Sizes,
        Section::Needs,
        Section::Producers,
        Section::Versions,
        Section::Sbom,
    ];

    /// Whether code, data or debug information is looked at.
    fn reads_code(self) -> bool {
        matches!(self, Section::Sizes | Section::Needs | Section::Sbom)
    }
}

/// Reads a component, core module, encoded WIT package or precompiled artifact; all but the last binary or text.
/// `name` is what to call it in messages; the last part of it, as of a path, is the name of what has none.
pub fn inspect(name: &str, bytes: &[u8], sections: &[Section]) -> Result<Inspection, Error> {
    look(name, bytes, sections).map(|(inspection, _)| inspection)
}

/// The same of a file; of a large one only what is looked at is kept in memory. Fails first where it cannot be read, then
/// where it is not understood.
pub fn file(path: &Path, sections: &[Section]) -> io::Result<Result<Inspection, Error>> {
    let name = path.display().to_string();
    let mut file = File::open(path)?;
    let sparse = match sections.iter().any(|section| section.reads_code()) {
        true => None,
        false => sparse::read(&mut file)?,
    };
    let Some(sparse) = sparse else { return Ok(inspect(&name, &sparse::whole(&mut file)?, sections)) };
    let (found, digest) = thread::scope(|scope| {
        let hashing =
            thread::Builder::new().name("digest".to_owned()).spawn_scoped(scope, || sparse::digest(&mut file));
        let found = read_binary(&name, &sparse, sections);
        (found, hashing.ok().and_then(|hashing| hashing.join().ok()))
    });
    // Where no thread can be had, it is taken now.
    let digest = digest.unwrap_or_else(|| sparse::digest(&mut file))?;
    match found {
        Ok((mut inspection, _)) => {
            inspection.overview.digest = digest;
            Ok(Ok(inspection))
        }
        // What is wrong is told of the whole.
        Err(_) => Ok(inspect(&name, &sparse::whole(&mut file)?, sections)),
    }
}

/// The same, with the world it was read from.
fn look(name: &str, bytes: &[u8], sections: &[Section]) -> Result<(Inspection, Option<world::World>), Error> {
    if let Some(overview) = precompiled::read(bytes) {
        return Ok((only(overview), None));
    }
    let binary = crate::resolve::binary(name, bytes)?;
    let (mut inspection, world) = read_binary(name, &binary, sections)?;
    inspection.overview.digest = digest(&binary);
    Ok((inspection, world))
}

/// All but the digest.
fn read_binary(name: &str, binary: &[u8], sections: &[Section]) -> Result<(Inspection, Option<world::World>), Error> {
    guarded(|| {
        let raw = raw::read(binary).map_err(|error| unreadable(name, binary, &error))?;
        let world = world::read(name, &raw)?;
        Ok((read(&raw, world.as_ref(), name, sections), world))
    })?
}

/// Reads which packages are inside a component or core module, binary or text.
pub fn bill(name: &str, bytes: &[u8]) -> Result<sbom::Bill, Error> {
    let binary = crate::resolve::binary(name, bytes)?;
    guarded(|| {
        let raw = raw::read(&binary).map_err(|error| unreadable(name, &binary, &error))?;
        Ok(sbom::read(stem(name), &graph::read(&raw, stem(name)).graph, raw.bytes))
    })?
}

/// Reads a WIT package from a file or a folder with its `deps`.
pub fn wit(path: &Path, sections: &[Section]) -> Result<Inspection, Error> {
    let (resolve, main) = crate::resolve::package(path)?;
    let name = resolve.packages[main].name.to_string();
    let world = world::World::package(resolve, main);
    let text = world.wit();
    let mut inspection = only(Overview {
        kind: Kind::WitPackage,
        name: Some(name),
        size: text.len() as u64,
        digest: digest(text.as_bytes()),
        imports: Vec::new(),
        exports: Vec::new(),
        parts: Vec::new(),
        counts: Counts::default(),
        producers: model::Producers::default(),
        customs: Vec::new(),
        precompiled: None,
    });
    inspection.wit = sections.contains(&Section::Wit).then_some(Wit { text });
    Ok(inspection)
}

fn read(raw: &Raw<'_>, world: Option<&world::World>, name: &str, sections: &[Section]) -> Inspection {
    let asked = |section| sections.contains(&section);
    let mut seen = graph::read(raw, stem(name));
    let mut inspection = only(overview(raw, world, &seen.graph));
    inspection.wit = world.filter(|_| asked(Section::Wit)).map(|world| Wit { text: world.wit() });
    inspection.producers = asked(Section::Producers).then(|| producers::read(raw));
    inspection.versions = asked(Section::Versions).then(|| versions::read(&seen.graph));
    inspection.sbom = asked(Section::Sbom).then(|| sbom::cyclonedx(&sbom::read(stem(name), &seen.graph, raw.bytes)));
    if asked(Section::Graph) || asked(Section::Needs) {
        graph::interfaces(raw, &mut seen);
    }
    inspection.sizes = asked(Section::Sizes).then(|| sizes::read(raw, stem(name), &inspection.overview.parts));
    inspection.needs = asked(Section::Needs).then(|| needs::read(raw, &seen));
    inspection.graph = asked(Section::Graph).then_some(seen.graph);
    inspection
}

fn overview(raw: &Raw<'_>, world: Option<&world::World>, graph: &model::Graph) -> Overview {
    let (name, customs, producers) = match (raw.components.first(), raw.modules.first()) {
        (Some(it), _) => (it.name, &it.customs, it.producers.clone()),
        (None, Some(it)) => (it.name, &it.customs, it.producers.clone()),
        (None, None) => (None, &Vec::new(), model::Producers::default()),
    };
    let mut parts: Vec<Part> = graph
        .parts()
        .into_iter()
        .filter_map(|id| graph.node(id))
        .filter(|_| world.is_none_or(|world| world.kind == Kind::Component))
        .map(|node| Part { name: graph.path(node.id), origin: node.origin.clone(), size: node.size + node.shared })
        .collect();
    // A core module has no world.
    let own =
        |ports: fn(&model::Node) -> &Vec<model::Port>| graph.nodes.first().map(ports).cloned().unwrap_or_default();
    parts.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    Overview {
        kind: world.map_or(Kind::CoreModule, |world| world.kind),
        name: name.map(str::to_owned),
        size: raw.bytes.len() as u64,
        digest: String::new(),
        imports: world.map_or_else(|| own(|node| &node.imports), world::World::imports),
        exports: world.map_or_else(|| own(|node| &node.exports), world::World::exports),
        parts,
        counts: Counts {
            components: u32::try_from(raw.components.len().saturating_sub(1)).unwrap_or(u32::MAX),
            modules: u32::try_from(raw.modules.len()).unwrap_or(u32::MAX),
            functions: raw.modules.iter().map(|module| module.functions).fold(0, u32::saturating_add),
        },
        producers,
        customs: customs
            .iter()
            .map(|custom| Custom { name: custom.name.to_owned(), size: custom.data.len() as u64 })
            .collect(),
        precompiled: None,
    }
}

fn only(overview: Overview) -> Inspection {
    Inspection {
        overview,
        wit: None,
        graph: None,
        sizes: None,
        needs: None,
        producers: None,
        versions: None,
        sbom: None,
    }
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// `app` of `target/app.component.wasm`.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let endings = [".wasm", ".wat", ".component"].iter();
    let stem = endings.fold(file, |stem, ending| stem.strip_suffix(ending).unwrap_or(stem));
    if stem.is_empty() { file } else { stem }
}

#[cfg(test)]
mod tests;
