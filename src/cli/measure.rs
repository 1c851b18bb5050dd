//! `cargo mosaic measure`, hidden: figures of a component's instances, as `key value` lines for `cargo xtask bench`.

use std::{path::PathBuf, time::Duration};

use mosaic::{
    cache::Home,
    diagnostic::Problem,
    runtime::{Artifact, Configuration, Life, Maker, Start, Tuning},
};

use super::{Failure, exit::Exit, reporter::Reporter};

/// Instances made before any is counted.
const WARM: u32 = 50;

/// Measure instances of a component
#[derive(Debug, clap::Args)]
pub struct Args {
    file: PathBuf,
    /// Of the engine
    #[arg(long, value_enum)]
    configuration: Kind,
    /// An export of the root to call: a function from u32 to u32
    #[arg(long)]
    call: Option<String>,
    /// Instances to make, one after another
    #[arg(long, default_value = "0")]
    make: u32,
    /// Instances to have at once
    #[arg(long, default_value = "0")]
    hold: u32,
    /// Calls of one instance
    #[arg(long, default_value = "0", requires = "call")]
    calls: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// As a component is served
    Run,
    /// As `serve --density` does
    Density,
    /// The engine's own
    Default,
}

/// One of the times of a life.
type Figure = fn(&Life) -> Duration;

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::of(Problem::error("measure::threads", "cannot measure").because(error.to_string()))
    })?;
    runtime.block_on(measure(&args, reporter))
}

async fn measure(args: &Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let mut artifact = Artifact::file(args.file.clone());
    let ours = Configuration::Ours { live: args.hold.max(1000) };
    let configuration = match args.configuration {
        Kind::Run => ours,
        Kind::Density => {
            artifact.tuning = Tuning::Density { room: None };
            ours
        }
        Kind::Default => Configuration::Default,
    };
    let maker = Maker::open(&artifact, &Home::from_env(), configuration, &|event| reporter.event(event)).await?;
    let export = args.call.as_deref();
    let Start { loaded, bound, first } = maker.start;
    let mut told =
        [("loaded", loaded), ("bound", bound), ("first", first)].map(|(key, time)| (key, time.as_nanos())).to_vec();

    if args.make > 0 {
        let mut lives = Vec::new();
        for turn in 0..args.make.saturating_add(WARM) {
            let life = maker.life(export).await?;
            if turn >= WARM {
                lives.push(life);
            }
        }
        let kinds: [(&str, &str, Figure); 4] = [
            ("made", "made-p99", |life| life.made),
            ("called", "called-p99", |life| life.called),
            ("dropped", "dropped-p99", |life| life.dropped),
            ("life", "life-p99", |life| life.made + life.called + life.dropped),
        ];
        for (middle, rare, of) in kinds {
            let mut times: Vec<Duration> = lives.iter().map(of).collect();
            times.sort_unstable();
            let at = |percent: usize| times.get((times.len() - 1) * percent / 100).map_or(0, Duration::as_nanos);
            told.extend([(middle, at(50)), (rare, at(99))]);
        }
    }
    if args.calls > 0
        && let Some(export) = export
    {
        let mut rounds = Vec::new();
        for _ in 0..5 {
            rounds.push(maker.calls(export, args.calls).await?);
        }
        rounds.sort_unstable();
        told.push(("calls", rounds[rounds.len() / 2].as_nanos()));
    }
    let mut held = Vec::new();
    if args.hold > 0 {
        let before = Memory::now();
        for _ in 0..args.hold {
            match maker.hold(export).await {
                Ok(one) => held.push(one),
                // There is room for no more: what is alive is the figure.
                Err(_) => break,
            }
        }
        let after = Memory::now();
        told.extend([
            ("alive", held.len() as u128),
            ("resident", after.resident.saturating_sub(before.resident).into()),
            ("proportional", after.proportional.saturating_sub(before.proportional).into()),
            ("tables", after.tables.saturating_sub(before.tables).into()),
            ("mappings", after.mappings.into()),
        ]);
    }
    let lines: Vec<String> = told.iter().map(|(key, value)| format!("{key} {value}\n")).collect();
    reporter.raw(lines.concat().as_bytes());
    Ok(Exit::Done)
}

/// Memory of this process, in bytes, as Linux tells it.
#[derive(Default)]
struct Memory {
    resident: u64,
    /// The same, what is shared divided among those who share it.
    proportional: u64,
    /// The kernel's, to map it.
    tables: u64,
    mappings: u32,
}

impl Memory {
    fn now() -> Memory {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
        let figure = |text: &str, key: &str| -> u64 {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or_default() << 10
        };
        let (status, rollup) = (read("status"), read("smaps_rollup"));
        Memory {
            resident: figure(&status, "VmRSS"),
            proportional: figure(&rollup, "Pss"),
            tables: figure(&status, "VmPTE"),
            mappings: u32::try_from(read("maps").lines().count()).unwrap_or(u32::MAX),
        }
    }
}
