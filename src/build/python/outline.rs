//! What Python modules define, read from their syntax: nothing is run.
//!
//! The outline is deliberately modest. What it cannot see (names made by `setattr`, star imports of other packages,
//! base classes from elsewhere, a module whose syntax the grammar does not know) it marks as unknown, and the check then
//! leaves the answer to the build: CPython itself tells a syntax error best, and accepts what is newer than the grammar.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use tree_sitter::{Node, Parser};

use super::Error;
use crate::{build::staging::Folder, diagnostic::SourceFile};

/// Blocks within blocks that are looked into.
const DEPTH: usize = 64;

/// Every module of the user's that the entry module imports, itself first.
#[derive(Debug)]
pub struct Modules {
    roots: Vec<PathBuf>,
    /// By dotted name.
    known: BTreeMap<String, Module>,
}

/// One module.
#[derive(Debug)]
pub struct Module {
    pub source: Arc<SourceFile>,
    pub names: BTreeMap<String, Definition>,
    /// Its syntax was not understood whole: it may define anything.
    is_unclear: bool,
    /// Modules whose names are imported with `*`, by dotted name; empty string: one that is not in the source folder.
    stars: Vec<String>,
    imports: Vec<String>,
    /// Imports within functions, which are made when those are called.
    pub late: Vec<(String, Range<usize>)>,
}

/// What a name of a module stands for.
#[derive(Debug, Clone)]
pub enum Definition {
    Class(Class),
    /// `from module import name`; the module by dotted name.
    Import {
        module: String,
        name: String,
    },
    /// Assigned, or a function: what it is shows when it runs.
    Other,
}

/// A class and what its body defines.
#[derive(Debug, Clone)]
pub struct Class {
    /// Its name in the source.
    pub span: Range<usize>,
    /// Base classes as written, dotted; `None`: an expression.
    pub bases: Vec<Option<String>>,
    /// It has a metaclass or decorators, which may add anything.
    pub is_decorated: bool,
    /// `None`: a name that is assigned.
    pub members: BTreeMap<String, Option<Function>>,
}

/// A function in a class's body.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name in the source.
    pub span: Range<usize>,
    pub is_async: bool,
    pub binding: Binding,
    /// How many positional arguments it must get, the bound one included.
    pub required: usize,
    /// How many it can take; `None`: any.
    pub most: Option<usize>,
    /// Keyword-only parameters without a default: it cannot be called by position.
    pub needs_keywords: bool,
}

/// What a function of a class gets bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    Plain,
    Class,
    Static,
    /// Decorated by something else.
    Unknown,
}

impl Modules {
    /// Reads the entry module and, through its imports, every module of the source folder that it reaches.
    ///
    /// # Errors
    /// Files that cannot be read or are not UTF-8.
    pub fn read(folder: Folder<'_>, roots: Vec<PathBuf>, entry: &str) -> Result<Modules, Vec<Error>> {
        let mut modules = Modules { roots, known: BTreeMap::new() };
        let mut errors = Vec::new();
        let mut wanted = vec![entry.to_owned()];
        while let Some(name) = wanted.pop() {
            if modules.known.contains_key(&name) {
                continue;
            }
            let Some(path) = modules.find(&name) else { continue };
            match Module::read(&path, folder, &name) {
                Ok(module) => {
                    wanted.extend(module.imports.iter().cloned());
                    modules.known.insert(name, module);
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(modules) } else { Err(errors) }
    }

    /// The file of a module, if it lies in the source folder.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let relative: PathBuf = name.split('.').collect();
        self.roots.iter().find_map(|root| {
            let base = root.join(&relative);
            [base.join("__init__.py"), base.with_extension("py")].into_iter().find(|path| path.is_file())
        })
    }

    /// Imports within functions of what no module imports when it is loaded.
    pub fn late(&self) -> impl Iterator<Item = (&Module, &str, &Range<usize>)> {
        let is_loaded =
            |name: &str| self.known.values().any(|module| module.imports.iter().any(|loaded| loaded == name));
        let late = self.known.values().flat_map(|module| module.late.iter().map(move |late| (module, late)));
        late.filter(move |(_, (name, _))| !is_loaded(name)).map(|(module, (name, span))| (module, name.as_str(), span))
    }

    /// Every module that was read, by name.
    pub fn all(&self) -> impl Iterator<Item = &Module> {
        self.known.values()
    }

    pub fn get(&self, name: &str) -> Option<&Module> {
        self.known.get(name)
    }

    /// What a name of a module is, through imports within the source folder. `Err(())`: it cannot be told.
    pub fn lookup(&self, module: &str, name: &str) -> Result<Option<(&Module, &Definition)>, ()> {
        self.lookup_within(module, name, 16)
    }

    fn lookup_within(&self, module: &str, name: &str, depth: usize) -> Result<Option<(&Module, &Definition)>, ()> {
        let here = self.known.get(module).ok_or(())?;
        let depth = depth.checked_sub(1).ok_or(())?;
        match here.names.get(name) {
            Some(Definition::Import { module, name }) if self.known.contains_key(module) => {
                self.lookup_within(module, name, depth)
            }
            Some(Definition::Import { .. }) => Err(()),
            Some(definition) => Ok(Some((here, definition))),
            None if here.is_unclear => Err(()),
            None => {
                for star in &here.stars {
                    if let Some(found) = self.lookup_within(star, name, depth)? {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            }
        }
    }
}

impl Module {
    fn read(path: &Path, folder: Folder<'_>, name: &str) -> Result<Module, Error> {
        let text = folder.read(path)?;
        let is_package = path.file_name().is_some_and(|name| name == "__init__.py");
        Ok(Module::parse(text, name, is_package))
    }

    fn parse(source: Arc<SourceFile>, name: &str, is_package: bool) -> Module {
        let mut module = Module {
            source,
            names: BTreeMap::new(),
            is_unclear: true,
            stars: Vec::new(),
            imports: Vec::new(),
            late: Vec::new(),
        };
        let mut parser = Parser::new();
        let known = parser.set_language(&tree_sitter_python::LANGUAGE.into()).is_ok();
        let Some(tree) = parser.parse(&module.source.text, None).filter(|_| known) else { return module };
        module.is_unclear = tree.root_node().has_error();
        let package = match (is_package, name.rsplit_once('.')) {
            (true, _) => name,
            (false, Some((package, _))) => package,
            (false, None) => "",
        };
        let text = module.source.clone();
        statements(tree.root_node(), DEPTH, &mut |statement| module.statement(statement, &text.text, package));
        module.late = late(tree.root_node(), &text.text);
        module
    }

    fn statement(&mut self, statement: Node<'_>, text: &str, package: &str) {
        let (definition, decorators) = undecorated(statement);
        match definition.kind() {
            "class_definition" => {
                if let Some(name) = definition.child_by_field_name("name") {
                    let class = Class::new(definition, name, decorators.is_empty(), text);
                    self.names.insert(word(name, text), Definition::Class(class));
                }
            }
            "import_from_statement" => self.import_from(definition, text, package),
            "import_statement" => {
                for (dotted, alias) in imported(definition, text) {
                    self.imports.extend(prefixes(&dotted));
                    let top = dotted.split('.').next().unwrap_or(&dotted).to_owned();
                    self.names.insert(alias.unwrap_or(top), Definition::Other);
                }
            }
            _ => {
                for name in defined(definition, text) {
                    self.names.insert(name, Definition::Other);
                }
            }
        }
    }

    fn import_from(&mut self, import: Node<'_>, text: &str, package: &str) {
        let Some(from) = import.child_by_field_name("module_name") else { return };
        let written = word(from, text);
        let level = written.chars().take_while(|c| *c == '.').count();
        let written = &written[level..];
        let module = match level {
            0 => written.to_owned(),
            level => {
                let up = package.split('.').filter(|part| !part.is_empty()).collect::<Vec<_>>();
                let base = &up[..up.len().saturating_sub(level - 1)];
                base.iter().copied().chain(Some(written).filter(|w| !w.is_empty())).collect::<Vec<_>>().join(".")
            }
        };
        self.imports.extend(prefixes(&module));
        if children(import).any(|child| child.kind() == "wildcard_import") {
            self.stars.push(module.clone());
        }
        for (name, alias) in imported(import, text) {
            self.imports.push(if module.is_empty() { name.clone() } else { format!("{module}.{name}") });
            let definition = Definition::Import { module: module.clone(), name: name.clone() };
            self.names.insert(alias.unwrap_or(name), definition);
        }
    }
}

impl Class {
    fn new(class: Node<'_>, name: Node<'_>, is_plain: bool, text: &str) -> Class {
        let arguments: Vec<_> =
            class.child_by_field_name("superclasses").into_iter().flat_map(children).filter(Node::is_named).collect();
        let (keywords, bases): (Vec<_>, Vec<_>) =
            arguments.into_iter().partition(|argument| argument.kind() == "keyword_argument");
        let mut members = BTreeMap::new();
        if let Some(body) = class.child_by_field_name("body") {
            statements(body, DEPTH, &mut |statement| {
                let (definition, decorators) = undecorated(statement);
                match (definition.kind(), definition.child_by_field_name("name")) {
                    ("function_definition", Some(name)) => {
                        members.insert(word(name, text), Some(Function::new(definition, name, &decorators, text)));
                    }
                    _ => members.extend(defined(definition, text).into_iter().map(|name| (name, None))),
                }
            });
        }
        Class {
            span: name.byte_range(),
            bases: bases.into_iter().map(|base| dotted(base, text)).collect(),
            is_decorated: !is_plain || !keywords.is_empty(),
            members,
        }
    }
}

impl Function {
    fn new(function: Node<'_>, name: Node<'_>, decorators: &[Node<'_>], text: &str) -> Function {
        let decorators: Vec<_> = decorators.iter().map(|decorator| dotted(decorator.named_child(0)?, text)).collect();
        let binding = match decorators.as_slice() {
            [] => Binding::Plain,
            [Some(name)] if name == "classmethod" => Binding::Class,
            [Some(name)] if name == "staticmethod" => Binding::Static,
            [Some(name)] if name.ends_with("override") => Binding::Plain,
            _ => Binding::Unknown,
        };
        let parameters = function.child_by_field_name("parameters");
        let mut found = Function {
            span: name.byte_range(),
            is_async: children(function).any(|child| child.kind() == "async"),
            binding,
            required: 0,
            most: Some(0),
            needs_keywords: false,
        };
        let mut by_position = true;
        for parameter in parameters.into_iter().flat_map(children).filter(Node::is_named) {
            match parameter_kind(parameter) {
                "list_splat_pattern" => {
                    by_position = false;
                    found.most = None;
                }
                "keyword_separator" => by_position = false,
                "identifier" if by_position => {
                    found.required += 1;
                    found.most = found.most.map(|most| most + 1);
                }
                "default_parameter" if by_position => found.most = found.most.map(|most| most + 1),
                "identifier" => found.needs_keywords = true,
                _ => {}
            }
        }
        found
    }
}

/// The kind of a parameter whatever its type: with a type it is wrapped.
fn parameter_kind(parameter: Node<'_>) -> &'static str {
    match parameter.kind() {
        "typed_parameter" => parameter.named_child(0).map_or("identifier", |inner| inner.kind()),
        "typed_default_parameter" => "default_parameter",
        kind => kind,
    }
}

fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..u32::try_from(node.child_count()).unwrap_or(u32::MAX)).filter_map(move |at| node.child(at))
}

/// The node's text.
fn word(node: Node<'_>, text: &str) -> String {
    text.get(node.byte_range()).unwrap_or_default().to_owned()
}

/// A definition, and the decorators it stands under.
fn undecorated(statement: Node<'_>) -> (Node<'_>, Vec<Node<'_>>) {
    match (statement.kind(), statement.child_by_field_name("definition")) {
        ("decorated_definition", Some(definition)) => {
            (definition, children(statement).filter(|child| child.kind() == "decorator").collect())
        }
        _ => (statement, Vec::new()),
    }
}

/// What an import statement names, with the name it gets here where that is another.
fn imported(import: Node<'_>, text: &str) -> Vec<(String, Option<String>)> {
    let mut cursor = import.walk();
    let names = import.children_by_field_name("name", &mut cursor);
    names
        .filter_map(|name| match name.kind() {
            "aliased_import" => {
                let alias = name.child_by_field_name("alias")?;
                Some((word(name.child_by_field_name("name")?, text), Some(word(alias, text))))
            }
            _ => Some((word(name, text), None)),
        })
        .collect()
}

/// Imports of modules within functions. What is imported relatively, or by a name of the package, is left out: it lies in
/// the source folder, and is most often loaded by another way.
fn late(root: Node<'_>, text: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut cursor = root.walk();
    let mut functions = 0_usize;
    loop {
        let node = cursor.node();
        let is_function = node.kind() == "function_definition";
        match node.kind() {
            "import_statement" if functions > 0 => {
                found.extend(imported(node, text).into_iter().map(|(name, _)| (name, node.byte_range())));
            }
            "import_from_statement" if functions > 0 => {
                let module = node.child_by_field_name("module_name").map(|from| word(from, text));
                found.extend(module.filter(|name| !name.starts_with('.')).map(|name| (name, node.byte_range())));
            }
            _ => {}
        }
        if cursor.goto_first_child() {
            functions += usize::from(is_function);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
            functions -= usize::from(cursor.node().kind() == "function_definition");
        }
    }
}

/// Visits statements, those below `if`, `try`, `with` and loops as well, in order.
fn statements(block: Node<'_>, depth: usize, visit: &mut dyn FnMut(Node<'_>)) {
    for statement in children(block) {
        match statement.kind() {
            "if_statement"
            | "elif_clause"
            | "else_clause"
            | "try_statement"
            | "except_clause"
            | "except_group_clause"
            | "finally_clause"
            | "with_statement"
            | "for_statement"
            | "while_statement"
            | "block" => {
                if let Some(depth) = depth.checked_sub(1) {
                    statements(statement, depth, visit);
                }
            }
            _ => visit(statement),
        }
    }
}

/// Names that a simple statement binds.
fn defined(statement: Node<'_>, text: &str) -> Vec<String> {
    match statement.kind() {
        "function_definition" | "class_definition" => {
            statement.child_by_field_name("name").map(|name| word(name, text)).into_iter().collect()
        }
        "type_alias_statement" => {
            statement.child_by_field_name("left").map(|name| word(name, text)).into_iter().collect()
        }
        "expression_statement" => children(statement).flat_map(|inner| assigned(inner, text)).collect(),
        _ => Vec::new(),
    }
}

/// The names on the left of `a = b, c = …`; of an annotation without a value, none.
fn assigned(mut assignment: Node<'_>, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    while let ("assignment", Some(left), Some(right)) =
        (assignment.kind(), assignment.child_by_field_name("left"), assignment.child_by_field_name("right"))
    {
        match left.kind() {
            "identifier" => found.push(word(left, text)),
            "pattern_list" | "tuple_pattern" | "list_pattern" => {
                found.extend(children(left).filter(|name| name.kind() == "identifier").map(|name| word(name, text)));
            }
            _ => {}
        }
        assignment = right;
    }
    found
}

/// `a.b.c` of an expression that is nothing but names; what stands in brackets behind it does not count.
fn dotted(mut expression: Node<'_>, text: &str) -> Option<String> {
    while let ("subscript", Some(value)) = (expression.kind(), expression.child_by_field_name("value")) {
        expression = value;
    }
    let written: String = word(expression, text).split_whitespace().collect();
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    (matches!(expression.kind(), "identifier" | "attribute") && written.split('.').all(is_name)).then_some(written)
}

/// `a.b.c` → `a`, `a.b`, `a.b.c`: importing one imports all.
fn prefixes(dotted: &str) -> impl Iterator<Item = String> {
    let ends = dotted.match_indices('.').map(|(at, _)| at).chain([dotted.len()]).collect::<Vec<_>>();
    ends.into_iter().filter(|end| *end > 0).map(move |end| dotted[..end].to_owned()).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Module {
        let source = Arc::new(SourceFile { name: "app.py".into(), text: text.into() });
        Module::parse(source, "pkg.app", false)
    }

    #[test]
    fn classes_with_their_methods() {
        let module = parse(
            "import json\nfrom .model import Model as M, other\n\
             try:\n    import fast\nexcept ImportError:\n    fast = None\n\
             class A(exports.A, Generic[T]):\n    limit = 3\n    def f(self, a, b=1, *, c=2): pass\n\
             \n    @staticmethod\n    async def g(*args): pass\n\
             \n    @cache\n    def h(self): pass\n",
        );
        assert_eq!(module.names.keys().map(String::as_str).collect::<Vec<_>>(), ["A", "M", "fast", "json", "other"]);
        assert!(
            matches!(&module.names["M"], Definition::Import { module, name } if module == "pkg.model" && name == "Model")
        );
        let Definition::Class(class) = &module.names["A"] else { panic!("A is a class") };
        assert_eq!(class.bases, [Some("exports.A".to_owned()), Some("Generic".to_owned())]);
        assert!(class.members["limit"].is_none());
        let f = class.members["f"].as_ref().unwrap();
        assert_eq!((f.required, f.most, f.binding, f.needs_keywords), (2, Some(3), Binding::Plain, false));
        let g = class.members["g"].as_ref().unwrap();
        assert_eq!((g.required, g.most, g.binding, g.is_async), (0, None, Binding::Static, true));
        assert_eq!(class.members["h"].as_ref().unwrap().binding, Binding::Unknown);
    }

    #[test]
    fn what_does_not_parse_may_define_anything() {
        let module = parse("class A: pass\ndef f(:\n    pass\n");
        assert!(module.is_unclear);
        assert!(!parse("class A[T](B): pass\nmatch a:\n    case 1: pass\n").is_unclear);
    }

    #[test]
    fn imports_within_functions_are_late() {
        let module = parse(
            "import json\nif json:\n    import os\ndef f():\n    import socket, os.path as p\n    def g():\n        \
             from http.client import get\n        from . import x\nimport re\nclass A:\n    import ast\n    def h(self):\n        \
             import csv\n",
        );
        let late: Vec<_> = module.late.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(late, ["socket", "os.path", "http.client", "csv"]);
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let text = format!("x = {}{}", "(".repeat(100_000), ")".repeat(100_000));
        let _ = parse(&text);
    }
}
