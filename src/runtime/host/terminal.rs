//! The standard streams of a guest that is run as a program: those of this process, cleaned where they are a terminal.

use std::{
    io::{self, Write},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    WasiCtxBuilder, async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

use crate::{
    event::GuestStream,
    runtime::output::{Cleaner, Styles},
};

/// Bytes taken in one write.
const WRITE: usize = 64 << 10;

/// Hands this process's standard streams to the guest.
pub(in crate::runtime) fn inherit(wasi: &mut WasiCtxBuilder) {
    wasi.inherit_stdin();
    if io::stdout().is_terminal() {
        wasi.stdout(Terminal::new(GuestStream::Stdout));
    } else {
        wasi.inherit_stdout();
    }
    if io::stderr().is_terminal() {
        wasi.stderr(Terminal::new(GuestStream::Stderr));
    } else {
        wasi.inherit_stderr();
    }
}

/// A terminal that shows text and colours, and obeys nothing else.
#[derive(Clone)]
struct Terminal {
    stream: GuestStream,
    cleaner: Arc<Mutex<Cleaner>>,
}

impl Terminal {
    fn new(stream: GuestStream) -> Terminal {
        Terminal { stream, cleaner: Arc::new(Mutex::new(Cleaner::new(Styles::Keep))) }
    }

    fn show(&self, bytes: &[u8]) -> io::Result<()> {
        let text = self.cleaner.lock().unwrap_or_else(PoisonError::into_inner).clean(bytes);
        match self.stream {
            GuestStream::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()
            }
            GuestStream::Stderr => io::stderr().lock().write_all(text.as_bytes()),
        }
    }
}

impl IsTerminal for Terminal {
    fn is_terminal(&self) -> bool {
        true
    }
}

impl StdoutStream for Terminal {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Terminal {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.show(&bytes).map_err(|error| StreamError::LastOperationFailed(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

#[async_trait]
impl Pollable for Terminal {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Terminal {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.show(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
