//! From the manifest as typed to the manifest as meant: names, paths, references, grants, languages.
//!
//! Each check adds its flaws and goes on. A check is skipped where the form of the same table is wrong already, so that
//! one slip is told once.

use std::path::{Component as Step, Path, PathBuf};

use indexmap::{IndexMap, IndexSet};

use super::{
    App, CommandLine, Component, Compose, Family, Flaw, Grant, Granted, Origin, Spanned, WireTo,
    error::{BadPath, FlawKind},
    is_kebab, typed,
};
use crate::language::Language;

/// What the whole text means.
pub struct Meant {
    pub app: App,
    pub components: IndexMap<String, Component>,
    pub compose: Compose,
    pub grants: IndexMap<String, Grant>,
}

/// Reads the meaning, adding to `flaws`; `None` where `[app]` cannot be told (there is a flaw then).
pub fn of(typed: typed::Manifest, root: &Path, flaws: &mut Vec<Flaw>) -> Option<Meant> {
    let components = in_order(typed.components);
    let grants = in_order(typed.grants);
    let names = |keys: &[(Spanned<String>, _)]| keys.iter().map(|(key, _)| key.value.clone()).collect::<Vec<_>>();
    let grant_names = grants.iter().map(|(key, _)| key.value.clone()).collect();
    let mut reader = Reader { root, component_names: names(&components), grant_names, flaws };
    let app = typed.app.and_then(|app| reader.app(app));
    let components = components
        .into_iter()
        .filter_map(|(name, component)| Some((name.value.clone(), reader.component(name, component)?)))
        .collect();
    let compose = reader.compose(typed.compose);
    let grants = grants
        .into_iter()
        .filter_map(|(name, grant)| {
            let meant = reader.grant(&name, grant)?;
            Some((name.value, meant))
        })
        .collect();
    Some(Meant { app: app?, components, compose, grants })
}

/// TOML tables come sorted by name; people wrote them in another order.
fn in_order<V>(table: IndexMap<Spanned<String>, V>) -> Vec<(Spanned<String>, V)> {
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    entries
}

struct Reader<'a> {
    root: &'a Path,
    component_names: Vec<String>,
    grant_names: Vec<String>,
    flaws: &'a mut Vec<Flaw>,
}

impl Reader<'_> {
    fn tell(&mut self, path: &[&str], span: &std::ops::Range<usize>, kind: FlawKind) {
        let path = path.iter().map(|&key| key.to_owned()).collect();
        self.flaws.push(Flaw { path, span: span.clone(), kind });
    }

    /// Whether something was wrong in this table or below it.
    fn is_flawed(&self, table: &[&str]) -> bool {
        self.flaws.iter().any(|flaw| flaw.path.len() >= table.len() && flaw.path.iter().zip(table).all(|(a, b)| a == b))
    }

    fn app(&mut self, app: typed::App) -> Option<App> {
        let version = match app.version {
            None => Some(semver::Version::new(0, 0, 0)),
            Some(version) => semver::Version::parse(&version.value)
                .map_err(|error| {
                    let kind = FlawKind::BadVersion { version: version.value, why: error.to_string() };
                    self.tell(&["app", "version"], &version.span, kind);
                })
                .ok(),
        };
        let name = app.name?;
        let is_name = name.value.split_once(':').is_some_and(|(namespace, word)| is_kebab(namespace) && is_kebab(word));
        if !is_name {
            self.tell(&["app", "name"], &name.span, FlawKind::BadAppName { name: name.value.clone() });
        }
        Some(App { name, version: version? })
    }

    fn component(&mut self, name: Spanned<String>, typed: typed::Component) -> Option<Component> {
        let table = ["components", name.value.as_str()];
        let key = |key: &'static str| [table[0], table[1], key];
        if !is_kebab(&name.value) {
            self.tell(&table, &name.span, FlawKind::BadName { what: "component", name: name.value.clone() });
        }
        let grants = self.granted(&key("grants"), typed.grants);
        let wit = typed.wit.and_then(|path| self.path(&key("wit"), path));
        let (origin, language, command) = match (typed.source, typed.wasm) {
            (Some(source), Some(wasm)) => {
                self.tell(&table, &wasm.span, FlawKind::Origin { both: Some(source.span) });
                return None;
            }
            (None, None) => {
                if !self.is_flawed(&table) {
                    self.tell(&table, &name.span, FlawKind::Origin { both: None });
                }
                return None;
            }
            (None, Some(wasm)) => {
                let built = [
                    ("language", typed.language.map(|it| it.span)),
                    ("wit", wit.as_ref().map(|it| it.span.clone())),
                    ("world", typed.world.as_ref().map(|it| it.span.clone())),
                    ("command", typed.command.map(|it| it.span)),
                    ("artifact", typed.artifact.map(|it| it.span)),
                    ("engine", typed.engine.as_ref().map(|it| it.span.clone())),
                ];
                for (key, span) in built {
                    if let Some(span) = span {
                        let because = "a finished component is not built, and carries its world with it";
                        self.tell(&table, &span, FlawKind::Needless { key, because });
                    }
                }
                (Origin::Wasm(self.path(&key("wasm"), wasm)?), None, None)
            }
            (Some(source), None) => {
                let command = self.command(&table, typed.command, typed.artifact);
                let source = self.path(&key("source"), source)?;
                let folder = self.folder(&key("source"), &source)?;
                let language = self.language(&table, typed.language, &command, &source, &folder)?;
                (Origin::Source(source), Some(language), command)
            }
        };
        if let Some(engine) = &typed.engine
            && language.is_some_and(|language| language != Language::JavaScript)
        {
            let because = "only JavaScript parts carry an engine of choice";
            self.tell(&table, &engine.span, FlawKind::Needless { key: "engine", because });
        }
        let engine = typed.engine.map(|it| Spanned { value: it.value.name().to_owned(), span: it.span });
        Some(Component { name, origin, language, wit, world: typed.world, command, engine, grants })
    }

    fn command(
        &mut self,
        table: &[&str],
        argv: Option<Spanned<Vec<Spanned<String>>>>,
        artifact: Option<Spanned<String>>,
    ) -> Option<CommandLine> {
        match (argv, artifact) {
            (Some(argv), Some(artifact)) => {
                if argv.value.first().is_none_or(|program| program.value.is_empty()) {
                    self.tell(&[table, &["command"]].concat(), &argv.span, FlawKind::EmptyCommand);
                }
                let artifact = self.path(&[table, &["artifact"]].concat(), artifact)?;
                let words = argv.value.into_iter().map(|word| word.value).collect();
                Some(CommandLine { argv: Spanned { value: words, span: argv.span }, artifact })
            }
            (Some(argv), None) => {
                if !self.is_flawed(&[table, &["artifact"]].concat()) {
                    self.tell(table, &argv.span, FlawKind::Needs { key: "command", other: "artifact" });
                }
                None
            }
            (None, Some(artifact)) => {
                if !self.is_flawed(&[table, &["command"]].concat()) {
                    self.tell(table, &artifact.span, FlawKind::Needs { key: "artifact", other: "command" });
                }
                None
            }
            (None, None) => None,
        }
    }

    fn language(
        &mut self,
        table: &[&str],
        said: Option<Spanned<Language>>,
        command: &Option<CommandLine>,
        source: &Spanned<PathBuf>,
        folder: &Path,
    ) -> Option<Language> {
        match said {
            Some(Spanned { value: Language::Command, span }) => {
                if command.is_none() && !self.is_flawed(table) {
                    self.tell(table, &span, FlawKind::Needs { key: "language", other: "command" });
                }
                Some(Language::Command)
            }
            Some(Spanned { value: language, span }) => {
                if command.is_some() {
                    self.tell(table, &span, FlawKind::NotCommand { language });
                }
                Some(language)
            }
            None if command.is_some() => Some(Language::Command),
            None => {
                let name = source.value.display().to_string();
                let kind = match languages_of(folder) {
                    Ok(found) => match found.as_slice() {
                        [(language, _)] => return Some(*language),
                        [] => FlawKind::UnknownLanguage { folder: name },
                        _ => FlawKind::AmbiguousLanguage { folder: name, found },
                    },
                    Err(error) => FlawKind::BadPath { path: name, why: BadPath::Unreadable(error.kind()) },
                };
                if !self.is_flawed(table) {
                    self.tell(&[table, &["source"]].concat(), &source.span, kind);
                }
                None
            }
        }
    }

    /// A path as written, if it stays below the root.
    fn path(&mut self, key: &[&str], path: Spanned<String>) -> Option<Spanned<PathBuf>> {
        let why = match inside(&path.value) {
            Ok(value) => return Some(Spanned { value, span: path.span }),
            Err(why) => why,
        };
        self.tell(key, &path.span, FlawKind::BadPath { path: path.value, why });
        None
    }

    /// The folder a path names, if it is there and no symlink leads out of the root.
    fn folder(&mut self, key: &[&str], path: &Spanned<PathBuf>) -> Option<PathBuf> {
        let folder = self.root.join(&path.value);
        let why = match (folder.canonicalize(), self.root.canonicalize()) {
            (Ok(real), Ok(root)) if !real.starts_with(&root) => BadPath::LinksOut(real),
            (Ok(real), Ok(_)) if real.is_dir() => return Some(real),
            (Ok(_), Ok(_)) => BadPath::NotAFolder,
            (Err(error), _) | (_, Err(error)) => match error.kind() {
                std::io::ErrorKind::NotFound => BadPath::NotThere,
                kind => BadPath::Unreadable(kind),
            },
        };
        let path_text = path.value.display().to_string();
        self.tell(key, &path.span, FlawKind::BadPath { path: path_text, why });
        None
    }

    fn granted(&mut self, key: &[&str], typed: Vec<Spanned<String>>) -> Vec<Spanned<Granted>> {
        let mut granted: Vec<Spanned<Granted>> = Vec::new();
        for Spanned { value: name, span } in typed {
            let value = match Family::from_word(&name) {
                _ if self.grant_names.contains(&name) => Granted::Named(name),
                Some(family) => Granted::Family(family),
                None => {
                    let families = Family::ALL.iter().map(|family| family.word().to_owned());
                    let known: IndexSet<String> = self.grant_names.iter().cloned().chain(families).collect();
                    let known = known.into_iter().collect();
                    self.tell(key, &span, FlawKind::UnknownGrant { name, known });
                    continue;
                }
            };
            match granted.iter().find(|earlier| earlier.value == value) {
                Some(earlier) => {
                    let first = earlier.span.clone();
                    self.tell(key, &span, FlawKind::GrantTwice { name: value.to_string(), first });
                }
                None => granted.push(Spanned { value, span }),
            }
        }
        granted
    }

    fn compose(&mut self, typed: typed::Compose) -> Compose {
        for export in typed.exports.iter().flatten() {
            let (component, interface) = match export.value.split_once('/') {
                Some((component, interface)) => (component, Some(interface)),
                None => (export.value.as_str(), None),
            };
            self.known_component(&["compose", "exports"], component, &export.span);
            if interface.is_some_and(|interface| !is_interface(interface)) {
                let form = "`component` or `component/namespace:package/interface`";
                let kind = FlawKind::BadInterface { text: export.value.clone(), form };
                self.tell(&["compose", "exports"], &export.span, kind);
            }
        }
        let mut wire = IndexMap::new();
        for (key, component) in in_order(typed.wire) {
            let path = ["compose", "wire"];
            self.known_component(&path, &component.value, &component.span);
            match key.value.split_once('/') {
                Some((importer, interface)) if is_interface(interface) => {
                    self.known_component(&path, importer, &key.span);
                    if importer == component.value {
                        let kind = FlawKind::WiredToItself { component: component.value.clone() };
                        self.tell(&path, &key.span, kind);
                    }
                }
                _ => {
                    let form = "`component/namespace:package/interface`: who imports, and what";
                    let kind = FlawKind::BadInterface { text: key.value.clone(), form };
                    self.tell(&path, &key.span, kind);
                }
            }
            wire.insert(key.value, WireTo { key_span: key.span, component });
        }
        for open in &typed.open {
            if !is_interface(&open.value) {
                let form = "`namespace:package/interface`, with or without `@version`";
                let kind = FlawKind::BadInterface { text: open.value.clone(), form };
                self.tell(&["compose", "open"], &open.span, kind);
            }
        }
        Compose { exports: typed.exports, wire, open: typed.open }
    }

    fn known_component(&mut self, path: &[&str], name: &str, span: &std::ops::Range<usize>) {
        if !self.component_names.iter().any(|known| known == name) {
            let known = self.component_names.clone();
            self.tell(path, span, FlawKind::UnknownComponent { name: name.to_owned(), known });
        }
    }

    fn grant(&mut self, name: &Spanned<String>, typed: typed::Grant) -> Option<Grant> {
        let table = ["grants", name.value.as_str()];
        let was_flawed = self.is_flawed(&table);
        if !is_kebab(&name.value) {
            self.tell(&table, &name.span, FlawKind::BadName { what: "grant", name: name.value.clone() });
        }
        if Family::from_word(&name.value).is_some() {
            self.tell(&table, &name.span, FlawKind::GrantNamedLikeFamily { name: name.value.clone() });
        }
        for (key, span, beside, because) in [
            ("readonly", typed.readonly.as_ref().map(|it| &it.span), typed.dir.is_some(), "it belongs to `dir`"),
            ("guest", typed.guest.as_ref().map(|it| &it.span), typed.dir.is_some(), "it belongs to `dir`"),
            ("value", typed.value.as_ref().map(|it| &it.span), typed.env.is_some(), "it belongs to `env`"),
        ] {
            if let Some(span) = span
                && !beside
                && !was_flawed
            {
                self.tell(&table, span, FlawKind::Needless { key, because });
            }
        }
        let found: Vec<&'static str> = [
            ("kv", typed.kv.is_some()),
            ("http-out", typed.http_out.is_some()),
            ("dir", typed.dir.is_some()),
            ("env", typed.env.is_some()),
            ("net", typed.net.is_some()),
            ("logging", typed.logging.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, is_there)| is_there.then_some(key))
        .collect();
        if found.len() != 1 {
            if !was_flawed || found.len() > 1 {
                self.tell(&table, &name.span, FlawKind::GrantCapabilities { found });
            }
            return None;
        }
        if let Some(bucket) = typed.kv {
            let bucket = self.grant_value(&table, "kv", bucket, "the name of a bucket", |it| !it.is_empty())?;
            return Some(Grant::KeyValue { bucket });
        }
        if let Some(authority) = typed.http_out {
            let form = "`host` or `host:port`, without a scheme or a path";
            let authority = self.grant_value(&table, "http-out", authority, form, is_authority)?;
            return Some(Grant::HttpOut { authority });
        }
        if let Some(dir) = typed.dir {
            let host = self.path(&[&table[..], &["dir"]].concat(), dir)?.value;
            let form = "an absolute path, as the guest sees it";
            let guest = match typed.guest {
                Some(guest) => Some(self.grant_value(&table, "guest", guest, form, is_guest_path)?),
                None => None,
            };
            return Some(Grant::Dir { host, guest, readonly: typed.readonly.is_some_and(|it| it.value) });
        }
        if let Some(variable) = typed.env {
            let valid = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
            let name = self.grant_value(&table, "env", variable, "the name of a variable", valid)?;
            let value = match typed.value {
                Some(value) => {
                    Some(self.grant_value(&table, "value", value, "text without a NUL", |it| !it.contains('\0'))?)
                }
                None => None,
            };
            return Some(Grant::Env { name, value });
        }
        if let Some(address) = typed.net {
            let form = "`host:port`";
            let valid = |it: &str| is_authority(it) && port_of(it).is_some();
            return Some(Grant::Net { address: self.grant_value(&table, "net", address, form, valid)? });
        }
        let logging = typed.logging?;
        if !logging.value {
            let kind = FlawKind::BadGrantValue {
                key: "logging",
                value: "false".into(),
                form: "`true`; what is not granted is denied anyway",
            };
            self.tell(&table, &logging.span, kind);
            return None;
        }
        Some(Grant::Logging)
    }

    fn grant_value(
        &mut self,
        table: &[&str],
        key: &'static str,
        text: Spanned<String>,
        form: &'static str,
        is_valid: impl Fn(&str) -> bool,
    ) -> Option<String> {
        if is_valid(&text.value) {
            return Some(text.value);
        }
        self.tell(table, &text.span, FlawKind::BadGrantValue { key, value: text.value, form });
        None
    }
}

/// A path below the root, by its words alone; `.` and repeated slashes are taken out.
fn inside(path: &str) -> Result<PathBuf, BadPath> {
    if path.is_empty() || path.contains('\0') {
        return Err(BadPath::Empty);
    }
    // A manifest written on Windows is refused where it would mean something else here.
    if path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':') {
        return Err(BadPath::Absolute);
    }
    let mut clean = PathBuf::new();
    for step in Path::new(path).components() {
        match step {
            Step::Normal(name) => clean.push(name),
            Step::CurDir => {}
            Step::ParentDir => return Err(BadPath::LeavesRoot),
            Step::RootDir | Step::Prefix(_) => return Err(BadPath::Absolute),
        }
    }
    if clean.as_os_str().is_empty() {
        clean.push(".");
    }
    Ok(clean)
}

/// The languages whose files lie in `folder`, each with the file that says so. A package file outweighs loose sources:
/// a Rust crate may well have a script beside it.
fn languages_of(folder: &Path) -> std::io::Result<Vec<(Language, String)>> {
    let mut names: Vec<String> = Vec::new();
    for entry in folder.read_dir()? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let packages = [
        (Language::Rust, "Cargo.toml"),
        (Language::Go, "go.mod"),
        (Language::Python, "pyproject.toml"),
        (Language::JavaScript, "package.json"),
    ];
    let found: Vec<_> = packages
        .into_iter()
        .filter(|(_, file)| names.iter().any(|name| name == file))
        .map(|(language, file)| (language, file.to_owned()))
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let sources: [(Language, &[&str]); 2] =
        [(Language::Python, &["py"]), (Language::JavaScript, &["js", "mjs", "ts", "mts"])];
    Ok(sources
        .into_iter()
        .filter_map(|(language, extensions)| {
            let is_source = |name: &&String| {
                Path::new(name).extension().is_some_and(|end| extensions.iter().any(|&known| end == known))
            };
            names.iter().find(is_source).map(|file| (language, file.clone()))
        })
        .collect())
}

/// `namespace:package/interface` with or without `@version`, as far as its form goes.
fn is_interface(text: &str) -> bool {
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let is_word = |word: &str| is_kebab(&word.to_ascii_lowercase());
    let is_package = |package: &str| package.split(':').count() >= 2 && package.split(':').all(is_word);
    name.split_once('/').is_some_and(|(package, interface)| is_package(package) && is_word(interface))
        && version.is_none_or(|version| semver::Version::parse(version).is_ok())
}

/// `host` or `host:port`.
fn is_authority(text: &str) -> bool {
    let Ok(authority) = text.parse::<http::uri::Authority>() else { return false };
    !authority.as_str().contains('@')
        && !authority.host().is_empty()
        && (authority.port_u16().is_some() || !ends_like_port(text))
}

fn port_of(authority: &str) -> Option<u16> {
    authority.parse::<http::uri::Authority>().ok()?.port_u16()
}

fn ends_like_port(text: &str) -> bool {
    !text.ends_with(']') && text.contains(':')
}

fn is_guest_path(path: &str) -> bool {
    path.starts_with('/') && !path.contains('\0') && !path.split('/').any(|step| step == "..")
}
