//! The address a server listens on, and its connections: a task each.
//!
//! A connection beyond the server's number is answered 503 and closed; one that tells no request in time is closed.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::Instant,
};

use crate::runtime::metrics::Metrics;

use super::{
    ServeOptions,
    connection::{Due, Watched},
    exchange::{Ends, Server, exchange},
    messages::Backlog,
};

/// Files that are no connections: the program's own, and those of guests.
const OTHER_FILES: usize = 256;

/// Connections told at once that there is no place; more are closed without a word.
const REFUSALS: usize = 128;

/// How much longer than its time a request's answer may be on its way.
const GRACE: Duration = Duration::from_secs(1);

/// The smallest buffer a connection may have, in bytes: hyper's.
const SMALLEST_BUFFER: usize = 8192;

pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // To bind again while connections of the last server linger; elsewhere it would let two servers share a port.
    socket.set_reuseaddr(cfg!(unix))?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// A connection is a file: as many as this process is allowed, rather than the soft limit's customary 1,024. Where that
/// is fewer than `wanted`, connections are turned away before files run out.
fn affordable(wanted: usize) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        // `None` is without limit.
        if limit.current != limit.maximum {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
        }
        match getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok()) {
            Some(files) => wanted.min(files.saturating_sub(OTHER_FILES).max(files / 2)),
            None => wanted,
        }
    }
    #[cfg(not(unix))]
    wanted
}

/// Accepts until stopped, then waits for what is under way, and for messages that wait.
pub(super) async fn accept(listener: TcpListener, server: Arc<Server>, backlog: Backlog, options: Arc<ServeOptions>) {
    let places = Arc::new(Semaphore::new(affordable(options.connections)));
    let refusals = Arc::new(Semaphore::new(REFUSALS));
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
                    Err(_) => {
                        if let Some(metrics) = &server.watch.metrics {
                            metrics.refused("connections");
                        }
                        if let Ok(refusal) = refusals.clone().try_acquire_owned() {
                        tokio::spawn(async move {
                            refuse(stream).await;
                            drop(refusal);
                        });
                        }
                    }
                },
                // Out of files, most likely: those that end make room.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    let all_done = async {
        while connections.join_next().await.is_some() {}
        // Guests that still work after their answer was sent, and those that handle messages.
        backlog.done(&server, options.requests).await;
    };
    let _ = tokio::time::timeout(options.drain, all_done).await;
}

async fn connection(stream: TcpStream, server: Arc<Server>, options: Arc<ServeOptions>) {
    // Small pieces go out as the guest writes them.
    let _ = stream.set_nodelay(true);
    let (Ok(address), Ok(client)) = (stream.local_addr(), stream.peer_addr()) else { return };
    let _open = server.watch.metrics.clone().map(Open::new);
    let ends = Ends { client, server: address };
    let due = Due::default();
    let io = Watched::new(stream, due.clone(), options.stall_timeout);
    let timeout = options.request_timeout;
    let service = service_fn(move |request| {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        due.set(deadline.map(|at| at + GRACE));
        exchange(server.clone(), request, ends, deadline)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_header_size(options.max_header)
        .max_buf_size(options.max_header.max(SMALLEST_BUFFER))
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
        }
    }
}

/// Counted among the open connections as long as it lives.
struct Open(Arc<Metrics>);

impl Open {
    fn new(metrics: Arc<Metrics>) -> Open {
        metrics.connections.fetch_add(1, Ordering::Relaxed);
        Open(metrics)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Turns a connection away.
async fn refuse(mut stream: TcpStream) {
    const ANSWER: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    // The client may be gone, or not listen.
    let _ = tokio::time::timeout(Duration::from_secs(1), async {
        stream.write_all(ANSWER).await?;
        stream.shutdown().await?;
        // What it sends is read, as closing on unread bytes would take the answer back.
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    })
    .await;
}
