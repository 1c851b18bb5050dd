//! Reading WIT and components below a project's root, and nowhere else.
//!
//! Every path is followed to its end (symlinks and `..` included) before anything is opened, and refused unless it ends
//! below the root, in a regular file of a bounded size. What a folder means is wit-parser's convention: `*.wit` in a
//! folder is one package; each folder, `*.wit`, `*.wasm` or `*.wat` in its `deps/` is another; `deps/` does not nest.

use std::{
    fs,
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use crate::diagnostic::SourceFile;

use super::{
    error::{Error, Failure, Kind},
    limits,
};

/// The WIT at one place.
#[derive(Debug, Default, Clone)]
pub(super) struct Tree {
    /// `None`: nothing but the bundle.
    pub main: Option<Source>,
    pub deps: Vec<Source>,
}

/// One WIT package, not parsed yet.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Text(Vec<Arc<SourceFile>>),
    /// Encoded as WebAssembly, binary or text.
    Encoded {
        name: String,
        bytes: Vec<u8>,
    },
}

impl Source {
    /// None of an encoded one.
    pub fn texts(&self) -> &[Arc<SourceFile>] {
        match self {
            Source::Text(files) => files,
            Source::Encoded { .. } => &[],
        }
    }
}

/// Where a package lies.
pub(super) struct PackagePlace {
    /// Whose texts it is, if it is no single file.
    folder: Option<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// Reads below one root, within one budget.
pub(super) struct Reader<'a> {
    root: &'a Path,
    /// What to show in the root's place; nothing for a project's.
    shown: &'a Path,
    budget: usize,
    files: Vec<PathBuf>,
}

impl<'a> Reader<'a> {
    /// `root`: absolute, without symlinks.
    pub fn new(root: &'a Path) -> Reader<'a> {
        Reader { root, shown: Path::new(""), budget: limits::WIT_BYTES, files: Vec::new() }
    }

    /// Names files below another path than the root.
    #[must_use]
    pub fn shown_below(self, shown: &'a Path) -> Reader<'a> {
        Reader { shown, ..self }
    }

    /// All files read so far; absolute.
    pub fn into_files(self) -> Vec<PathBuf> {
        self.files
    }

    /// Reads the WIT at a folder or file.
    pub fn tree(&mut self, place: &Path) -> Result<Tree, Failure> {
        let mut sources = Vec::new();
        for place in self.places(place)? {
            sources.push(self.source(&place)?);
        }
        let mut sources = sources.into_iter();
        Ok(Tree { main: sources.next(), deps: sources.collect() })
    }

    /// The files that [`Reader::tree`] would read; absolute.
    pub fn list(&mut self, place: &Path) -> Result<Vec<PathBuf>, Failure> {
        Ok(self.places(place)?.into_iter().flat_map(|place| place.files).collect())
    }

    /// Where the packages at a folder or file lie, the main one first; nothing of them is read.
    pub fn places(&self, place: &Path) -> Result<Vec<PackagePlace>, Failure> {
        let path = self.inside(place)?;
        if !path.is_dir() {
            return Ok(vec![PackagePlace { folder: None, files: vec![path] }]);
        }
        let texts = self.texts(&path)?;
        let folder = path.join("deps");
        let mut places = vec![PackagePlace { folder: Some(path), files: texts }];
        if folder.exists() {
            let folder = self.inside(&folder)?;
            for entry in self.entries(&folder)? {
                let entry = self.inside(&entry)?;
                if entry.is_dir() {
                    let files = self.texts(&entry)?;
                    places.push(PackagePlace { folder: Some(entry), files });
                } else if is_package(&entry) {
                    places.push(PackagePlace { folder: None, files: vec![entry] });
                }
            }
        }
        Ok(places)
    }

    /// Reads one package.
    pub fn source(&mut self, place: &PackagePlace) -> Result<Source, Failure> {
        match (&place.folder, place.files.as_slice()) {
            (Some(folder), []) => Err(Failure::new(Kind::Empty { path: self.name(folder) })),
            (None, [file]) => self.file(file),
            (_, files) => {
                let mut texts = Vec::with_capacity(files.len());
                for path in files {
                    let bytes = self.read_wit(path)?;
                    texts.push(self.text(path, bytes)?);
                }
                Ok(Source::Text(texts))
            }
        }
    }

    /// Reads one finished component. Gives its absolute path with its bytes.
    pub fn bytes(&mut self, place: &Path) -> Result<(PathBuf, Vec<u8>), Failure> {
        let path = self.inside(place)?;
        let bytes = self.read(&path, limits::COMPONENT_BYTES, "bytes of a component")?;
        Ok((path, bytes))
    }

    /// A package in one file.
    fn file(&mut self, path: &Path) -> Result<Source, Failure> {
        let bytes = self.read_wit(path)?;
        if wat::Detect::from_bytes(&bytes).is_wasm() {
            return Ok(Source::Encoded { name: self.name(path), bytes });
        }
        Ok(Source::Text(vec![self.text(path, bytes)?]))
    }

    /// The `*.wit` files of a folder.
    fn texts(&self, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        let mut texts = Vec::new();
        for entry in self.entries(folder)? {
            if entry.extension().is_some_and(|e| e == "wit") && !entry.is_dir() {
                texts.push(self.inside(&entry)?);
            }
        }
        Ok(texts)
    }

    /// What a folder holds, sorted by name; names that are not UTF-8 are not WIT's.
    fn entries(&self, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        let entries = fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
            .map_err(|e| self.unreadable(folder, &e))?;
        let mut entries: Vec<_> = entries.into_iter().filter(|path| path.to_str().is_some()).collect();
        entries.sort();
        Ok(entries)
    }

    fn text(&self, path: &Path, bytes: Vec<u8>) -> Result<Arc<SourceFile>, Failure> {
        let name = self.name(path);
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Arc::new(SourceFile { name, text })),
            Err(_) => Err(Failure::new(Kind::NotText { path: name })),
        }
    }

    fn read_wit(&mut self, path: &Path) -> Result<Vec<u8>, Failure> {
        if self.files.len() >= limits::WIT_FILES {
            return Err(too_much("files of WIT", limits::WIT_FILES));
        }
        let bytes = self.read(path, self.budget, "bytes of WIT")?;
        self.budget -= bytes.len();
        Ok(bytes)
    }

    /// Reads one regular file of at most `limit` bytes.
    fn read(&mut self, path: &Path, limit: usize, what: &'static str) -> Result<Vec<u8>, Failure> {
        let meta = fs::metadata(path).map_err(|e| self.unreadable(path, &e))?;
        if !meta.is_file() {
            return Err(Failure::new(match meta.is_dir() {
                true => Kind::Unreadable { path: self.name(path), cause: "it is a folder".to_owned() },
                false => Kind::Special { path: self.name(path) },
            }));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).map_or(0, |length| length.min(limit) + 1));
        let file = fs::File::open(path).map_err(|e| self.unreadable(path, &e))?;
        file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|e| self.unreadable(path, &e))?;
        if bytes.len() > limit {
            return Err(too_much(what, limit));
        }
        self.files.push(path.to_owned());
        Ok(bytes)
    }

    /// Follows a path (relative to the root, or absolute below it) to its end, which must be below the root.
    pub fn inside(&self, place: &Path) -> Result<PathBuf, Failure> {
        let outside = || Failure::new(Kind::Outside { path: self.name(place) });
        let below = place.strip_prefix(self.root).unwrap_or(place);
        if below.is_absolute() || climbs(below) {
            return Err(outside());
        }
        let path = self.root.join(below);
        let end = path.canonicalize().map_err(|e| self.unreadable(&path, &e))?;
        if !end.starts_with(self.root) {
            return Err(outside());
        }
        Ok(end)
    }

    fn unreadable(&self, path: &Path, e: &io::Error) -> Failure {
        Failure::new(Kind::Unreadable { path: self.name(path), cause: e.to_string() })
    }

    /// As the user would write it.
    fn name(&self, path: &Path) -> String {
        self.shown.join(path.strip_prefix(self.root).unwrap_or(path)).display().to_string()
    }
}

/// Reads one WIT file, wherever it is.
pub fn text(path: &Path) -> Result<Arc<SourceFile>, Error> {
    let mut reader = Reader::new(Path::new(""));
    let bytes = reader.read_wit(path)?;
    Ok(reader.text(path, bytes)?)
}

/// Whether a relative path, read as text, leaves the folder it starts in.
fn climbs(path: &Path) -> bool {
    let mut depth = 0usize;
    for component in path.components() {
        match component {
            Component::ParentDir => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return true,
            },
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

/// Whether a file in `deps/` is a package; others (`.DS_Store`, a README) are not looked at.
fn is_package(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "wit" || e == "wasm" || e == "wat")
}

fn too_much(what: &'static str, limit: usize) -> Failure {
    Failure::new(Kind::TooMuch { what, limit, found: None })
}
