//! Serving beside stock `wasmtime serve`: the same component, in the same run, over loopback, one server at a time.
//!
//! CPU time a request of the server process is the steady figure; requests a second and latencies are those of the
//! machine, which the client shares. Both sides make a fresh instance for every request, unless it is said otherwise.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    guests::Maker,
    load::{Answered, Load},
    server::{Server, Tells},
};
use crate::{Outcome, http, peers, setup::home};

/// Times that each side is measured; they take turns.
const ROUNDS: usize = 3;

/// Requests that one instance answers where it may be used again.
const MANY: &str = "1000000";

/// What the storefront's tokens are signed with.
const KEY: &str = "SHOP_KEY=a key for benches";

/// The two servers.
pub(super) struct Servers {
    pub mosaic: PathBuf,
    pub wasmtime: PathBuf,
    pub folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Peer,
    Ours,
}

/// Until a file is taken for unchanged by its looks.
pub(super) const SETTLED: Duration = Duration::from_secs(3);

/// Whether an instance answers one request or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instances {
    Fresh,
    Reused,
}

/// Where the buckets of ours are; the peer's are in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Buckets {
    /// On disk, each write before its request is answered.
    Kept,
    Memory,
}

/// What one side took.
#[derive(Debug, Clone, Default)]
struct Figures {
    cpu: Duration,
    rate: f64,
    middle: Duration,
    last: Duration,
    memory: u64,
}

pub(super) fn run(mosaic: &Path) -> Outcome {
    let servers = Servers::new("serve", mosaic)?;
    let bin = peers::folder()?;
    let maker = Maker { wasm_tools: &bin.join("wasm-tools"), mosaic: &servers.mosaic, folder: &servers.folder };
    maker.prepare()?;
    let hello = Load::get("/", "", "hello, world");
    let (p2, p3, four) = (maker.hello_p2()?, maker.hello_p3()?, maker.four_parts()?);
    println!("\nµs of the server's CPU a request; 16 connections; medians of {ROUNDS} runs of {:?}.\n", hello.time);
    println!(
        "| served | wasmtime: CPU | req/s | p50 ms | p99 ms | MiB | mosaic: CPU | req/s | p50 ms | p99 ms | MiB | CPU | p99 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    servers.row("hello, 0.2", &p2, (Instances::Fresh, Buckets::Kept), &mut |_| Ok(hello.clone()))?;
    servers.row("hello, 0.2, reused", &p2, (Instances::Reused, Buckets::Kept), &mut |_| Ok(hello.clone()))?;
    servers.row("hello, 0.3", &p3, (Instances::Fresh, Buckets::Kept), &mut |_| Ok(hello.clone()))?;
    servers.row("four parts", &four, (Instances::Fresh, Buckets::Kept), &mut |_| Ok(hello.clone()))?;
    let storefront = maker.storefront()?;
    for (what, instances, buckets) in [
        ("storefront, buckets on our disk", Instances::Fresh, Buckets::Kept),
        ("the same, reused", Instances::Reused, Buckets::Kept),
        ("storefront, all buckets in memory", Instances::Fresh, Buckets::Memory),
        ("the same, reused", Instances::Reused, Buckets::Memory),
    ] {
        servers.row(what, &storefront, (instances, buckets), &mut signed_in)?;
    }
    let _ = fs::remove_dir_all(&servers.folder);
    Ok(())
}

/// The storefront's page for one who has signed in: Rust asks Go, Python and JavaScript.
pub(super) fn signed_in(server: &Server) -> Result<Load, String> {
    let answer = http::request(&server.address.to_string(), "POST", "/sign-in", &[], "ada")?;
    if answer.status != 200 {
        return Err(format!("the storefront gave no token but {}: {}", answer.status, answer.body));
    }
    let headers = format!("authorization: Bearer {}\r\nuser-agent: bench\r\n", answer.body.trim());
    Ok(Load::get("/", &headers, "Go knew you"))
}

impl Servers {
    pub fn new(bench: &str, mosaic: &Path) -> Result<Servers, String> {
        let bin = peers::ensure(&["wasmtime", "wasm-tools"])?;
        let folder = home()?.join("bench").join(bench);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let mosaic = std::path::absolute(mosaic).map_err(|e| e.to_string())?;
        Ok(Servers { mosaic, wasmtime: bin.join("wasmtime"), folder })
    }

    /// Starts a server of `component`, native code for the peer beside it.
    pub fn start(&self, side: Side, component: &Path, how: (Instances, Buckets)) -> Result<Server, String> {
        let (instances, buckets) = how;
        let reused = instances == Instances::Reused;
        match side {
            Side::Peer => {
                let code = component.with_extension("cwasm");
                if !code.is_file() {
                    let mut compile = Command::new(&self.wasmtime);
                    crate::setup::succeed(compile.arg("compile").arg("-o").arg(&code).arg(component))?;
                }
                let mut command = Command::new(&self.wasmtime);
                command.args(["serve", "--addr", "127.0.0.1:0", "--allow-precompiled", "-S", "cli,keyvalue"]);
                command.args(["--env", KEY, "--max-instance-reuse-count", if reused { MANY } else { "1" }]);
                command.arg(code);
                Server::start(command, Tells::Stderr)
            }
            Side::Ours => {
                let mut command = Command::new(&self.mosaic);
                command.args(["mosaic", "serve", "--addr", "127.0.0.1:0", "--env", KEY, "--kv", "visits"]);
                command.args(match buckets {
                    Buckets::Kept => ["--data", "data"],
                    Buckets::Memory => ["--kv-store", "memory"],
                });
                command.args(["--reuse", if reused { MANY } else { "1" }]);
                command.arg(component).current_dir(&self.folder);
                Server::start(command, Tells::Stdout)
            }
        }
    }

    /// Prints one line of the table.
    fn row(
        &self,
        what: &str,
        component: &Path,
        how: (Instances, Buckets),
        load: &mut dyn FnMut(&Server) -> Result<Load, String>,
    ) -> Outcome {
        eprintln!("==> {what}");
        let mut figures = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (side, figures) in [Side::Peer, Side::Ours].into_iter().zip(&mut figures) {
                let server = self.start(side, component, how)?;
                let load = load(&server)?;
                let mut before = Duration::ZERO;
                let answered = load.run(server.address, &mut || before = server.cpu())?;
                figures.push(Figures::of(&answered, server.cpu() - before, server.memory("VmHWM")));
            }
        }
        let [peer, ours] = figures.map(|all| Figures::median(&all));
        let cpu = ours.cpu.as_secs_f64() / peer.cpu.as_secs_f64();
        let last = ours.last.as_secs_f64() / peer.last.as_secs_f64();
        println!("| {what} | {peer} | {ours} | {cpu:.2} | {last:.2} |");
        Ok(())
    }
}

impl Figures {
    fn of(answered: &Answered, cpu: Duration, memory: u64) -> Figures {
        let requests = u32::try_from(answered.latencies.len()).unwrap_or(u32::MAX).max(1);
        Figures {
            cpu: cpu / requests,
            rate: f64::from(requests) / answered.wall.as_secs_f64(),
            middle: answered.latency(500),
            last: answered.latency(990),
            memory,
        }
    }

    fn median(all: &[Figures]) -> Figures {
        fn middle<T: PartialOrd + Copy + Default>(all: &[Figures], of: fn(&Figures) -> T) -> T {
            let mut figures: Vec<T> = all.iter().map(of).collect();
            figures.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
            figures.get(figures.len() / 2).copied().unwrap_or_default()
        }
        Figures {
            cpu: middle(all, |f| f.cpu),
            rate: middle(all, |f| f.rate),
            middle: middle(all, |f| f.middle),
            last: middle(all, |f| f.last),
            memory: middle(all, |f| f.memory),
        }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cpu = self.cpu.as_secs_f64() * 1e6;
        let [middle, last] = [self.middle, self.last].map(|time| time.as_secs_f64() * 1e3);
        let memory = self.memory as f64 / f64::from(1 << 20);
        write!(f, "{cpu:.1} | {:.0} | {middle:.2} | {last:.2} | {memory:.0}", self.rate)
    }
}
