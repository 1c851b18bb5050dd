//! The manifest as typed: one definition for serde and for the schema that editors and `shape` read.
//!
//! Every field can be absent here, even a required one (which the schema says): `shape` has told of it by then, and
//! what is there can still be looked at.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Spanned;
use crate::language::Language;

/// A Mosaic application: components in several languages, composed into one.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "mosaic.toml")]
pub struct Manifest {
    #[schemars(required)]
    pub app: Option<App>,
    /// The parts, by name.
    #[serde(default)]
    pub components: IndexMap<Spanned<String>, Component>,
    #[serde(default)]
    pub compose: Compose,
    /// Capabilities that components name in their `grants`; what no component is granted is denied.
    #[serde(default)]
    pub grants: IndexMap<Spanned<String>, Grant>,
    #[serde(default)]
    pub stores: Stores,
    #[serde(default)]
    pub serve: Serve,
    #[serde(default)]
    pub check: Check,
}

/// The application as a whole.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct App {
    /// `namespace:name` in kebab-case, e.g. `acme:shop`; the part after the colon names the output.
    #[schemars(required)]
    pub name: Option<Spanned<String>>,
    /// A semantic version; `0.0.0` where it is absent.
    pub version: Option<Spanned<String>>,
}

/// One part: a folder of sources, or a finished `.wasm`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Component {
    /// The folder of its sources, relative to this file.
    pub source: Option<Spanned<String>>,
    /// A finished component, relative to this file; instead of `source`.
    pub wasm: Option<Spanned<String>>,
    /// Needed only where the files in `source` do not tell it.
    pub language: Option<Spanned<Language>>,
    /// Folder or file of its WIT, relative to this file; else `wit` in its source folder, else `wit` beside this file.
    pub wit: Option<Spanned<String>>,
    /// The world it implements; else the one named like the component, else the only one of its package.
    pub world: Option<Spanned<String>>,
    /// Any other language: program and arguments that build it, run in `source` without a shell.
    pub command: Option<Spanned<Vec<Spanned<String>>>>,
    /// The `.wasm` that `command` leaves, relative to `source`.
    pub artifact: Option<Spanned<String>>,
    /// The engine inside a JavaScript component.
    pub engine: Option<Spanned<Engine>>,
    /// Go: initialise its packages when it is built, and begin every instance with the memory that this left. What they
    /// read then stays as it was; see docs/go.md.
    pub snapshot: Option<Spanned<bool>>,
    /// Names in `[grants]`, or families granted whole: `sockets`, `filesystem`, `http`, `keyvalue`, `logging`, `env`.
    pub grants: Vec<Spanned<String>>,
}

/// The engine inside a JavaScript component.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    QuickJs,
    StarlingMonkey,
}

/// How the parts are joined, where that cannot be told from their worlds.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Compose {
    /// `component` or `component/interface`; else what parts export that no other part imports.
    pub exports: Option<Vec<Spanned<String>>>,
    /// `component/interface` = the component that provides it, or `component/export`; needed only where several could.
    pub wire: IndexMap<Spanned<String>, Spanned<String>>,
    /// `component/interface` = the components put in front of it, the first called first; each imports and exports it.
    pub wrap: IndexMap<Spanned<String>, Vec<Spanned<String>>>,
    /// Interfaces that are left to the host on purpose: outside `wasi:`, or of `wasi:` where no grant covers them.
    pub open: Vec<Spanned<String>>,
    /// Families (`filesystem`, `keyvalue` …) of which each component that is granted some has what any is granted.
    pub share: Vec<Spanned<String>>,
    /// `true`: components that nothing needs are no error.
    pub allow_unused: Option<Spanned<bool>>,
    /// `true`: the app is for any host, so what only Mosaic's could tell apart is an error.
    pub any_host: Option<Spanned<bool>>,
}

/// Servers that keep what the app keeps, and carry what it sends; flags and variables go before them. Passwords do not
/// belong here.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Stores {
    /// Keeps wasi:keyvalue: `redis://HOST[:PORT]`; else the data folder does.
    pub keyvalue: Option<Spanned<String>>,
    /// Keeps wasi:blobstore: `s3://BUCKET[/PREFIX]`; else the data folder does.
    pub blobstore: Option<Spanned<String>>,
    /// Carries wasi:messaging: `nats://HOST[:PORT]`; else the server of the app does.
    pub messaging: Option<Spanned<String>>,
}

/// How `cargo mosaic serve` serves the app; flags go before it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Serve {
    /// `true`: as many instances at once as can be, rather than answers as fast as can be.
    pub density: Option<Spanned<bool>>,
    /// With `density`: what a part's memory may grow to, e.g. `4MiB`; else a little more than the largest begins with.
    pub density_room: Option<Spanned<String>>,
}

/// What `cargo mosaic check` holds the project against.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Check {
    /// The version that must not be broken: `git:REV`, `git:REV:path`, a release (`acme:shop@1.0.0`), a folder or file of
    /// WIT, or a component.
    pub baseline: Option<Spanned<String>>,
    /// The world that the app has to fit: its full name, `wasi:http/proxy@0.2.8`, or `FILE#NAME`, relative to this file.
    pub world: Option<Spanned<String>>,
    /// A file of accepted findings, relative to this file.
    pub baseline_file: Option<Spanned<String>>,
    /// Levels of rules, or of all that ask for a bump (`major`, `minor`, `patch`), or of `all`.
    pub rules: IndexMap<Spanned<String>, Spanned<RuleLevel>>,
    /// Levels of rules of `cargo mosaic wit lint`, or of a group (`names`, `docs`, `versions`, `unused`, `shapes`), or of
    /// `all`.
    pub lint: IndexMap<Spanned<String>, Spanned<RuleLevel>>,
}

/// What a finding of a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleLevel {
    Allow,
    Warn,
    Deny,
}

/// One capability: exactly one of `kv`, `blob`, `topic`, `http-out`, `dir`, `env`, `config`, `net`, `logging`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Grant {
    /// A bucket of wasi:keyvalue.
    pub kv: Option<Spanned<String>>,
    /// A container of wasi:blobstore.
    pub blob: Option<Spanned<String>>,
    /// A topic of wasi:messaging to send to.
    pub topic: Option<Spanned<String>>,
    /// `host` or `host:port` that outgoing HTTP requests may go to.
    pub http_out: Option<Spanned<String>>,
    /// A folder, relative to this file.
    pub dir: Option<Spanned<String>>,
    /// With `dir`: the guest may not write. `false` where it is absent.
    pub readonly: Option<Spanned<bool>>,
    /// With `dir`: the absolute path the guest sees; else the name of the folder at the guest's root.
    pub guest: Option<Spanned<String>>,
    /// An environment variable.
    pub env: Option<Spanned<String>>,
    /// A key of wasi:config.
    pub config: Option<Spanned<String>>,
    /// With `env`: its value, else the host's own. With `config`: its value, else that of a flag.
    pub value: Option<Spanned<String>>,
    /// `host:port` that sockets may connect to.
    pub net: Option<Spanned<String>>,
    /// `true`: wasi:logging.
    pub logging: Option<Spanned<bool>>,
}

/// The schema of [`Manifest`].
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(without_null));
    settings.into_generator().into_root_schema_for::<Manifest>()
}

/// What can be absent in TOML can still not be `null`.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
    }
}

impl Engine {
    /// As written in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Engine::QuickJs => "quickjs",
            Engine::StarlingMonkey => "starlingmonkey",
        }
    }
}

impl RuleLevel {
    /// As written in the manifest.
    pub fn word(self) -> &'static str {
        match self {
            RuleLevel::Allow => "allow",
            RuleLevel::Warn => "warn",
            RuleLevel::Deny => "deny",
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        Ok(Spanned { span: spanned.span(), value: spanned.into_inner() })
    }
}

/// The place is not part of what is written.
impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
