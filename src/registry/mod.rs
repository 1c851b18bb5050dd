//! Published packages, from where `wkg` finds them.
//!
//! 1. A package's namespace, or the package itself, is mapped to a registry by the same file that `wkg` reads
//!    ([`config`]); a registry says at a well-known address how it is talked to.
//! 2. A registry is an OCI registry ([`oci`]), or a folder.
//! 3. A release that was fetched once is kept in the cache folder, by its content's digest, and not asked for again:
//!    what has a version does not change.
//!
//! Invariants: nothing is given back whose SHA-256 is not what its manifest says; without leave to use the network, only
//! the cache and folders are looked at.

mod config;
mod error;
mod oci;

use std::{fmt, fs, io, path::Path};

use semver::Version;
use sha2::{Digest as _, Sha256};

pub use self::{config::Config, error::Error};
use self::{config::Place, oci::Oci};
use crate::{
    cache::Home,
    event::{Event, Events},
};

/// Contents by the SHA-256 that manifests name them by.
const CONTENTS: &str = "registry-contents";
/// The digest of a release's content.
const RELEASES: &str = "registry-releases";
/// Bytes of a package.
const MOST: u64 = 256 << 20;

/// A package as it is named: `wasi:http@0.2.3`, or `wasi:http` for its newest release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub namespace: String,
    pub name: String,
    pub version: Option<Version>,
}

impl Reference {
    /// `None` where the text is no name of a package.
    pub fn parse(text: &str) -> Option<Reference> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(Version::parse(version).ok()?)),
            None => (text, None),
        };
        let (namespace, name) = name.split_once(':')?;
        let word = |word: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(plain)
        };
        (word(namespace) && word(name)).then(|| Reference {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            version,
        })
    }

    /// Without the version.
    pub fn package(&self) -> String {
        format!("{}:{}", self.namespace, self.name)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}

/// Whether a registry may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Allowed,
    /// `--offline`.
    Forbidden,
}

/// A release of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// With its version.
    pub reference: Reference,
    /// A WIT package encoded as WebAssembly, or a component.
    pub bytes: Vec<u8>,
}

impl Release {
    /// Hexadecimal.
    pub fn sha256(&self) -> String {
        sha256(&self.bytes)
    }
}

/// Fetches a release, or takes it from the cache.
pub fn release(
    reference: &Reference,
    config: &Config,
    home: &Home,
    network: Network,
    events: Events<'_>,
) -> Result<Release, Error> {
    let registry = config.registry_of(reference)?;
    if let Some(root) = config.folder(registry) {
        return in_folder(reference, registry, root);
    }
    let known = Known { home, registry };
    if let Some(bytes) = known.get(reference)? {
        return Ok(Release { reference: reference.clone(), bytes });
    }
    if network == Network::Forbidden {
        return Err(Error::Offline { package: reference.clone(), registry: registry.to_owned() });
    }
    let oci = match config.place(reference, registry)? {
        Place::Folder(root) => return in_folder(reference, registry, &root),
        Place::Oci(place) => Oci::new(place),
    };
    let reference = match reference.version {
        Some(_) => reference.clone(),
        None => newest(reference, registry, oci.versions()?)?,
    };
    events(Event::Note { verb: "Fetching", text: &format!("{reference} from {}", oci.host()) });
    let Some(layer) = oci.content(&reference)? else {
        return Err(missing(&reference, registry, oci.versions()?));
    };
    let bytes = match known.content(&layer.sha256)? {
        Some(bytes) => bytes,
        None => {
            let bytes = oci.blob(&layer)?;
            let actual = sha256(&bytes);
            if actual != layer.sha256 {
                return Err(Error::Digest { package: reference, expected: layer.sha256, actual });
            }
            bytes
        }
    };
    known.put(&reference, &layer.sha256, &bytes);
    Ok(Release { reference, bytes })
}

/// A release of a registry that is a folder: `<root>/<namespace>/<name>/<version>.wasm`.
fn in_folder(reference: &Reference, registry: &str, root: &Path) -> Result<Release, Error> {
    let folder = root.join(&reference.namespace).join(&reference.name);
    let unreadable = |path: &Path, source: io::Error| Error::Folder { path: path.to_owned(), source };
    let versions = || match fs::read_dir(&folder) {
        Ok(entries) => {
            let mut versions = Vec::new();
            for entry in entries {
                let name = entry.map_err(|error| unreadable(&folder, error))?.file_name();
                let version = name.to_str().and_then(|name| name.strip_suffix(".wasm"));
                versions.extend(version.and_then(|version| Version::parse(version).ok()));
            }
            Ok(versions)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && root.is_dir() => Ok(Vec::new()),
        Err(error) => Err(unreadable(if root.is_dir() { &folder } else { root }, error)),
    };
    let reference = match &reference.version {
        Some(_) => reference.clone(),
        None => newest(reference, registry, versions()?)?,
    };
    let Some(version) = &reference.version else { return Err(missing(&reference, registry, versions()?)) };
    let path = folder.join(format!("{version}.wasm"));
    match fs::metadata(&path) {
        Ok(state) if state.len() > MOST => Err(Error::TooLarge { package: reference, most: MOST }),
        Ok(_) => {
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, error))?;
            Ok(Release { reference, bytes })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing(&reference, registry, versions()?)),
        Err(error) => Err(unreadable(&path, error)),
    }
}

/// The newest that is no pre-release; a pre-release where there is nothing else.
fn newest(reference: &Reference, registry: &str, mut there: Vec<Version>) -> Result<Reference, Error> {
    there.sort();
    let newest = there.iter().rev().find(|version| version.pre.is_empty()).or(there.last());
    match newest {
        Some(version) => Ok(Reference { version: Some(version.clone()), ..reference.clone() }),
        None => Err(missing(reference, registry, there)),
    }
}

fn missing(reference: &Reference, registry: &str, mut there: Vec<Version>) -> Error {
    there.sort();
    let (package, registry) = (reference.clone(), registry.to_owned());
    if there.is_empty() {
        Error::NoPackage { package, registry }
    } else {
        Error::NoVersion { package, registry, there }
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was fetched before.
struct Known<'a> {
    home: &'a Home,
    registry: &'a str,
}

impl Known<'_> {
    /// A release with its version.
    fn get(&self, reference: &Reference) -> Result<Option<Vec<u8>>, Error> {
        if reference.version.is_none() {
            return Ok(None);
        }
        match self.read(RELEASES, &self.key(reference))? {
            Some(digest) => self.content(&String::from_utf8_lossy(&digest)),
            None => Ok(None),
        }
    }

    fn content(&self, sha256: &str) -> Result<Option<Vec<u8>>, Error> {
        self.read(CONTENTS, sha256)
    }

    /// Bytes that are not what was put there are refused by the store, once; then they are gone.
    fn read(&self, kind: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.home.get(kind, key).map_err(Error::Cache)?;
        path.map(fs::read).transpose().map_err(Error::Cache)
    }

    /// A cache that cannot be written costs another fetch, nothing else.
    fn put(&self, reference: &Reference, sha256: &str, bytes: &[u8]) {
        if self.home.put(CONTENTS, sha256, bytes).is_ok() {
            let _ = self.home.put(RELEASES, &self.key(reference), sha256.as_bytes());
        }
    }

    fn key(&self, reference: &Reference) -> String {
        blake3::hash(format!("{} {reference}", self.registry).as_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests;
