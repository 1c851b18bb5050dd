//! Serves a `wasi:http` component: a fresh instance for each request.
//!
//! 1. Native code comes from the cache or is compiled, imports are bound, buckets opened. A start that finds its code
//!    compiles nothing.
//! 2. The address is bound and told ([`Event::Listening`]).
//! 3. Each connection is a task ([`listen`]), and each request is answered in its connection's task ([`exchange`]).
//! 4. On [`Stop`], or a signal, nothing more is accepted, and what is under way or waits may end within
//!    [`ServeOptions::drain`]; a second one ends everything at once. Messages that were not handled are told.
//!
//! Invariant: no connection and no request without a bound on its number, its time and its memory.

mod access;
mod answer;
mod body;
mod connection;
mod exchange;
mod figures;
mod instances;
mod listen;
mod messages;
mod visit;

use std::{io, net::SocketAddr, num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::{Semaphore, watch};

use crate::{
    cache::Home,
    event::{Event, Events},
};

use super::{
    code::{self, Artifact},
    coredump::Dumps,
    error::{Entry, Error},
    grants::Grants,
    limits::Limits,
    linker::{self, Streams},
    profile::Profile,
    state::{self, Host, Watch},
    stores::Stores,
    symbols::Symbols,
    traces::Traces,
};
use exchange::Server;
use instances::Instances;
use messages::Backlog;

pub use access::{AccessLog, LogFormat};

/// How to serve a component.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    pub address: SocketAddr,
    pub grants: Grants,
    /// Of each request.
    pub limits: Limits,
    pub stores: Stores,
    pub home: Home,
    /// Requests answered at once; further ones wait up to `queue`, then get 503.
    pub requests: u32,
    pub queue: Duration,
    /// Connections held at once; further ones get 503.
    pub connections: usize,
    /// For the head of a request to come, and for a connection to stay without one.
    pub header_timeout: Duration,
    /// For the next piece of a request's body to come; then its guest is told that there is none.
    pub body_timeout: Duration,
    /// From the head of a request to the end of its answer: 504, or the answer is cut. `None`: as long as it takes.
    pub request_timeout: Option<Duration>,
    /// For a client that takes nothing of an answer.
    pub stall_timeout: Duration,
    /// Bytes of a request's head; then 431.
    pub max_header: usize,
    /// Bytes of a request's body; then 413, or where its client did not say how many they are, an error to its guest.
    pub max_body: u64,
    /// Requests that one instance answers, one after another; more than one gives up the isolation of requests.
    pub uses: NonZeroU32,
    pub access: Option<AccessLog>,
    /// Where its figures can be asked for; told as a note once it is bound.
    pub metrics: Option<SocketAddr>,
    /// Where the spans of requests go.
    pub traces: Option<Traces>,
    /// The file in which it is written where guests spend their time.
    pub profile: Option<PathBuf>,
    /// The folder for core dumps of guests that trap.
    pub coredumps: Option<PathBuf>,
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
            stores: Stores::default(),
            home,
            requests: 1000,
            queue: Duration::from_secs(1),
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            request_timeout: Some(Duration::from_secs(60)),
            stall_timeout: Duration::from_secs(30),
            max_header: 64 << 10,
            max_body: 64 << 20,
            uses: NonZeroU32::MIN,
            access: None,
            metrics: None,
            traces: None,
            profile: None,
            coredumps: None,
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
    let profile = options.profile.as_deref().map(|path| Profile::begin(path, &artifact.name, &code)).transpose()?;
    let metrics = options.metrics.map(|_| Arc::default());
    let dumps = options.coredumps.as_deref().map(|folder| Dumps::to(folder, &artifact.name)).transpose()?;
    let watch = Watch { metrics: metrics.clone(), profile: profile.clone(), dumps: dumps.map(Arc::new) };
    let (host, mut told) = Host::open(&code.component, &options.grants, options.limits, &options.stores, watch)?;
    if let Some(traces) = &options.traces {
        traces.tell_to(host.teller.clone());
    }

    let mut symbols = Symbols::new(artifact, &code);
    let messages = messages::Handler::of(&pre);
    let instances = Instances::new(wasi, pre, host.clone(), options.uses)
        .map_err(|source| Error::Mismatch { name: artifact.name.clone(), source })?;
    // A missing folder is told now rather than with the first request.
    instances.try_guest()?;
    let watch =
        visit::Watch { access: options.access.clone(), metrics: metrics.clone(), traces: options.traces.clone() };
    let server = Arc::new(Server {
        instances: Arc::new(instances),
        host,
        places: Arc::new(Semaphore::new(options.requests as usize)),
        queue: options.queue,
        timeout: options.request_timeout,
        body_timeout: options.body_timeout,
        max_body: options.max_body,
        watch,
    });
    state::tick(&code.engine, profile.as_deref());

    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|source| Error::Threads { source })?;
    let result = runtime.block_on(async {
        let listener =
            listen::bind(options.address).map_err(|source| Error::Bind { address: options.address, source })?;
        let address = listener.local_addr().map_err(|source| Error::Bind { address: options.address, source })?;
        let figures = match options.metrics {
            Some(address) => Some(listen::bind(address).map_err(|source| Error::BindMetrics { address, source })?),
            None => None,
        };
        let mut backlog = Backlog::default();
        if let Some(handler) = messages {
            let queue;
            (queue, backlog) = messages::queue(&server.host, &artifact.name, &options.stop).await?;
            tokio::spawn(handler.take(queue, server.clone()));
        }
        let (pending, missed) = (backlog.pending.clone(), backlog.missed.clone());
        events(Event::Listening { address });
        if let Some((listener, metrics)) = figures.zip(metrics) {
            if let Ok(address) = listener.local_addr() {
                events(Event::Note { verb: "Metrics", text: &format!("at http://{address}/metrics") });
            }
            tokio::spawn(figures::answer(listener, metrics));
        }
        if options.signals == Signals::Heed {
            heed_signals(options.stop.clone()).map_err(|source| Error::Threads { source })?;
        }
        let mut accepting = tokio::spawn(listen::accept(listener, server, backlog, Arc::new(options.clone())));
        loop {
            tokio::select! {
                Some(told) = told.recv() => told.tell(&mut symbols, events),
                _ = &mut accepting => break,
                () = options.stop.asked(2) => break,
            }
        }
        Ok(messages::lost(&pending, &missed).collect::<Vec<_>>())
    });
    // Ends what is still running; a guest in the middle of its code ends at its next tick.
    runtime.shutdown_timeout(Duration::from_millis(200));
    if let Some(traces) = &options.traces {
        traces.finish();
    }
    while let Ok(told) = told.try_recv() {
        told.tell(&mut symbols, events);
    }
    let profiled = profile.map_or(Ok(()), |profile| profile.end());
    result?.iter().for_each(|problem| events(Event::Warning(problem)));
    profiled
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
