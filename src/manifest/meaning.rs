//! From the manifest as typed to the manifest as meant: names, paths, references, languages; grants in `capability`.
//!
//! Each check adds its flaws and goes on. A check is skipped where the form of the same table is wrong already, so that
//! one slip is told once.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::{
    App, Check, CommandLine, Component, Compose, Density, Family, Flaw, Grant, Origin, Spanned, Stores, WireTo, WrapBy,
    error::{BadPath, FlawKind},
    folder::{inside, languages_of},
    is_kebab, size, typed,
};
use crate::language::Language;

/// What the whole text means.
pub struct Meant {
    pub app: App,
    pub components: IndexMap<String, Component>,
    pub compose: Compose,
    pub grants: IndexMap<String, Grant>,
    pub stores: Stores,
    pub density: Option<Density>,
    pub check: Check,
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
    let stores = reader.stores(typed.stores);
    let density = reader.serve(typed.serve);
    let check = reader.check(typed.check);
    Some(Meant { app: app?, components, compose, grants, stores, density, check })
}

/// TOML tables come sorted by name; people wrote them in another order.
fn in_order<V>(table: IndexMap<Spanned<String>, V>) -> Vec<(Spanned<String>, V)> {
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    entries
}

/// What is known while the meaning is read.
pub(super) struct Reader<'a> {
    root: &'a Path,
    component_names: Vec<String>,
    pub(super) grant_names: Vec<String>,
    flaws: &'a mut Vec<Flaw>,
}

impl Reader<'_> {
    pub(super) fn tell(&mut self, path: &[&str], span: &std::ops::Range<usize>, kind: FlawKind) {
        let path = path.iter().map(|&key| key.to_owned()).collect();
        self.flaws.push(Flaw { path, span: span.clone(), kind });
    }

    /// Whether something was wrong in this table or below it.
    pub(super) fn is_flawed(&self, table: &[&str]) -> bool {
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
                    ("snapshot", typed.snapshot.as_ref().map(|it| it.span.clone())),
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
        if let Some(snapshot) = &typed.snapshot
            && language.is_some_and(|language| language != Language::Go)
        {
            let because = "only the start of a Go part is kept on demand: Python and JavaScript always keep theirs, and \
                           others have none";
            self.tell(&table, &snapshot.span, FlawKind::Needless { key: "snapshot", because });
        }
        let snapshot = typed.snapshot.is_some_and(|it| it.value);
        let engine = typed.engine.map(|it| Spanned { value: it.value.name().to_owned(), span: it.span });
        Some(Component { name, origin, language, wit, world: typed.world, command, engine, snapshot, grants })
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
    pub(super) fn path(&mut self, key: &[&str], path: Spanned<String>) -> Option<Spanned<PathBuf>> {
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

    fn stores(&mut self, typed: typed::Stores) -> Stores {
        let mut store = |key: &'static str, scheme: &'static str, address: Option<Spanned<String>>| {
            let address = address?;
            let rest = address.value.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
            let kind = match rest {
                None | Some("") => FlawKind::BadStore { key, scheme },
                Some(rest) if rest.contains('@') => FlawKind::SecretInStore { key },
                Some(_) => return Some(address),
            };
            self.tell(&["stores"], &address.span, kind);
            None
        };
        Stores {
            keyvalue: store("keyvalue", "redis", typed.keyvalue),
            blobstore: store("blobstore", "s3", typed.blobstore),
            messaging: store("messaging", "nats", typed.messaging),
        }
    }

    fn serve(&mut self, typed: typed::Serve) -> Option<Density> {
        let typed::Serve { density, density_room } = typed;
        let dense = density.is_some_and(|density| density.value);
        let Some(text) = density_room else { return dense.then_some(Density { room: None }) };
        let room = size::parse(&text.value);
        if room.is_none() {
            self.tell(&["serve"], &text.span, FlawKind::BadSize { key: "density-room" });
        } else if !dense {
            self.tell(&["serve"], &text.span, FlawKind::RoomWithoutDensity);
        }
        Some(Density { room }).filter(|_| dense)
    }

    fn check(&mut self, typed: typed::Check) -> Check {
        let file = typed.baseline_file.and_then(|file| self.path(&["check", "baseline-file"], file));
        let levels = |table: IndexMap<Spanned<String>, Spanned<typed::RuleLevel>>| {
            in_order(table).into_iter().map(|(rule, level)| (rule, level.value.word())).collect()
        };
        let (rules, lint) = (levels(typed.rules), levels(typed.lint));
        Check { baseline: typed.baseline, world: typed.world, baseline_file: file, rules, lint }
    }

    fn compose(&mut self, typed: typed::Compose) -> Compose {
        for export in typed.exports.iter().flatten() {
            let (component, interface) = split(&export.value);
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
            let (provider, export) = split(&component.value);
            self.known_component(&path, provider, &component.span);
            if export.is_some_and(|export| !is_port(export)) {
                let form = "`component` or `component/export`";
                let kind = FlawKind::BadInterface { text: component.value.clone(), form };
                self.tell(&path, &component.span, kind);
            }
            let form = "`component/namespace:package/interface`: who imports, and what";
            if let Some(importer) = self.port(&path, &key, form)
                && importer == provider
            {
                let kind = FlawKind::WiredToItself { component: provider.to_owned() };
                self.tell(&path, &key.span, kind);
            }
            wire.insert(key.value, WireTo { key_span: key.span, component });
        }
        let mut wrap = IndexMap::new();
        for (key, by) in in_order(typed.wrap) {
            let path = ["compose", "wrap"];
            by.iter().for_each(|component| self.known_component(&path, &component.value, &component.span));
            let form = "`component/namespace:package/interface`: who exports, and what";
            if let Some(wrapped) = self.port(&path, &key, form)
                && let Some(itself) = by.iter().find(|component| component.value == wrapped)
            {
                let kind = FlawKind::WrappedByItself { component: wrapped };
                self.tell(&path, &itself.span, kind);
            }
            wrap.insert(key.value, WrapBy { key_span: key.span, by });
        }
        for open in &typed.open {
            if !is_interface(&open.value) {
                let form = "`namespace:package/interface`, with or without `@version`";
                let kind = FlawKind::BadInterface { text: open.value.clone(), form };
                self.tell(&["compose", "open"], &open.span, kind);
            }
        }
        let share = typed.share.into_iter().filter_map(|word| match Family::from_word(&word.value) {
            Some(value) => Some(Spanned { value, span: word.span }),
            None => {
                let known = Family::ALL.iter().map(|family| family.word().to_owned()).collect();
                self.tell(&["compose", "share"], &word.span, FlawKind::UnknownFamily { word: word.value, known });
                None
            }
        });
        let share = share.collect();
        let is = |flag: Option<Spanned<bool>>| flag.is_some_and(|it| it.value);
        let (allow_unused, any_host) = (is(typed.allow_unused), is(typed.any_host));
        Compose { exports: typed.exports, wire, wrap, open: typed.open, share, allow_unused, any_host }
    }

    /// The component of a key `component/interface`, where that is its form.
    fn port(&mut self, path: &[&str], key: &Spanned<String>, form: &'static str) -> Option<String> {
        match split(&key.value) {
            (component, Some(port)) if is_port(port) && !component.contains(':') => {
                self.known_component(path, component, &key.span);
                Some(component.to_owned())
            }
            _ => {
                self.tell(path, &key.span, FlawKind::BadInterface { text: key.value.clone(), form });
                None
            }
        }
    }

    fn known_component(&mut self, path: &[&str], name: &str, span: &std::ops::Range<usize>) {
        if !self.component_names.iter().any(|known| known == name) {
            let known = self.component_names.clone();
            self.tell(path, span, FlawKind::UnknownComponent { name: name.to_owned(), known });
        }
    }
}

/// `component` and what follows the first `/`.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('/') {
        Some((component, rest)) => (component, Some(rest)),
        None => (text, None),
    }
}

/// An interface, or a name of a world's own for one.
fn is_port(text: &str) -> bool {
    is_interface(text) || is_kebab(text)
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
