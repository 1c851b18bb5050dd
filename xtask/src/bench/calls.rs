//! Calls from part to part of one component, beside stock `wasmtime run`.
//!
//! An export makes a number of calls. The CPU time of a process that makes few is taken from that of one that makes
//! many: what is left is the calls, without start and compiling.

use std::{path::Path, process::Command, time::Duration};

use super::{guests::fixture, median, serve::Servers};
use crate::{Outcome, setup::succeed};

const RUNS: usize = 5;

/// What is called: in words, the export, its arguments after the number of calls, and that number.
const CALLS: [(&str, &str, &str, u32); 6] = [
    ("u32 → u32, within a part", "run-iadd1", "", 100_000_000),
    ("u32 → u32, to another part", "run-add1", "", 100_000_000),
    ("string of 1 KiB and back", "run-echo", ", 1024", 1_000_000),
    ("string of 16 KiB and back", "run-echo", ", 16384", 100_000),
    ("1,000 records of numbers", "run-sum", ", 1000", 20_000),
    ("1,000 records with strings", "run-sumn", ", 1000", 10_000),
];

pub(super) fn run(mosaic: &Path) -> Outcome {
    let servers = Servers::new("calls", mosaic)?;
    let app = servers.folder.join("calls.wasm");
    let wasm_tools = crate::peers::folder()?.join("wasm-tools");
    succeed(Command::new(wasm_tools).arg("parse").arg(fixture("calls.wat")).arg("-o").arg(&app))?;
    println!("\nNanoseconds of CPU a call, medians of {RUNS}.\n");
    println!("| call | wasmtime | mosaic | ratio |");
    println!("|---|---|---|---|");
    for (what, export, arguments, count) in CALLS {
        let call = |count: u32| format!("{export}({count}{arguments})");
        let peer = |count| {
            let mut command = Command::new(&servers.wasmtime);
            command.args(["run", "--invoke", &call(count)]).arg(&app);
            command
        };
        let ours = |count| {
            let mut command = Command::new(&servers.mosaic);
            command.args(["mosaic", "invoke"]).arg(&app).arg(call(count));
            command
        };
        let (peer, ours) = (each(&peer, count)?, each(&ours, count)?);
        println!("| {what} | {peer:.2} | {ours:.2} | {:.2} |", ours / peer);
    }
    let _ = std::fs::remove_dir_all(&servers.folder);
    Ok(())
}

/// Nanoseconds of one of `count` calls.
fn each(command: &dyn Fn(u32) -> Command, count: u32) -> Result<f64, String> {
    let cpu = |count| -> Result<Duration, String> { Ok(median(RUNS, &mut || command(count))?.cpu) };
    let (few, many) = (cpu(1)?, cpu(count)?);
    Ok(many.saturating_sub(few).as_secs_f64() * 1e9 / f64::from(count))
}
