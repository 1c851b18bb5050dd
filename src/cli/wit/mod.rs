//! `cargo mosaic wit`: what is done to WIT by itself.

mod files;
mod fmt;
mod lint;

use super::{Failure, exit::Exit, reporter::Reporter};

/// Format WIT files, and say what they will be regretted for
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic wit fmt                   the WIT of this project
  cargo mosaic wit fmt --check           say what is laid out otherwise, and exit with 100
  cargo mosaic wit lint                  say what could be better
  cargo mosaic wit lint --explain all    the rules")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Fmt(fmt::Args),
    Lint(lint::Args),
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    match args.command {
        Command::Fmt(args) => fmt::run(args, reporter),
        Command::Lint(args) => lint::run(args, reporter),
    }
}
