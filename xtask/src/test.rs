//! `cargo xtask test`: everything CI runs, in groups, each with its time.

use std::time::Instant;

use crate::{
    Outcome, peers,
    setup::{self, cargo, home, succeed},
    tidy,
};

/// A group of tests: its name, what it is, and the arguments to `cargo test`.
struct Group {
    name: &'static str,
    about: &'static str,
    args: &'static [&'static str],
    /// Seconds it may take on two cores with warm caches.
    budget: u64,
}

const GROUPS: &[Group] = &[
    Group {
        name: "unit",
        about: "each room by itself",
        args: &["--lib", "--bins", "--package", "cargo-mosaic"],
        budget: 420,
    },
    Group { name: "cli", about: "every command as a user runs it", args: &["--test", "cli"], budget: 180 },
    Group { name: "apps", about: "the examples and the matrix, built and run", args: &["--test", "apps"], budget: 600 },
];

/// Sets up, tidies, and runs the groups named (all of them by default).
pub fn run(names: &[String]) -> Outcome {
    if let Some(name) = names.iter().find(|name| !GROUPS.iter().any(|group| group.name == **name)) {
        let known: Vec<_> = GROUPS.iter().map(|group| group.name).collect();
        return Err(format!("there is no group `{name}`; there are {}", known.join(", ")));
    }
    let start = Instant::now();
    tidy::run()?;
    setup::run()?;
    let peers = peers::ensure(peers::TESTS)?;
    let mut table = vec![("set-up", start.elapsed().as_secs(), None)];
    let mut failed = Vec::new();
    for group in GROUPS.iter().filter(|group| names.is_empty() || names.iter().any(|name| name == group.name)) {
        eprintln!("==> {}: {}", group.name, group.about);
        let start = Instant::now();
        let mut command = cargo(&["test", "--no-fail-fast"])?;
        command.args(group.args).env("MOSAIC_HOME", home()?).env("MOSAIC_PEERS", &peers);
        if succeed(&mut command).is_err() {
            failed.push(group.name);
        }
        table.push((group.name, start.elapsed().as_secs(), Some(group.budget)));
    }
    println!("\n{:10} {:>6} {:>8}", "group", "took", "budget");
    for (name, took, budget) in &table {
        let budget = budget.map(|seconds| format!("{seconds} s")).unwrap_or_default();
        println!("{name:10} {took:>4} s {budget:>8}");
    }
    println!("{:10} {:>4} s", "in all", start.elapsed().as_secs());
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

/// The long forms: tests marked `ignored` because of their length, nothing else.
pub fn soak() -> Outcome {
    setup::run()?;
    let peers = peers::ensure(peers::TESTS)?;
    let mut command = cargo(&["test", "--no-fail-fast", "--package", "cargo-mosaic"])?;
    command.args(["--lib", "--test", "apps", "--", "--ignored", "--nocapture"]);
    command.env("MOSAIC_HOME", home()?).env("MOSAIC_PEERS", peers);
    succeed(&mut command)
}
