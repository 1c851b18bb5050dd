//! The overview of a component beside `wasm-tools component wit`, which tells its world alone.
//!
//! Of the storefront's Python part and of the whole, and of components that others built: memory is held against the size
//! of the file, which both tools read whole.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Taken, guests::Maker, median};
use crate::{Outcome, peers, setup::home};

const RUNS: usize = 15;

/// One line of the table.
struct Row {
    what: String,
    size: u64,
    peer: Taken,
    ours: Taken,
}

pub(super) fn run(mosaic: &Path) -> Outcome {
    let bin = peers::ensure(&["wasm-tools", peers::COMPONENTS])?;
    let wasm_tools = bin.join("wasm-tools");
    let folder = home()?.join("bench/inspect");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let maker = Maker { wasm_tools: &wasm_tools, mosaic, folder: &folder };
    let storefront = maker.storefront()?;
    let python = folder.join("storefront/target/mosaic/components/inference.wasm");
    let others = bin.join("components");
    let files: [(&str, PathBuf); 4] = [
        ("a Rust part of others", others.join("greeter.wasm")),
        ("a StarlingMonkey part of others", others.join("starlingmonkey.wasm")),
        ("the storefront's Python part", python),
        ("the storefront", storefront),
    ];
    let mut rows = Vec::new();
    for (what, file) in files {
        let size = fs::metadata(&file).map_err(|e| format!("{}: {e}", file.display()))?.len();
        let peer = median(RUNS, &mut || command(&wasm_tools, &["component", "wit"], &file))?;
        let ours = median(RUNS, &mut || command(mosaic, &["mosaic", "inspect"], &file))?;
        rows.push(Row { what: what.to_owned(), size, peer, ours });
    }
    print(&rows);
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}

fn command(tool: &Path, args: &[&str], file: &Path) -> Command {
    let mut command = Command::new(tool);
    command.args(args).arg(file);
    command
}

fn print(rows: &[Row]) {
    println!(
        "\nMilliseconds and MiB at most, of the whole process; ratios to `wasm-tools component wit`, and to the file.\n"
    );
    println!(
        "| overview of | file MiB | wasm-tools: CPU | wall | MiB | mosaic: CPU | wall | MiB | CPU ratio | wall ratio | MiB a file's MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let of = |taken: &Taken| {
        let [cpu, wall] = [taken.cpu, taken.wall].map(|time| time.as_secs_f64() * 1e3);
        format!("{cpu:.1} | {wall:.1} | {:.1}", mib(taken.memory))
    };
    for Row { what, size, peer, ours } in rows {
        let cpu = ours.cpu.as_secs_f64() / peer.cpu.as_secs_f64();
        let wall = ours.wall.as_secs_f64() / peer.wall.as_secs_f64();
        let memory = ours.memory as f64 / *size as f64;
        println!("| {what} | {:.1} | {} | {} | {cpu:.2} | {wall:.2} | {memory:.2} |", mib(*size), of(peer), of(ours));
    }
}
