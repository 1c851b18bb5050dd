//! What Python modules define, read from their syntax: nothing is run.
//!
//! The outline is deliberately modest. What it cannot see (names made by `setattr`, star imports of other packages,
//! base classes from elsewhere) it marks as unknown, and the check then leaves the answer to the build.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use ruff_python_ast::{
    ExceptHandler, Expr, ModModule, PythonVersion, Stmt, StmtClassDef, StmtFunctionDef, StmtImport, StmtImportFrom,
};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

use super::Error;
use crate::{build::staging::Folder, diagnostic::SourceFile};

/// The version that componentize-py carries.
const VERSION: PythonVersion = PythonVersion { major: 3, minor: 14 };

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
    /// Modules whose names are imported with `*`, by dotted name; empty string: one that is not in the source folder.
    stars: Vec<String>,
    imports: Vec<String>,
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
    /// Every syntax error of every module reached; files that cannot be read or are not UTF-8.
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
                Err(mut found) => errors.append(&mut found),
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
    fn read(path: &Path, folder: Folder<'_>, name: &str) -> Result<Module, Vec<Error>> {
        let text = folder.read(path).map_err(|error| vec![error.into()])?;
        let is_package = path.file_name().is_some_and(|name| name == "__init__.py");
        Module::parse(text, name, is_package)
    }

    fn parse(source: Arc<SourceFile>, name: &str, is_package: bool) -> Result<Module, Vec<Error>> {
        let options = ParseOptions::from(Mode::Module).with_target_version(VERSION);
        let parsed = parse_unchecked(&source.text, options);
        let errors = parsed.errors().iter().map(|error| (error.location, error.error.to_string()));
        let unsupported = parsed.unsupported_syntax_errors().iter().map(|error| (error.range, error.to_string()));
        let errors: Vec<_> = errors
            .chain(unsupported)
            .map(|(range, message)| Error::Syntax { file: source.clone(), span: span(range), message })
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut module = Module { source, names: BTreeMap::new(), stars: Vec::new(), imports: Vec::new() };
        let package = match (is_package, name.rsplit_once('.')) {
            (true, _) => name,
            (false, Some((package, _))) => package,
            (false, None) => "",
        };
        if let Some(ModModule { body, .. }) = parsed.try_into_module().map(|parsed| parsed.into_syntax()) {
            statements(&body, &mut |statement| module.statement(statement, package));
        }
        Ok(module)
    }

    fn statement(&mut self, statement: &Stmt, package: &str) {
        match statement {
            Stmt::ClassDef(class) => {
                self.names.insert(class.name.to_string(), Definition::Class(Class::new(class)));
            }
            Stmt::ImportFrom(import) => self.import_from(import, package),
            Stmt::Import(StmtImport { names, .. }) => {
                for alias in names {
                    let dotted = alias.name.as_str();
                    self.imports.extend(prefixes(dotted));
                    let top = dotted.split('.').next().unwrap_or(dotted);
                    let name = alias.asname.as_ref().map_or(top, |name| name.as_str());
                    self.names.insert(name.to_owned(), Definition::Other);
                }
            }
            other => {
                for name in defined(other) {
                    self.names.insert(name, Definition::Other);
                }
            }
        }
    }

    fn import_from(&mut self, import: &StmtImportFrom, package: &str) {
        let written = import.module.as_ref().map_or("", |module| module.as_str());
        let module = match import.level {
            0 => written.to_owned(),
            level => {
                let up = package.split('.').filter(|part| !part.is_empty()).collect::<Vec<_>>();
                let base = &up[..up.len().saturating_sub(level as usize - 1)];
                base.iter().copied().chain(Some(written).filter(|w| !w.is_empty())).collect::<Vec<_>>().join(".")
            }
        };
        self.imports.extend(prefixes(&module));
        for alias in &import.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.stars.push(module.clone());
                continue;
            }
            self.imports.push(if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") });
            let local = alias.asname.as_ref().map_or(name, |name| name.as_str());
            let definition = Definition::Import { module: module.clone(), name: name.to_owned() };
            self.names.insert(local.to_owned(), definition);
        }
    }
}

impl Class {
    fn new(class: &StmtClassDef) -> Class {
        let arguments = class.arguments.as_deref();
        let bases = arguments.map(|arguments| arguments.args.iter().map(dotted).collect()).unwrap_or_default();
        let mut members = BTreeMap::new();
        statements(&class.body, &mut |statement| match statement {
            Stmt::FunctionDef(function) => {
                members.insert(function.name.to_string(), Some(Function::new(function)));
            }
            other => members.extend(defined(other).into_iter().map(|name| (name, None))),
        });
        Class {
            span: span(class.name.range),
            bases,
            is_decorated: !class.decorator_list.is_empty() || arguments.is_some_and(|a| !a.keywords.is_empty()),
            members,
        }
    }
}

impl Function {
    fn new(function: &StmtFunctionDef) -> Function {
        let decorators: Vec<_> = function.decorator_list.iter().map(|d| dotted(&d.expression)).collect();
        let binding = match decorators.as_slice() {
            [] => Binding::Plain,
            [Some(name)] if name == "classmethod" => Binding::Class,
            [Some(name)] if name == "staticmethod" => Binding::Static,
            [Some(name)] if name.ends_with("override") => Binding::Plain,
            _ => Binding::Unknown,
        };
        let parameters = &function.parameters;
        let positional = || parameters.posonlyargs.iter().chain(&parameters.args);
        Function {
            span: span(function.name.range),
            is_async: function.is_async,
            binding,
            required: positional().filter(|parameter| parameter.default.is_none()).count(),
            most: parameters.vararg.is_none().then(|| positional().count()),
            needs_keywords: parameters.kwonlyargs.iter().any(|parameter| parameter.default.is_none()),
        }
    }
}

/// Visits statements, those below `if`, `try`, `with` and loops as well, in order.
fn statements(body: &[Stmt], visit: &mut dyn FnMut(&Stmt)) {
    for statement in body {
        match statement {
            Stmt::If(branch) => {
                statements(&branch.body, visit);
                branch.elif_else_clauses.iter().for_each(|clause| statements(&clause.body, visit));
            }
            Stmt::Try(attempt) => {
                statements(&attempt.body, visit);
                for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    statements(&handler.body, visit);
                }
                statements(&attempt.orelse, visit);
                statements(&attempt.finalbody, visit);
            }
            Stmt::With(with) => statements(&with.body, visit),
            Stmt::For(each) => statements(&each.body, visit),
            Stmt::While(each) => statements(&each.body, visit),
            other => visit(other),
        }
    }
}

/// Names that a simple statement binds.
fn defined(statement: &Stmt) -> Vec<String> {
    fn names(target: &Expr, found: &mut Vec<String>) {
        match target {
            Expr::Name(name) => found.push(name.id.to_string()),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|item| names(item, found)),
            Expr::List(list) => list.elts.iter().for_each(|item| names(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    match statement {
        Stmt::Assign(assign) => assign.targets.iter().for_each(|target| names(target, &mut found)),
        Stmt::AnnAssign(assign) if assign.value.is_some() => names(&assign.target, &mut found),
        Stmt::FunctionDef(function) => found.push(function.name.to_string()),
        Stmt::ClassDef(class) => found.push(class.name.to_string()),
        Stmt::TypeAlias(alias) => names(&alias.name, &mut found),
        _ => {}
    }
    found
}

/// `a.b.c` of an expression that is nothing but names.
fn dotted(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => Some(format!("{}.{}", dotted(&attribute.value)?, attribute.attr)),
        Expr::Subscript(subscript) => dotted(&subscript.value),
        _ => None,
    }
}

/// `a.b.c` → `a`, `a.b`, `a.b.c`: importing one imports all.
fn prefixes(dotted: &str) -> impl Iterator<Item = String> {
    let ends = dotted.match_indices('.').map(|(at, _)| at).chain([dotted.len()]).collect::<Vec<_>>();
    ends.into_iter().filter(|end| *end > 0).map(move |end| dotted[..end].to_owned()).collect::<Vec<_>>().into_iter()
}

fn span(range: impl Into<Range<usize>>) -> Range<usize> {
    range.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Module, Vec<Error>> {
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
        )
        .unwrap();
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
    fn every_syntax_error_is_told_with_its_place() {
        let errors = parse("def f(:\n    pass\n\nx = = 3\n").unwrap_err();
        assert!(errors.len() >= 2, "{errors:?}");
        assert!(errors.iter().all(|error| matches!(error, Error::Syntax { .. })));
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let text = format!("x = {}{}", "(".repeat(100_000), ")".repeat(100_000));
        let _ = parse(&text);
    }
}
