//! `cargo mosaic completions`: for the command `cargo-mosaic`, as a script for `cargo` would replace cargo's own.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure, exit::Exit, reporter::Reporter};

/// Print a completion script for `cargo-mosaic`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic completions bash > ~/.local/share/bash-completion/completions/cargo-mosaic
  cargo mosaic completions zsh > ~/.zfunc/_cargo-mosaic
  cargo mosaic completions fish > ~/.config/fish/completions/cargo-mosaic.fish")]
pub struct Args {
    shell: Shell,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command().bin_name("cargo-mosaic"), "cargo-mosaic", &mut script);
    reporter.raw(&script);
    Ok(Exit::Done)
}
