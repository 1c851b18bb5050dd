//! Why a Python component cannot be built.

use std::{io, ops::Range, sync::Arc};

use super::{
    check::Fault,
    names::{Class, Home, Kind, Method},
};
use crate::diagnostic::{Diagnose, Problem, SourceFile};

/// What is wrong with the sources, or went wrong while they were built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no Python module to start from")]
    NoEntry { source_folder: String, candidates: Vec<String> },
    #[error("module `{module}` is not in the component's folder")]
    EntryNotFound { module: String, source_folder: String },
    #[error("module `{module}` has the name of a module of Python's standard library, which would be imported instead")]
    ReservedModule { module: String, needed_for: String },
    #[error("syntax error in `{}`", file.name)]
    Syntax { file: Arc<SourceFile>, span: Range<usize>, message: String },
    #[error("class `{}` for {} is missing", class.name, class.stands_for)]
    MissingClass { class: Class, entry: Option<Arc<SourceFile>> },
    #[error("method `{}` of class `{class}` for {stands_for} is missing", method.name)]
    MissingMethod { class: String, stands_for: String, method: Method, file: Arc<SourceFile>, span: Range<usize> },
    #[error("method `{}` of class `{class}` {}", method.name, fault.told(method))]
    Method { class: String, method: Method, file: Arc<SourceFile>, span: Range<usize>, fault: Fault },
    #[error("`{module}` is imported within a function, when there are no files to import it from")]
    LateImport { module: String, file: Arc<SourceFile>, span: Range<usize> },
    #[error("{place} uses a {shape}, which the Python engine cannot carry")]
    Shape { place: String, shape: &'static str },
    #[error("the code failed while it was loaded to be snapshotted")]
    Raised { output: String, place: Option<(Arc<SourceFile>, Range<usize>)> },
    #[error("componentize-py failed")]
    Engine { causes: Vec<String> },
    #[error(transparent)]
    Staging(#[from] crate::build::staging::Error),
    #[error("cannot write `{path}`")]
    Write { path: String, source: io::Error },
}

impl Fault {
    fn told(&self, method: &Method) -> String {
        match self {
            Fault::Async if method.is_async => "must be `async def`: the function is async in WIT".into(),
            Fault::Async => "is `async def`, but the function is not async in WIT".into(),
            Fault::Parameters { takes, given } => format!("takes {takes} arguments, but gets {given}"),
            Fault::KeywordOnly => "has a keyword-only parameter without a default, but is called by position".into(),
        }
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let problem = |code| Problem::error(code, self.to_string());
        vec![match self {
            Error::NoEntry { source_folder, candidates } => {
                let problem = problem("python::no-entry");
                match candidates.as_slice() {
                    [] => problem.because(format!("there is no .py file in `{source_folder}`")),
                    several => problem.because(format!("`{source_folder}` has {}", several.join(", "))),
                }
                .help("name it app.py, or write `[tool.mosaic]` with `module = \"…\"` into its pyproject.toml")
            }
            Error::EntryNotFound { source_folder, .. } => problem("python::no-entry")
                .because(format!("`{source_folder}/pyproject.toml` names it as `[tool.mosaic] module`")),
            Error::ReservedModule { needed_for, .. } => problem("python::reserved-module")
                .because(format!("it is needed for {needed_for}"))
                .help("give it another name"),
            Error::Write { source, .. } => problem("python::write").because(source.to_string()),
            Error::Syntax { file, span, message } => problem("python::syntax").at(file, span.clone(), message),
            Error::MissingClass { class, entry } => missing_class(problem("python::missing-class"), class, entry),
            Error::MissingMethod { method, file, span, .. } => problem("python::missing-method")
                .at(file, span.clone(), format!("has no `{}`", method.name))
                .help(format!("add `{}:` to the class", method.signature())),
            Error::Method { method, file, span, .. } => problem("python::wrong-method")
                .at(file, span.clone(), "defined here")
                .help(format!("write `{}:`", method.signature())),
            // Python's own modules may be loaded by others: then it works.
            Error::LateImport { module, file, span } => Problem::warning("python::late-import", self.to_string())
                .at(file, span.clone(), "fails when it is called, unless another module has loaded it")
                .help(format!("move `import {module}` to the top of the module, which is loaded at build time")),
            Error::Shape { .. } => {
                problem("python::unsupported-type").help("use another type, or write this part in another language")
            }
            Error::Raised { output, place } => {
                let problem = problem("python::raised").because(output.clone());
                match place {
                    Some((source, span)) => problem.at(source, span.clone(), "raised here"),
                    None => problem,
                }
                .help(
                    "at build time code sees its own folder and its virtual environment, and no network, environment \
                     variables or component imports: move what needs them from module level into a method",
                )
            }
            Error::Engine { causes } => causes.iter().fold(problem("python::engine"), |p, cause| p.because(cause)),
            Error::Staging(error) => return error.problems(),
        }]
    }
}

fn missing_class(problem: Problem, class: &Class, entry: &Option<Arc<SourceFile>>) -> Problem {
    let place = entry.as_ref().map_or("the entry module".to_owned(), |source| format!("`{}`", source.name));
    let problem = match &class.home {
        Home::Entry => problem.because(format!("{place} defines no such class")),
        Home::Module(module) => {
            problem.because(format!("it is looked for in `{module}.py`, named after the interface, else in {place}"))
        }
    };
    let mut lines = vec![format!("class {}({}):", class.name, class.base)];
    lines
        .extend(class.methods.iter().filter(|m| m.kind != Kind::Static).map(|m| format!("    {}: ...", m.signature())));
    lines.extend(
        class
            .methods
            .iter()
            .filter(|m| m.kind == Kind::Static)
            .flat_map(|m| ["    @classmethod".to_owned(), format!("    {}: ...", m.signature())]),
    );
    if class.methods.is_empty() {
        lines.push("    pass".to_owned());
    }
    let import = if class.base.starts_with("exports.") { "from wit_world import exports" } else { "import wit_world" };
    problem.help(format!("add to {place}:\n{import}\n\n{}", lines.join("\n")))
}
