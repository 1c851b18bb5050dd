//! `cargo mosaic serve`: an HTTP server, a fresh instance for every request.

use std::{net::SocketAddr, path::PathBuf};

use mosaic::{
    cache::Home,
    runtime::{self, ServeOptions},
};

use super::{
    Failure,
    app::Guest,
    exit::Exit,
    grants::GrantArgs,
    options::{BuildArgs, LockArgs, ProjectArgs},
    reporter::Reporter,
};

/// Build the app and serve it over HTTP, or serve any component
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic serve                              the project's app, on http://127.0.0.1:8080
  cargo mosaic serve --addr 127.0.0.1:0           on a free port
  cargo mosaic serve app.wasm --kv visits         any wasi:http component, with a bucket

The first line of stdout is the address. What guests print goes to stderr, with their part's name. Every request has an \
instance of its own, which may touch nothing that is not granted.")]
pub struct Args {
    /// A component that exports wasi:http/incoming-handler or wasi:http/handler, else the project's app
    file: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    addr: SocketAddr,
    #[command(flatten)]
    grants: GrantArgs,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let guest = match args.file {
        Some(file) => Guest::of_file(file, &args.grants)?,
        None => Guest::of_project(&args.project, &args.lock, &args.build, &args.grants, reporter)?,
    };
    let options = ServeOptions {
        grants: guest.grants.clone(),
        data: guest.data.clone(),
        ..ServeOptions::new(args.addr, Home::from_env())
    };
    runtime::serve(&guest.artifact, &options, &|event| reporter.event(event)).map_err(|error| guest.failed(error))?;
    Ok(Exit::Done)
}
