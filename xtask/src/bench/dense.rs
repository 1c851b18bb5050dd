//! Ten thousand instances alive at once, by themselves and behind a server, in both configurations of it.
//!
//! 1. By themselves: each was called once, and is held.
//! 2. Behind a server: as many requests, none of which has told its body yet. What is measured is the whole server, the
//!    instances, their stacks, and the connections that hold them.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    guests::Maker,
    instances::Told,
    serve::Servers,
    server::{Server, Tells},
};
use crate::{Outcome, peers};

const INSTANCES: usize = 10_000;

/// Time for the last of them to be there.
const SETTLE: Duration = Duration::from_secs(2);

const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: bench\r\ncontent-length: 1\r\n\r\n";

pub(super) fn run(mosaic: &Path) -> Outcome {
    files()?;
    let servers = Servers::new("dense", mosaic)?;
    let bin = peers::folder()?;
    let maker = Maker { wasm_tools: &bin.join("wasm-tools"), mosaic: &servers.mosaic, folder: &servers.folder };
    maker.prepare()?;
    println!(
        "\n{INSTANCES} instances by themselves, each called once. Memory: what is the process's own share, and the"
    );
    println!("kernel's tables for it. Goals: one part 112 MiB, four parts 614 MiB in `density`.\n");
    println!("| app | configuration | alive | MiB | without tables | KiB each | of it tables | mappings |");
    println!("|---|---|---|---|---|---|---|---|");
    for (what, app) in [("one part", maker.parts(1)?), ("four parts", maker.parts(4)?)] {
        for configuration in ["default", "run", "density"] {
            let count = INSTANCES.to_string();
            let told = Told::of(&servers.mosaic, &app, configuration, &["--call", "go", "--hold", &count])?;
            let [alive, tables, mappings] = ["alive", "tables", "mappings"].map(|key| told.get(key));
            let (alive, tables) = (alive?, tables?);
            let own = told.get("proportional")?;
            let bytes = own + tables;
            let each = |bytes: f64| bytes / alive.max(1.0) / 1024.0;
            println!(
                "| {what} | {configuration} | {alive} | {:.0} | {:.0} | {:.1} | {:.1} | {} |",
                bytes / f64::from(1 << 20),
                own / f64::from(1 << 20),
                each(bytes),
                each(tables),
                mappings?
            );
        }
    }
    println!(
        "\n{INSTANCES} requests that wait, each in an instance of its own; the server's memory, connections included.\n"
    );
    println!("| app | configuration | alive | MiB | KiB each | mappings | s |");
    println!("|---|---|---|---|---|---|---|");
    let (one, four) = (maker.waiting()?, maker.waiting_in_four()?);
    for (what, app, density) in [
        ("one part", &one, None),
        ("one part", &one, Some("--density")),
        ("four parts", &four, None),
        ("four parts", &four, Some("--density")),
    ] {
        let configuration = density.map_or("run", |_| "density");
        eprintln!("==> {what}, {configuration}");
        let mut command = Command::new(&servers.mosaic);
        command.args([
            "mosaic",
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--request-timeout",
            "none",
            "--body-timeout",
            "10m",
        ]);
        command.args(["--max-requests", &INSTANCES.to_string(), "--max-connections", &(2 * INSTANCES).to_string()]);
        command.args(density).arg(app);
        let server = Server::start(command, Tells::Stdout)?;
        let before = server.memory("VmRSS");
        let started = Instant::now();
        let mut waiting = Vec::with_capacity(INSTANCES);
        for _ in 0..INSTANCES {
            let mut stream = TcpStream::connect(server.address).map_err(|e| format!("could not connect: {e}"))?;
            stream.write_all(REQUEST).map_err(|e| format!("could not ask: {e}"))?;
            waiting.push(stream);
        }
        let took = started.elapsed();
        std::thread::sleep(SETTLE);
        let alive = waiting.iter_mut().filter_map(|stream| is_waiting(stream).then_some(())).count();
        let after = server.memory("VmRSS");
        let each = (after - before) as f64 / 1024.0 / alive.max(1) as f64;
        let memory = after as f64 / f64::from(1 << 20);
        let (mappings, took) = (server.mappings(), took.as_secs_f64());
        println!("| {what} | {configuration} | {alive} | {memory:.0} | {each:.1} | {mappings} | {took:.1} |");
    }
    let _ = fs::remove_dir_all(&servers.folder);
    Ok(())
}

/// There is neither an answer nor an end.
fn is_waiting(stream: &mut TcpStream) -> bool {
    let mut answer = [0];
    stream.set_nonblocking(true).is_ok()
        && stream.read(&mut answer).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Lets this process have a file for each connection; the server inherits it.
fn files() -> Outcome {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the place is valid for reads and writes.
    let raised = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0
        }
    };
    let wanted = INSTANCES as u64 + 300;
    if raised && limit.rlim_max >= wanted {
        Ok(())
    } else {
        Err(format!("this needs {wanted} open files, and {} are allowed (`ulimit -Hn`)", limit.rlim_max))
    }
}
