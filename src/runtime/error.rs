//! Why a component could not be run or served.

use std::{net::SocketAddr, path::PathBuf};

use crate::diagnostic::{Diagnose, Problem};

use super::trap::{Frame, Trapped};

/// Why a component could not be run or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("cannot read `{}`", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The file is WebAssembly, but a core module; or no WebAssembly at all.
    #[error("`{name}` is not a component")]
    NotAComponent { name: String, core_module: bool },
    #[error("cannot compile `{name}` to native code")]
    Compile { name: String, source: wasmtime::Error },
    #[error("cannot set up the engine")]
    Engine { source: wasmtime::Error },
    /// Nothing offers these imports. Never empty.
    #[error("`{name}` imports what nobody provides")]
    Unsatisfied { name: String, imports: Vec<String> },
    /// The host offers the interfaces, but with other types.
    #[error("`{name}` imports interfaces of the host with other types")]
    Mismatch { name: String, source: wasmtime::Error },
    /// It exports nothing that could be run or served.
    #[error("`{name}` exports no `{}`", .wanted.interface())]
    NoEntry { name: String, wanted: Entry, exports: Vec<String> },
    #[error("cannot open the granted folder `{}`", .path.display())]
    Dir { path: PathBuf, source: wasmtime::Error },
    #[error("cannot open the data of wasi:keyvalue in `{}`", .path.display())]
    Data { path: PathBuf, source: redb::DatabaseError },
    #[error("cannot create the folder `{}`", .path.display())]
    DataFolder { path: PathBuf, source: std::io::Error },
    #[error("buckets or containers are granted, but there is no folder to keep them in")]
    NoData,
    #[error("cannot write the profile `{}`", .path.display())]
    Profile { path: PathBuf, source: std::io::Error },
    #[error("cannot use the server at `{address}`")]
    Backend { address: String, why: String },
    /// A server would have to be asked for all that anybody sends.
    #[error("any topic is granted, so it is not said which of the server's messages are for the app")]
    AnyTopic,
    /// An import that is kept apart, of which nothing says what is granted behind it.
    #[error("nothing says what is granted behind the import `{label}`")]
    Unsaid { label: String, interface: String },
    /// Something is granted behind an import that the component does not have.
    #[error("something is granted behind `{label}`, which is no import of the component")]
    UnknownLabel { label: String },
    #[error("cannot listen on {address}")]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error("cannot tell metrics on {address}")]
    BindMetrics { address: SocketAddr, source: std::io::Error },
    #[error("cannot start the runtime's threads")]
    Threads { source: std::io::Error },
    #[error("`{name}` trapped")]
    Trapped { name: String, trapped: Trapped },
}

/// What a component must export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// `wasi:cli/run`, 0.2 or 0.3.
    Run,
    /// `wasi:http/incoming-handler` 0.2 or `wasi:http/handler` 0.3.
    Http,
}

impl Entry {
    fn interface(self) -> &'static str {
        match self {
            Entry::Run => "wasi:cli/run",
            Entry::Http => "wasi:http/incoming-handler",
        }
    }
}

impl Diagnose for Error {
    fn problems(&self) -> Vec<Problem> {
        let problem = |code| Problem::error(code, self.to_string());
        vec![match self {
            Error::Read { source, .. } => problem("runtime::read").because(source.to_string()),
            Error::NotAComponent { core_module: true, .. } => problem("runtime::not-a-component")
                .because("it is a core WebAssembly module")
                .help("make a component of it with the part's own builder, or with `wasm-tools component new`"),
            Error::NotAComponent { core_module: false, .. } => {
                problem("runtime::not-a-component").because("it does not begin as WebAssembly does")
            }
            Error::Compile { source, .. } => chain(problem("runtime::compile"), source),
            Error::Engine { source } => chain(problem("runtime::engine"), source),
            Error::Unsatisfied { imports, .. } => {
                return imports.iter().map(|import| unsatisfied(&self.to_string(), import)).collect();
            }
            Error::Mismatch { source, .. } => chain(problem("runtime::import-mismatch"), source)
                .help("build the part against the WASI packages that Mosaic brings: `cargo mosaic build`"),
            Error::NoEntry { name, wanted, exports } => no_entry(problem("runtime::no-entry"), name, *wanted, exports),
            Error::Dir { source, .. } => chain(problem("runtime::granted-folder"), source),
            Error::Data { source, .. } => match source {
                redb::DatabaseError::DatabaseAlreadyOpen => problem("runtime::data-in-use")
                    .because("another process has it open")
                    .help("stop the other server, or give this one another data folder"),
                source => problem("runtime::data").because(source.to_string()),
            },
            Error::DataFolder { source, .. } => problem("runtime::data-folder").because(source.to_string()),
            Error::Profile { source, .. } => problem("runtime::profile").because(source.to_string()),
            Error::Backend { why, .. } => problem("runtime::backend")
                .because(why.clone())
                .help("start a server there, or name none (`--kv-store`, `--blob-store`, `--messaging`, `[stores]`): then \
                     what is kept is kept in the data folder, and messages stay in this process"),
            Error::AnyTopic => problem("runtime::any-topic")
                .help("grant each topic by its name: `{ topic = \"orders\" }`, or `--topic orders`"),
            Error::NoData => problem("runtime::no-data-folder").help("name a data folder: `--data FOLDER`, or `--kv-store memory` for a try"),
            Error::Unsaid { interface, .. } => problem("runtime::unsaid-label")
                .because(format!("it keeps `{interface}` apart for some of its parts, and its section `mosaic:grants` does not say for which"))
                .help("compose it anew from its project: `cargo mosaic build`"),
            Error::UnknownLabel { .. } => problem("runtime::unknown-label")
                .because("its section `mosaic:grants` was not made for this component")
                .help("compose it anew from its project: `cargo mosaic build`"),
            Error::Bind { address, source } => {
                let problem = problem("runtime::bind").because(source.to_string());
                match source.kind() {
                    std::io::ErrorKind::AddrInUse => {
                        problem.help(format!("use a free port: `--addr {}:0`", address.ip()))
                    }
                    _ => problem,
                }
            }
            Error::BindMetrics { address, source } => problem("runtime::bind")
                .because(source.to_string())
                .help(format!("use a free port: `--metrics {}:0`", address.ip())),
            Error::Threads { source } => problem("runtime::threads").because(source.to_string()),
            Error::Trapped { name, trapped } => trap_problem(&format!("`{name}`"), trapped),
        }]
    }
}

/// A trap told whole; `what` trapped.
pub(super) fn trap_problem(what: &str, trapped: &Trapped) -> Problem {
    let message = match trapped.part() {
        Some(part) => format!("{what} trapped in `{part}`: {}", trapped.reason),
        None => format!("{what} trapped: {}", trapped.reason),
    };
    let mut problem = Problem::error("runtime::trap", message);
    problem.component = trapped.part().map(str::to_owned);
    problem.causes = stack(&trapped.frames);
    match &trapped.dump {
        Some(dump) => problem.help(format!("what it was then is in `{}`", dump.display())),
        None => problem,
    }
}

/// A line for each frame; one for all that follow each other and are the same, as recursion leaves them.
fn stack(frames: &[Frame]) -> Vec<String> {
    let frames: Vec<String> = frames.iter().map(ToString::to_string).collect();
    let runs = frames.chunk_by(|one, next| one == next);
    runs.map(|run| if run.len() > 1 { format!("{} ({} times)", run[0], run.len()) } else { run[0].clone() }).collect()
}

fn chain(mut problem: Problem, error: &wasmtime::Error) -> Problem {
    problem.causes.extend(error.chain().map(ToString::to_string));
    problem
}

fn unsatisfied(message: &str, import: &str) -> Problem {
    let problem = Problem::error("runtime::unsatisfied-import", format!("{message}: `{import}`"));
    if import.starts_with("wasi:") {
        problem
            .because("this host has no such WASI interface, or not in a compatible version")
            .help("see what each part asks for: `cargo mosaic inspect`")
    } else {
        problem.because("it is no interface of the host, so another component must provide it").help(format!(
            "compose it with a component that exports `{import}`: `cargo mosaic compose A.wasm B.wasm -o APP.wasm`"
        ))
    }
}

fn no_entry(problem: Problem, name: &str, wanted: Entry, exports: &[String]) -> Problem {
    let problem = match exports {
        [] => problem.because("it exports nothing"),
        exports => problem.because(format!("it exports {}", exports.join(", "))),
    };
    let exports = |prefix: &str| exports.iter().any(|export| export.starts_with(prefix));
    match wanted {
        Entry::Run if exports("wasi:http/") => problem.help(format!("serve it: `cargo mosaic serve {name}`")),
        Entry::Http if exports("wasi:cli/run") => problem.help(format!("run it: `cargo mosaic run {name}`")),
        _ => problem,
    }
}
