//! A client's connection, given up where the client takes nothing of what is sent, or too slowly.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep},
};

use super::exchange::Deadline;

/// When the request under way is over, whatever its client does. Shared by a connection and its requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Due {
    at: Arc<Mutex<Deadline>>,
}

impl Due {
    pub fn set(&self, deadline: Deadline) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    fn get(&self) -> Deadline {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that fails when a write waits longer than its client may make it wait.
pub(super) struct Watched {
    io: TokioIo<TcpStream>,
    due: Due,
    /// For a client that takes nothing.
    stall: Duration,
    /// While a write waits.
    wait: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    pub fn new(stream: TcpStream, due: Due, stall: Duration) -> Watched {
        Watched { io: TokioIo::new(stream), due, stall, wait: None }
    }

    /// The outcome of a write, or its failure where it has waited too long.
    fn watched(&mut self, poll: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if poll.is_ready() {
            self.wait = None;
            return poll;
        }
        let (stall, due) = (self.stall, &self.due);
        let wait = self.wait.get_or_insert_with(|| {
            let stalled = Instant::now() + stall;
            Box::pin(tokio::time::sleep_until(due.get().map_or(stalled, |due| due.min(stalled))))
        });
        wait.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.watched(poll, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.io).poll_write_vectored(cx, pieces);
        self.watched(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
