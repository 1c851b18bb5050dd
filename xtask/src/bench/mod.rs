//! `cargo xtask bench [NAME…] [--mosaic FILE]`: figures of Mosaic beside those of other tools, taken in one run on one machine.
//!
//! Each figure is the median of several runs of a whole process: its CPU seconds and its largest resident set as the
//! kernel counted them for that process alone. What is compared is the ratio; the seconds are those of the machine.

mod calls;
mod code;
mod compose;
mod dense;
mod guests;
mod inspect;
mod instances;
mod load;
mod parts;
mod serve;
mod server;
mod start;
mod wit;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Outcome,
    setup::{cargo, succeed, target, timed},
};

/// A bench: measures the `cargo-mosaic` that is given, and prints its table.
type Bench = fn(&Path) -> Outcome;

/// One line a bench.
const BENCHES: &[(&str, Bench)] = &[
    ("compose", compose::run),
    ("inspect", inspect::run),
    ("serve", serve::run),
    ("start", start::run),
    ("calls", calls::run),
    ("instances", instances::run),
    ("dense", dense::run),
    ("code", code::run),
    ("wit", wit::run),
];

/// Runs the benches named, all of them by default; of a `cargo-mosaic` that is built already after `--mosaic FILE`.
pub fn run(args: &[String]) -> Outcome {
    let (names, built) = match args.iter().position(|arg| arg == "--mosaic") {
        Some(at) => (&args[..at], Some(args.get(at + 1).map(PathBuf::from).ok_or("--mosaic wants a file")?)),
        None => (args, None),
    };
    if let Some(name) = names.iter().find(|name| BENCHES.iter().all(|(known, _)| known != name)) {
        let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no bench `{name}`; there is {}", known.join(", ")));
    }
    let mosaic = built.map_or_else(mosaic, Ok)?;
    let named = |name: &str| names.is_empty() || names.iter().any(|asked| asked == name);
    BENCHES.iter().filter(|(name, _)| named(name)).try_for_each(|(_, bench)| bench(&mosaic))
}

/// The shipped build of `cargo-mosaic`.
fn mosaic() -> Result<PathBuf, String> {
    timed("build cargo-mosaic for release", || {
        succeed(&mut cargo(&["build", "--release", "--package", "cargo-mosaic"])?)
    })?;
    Ok(target()?.join("release").join(format!("cargo-mosaic{}", std::env::consts::EXE_SUFFIX)))
}

/// What one run of a process took.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    /// Of its own, in user and system mode.
    cpu: Duration,
    wall: Duration,
    /// Bytes.
    memory: u64,
}

/// Runs a command several times to its end, and gives the median of each figure. Fails unless every run succeeds.
fn median(runs: usize, command: &mut dyn FnMut() -> Command) -> Result<Taken, String> {
    let mut all = Vec::with_capacity(runs);
    for _ in 0..runs {
        let mut command = command();
        let (status, taken) = once(&mut command)?;
        if status != 0 {
            return Err(format!("{command:?} ended with {status}"));
        }
        all.push(taken);
    }
    let middle = runs / 2;
    let of = |figure: &dyn Fn(&Taken) -> u128| {
        let mut figures: Vec<u128> = all.iter().map(figure).collect();
        figures.sort_unstable();
        figures[middle]
    };
    let nanos = |nanos: u128| Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    Ok(Taken {
        cpu: nanos(of(&|taken| taken.cpu.as_nanos())),
        wall: nanos(of(&|taken| taken.wall.as_nanos())),
        memory: u64::try_from(of(&|taken| taken.memory.into())).unwrap_or(u64::MAX),
    })
}

/// Runs a command once, in silence: its exit status, and what it took.
///
/// A process that is started counts as as large as the one that starts it, whatever it becomes. So a small one stands
/// between: this program anew, with the task [`MEASURE`].
fn once(command: &mut Command) -> Result<(i32, Taken), String> {
    let xtask = std::env::current_exe().map_err(|e| format!("could not find this program: {e}"))?;
    let mut between = Command::new(xtask);
    between.arg(MEASURE).arg(command.get_program()).args(command.get_args()).env_remove("RUST_BACKTRACE");
    if let Some(folder) = command.get_current_dir() {
        between.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => between.env(name, value),
            None => between.env_remove(name),
        };
    }
    let output = between.output().map_err(|e| format!("could not start {command:?}: {e}"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<i64> = told.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [status, cpu, wall, memory] = figures[..] else {
        return Err(format!("could not run {command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    };
    let status = i32::try_from(status).map_err(|e| e.to_string())?;
    let nanos = |figure: i64| Duration::from_nanos(figure.unsigned_abs());
    Ok((status, Taken { cpu: nanos(cpu), wall: nanos(wall), memory: memory.unsigned_abs() }))
}

/// The task that [`once`] runs between itself and the command.
pub(crate) const MEASURE: &str = "measure";

/// Runs the command in `args`, in silence, and prints its exit status, nanoseconds of processor time, nanoseconds of
/// wall time, and largest resident set in bytes.
pub(crate) fn measure(args: &[String]) -> Outcome {
    let (program, args) = args.split_first().ok_or("`measure` wants a command")?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let child = command.spawn().map_err(|e| e.to_string())?;
    let id = i32::try_from(child.id()).map_err(|e| e.to_string())?;
    let mut status = 0;
    // SAFETY: all zeros is a value of this plain structure.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the child is ours and has not been waited for; both places are valid for writes.
    let waited = unsafe { libc::wait4(id, &raw mut status, 0, &raw mut usage) };
    let wall = started.elapsed();
    if waited != id {
        return Err(std::io::Error::last_os_error().to_string());
    }
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.cast_unsigned()) + Duration::from_micros(time.tv_usec.cast_unsigned())
    };
    let cpu = time(usage.ru_utime) + time(usage.ru_stime);
    let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -libc::WTERMSIG(status) };
    println!("{code} {} {} {}", cpu.as_nanos(), wall.as_nanos(), usage.ru_maxrss.cast_unsigned() << 10);
    Ok(())
}
