//! `mosaic.toml`: what it says, with the place of everything it says.
//!
//! 1. `shape` reads the text as TOML and compares it with the schema of the `typed` structs: unknown keys, wrong types,
//!    missing keys. What does not fit is cut out, so that the rest can still be looked at.
//! 2. `typed` is the manifest as typed, by serde; the schema for editors is generated from the same structs.
//! 3. `meaning` turns that into the [`Manifest`] as meant: names, paths, references, grants, languages.
//!
//! All problems of all steps are collected; a [`Manifest`] exists only when there are none. No path in it leaves the
//! project's root: not by `..`, not by being absolute, and for source folders not by a symlink either. The file system
//! is read only to look at source folders, never written.

use std::{
    fmt,
    fs::File,
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use indexmap::IndexMap;
use serde::Serialize;

use crate::{diagnostic::SourceFile, language::Language};

mod capability;
mod error;
mod folder;
mod meaning;
mod shape;
pub mod size;
mod typed;

#[cfg(test)]
mod tests;

pub use error::{Error, Flaw};

/// The file's name.
pub const FILE_NAME: &str = "mosaic.toml";

/// The largest manifest that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// A value with its place in the manifest, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Range<usize>,
}

/// A manifest that has been read whole and holds together by itself.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Absolute.
    pub path: PathBuf,
    /// Its text, for labels.
    pub source: Arc<SourceFile>,
    pub app: App,
    /// In the order written.
    pub components: IndexMap<String, Component>,
    pub compose: Compose,
    /// `[grants]`, by name.
    pub grants: IndexMap<String, Grant>,
    pub stores: Stores,
    /// `[serve]`: `None` where it says nothing of density, or `false`.
    pub density: Option<Density>,
    pub check: Check,
}

/// `[app]`.
#[derive(Debug, Clone)]
pub struct App {
    /// `namespace:name`.
    pub name: Spanned<String>,
    /// `0.0.0` where it is not said.
    pub version: semver::Version,
}

/// `[stores]`: addresses of servers.
#[derive(Debug, Clone, Default)]
pub struct Stores {
    pub keyvalue: Option<Spanned<String>>,
    pub blobstore: Option<Spanned<String>>,
    pub messaging: Option<Spanned<String>>,
}

/// `density = true` of `[serve]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Density {
    /// Bytes that a memory may grow to; `None`: a little more than the largest begins with.
    pub room: Option<u64>,
}

/// `[check]`.
#[derive(Debug, Clone, Default)]
pub struct Check {
    pub baseline: Option<Spanned<String>>,
    /// As said: a name, or `FILE#NAME` from the project's root.
    pub world: Option<Spanned<String>>,
    /// Relative to the project's root.
    pub baseline_file: Option<Spanned<PathBuf>>,
    /// In the order written: the rule or group, and `allow`, `warn` or `deny`.
    pub rules: Vec<(Spanned<String>, &'static str)>,
    /// The same of rules of `wit lint`.
    pub lint: Vec<(Spanned<String>, &'static str)>,
}

/// `[components.<name>]`.
#[derive(Debug, Clone)]
pub struct Component {
    /// Kebab-case, unique.
    pub name: Spanned<String>,
    pub origin: Origin,
    /// As said, else told from the files in the source folder; `None` only for `Origin::Wasm`.
    pub language: Option<Language>,
    /// Folder or file of WIT, relative to the project's root. `None`: `<source>/wit` if there, else `<root>/wit`.
    pub wit: Option<Spanned<PathBuf>>,
    /// `None`: the world named like the component, else the only world of the package.
    pub world: Option<Spanned<String>>,
    /// For `Language::Command`.
    pub command: Option<CommandLine>,
    /// JavaScript: `quickjs` (default) or `starlingmonkey`.
    pub engine: Option<Spanned<String>>,
    /// Go: the program is started when it is built, and its memory kept.
    pub snapshot: bool,
    /// What the component may use besides clocks, random and stdio.
    pub grants: Vec<Spanned<Granted>>,
}

/// Where a component comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A folder of sources, relative to the project's root.
    Source(Spanned<PathBuf>),
    /// A finished component, relative to the project's root.
    Wasm(Spanned<PathBuf>),
}

/// `command = [...]` and `artifact = "…"` of a component in any other language.
#[derive(Debug, Clone)]
pub struct CommandLine {
    /// Program and arguments; run in the source folder, without a shell.
    pub argv: Spanned<Vec<String>>,
    /// The `.wasm` it leaves, relative to the source folder.
    pub artifact: Spanned<PathBuf>,
}

/// One entry of a component's `grants`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// A name in `[grants]`, which exists.
    Named(String),
    /// A bare word: an interface family whole.
    Family(Family),
}

/// An interface family that a bare word grants whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// `sockets`: wasi:sockets, any address.
    Sockets,
    /// `filesystem`: wasi:filesystem, the project's root.
    Filesystem,
    /// `http`: outgoing wasi:http, any authority.
    Http,
    /// `keyvalue`: wasi:keyvalue, any bucket.
    KeyValue,
    /// `blobstore`: wasi:blobstore, any container.
    BlobStore,
    /// `messaging`: sending by wasi:messaging, to any topic.
    Messaging,
    /// `logging`: wasi:logging.
    Logging,
    /// `config`: wasi:config, any key.
    Config,
    /// `env`: all of the host's environment.
    Env,
}

impl Family {
    pub const ALL: [Family; 9] = [
        Family::Sockets,
        Family::Filesystem,
        Family::Http,
        Family::KeyValue,
        Family::BlobStore,
        Family::Messaging,
        Family::Logging,
        Family::Config,
        Family::Env,
    ];

    /// The bare word.
    pub fn word(self) -> &'static str {
        match self {
            Family::Sockets => "sockets",
            Family::Filesystem => "filesystem",
            Family::Http => "http",
            Family::KeyValue => "keyvalue",
            Family::BlobStore => "blobstore",
            Family::Messaging => "messaging",
            Family::Logging => "logging",
            Family::Config => "config",
            Family::Env => "env",
        }
    }

    pub fn from_word(word: &str) -> Option<Family> {
        Family::ALL.into_iter().find(|family| family.word() == word)
    }
}

/// `[compose]`.
#[derive(Debug, Clone, Default)]
pub struct Compose {
    /// `component` or `component/interface`. `None`: what parts export that no other part imports.
    pub exports: Option<Vec<Spanned<String>>>,
    /// `component/interface` → component.
    pub wire: IndexMap<String, WireTo>,
    /// `component/interface` → the components in front of it.
    pub wrap: IndexMap<String, WrapBy>,
    /// Imports left to the host on purpose: outside `wasi`, or of it where no grant covers them.
    pub open: Vec<Spanned<String>>,
    /// Families of which components share what each is granted.
    pub share: Vec<Spanned<Family>>,
    /// Components that nothing needs are no error.
    pub allow_unused: bool,
    /// What only Mosaic's host could tell apart is an error.
    pub any_host: bool,
}

/// The value of one entry of `wire`, with the place of its key.
#[derive(Debug, Clone)]
pub struct WireTo {
    pub key_span: Range<usize>,
    pub component: Spanned<String>,
}

/// The value of one entry of `wrap`, with the place of its key.
#[derive(Debug, Clone)]
pub struct WrapBy {
    pub key_span: Range<usize>,
    /// The first of them is called first.
    pub by: Vec<Spanned<String>>,
}

/// One entry of `[grants]`: exactly one capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// `{ kv = "bucket" }`: wasi:keyvalue, this bucket.
    KeyValue { bucket: String },
    /// `{ blob = "container" }`: wasi:blobstore, this container.
    Blob { container: String },
    /// `{ topic = "topic" }`: sending by wasi:messaging, to this topic.
    Topic { topic: String },
    /// `{ http-out = "host[:port]" }`: outgoing requests to this authority.
    HttpOut { authority: String },
    /// `{ dir = "./data", readonly = true, guest = "/data" }`; `dir` relative to the project's root.
    Dir { host: PathBuf, guest: Option<String>, readonly: bool },
    /// `{ env = "NAME" }` from the host's environment, or `{ env = "NAME", value = "…" }`.
    Env { name: String, value: Option<String> },
    /// `{ config = "key", value = "…" }`: wasi:config, this key; without `value` a flag gives it.
    Config { key: String, value: Option<String> },
    /// `{ net = "host:port" }`: TCP and UDP to this address, and the look-up of this name.
    Net { address: String },
    /// `{ logging = true }`: wasi:logging.
    Logging,
}

impl Grant {
    /// The family it grants something of.
    pub fn family(&self) -> Family {
        match self {
            Grant::KeyValue { .. } => Family::KeyValue,
            Grant::Blob { .. } => Family::BlobStore,
            Grant::Topic { .. } => Family::Messaging,
            Grant::HttpOut { .. } => Family::Http,
            Grant::Dir { .. } => Family::Filesystem,
            Grant::Env { .. } => Family::Env,
            Grant::Config { .. } => Family::Config,
            Grant::Net { .. } => Family::Sockets,
            Grant::Logging => Family::Logging,
        }
    }
}

impl Manifest {
    /// Reads the manifest at `path` (absolute), whose folder is the project's root.
    ///
    /// Fails where it is no regular file of at most [`MAX_BYTES`] of UTF-8, and with every flaw of its text.
    pub fn read(path: &Path) -> Result<Manifest, Error> {
        let bytes = read_regular(path)?;
        let text = String::from_utf8(bytes)
            .map_err(|e| Error::NotUtf8 { path: path.to_path_buf(), at: e.utf8_error().valid_up_to() })?;
        Manifest::parse(path, text)
    }

    /// The same for a text already at hand. Source folders are looked for beside `path`.
    pub fn parse(path: &Path, text: String) -> Result<Manifest, Error> {
        let name = path.file_name().map_or(FILE_NAME.into(), |name| name.to_string_lossy().into_owned());
        let source = Arc::new(SourceFile { name, text });
        let (typed, mut flaws) = shape::read(&source.text);
        let meant = meaning::of(typed, path.parent().unwrap_or(Path::new(".")), &mut flaws);
        flaws.sort_by_key(Flaw::start);
        match meant {
            Some(meant) if flaws.is_empty() => Ok(Manifest {
                path: path.to_path_buf(),
                source,
                app: meant.app,
                components: meant.components,
                compose: meant.compose,
                grants: meant.grants,
                stores: meant.stores,
                density: meant.density,
                check: meant.check,
            }),
            _ => Err(Error::Flawed { file: source, flaws }),
        }
    }
}

/// The JSON schema of `mosaic.toml` as text, for editors: generated from the structs that read it.
pub fn schema_text() -> String {
    format!("{:#}\n", typed::schema().to_value())
}

/// Lowercase kebab-case as WIT has it: words of letters and digits that begin with a letter.
pub fn is_kebab(name: &str) -> bool {
    name.split('-').all(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// Never opens a FIFO or a device, and never reads without end.
fn read_regular(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: path.to_path_buf() });
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge { path: path.to_path_buf() });
    }
    Ok(bytes)
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Granted::Named(name) => f.write_str(name),
            Granted::Family(family) => f.write_str(family.word()),
        }
    }
}
