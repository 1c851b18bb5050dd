//! `cargo mosaic schema`: the JSON schema of `mosaic.toml`, for editors.

use super::{Failure, exit::Exit, reporter::Reporter};

/// Print the JSON schema of mosaic.toml
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Args {}

pub fn run(Args {}: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    reporter.raw(mosaic::manifest::schema_text().as_bytes());
    Ok(Exit::Done)
}
