//! Composition beside `wac`: many small components, few large ones, and one that changed among many.
//!
//! Mosaic remembers of each part that it is valid, and of each app how its parts fit together. So there are two figures:
//! of a first time, with an empty cache folder, and of all times after it.

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
/// More than engines accept.
const TOO_MANY: usize = 1_000;
/// A large component, in bytes.
const LARGE: usize = 18 << 20;

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
    let mut rows = vec![tools.start()?];
    for shape in [Shape::Chain, Shape::FanIn] {
        for count in [2, 10, 100, 200, 400] {
            rows.push(tools.compared(format!("{shape:?}, {count}"), (shape, count), 0)?);
        }
    }
    rows.push(tools.one_changed()?);
    // Last: a process that is started has been as large as the one that starts it.
    rows.push(tools.compared("five of 18 MB".to_owned(), (Shape::Chain, 5), LARGE)?);
    print(&rows);
    tools.refused()?;
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
        Ok(Row { what: "process start".to_owned(), peer, first: None, again })
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
        let _ = fs::remove_dir_all(&parts.folder);
        Ok(Row { what, peer, first: Some(first), again })
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
        let _ = fs::remove_dir_all(&parts.folder);
        Ok(Row { what, peer: Some(taken[0]), first: None, again: taken[1] })
    }

    /// Too many components are refused before anything is written.
    fn refused(&self) -> Outcome {
        let parts = self.parts("refused", (Shape::Chain, TOO_MANY), 0)?;
        let app = parts.folder.join("ours.wasm");
        let (status, taken) = once(&mut self.mosaic(&parts))?;
        if status == 0 || app.exists() {
            return Err(format!("{TOO_MANY} components were not refused"));
        }
        println!("\n{TOO_MANY} components are refused before anything is written, after {:.0?} of CPU.", taken.cpu);
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

fn print(rows: &[Row]) {
    println!("\nCPU milliseconds and MiB at most, of the whole process; ratios to wac 0.12.\n");
    println!("| composed | wac: CPU | MiB | mosaic, first: CPU | MiB | ratio | again: CPU | MiB | ratio |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let of = |taken: &Option<Taken>| match taken {
        Some(Taken { cpu, memory, .. }) => {
            format!("{:.1} | {:.1}", cpu.as_secs_f64() * 1e3, *memory as f64 / f64::from(1 << 20))
        }
        None => "– | –".to_owned(),
    };
    for Row { what, peer, first, again } in rows {
        let again = Some(*again);
        let ratio = |ours: &Option<Taken>| match (ours, peer) {
            (Some(ours), Some(peer)) => {
                let cpu = ours.cpu.as_secs_f64() / peer.cpu.as_secs_f64();
                format!("{cpu:.2}, {:.2}", ours.memory as f64 / peer.memory as f64)
            }
            _ => "–".to_owned(),
        };
        println!("| {what} | {} | {} | {} | {} | {} |", of(peer), of(first), ratio(first), of(&again), ratio(&again));
    }
}
