//! A connection that knows whether its client still takes what is sent.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Since when a write has been waiting for the client.
#[derive(Debug)]
pub(super) struct Progress {
    began: Instant,
    /// Milliseconds after `began`; `u64::MAX` while no write waits.
    waiting_since: AtomicU64,
}

impl Default for Progress {
    fn default() -> Self {
        Progress { began: Instant::now(), waiting_since: AtomicU64::new(u64::MAX) }
    }
}

impl Progress {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    fn note<T>(&self, poll: &Poll<T>) {
        match poll {
            Poll::Ready(_) => self.waiting_since.store(u64::MAX, Ordering::Relaxed),
            Poll::Pending => {
                // The first wait counts; an error means that one is under way already.
                let _ = self.waiting_since.compare_exchange(u64::MAX, self.now(), Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }

    /// Ends when a write has been waiting so long.
    pub async fn stalled(&self, timeout: Duration) {
        loop {
            let waited = match self.waiting_since.load(Ordering::Relaxed) {
                u64::MAX => Duration::ZERO,
                since => Duration::from_millis(self.now().saturating_sub(since)),
            };
            match timeout.checked_sub(waited) {
                Some(left) if !left.is_zero() => tokio::time::sleep(left).await,
                _ => return,
            }
        }
    }
}

/// A socket whose writes are noted.
pub(super) struct Watched {
    io: TokioIo<TcpStream>,
    progress: Arc<Progress>,
}

impl Watched {
    pub fn new(stream: TcpStream, progress: Arc<Progress>) -> Watched {
        Watched { io: TokioIo::new(stream), progress }
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
        self.progress.note(&poll);
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.io).poll_write_vectored(cx, pieces);
        self.progress.note(&poll);
        poll
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
