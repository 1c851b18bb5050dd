//! What a backend that runs the user's code at build time lets it see: copies below the work folder.
//!
//! Pre-initialisation mounts folders writable and interpreters leave caches behind, so the user's own folders are never
//! mounted. Invariants: nothing is written outside the folder given as `to`; nothing outside `from` is read
//! unless links may lead anywhere; devices, sockets and pipes are left alone.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::backend::Unit;
use crate::diagnostic::{Diagnose, Problem, SourceFile};

/// Why a folder could not be copied, or a file of it read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read or copy `{path}`")]
    Io { path: String, source: io::Error },
    #[error("`{path}` is not UTF-8")]
    NotUtf8 { path: String, offset: usize },
    #[error("`{link}` is a link to `{target}`, outside the component's folder")]
    LinkOutside { link: String, target: String },
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let problem = |code| Problem::error(code, self.to_string());
        vec![match self {
            Error::Io { source, .. } => problem("build::unreadable-source").because(source.to_string()),
            Error::NotUtf8 { offset, .. } => {
                problem("build::not-utf8").because(format!("byte {offset} begins no UTF-8 character"))
            }
            Error::LinkOutside { .. } => {
                problem("build::link-outside").help("copy the file into the component's folder, or remove the link")
            }
        }]
    }
}

/// A component's source folder in its project.
#[derive(Debug, Clone, Copy)]
pub struct Folder<'a> {
    /// The project's root: what names are relative to.
    pub root: &'a Path,
    pub source: &'a Path,
}

impl<'a> Folder<'a> {
    pub fn of(unit: &'a Unit) -> Folder<'a> {
        Folder { root: &unit.root, source: &unit.source }
    }

    /// A path as the user would write it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }

    /// The folder itself as the user would write it.
    pub fn name(&self) -> String {
        self.shown(self.source)
    }

    /// A text of the user's, for labels.
    pub fn read(&self, path: &Path) -> Result<Arc<SourceFile>, Error> {
        let name = self.shown(path);
        match fs::read(path).map(String::from_utf8) {
            Ok(Ok(text)) => Ok(Arc::new(SourceFile { name, text })),
            Ok(Err(error)) => Err(Error::NotUtf8 { path: name, offset: error.utf8_error().valid_up_to() }),
            Err(source) => Err(Error::Io { path: name, source }),
        }
    }

    /// What lies in a folder, in the order of names.
    pub fn entries(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        entries(folder).map_err(|source| Error::Io { path: self.shown(folder), source })
    }

    /// Replaces `to` by a copy of `from` without hidden files, caches, virtual environments and `node_modules`.
    pub fn mirror(&self, from: &Path, to: &Path, links: Links) -> Result<(), Error> {
        match fs::remove_dir_all(to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.failed(to)(error)),
            _ => fs::create_dir_all(to).map_err(self.failed(to))?,
        }
        self.visit(from, links, &mut |place, kind, path| {
            let to = to.join(place);
            match kind {
                Kind::Folder => fs::create_dir(&to),
                Kind::File => fs::copy(path, &to).map(drop),
            }
        })
    }

    /// Every file that `mirror` would copy.
    pub fn files(&self, from: &Path, links: Links) -> Result<Vec<PathBuf>, Error> {
        let mut files = Vec::new();
        self.visit(from, links, &mut |_, kind, path| {
            if kind == Kind::File {
                files.push(path.to_path_buf());
            }
            Ok(())
        })?;
        Ok(files)
    }

    fn visit(&self, from: &Path, links: Links, visit: Visitor<'_>) -> Result<(), Error> {
        let real = from.canonicalize().map_err(self.failed(from))?;
        let within = (links == Links::Within).then_some(real.as_path());
        Walk { folder: *self, within, above: Vec::new() }.folder(&real, Path::new(""), visit)
    }

    fn failed(&self, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
        let path = self.shown(path);
        move |source| Error::Io { path, source }
    }
}

/// Whether links may lead out of the folder that is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    Within,
    Anywhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
}

/// Gets the place below the folder, and the path without links.
type Visitor<'v> = &'v mut dyn FnMut(&Path, Kind, &Path) -> io::Result<()>;

struct Walk<'a> {
    folder: Folder<'a>,
    /// What links must stay within.
    within: Option<&'a Path>,
    /// Folders being visited, without links: what a link must not lead back into.
    above: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, from: &Path, place: &Path, visit: Visitor<'_>) -> Result<(), Error> {
        self.above.push(from.to_path_buf());
        for path in self.folder.entries(from)? {
            if is_left_out(&path) {
                continue;
            }
            let failed = || self.folder.failed(&path);
            let mut real = path.clone();
            let mut kind = path.symlink_metadata().map_err(failed())?.file_type();
            if kind.is_symlink() {
                real = path.canonicalize().map_err(failed())?;
                if self.within.is_some_and(|within| !real.starts_with(within)) {
                    let link = self.folder.shown(&path);
                    return Err(Error::LinkOutside { link, target: real.display().to_string() });
                }
                kind = real.metadata().map_err(failed())?.file_type();
            }
            let place = place.join(path.file_name().unwrap_or_default());
            if kind.is_dir() && !self.above.contains(&real) {
                visit(&place, Kind::Folder, &real).map_err(failed())?;
                self.folder(&real, &place, visit)?;
            } else if kind.is_file() {
                visit(&place, Kind::File, &real).map_err(failed())?;
            }
        }
        self.above.pop();
        Ok(())
    }
}

/// What lies in a folder, in the order of names.
pub fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Hidden files, caches, virtual environments and `node_modules`: never source.
pub fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.')
        || name == "__pycache__"
        || name == "node_modules"
        || path.join("pyvenv.cfg").is_file()
        || path.join("CACHEDIR.TAG").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(from: &Path, to: &Path) -> Result<(), Error> {
        Folder { root: from, source: from }.mirror(from, to, Links::Within)
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("the system has a folder for temporary files")
    }

    #[test]
    fn mirrors_sources_and_data_only() {
        let (from, to) = (folder(), folder());
        for (path, text) in [
            ("app.py", "x"),
            ("data/weights.json", "[]"),
            (".venv/lib/x.py", ""),
            ("venv/pyvenv.cfg", ""),
            ("__pycache__/app.pyc", ""),
            ("node_modules/x/index.js", ""),
            (".mosaic/bindings/x.py", ""),
            ("out/CACHEDIR.TAG", ""),
        ] {
            let path = from.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let to = to.path().join("copy");
        fs::create_dir_all(to.join("stale")).unwrap();
        copy(from.path(), &to).unwrap();
        let names: Vec<_> = entries(&to).unwrap().iter().map(|p| p.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["app.py", "data"]);
        assert_eq!(fs::read_to_string(to.join("data/weights.json")).unwrap(), "[]");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_within_the_folder_only() {
        use std::os::unix::fs::symlink;
        let (from, to, other) = (folder(), folder(), folder());
        fs::create_dir(from.path().join("pkg")).unwrap();
        fs::write(from.path().join("pkg/a.py"), "a").unwrap();
        symlink("pkg", from.path().join("alias")).unwrap();
        symlink("..", from.path().join("pkg/up")).unwrap();
        let to = to.path().join("copy");
        copy(from.path(), &to).unwrap();
        assert!(to.join("alias/a.py").is_file());
        assert!(!to.join("pkg/up/pkg").exists());

        symlink(other.path(), from.path().join("outside")).unwrap();
        assert!(matches!(copy(from.path(), &to), Err(Error::LinkOutside { .. })));
    }
}
