//! What can be wrong with a manifest, as fields; and how it is told.

use std::{io, ops::Range, path::PathBuf, sync::Arc};

use crate::{
    diagnostic::{Diagnose, Problem, SourceFile, closest},
    language::Language,
};

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not read `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("`{}` is not a file", path.display())]
    NotAFile { path: PathBuf },
    #[error("`{}` is larger than a mebibyte", path.display())]
    TooLarge { path: PathBuf },
    #[error("`{}` is not UTF-8, from byte {at} on", path.display())]
    NotUtf8 { path: PathBuf, at: usize },
    #[error("`{}` has {} flaws", file.name, flaws.len())]
    Flawed { file: Arc<SourceFile>, flaws: Vec<Flaw> },
}

/// One thing that is wrong in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Keys from the root to the table or value concerned.
    pub path: Vec<String>,
    /// Bytes of the text.
    pub span: Range<usize>,
    pub kind: FlawKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawKind {
    Syntax {
        message: String,
    },
    UnknownKey {
        key: String,
        known: Vec<String>,
    },
    Later {
        key: String,
    },
    WrongType {
        expected: &'static str,
        found: &'static str,
    },
    UnknownWord {
        word: String,
        known: Vec<String>,
    },
    MissingKey {
        key: String,
    },
    BadAppName {
        name: String,
    },
    BadVersion {
        version: String,
        why: String,
    },
    BadName {
        what: &'static str,
        name: String,
    },
    /// Neither or both of `source` and `wasm`.
    Origin {
        both: Option<Range<usize>>,
    },
    /// A key that means something only beside another.
    Needless {
        key: &'static str,
        because: &'static str,
    },
    Needs {
        key: &'static str,
        other: &'static str,
    },
    EmptyCommand,
    /// Said language and given keys contradict each other.
    NotCommand {
        language: Language,
    },
    BadPath {
        path: String,
        why: BadPath,
    },
    UnknownLanguage {
        folder: String,
    },
    AmbiguousLanguage {
        folder: String,
        found: Vec<(Language, String)>,
    },
    UnknownGrant {
        name: String,
        known: Vec<String>,
    },
    GrantTwice {
        name: String,
        first: Range<usize>,
    },
    GrantNamedLikeFamily {
        name: String,
    },
    GrantCapabilities {
        found: Vec<&'static str>,
    },
    BadGrantValue {
        key: &'static str,
        value: String,
        form: &'static str,
    },
    UnknownComponent {
        name: String,
        known: Vec<String>,
    },
    BadInterface {
        text: String,
        form: &'static str,
    },
    BadStore {
        key: &'static str,
        scheme: &'static str,
    },
    SecretInStore {
        key: &'static str,
    },
    BadSize {
        key: &'static str,
    },
    RoomWithoutDensity,
    WiredToItself {
        component: String,
    },
    UnknownFamily {
        word: String,
        known: Vec<String>,
    },
    WrappedByItself {
        component: String,
    },
}

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadPath {
    Empty,
    Absolute,
    LeavesRoot,
    /// By a symlink, to this place.
    LinksOut(PathBuf),
    NotThere,
    NotAFolder,
    Unreadable(io::ErrorKind),
}

impl Flaw {
    /// For sorting by place.
    pub fn start(&self) -> usize {
        self.span.start
    }

    /// `[components.auth]`, or the whole where the path is empty.
    fn table(&self) -> String {
        match self.path.as_slice() {
            [] => "the manifest".into(),
            path => format!("`[{}]`", path.join(".")),
        }
    }

    fn key(&self) -> String {
        self.path.join(".")
    }

    fn component(&self) -> Option<&String> {
        match self.path.as_slice() {
            [table, name, ..] if table == "components" => Some(name),
            _ => None,
        }
    }

    fn problem(&self, source: &Arc<SourceFile>) -> Problem {
        let problem = self.told(source);
        match self.component() {
            Some(name) => problem.in_component(name),
            None => problem,
        }
    }

    fn told(&self, source: &Arc<SourceFile>) -> Problem {
        let at =
            |code, message: String, label: String| Problem::error(code, message).at(source, self.span.clone(), label);
        match &self.kind {
            FlawKind::Syntax { message } => {
                at("manifest::syntax", format!("`{}` is not valid TOML", source.name), message.clone())
            }
            FlawKind::UnknownKey { key, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                at("manifest::unknown-key", format!("unknown key `{key}` in {}", self.table()), "not known here".into())
                    .help(one_of(key, &known, "the keys known here are"))
            }
            FlawKind::Later { key } => at(
                "manifest::unsupported-key",
                format!("`{key}` in {} is not supported in this version", self.table()),
                "has no effect yet".into(),
            )
            .help("remove it; silently ignoring it would build something else than what is written"),
            FlawKind::WrongType { expected, found } => at(
                "manifest::wrong-type",
                format!("`{}` must be {}, found {}", self.key(), article(expected), article(found)),
                format!("expected {}", article(expected)),
            ),
            FlawKind::UnknownWord { word, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                at(
                    "manifest::unknown-word",
                    format!("`{}` cannot be `{word}`", self.key()),
                    format!("expected one of {}", list(&known)),
                )
                .help(one_of(word, &known, "it can be"))
            }
            FlawKind::MissingKey { key } => {
                let (message, help) = match (self.path.is_empty(), key.as_str()) {
                    (true, "app") => (
                        format!("`{}` has no `[app]`", source.name),
                        "begin it with `[app]` and `name = \"namespace:name\"`".to_owned(),
                    ),
                    _ => (
                        format!("{} has no `{key}`", self.table()),
                        match key.as_str() {
                            "name" => "add `name = \"namespace:name\"`".to_owned(),
                            _ => format!("add `{key} = …`"),
                        },
                    ),
                };
                at("manifest::missing-key", message, format!("`{key}` is missing")).help(help)
            }
            FlawKind::BadAppName { name } => at(
                "manifest::bad-app-name",
                format!("`{name}` is not a name for an app"),
                "expected `namespace:name`".into(),
            )
            .help(format!("two kebab-case words joined by a colon, e.g. `{}`", app_name_from(name))),
            FlawKind::BadVersion { version, why } => {
                at("manifest::bad-version", format!("`{version}` is not a semantic version"), why.clone())
                    .help("three numbers, e.g. `0.1.0`")
            }
            FlawKind::BadName { what, name } => {
                let problem = at(
                    "manifest::bad-name",
                    format!("`{name}` is not a name for a {what}"),
                    "expected lowercase kebab-case, each word beginning with a letter".into(),
                );
                match kebab_from(name) {
                    Some(better) => problem.help(format!("call it `{better}`")),
                    None => problem,
                }
            }
            FlawKind::Origin { both: None } => at(
                "manifest::no-origin",
                format!("{} says neither `source` nor `wasm`", self.table()),
                "where does it come from?".into(),
            )
            .help("add `source = \"folder\"` for sources, or `wasm = \"file.wasm\"` for a finished component"),
            FlawKind::Origin { both: Some(other) } => at(
                "manifest::two-origins",
                format!("{} says both `source` and `wasm`", self.table()),
                "a finished component…".into(),
            )
            .see(source, other.clone(), "…or sources to build?")
            .help("keep one of them"),
            FlawKind::Needless { key, because } => at(
                "manifest::needless-key",
                format!("`{key}` in {} says nothing: {because}", self.table()),
                "remove this".into(),
            ),
            FlawKind::Needs { key, other } => at(
                "manifest::missing-key",
                format!("`{key}` in {} needs `{other}` beside it", self.table()),
                format!("`{other}` is missing"),
            )
            .help(match *other {
                "artifact" => "add `artifact = \"path/of/the.wasm\"`: the file the command leaves".to_owned(),
                "command" => "add `command = [\"program\", \"argument\"]`: what makes the artifact".to_owned(),
                other => format!("add `{other} = …`"),
            }),
            FlawKind::EmptyCommand => {
                at("manifest::empty-command", format!("`{}` names no program", self.key()), "empty".into())
                    .help("a program and its arguments, e.g. `command = [\"make\", \"component\"]`")
            }
            FlawKind::NotCommand { language } => at(
                "manifest::two-languages",
                format!("{} says `language = \"{language}\"` and a `command` of its own", self.table()),
                format!("{language} is built by Mosaic itself"),
            )
            .help("remove `command` and `artifact`, or say `language = \"command\"`"),
            FlawKind::BadPath { path, why } => bad_path(&at, &self.key(), path, why),
            FlawKind::UnknownLanguage { folder } => at(
                "manifest::unknown-language",
                format!("no language to be told from the files in `{folder}`"),
                "none of `Cargo.toml`, `go.mod`, `pyproject.toml`, `*.py`, `package.json`, `*.js`, `*.ts`".into(),
            )
            .help("say `language = \"rust\"` (or go, python, javascript), or give a `command` and its `artifact`"),
            FlawKind::AmbiguousLanguage { folder, found } => {
                let files: Vec<String> =
                    found.iter().map(|(language, file)| format!("`{file}` ({language})")).collect();
                at(
                    "manifest::ambiguous-language",
                    format!("`{folder}` could be of several languages"),
                    format!("it has {}", files.join(" and ")),
                )
                .help(format!(
                    "say which: {}",
                    found.iter().map(|(l, _)| format!("`language = \"{l}\"`")).collect::<Vec<_>>().join(" or ")
                ))
            }
            FlawKind::UnknownGrant { name, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                at(
                    "manifest::unknown-grant",
                    format!("no grant is called `{name}`"),
                    "neither in `[grants]` nor an interface family".into(),
                )
                .help(one_of(name, &known, "there are"))
            }
            FlawKind::GrantTwice { name, first } => at(
                "manifest::grant-twice",
                format!("`{name}` is granted twice"),
                "again here".into(),
            )
            .see(source, first.clone(), "first here"),
            FlawKind::GrantNamedLikeFamily { name } => at(
                "manifest::ambiguous-grant",
                format!("`{name}` is the name of an interface family already"),
                format!("a bare `\"{name}\"` grants that family whole"),
            )
            .help("give this grant another name"),
            FlawKind::GrantCapabilities { found } if found.is_empty() => at(
                "manifest::empty-grant",
                format!("{} grants nothing", self.table()),
                "expected one of `kv`, `blob`, `topic`, `http-out`, `dir`, `env`, `config`, `net`, `logging`".into(),
            ),
            FlawKind::GrantCapabilities { found } => at(
                "manifest::several-capabilities",
                format!("{} is more than one capability", self.table()),
                format!("{} each need a name of their own", list(found)),
            )
            .help("write one entry in `[grants]` for each"),
            FlawKind::BadGrantValue { key, value, form } => at(
                "manifest::bad-grant",
                format!("`{key}` in {} cannot be `{value}`", self.table()),
                format!("expected {form}"),
            ),
            FlawKind::UnknownComponent { name, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                at("manifest::unknown-component", format!("no component is called `{name}`"), "not known".into())
                    .help(one_of(name, &known, "the components are"))
            }
            FlawKind::BadInterface { text, form } => at(
                "manifest::bad-interface",
                format!("`{}` in {} names no interface", text, self.table()),
                format!("expected {form}"),
            ),
            FlawKind::BadStore { key, scheme } => at(
                "manifest::bad-store",
                format!("`{key}` in {} is the address of no such server", self.table()),
                format!("expected `{scheme}://…`"),
            ),
            FlawKind::SecretInStore { key } => at(
                "manifest::secret",
                format!("`{key}` in {} says who may use the server", self.table()),
                "a name or password".into(),
            )
            .help(match *key {
                "messaging" => "say the whole address where the app is served: the variable `MOSAIC_MESSAGING`",
                "blobstore" => "say it where the app is served: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`",
                _ => "say the whole address where the app is served: the variable `MOSAIC_KV_STORE`",
            }),
            FlawKind::BadSize { key } => at(
                "manifest::bad-size",
                format!("`{key}` in {} is no number of bytes", self.table()),
                "expected e.g. `65536`, `64KiB` or `4MiB`".into(),
            ),
            FlawKind::RoomWithoutDensity => at(
                "manifest::room-without-density",
                format!("`density-room` in {} says nothing without `density`", self.table()),
                "the room of memories under density".into(),
            )
            .help("add `density = true`"),
            FlawKind::WiredToItself { component } => at(
                "manifest::wired-to-itself",
                format!("`{component}` cannot be wired to itself"),
                "the importing component".into(),
            ),
            FlawKind::UnknownFamily { word, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                at("manifest::unknown-family", format!("`{word}` is no interface family"), "not known".into())
                    .help(one_of(word, &known, "the families are"))
            }
            FlawKind::WrappedByItself { component } => at(
                "manifest::wrapped-by-itself",
                format!("`{component}` cannot stand in front of itself"),
                "the wrapped component".into(),
            ),
        }
    }
}

fn bad_path(at: &dyn Fn(&'static str, String, String) -> Problem, key: &str, path: &str, why: &BadPath) -> Problem {
    let code = match why {
        BadPath::Empty | BadPath::Absolute | BadPath::LeavesRoot | BadPath::LinksOut(_) => "manifest::path-outside",
        BadPath::NotThere | BadPath::NotAFolder | BadPath::Unreadable(_) => "manifest::path-not-found",
    };
    let message = format!("`{key}` cannot be `{path}`");
    match why {
        BadPath::Empty => at(code, message, "empty".into()),
        BadPath::Absolute => at(code, message, "an absolute path holds on one machine only".into())
            .help("write it relative to the manifest's folder"),
        BadPath::LeavesRoot => at(code, message, "leaves the project's folder".into())
            .help("a project is self-contained: move it below the manifest's folder"),
        BadPath::LinksOut(target) => {
            at(code, message, format!("a symlink leads out of the project, to `{}`", target.display()))
                .help("a project is self-contained: copy it below the manifest's folder")
        }
        BadPath::NotThere => {
            let problem = at(code, message, "there is no such folder".into());
            match key.split('.').collect::<Vec<_>>().as_slice() {
                ["components", name, "source"] => problem.help(format!(
                    "create it, or remove `[components.{name}]` and scaffold one with `cargo mosaic add rust {name}` (or go, python, javascript)"
                )),
                _ => problem,
            }
        }
        BadPath::NotAFolder => at(code, message, "this is not a folder".into()),
        BadPath::Unreadable(kind) => at(code, message, format!("could not be read: {kind}")),
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        match self {
            Error::Unreadable { source, .. } => {
                vec![Problem::error("manifest::unreadable", self.to_string()).because(source.to_string())]
            }
            Error::NotAFile { .. } => vec![Problem::error("manifest::unreadable", self.to_string())],
            Error::TooLarge { .. } => vec![Problem::error("manifest::too-large", self.to_string())],
            Error::NotUtf8 { .. } => {
                vec![Problem::error("manifest::not-utf8", self.to_string()).help("save it as UTF-8")]
            }
            Error::Flawed { file, flaws } => flaws.iter().map(|flaw| flaw.problem(file)).collect(),
        }
    }
}

/// The nearest of the known words as a question, else all of them.
fn one_of(word: &str, known: &[&str], introduction: &str) -> String {
    match closest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there are none yet".to_owned(),
        None => format!("{introduction} {}", list(known)),
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn article(kind: &str) -> String {
    match kind {
        "array" | "integer" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn app_name_from(name: &str) -> String {
    let (namespace, rest) = name.split_once(':').unwrap_or(("acme", name));
    let word = |text, otherwise: &str| kebab_from(text).unwrap_or_else(|| otherwise.to_owned());
    format!("{}:{}", word(namespace, "acme"), word(rest, "shop"))
}

/// What the user may have meant, in kebab-case.
fn kebab_from(name: &str) -> Option<String> {
    let kebab = heck::ToKebabCase::to_kebab_case(name);
    super::is_kebab(&kebab).then_some(kebab)
}
