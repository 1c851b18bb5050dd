//! Adds the target to the user's own rustup toolchain: what their `cargo build --target wasm32-wasip2` needs too.

use std::{path::Path, time::Duration};

use super::{download, error::Failure, rust::TARGET};
use crate::process::{self, Command};

/// How long the download of about 30 MB may take.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Runs `rustup target add` for the toolchain that is active in `folder`, unless the server cannot be reached at once:
/// rustup itself is patient with a closed network.
pub(super) fn install(folder: &Path) -> Result<(), Failure> {
    let rustup = process::find("rustup").ok_or(Failure::Absent { program: "rustup" })?;
    // A mirror of the user's own choice is theirs to know.
    if std::env::var_os("RUSTUP_DIST_SERVER").is_none() {
        download::reachable("static.rust-lang.org")?;
    }
    let add = Command::new(rustup).args(["target", "add", TARGET]).cwd(folder).timeout(PATIENCE);
    add.succeed().map_err(Failure::process(format!("add the target {TARGET}")))?;
    Ok(())
}
