//! `cargo mosaic wit`: what is done to WIT files as texts.

mod files;
mod fmt;

use super::{Failure, exit::Exit, reporter::Reporter};

/// Format WIT files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic wit fmt                   the WIT of this project
  cargo mosaic wit fmt --check           say what is laid out otherwise, and exit with 100")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Fmt(fmt::Args),
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    match args.command {
        Command::Fmt(args) => fmt::run(args, reporter),
    }
}
