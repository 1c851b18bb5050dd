//! Native code after an edit: what is compiled again of the storefront when one of its four parts has changed.
//!
//! The sources of a copy are edited to what was never compiled before, and built; then `compile` is timed. What a build
//! for `release` compiles is the whole component; `dev` keeps large core modules apart, each by its content.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{guests::Maker, once, serve::Servers};
use crate::{Outcome, peers, setup::succeed};

/// In each part a text that it answers with: file, text.
const TEXTS: [(&str, &str, &str); 4] = [
    ("gateway (rust)", "gateway/src/lib.rs", "the token's signature is wrong"),
    ("auth (go)", "auth/auth.go", "it has no signature"),
    ("inference (python)", "inference/app.py", "Scores how much a request looks"),
    ("render (javascript)", "render/index.ts", "Please sign in"),
];

pub(super) fn run(mosaic: &Path) -> Outcome {
    let servers = Servers::new("code", mosaic)?;
    let bin = peers::folder()?;
    let maker = Maker { wasm_tools: &bin.join("wasm-tools"), mosaic: &servers.mosaic, folder: &servers.folder };
    let app = maker.storefront()?;
    let project = servers.folder.join("storefront");
    // An empty cache folder each time: nothing is known yet.
    let full = |quick: bool| -> Result<Duration, String> {
        let home = servers.folder.join("home");
        let _ = fs::remove_dir_all(&home);
        let mut command = maker.mosaic();
        command.arg("compile").arg(&app).args(quick.then_some("--quick")).env("MOSAIC_HOME", &home);
        timed(&mut command)
    };
    let (whole, quick) = (full(false)?, full(true)?);
    println!("\nCPU seconds to compile the storefront to native code.\n");
    println!("| compiled | s | of the whole |");
    println!("|---|---|---|");
    let row = |what: &str, taken: Duration| {
        println!("| {what} | {:.2} | {:.3} |", taken.as_secs_f64(), taken.as_secs_f64() / whole.as_secs_f64());
    };
    row("the whole, as for release", whole);
    row("the whole, as for dev", quick);
    let compile = || {
        let mut command = maker.mosaic();
        command.arg("compile").current_dir(&project);
        command
    };
    timed(&mut compile())?;
    for (part, file, text) in TEXTS {
        edit(&project.join(file), text)?;
        succeed(maker.mosaic().arg("build").current_dir(&project))?;
        row(&format!("{part} changed, dev"), timed(&mut compile())?);
    }
    let _ = fs::remove_dir_all(&servers.folder);
    Ok(())
}

/// CPU time of a command that must succeed.
fn timed(command: &mut Command) -> Result<Duration, String> {
    let (status, taken) = once(command)?;
    if status == 0 { Ok(taken.cpu) } else { Err(format!("{command:?} ended with {status}")) }
}

/// Puts a text never seen before into the place of one.
fn edit(file: &Path, text: &str) -> Outcome {
    let say = |e: std::io::Error| format!("{}: {e}", file.display());
    let before = fs::read_to_string(file).map_err(say)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let after = before.replacen(text, &format!("{text} {now}"), 1);
    if after == before {
        return Err(format!("{}: `{text}` is not there any more", file.display()));
    }
    fs::write(file, after).map_err(say)
}
