//! WIT and validation beside `wasm-tools`: WASI's WIT once and a hundred times, a large component, and a project of which
//! nothing has changed.
//!
//! `wasm-tools` can be asked whether WIT resolves only by having it written out again. So there are two rows: of `check`,
//! which answers the question, and of `inspect --wit`, which does the same work. Components are validated in full by
//! both; what is remembered is told apart from what is found out. `wasm-tools` shares bodies out to all cores as well: it is
//! measured on one, which is the goal's measure, and on all.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{Taken, median};
use crate::{
    Outcome, peers,
    setup::{home, root, succeed},
};

const RUNS: usize = 11;
const COPIES: usize = 100;
/// The version of WASI that Mosaic carries last of 0.2.
const WASI: &str = "0.2.12";
/// A large component, in bytes.
const LARGE: usize = 18 << 20;

/// A figure beside that of the peer, or beside what a process takes that does nothing.
struct Row {
    what: &'static str,
    goal: &'static str,
    peer: Option<Taken>,
    ours: Taken,
}

struct Tools {
    mosaic: PathBuf,
    wasm_tools: PathBuf,
    folder: PathBuf,
}

pub(super) fn run(mosaic: &Path) -> Outcome {
    let bin = peers::ensure(&["wasm-tools"])?;
    let folder = home()?.join("bench/wit");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let tools = Tools { mosaic: mosaic.to_owned(), wasm_tools: bin.join("wasm-tools"), folder: folder.clone() };
    let start = Row {
        what: "process start",
        goal: "",
        peer: Some(median(RUNS, &mut || command(&tools.wasm_tools, &["--version"]))?),
        ours: median(RUNS, &mut || command(&tools.mosaic, &["--version"]))?,
    };
    let idle = start.ours;
    let mut rows = vec![start];
    rows.extend(tools.resolved(["WASI's WIT, resolved", "and written out"], "wall <= 1.2", 1)?);
    rows.push(Row {
        what: "a project, unchanged (beside process start)",
        goal: "+ 5 ms",
        peer: Some(idle),
        ours: tools.project()?,
    });
    rows.extend(tools.validated()?);
    let large = ["WASI's WIT 100 times, resolved", "and written out"];
    rows.extend(tools.resolved(large, "wall <= 0.6, memory <= 0.5", COPIES)?);
    print(&rows);
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}

impl Tools {
    /// A folder of WASI's packages in a number of copies, with a world that imports all of them.
    fn resolved(&self, what: [&'static str; 2], goal: &'static str, copies: usize) -> Result<[Row; 2], String> {
        eprintln!("==> {}", what[0]);
        let folder = self.folder.join(format!("wit-{copies}"));
        let texts = wasi()?;
        let mut world = "package bench:root;\nworld all {\n".to_owned();
        for copy in 0..copies {
            let namespace = format!("w{copy:04}");
            for (name, text) in &texts {
                let text = text.replace("wasi:", &format!("{namespace}:"));
                write(&folder.join("deps").join(format!("{namespace}-{name}.wit")), &text)?;
            }
            let _ = writeln!(world, "  include {namespace}:cli/imports@{WASI};");
        }
        write(&folder.join("root.wit"), &format!("{world}}}\n"))?;
        let folder = folder.display().to_string();
        let runs = if copies == 1 { RUNS } else { RUNS / 2 };
        let peer = Some(median(runs, &mut || command(&self.wasm_tools, &["component", "wit", &folder]))?);
        let ours = median(runs, &mut || self.mosaic(&["check", &folder]))?;
        let written = median(runs, &mut || self.mosaic(&["inspect", &folder, "--wit"]))?;
        Ok([Row { what: what[0], goal, peer, ours }, Row { what: what[1], goal: "", peer, ours: written }])
    }

    /// A component of many functions: the first time, and again.
    fn validated(&self) -> Result<[Row; 3], String> {
        eprintln!("==> a component of 18 MB");
        let text = self.folder.join("large.wat");
        let file = self.folder.join("large.wasm").display().to_string();
        write(&text, &large())?;
        succeed(Command::new(&self.wasm_tools).args(["parse", "-o", &file]).arg(&text))?;
        let theirs = || command(&self.wasm_tools, &["validate", &file]);
        let peer = Some(median(RUNS, &mut || theirs())?);
        let alone = Some(median(RUNS, &mut || {
            let mut command = theirs();
            command.env("RAYON_NUM_THREADS", "1");
            command
        })?);
        let first = median(RUNS, &mut || {
            let _ = fs::remove_dir_all(self.home());
            self.mosaic(&["check", &file])
        })?;
        // Long enough after it was written for its looks to be trusted, and seen once since.
        std::thread::sleep(Duration::from_secs(3));
        median(1, &mut || self.mosaic(&["check", &file]))?;
        let again = median(RUNS, &mut || self.mosaic(&["check", &file]))?;
        Ok([
            Row { what: "18 MB validated, the peer on one core", goal: "wall <= 0.6", peer: alone, ours: first },
            Row { what: "both on all cores", goal: "", peer, ours: first },
            Row { what: "the same bytes again", goal: "wall <= 0.1", peer, ours: again },
        ])
    }

    /// The example of four languages, built.
    fn project(&self) -> Result<Taken, String> {
        eprintln!("==> a project, unchanged");
        let folder = root().join("polyglot-examples/storefront");
        let here = |args: &[&str]| {
            let mut command = command(&self.mosaic, args);
            command.current_dir(&folder);
            command
        };
        succeed(&mut here(&["build", "--release"]))?;
        // Until what was just written has settled, it is read each time.
        std::thread::sleep(Duration::from_secs(3));
        median(1, &mut || here(&["check"]))?;
        median(RUNS, &mut || here(&["check"]))
    }

    fn mosaic(&self, args: &[&str]) -> Command {
        let mut command = command(&self.mosaic, args);
        command.env("MOSAIC_HOME", self.home()).current_dir(&self.folder);
        command
    }

    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }
}

fn command(program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// WASI's packages by their names.
fn wasi() -> Result<Vec<(String, String)>, String> {
    let bundled = root().join("wit/bundled");
    let failed = |place: &Path, error: std::io::Error| format!("{}: {error}", place.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(&bundled).map_err(|error| failed(&bundled, error))? {
        let package = entry.map_err(|error| failed(&bundled, error))?.path();
        let version = package.join(WASI);
        let Ok(files) = fs::read_dir(&version) else { continue };
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in files {
            let file = file.map_err(|error| failed(&version, error))?.path();
            texts.push((name.clone(), fs::read_to_string(&file).map_err(|error| failed(&file, error))?));
        }
    }
    texts.sort();
    Ok(texts)
}

/// Functions as compilers leave them: arithmetic, memory, calls, branches.
fn large() -> String {
    const BODY: usize = 6_700;
    let body = "local.get 0 i32.const 305419896 i32.add local.tee 1 i32.load offset=16 local.set 0 \
                block local.get 0 i32.eqz br_if 0 local.get 1 call 0 local.set 0 end ";
    let function = format!("(func (param i32) (result i32) (local i32) {} local.get 0)\n", body.repeat(BODY / 27));
    let mut text = "(component (core module (memory 1)\n".to_owned();
    for _ in 0..LARGE / BODY {
        text += &function;
    }
    text + "))\n"
}

fn write(path: &Path, text: &str) -> Outcome {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn print(rows: &[Row]) {
    println!("\nMilliseconds of CPU and of wall time, MiB at most, of the whole process; ratios to wasm-tools.\n");
    println!("| what | goal | wasm-tools: CPU | wall | MiB | mosaic: CPU | wall | MiB | ratios: CPU | wall | memory |");
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let of = |Taken { cpu, wall, memory }: &Taken| {
        format!("{:.1} | {:.1} | {:.1}", ms(*cpu), ms(*wall), *memory as f64 / f64::from(1 << 20))
    };
    for Row { what, goal, peer, ours } in rows {
        let ratios = peer.as_ref().map_or("– | – | –".to_owned(), |peer| {
            let memory = ours.memory as f64 / peer.memory as f64;
            format!("{:.2} | {:.2} | {memory:.2}", ms(ours.cpu) / ms(peer.cpu), ms(ours.wall) / ms(peer.wall))
        });
        let peer = peer.as_ref().map_or("– | – | –".to_owned(), &of);
        println!("| {what} | {goal} | {peer} | {} | {ratios} |", of(ours));
    }
}
