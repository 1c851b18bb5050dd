//! Where what guests keep is kept, and who carries what they send.

use std::path::PathBuf;

/// A folder and this process do for everything; servers stand in where they are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stores {
    /// Where `wasi:keyvalue` and `wasi:blobstore` are kept; needed where something of them is granted and imported, and
    /// no server keeps it.
    pub data: Option<PathBuf>,
    /// The server that keeps `wasi:keyvalue` instead: `redis://HOST[:PORT]`; or `memory`, until the process ends.
    pub keyvalue: Option<String>,
    /// The server that keeps `wasi:blobstore` instead: `s3://BUCKET[/PREFIX]`.
    pub blobs: Option<String>,
    /// The server that carries `wasi:messaging` instead: `nats://HOST[:PORT]`.
    pub messages: Option<String>,
}

/// An address without what only its server should know.
pub(super) fn hidden(address: &str) -> String {
    match address.split_once("://").zip(address.rsplit_once('@')) {
        Some(((scheme, _), (_, host))) => format!("{scheme}://{host}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_told() {
        assert_eq!(hidden("redis://me:secret@db:6379/0"), "redis://db:6379/0");
        assert_eq!(hidden("redis://db"), "redis://db");
    }
}
