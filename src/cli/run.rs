//! `cargo mosaic run`: a command-line program, with the terminal as its own.

use std::path::PathBuf;

use mosaic::runtime::{self, RunOptions};

use super::{Failure, exit::Exit, guest::GuestArgs, reporter::Reporter};

/// Build the app and run it as a command-line program, or run any component
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic run                            the project's app
  cargo mosaic run -- --name Ada              with arguments
  cargo mosaic run tool.wasm --dir .::/work   any wasi:cli component, which sees this folder

It may touch nothing that is not granted. Its exit code is passed on; a trap is 134.")]
pub struct Args {
    /// A component that exports wasi:cli/run, else the project's app
    file: Option<PathBuf>,
    /// Arguments of the program
    #[arg(last = true)]
    args: Vec<String>,
    /// Write down where it spends its time, for the Firefox profiler
    #[arg(long, value_name = "FILE", help_heading = "Observation")]
    profile: Option<PathBuf>,
    /// Where it traps, put a core dump of it into this folder
    #[arg(long, value_name = "FOLDER", help_heading = "Observation")]
    coredump: Option<PathBuf>,
    #[command(flatten)]
    guest: GuestArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let (guest, options) = args.guest.open(args.file, reporter)?;
    let options = RunOptions { args: args.args, profile: args.profile, coredumps: args.coredump, ..options };
    let logs = args.guest.logs.open()?;
    match runtime::run(&guest.artifact, &options, &|event| logs.event(event, reporter)) {
        // A process can pass on eight bits.
        Ok(code) => Ok(Exit::Guest(code.to_le_bytes()[0])),
        Err(error @ runtime::Error::Trapped { .. }) => {
            reporter.problems(&Failure::from(error).0);
            Ok(Exit::Trapped)
        }
        Err(error) => Err(guest.failed(error)),
    }
}
