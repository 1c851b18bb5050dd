//! `cargo mosaic clean`: removes what was built, and nothing else.

use std::io;

use mosaic::{diagnostic::Problem, event::Event};

use super::{Failure, exit::Exit, options::ProjectArgs, reporter::Reporter};

/// Remove everything that was built: `target/mosaic`, and nothing else
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cargo mosaic clean\n\nThe user's cache (MOSAIC_HOME) and toolchains stay.")]
pub struct Args {
    #[command(flatten)]
    project: ProjectArgs,
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let project = args.project.load()?;
    let out = &project.layout.out;
    // A symlink in its place is removed, not followed.
    let removed = match out.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(out),
        Ok(_) => std::fs::remove_file(out),
        Err(error) => Err(error),
    };
    match removed {
        Ok(()) => reporter.event(Event::Note { verb: "Removed", text: &out.display().to_string() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            reporter.event(Event::Note { verb: "Clean", text: "there was nothing to remove" });
        }
        Err(error) => {
            let message = format!("could not remove `{}`", out.display());
            return Err(Failure::of(Problem::error("clean::failed", message).because(error.to_string())));
        }
    }
    Ok(Exit::Done)
}
