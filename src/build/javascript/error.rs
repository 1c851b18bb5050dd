//! Why a JavaScript component cannot be built.

use std::{io, ops::Range, sync::Arc};

use super::names::{Export, Item};
use crate::{
    build::{preinit::quickjs::Endless, staging},
    diagnostic::{Diagnose, Problem, SourceFile},
};

/// A place in a text of the user's.
pub type Place = (Arc<SourceFile>, Range<usize>);

/// What is wrong with the world or the sources, or went wrong while they were built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("engine `{engine}` is not available in this version")]
    Engine { engine: String },
    #[error("no JavaScript module to start from")]
    NoEntry { folder: String, candidates: Vec<String> },
    #[error("module `{named}`, named by `{folder}/package.json`, is not there")]
    EntryNotFound { named: String, folder: String },
    #[error("syntax error in `{}`", file.name)]
    Syntax { file: Arc<SourceFile>, span: Range<usize>, message: String, help: Option<String> },
    #[error("`{path}` is neither JavaScript, TypeScript nor JSON")]
    UnknownKind { path: String },
    #[error("`{path}` is outside the component's folder")]
    Outside { path: String },
    #[error("`{path}` is a CommonJS module, which the engine cannot load")]
    CommonJs { path: String },
    #[error("`{}` imports `{specifier}`, which is not found", file.name)]
    Import { specifier: String, file: Arc<SourceFile>, span: Range<usize>, cause: String, interfaces: Vec<String> },
    #[error("export `{}` for {} is missing", export.name, export.stands_for)]
    MissingExport { export: Export, entry: Arc<SourceFile> },
    #[error("`{name}` for {stands_for} is missing")]
    MissingMember { name: String, stands_for: String, skeleton: String, place: Option<Place> },
    #[error("`{name}` for {stands_for} must be {}", wanted.kind())]
    WrongExport { name: String, stands_for: String, wanted: Item, place: Option<Place> },
    #[error("`{name}` for {stands_for} is async, but the function is not async in WIT")]
    Async { name: String, stands_for: String, place: Place },
    #[error(
        "`{place}` is async and takes a borrowed handle of an imported resource, which QuickJS cannot give back in time"
    )]
    BorrowInExport { place: String },
    #[error("`{place}` carries a stream or future of 64-bit integers, which QuickJS would round above 2^53")]
    Rounded { place: String },
    #[error("`{}` and `{}` would both be export `{name}`", both[0], both[1])]
    SameName { name: String, both: [String; 2] },
    #[error("`{place}` uses a {shape}, which the JavaScript engine cannot carry")]
    Shape { place: String, shape: &'static str },
    #[error("the code failed while it was loaded to be snapshotted")]
    Raised { output: String, place: Option<Place> },
    #[error(transparent)]
    Endless(#[from] Endless),
    #[error("componentize-qjs failed")]
    Builder { causes: Vec<String> },
    #[error(transparent)]
    Staging(#[from] staging::Error),
    #[error("cannot write `{path}`")]
    Write { path: String, source: io::Error },
}

impl Item {
    fn kind(&self) -> &'static str {
        match self {
            Item::Function(_) => "a function",
            Item::Interface(_) => "an object",
            Item::Class { .. } => "a class",
        }
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let problem = |code| Problem::error(code, self.to_string());
        vec![match self {
            Error::Engine { .. } => problem("javascript::engine")
                .because("this version builds JavaScript with QuickJS alone")
                .help("remove `engine` from the component, or write `engine = \"quickjs\"`"),
            Error::NoEntry { folder, candidates } => {
                let problem = problem("javascript::no-entry");
                match candidates.as_slice() {
                    [] => problem.because(format!("there is no .ts or .js file in `{folder}`")),
                    several => problem.because(format!("`{folder}` has {}", several.join(", "))),
                }
                .help("name it index.ts or index.js, or write `\"main\": \"…\"` into its package.json")
            }
            Error::EntryNotFound { .. } => problem("javascript::no-entry").help("correct `module` or `main` there"),
            Error::Syntax { file, span, message, help } => {
                let problem = problem("javascript::syntax").at(file, span.clone(), message);
                help.iter().fold(problem, |problem, help| problem.help(help.clone()))
            }
            Error::UnknownKind { .. } => problem("javascript::unknown-kind"),
            Error::Outside { .. } => problem("javascript::outside")
                .because("only its own folder and node_modules are read")
                .help("move it into the component's folder, or make it a package in node_modules"),
            Error::CommonJs { .. } => problem("javascript::commonjs")
                .help("use a version of the package that has ES modules, or bundle it into one ES module first"),
            Error::Import { file, span, cause, interfaces, .. } => {
                let problem =
                    problem("javascript::import").because(cause.clone()).at(file, span.clone(), "imported here");
                match interfaces.as_slice() {
                    [] => problem,
                    there => problem.help(format!("the world offers {}", quoted(there))),
                }
            }
            Error::MissingExport { export, entry } => problem("javascript::missing-export")
                .because(format!("`{}` does not export it", entry.name))
                .help(format!("add to `{}`:\n{}", entry.name, declaration(export))),
            Error::MissingMember { skeleton, place, .. } => {
                at(problem("javascript::missing-export"), place.as_ref(), "has no such member")
                    .help(format!("add\n{skeleton}"))
            }
            Error::WrongExport { name, wanted, place, .. } => {
                let last = name.rsplit('.').next().unwrap_or(name);
                at(problem("javascript::wrong-export"), place.as_ref(), "defined here")
                    .help(format!("write\n{}", wanted.skeleton(last, "")))
            }
            Error::Async { place, .. } => at(problem("javascript::wrong-export"), Some(place), "defined here")
                .because("the caller would get a promise instead of the value")
                .help("make it a plain function, or declare it `async func` in WIT"),
            Error::BorrowInExport { .. } => problem("javascript::borrow-in-export")
                .because("the call would trap: borrow handles still remain at the end of the call")
                .help("pass the handle owned, pass a value instead, or write this part in another language"),
            Error::Rounded { .. } => problem("javascript::u64-rounded")
                .because("the engine hands items of streams to JavaScript as numbers")
                .help("carry u32, s32, f64 or string, or write this part in another language"),
            Error::SameName { .. } => problem("javascript::same-name").help("export one of them, or rename it in WIT"),
            Error::Shape { .. } => {
                problem("javascript::unsupported-type").help("use another type, or write this part in another language")
            }
            Error::Raised { output, place } => {
                at(problem("javascript::raised"), place.as_ref(), "raised here").because(output.clone()).help(
                    "at build time there are no component imports, files, network or environment variables: move what \
                     needs them from module level into a function",
                )
            }
            Error::Endless(_) => problem("javascript::endless")
                .because("modules are loaded when the part is built, and what they do at module level is done then")
                .help("look for a loop at module level that does not end, or move what takes so long into a function"),
            Error::Builder { causes } => causes.iter().fold(problem("javascript::builder"), |p, c| p.because(c)),
            Error::Staging(error) => return error.problems(),
            Error::Write { source, .. } => problem("javascript::write").because(source.to_string()),
        }]
    }
}

fn at(problem: Problem, place: Option<&Place>, text: &str) -> Problem {
    match place {
        Some((source, span)) => problem.at(source, span.clone(), text),
        None => problem,
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn declaration(export: &Export) -> String {
    let skeleton = export.item.skeleton(&export.name, "");
    match &export.item {
        Item::Function(signature) if signature.is_async => {
            format!("export async function {}", skeleton.trim_start_matches("async "))
        }
        Item::Function(_) => format!("export function {skeleton}"),
        Item::Interface(_) => format!("export const {skeleton};"),
        Item::Class { .. } => format!("export {skeleton}"),
    }
}
