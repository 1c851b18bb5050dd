//! `mosaic.toml`: what it says, with the place of everything it says.

use std::{ops::Range, path::PathBuf, sync::Arc};

use indexmap::IndexMap;

use crate::{diagnostic::SourceFile, language::Language};

/// A value with its place in the manifest, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// `[app]`.
#[derive(Debug, Clone)]
pub struct App {
    /// `namespace:name`.
    pub name: Spanned<String>,
    pub version: semver::Version,
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
    /// Names in `[grants]`, or bare words that grant an interface family whole.
    pub grants: Vec<Spanned<String>>,
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

/// `[compose]`.
#[derive(Debug, Clone, Default)]
pub struct Compose {
    /// `component` or `component/interface`. `None`: what parts export that no other part imports.
    pub exports: Option<Vec<Spanned<String>>>,
    /// `component/interface` → component.
    pub wire: IndexMap<String, WireTo>,
    /// Non-WASI imports left to the host on purpose.
    pub open: Vec<Spanned<String>>,
}

/// The value of one entry of `wire`, with the place of its key.
#[derive(Debug, Clone)]
pub struct WireTo {
    pub key_span: Range<usize>,
    pub component: Spanned<String>,
}

/// One entry of `[grants]`: exactly one capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// `{ kv = "bucket" }`: wasi:keyvalue, this bucket.
    KeyValue { bucket: String },
    /// `{ http-out = "host[:port]" }`: outgoing requests to this authority.
    HttpOut { authority: String },
    /// `{ dir = "./data", readonly = true, guest = "/data" }`; `dir` relative to the project's root.
    Dir { host: PathBuf, guest: Option<String>, readonly: bool },
    /// `{ env = "NAME" }` from the host's environment, or `{ env = "NAME", value = "…" }`.
    Env { name: String, value: Option<String> },
    /// `{ net = "host:port" }`: TCP and UDP to this address, and the look-up of this name.
    Net { address: String },
    /// `{ logging = true }`: wasi:logging.
    Logging,
}
