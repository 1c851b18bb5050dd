//! `cargo mosaic build`: every part in its own language, then the app.

use super::{
    Failure,
    app::Opened,
    exit::Exit,
    options::{BuildArgs, LockArgs, ProjectArgs},
    reporter::Reporter,
};

/// Build every part in its own language, and compose them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic build                     target/mosaic/APP.wasm
  cargo mosaic build --release           the same, small and fast
  cargo mosaic build auth inference      only these parts, without composing

What has not changed is not built again. Where a compiler is missing, the command that installs it is told.")]
pub struct Args {
    /// Parts to build, without composing; else all, composed
    #[arg(value_name = "COMPONENT")]
    components: Vec<String>,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let opened = Opened::new(&args.project, args.lock.policy(), reporter)?;
    if !args.components.is_empty() {
        opened.build(&args.build, Some(&args.components))?;
        return Ok(Exit::Done);
    }
    opened.app(&args.build)?;
    Ok(Exit::Done)
}
