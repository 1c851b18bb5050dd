//! From a `.wac` text to a wiring.
//!
//! 1. The nesting of its brackets is bounded ([`too_deep`]): wac's parser recurses with it.
//! 2. wac's parser makes a document of it, where its panic would be an answer.
//! 3. Statement by statement: each `new` is an instance of a given component, each argument a wire, each `export` an
//!    export. A package is the component of its last word: `acme:auth` is the one called `auth`.

use std::{collections::HashSet, ops::Range, sync::Arc};

use indexmap::{IndexMap, IndexSet};
use wac_parser::{
    Document, ExportOptions, Expr, ImportStatement, ImportType, InstantiationArgument, InstantiationArgumentName,
    NewExpr, PostfixExpr, PrimaryExpr, Statement, TypeStatement,
    lexer::{Lexer, Token},
};

use super::error::{Error, Flaw, FlawKind};
use crate::{
    compare::Name,
    diagnostic::SourceFile,
    plan::{
        graph::{Rest, Said, Wire, Wiring},
        surface::{self, Surface},
    },
    resolve::{self, Part},
};

/// The bytes of anything wac's parser gives a span.
macro_rules! at {
    ($span:expr) => {{
        let span = &$span;
        range(span.offset(), span.len())
    }};
}

/// Brackets within brackets; what people write has four or five.
const MAX_DEPTH: usize = 64;

/// What a text says.
#[derive(Debug, Clone)]
pub struct Composition {
    /// By name, in the text's order: the given component that each is an instance of.
    pub instances: IndexMap<String, String>,
    pub wiring: Wiring,
}

/// Reads a text as the wiring of given components.
pub fn read(source: &Arc<SourceFile>, components: &IndexMap<String, Part>) -> Result<Composition, Error> {
    let failed = |flaws| Error { source: source.clone(), flaws };
    if let Some(at) = too_deep(&source.text) {
        return Err(failed(vec![Flaw { at, kind: FlawKind::TooDeep { limit: MAX_DEPTH } }]));
    }
    let read = resolve::guarded(|| {
        let document = Document::parse(&source.text).map_err(|error| vec![syntax(&error)])?;
        let mut reader = Reader {
            components: components.iter().map(|(name, part)| (name.as_str(), Surface::of(part))).collect(),
            items: IndexMap::new(),
            taken: document.statements.iter().filter_map(bound).collect(),
            instances: IndexMap::new(),
            wire: IndexMap::new(),
            exports: Vec::new(),
            open: Vec::new(),
            flaws: Vec::new(),
        };
        if let Some(world) = &document.directive.targets {
            let instead = "Mosaic composes without a world to target: leave out `targets`.";
            reader.unsupported(at!(world.span), "a world to target", instead);
        }
        for statement in &document.statements {
            reader.statement(statement);
        }
        if reader.flaws.is_empty() { Ok(reader.composition(source)) } else { Err(reader.flaws) }
    });
    match read {
        Ok(read) => read.map_err(failed),
        Err(error) => {
            let kind = FlawKind::Syntax { message: format!("the text could not be read: {error}") };
            Err(failed(vec![Flaw { at: 0..source.text.len().min(1), kind }]))
        }
    }
}

/// The packages that a text makes instances of, each once, in its order, as named there: `acme:auth`, or with a version.
/// Of a text that cannot be read whole, those before the place where it breaks: [`read`] tells of that.
pub fn packages(text: &str) -> IndexSet<String> {
    let mut packages = IndexSet::new();
    let Ok(lexer) = Lexer::new(text) else { return packages };
    let mut after_new = false;
    for (token, span) in lexer {
        let Ok(token) = token else { break };
        if after_new && token == Token::PackageName {
            packages.insert(text[range(span.offset(), span.len())].to_owned());
        }
        after_new = token == Token::NewKeyword;
    }
    packages
}

/// Where brackets are nested deeper than [`MAX_DEPTH`]. What is no token ends the search: the parser tells of it.
fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut depth = 0usize;
    for (token, span) in Lexer::new(text).ok()? {
        match token.ok()? {
            Token::OpenBrace | Token::OpenParen | Token::OpenAngle | Token::OpenBracket => depth += 1,
            Token::CloseBrace | Token::CloseParen | Token::CloseAngle | Token::CloseBracket => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(range(span.offset(), span.len()));
        }
    }
    None
}

fn syntax(error: &wac_parser::Error) -> Flaw {
    use wac_parser::Error;
    let span = match error {
        Error::Lexer { span, .. }
        | Error::Expected { span, .. }
        | Error::ExpectedEither { span, .. }
        | Error::ExpectedMultiple { span, .. }
        | Error::EmptyType { span, .. }
        | Error::InvalidVersion { span, .. } => span,
    };
    Flaw { at: range(span.offset(), span.len()), kind: FlawKind::Syntax { message: error.to_string() } }
}

fn range(offset: usize, length: usize) -> Range<usize> {
    offset..offset + length
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Instance(String),
    Export {
        instance: String,
        export: String,
    },
    /// Something within an export.
    Within,
    /// Imported from the host under this name.
    Host(String),
}

struct Reader<'a> {
    components: IndexMap<&'a str, Surface<'a>>,
    items: IndexMap<String, Item>,
    /// Names that no unnamed instance may have.
    taken: HashSet<String>,
    instances: IndexMap<String, String>,
    wire: IndexMap<(String, String), Wire>,
    exports: Vec<Said>,
    open: Vec<Said>,
    flaws: Vec<Flaw>,
}

impl<'a> Reader<'a> {
    fn composition(self, source: &Arc<SourceFile>) -> Composition {
        let wiring = Wiring {
            source: Some(source.clone()),
            exports: Some(self.exports),
            wire: self.wire,
            rest: Rest::Host,
            open: self.open,
            ..Wiring::default()
        };
        Composition { instances: self.instances, wiring }
    }

    fn tell(&mut self, at: Range<usize>, kind: FlawKind) {
        self.flaws.push(Flaw { at, kind });
    }

    fn unsupported(&mut self, at: Range<usize>, what: &'static str, instead: &'static str) {
        self.tell(at, FlawKind::Unsupported { what, instead });
    }

    fn surface(&self, instance: &str) -> &Surface<'a> {
        &self.components[self.instances[instance].as_str()]
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        match statement {
            Statement::Import(import) => self.import(import),
            Statement::Type(ty) => {
                let id = match ty {
                    TypeStatement::Interface(declared) => &declared.id,
                    TypeStatement::World(declared) => &declared.id,
                    TypeStatement::Type(declared) => declared.id(),
                };
                self.unsupported(at!(id.span), "a type", "Types come with the components: remove the declaration.");
            }
            Statement::Let(bound) => {
                let name = bound.id.string;
                if self.items.contains_key(name) {
                    return self.tell(at!(bound.id.span), FlawKind::DefinedTwice { name: name.to_owned() });
                }
                if let Some(item) = self.expression(&bound.expr, Some(name)) {
                    self.items.insert(name.to_owned(), item);
                }
            }
            Statement::Export(export) => {
                let spread = matches!(export.options, ExportOptions::Spread(_));
                let place = at!(export.expr.span);
                match (self.expression(&export.expr, None), &export.options) {
                    (None, _) => {}
                    (Some(Item::Instance(instance)), _) if spread => {
                        self.exports.push(Said { text: instance, at: Some(place) });
                    }
                    (Some(Item::Export { instance, export: name }), options) if !spread => {
                        if let ExportOptions::Rename(said) = options
                            && said.as_str() != name
                        {
                            let instead = "Mosaic exports what a component exports under its own name: leave out `as`.";
                            return self.unsupported(at!(said.span()), "an export under another name", instead);
                        }
                        self.exports.push(Said { text: format!("{instance}/{name}"), at: Some(place) });
                    }
                    (Some(Item::Instance(_)), _) => {
                        let instead =
                            "Write `export NAME...;` for all that it exports, or `export NAME[\"INTERFACE\"];`.";
                        self.unsupported(place, "a whole instance as an export", instead);
                    }
                    (Some(_), _) => {
                        let instead =
                            "Export an interface or a function of an instance: `export NAME[\"INTERFACE\"];`.";
                        self.unsupported(place, "such an export", instead);
                    }
                }
            }
        }
    }

    fn import(&mut self, import: &ImportStatement<'_>) {
        let id = import.id.string;
        let name = match (&import.name, &import.ty) {
            (Some(name), _) => name.as_str(),
            (None, ImportType::Package(path)) => path.string,
            (None, _) => id,
        };
        if self.items.insert(id.to_owned(), Item::Host(name.to_owned())).is_some() {
            self.tell(at!(import.id.span), FlawKind::DefinedTwice { name: id.to_owned() });
        }
    }

    /// What an expression stands for; `None` where that was a flaw.
    fn expression(&mut self, expr: &Expr<'_>, name: Option<&str>) -> Option<Item> {
        let named = name.filter(|_| expr.postfix.is_empty());
        let mut item = match &expr.primary {
            PrimaryExpr::New(new) => self.instantiated(new, named)?,
            PrimaryExpr::Nested(nested) => self.expression(&nested.inner, named)?,
            PrimaryExpr::Ident(id) => match self.items.get(id.string) {
                Some(item) => item.clone(),
                None => {
                    let known = self.items.keys().cloned().collect();
                    self.tell(at!(id.span), FlawKind::UnknownName { name: id.string.to_owned(), known });
                    return None;
                }
            },
        };
        for postfix in &expr.postfix {
            let (word, place, short) = match postfix {
                PostfixExpr::Access(access) => (access.id.string, at!(access.id.span), true),
                PostfixExpr::NamedAccess(access) => (access.string.value, at!(access.string.span), false),
            };
            item = match item {
                Item::Instance(instance) => {
                    let exports = &self.surface(&instance).exports;
                    let found = if short { by_word(exports.keys(), word) } else { Some(word) };
                    match found.and_then(|word| surface::find(exports, word)) {
                        Some((export, _)) => Item::Export { export: export.clone(), instance },
                        None => {
                            let known = exports.keys().cloned().collect();
                            let export = word.to_owned();
                            self.tell(place, FlawKind::UnknownExport { instance, export, known });
                            return None;
                        }
                    }
                }
                Item::Export { .. } | Item::Within | Item::Host(_) => Item::Within,
            };
        }
        Some(item)
    }

    fn instantiated(&mut self, new: &NewExpr<'_>, name: Option<&str>) -> Option<Item> {
        let word = new.package.name.rsplit(':').next().unwrap_or(new.package.name);
        let Some(component) = self.components.get_key_value(word).map(|(name, _)| (*name).to_owned()) else {
            let known = self.components.keys().map(|name| (*name).to_owned()).collect();
            let package = new.package.name.to_owned();
            self.tell(at!(new.package.span), FlawKind::UnknownPackage { package, known });
            return None;
        };
        let instance = name.map_or_else(|| self.unnamed(word), str::to_owned);
        // Arguments may hold instances of their own, which come before it.
        let given = self.arguments(new, &component, &instance);
        self.instances.insert(instance.clone(), component);
        let surface = self.surface(&instance);
        let mut left = Vec::new();
        let mut open = Vec::new();
        for (import, port) in &surface.imports {
            if given.names.contains(import) || port.ty().is_some() {
                continue;
            }
            left.push(import.clone());
            if !port.is_plain() && !Name::new(port.wanted(import)).is_wasi() {
                open.push(Said { text: port.wanted(import).to_owned(), at: given.fill.clone() });
            }
        }
        if given.fill.is_none() && !left.is_empty() {
            self.tell(at!(new.package.span), FlawKind::NotGiven { instance: instance.clone(), imports: left });
        }
        self.open.extend(open);
        Some(Item::Instance(instance))
    }

    /// A name for an instance that the text gives none.
    fn unnamed(&mut self, word: &str) -> String {
        let mut name = word.to_owned();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{word}-{number}");
        }
        name
    }

    fn arguments(&mut self, new: &NewExpr<'_>, component: &str, instance: &str) -> Given {
        let mut given = Given::default();
        let imports: Vec<String> = self.components[component].imports.keys().cloned().collect();
        for (index, argument) in new.arguments.iter().enumerate() {
            let (import, item, place) = match argument {
                InstantiationArgument::Spread(_) => continue,
                InstantiationArgument::Fill(span) => {
                    if index + 1 < new.arguments.len() {
                        self.unsupported(at!(*span), "`...` before another argument", "Write `...` last.");
                    }
                    given.fill = Some(at!(*span));
                    continue;
                }
                InstantiationArgument::Inferred(id) => {
                    let Some(item) = self.items.get(id.string).cloned() else {
                        let known = self.items.keys().cloned().collect();
                        self.tell(at!(id.span), FlawKind::UnknownName { name: id.string.to_owned(), known });
                        continue;
                    };
                    let own = match &item {
                        Item::Export { export, .. } => Some(export.as_str()),
                        Item::Host(name) => Some(name.as_str()),
                        Item::Instance(_) | Item::Within => None,
                    };
                    let own = own.filter(|name| imports.iter().any(|import| import == name));
                    let word = own.or_else(|| by_word(imports.iter(), id.string)).unwrap_or(id.string).to_owned();
                    (word, item, at!(id.span))
                }
                InstantiationArgument::Named(named) => {
                    let place = at!(named.name.span());
                    let Some(item) = self.expression(&named.expr, None) else { continue };
                    let word = match &named.name {
                        InstantiationArgumentName::Ident(id) => by_word(imports.iter(), id.string).unwrap_or(id.string),
                        InstantiationArgumentName::String(text) => text.value,
                    };
                    (word.to_owned(), item, place)
                }
            };
            self.give(&mut given, (component, instance), import, item, place);
        }
        for argument in &new.arguments {
            if let InstantiationArgument::Spread(id) = argument {
                self.spread(&mut given, (component, instance), (id.string, at!(id.span)));
            }
        }
        given
    }

    fn give(
        &mut self,
        given: &mut Given,
        (component, instance): (&str, &str),
        import: String,
        item: Item,
        at: Range<usize>,
    ) {
        let surface = &self.components[component];
        let Some(port) = surface.imports.get(&import) else {
            let known = surface.imports.keys().cloned().collect();
            return self.tell(at, FlawKind::UnknownImport { instance: instance.to_owned(), import, known });
        };
        let is_type = port.ty().is_some();
        if !given.names.insert(import.clone()) {
            return self.tell(at, FlawKind::GivenTwice { instance: instance.to_owned(), import });
        }
        match item {
            // Types of a world's own follow the interface they are from.
            _ if is_type => {}
            Item::Export { instance: from, export } => {
                let to = Said { text: format!("{from}/{export}"), at: Some(at.clone()) };
                self.wire.insert((instance.to_owned(), import), Wire { key_at: Some(at), to });
            }
            Item::Host(name) if Name::new(&name).compatible(&Name::new(&import)) => {
                self.open.push(Said { text: import, at: Some(at) });
            }
            Item::Host(_) => {
                let instead = "An import keeps the name that the component has for it: leave out `as`.";
                self.unsupported(at, "an import under another name", instead);
            }
            Item::Instance(_) => {
                let instead = "Say which of its exports is meant: `NAME[\"INTERFACE\"]`, or spread it: `...NAME`.";
                self.unsupported(at, "a whole instance as an argument", instead);
            }
            Item::Within => {
                let instead = "Give whole imports: an interface, or a function that a component exports by itself.";
                self.unsupported(at, "a piece of an export as an argument", instead);
            }
        }
    }

    fn spread(&mut self, given: &mut Given, to: (&str, &str), (name, at): (&str, Range<usize>)) {
        let from = match self.items.get(name) {
            Some(Item::Instance(from)) => from.clone(),
            Some(_) => {
                return self.unsupported(at, "a spread of what is no instance", "Spread what `new` has made.");
            }
            None => {
                let known = self.items.keys().cloned().collect();
                return self.tell(at, FlawKind::UnknownName { name: name.to_owned(), known });
            }
        };
        let imports = self.components[to.0].imports.keys().filter(|import| !given.names.contains(*import));
        let exports = &self.surface(&from).exports;
        let found: Vec<_> = imports
            .filter_map(|import| {
                let same = exports.keys().find(|export| Name::new(export).compatible(&Name::new(import)));
                let export = exports.get_key_value(import).map(|(export, _)| export).or(same)?;
                Some((import.clone(), export.clone()))
            })
            .collect();
        if found.is_empty() {
            return self.tell(at, FlawKind::SpreadsNothing { from, instance: to.1.to_owned() });
        }
        for (import, export) in found {
            self.give(given, to, import, Item::Export { instance: from.clone(), export }, at.clone());
        }
    }
}

/// The name that a statement gives an instance.
fn bound(statement: &Statement<'_>) -> Option<String> {
    match statement {
        Statement::Let(bound) => Some(bound.id.string.to_owned()),
        Statement::Import(_) | Statement::Type(_) | Statement::Export(_) => None,
    }
}

/// What an instance has been given.
#[derive(Default)]
struct Given {
    names: HashSet<String>,
    /// Where the rest is left to the host.
    fill: Option<Range<usize>>,
}

/// The name that a bare word stands for: itself, else the only interface of that name; as wac has it.
fn by_word<'n>(names: impl Iterator<Item = &'n String> + Clone, word: &str) -> Option<&'n str> {
    if let Some(name) = names.clone().find(|name| *name == word) {
        return Some(name);
    }
    let mut interfaces = names.filter(|name| name.contains('/') && Name::new(name).interface() == word);
    let found = interfaces.next()?;
    interfaces.next().is_none().then_some(found.as_str())
}
