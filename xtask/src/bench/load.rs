//! A bounded client on loopback: connections that are kept alive, each asking again as soon as it was answered.
//!
//! One thread polls all of them, so that the client takes little of the machine. Every answer is looked at: its status,
//! and that its body holds what was expected.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::AsRawFd,
    time::{Duration, Instant},
};

/// What is asked, by how many and for how long.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub connections: usize,
    /// Before anything is counted.
    pub warm_up: Duration,
    pub time: Duration,
    /// A request as it is sent.
    pub request: Vec<u8>,
    /// Of every answer.
    pub status: u16,
    /// What the body of every answer holds.
    pub expected: &'static str,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Answered {
    /// Of each request, in order of size.
    pub latencies: Vec<Duration>,
    pub wall: Duration,
}

impl Answered {
    /// The latency that so many of a thousand requests keep to.
    pub fn latency(&self, per_mille: usize) -> Duration {
        let at = self.latencies.len().saturating_sub(1) * per_mille / 1000;
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

struct Connection {
    stream: TcpStream,
    asked: Instant,
    answer: Vec<u8>,
}

impl Load {
    /// A request without a body.
    pub fn get(path: &str, headers: &str, expected: &'static str) -> Load {
        Load {
            connections: 16,
            warm_up: Duration::from_secs(1),
            time: Duration::from_secs(4),
            request: format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{headers}\r\n").into_bytes(),
            status: 200,
            expected,
        }
    }

    /// Asks. `begin` is called when counting begins.
    pub fn run(&self, address: SocketAddr, begin: &mut dyn FnMut()) -> Result<Answered, String> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(self.connect(address).map_err(|e| format!("could not connect to {address}: {e}"))?);
        }
        let mut polls: Vec<libc::pollfd> = connections
            .iter()
            .map(|connection| libc::pollfd { fd: connection.stream.as_raw_fd(), events: libc::POLLIN, revents: 0 })
            .collect();
        let mut answered = Answered::default();
        let started = Instant::now();
        let mut counting = None;
        loop {
            let now = Instant::now();
            match counting {
                None if now - started >= self.warm_up => {
                    begin();
                    answered.latencies.clear();
                    counting = Some(Instant::now());
                }
                Some(since) if now - since >= self.time => {
                    answered.wall = now - since;
                    answered.latencies.sort_unstable();
                    return Ok(answered);
                }
                _ => {}
            }
            let count = libc::nfds_t::try_from(polls.len()).map_err(|e| e.to_string())?;
            // SAFETY: the array is ours and as long as is said.
            let ready = unsafe { libc::poll(polls.as_mut_ptr(), count, 10_000) };
            if ready <= 0 {
                return Err(format!("{address}: no answer within ten seconds"));
            }
            for (poll, connection) in polls.iter().zip(&mut connections) {
                if poll.revents != 0 && connection.read(self)? {
                    answered.latencies.push(connection.asked.elapsed());
                    connection.ask(&self.request).map_err(|e| format!("{address}: {e}"))?;
                }
            }
        }
    }

    /// One request on a connection of its own: when its answer was there whole.
    pub fn once(&self, address: SocketAddr) -> Result<Instant, String> {
        let mut connection = self.connect(address).map_err(|e| format!("could not connect to {address}: {e}"))?;
        connection.stream.set_nonblocking(false).map_err(|e| e.to_string())?;
        while !connection.read(self)? {}
        Ok(Instant::now())
    }

    fn connect(&self, address: SocketAddr) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut connection = Connection { stream, asked: Instant::now(), answer: Vec::new() };
        connection.ask(&self.request)?;
        Ok(connection)
    }
}

impl Connection {
    fn ask(&mut self, request: &[u8]) -> std::io::Result<()> {
        self.answer.clear();
        self.asked = Instant::now();
        // A few hundred bytes into an empty socket.
        self.stream.write_all(request)
    }

    /// Reads what is there; whether the answer is whole.
    fn read(&mut self, load: &Load) -> Result<bool, String> {
        let mut piece = [0; 16 << 10];
        match self.stream.read(&mut piece) {
            Ok(0) => return Err("the server closed the connection".to_owned()),
            Ok(read) => self.answer.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(format!("could not read an answer: {error}")),
        }
        let Some(body) = whole(&self.answer) else { return Ok(false) };
        let status = format!("HTTP/1.1 {} ", load.status);
        if !self.answer.starts_with(status.as_bytes()) || !contains(body, load.expected.as_bytes()) {
            return Err(format!("not the answer expected:\n{}", String::from_utf8_lossy(&self.answer)));
        }
        Ok(true)
    }
}

/// The body, framed as it came, of an answer that is there whole.
fn whole(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let (head, body) = answer.split_at(end);
    let head = std::str::from_utf8(head).ok()?.to_ascii_lowercase();
    match head.lines().find_map(|line| line.strip_prefix("content-length:")) {
        Some(length) => (body.len() >= length.trim().parse().ok()?).then_some(body),
        None => body.ends_with(b"0\r\n\r\n").then_some(body),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}
