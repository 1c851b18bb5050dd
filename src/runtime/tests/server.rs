//! A server on a thread of its own, asked over real sockets.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use crate::{
    cache::Home,
    diagnostic::Diagnose,
    event::{Event, GuestStream},
    runtime::{Artifact, Error, ServeOptions, Signals, Stop, Tuning, serve},
};

/// Native code of all tests in one folder, so that each guest is compiled once.
pub fn home() -> Home {
    Home { root: std::env::temp_dir().join("mosaic-runtime-tests") }
}

pub fn options() -> ServeOptions {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    ServeOptions { signals: Signals::Ignore, requests: 16, ..ServeOptions::new(any_port, home()) }
}

/// A server on a thread of its own. Dropped, it stops.
pub struct Running {
    pub address: SocketAddr,
    pub stop: Stop,
    pub told: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Running {
    pub fn start(bytes: Vec<u8>, options: ServeOptions) -> Running {
        Running::start_for(Tuning::Run, bytes, options)
    }

    /// With native code made for something.
    pub fn start_for(tuning: Tuning, bytes: Vec<u8>, options: ServeOptions) -> Running {
        let (tell, listening) = mpsc::channel();
        let told = Arc::new(Mutex::new(Vec::new()));
        let stop = options.stop.clone();
        let thread = std::thread::spawn({
            let told = told.clone();
            move || {
                let events = move |event: Event<'_>| match event {
                    Event::Listening { address } => tell.send(address).expect("the test waits"),
                    event => told.lock().unwrap().extend(shown(&event)),
                };
                let artifact = Artifact { tuning, ..Artifact::bytes("app.wasm", &bytes) };
                serve(&artifact, &options, &Shared(Mutex::new(events)).as_events())
            }
        });
        let address = match listening.recv() {
            Ok(address) => address,
            Err(_) => panic!("{:?}", thread.join().unwrap().map_err(|e| e.problems())),
        };
        Running { address, stop, told, thread: Some(thread) }
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        get_from(self.address, path, "")
    }

    /// What was told, once the server has stopped.
    pub fn stop(mut self) -> Vec<String> {
        self.stop.stop();
        self.thread.take().unwrap().join().unwrap().unwrap();
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        self.stop.stop();
    }
}

/// `mpsc::Sender` is not `Sync`, and events come from one thread at a time here.
struct Shared<F>(Mutex<F>);

impl<F: FnMut(Event<'_>)> Shared<F> {
    fn as_events(&self) -> impl Fn(Event<'_>) + Sync + '_
    where
        F: Send,
    {
        |event| (self.0.lock().unwrap())(event)
    }
}

fn shown(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Guest { part, stream, line } => {
            let stream = if *stream == GuestStream::Stdout { "out" } else { "err" };
            Some(format!("{}/{stream}: {line}", part.unwrap_or("?")))
        }
        Event::Log { part, level, context, message } => {
            Some(format!("{} {level:?} {context}: {message}", part.unwrap_or("?")))
        }
        Event::Note { verb: "Metrics", text } => Some((*text).to_owned()),
        Event::Warning(problem) => {
            let frames: String = problem.causes.iter().map(|cause| format!(" < {cause}")).collect();
            Some(format!("{}: {}{frames}", problem.code, problem.message))
        }
        _ => None,
    }
}

/// Asks once; `headers`: more of them, each with its line end.
pub fn get_from(address: SocketAddr, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n").unwrap();
    read_answer(&mut stream)
}

/// Status and body, whatever its framing.
pub fn read_answer(stream: &mut TcpStream) -> (u16, String) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head[9..12].parse().unwrap();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        let mut whole = String::new();
        let mut rest = body;
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap();
            whole.push_str(&after[..size]);
            rest = &after[size + 2..];
        }
        return (status, whole);
    }
    (status, body.to_owned())
}
