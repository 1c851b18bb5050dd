//! From the start of a process to its first answer over HTTP, native code there on both sides.

use std::{fs, path::Path, time::Duration};

use super::{
    guests::Maker,
    load::Load,
    serve::{Buckets, Instances, SETTLED, Servers, Side, signed_in},
};
use crate::{Outcome, peers};

/// Times that each side is started; they take turns.
const RUNS: usize = 21;

/// What one start took.
#[derive(Debug, Clone, Copy)]
struct Start {
    listening: Duration,
    answered: Duration,
    /// CPU time of the process until then.
    cpu: Duration,
}

pub(super) fn run(mosaic: &Path) -> Outcome {
    let servers = Servers::new("start", mosaic)?;
    let bin = peers::folder()?;
    let maker = Maker { wasm_tools: &bin.join("wasm-tools"), mosaic: &servers.mosaic, folder: &servers.folder };
    maker.prepare()?;
    let hello = Load::get("/", "", "hello, world");
    let stranger = Load { status: 401, ..Load::get("/", "", "sign in") };
    let apps = [
        ("hello, 0.2", maker.hello_p2()?, &hello),
        ("hello, 0.3", maker.hello_p3()?, &hello),
        ("storefront", maker.storefront()?, &stranger),
    ];
    println!("\nMilliseconds from the start of the process, medians of {RUNS}; native code is there on both sides.\n");
    println!("| served | wasmtime: listening | first answer | CPU | mosaic: listening | first answer | CPU | answer |");
    println!("|---|---|---|---|---|---|---|---|");
    for (what, app, load) in &apps {
        eprintln!("==> {what}");
        let mut starts = [Vec::new(), Vec::new()];
        // The first of each compiles; one that comes after some time finds that what was kept is as it was.
        for _ in 0..2 {
            once(&servers, Side::Peer, app, load)?;
            once(&servers, Side::Ours, app, load)?;
            std::thread::sleep(SETTLED);
        }
        for _ in 0..RUNS {
            for (side, starts) in [Side::Peer, Side::Ours].into_iter().zip(&mut starts) {
                starts.push(once(&servers, side, app, load)?);
            }
        }
        let of: [fn(&Start) -> Duration; 3] = [|s| s.listening, |s| s.answered, |s| s.cpu];
        let [peer, ours] = starts.map(|all| of.map(|of| median(&all, of)));
        let ratio = ours[1].as_secs_f64() / peer[1].as_secs_f64();
        let shown = |times: [Duration; 3]| times.map(|time| format!("{:.2}", time.as_secs_f64() * 1e3)).join(" | ");
        println!("| {what} | {} | {} | {ratio:.2} |", shown(peer), shown(ours));
    }
    let server = servers.start(Side::Ours, &apps[2].1, (Instances::Fresh, Buckets::Kept))?;
    let page = signed_in(&server)?.once(server.address)? - server.started;
    println!("\nThe storefront's page through all four parts, after signing in: {:.1} ms.", page.as_secs_f64() * 1e3);
    drop(server);
    let _ = fs::remove_dir_all(&servers.folder);
    Ok(())
}

fn once(servers: &Servers, side: Side, app: &Path, load: &Load) -> Result<Start, String> {
    let server = servers.start(side, app, (Instances::Fresh, Buckets::Kept))?;
    let listening = server.started.elapsed();
    let answered = load.once(server.address)? - server.started;
    Ok(Start { listening, answered, cpu: server.cpu() })
}

fn median(all: &[Start], of: fn(&Start) -> Duration) -> Duration {
    let mut figures: Vec<Duration> = all.iter().map(of).collect();
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
