//! A folder with a manifest, and where its outputs go.

use std::path::{Path, PathBuf};

use crate::manifest::Manifest;

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
