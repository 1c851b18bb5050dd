//! Buckets, wherever they are kept: on this machine's disk, in memory, or by a server.

use std::path::Path;

use crate::runtime::error::Error;

use super::{
    redis::Redis,
    store::{Store, StoreError, Write, Written},
};

/// In place of a server's address: they are kept in memory, and end with the process.
const MEMORY: &str = "memory";

/// All buckets that there are.
pub(in crate::runtime) enum Buckets {
    Here(Store),
    Redis(Redis),
}

/// Where a list of keys goes on: as the keeper of the buckets wrote it, for a guest to hand back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime) enum Cursor {
    Text(String),
    Count(u64),
}

/// Some of a bucket's keys.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Keys {
    pub keys: Vec<String>,
    /// Where more follow.
    pub next: Option<Cursor>,
}

/// Where buckets are kept.
#[derive(Debug, Clone, Copy)]
pub(in crate::runtime) enum Place<'a> {
    Folder(&'a Path),
    /// `redis://…`
    Server(&'a str),
}

impl Buckets {
    pub fn open(place: Place<'_>) -> Result<Buckets, Error> {
        match place {
            Place::Folder(folder) => Store::open(folder).map(Buckets::Here),
            Place::Server(MEMORY) => Store::in_memory().map(Buckets::Here),
            Place::Server(address) => Redis::open(address).map(Buckets::Redis),
        }
    }

    pub async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Buckets::Here(store) => store.get(bucket, key),
            Buckets::Redis(redis) => redis.get(bucket, key).await,
        }
    }

    pub async fn exists(&self, bucket: &str, key: &str) -> Result<bool, StoreError> {
        match self {
            Buckets::Here(store) => store.exists(bucket, key),
            Buckets::Redis(redis) => redis.exists(bucket, key).await,
        }
    }

    /// The values of these keys, of one moment.
    pub async fn get_many(&self, bucket: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        match self {
            Buckets::Here(store) => store.get_many(bucket, keys),
            Buckets::Redis(redis) => redis.get_many(bucket, keys).await,
        }
    }

    /// Some keys, from `after` on.
    pub async fn keys(&self, bucket: &str, after: Option<Cursor>) -> Result<Keys, StoreError> {
        match self {
            Buckets::Here(store) => store.keys(bucket, after),
            Buckets::Redis(redis) => redis.keys(bucket, after).await,
        }
    }

    /// Done when whoever keeps them says that it is.
    pub async fn write(&self, write: Write) -> Result<Written, StoreError> {
        match self {
            Buckets::Here(store) => store.write(write).await,
            Buckets::Redis(redis) => redis.write(write).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_named_in_place_of_a_server() {
        assert!(matches!(Buckets::open(Place::Server("memory")), Ok(Buckets::Here(_))));
        assert!(Buckets::open(Place::Server("memories")).is_err());
    }
}
