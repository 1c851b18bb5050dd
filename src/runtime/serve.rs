//! Serves a `wasi:http` component: a fresh instance for each request.
//!
//! 1. Native code comes from the cache or is compiled, imports are bound, buckets opened. A start that finds its code
//!    compiles nothing.
//! 2. The address is bound and told ([`Event::Listening`]).
//! 3. Each connection is a task, and each request is answered in its connection's task ([`exchange`](super::exchange)).
//! 4. On [`Stop`], or a signal, nothing more is accepted, and what is under way may end within [`ServeOptions::drain`]; a
//!    second one ends everything at once.
//!
//! Invariant: no connection and no request without a bound on its number, its time and its memory.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{
    cache::Home,
    event::{Event, Events},
};

use super::{
    code::{self, Artifact},
    connection::{Progress, Watched},
    error::{Entry, Error},
    exchange::{Handler, Server, exchange, refuse},
    grants::Grants,
    host::keyvalue,
    limits::Limits,
    linker::{self, Streams},
    state::{self, Host},
    symbols::Symbols,
    tell,
};

/// How to serve a component.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    pub address: SocketAddr,
    pub grants: Grants,
    /// Of each request.
    pub limits: Limits,
    /// Where `wasi:keyvalue` is kept; needed where a bucket is granted and imported.
    pub data: Option<PathBuf>,
    pub home: Home,
    /// Requests answered at once; further ones wait up to `queue`, then get 503.
    pub requests: u32,
    pub queue: Duration,
    /// Connections held at once; further ones get 503.
    pub connections: usize,
    /// For the head of a request to come, and for a connection to stay without one.
    pub header_timeout: Duration,
    /// From the head of a request to that of its answer; then 504.
    pub request_timeout: Duration,
    /// For a client that takes nothing of an answer.
    pub stall_timeout: Duration,
    /// For what is under way when the server stops.
    pub drain: Duration,
    pub stop: Stop,
    pub signals: Signals,
}

impl ServeOptions {
    /// Nothing granted, and limits for a public server.
    pub fn new(address: SocketAddr, home: Home) -> ServeOptions {
        ServeOptions {
            address,
            grants: Grants::default(),
            limits: Limits::request(),
            data: None,
            home,
            requests: 1000,
            queue: Duration::from_secs(1),
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(4),
            stop: Stop::default(),
            signals: Signals::Heed,
        }
    }
}

/// Whether SIGINT and SIGTERM stop the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signals {
    Heed,
    Ignore,
}

/// Stops a server from elsewhere.
#[derive(Debug, Clone)]
pub struct Stop {
    /// How often it was asked to.
    asked: Arc<watch::Sender<u8>>,
}

impl Default for Stop {
    fn default() -> Self {
        Stop { asked: Arc::new(watch::Sender::new(0)) }
    }
}

impl Stop {
    /// The first time lets end what is under way, the second ends it.
    pub fn stop(&self) {
        self.asked.send_modify(|asked| *asked = asked.saturating_add(1));
    }

    /// Waits until it was asked so often.
    async fn asked(&self, times: u8) {
        // The sender lives in `self`.
        let _ = self.asked.subscribe().wait_for(|asked| *asked >= times).await;
    }
}

/// Serves until it is stopped.
pub fn serve(artifact: &Artifact<'_>, options: &ServeOptions, events: Events<'_>) -> Result<(), Error> {
    let code = code::load(artifact, &options.home, Some(options.requests), events)?;
    let wasi = linker::entry(&artifact.name, &code.component, Entry::Http)?;
    let pre = linker::link(&artifact.name, &code, Streams::Lines)?;
    let handler = Handler::new(wasi, pre).map_err(|source| Error::Mismatch { name: artifact.name.clone(), source })?;
    let buckets = keyvalue::open(&code.component, &options.grants, options.data.as_deref())?;

    let mut symbols = Symbols::new(artifact, code.digest);
    let (teller, mut told) = tell::channel();
    let server = Arc::new(Server {
        engine: code.engine.clone(),
        handler,
        host: Arc::new(Host {
            grants: options.grants.clone(),
            limits: options.limits,
            teller,
            denials: Default::default(),
            buckets,
        }),
        places: Arc::new(Semaphore::new(options.requests as usize)),
        queue: options.queue,
        timeout: options.request_timeout,
    });
    // A missing folder is told now rather than with the first request.
    server.try_guest()?;
    state::tick(&code.engine);

    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|source| Error::Threads { source })?;
    let result = runtime.block_on(async {
        let listener = bind(options.address).map_err(|source| Error::Bind { address: options.address, source })?;
        let address = listener.local_addr().map_err(|source| Error::Bind { address: options.address, source })?;
        events(Event::Listening { address });
        if options.signals == Signals::Heed {
            heed_signals(options.stop.clone()).map_err(|source| Error::Threads { source })?;
        }
        let mut accepting = tokio::spawn(accept(listener, server, options.clone()));
        loop {
            tokio::select! {
                Some(told) = told.recv() => told.tell(&mut symbols, events),
                _ = &mut accepting => break,
                () = options.stop.asked(2) => break,
            }
        }
        Ok(())
    });
    // Ends what is still running; a guest in the middle of its code ends at its next tick.
    runtime.shutdown_timeout(Duration::from_millis(200));
    while let Ok(told) = told.try_recv() {
        told.tell(&mut symbols, events);
    }
    result
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    raise_file_limit();
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // To bind again while connections of the last server linger; elsewhere it would let two servers share a port.
    socket.set_reuseaddr(cfg!(unix))?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// A connection is a file: as many as this process is allowed, rather than the soft limit's customary 1,024. What
/// cannot be raised shows when accepting fails.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        if limit.current < limit.maximum {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
        }
    }
}

fn heed_signals(stop: Stop) -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                stop.stop();
            }
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            stop.stop();
        }
    });
    Ok(())
}

/// Accepts until stopped, then waits for what is under way.
async fn accept(listener: TcpListener, server: Arc<Server>, options: ServeOptions) {
    let places = Arc::new(Semaphore::new(options.connections));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = options.stop.asked(1) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match places.clone().try_acquire_owned() {
                    Ok(place) => {
                        let connection = connection(stream, server.clone(), options.clone());
                        connections.spawn(async move {
                            connection.await;
                            drop(place);
                        });
                    }
                    Err(_) => drop(tokio::spawn(refuse(stream))),
                },
                // Out of files, most likely: those that end make room.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    let all_done = async {
        while connections.join_next().await.is_some() {}
        // Guests that still work after their answer was sent.
        let _ = server.places.acquire_many(options.requests).await;
    };
    let _ = tokio::time::timeout(options.drain, all_done).await;
}

async fn connection(stream: TcpStream, server: Arc<Server>, options: ServeOptions) {
    // Small pieces go out as the guest writes them.
    let _ = stream.set_nodelay(true);
    let Ok(address) = stream.local_addr() else { return };
    let progress = Arc::new(Progress::default());
    let io = Watched::new(stream, progress.clone());
    let service = service_fn(move |request| exchange(server.clone(), request, address));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            // A client that hangs up or talks nonsense is no news.
            _ = connection.as_mut() => return,
            () = options.stop.asked(1), if !stopping => {
                connection.as_mut().graceful_shutdown();
                stopping = true;
            }
            () = progress.stalled(options.stall_timeout) => return,
        }
    }
}
