//! The user's modules from the entry on: read, stripped of types, their imports resolved, and copied.
//!
//! 1. The **entry** is `module` or `main` of `package.json`, else `index`, else the component's name, else the only
//!    module of the folder; in the source folder or its `src`; `.ts` before `.js`.
//! 2. Each module is stripped of types where it has any, and parsed. Every syntax error of every module is told.
//! 3. Imports of the world's interfaces are left to the engine. All others are resolved as Node and TypeScript do
//!    (`./x`, `./x.js` for `x.ts`, `exports` of a package in `node_modules`), and rewritten to the file found, so that the
//!    engine resolves nothing but exact relative paths. JSON files become modules with a default export.
//! 4. The copy has the names and the lines of the originals, so that a stack trace reads as the user expects.
//!
//! Files outside the component's folder are only read from `node_modules`.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use indexmap::IndexMap;
use oxc_allocator::Allocator;
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::Parser;
use oxc_resolver::{ResolveOptions, Resolver};
use oxc_span::SourceType;
use serde::Deserialize;

use super::{
    Error, globals,
    outline::{Outline, Value},
    strip,
};
use crate::{
    build::staging::Folder,
    diagnostic::SourceFile,
    language::{Language, sources::Sources},
};

/// Extensions of modules, in the order they are looked for.
const EXTENSIONS: [&str; 6] = ["ts", "mts", "tsx", "js", "mjs", "jsx"];

/// The modules that the entry reaches.
#[derive(Debug)]
pub struct Modules {
    pub entry: PathBuf,
    /// By their path; the entry first.
    known: IndexMap<PathBuf, Module>,
}

/// One module.
#[derive(Debug)]
pub struct Module {
    pub source: Arc<SourceFile>,
    /// Below the copy's folder, with `/`.
    pub place: String,
    /// Plain JavaScript, before its imports were rewritten: what the outline's places are in.
    pub parsed: String,
    /// The same, imports rewritten.
    pub code: String,
    pub outline: Outline,
    /// Interfaces of the world that it imports, as it names them.
    pub interfaces: BTreeSet<String>,
    /// What it uses of the engine that reaches the host.
    globals: BTreeSet<&'static str>,
    /// Where its specifiers lead.
    targets: BTreeMap<String, PathBuf>,
}

impl Modules {
    /// Reads everything that the entry module reaches. `world`: specifiers of the interfaces that the
    /// engine provides, each with the place of the bridge that user code imports instead, if there is one.
    ///
    /// # Errors
    /// All syntax errors and all imports that lead nowhere.
    pub fn read(
        folder: Folder<'_>,
        entry: PathBuf,
        world: &BTreeMap<String, Option<String>>,
    ) -> Result<Modules, Vec<Error>> {
        let reader = Reader { folder, world, resolver: resolver() };
        let mut modules = Modules { entry: entry.clone(), known: IndexMap::new() };
        let mut errors = Vec::new();
        let mut wanted = vec![entry];
        while let Some(path) = wanted.pop() {
            if modules.known.contains_key(&path) {
                continue;
            }
            match reader.module(&path) {
                Ok(module) => {
                    wanted.extend(module.targets.values().rev().cloned());
                    modules.known.insert(path, module);
                }
                Err(mut found) => errors.append(&mut found),
            }
        }
        if errors.is_empty() { Ok(modules) } else { Err(errors) }
    }

    /// The entry module.
    pub fn first(&self) -> Option<&Module> {
        self.known.get(&self.entry)
    }

    /// What a module exports under a name, through other modules. `Err(())`: it cannot be told.
    pub fn export<'a>(&'a self, module: &'a Module, name: &str) -> Result<Option<(&'a Module, &'a Value)>, ()> {
        self.export_within(module, name, 32)
    }

    fn export_within<'a>(
        &'a self,
        module: &'a Module,
        name: &str,
        depth: usize,
    ) -> Result<Option<(&'a Module, &'a Value)>, ()> {
        let depth = depth.checked_sub(1).ok_or(())?;
        match module.outline.export(name) {
            Some(Value::Imported { specifier, name }) => {
                let next = self.target(module, specifier).ok_or(())?;
                self.export_within(next, name, depth)
            }
            Some(value) => Ok(Some((module, value))),
            None => {
                for star in &module.outline.stars {
                    let next = self.target(module, star).ok_or(())?;
                    if let Some(found) = self.export_within(next, name, depth)? {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            }
        }
    }

    /// The module that a specifier leads to. `None`: an interface of the world, or JSON.
    pub fn target(&self, from: &Module, specifier: &str) -> Option<&Module> {
        self.known.get(from.targets.get(specifier)?)
    }

    /// The copy: places and texts.
    pub fn copy(&self) -> impl Iterator<Item = (&str, &str)> {
        self.known.values().map(|module| (module.place.as_str(), module.code.as_str()))
    }

    /// Every file that was read.
    pub fn files(&self) -> Vec<PathBuf> {
        self.known.keys().cloned().collect()
    }

    /// What they import of the world, and what they use of the engine that reaches the host, and in which files.
    pub fn sources(&self) -> Sources {
        let mut sources = Sources { language: Language::JavaScript.name().to_owned(), ..Sources::default() };
        for module in self.known.values() {
            module.interfaces.iter().for_each(|interface| sources.imports(interface, &module.source.name));
            module.globals.iter().for_each(|global| sources.calls(global, &module.source.name));
        }
        sources
    }

    /// The original of a file of the copy.
    pub fn original(&self, place: &str) -> Option<&Module> {
        self.known.values().find(|module| module.place == place)
    }
}

fn resolver() -> Resolver {
    let dotted = |names: &[&str]| names.iter().map(|name| format!(".{name}")).collect::<Vec<_>>();
    Resolver::new(ResolveOptions {
        condition_names: vec!["import".into(), "module".into(), "default".into()],
        extensions: dotted(&EXTENSIONS),
        extension_alias: vec![
            (".js".into(), dotted(&["ts", "tsx", "js", "jsx"])),
            (".mjs".into(), dotted(&["mts", "mjs"])),
        ],
        main_fields: vec!["module".into(), "main".into()],
        node_path: false,
        ..ResolveOptions::default()
    })
}

struct Reader<'a> {
    folder: Folder<'a>,
    world: &'a BTreeMap<String, Option<String>>,
    resolver: Resolver,
}

impl Reader<'_> {
    fn module(&self, path: &Path) -> Result<Module, Vec<Error>> {
        let shown = self.folder.shown(path);
        let source = self.folder.read(path).map_err(|error| vec![error.into()])?;
        let place = self.place(path).ok_or_else(|| vec![Error::Outside { path: shown.clone() }])?;
        if path.extension().is_some_and(|extension| extension == "json") {
            return json(source, place).map_err(|error| vec![error]);
        }
        let Ok(kind) = SourceType::from_path(path) else {
            return Err(vec![Error::UnknownKind { path: shown }]);
        };
        let code = if kind.is_typescript() || kind.is_jsx() {
            strip::strip(path, &source.text, kind).map_err(|errors| syntax(&source, &errors))?
        } else {
            source.text.clone()
        };
        self.resolved(path, source, place, code)
    }

    /// Parses plain JavaScript, resolves its imports and rewrites them.
    fn resolved(
        &self,
        path: &Path,
        source: Arc<SourceFile>,
        place: String,
        code: String,
    ) -> Result<Module, Vec<Error>> {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, &code, SourceType::mjs()).parse();
        let errors: Vec<_> = parsed.diagnostics.errors().cloned().collect();
        if !errors.is_empty() {
            let is_common = code.contains("module.exports") || code.contains("require(");
            return Err(if is_common && place.starts_with("node_modules/") {
                vec![Error::CommonJs { path: source.name.clone() }]
            } else {
                syntax(&source, &errors)
            });
        }
        if !parsed.module_record.has_module_syntax
            && place.starts_with("node_modules/")
            && (code.contains("module.exports") || code.contains("exports."))
        {
            return Err(vec![Error::CommonJs { path: source.name.clone() }]);
        }
        let own_place = place.clone();
        let mut targets = BTreeMap::new();
        let mut interfaces = BTreeSet::new();
        let mut errors = Vec::new();
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for (specifier, requests) in &parsed.module_record.requested_modules {
            let specifier = specifier.as_str();
            let mut lead_to = |place: &str| {
                let text = format!("\"{}\"", relative(&own_place, place));
                edits.extend(requests.iter().map(|r| (r.span.start as usize..r.span.end as usize, text.clone())));
            };
            if let Some(bridge) = self.world.get(specifier) {
                interfaces.insert(specifier.to_owned());
                bridge.iter().for_each(|place| lead_to(place));
                continue;
            }
            match self.resolve(path, specifier) {
                Ok(target) => {
                    match self.place(&target) {
                        Some(place) => lead_to(&place),
                        None => errors.push(Error::Outside { path: self.folder.shown(&target) }),
                    }
                    targets.insert(specifier.to_owned(), target);
                }
                Err(cause) => errors.push(Error::Import {
                    specifier: specifier.to_owned(),
                    span: written(&source.text, specifier),
                    file: source.clone(),
                    cause,
                    interfaces: self.world.keys().cloned().collect(),
                }),
            }
        }
        if !errors.is_empty() {
            errors.sort_by_key(|error| error.to_string());
            return Err(errors);
        }
        let outline = Outline::of(&parsed.program);
        let globals = globals::used(&parsed.program);
        edits.sort_by_key(|(span, _)| span.start);
        let mut rewritten = String::with_capacity(code.len());
        let mut at = 0;
        for (span, text) in edits {
            rewritten.push_str(&code[at..span.start]);
            rewritten.push_str(&text);
            at = span.end;
        }
        rewritten.push_str(&code[at..]);
        drop(parsed);
        Ok(Module { source, place, parsed: code, code: rewritten, outline, interfaces, globals, targets })
    }

    fn resolve(&self, from: &Path, specifier: &str) -> Result<PathBuf, String> {
        if let Some((scheme, _)) = specifier.split_once(':')
            && scheme.len() > 1
        {
            return Err(match scheme {
                "node" => "there is no Node in a component".to_owned(),
                _ => "the world imports no such interface, or one without functions".to_owned(),
            });
        }
        match self.resolver.resolve_file(from, specifier) {
            Ok(found) => Ok(found.into_path_buf()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Where a file lies in the copy. `None`: neither in the component's folder nor in `node_modules`.
    fn place(&self, path: &Path) -> Option<String> {
        let parts: Vec<_> = path.iter().collect();
        let below = match parts.iter().position(|part| *part == "node_modules") {
            Some(at) => parts[at..].iter().collect::<PathBuf>(),
            None => path.strip_prefix(self.folder.source).ok()?.to_path_buf(),
        };
        Some(below.to_string_lossy().replace('\\', "/"))
    }
}

/// A JSON file as a module. JSON is nearly an expression of JavaScript: only as text of `JSON.parse` it is exactly one.
fn json(source: Arc<SourceFile>, place: String) -> Result<Module, Error> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&source.text) {
        let line_start =
            source.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = (line_start + error.column().saturating_sub(1)).min(source.text.len());
        return Err(Error::Syntax { span: at..at, message: error.to_string(), help: None, file: source });
    }
    let text = serde_json::Value::String(source.text.clone());
    let code = format!("export default JSON.parse({text});\n");
    Ok(Module {
        source,
        place,
        parsed: String::new(),
        code,
        outline: Outline::default(),
        interfaces: BTreeSet::new(),
        globals: BTreeSet::new(),
        targets: BTreeMap::new(),
    })
}

fn syntax(source: &Arc<SourceFile>, errors: &[OxcDiagnostic]) -> Vec<Error> {
    let one = |error: &OxcDiagnostic| {
        let label = error.labels.first();
        let start = label.map_or(0, |label| label.offset() as usize);
        Error::Syntax {
            file: source.clone(),
            span: start..start + label.map_or(0, |label| label.len() as usize),
            message: error.message.to_string(),
            help: error.help.as_ref().map(ToString::to_string),
        }
    };
    errors.iter().map(one).collect()
}

/// Where a specifier is written, with its quotes.
fn written(text: &str, specifier: &str) -> Range<usize> {
    ['"', '\'']
        .iter()
        .find_map(|quote| text.find(&format!("{quote}{specifier}{quote}")))
        .map_or(0..0, |at| at..at + specifier.len() + 2)
}

/// The path from one file of the copy to another.
fn relative(from: &str, to: &str) -> String {
    let folder: Vec<_> = from.split('/').collect();
    let folder = &folder[..folder.len() - 1];
    let to: Vec<_> = to.split('/').collect();
    let shared = folder.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = "../".repeat(folder.len() - shared);
    let up = if up.is_empty() { "./" } else { &up };
    format!("{up}{}", to[shared..].join("/"))
}

#[derive(Debug, Deserialize)]
struct PackageJson {
    module: Option<String>,
    main: Option<String>,
}

/// The entry module of a component.
pub fn entry(folder: Folder<'_>, component: &str) -> Result<PathBuf, Error> {
    let source = folder.source;
    let with_extension = |base: PathBuf| EXTENSIONS.iter().map(move |e| base.with_added_extension(e));
    if let Some(named) = named(folder)? {
        let path = source.join(&named);
        let stem = path.with_extension("");
        let mut tried = std::iter::once(path).chain(with_extension(stem));
        return tried.find(|path| path.is_file()).ok_or(Error::EntryNotFound { named, folder: folder.name() });
    }
    let folders = [source.to_path_buf(), source.join("src")];
    for name in ["index", component] {
        let found = folders.iter().flat_map(|folder| with_extension(folder.join(name))).find(|path| path.is_file());
        if let Some(path) = found {
            return Ok(path);
        }
    }
    let mut candidates = Vec::new();
    for below in folders.iter().filter(|below| below.is_dir()) {
        let entries = folder.entries(below)?;
        candidates.extend(entries.into_iter().filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_module = EXTENSIONS.iter().any(|e| path.extension().is_some_and(|extension| extension == *e));
            is_module && !name.ends_with(".d.ts") && !name.contains(".config.") && !name.contains(".test.")
        }));
    }
    match candidates.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(Error::NoEntry {
            folder: folder.name(),
            candidates: candidates.iter().map(|path| folder.shown(path)).collect(),
        }),
    }
}

fn named(folder: Folder<'_>) -> Result<Option<String>, Error> {
    let path = folder.source.join("package.json");
    if !path.is_file() {
        return Ok(None);
    }
    let text = folder.read(&path)?;
    match serde_json::from_str::<PackageJson>(&text.text) {
        Ok(package) => Ok(package.module.or(package.main)),
        Err(error) => Err(Error::Syntax { file: text, span: 0..0, message: error.to_string(), help: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths() {
        assert_eq!(relative("index.ts", "lib/x.ts"), "./lib/x.ts");
        assert_eq!(relative("src/a/b.ts", "src/c.ts"), "../c.ts");
        assert_eq!(relative("src/index.ts", "node_modules/x/i.js"), "../node_modules/x/i.js");
    }
}
