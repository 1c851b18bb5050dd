//! `cargo mosaic serve`: an HTTP server, a fresh instance for every request.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use mosaic::{
    cache::Home,
    diagnostic::Problem,
    manifest::Density,
    runtime::{self, AccessLog, Limits, ServeOptions, Traces, Tuning},
};

use super::{
    Failure,
    app::Guest,
    exit::Exit,
    grants::GrantArgs,
    limits::{LimitArgs, ServeLimitArgs, size},
    logs::{LogArgs, unwritable},
    options::{BuildArgs, LockArgs, ProjectArgs},
    reporter::Reporter,
    stores::StoreArgs,
};

/// Build the app and serve it over HTTP, or serve any component
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo mosaic serve                              the project's app, on http://127.0.0.1:8080
  cargo mosaic serve --addr 127.0.0.1:0           on a free port
  cargo mosaic serve app.wasm --kv visits         any wasi:http component, with a bucket
  cargo mosaic serve --access-log access.log      with a line for each request

The first line of stdout is the address. What guests print goes to stderr, with their part's name. Every request has an \
instance of its own, which may touch nothing that is not granted.")]
pub struct Args {
    /// A component that exports wasi:http/incoming-handler or wasi:http/handler, else the project's app
    file: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    addr: SocketAddr,
    #[command(flatten)]
    grants: GrantArgs,
    #[command(flatten)]
    stores: StoreArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    bounds: ServeLimitArgs,
    /// Hold as many instances at once as can be, rather than answer as fast as can be; a part's memory may grow to SIZE,
    /// else to a little more than the largest begins with; `none`: do not, whatever the project's manifest says
    #[arg(long, value_name = "SIZE", num_args = 0..=1, require_equals = true)]
    density: Option<Option<Room>>,
    #[command(flatten)]
    logs: LogArgs,
    /// Write down who asked for what, a line for each request, at the end of this file
    #[arg(long, value_name = "FILE", help_heading = "Logs")]
    access_log: Option<PathBuf>,
    #[command(flatten)]
    observe: ObserveArgs,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    lock: LockArgs,
}

/// What `--density` is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Bytes(u64),
    /// No density.
    None,
}

impl FromStr for Room {
    type Err = String;

    fn from_str(text: &str) -> Result<Room, String> {
        if text == "none" { Ok(Room::None) } else { size(text).map(Room::Bytes) }
    }
}

/// The flag goes before the manifest.
fn density(flag: Option<Option<Room>>, manifest: Option<Density>) -> Option<Density> {
    match flag {
        None => manifest,
        Some(None) => Some(manifest.unwrap_or(Density { room: None })),
        Some(Some(Room::Bytes(room))) => Some(Density { room: Some(room) }),
        Some(Some(Room::None)) => None,
    }
}

/// What there is to see of it from outside.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Observation")]
struct ObserveArgs {
    /// Answer with figures in Prometheus' format, at /metrics on this address
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Send the spans of requests to this collector of OpenTelemetry, by OTLP over HTTP
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp: Option<String>,
    /// Write down where guests spend their time, for the Firefox profiler
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Put core dumps of guests that trap into this folder, up to sixteen
    #[arg(long, value_name = "FOLDER")]
    coredump: Option<PathBuf>,
}

impl ObserveArgs {
    fn traces(&self, service: &str) -> Result<Option<Traces>, Failure> {
        let traces = self.otlp.as_deref().map(|collector| Traces::to(collector, service)).transpose();
        traces.map_err(|error| {
            let message = "traces cannot be sent where they are to go";
            Failure::of(Problem::error("serve::collector", message).because(error.to_string()))
        })
    }
}

pub fn run(args: Args, reporter: &Reporter) -> Result<Exit, Failure> {
    let mut guest = match args.file {
        Some(file) => Guest::of_file(file, &args.grants, &args.stores)?,
        None => Guest::of_project(&args.project, &args.lock, &args.build, (&args.grants, &args.stores), reporter)?,
    };
    let mut limits = Limits::request();
    if let Some(Density { room }) = density(args.density, guest.density) {
        guest.artifact.tuning = Tuning::Density { room };
        // Each memory counts as all its room, and most of that is never touched.
        limits.all_memory = usize::MAX;
    }
    let logs = args.logs.open()?;
    let access = args
        .access_log
        .as_deref()
        .map(|path| AccessLog::open(path, args.logs.format()).map_err(|error| unwritable(path, &error)));
    let options = ServeOptions {
        grants: guest.grants.clone(),
        stores: guest.stores.clone(),
        access: access.transpose()?,
        metrics: args.observe.metrics,
        traces: args.observe.traces(&guest.artifact.name)?,
        profile: args.observe.profile.clone(),
        coredumps: args.observe.coredump.clone(),
        ..args
            .bounds
            .over(ServeOptions { limits: args.limits.over(limits), ..ServeOptions::new(args.addr, Home::from_env()) })
    };
    runtime::serve(&guest.artifact, &options, &|event| logs.event(event, reporter))
        .map_err(|error| guest.failed(error))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_goes_before_the_manifest() {
        let dense = |room| Some(Density { room });
        for (flag, manifest, meant) in [
            (None, None, None),
            (None, dense(Some(1)), dense(Some(1))),
            (Some(None), None, dense(None)),
            (Some(None), dense(Some(1)), dense(Some(1))),
            (Some(Some("4MiB")), dense(Some(1)), dense(Some(4 << 20))),
            (Some(Some("none")), dense(None), None),
        ] {
            let flag = flag.map(|room: Option<&str>| room.map(|room| room.parse().unwrap()));
            assert_eq!(density(flag, manifest), meant, "{flag:?} over {manifest:?}");
        }
        assert!("some".parse::<Room>().is_err());
    }
}
