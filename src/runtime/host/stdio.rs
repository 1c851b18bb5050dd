//! The standard streams of a served guest: lines, each with the part that wrote it.
//!
//! All parts of a composed component share one `wasi:cli/stdout`. A part asks for its stream before it writes, so the
//! stream is made for the part that asks: one look at the stack for each part, none for each write. A part that hands
//! its stream to another speaks under its own name.

use std::{
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use wasmtime::{
    StoreContextMut,
    component::{FutureReader, Linker, Resource, Source, StreamConsumer, StreamReader, StreamResult},
};
use wasmtime_wasi::{
    async_trait,
    p2::{DynOutputStream, OutputStream, Pollable, StreamResult as WriteResult},
    p3::bindings::cli::types::ErrorCode,
};

use crate::{
    event::GuestStream,
    runtime::{
        state::Guest,
        tell::{Teller, Told},
        trap::caller,
    },
};

use super::{P2, P3};

/// A line longer than this is told in pieces, in bytes.
const LONGEST_LINE: usize = 16 << 10;

/// Bytes taken in one write.
const WRITE: usize = 64 << 10;

/// What the parts of one guest say.
pub(in crate::runtime) struct Speech {
    teller: Teller,
    /// One for each part and stream, however often it asks: a line may be written through several handles.
    voices: Vec<Arc<Mutex<Voice>>>,
}

/// One stream of one part. What is left of its last line is told when the guest ends.
struct Voice {
    part: Option<String>,
    stream: GuestStream,
    teller: Teller,
    unsaid: Vec<u8>,
}

impl Speech {
    pub fn new(teller: Teller) -> Speech {
        Speech { teller, voices: Vec::new() }
    }

    fn stream(&mut self, part: Option<String>, stream: GuestStream) -> LineStream {
        let known = self.voices.iter().find(|voice| {
            let voice = lock(voice);
            voice.stream == stream && voice.part == part
        });
        let voice = known.cloned().unwrap_or_else(|| {
            let voice = Voice { part, stream, teller: self.teller.clone(), unsaid: Vec::new() };
            let voice = Arc::new(Mutex::new(voice));
            self.voices.push(voice.clone());
            voice
        });
        LineStream { voice, teller: self.teller.clone() }
    }
}

fn lock(voice: &Mutex<Voice>) -> MutexGuard<'_, Voice> {
    voice.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Voice {
    fn write(&mut self, bytes: &[u8]) {
        self.unsaid.extend_from_slice(bytes);
        let whole = match self.unsaid.iter().rposition(|b| *b == b'\n') {
            Some(end) => end + 1,
            None if self.unsaid.len() >= LONGEST_LINE => self.unsaid.len(),
            None => return,
        };
        let rest = self.unsaid.split_off(whole);
        let lines = mem::replace(&mut self.unsaid, rest);
        // Writers wait until there is room. Where another was quicker, the lines wait for the next write.
        if self.say(&lines).is_err() {
            self.unsaid.splice(..0, lines);
        }
    }

    /// Errors where there is no room; where nobody listens any more it is as good as said.
    fn say(&self, lines: &[u8]) -> Result<(), NoRoom> {
        let text = String::from_utf8_lossy(lines).into_owned();
        match self.teller.try_send(Told::Output { part: self.part.clone(), stream: self.stream, text }) {
            Err(TrySendError::Full(_)) => Err(NoRoom),
            Ok(()) | Err(TrySendError::Closed(_)) => Ok(()),
        }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        if !self.unsaid.is_empty() {
            // Nobody is left to wait for room: what does not fit is lost.
            let _ = self.say(&self.unsaid);
        }
    }
}

/// The reader is behind.
#[derive(Debug)]
struct NoRoom;

/// A handle to a [`Voice`].
struct LineStream {
    voice: Arc<Mutex<Voice>>,
    teller: Teller,
}

impl OutputStream for LineStream {
    fn write(&mut self, bytes: Bytes) -> WriteResult<()> {
        lock(&self.voice).write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> WriteResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> WriteResult<usize> {
        Ok(if self.teller.capacity() > 0 || self.teller.is_closed() { WRITE } else { 0 })
    }
}

#[async_trait]
impl Pollable for LineStream {
    async fn ready(&mut self) {
        // An error means that nobody listens any more: then writing is always possible.
        let _ = self.teller.reserve().await;
    }
}

/// Where a part's `stream<u8>` of WASI 0.3 goes.
struct LineConsumer {
    voice: Arc<Mutex<Voice>>,
    teller: Teller,
    room: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl LineConsumer {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.teller.capacity() > 0 || self.teller.is_closed() {
            self.room = None;
            return Poll::Ready(());
        }
        let teller = self.teller.clone();
        let room = self.room.get_or_insert_with(|| {
            Box::pin(async move {
                let _ = teller.reserve().await;
            })
        });
        ready!(room.as_mut().poll(cx));
        self.room = None;
        Poll::Ready(())
    }
}

impl StreamConsumer<Guest> for LineConsumer {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'_, Guest>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if self.poll_room(cx).is_pending() {
            return if finish { Poll::Ready(Ok(StreamResult::Cancelled)) } else { Poll::Pending };
        }
        let mut source = source.as_direct(store);
        let bytes = source.remaining();
        let taken = bytes.len().min(WRITE);
        lock(&self.voice).write(&bytes[..taken]);
        source.mark_read(taken);
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

/// Gives each part its own streams. `concurrency`: the linker has the interfaces of WASI 0.3.
pub(in crate::runtime) fn link(linker: &mut Linker<Guest>, concurrency: bool) -> wasmtime::Result<()> {
    let streams = [("stdout", "get-stdout", GuestStream::Stdout), ("stderr", "get-stderr", GuestStream::Stderr)];
    for (interface, get, stream) in streams {
        linker.instance(&format!("wasi:cli/{interface}@{P2}"))?.func_wrap(get, move |mut store, (): ()| {
            let part = caller(&store);
            let guest: &mut Guest = store.data_mut();
            let lines: DynOutputStream = Box::new(guest.speech.stream(part, stream));
            let handle: Resource<DynOutputStream> = guest.table.push(lines)?;
            Ok((handle,))
        })?;
        if concurrency {
            linker.instance(&format!("wasi:cli/{interface}@{P3}"))?.func_wrap(
                "write-via-stream",
                move |mut store, (data,): (StreamReader<u8>,)| {
                    let part = caller(&store);
                    let LineStream { voice, teller } = store.data_mut().speech.stream(part, stream);
                    data.pipe(&mut store, LineConsumer { voice, teller, room: None })?;
                    let written: Result<(), ErrorCode> = Ok(());
                    Ok((FutureReader::new(&mut store, async move { wasmtime::error::Ok(written) })?,))
                },
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tell;

    #[test]
    fn lines_are_told_whole_with_their_part() {
        let (teller, mut told) = tell::channel();
        let mut speech = Speech::new(teller);
        let mut out = speech.stream(Some("auth".to_owned()), GuestStream::Stdout);
        let mut again = speech.stream(Some("auth".to_owned()), GuestStream::Stdout);
        let mut err = speech.stream(Some("auth".to_owned()), GuestStream::Stderr);
        out.write(Bytes::from_static(b"hel")).unwrap();
        err.write(Bytes::from_static(b"oops\n")).unwrap();
        again.write(Bytes::from_static(b"lo\nwor")).unwrap();
        out.write(Bytes::from_static(b"ld")).unwrap();
        drop((out, again, err, speech));
        let mut seen = Vec::new();
        while let Some(Told::Output { part, stream, text }) = told.blocking_recv() {
            assert_eq!(part.as_deref(), Some("auth"));
            seen.push((stream, text));
        }
        let line = |stream, text: &str| (stream, text.to_owned());
        assert_eq!(
            seen,
            [
                line(GuestStream::Stderr, "oops\n"),
                line(GuestStream::Stdout, "hello\n"),
                line(GuestStream::Stdout, "world"),
            ]
        );
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let (teller, mut told) = tell::channel();
        let mut speech = Speech::new(teller);
        let mut out = speech.stream(None, GuestStream::Stdout);
        out.write(Bytes::from(vec![b'x'; LONGEST_LINE])).unwrap();
        assert!(matches!(told.try_recv(), Ok(Told::Output { text, .. }) if text.len() == LONGEST_LINE));
    }
}
