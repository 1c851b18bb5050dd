//! A folder with a manifest, and where its outputs go.
//!
//! 1. The manifest is the one said, else the nearest `mosaic.toml` from a folder upward.
//! 2. Its folder, without symlinks, is the project's root; outputs go below it unless another place is said.
//!
//! Loading reads the manifest and looks at the source folders it names; it creates nothing.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    diagnostic::{Diagnose, Problem},
    manifest::{self, Manifest},
};

/// A folder with a `mosaic.toml`.
#[derive(Debug)]
pub struct Project {
    /// Absolute, without symlinks.
    pub root: PathBuf,
    pub manifest: Manifest,
    pub layout: Layout,
}

/// Where outputs go.
#[derive(Debug, Clone)]
pub struct Layout {
    /// `<target-dir>/mosaic`; default `<root>/target/mosaic`.
    pub out: PathBuf,
}

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no `mosaic.toml` in `{}` or any folder above it", start.display())]
    NotFound { start: PathBuf },
    #[error("there is no manifest at `{}`", path.display())]
    NoManifest { path: PathBuf },
    #[error("`{}` is a folder, not a manifest", path.display())]
    IsFolder { path: PathBuf },
    #[error("could not read `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
}

impl Project {
    /// Loads the project of the nearest `mosaic.toml` from `start` upward.
    ///
    /// `target_dir` as in [`Project::load`].
    pub fn find(start: &Path, target_dir: Option<&Path>) -> Result<Project, Error> {
        let start = std::path::absolute(start).unwrap_or_else(|_| start.to_path_buf());
        let found = start.ancestors().map(|folder| folder.join(manifest::FILE_NAME)).find(|path| path.exists());
        match found {
            Some(path) => Project::load(&path, target_dir),
            None => Err(Error::NotFound { start }),
        }
    }

    /// Loads the project of the manifest at `path`. `target_dir`: outputs go to `mosaic` below it, rather than to
    /// `target/mosaic` below the root.
    pub fn load(path: &Path, target_dir: Option<&Path>) -> Result<Project, Error> {
        if path.is_dir() {
            return Err(Error::IsFolder { path: path.to_path_buf() });
        }
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => Error::NoManifest { path: path.to_path_buf() },
            _ => Error::Unreadable { path: path.to_path_buf(), source },
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let root = folder.canonicalize().map_err(unreadable)?;
        let name = path.file_name().unwrap_or(manifest::FILE_NAME.as_ref());
        let path_in_root = root.join(name);
        if !path_in_root.exists() {
            return Err(Error::NoManifest { path: path.to_path_buf() });
        }
        let manifest = Manifest::read(&path_in_root)?;
        let out = match target_dir {
            Some(folder) => std::path::absolute(folder).map_err(unreadable)?.join("mosaic"),
            None => root.join("target").join("mosaic"),
        };
        Ok(Project { root, manifest, layout: Layout { out } })
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        match self {
            Error::NotFound { .. } => vec![
                Problem::error("project::not-found", self.to_string())
                    .help("go to a project's folder, or name its manifest with `--manifest-path`")
                    .help("`cargo mosaic new NAME` makes a project, `cargo mosaic init` makes one of this folder"),
            ],
            Error::NoManifest { .. } => vec![Problem::error("project::no-manifest", self.to_string())],
            Error::IsFolder { path } => vec![
                Problem::error("project::no-manifest", self.to_string())
                    .help(format!("say `--manifest-path {}`", path.join(manifest::FILE_NAME).display())),
            ],
            Error::Unreadable { source, .. } => {
                vec![Problem::error("project::unreadable", self.to_string()).because(source.to_string())]
            }
            Error::Manifest(error) => error.problems(),
        }
    }
}

impl Layout {
    /// The composed app: `target/mosaic/<app>.wasm`, `<app>` without its namespace.
    pub fn app(&self, name: &str) -> PathBuf {
        self.out.join(format!("{}.wasm", name.rsplit(':').next().unwrap_or(name)))
    }

    /// One built part: `target/mosaic/components/<component>.wasm`.
    pub fn component(&self, component: &str) -> PathBuf {
        self.out.join("components").join(format!("{component}.wasm"))
    }

    /// A backend's own working folder: `target/mosaic/build/<component>`.
    pub fn work(&self, component: &str) -> PathBuf {
        self.out.join("build").join(component)
    }

    /// Shared by all Rust parts: `target/mosaic/build/cargo`.
    pub fn cargo_target(&self) -> PathBuf {
        self.out.join("build").join("cargo")
    }
}

/// The bindings of a part: `<source>/.mosaic/bindings`.
pub fn bindings_folder(source: &Path) -> PathBuf {
    source.join(".mosaic").join("bindings")
}
