//! What a guest may touch outside itself. Nothing, unless it is granted here.
//!
//! Clocks, random numbers and the standard streams are always granted; arguments are what the caller passes. The
//! runtime knows no manifest: whoever calls it gathers the grants of all parts into one value ([`Grants::merge`]) and
//! lets flags make it smaller ([`Grants::narrow`]), never larger.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use crate::grants_section::{Held, Section};

/// Some values of a kind, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope<T: Ord> {
    Only(BTreeSet<T>),
    All,
}

impl<T: Ord> Default for Scope<T> {
    fn default() -> Self {
        Scope::Only(BTreeSet::new())
    }
}

impl<T: Ord> Scope<T> {
    /// Nothing at all is granted.
    pub fn is_closed(&self) -> bool {
        matches!(self, Scope::Only(values) if values.is_empty())
    }

    pub fn allows(&self, value: &T) -> bool {
        match self {
            Scope::Only(values) => values.contains(value),
            Scope::All => true,
        }
    }

    pub fn insert(&mut self, value: T) {
        if let Scope::Only(values) = self {
            values.insert(value);
        }
    }

    fn merge(&mut self, other: Scope<T>) {
        match (&mut *self, other) {
            (Scope::Only(mine), Scope::Only(theirs)) => mine.extend(theirs),
            (_, Scope::All) => *self = Scope::All,
            (Scope::All, _) => {}
        }
    }
}

/// Everything granted to one guest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Buckets of `wasi:keyvalue`.
    pub buckets: Scope<String>,
    /// Containers of `wasi:blobstore`.
    pub containers: Scope<String>,
    /// Topics of `wasi:messaging` that it may send to.
    pub topics: Scope<String>,
    /// Where outgoing HTTP requests may go.
    pub http_out: Scope<Authority>,
    /// Folders it sees. Two with one guest path: the first counts.
    pub dirs: Vec<Dir>,
    /// Environment variables, with their values.
    pub env: BTreeMap<String, String>,
    /// Keys of `wasi:config` it may have values for.
    pub config_keys: Scope<String>,
    /// Values of `wasi:config`, as far as there are any.
    pub config: BTreeMap<String, String>,
    /// Peers of TCP connections and UDP datagrams, and names it may look up.
    pub net: Scope<Address>,
    /// `wasi:logging` messages are told rather than dropped.
    pub logging: bool,
    /// What is granted behind imports that are kept apart, by their labels; all else here is not granted there.
    pub apart: BTreeMap<String, Grants>,
}

/// A folder of the host under a name of the guest's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dir {
    pub host: PathBuf,
    pub guest: String,
    pub access: Access,
}

/// What may be done in a [`Dir`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    ReadOnly,
    ReadWrite,
}

/// `host` or `host:port`. Without a port: those of http and https, 80 and 443.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Authority {
    /// In lower case; IPv6 addresses without brackets.
    pub host: String,
    pub port: Option<u16>,
}

/// `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// In lower case; IPv6 addresses without brackets.
    pub host: String,
    pub port: u16,
}

/// A text that is no `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct ParseError {
    pub text: String,
    pub wanted: &'static str,
}

/// What flags asked for beyond what is granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not granted: {}", .excess.join(", "))]
pub struct NarrowError {
    /// As the manifest would write it, e.g. `kv = "visits"`.
    pub excess: Vec<String>,
}

/// A grant in an artifact's own section that is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the component asks for `{held}`, which cannot be granted")]
pub struct SectionError {
    /// As a manifest would write it.
    pub held: String,
}

impl Grants {
    /// Adds what `other` grants.
    pub fn merge(&mut self, other: Grants) {
        self.buckets.merge(other.buckets);
        self.containers.merge(other.containers);
        self.topics.merge(other.topics);
        self.http_out.merge(other.http_out);
        self.net.merge(other.net);
        self.env.extend(other.env);
        self.config_keys.merge(other.config_keys);
        self.config.extend(other.config);
        self.logging |= other.logging;
        for (label, theirs) in other.apart {
            self.apart.entry(label).or_default().merge(theirs);
        }
        for dir in other.dirs {
            if !self.dirs.contains(&dir) {
                self.dirs.push(dir);
            }
        }
    }

    /// A family of interfaces whole, by its word in a manifest; the file system is `root`.
    pub fn family(word: &str, root: &Path) -> Option<Grants> {
        let mut grants = Grants::default();
        match word {
            "sockets" => grants.net = Scope::All,
            "filesystem" => grants.dirs.push(Dir::new(root, Some("/"), Access::ReadWrite)),
            "http" => grants.http_out = Scope::All,
            "keyvalue" => grants.buckets = Scope::All,
            "blobstore" => grants.containers = Scope::All,
            "messaging" => grants.topics = Scope::All,
            "logging" => grants.logging = true,
            "config" => grants.config_keys = Scope::All,
            // A variable that is no text cannot be told to a guest.
            "env" => grants.env.extend(
                std::env::vars_os()
                    .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
            ),
            _ => return None,
        }
        Some(grants)
    }

    /// What an artifact says its parts are granted, all together, and what of it behind imports that it keeps apart:
    /// folders below `root`, variables with the values they have here, or none.
    ///
    /// Errors with what cannot be honoured: no grant of it is.
    pub fn of_section(section: &Section, root: &Path) -> Result<Grants, SectionError> {
        let mut parts = BTreeMap::new();
        for (part, held) in &section.parts {
            parts.insert(part.clone(), Grants::of_part(held, root)?);
        }
        let mut grants = Grants::default();
        parts.values().for_each(|part| grants.merge(part.clone()));
        grants.keep_apart(section, &parts);
        Ok(grants)
    }

    /// Grants behind each import that an artifact keeps apart what the parts behind it are granted. A part that is not
    /// among them is granted nothing.
    pub fn keep_apart(&mut self, section: &Section, parts: &BTreeMap<String, Grants>) {
        for (label, behind) in &section.apart {
            let apart = self.apart.entry(label.clone()).or_default();
            behind.iter().filter_map(|part| parts.get(part)).for_each(|part| apart.merge(part.clone()));
        }
    }

    fn of_part(held: &[Held], root: &Path) -> Result<Grants, SectionError> {
        let mut grants = Grants::default();
        for held in held {
            let refused = || SectionError { held: held.to_string() };
            match held {
                Held::Kv(bucket) => grants.buckets.insert(bucket.clone()),
                Held::Blob(container) => grants.containers.insert(container.clone()),
                Held::Topic(topic) => grants.topics.insert(topic.clone()),
                Held::HttpOut(authority) => grants.http_out.insert(authority.parse().map_err(|_| refused())?),
                Held::Net(address) => grants.net.insert(address.parse().map_err(|_| refused())?),
                Held::Logging => grants.logging = true,
                Held::Env(name) => drop(grants.env.insert(name.clone(), std::env::var(name).unwrap_or_default())),
                Held::Config(key) => grants.config_keys.insert(key.clone()),
                Held::Family(word) => grants.merge(Grants::family(word, root).ok_or_else(refused)?),
                Held::Dir { path, guest, readonly } => {
                    let inside = |step| matches!(step, Component::Normal(_) | Component::CurDir);
                    if !Path::new(path).components().all(inside) {
                        return Err(refused());
                    }
                    let host = root.join(path);
                    let host = host.canonicalize().unwrap_or(host);
                    if !host.starts_with(root) {
                        return Err(refused());
                    }
                    let access = if *readonly { Access::ReadOnly } else { Access::ReadWrite };
                    grants.merge(Grants { dirs: vec![Dir::new(&host, guest.as_deref(), access)], ..Grants::default() });
                }
            }
        }
        Ok(grants)
    }

    /// These grants made smaller by flags: of each kind that `flags` names anything of, only what `flags` names; kinds
    /// it says nothing of are left as they are. A variable keeps the value the flag gives it, a folder the lesser access.
    /// Values of `wasi:config` are set rather than narrowed, for keys that are granted.
    ///
    /// Behind an import that is kept apart is what of all this was granted there.
    ///
    /// Errors where a flag names what is not granted: all of it.
    pub fn narrow(&self, flags: &Grants) -> Result<Grants, NarrowError> {
        let (mut narrowed, excess) = self.narrowed(flags);
        narrowed.apart = self.apart.iter().map(|(label, apart)| (label.clone(), apart.narrowed(flags).0)).collect();
        if excess.is_empty() { Ok(narrowed) } else { Err(NarrowError { excess }) }
    }

    /// What flags name of these grants, and nothing else.
    pub fn only(&self, flags: &Grants) -> Grants {
        let named = |granted: &Grants| {
            let mut only = granted.narrowed(flags).0;
            only.apart.clear();
            only.logging &= flags.logging;
            // Of what flags say nothing of, narrowing leaves all.
            if flags.buckets.is_closed() {
                only.buckets = Scope::default();
            }
            if flags.containers.is_closed() {
                only.containers = Scope::default();
            }
            if flags.topics.is_closed() {
                only.topics = Scope::default();
            }
            if flags.http_out.is_closed() {
                only.http_out = Scope::default();
            }
            if flags.net.is_closed() {
                only.net = Scope::default();
            }
            if flags.env.is_empty() {
                only.env.clear();
            }
            if flags.dirs.is_empty() {
                only.dirs.clear();
            }
            only.config.retain(|key, _| flags.config.contains_key(key));
            only.config_keys = Scope::Only(only.config.keys().cloned().collect());
            only
        };
        let apart = self.apart.iter().map(|(label, apart)| (label.clone(), named(apart))).collect();
        Grants { apart, ..named(self) }
    }

    /// These grants narrowed, and what flags name beyond them.
    fn narrowed(&self, flags: &Grants) -> (Grants, Vec<String>) {
        let mut excess = Vec::new();
        let mut narrowed = self.clone();
        narrow_scope(&mut narrowed.buckets, &flags.buckets, "kv", &mut excess);
        narrow_scope(&mut narrowed.containers, &flags.containers, "blob", &mut excess);
        narrow_scope(&mut narrowed.topics, &flags.topics, "topic", &mut excess);
        narrow_scope(&mut narrowed.http_out, &flags.http_out, "http-out", &mut excess);
        narrow_scope(&mut narrowed.net, &flags.net, "net", &mut excess);
        if !flags.env.is_empty() {
            let granted = flags.env.iter().filter(|(name, _)| self.env.contains_key(*name));
            narrowed.env = granted.map(|(name, value)| (name.clone(), value.clone())).collect();
            excess.extend(flags.env.keys().filter(|name| !self.env.contains_key(*name)).map(|n| grant_line("env", n)));
        }
        for (key, value) in &flags.config {
            match self.config_keys.allows(key) {
                true => drop(narrowed.config.insert(key.clone(), value.clone())),
                false => excess.push(grant_line("config", key)),
            }
        }
        if !flags.dirs.is_empty() {
            let granted = |dir: &&Dir| {
                let climbs = dir.host.components().any(|part| part == Component::ParentDir);
                !climbs && self.dirs.iter().any(|d| dir.host.starts_with(&d.host) && dir.access <= d.access)
            };
            let (within, beyond): (Vec<&Dir>, Vec<&Dir>) = flags.dirs.iter().partition(granted);
            excess.extend(beyond.into_iter().map(|d| grant_line("dir", &d.host.display().to_string())));
            narrowed.dirs = within.into_iter().cloned().collect();
        }
        if flags.logging && !self.logging {
            excess.push("logging = true".to_owned());
        }
        (narrowed, excess)
    }
}

fn narrow_scope<T: Ord + Clone + fmt::Display>(
    granted: &mut Scope<T>,
    flags: &Scope<T>,
    kind: &str,
    excess: &mut Vec<String>,
) {
    match flags {
        Scope::Only(named) if named.is_empty() => {}
        Scope::Only(named) => {
            let (within, beyond): (Vec<&T>, Vec<&T>) = named.iter().partition(|value| granted.allows(value));
            excess.extend(beyond.into_iter().map(|value| grant_line(kind, &value.to_string())));
            *granted = Scope::Only(within.into_iter().cloned().collect());
        }
        Scope::All if *granted == Scope::All => {}
        Scope::All => excess.push(grant_line(kind, "*")),
    }
}

/// A grant as a manifest writes it: `kv = "visits"`.
fn grant_line(kind: &str, value: &str) -> String {
    format!("{kind} = {value:?}")
}

/// A grant that somebody misses, in the words of those who could give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    /// The key in a manifest; mostly the flag's name too.
    pub kind: &'static str,
    /// `None`: it is granted or it is not.
    pub value: Option<String>,
}

impl Missing {
    pub fn new(kind: &'static str, value: impl Into<String>) -> Missing {
        Missing { kind, value: Some(value.into()) }
    }

    /// As a manifest writes it: `kv = "visits"`.
    pub fn line(&self) -> String {
        match &self.value {
            Some(value) => grant_line(self.kind, value),
            None => format!("{} = true", self.kind),
        }
    }

    /// As a command line writes it: `--kv visits`.
    pub fn flag(&self) -> String {
        match (self.kind, &self.value) {
            ("config", Some(key)) => format!("--config-var {key}=VALUE"),
            (kind, Some(value)) => format!("--{kind} {value}"),
            (kind, None) => format!("--{kind}"),
        }
    }
}

impl Dir {
    /// `guest`: the path the guest sees; `None`: `/` and the folder's own name.
    pub fn new(host: &Path, guest: Option<&str>, access: Access) -> Dir {
        let named = || host.file_name().map_or_else(|| "/".to_owned(), |name| format!("/{}", name.to_string_lossy()));
        Dir { host: host.to_owned(), guest: guest.map_or_else(named, str::to_owned), access }
    }
}

impl Authority {
    /// Whether a request to `host` at `port` is meant; `port` as it will be used.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        self.host == host && self.port.map_or(matches!(port, 80 | 443), |mine| mine == port)
    }
}

/// Splits `host[:port]`, `[v6][:port]` or a bare IPv6 address; the host in lower case.
fn split(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
        (text, None)
    } else if let Some((host, port)) = text.rsplit_once(':') {
        (host, Some(port))
    } else {
        (text, None)
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if host.is_empty()
        || !host.chars().all(plain)
        || (host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err())
    {
        return None;
    }
    let port = match port {
        Some(port) if port.chars().all(|c| c.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some((host.to_ascii_lowercase(), port))
}

impl FromStr for Authority {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Authority, ParseError> {
        let (host, port) =
            split(text).ok_or_else(|| ParseError { text: text.to_owned(), wanted: "a host, or `host:port`" })?;
        Ok(Authority { host, port })
    }
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Address, ParseError> {
        match split(text) {
            Some((host, Some(port))) => Ok(Address { host, port }),
            _ => Err(ParseError { text: text.to_owned(), wanted: "`host:port`" }),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => Address { host: self.host.clone(), port }.fmt(f),
            None => f.write_str(&self.host),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope<T: Ord + FromStr>(values: &[&str]) -> Scope<T>
    where
        T::Err: fmt::Debug,
    {
        Scope::Only(values.iter().map(|v| v.parse().unwrap()).collect())
    }

    #[test]
    fn nothing_is_granted_by_default() {
        let grants = Grants::default();
        assert!(grants.buckets.is_closed() && grants.http_out.is_closed() && grants.net.is_closed());
        assert!(grants.dirs.is_empty() && grants.env.is_empty() && !grants.logging);
        assert!(
            grants.containers.is_closed()
                && grants.topics.is_closed()
                && grants.config_keys.is_closed()
                && grants.config.is_empty()
        );
    }

    #[test]
    fn flags_only_narrow() {
        let granted =
            Grants { buckets: scope(&["visits", "carts"]), http_out: scope(&["api.example.com"]), ..Grants::default() };
        let fewer = granted.narrow(&Grants { buckets: scope(&["visits"]), ..Grants::default() }).unwrap();
        assert_eq!(fewer.buckets, scope(&["visits"]));
        assert_eq!(fewer.http_out, granted.http_out);
        let asked = Grants {
            buckets: scope(&["secrets"]),
            net: scope(&["db:5432"]),
            env: BTreeMap::from([("HOME".to_owned(), "/".to_owned())]),
            logging: true,
            ..Grants::default()
        };
        assert_eq!(
            granted.narrow(&asked).unwrap_err().excess,
            ["kv = \"secrets\"", "net = \"db:5432\"", "env = \"HOME\"", "logging = true"]
        );
    }

    #[test]
    fn a_flag_gives_values_to_granted_keys() {
        let values = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let granted =
            Grants { config_keys: scope(&["mode", "name"]), config: values("name", "x"), ..Grants::default() };
        let flags = |key| Grants { config: values(key, "y"), ..Grants::default() };
        let narrowed = granted.narrow(&flags("mode")).unwrap();
        assert_eq!(narrowed.config.len(), 2);
        assert_eq!(granted.narrow(&flags("name")).unwrap().config["name"], "y");
        assert_eq!(granted.narrow(&flags("other")).unwrap_err().excess, ["config = \"other\""]);
    }

    #[test]
    fn what_is_missing_can_be_pasted() {
        let kv = Missing::new("kv", "visits");
        assert_eq!((kv.line().as_str(), kv.flag().as_str()), ("kv = \"visits\"", "--kv visits"));
        let logging = Missing { kind: "logging", value: None };
        assert_eq!((logging.line().as_str(), logging.flag().as_str()), ("logging = true", "--logging"));
        assert_eq!(Missing::new("config", "mode").flag(), "--config-var mode=VALUE");
    }

    #[test]
    fn a_folder_flag_stays_inside_what_is_granted() {
        let dir = |host: &str, access| Dir { host: host.into(), guest: "/data".into(), access };
        let granted = Grants { dirs: vec![dir("/srv/data", Access::ReadOnly)], ..Grants::default() };
        let narrow = |d| granted.narrow(&Grants { dirs: vec![d], ..Grants::default() });
        assert!(narrow(dir("/srv/data/in", Access::ReadOnly)).is_ok());
        assert!(narrow(dir("/srv/data", Access::ReadWrite)).is_err());
        assert!(narrow(dir("/srv/database", Access::ReadOnly)).is_err());
        assert!(narrow(dir("/srv", Access::ReadOnly)).is_err());
        assert!(narrow(dir("/srv/data/../keys", Access::ReadOnly)).is_err());
    }

    #[test]
    fn a_section_grants_what_its_parts_hold_and_nothing_outside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("data")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/", root.join("out")).unwrap();
        let of = |held: Vec<Held>| {
            Grants::of_section(
                &Section { parts: BTreeMap::from([("app".to_owned(), held)]), apart: BTreeMap::new() },
                &root,
            )
        };
        let dir = |path: &str| Held::Dir { path: path.into(), guest: None, readonly: true };
        let grants = of(vec![
            Held::Kv("visits".into()),
            Held::HttpOut("api.example.com".into()),
            dir("./data"),
            Held::Env("MOSAIC_NO_SUCH_VARIABLE".into()),
            Held::Logging,
            Held::Family("sockets".into()),
        ]);
        let grants = grants.unwrap();
        assert_eq!(grants.dirs, [Dir::new(&root.join("data"), None, Access::ReadOnly)]);
        assert_eq!(grants.buckets, scope(&["visits"]));
        assert_eq!(grants.http_out, scope(&["api.example.com"]));
        assert_eq!(grants.env, BTreeMap::from([("MOSAIC_NO_SUCH_VARIABLE".to_owned(), String::new())]));
        assert!(grants.logging && grants.net == Scope::All);
        for held in [dir("../x"), dir("/etc"), dir("out"), Held::Family("all".into()), Held::Net("x".into())] {
            assert!(of(vec![held.clone()]).is_err(), "{held}");
        }
    }

    #[test]
    fn authorities() {
        for (text, host, port) in [
            ("API.example.com", "api.example.com", None),
            ("localhost:8080", "localhost", Some(8080)),
            ("[::1]:80", "::1", Some(80)),
            ("::1", "::1", None),
        ] {
            assert_eq!(text.parse(), Ok(Authority { host: host.into(), port }), "{text}");
        }
        for text in ["", ":80", "a b", "http://x", "x:99999", "x:+1", "[::1", "x/y", "user@x"] {
            assert!(text.parse::<Authority>().is_err(), "{text}");
        }
        assert!("x".parse::<Address>().is_err());
        let api: Authority = "api.example.com".parse().unwrap();
        assert!(api.covers("api.example.com", 443) && !api.covers("api.example.com", 8443));
        assert!(!api.covers("example.com", 443));
    }

    #[test]
    fn all_swallows_some() {
        let mut grants = Grants { net: scope(&["db:5432"]), ..Grants::default() };
        grants.merge(Grants { net: Scope::All, ..Grants::default() });
        assert_eq!(grants.net, Scope::All);
    }
}
