//! Containers of objects, wherever they are kept: in a folder of this machine, or by a server.
//!
//! Each call waits for what it asks; on the threads that serve requests, others take over meanwhile.

use std::{fs::File, path::Path};

use bytes::Bytes;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use crate::runtime::error::Error;

use super::{folder::Folder, s3::S3};

/// All containers that there are.
pub(in crate::runtime) enum Blobs {
    Folder(Folder),
    S3(S3),
}

/// What is known of a container or object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime) struct About {
    /// Seconds since 1970.
    pub created: u64,
    /// Bytes.
    pub size: u64,
}

/// The bytes of an object, or some of them.
pub(in crate::runtime) struct Content {
    pub length: u64,
    pub source: Source,
}

/// Where they come from.
pub(in crate::runtime) enum Source {
    /// At its place in the file.
    File(File),
    /// Piece by piece. Where pieces end before `length`, the rest is not to be had.
    Pieces(mpsc::Receiver<Outcome<Bytes>>),
}

/// Why something could not be done, in words a guest can log.
pub(in crate::runtime) type Outcome<T> = Result<T, String>;

/// Where containers are kept.
#[derive(Debug, Clone, Copy)]
pub(in crate::runtime) enum Place<'a> {
    Folder(&'a Path),
    /// `s3://…`
    Server(&'a str),
}

/// Calls whoever keeps them.
macro_rules! keeper {
    ($blobs:expr, $keeper:ident => $call:expr) => {
        match $blobs {
            Blobs::Folder($keeper) => $call,
            Blobs::S3($keeper) => $call,
        }
    };
}

impl Blobs {
    pub fn open(place: Place<'_>) -> Result<Blobs, Error> {
        match place {
            Place::Folder(path) => Folder::open(path)
                .map(Blobs::Folder)
                .map_err(|source| Error::DataFolder { path: path.to_owned(), source }),
            Place::Server(address) => S3::open(address).map(Blobs::S3),
        }
    }

    pub fn create(&self, container: &str) -> Outcome<()> {
        keeper!(self, keeper => keeper.create(container))
    }

    pub fn delete(&self, container: &str) -> Outcome<()> {
        keeper!(self, keeper => keeper.delete(container))
    }

    /// `None`: there is no such container.
    pub fn about(&self, container: &str) -> Outcome<Option<About>> {
        keeper!(self, keeper => keeper.about(container))
    }

    /// `None`: there is no such object.
    pub fn about_object(&self, container: &str, object: &str) -> Outcome<Option<About>> {
        keeper!(self, keeper => keeper.about_object(container, object))
    }

    /// A file for an object to be.
    pub fn begin(&self) -> Outcome<NamedTempFile> {
        match self {
            Blobs::Folder(folder) => folder.begin(),
            Blobs::S3(_) => NamedTempFile::new().map_err(|error| error.to_string()),
        }
    }

    /// Makes such a file an object. Done when whoever keeps it says that it is.
    pub fn finish(&self, file: NamedTempFile, container: &str, object: &str) -> Outcome<()> {
        keeper!(self, keeper => keeper.finish(file, container, object))
    }

    /// The bytes from `start` to `end`, both included, as far as there are any: of the object as it is now.
    pub fn read(&self, container: &str, object: &str, start: u64, end: u64) -> Outcome<Content> {
        keeper!(self, keeper => keeper.read(container, object, start, end))
    }

    /// Names of the objects, in order.
    pub fn list(&self, container: &str) -> Outcome<Vec<String>> {
        keeper!(self, keeper => keeper.list(container))
    }

    pub fn delete_object(&self, container: &str, object: &str) -> Outcome<()> {
        keeper!(self, keeper => keeper.delete_object(container, object))
    }

    pub fn copy(&self, from: (&str, &str), to: (&str, &str)) -> Outcome<()> {
        keeper!(self, keeper => keeper.copy(from, to))
    }

    pub fn rename(&self, from: (&str, &str), to: (&str, &str)) -> Outcome<()> {
        keeper!(self, keeper => keeper.rename(from, to))
    }
}
