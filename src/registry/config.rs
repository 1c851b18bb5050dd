//! Which registry a package is in, and how that is talked to: `wkg`'s own file, so that both find the same packages.
//!
//! The file is the one that `WKG_CONFIG_FILE` names, else `wasm-pkg/config.toml` of the user's configuration folder. A
//! package is in the first of these: its own override, its namespace's registry, the default registry, and for `wasi` and
//! `ba` those that `wkg` knows. What else is in the file is not ours to judge.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use base64::Engine as _;
use serde::Deserialize;

use super::{Error, Reference, oci};

/// Namespaces whose registries are known without a file.
const KNOWN: &[(&str, &str)] = &[("wasi", "wasi.dev"), ("ba", "bytecodealliance.org")];

/// What the user says of registries.
#[derive(Debug, Default)]
pub struct Config {
    /// Where it was looked for.
    path: PathBuf,
    said: Said,
    docker: Docker,
}

/// The file.
#[derive(Debug, Default, Deserialize)]
struct Said {
    default_registry: Option<String>,
    #[serde(default)]
    namespace_registries: BTreeMap<String, Mapping>,
    #[serde(default)]
    package_registry_overrides: BTreeMap<String, Mapping>,
    #[serde(default)]
    registry: BTreeMap<String, Settings>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Mapping {
    Named(String),
    Described { registry: String, metadata: Metadata },
}

impl Mapping {
    fn registry(&self) -> &str {
        match self {
            Mapping::Named(registry) | Mapping::Described { registry, .. } => registry,
        }
    }
}

/// How one registry is to be used.
#[derive(Debug, Default, Deserialize)]
struct Settings {
    #[serde(rename = "type", alias = "default")]
    kind: Option<String>,
    oci: Option<OciSettings>,
    local: Option<Folder>,
}

#[derive(Debug, Default, Deserialize)]
struct OciSettings {
    auth: Option<Auth>,
    protocol: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Auth {
    /// `user:password` in base64.
    Encoded(String),
    Plain {
        username: String,
        password: String,
    },
}

/// What is secret is not shown.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

#[derive(Debug, Deserialize)]
struct Folder {
    root: PathBuf,
}

/// What a registry says of itself at [`oci::WELL_KNOWN`], or the file in its place.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    preferred_protocol: Option<String>,
    oci: Option<OciMetadata>,
    local: Option<Folder>,
    // As it was written before.
    oci_registry: Option<String>,
    oci_namespace_prefix: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OciMetadata {
    registry: Option<String>,
    namespace_prefix: Option<String>,
}

/// What Docker's users have logged in to.
#[derive(Debug, Default, Deserialize)]
struct Docker {
    #[serde(default)]
    auths: BTreeMap<String, DockerAuth>,
}

#[derive(Default, Deserialize)]
struct DockerAuth {
    auth: Option<String>,
}

impl std::fmt::Debug for DockerAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DockerAuth")
    }
}

/// Where a package is.
pub(super) enum Place {
    Folder(PathBuf),
    Oci(oci::Place),
}

impl Config {
    /// Reads the user's files; a missing one says nothing.
    pub fn from_env() -> Result<Config, Error> {
        Config::read(&|name| std::env::var_os(name), std::env::home_dir().as_deref())
    }

    pub(super) fn read(var: &dyn Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Result<Config, Error> {
        let var = |name| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let in_home = |path: &str| home.map(|home| home.join(path)).unwrap_or_else(|| PathBuf::from(path));
        let named = var("WKG_CONFIG_FILE");
        let path = named.clone().unwrap_or_else(|| {
            let folder = var("XDG_CONFIG_HOME").unwrap_or_else(|| in_home(".config"));
            folder.join("wasm-pkg/config.toml")
        });
        let said = match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| Error::Config { path: path.clone(), why: error.to_string().trim_end().to_owned() })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => Said::default(),
            Err(error) => return Err(Error::Config { path, why: error.to_string() }),
        };
        let docker = var("DOCKER_CONFIG").unwrap_or_else(|| in_home(".docker")).join("config.json");
        // It is another tool's: where it cannot be read, nobody is logged in.
        let docker = fs::read(docker).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Ok(Config { path, said, docker })
    }

    /// The registry that a package is in.
    pub(super) fn registry_of(&self, package: &Reference) -> Result<&str, Error> {
        let known =
            || KNOWN.iter().find(|(namespace, _)| *namespace == package.namespace).map(|(_, registry)| *registry);
        let mapped = self.mapping(package).map(Mapping::registry);
        mapped
            .or(self.said.default_registry.as_deref())
            .or_else(known)
            .ok_or_else(|| Error::NoRegistry { package: package.clone(), config: self.path.clone() })
    }

    fn mapping(&self, package: &Reference) -> Option<&Mapping> {
        let own = self.said.package_registry_overrides.get(&package.package());
        own.or_else(|| self.said.namespace_registries.get(&package.namespace))
    }

    /// The folder that a registry is said to be.
    pub(super) fn folder(&self, registry: &str) -> Option<&Path> {
        let settings = self.said.registry.get(registry)?;
        let local = settings.local.as_ref()?;
        let is_local = match settings.kind.as_deref() {
            Some(kind) => kind == "local",
            None => settings.oci.is_none(),
        };
        is_local.then_some(&local.root)
    }

    /// Where a package is in its registry, asking it how it is talked to unless the file says so.
    pub(super) fn place(&self, package: &Reference, registry: &str) -> Result<Place, Error> {
        let settings = self.said.registry.get(registry);
        let oci = settings.and_then(|settings| settings.oci.as_ref());
        let scheme = match oci.and_then(|oci| oci.protocol.as_deref()) {
            None | Some("https") => oci::Scheme::Https,
            Some("http") => oci::Scheme::Http,
            Some(other) => return Err(self.wrong(format!("`{other}` is no protocol of `{registry}`: http or https"))),
        };
        let asked;
        let metadata = match self.mapping(package) {
            Some(Mapping::Described { metadata, .. }) => metadata,
            _ => {
                asked = oci::metadata(scheme, registry)?;
                &asked
            }
        };
        let kind = settings.and_then(|settings| settings.kind.as_deref());
        match kind.or_else(|| metadata.protocol()).unwrap_or("oci") {
            "oci" => {
                let (host, prefix) = metadata.oci(registry);
                Ok(Place::Oci(oci::Place {
                    scheme,
                    credentials: self.credentials(oci, &host)?,
                    repository: format!("{prefix}{}/{}", package.namespace, package.name),
                    host,
                }))
            }
            "local" => match &metadata.local {
                Some(local) => Ok(Place::Folder(local.root.clone())),
                None => Err(self.wrong(format!("`{registry}` is said to be a folder, and not which"))),
            },
            other => Err(Error::Protocol { registry: registry.to_owned(), protocol: other.to_owned() }),
        }
    }

    /// Those of the file, else those that Docker was given.
    fn credentials(&self, settings: Option<&OciSettings>, host: &str) -> Result<Option<oci::Credentials>, Error> {
        let decoded = |text: &str| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            let (user, password) = text.split_once(':')?;
            Some(oci::Credentials { user: user.to_owned(), password: password.to_owned() })
        };
        match settings.and_then(|settings| settings.auth.as_ref()) {
            Some(Auth::Plain { username, password }) => {
                Ok(Some(oci::Credentials { user: username.clone(), password: password.clone() }))
            }
            Some(Auth::Encoded(text)) => match decoded(text) {
                Some(credentials) => Ok(Some(credentials)),
                None => Err(self.wrong("`auth` is no `user:password` in base64".to_owned())),
            },
            None => {
                let logged_in =
                    self.docker.auths.get(host).or_else(|| self.docker.auths.get(&format!("https://{host}")));
                Ok(logged_in.and_then(|login| decoded(login.auth.as_deref()?)))
            }
        }
    }

    fn wrong(&self, why: String) -> Error {
        Error::Config { path: self.path.clone(), why }
    }
}

impl Metadata {
    fn protocol(&self) -> Option<&str> {
        let only = match (self.oci.is_some(), self.local.is_some()) {
            (true, false) => Some("oci"),
            (false, true) => Some("local"),
            _ => None,
        };
        self.preferred_protocol.as_deref().or(only)
    }

    /// The host, and what repositories' names begin with.
    fn oci(&self, registry: &str) -> (String, String) {
        let of = |now: Option<&String>, before: &Option<String>| now.or(before.as_ref()).cloned();
        let now = self.oci.as_ref();
        let host = of(now.and_then(|oci| oci.registry.as_ref()), &self.oci_registry);
        let prefix = of(now.and_then(|oci| oci.namespace_prefix.as_ref()), &self.oci_namespace_prefix);
        (host.unwrap_or_else(|| registry.to_owned()), prefix.unwrap_or_default())
    }
}
