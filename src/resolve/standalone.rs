//! WIT or a component by itself: no project, and no world asked for.
//!
//! 1. a component, or a WIT package encoded as WebAssembly, is decoded;
//! 2. a file or folder of WIT is read as a project's would be, with its `deps/` and the bundle, and nothing outside it;
//! 3. where the WIT at the place itself holds items behind `@unstable`, all is parsed a second time with those in, for
//!    whoever compares what they are: the first never shows them.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use wit_parser::{PackageId, Resolve, WorldId, decoding::DecodedWasm};

use crate::diagnostic::SourceFile;

use super::{
    Error, Provenance,
    decode::decode_binary,
    error::{Failure, Kind},
    read::{Reader, Source, Tree},
    universe::Universe,
};

/// What was read, and the texts that its spans are in.
#[derive(Debug, Clone)]
pub struct Wit {
    /// What to call it.
    pub name: String,
    pub resolve: Arc<Resolve>,
    pub subject: Subject,
    /// By the name its source map has for them; the bundle's are not among them.
    pub sources: HashMap<String, Arc<SourceFile>>,
    /// The same with what is `@unstable`, if anything is. Its ids are its own.
    pub unstable: Option<Arc<Resolve>>,
}

/// What it is about, rather than what that needs.
#[derive(Debug, Clone)]
pub enum Subject {
    /// The package at the place, and those nested in it.
    Packages(Vec<PackageId>),
    Component(WorldId),
}

impl Wit {
    /// Reads a file or folder. Names of files are shown below `shown`, which stands for `place`.
    pub fn read(place: &Path, shown: &Path) -> Result<Wit, Error> {
        let unreadable = |cause: std::io::Error| {
            let kind = Kind::Unreadable { path: shown.display().to_string(), cause: cause.to_string() };
            Error::from(Failure::new(kind))
        };
        let whole = place.canonicalize().map_err(unreadable)?;
        let (root, inside, prefix) = match (whole.is_dir(), whole.parent(), whole.file_name()) {
            (false, Some(folder), Some(file)) => {
                (folder.to_owned(), PathBuf::from(file), shown.parent().unwrap_or(Path::new("")).to_owned())
            }
            _ => (whole.clone(), PathBuf::new(), shown.to_owned()),
        };
        let mut reader = Reader::new(&root).shown_below(&prefix);
        let name = shown.display().to_string();
        if !whole.is_dir() {
            let (_, bytes) = reader.bytes(&inside).map_err(Error::from)?;
            if wat::Detect::from_bytes(&bytes).is_wasm() {
                return Wit::decode(&name, &bytes);
            }
            reader = Reader::new(&root).shown_below(&prefix);
        }
        let tree = reader.tree(&inside).map_err(Error::from)?;
        Wit::of(name, tree)
    }

    /// Reads a component or an encoded WIT package.
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Wit, Error> {
        let (resolve, subject) = match decode_binary(name, bytes)? {
            DecodedWasm::Component(resolve, world) => (resolve, Subject::Component(world)),
            DecodedWasm::WitPackage(resolve, package) => (resolve, Subject::Packages(vec![package])),
        };
        Ok(Wit { name: name.to_owned(), resolve: Arc::new(resolve), subject, sources: HashMap::new(), unstable: None })
    }

    /// Reads a text.
    pub fn parse(name: &str, text: &str) -> Result<Wit, Error> {
        let file = Arc::new(SourceFile { name: name.to_owned(), text: text.to_owned() });
        Wit::of(name.to_owned(), Tree { main: Some(Source::Text(vec![file])), deps: Vec::new() })
    }

    /// A world by its name, with the WASI packages that Mosaic carries: `wasi:http/proxy@0.2.8`.
    pub fn of_world(world: &str) -> Result<(Arc<Resolve>, WorldId), Error> {
        let named = super::world::package_of(world).into_iter().collect();
        let universe = Universe::load(Tree::default(), named).map_err(|failures| Error { failures })?;
        let id = super::world::select(&universe, "", Some(world)).map_err(|kind| Error::from(Failure::new(kind)))?;
        Ok((universe.resolve, id))
    }

    /// The world of that name; without a name, the only one.
    pub fn world(&self, name: Option<&str>) -> Result<WorldId, Error> {
        let packages = match &self.subject {
            Subject::Component(world) => return Ok(*world),
            Subject::Packages(packages) => packages,
        };
        let universe = Universe {
            resolve: self.resolve.clone(),
            main: packages.first().copied(),
            provenance: HashMap::new(),
            aliases: Vec::new(),
        };
        super::world::select(&universe, "", name).map_err(|kind| Failure::new(kind).into())
    }

    fn of(name: String, tree: Tree) -> Result<Wit, Error> {
        let sources: HashMap<_, _> = texts(&tree).map(|file| (file.name.clone(), file.clone())).collect();
        let here = tree.main.iter().flat_map(Source::texts);
        let features: BTreeSet<String> = here.flat_map(|file| features(&file.text)).collect();
        let again = (!features.is_empty()).then(|| tree.clone());
        let universe = Universe::load(tree, Vec::new()).map_err(|failures| Error { failures })?;
        let unstable = match again {
            Some(tree) => {
                let universe = Universe::with_features(tree, features).map_err(|failures| Error { failures })?;
                Some(universe.resolve)
            }
            None => None,
        };
        let packages = own(&universe);
        Ok(Wit { name, resolve: universe.resolve, subject: Subject::Packages(packages), sources, unstable })
    }
}

/// The package of the place itself, first, and those of the same files.
fn own(universe: &Universe) -> Vec<PackageId> {
    let Some(main) = universe.main else { return Vec::new() };
    let files = |id: PackageId| match universe.provenance.get(&universe.resolve.packages[id].name) {
        Some(Provenance::Project { files }) => Some(files),
        _ => None,
    };
    let nested = universe.resolve.packages.iter().map(|(id, _)| id);
    let nested = nested.filter(|id| *id != main && files(*id).is_some() && files(*id) == files(main));
    std::iter::once(main).chain(nested).collect()
}

fn texts(tree: &Tree) -> impl Iterator<Item = &Arc<SourceFile>> {
    tree.main.iter().chain(&tree.deps).flat_map(Source::texts)
}

/// The features that a text gates items by. Reads no comments apart: a name too many does nothing.
fn features(text: &str) -> impl Iterator<Item = String> {
    text.split("@unstable").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once("feature")?;
        let name: String = rest
            .trim_start()
            .strip_prefix('=')?
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '%')
            .collect();
        Some(name.trim_start_matches('%').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_found_as_written() {
        let text = "@unstable(feature = fancy)\nf: func();\n@unstable( feature=%new-er )";
        assert_eq!(features(text).collect::<Vec<_>>(), ["fancy", "new-er"]);
    }

    #[test]
    fn a_folder_is_its_package_and_those_nested_in_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let wit = folder.path().join("wit");
        std::fs::create_dir_all(wit.join("deps")).unwrap();
        let text = "package a:b@1.0.0; interface i { use c:d/e.{t}; @unstable(feature = x) f: func(); }";
        std::fs::write(wit.join("main.wit"), text).unwrap();
        std::fs::write(wit.join("deps/c.wit"), "package c:d; interface e { type t = u8; }").unwrap();
        let read = Wit::read(&wit, Path::new("shown/wit")).unwrap();
        let Subject::Packages(packages) = &read.subject else { panic!("WIT") };
        let names: Vec<_> = packages.iter().map(|id| read.resolve.packages[*id].name.to_string()).collect();
        assert_eq!(names, ["a:b@1.0.0"]);
        let functions = |resolve: &Resolve| resolve.interfaces.iter().map(|(_, i)| i.functions.len()).sum::<usize>();
        assert_eq!((functions(&read.resolve), functions(read.unstable.as_ref().unwrap())), (0, 1));
        assert!(read.sources.contains_key("shown/wit/main.wit"), "{:?}", read.sources.keys());
    }
}
