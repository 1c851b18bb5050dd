//! `cargo mosaic man`: manual pages, one for each command.

use std::path::PathBuf;

use clap::CommandFactory;
use mosaic::{cache, diagnostic::Problem, event::Event};

use super::{Cli, Failure, exit::Exit, reporter::Reporter};

/// Write the manual pages
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic man | man -l -                             read the first page
  cargo mosaic man --out-dir ~/.local/share/man/man1      install all of them")]
pub struct Args {
    /// Folder to write all pages to, else the first goes to stdout
    #[arg(long, value_name = "FOLDER")]
    out_dir: Option<PathBuf>,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let mut command = Cli::command().bin_name("cargo-mosaic");
    command.build();
    let Some(folder) = args.out_dir else {
        reporter.raw(&page(command, "cargo-mosaic"));
        return Ok(Exit::Done);
    };
    let visible = command.get_subcommands().filter(|one| !one.is_hide_set()).cloned().collect::<Vec<_>>();
    let pages = std::iter::once(("cargo-mosaic".to_owned(), command))
        .chain(visible.into_iter().map(|one| (format!("cargo-mosaic-{}", one.get_name()), one)));
    for (name, command) in pages {
        let path = folder.join(format!("{name}.1"));
        cache::write_whole(&path, &page(command, &name)).map_err(|error| {
            let message = format!("could not write `{}`", path.display());
            Failure::of(Problem::error("man::failed", message).because(error.to_string()))
        })?;
        reporter.event(Event::Note { verb: "Wrote", text: &path.display().to_string() });
    }
    Ok(Exit::Done)
}

fn page(command: clap::Command, name: &str) -> Vec<u8> {
    let mut roff = Vec::new();
    let man = clap_mangen::Man::new(command).title(name.to_owned());
    man.render(&mut roff).expect("memory can be written to");
    roff
}
