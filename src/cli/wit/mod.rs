//! `cargo mosaic wit`: WIT files laid out in one way, and looked at by rules.

mod files;
mod fmt;

use super::{Failure, exit::Exit, reporter::Reporter};

/// Format WIT files, or look at them for what their users will stumble over
#[derive(Debug, clap::Args)]
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
