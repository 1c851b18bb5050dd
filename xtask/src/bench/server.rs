//! A server under load: a process of its own, and what it has taken as the kernel counts it.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Where a server tells its address, `http://…` somewhere in its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    Stdout,
    Stderr,
}

/// A running server. Dropped, it ends.
pub(super) struct Server {
    child: Child,
    pub address: SocketAddr,
    pub started: Instant,
}

impl Server {
    /// Starts it and waits for its address.
    pub fn start(mut command: Command, tells: Tells) -> Result<Server, String> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).env_remove("RUST_BACKTRACE");
        match tells {
            Tells::Stdout => command.stdout(Stdio::piped()),
            Tells::Stderr => command.stderr(Stdio::piped()),
        };
        let started = Instant::now();
        let mut child = command.spawn().map_err(|e| format!("could not start {command:?}: {e}"))?;
        let mut told: Box<dyn Read + Send> = match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), _) => Box::new(stdout),
            (None, Some(stderr)) => Box::new(stderr),
            (None, None) => return Err("the server has no stream to tell its address on".to_owned()),
        };
        let mut line = String::new();
        let mut reader = BufReader::new(&mut told);
        let address = loop {
            line.clear();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("{command:?} told no address"));
                }
                Ok(_) => {}
            }
            let after = line.split_once("http://").map(|(_, rest)| rest.trim().trim_end_matches('/'));
            if let Some(address) = after.and_then(|address| address.parse().ok()) {
                break address;
            }
        };
        drop(reader);
        // What it goes on to say must not fill the pipe.
        std::thread::spawn(move || io::copy(&mut told, &mut io::sink()));
        Ok(Server { child, address, started })
    }

    /// CPU time of all its threads, past ones included.
    pub fn cpu(&self) -> Duration {
        let id = libc::pid_t::try_from(self.child.id()).unwrap_or_default();
        let mut clock: libc::clockid_t = 0;
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: both places are valid for writes.
        let read = unsafe {
            libc::clock_getcpuclockid(id, &raw mut clock) == 0 && libc::clock_gettime(clock, &raw mut time) == 0
        };
        if read {
            Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
        } else {
            Duration::ZERO
        }
    }

    /// A figure of `/proc/PID/status`, such as `VmHWM` (the largest resident set), in bytes.
    pub fn memory(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or_default() << 10
    }

    /// Mappings of its address space; `vm.max_map_count` bounds them.
    pub fn mappings(&self) -> usize {
        fs::read_to_string(format!("/proc/{}/maps", self.child.id())).map_or(0, |maps| maps.lines().count())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
