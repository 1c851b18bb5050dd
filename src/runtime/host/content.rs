//! What a guest reads of an object: as a stream, or whole.

use std::io;

use bytes::Bytes;
use tokio::{io::AsyncReadExt, sync::mpsc};
use wasmtime_wasi::{
    async_trait,
    p2::{DynInputStream, InputStream, Pollable, StreamError, StreamResult, pipe::AsyncReadStream},
};

use super::blobs::{Content, Outcome, Source};

/// The most that a guest can take in one piece, in bytes.
const WHOLE: u64 = 64 << 20;

impl Content {
    pub fn stream(self) -> DynInputStream {
        match self.source {
            Source::File(file) => Box::new(AsyncReadStream::new(tokio::fs::File::from_std(file).take(self.length))),
            Source::Pieces(pieces) => Box::new(PieceStream { pieces, left: self.length, next: None }),
        }
    }

    pub async fn whole(self) -> Outcome<Vec<u8>> {
        if self.length > WHOLE {
            return Err(format!("its {} bytes are too many for one piece: read it as a stream", self.length));
        }
        let mut bytes = Vec::new();
        match self.source {
            Source::File(file) => {
                let mut file = tokio::fs::File::from_std(file).take(self.length);
                file.read_to_end(&mut bytes).await.map_err(|error| error.to_string())?;
            }
            Source::Pieces(mut pieces) => {
                while let Some(piece) = pieces.recv().await {
                    bytes.extend_from_slice(&piece?);
                }
                if (bytes.len() as u64) < self.length {
                    return Err(cut());
                }
            }
        }
        Ok(bytes)
    }
}

fn cut() -> String {
    "the transfer was cut".to_owned()
}

/// Pieces as they come.
struct PieceStream {
    pieces: mpsc::Receiver<Outcome<Bytes>>,
    /// Bytes that are still to come.
    left: u64,
    /// What came and was not taken yet; `Some(None)`: no more comes.
    next: Option<Option<Outcome<Bytes>>>,
}

impl InputStream for PieceStream {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.next.is_none() {
            self.next = match self.pieces.try_recv() {
                Ok(piece) => Some(Some(piece)),
                Err(mpsc::error::TryRecvError::Empty) => return Ok(Bytes::new()),
                Err(mpsc::error::TryRecvError::Disconnected) => Some(None),
            };
        }
        let failed = |why: String| StreamError::LastOperationFailed(io::Error::other(why).into());
        match self.next.take() {
            Some(Some(Ok(mut piece))) => {
                let taken = piece.split_to(piece.len().min(size));
                if !piece.is_empty() {
                    self.next = Some(Some(Ok(piece)));
                }
                self.left = self.left.saturating_sub(taken.len() as u64);
                Ok(taken)
            }
            Some(Some(Err(why))) => {
                // Nothing follows it.
                self.left = 0;
                Err(failed(why))
            }
            _ if self.left > 0 => {
                self.left = 0;
                Err(failed(cut()))
            }
            _ => Err(StreamError::Closed),
        }
    }
}

#[async_trait]
impl Pollable for PieceStream {
    async fn ready(&mut self) {
        if self.next.is_none() {
            self.next = Some(self.pieces.recv().await);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a guest reads of an object of eight bytes, by up to three at once, until an end.
    async fn read(pieces: Vec<Outcome<Bytes>>) -> (Vec<u8>, &'static str) {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for piece in pieces {
                let _ = sender.send(piece).await;
            }
        });
        let mut stream = Content { length: 8, source: Source::Pieces(receiver) }.stream();
        let mut bytes = Vec::new();
        loop {
            stream.ready().await;
            match stream.read(3) {
                Ok(some) => bytes.extend_from_slice(&some),
                Err(StreamError::Closed) => return (bytes, "closed"),
                Err(_) => {
                    stream.ready().await;
                    assert!(matches!(stream.read(3), Err(StreamError::Closed)));
                    return (bytes, "failed");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_stream_ends_where_its_object_does() {
        let piece = |text: &'static str| Ok(Bytes::from_static(text.as_bytes()));
        assert_eq!(read(vec![piece("hello"), piece(""), piece("you")]).await, (b"helloyou".to_vec(), "closed"));
        assert_eq!(read(vec![piece("hello")]).await, (b"hello".to_vec(), "failed"));
        assert_eq!(read(vec![piece("hello"), Err("gone".to_owned())]).await, (b"hello".to_vec(), "failed"));
        assert_eq!(read(vec![]).await, (vec![], "failed"));
    }
}
