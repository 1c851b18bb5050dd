//! `cargo mosaic bindings`: generated types and stubs, where editors find them.

use super::{
    Failure,
    app::Opened,
    exit::Exit,
    options::{LockArgs, ProjectArgs},
    reporter::Reporter,
};

/// Generate each part's types from its WIT, where its editor and compiler find them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic bindings              for all parts
  cargo mosaic bindings auth         for one

They lie in `.mosaic/bindings` beside each part's sources; `build` keeps them up to date by itself.")]
pub struct Args {
    /// Parts, else all
    #[arg(value_name = "COMPONENT")]
    components: Vec<String>,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    Opened::new(&args.project, args.lock.policy(), reporter)?.bindings(&args.components)?;
    Ok(Exit::Done)
}
