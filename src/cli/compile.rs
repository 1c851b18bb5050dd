//! `cargo mosaic compile`: native code ahead of time.

use std::path::PathBuf;

use mosaic::{
    cache::Home,
    runtime::{self, Tuning},
};

use super::{
    Failure,
    app::Guest,
    exit::Exit,
    grants::GrantArgs,
    options::{BuildArgs, LockArgs, ProjectArgs},
    reporter::Reporter,
    stores::StoreArgs,
};

/// Build the app and compile it to native code, or compile any component
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic compile --release        the project's app, as `serve --release` runs it
  cargo mosaic compile app.wasm         any component, as `serve app.wasm` runs it

The code is kept in the user's cache folder (MOSAIC_HOME), for this machine's kind of processor and this release of \
Mosaic: a later `run`, `serve` or `invoke` of the same component compiles nothing. An image that is to start quickly \
carries that folder along.")]
pub struct Args {
    /// A component, else the project's app
    file: Option<PathBuf>,
    /// Compile quickly rather than well, large core modules apart, as is done for a project's `dev` profile
    #[arg(long, requires = "file")]
    quick: bool,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    // What it may touch is no matter here.
    let (grants, stores) = (GrantArgs::default(), StoreArgs::default());
    let mut guest = match args.file {
        Some(file) => Guest::of_file(file, &grants, &stores)?,
        None => Guest::of_project(&args.project, &args.lock, &args.build, (&grants, &stores), reporter)?,
    };
    if args.quick {
        guest.artifact.tuning = Tuning::Edit;
    }
    runtime::compile(&guest.artifact, &Home::from_env(), &|event| reporter.event(event))
        .map_err(|error| guest.failed(error))?;
    Ok(Exit::Done)
}
