//! Composition beside `wac`: many small components, few large ones, and one that changed among many.
//!
//! Mosaic remembers of each part that it is valid, and of each app how its parts fit together. So there are two figures:
//! of a first time, with an empty cache folder, and of all times after it. Under the table stands where the time of a
//! first time went, as `-v` tells it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Taken, median, once,
    parts::{Parts, Shape, parts},
};
use crate::{Outcome, peers, setup::home};

const RUNS: usize = 7;
const SIZES: [usize; 5] = [2, 10, 100, 200, 400];
/// More than engines accept: by their instances, and by their components.
const TOO_MANY: [usize; 2] = [500, 1_000];
/// A large component, in bytes.
const LARGE: usize = 18 << 20;
/// How many of them.
const LARGE_PARTS: usize = 5;
const MIB: f64 = (1 << 20) as f64;

/// The two tools.
struct Tools {
    mosaic: PathBuf,
    wac: PathBuf,
    wasm_tools: PathBuf,
    folder: PathBuf,
}

/// One line of the table.
struct Row {
    what: String,
    peer: Option<Taken>,
    first: Option<Taken>,
    again: Taken,
    /// What `-v` says of a first time.
    profile: Option<String>,
}

pub(super) fn run(mosaic: &Path) -> Outcome {
    let bin = peers::ensure(&["wac", "wasm-tools"])?;
    let folder = home()?.join("bench/compose");
    let _ = fs::remove_dir_all(&folder);
    let tools = Tools {
        mosaic: mosaic.to_owned(),
        wac: bin.join("wac"),
        wasm_tools: bin.join("wasm-tools"),
        folder: folder.clone(),
    };
    let start = tools.start()?;
    let mut small = Vec::new();
    for shape in [Shape::Chain, Shape::FanIn] {
        for count in SIZES {
            small.push(tools.compared(format!("{shape:?}, {count}"), (shape, count), 0)?);
        }
    }
    let changed = tools.one_changed()?;
    let large = tools.compared(format!("Chain, {LARGE_PARTS} of 18 MB"), (Shape::Chain, LARGE_PARTS), LARGE)?;
    table([&start].into_iter().chain(&small).chain([&changed, &large]));
    growth(&small);
    goals(&small, &changed, &large);
    for count in TOO_MANY {
        tools.refused(count)?;
    }
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}

impl Tools {
    /// What a process costs that does nothing.
    fn start(&self) -> Result<Row, String> {
        let version = |tool: &Path| {
            let mut command = Command::new(tool);
            command.arg("--version");
            command
        };
        let peer = Some(median(RUNS, &mut || version(&self.wac))?);
        let again = median(RUNS, &mut || version(&self.mosaic))?;
        Ok(Row { what: "process start".to_owned(), peer, first: None, again, profile: None })
    }

    fn compared(&self, what: String, (shape, count): (Shape, usize), ballast: usize) -> Result<Row, String> {
        eprintln!("==> {what}");
        let parts = self.parts(&what, (shape, count), ballast)?;
        let peer = median(RUNS, &mut || self.wac(&parts)).map_err(|why| eprintln!("    the peer: {why}")).ok();
        let first = median(RUNS, &mut || {
            self.forget(&parts);
            self.mosaic(&parts)
        })?;
        let again = median(RUNS, &mut || self.mosaic(&parts))?;
        self.forget(&parts);
        let profile = self.profile(&parts)?;
        let _ = fs::remove_dir_all(&parts.folder);
        Ok(Row { what, peer, first: Some(first), again, profile })
    }

    /// One of a hundred changes between runs.
    fn one_changed(&self) -> Result<Row, String> {
        let what = "Chain, 100, one changed".to_owned();
        eprintln!("==> {what}");
        let parts = self.parts(&what, (Shape::Chain, 100), 0)?;
        let changed = parts.files[50].clone();
        let original = fs::read(&changed).map_err(|e| format!("{}: {e}", changed.display()))?;
        let mut turn = 0_u32;
        // A custom section: another component of the same type.
        let mut change = || {
            turn += 1;
            let name = format!("turn {turn:04}");
            let section = [&[0, 10, 9][..], name.as_bytes()].concat();
            let bytes = [original.clone(), section].concat();
            fs::write(&changed, bytes).map_err(|e| format!("{}: {e}", changed.display()))
        };
        once(&mut self.mosaic(&parts))?;
        let mut taken = Vec::new();
        for tool in [Self::wac, Self::mosaic] {
            let mut failed = Ok(());
            taken.push(median(RUNS, &mut || {
                if let Err(why) = change() {
                    failed = Err(why);
                }
                tool(self, &parts)
            })?);
            failed?;
        }
        change()?;
        let profile = self.profile(&parts)?;
        let _ = fs::remove_dir_all(&parts.folder);
        Ok(Row { what, peer: Some(taken[0]), first: None, again: taken[1], profile })
    }

    /// Where the time goes, as Mosaic tells it itself.
    fn profile(&self, parts: &Parts) -> Result<Option<String>, String> {
        let mut command = self.mosaic(parts);
        let output = command.arg("-v").output().map_err(|e| format!("could not start {command:?}: {e}"))?;
        let told = String::from_utf8_lossy(&output.stderr);
        Ok(told.lines().find_map(|line| line.trim().strip_prefix("Took ")).map(str::to_owned))
    }

    /// Too many components are refused before anything is written.
    fn refused(&self, count: usize) -> Outcome {
        let parts = self.parts("refused", (Shape::Chain, count), 0)?;
        let app = parts.folder.join("ours.wasm");
        let (status, taken) = once(&mut self.mosaic(&parts))?;
        if status == 0 || app.exists() {
            return Err(format!("{count} components were not refused"));
        }
        let (peers, _) = once(&mut self.wac(&parts))?;
        println!(
            "A chain of {count} is refused before anything is written, after {:.0} ms of CPU; `wac` ends with {peers}.",
            taken.cpu.as_secs_f64() * 1e3
        );
        let _ = fs::remove_dir_all(&parts.folder);
        Ok(())
    }

    fn parts(&self, what: &str, of: (Shape, usize), ballast: usize) -> Result<Parts, String> {
        let folder = self.folder.join(what.replace([',', ' '], ""));
        parts(&self.wasm_tools, &folder, of, ballast)
    }

    fn wac(&self, parts: &Parts) -> Command {
        let mut command = Command::new(&self.wac);
        command.current_dir(&parts.folder).args(["compose", "graph.wac", "-o", "wac.wasm"]);
        command
    }

    /// An empty cache folder.
    fn forget(&self, parts: &Parts) {
        let _ = fs::remove_dir_all(parts.folder.join("home"));
    }

    fn mosaic(&self, parts: &Parts) -> Command {
        let mut command = Command::new(&self.mosaic);
        command
            .env("MOSAIC_HOME", parts.folder.join("home"))
            .current_dir(&parts.folder)
            .args(["mosaic", "compose", "-o", "ours.wasm"])
            .args(&parts.files);
        command
    }
}

/// CPU time beside the peer's, and memory.
fn ratio(ours: &Taken, peer: &Taken) -> (f64, f64) {
    (ours.cpu.as_secs_f64() / peer.cpu.as_secs_f64(), ours.memory as f64 / peer.memory as f64)
}

fn table<'a>(rows: impl Iterator<Item = &'a Row>) {
    println!(
        "\nCPU milliseconds and MiB at most, of the whole process, medians of {RUNS}; in brackets, of wac 0.12's.\n"
    );
    println!("| composed | wac | mosaic, first time | mosaic, again |");
    println!("|---|---:|---:|---:|");
    let amounts =
        |taken: &Taken| format!("{:.1} ms, {:.1} MiB", taken.cpu.as_secs_f64() * 1e3, taken.memory as f64 / MIB);
    for Row { what, peer, first, again, .. } in rows {
        let ours = |taken: &Taken| match peer {
            Some(peer) => {
                let (cpu, memory) = ratio(taken, peer);
                format!("{} ({cpu:.2}, {memory:.2})", amounts(taken))
            }
            None => amounts(taken),
        };
        let (peer, first) = (peer.as_ref().map(amounts), first.as_ref().map(ours));
        let none = || "–".to_owned();
        println!("| {what} | {} | {} | {} |", peer.unwrap_or_else(none), first.unwrap_or_else(none), ours(again));
    }
}

/// By how much the time grows as the number of parts is doubled; rows are of [`SIZES`], shape by shape.
fn growth(rows: &[Row]) {
    println!("\n| CPU time for twice the parts | wac | mosaic, first time | mosaic, again |");
    println!("|---|---:|---:|---:|");
    for of_shape in rows.chunks(SIZES.len()) {
        for (half, whole) in of_shape.iter().zip(&of_shape[1..]).skip(2) {
            let times = |of: &dyn Fn(&Row) -> Option<Taken>| match (of(half), of(whole)) {
                (Some(half), Some(whole)) => format!("× {:.1}", whole.cpu.as_secs_f64() / half.cpu.as_secs_f64()),
                _ => "–".to_owned(),
            };
            let (peer, first) = (times(&|row| row.peer), times(&|row| row.first));
            println!("| {} → {} | {peer} | {first} | {} |", half.what, whole.what, times(&|row| Some(row.again)));
        }
    }
}

/// What was set out to be reached, and what was.
fn goals(small: &[Row], changed: &Row, large: &Row) {
    println!("\n| goal | first time | again |");
    println!("|---|---:|---:|");
    let line = |goal: &str, row: &Row, told: &dyn Fn(f64, f64, &Taken) -> String| {
        let told = |taken: &Taken| match &row.peer {
            Some(peer) => {
                let (cpu, memory) = ratio(taken, peer);
                told(cpu, memory, taken)
            }
            None => "–".to_owned(),
        };
        println!("| {goal} | {} | {} |", row.first.as_ref().map_or("–".to_owned(), told), told(&row.again));
    };
    let both = |cpu: f64, memory: f64, _: &Taken| format!("{cpu:.3}, {memory:.2}");
    line("400 in a chain: 1/8 (0.125) of wac's CPU, 1/5 (0.20) of its memory", &small[SIZES.len() - 1], &both);
    line("one of 100 changed: 1/10 (0.100) of wac's CPU", changed, &|cpu, _, _| format!("{cpu:.3}"));
    let largest = LARGE as f64 / MIB;
    let wall = |taken: &Taken| taken.wall.as_secs_f64() / large.peer.map_or(f64::NAN, |peer| peer.wall.as_secs_f64());
    line(
        "5 of 18 MB: 1/4 (0.250) of wac's CPU, of its wall time; MiB beyond the largest part: 16",
        large,
        &|cpu, _, taken| format!("{cpu:.3}, {:.3}; {:.1}", wall(taken), taken.memory as f64 / MIB - largest),
    );
    println!("\nWhere a first time goes, as `cargo mosaic compose -v` tells it (wall time):\n");
    for row in small.iter().filter(|row| row.what.ends_with(" 400")).chain([changed, large]) {
        println!("- {}: {}", row.what, row.profile.as_deref().unwrap_or("nothing was told"));
    }
    println!();
}
