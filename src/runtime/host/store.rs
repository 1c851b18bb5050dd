//! Buckets on disk: one database file, one table for each bucket; or in memory, for a try.
//!
//! Reads see the last commit. Writes go to one thread that takes all that wait, applies them in one transaction and
//! answers when the disk has it: what was acknowledged survives the process, and many writers share one `fsync`.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError, backends::InMemoryBackend};
use tokio::sync::oneshot;

use crate::runtime::error::Error;

use super::buckets::{Cursor, Keys};

/// The file in the data folder.
const FILE: &str = "keyvalue.redb";

/// Memory for pages of the database, in bytes.
const CACHE: usize = 64 << 20;

/// Writes in one transaction at most.
const BATCH: usize = 256;

/// Keys told at once.
const PAGE: usize = 1000;

/// All buckets.
pub(in crate::runtime) struct Store {
    database: Arc<Database>,
    /// `None` only while dropping.
    writes: Option<mpsc::Sender<(Write, Reply)>>,
    writer: Option<JoinHandle<()>>,
}

type Reply = oneshot::Sender<Result<Written, StoreError>>;

/// One change, done whole or not at all.
#[derive(Debug)]
pub(in crate::runtime) struct Write {
    pub bucket: String,
    pub change: Change,
}

#[derive(Debug)]
pub(in crate::runtime) enum Change {
    Set(Vec<(String, Vec<u8>)>),
    Delete(Vec<String>),
    /// Adds to the number a key holds as decimal text; a missing key holds 0.
    Increment {
        key: String,
        delta: i64,
    },
    /// Sets the value if it still is what it was.
    Swap {
        key: String,
        was: Option<Vec<u8>>,
        value: Vec<u8>,
    },
}

/// What became of a [`Change`].
#[derive(Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Written {
    Done,
    /// The number after [`Change::Increment`].
    Number(i64),
    /// [`Change::Swap`] found this instead.
    Changed(Option<Vec<u8>>),
}

/// Why a bucket could not be read or changed, in words a guest can log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::runtime) enum StoreError {
    #[error("the value of `{0}` is not a number")]
    NotANumber(String),
    #[error("the value of `{0}` would not fit a 64-bit number")]
    Overflow(String),
    #[error("`{0}` is no place to go on from")]
    NoCursor(String),
    /// In the words of whoever keeps it.
    #[error("{0}")]
    Disk(String),
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        StoreError::Disk(error.to_string())
    }
}

fn disk(error: impl Into<redb::Error>) -> StoreError {
    StoreError::from(error.into())
}

fn table(bucket: &str) -> TableDefinition<'_, &'static str, &'static [u8]> {
    TableDefinition::new(bucket)
}

impl Store {
    /// Opens the buckets in `folder`, making it if need be; waits for a repair where the last process was killed.
    ///
    /// Errors where another process has them open.
    pub fn open(folder: &Path) -> Result<Store, Error> {
        std::fs::create_dir_all(folder).map_err(|source| Error::DataFolder { path: folder.to_owned(), source })?;
        let database = Database::builder()
            .set_cache_size(CACHE)
            .create(folder.join(FILE))
            .map_err(|source| Error::Data { path: folder.to_owned(), source })?;
        Store::over(database)
    }

    /// Buckets that end with this process.
    pub fn in_memory() -> Result<Store, Error> {
        let database = Database::builder()
            .create_with_backend(InMemoryBackend::new())
            .map_err(|source| Error::Data { path: "memory".into(), source })?;
        Store::over(database)
    }

    fn over(database: Database) -> Result<Store, Error> {
        let database = Arc::new(database);
        let (writes, waiting) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("keyvalue".to_owned())
            .spawn({
                let database = database.clone();
                move || write_all(&database, &waiting)
            })
            .map_err(|source| Error::Threads { source })?;
        Ok(Store { database, writes: Some(writes), writer: Some(writer) })
    }

    pub fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(bucket, None, |table| Ok(table.get(key)?.map(|value| value.value().to_vec())))
    }

    pub fn exists(&self, bucket: &str, key: &str) -> Result<bool, StoreError> {
        self.read(bucket, false, |table| Ok(table.get(key)?.is_some()))
    }

    /// The values of these keys, of one moment.
    pub fn get_many(&self, bucket: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read(bucket, vec![None; keys.len()], |table| {
            keys.iter().map(|key| Ok(table.get(key.as_str())?.map(|value| value.value().to_vec()))).collect()
        })
    }

    /// Keys in order: after one of them, or but the first so many.
    pub fn keys(&self, bucket: &str, after: Option<Cursor>) -> Result<Keys, StoreError> {
        use std::ops::Bound;
        let (start, skip) = match &after {
            None => (Bound::Unbounded, 0),
            Some(Cursor::Text(key)) => (Bound::Excluded(key.as_str()), 0),
            Some(Cursor::Count(count)) => (Bound::Unbounded, usize::try_from(*count).unwrap_or(usize::MAX)),
        };
        self.read(bucket, Keys { keys: Vec::new(), next: None }, |table| {
            let mut keys: Vec<String> = Vec::new();
            for entry in table.range::<&str>((start, Bound::Unbounded))?.skip(skip) {
                if keys.len() == PAGE {
                    let next = match &after {
                        Some(Cursor::Count(_)) => Some(Cursor::Count((skip + PAGE) as u64)),
                        _ => keys.last().cloned().map(Cursor::Text),
                    };
                    return Ok(Keys { keys, next });
                }
                keys.push(entry?.0.value().to_owned());
            }
            Ok(Keys { keys, next: None })
        })
    }

    /// `none`: what a bucket without a table holds.
    fn read<T>(
        &self,
        bucket: &str,
        none: T,
        read: impl FnOnce(redb::ReadOnlyTable<&'static str, &'static [u8]>) -> Result<T, redb::StorageError>,
    ) -> Result<T, StoreError> {
        let transaction = self.database.begin_read().map_err(disk)?;
        match transaction.open_table(table(bucket)) {
            Ok(table) => read(table).map_err(disk),
            Err(TableError::TableDoesNotExist(_)) => Ok(none),
            Err(error) => Err(disk(error)),
        }
    }

    /// Done when the disk has it.
    pub async fn write(&self, write: Write) -> Result<Written, StoreError> {
        let (reply, written) = oneshot::channel();
        let gone = || StoreError::Disk("the store was closed".to_owned());
        self.writes.as_ref().ok_or_else(gone)?.send((write, reply)).map_err(|_| gone())?;
        written.await.map_err(|_| gone())?
    }
}

impl Drop for Store {
    /// Waits for the writes under way.
    fn drop(&mut self) {
        self.writes = None;
        if let Some(writer) = self.writer.take() {
            // It panics only by a fault of its own, which has then been shown.
            let _ = writer.join();
        }
    }
}

fn write_all(database: &Database, waiting: &mpsc::Receiver<(Write, Reply)>) {
    while let Ok(first) = waiting.recv() {
        let batch = std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1));
        let (writes, replies): (Vec<Write>, Vec<Reply>) = batch.unzip();
        let results = commit(database, &writes).unwrap_or_else(|error| {
            let error = StoreError::from(error);
            writes.iter().map(|_| Err(error.clone())).collect()
        });
        for (reply, result) in replies.into_iter().zip(results) {
            // Whoever asked may have been cancelled meanwhile.
            let _ = reply.send(result);
        }
    }
}

/// Applies them in order in one transaction. A change that cannot be made leaves its key as it is and the others alone.
fn commit(database: &Database, writes: &[Write]) -> Result<Vec<Result<Written, StoreError>>, redb::Error> {
    let transaction = database.begin_write()?;
    let mut results = Vec::with_capacity(writes.len());
    for Write { bucket, change } in writes {
        let mut table = transaction.open_table(table(bucket))?;
        results.push(apply(&mut table, change)?);
    }
    transaction.commit()?;
    Ok(results)
}

fn apply(
    table: &mut redb::Table<'_, &'static str, &'static [u8]>,
    change: &Change,
) -> Result<Result<Written, StoreError>, redb::StorageError> {
    match change {
        Change::Set(pairs) => {
            for (key, value) in pairs {
                table.insert(key.as_str(), value.as_slice())?;
            }
        }
        Change::Delete(keys) => {
            for key in keys {
                table.remove(key.as_str())?;
            }
        }
        Change::Increment { key, delta } => {
            let number = match table.get(key.as_str())? {
                None => Some(0),
                Some(value) => std::str::from_utf8(value.value()).ok().and_then(|text| text.parse::<i64>().ok()),
            };
            let Some(number) = number else { return Ok(Err(StoreError::NotANumber(key.clone()))) };
            let Some(sum) = number.checked_add(*delta) else { return Ok(Err(StoreError::Overflow(key.clone()))) };
            table.insert(key.as_str(), sum.to_string().as_bytes())?;
            return Ok(Ok(Written::Number(sum)));
        }
        Change::Swap { key, was, value } => {
            let is = table.get(key.as_str())?.map(|value| value.value().to_vec());
            if is != *was {
                return Ok(Ok(Written::Changed(is)));
            }
            table.insert(key.as_str(), value.as_slice())?;
        }
    }
    Ok(Ok(Written::Done))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(bucket: &str, key: &str, value: &str) -> Write {
        let change = Change::Set(vec![(key.to_owned(), value.as_bytes().to_vec())]);
        Write { bucket: bucket.to_owned(), change }
    }

    fn increment(key: &str, delta: i64) -> Write {
        Write { bucket: "b".to_owned(), change: Change::Increment { key: key.to_owned(), delta } }
    }

    #[tokio::test]
    async fn what_is_written_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.get("b", "k").unwrap(), None);
        store.write(set("b", "k", "v")).await.unwrap();
        store.write(set("other", "k", "w")).await.unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.get("b", "k").unwrap().as_deref(), Some(&b"v"[..]));
        assert_eq!(store.get("other", "k").unwrap().as_deref(), Some(&b"w"[..]));
        store
            .write(Write { bucket: "b".into(), change: Change::Delete(vec!["k".into(), "none".into()]) })
            .await
            .unwrap();
        assert!(!store.exists("b", "k").unwrap());
        assert!(store.exists("other", "k").unwrap());
    }

    #[tokio::test]
    async fn a_second_process_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let _store = Store::open(folder.path()).unwrap();
        assert!(matches!(
            Store::open(folder.path()),
            Err(Error::Data { source: redb::DatabaseError::DatabaseAlreadyOpen, .. })
        ));
    }

    #[tokio::test]
    async fn in_memory_nothing_is_shared_and_nothing_stays() {
        let stores = [Store::in_memory().unwrap(), Store::in_memory().unwrap()];
        assert_eq!(stores[0].write(increment("n", 2)).await, Ok(Written::Number(2)));
        assert_eq!(stores[0].write(increment("n", 3)).await, Ok(Written::Number(5)));
        assert_eq!(stores.map(|store| store.get("b", "n").unwrap()), [Some(b"5".to_vec()), None]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn increments_are_atomic() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.write(increment("n", 2)).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(store.get("b", "n").unwrap().as_deref(), Some(&b"200"[..]));
        assert_eq!(store.write(increment("n", i64::MAX)).await, Err(StoreError::Overflow("n".into())));
        store.write(set("b", "text", "abc")).await.unwrap();
        assert_eq!(store.write(increment("text", 1)).await, Err(StoreError::NotANumber("text".into())));
    }

    #[tokio::test]
    async fn a_swap_needs_what_was_seen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let swap = |was: Option<&str>, value: &str| {
            let was = was.map(|was| was.as_bytes().to_vec());
            let change = Change::Swap { key: "k".into(), was, value: value.as_bytes().to_vec() };
            Write { bucket: "b".into(), change }
        };
        assert_eq!(store.write(swap(None, "1")).await, Ok(Written::Done));
        assert_eq!(store.write(swap(None, "2")).await, Ok(Written::Changed(Some(b"1".to_vec()))));
        assert_eq!(store.write(swap(Some("1"), "2")).await, Ok(Written::Done));
    }

    #[tokio::test]
    async fn keys_come_in_pages() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let pairs = (0..PAGE + 5).map(|n| (format!("{n:05}"), Vec::new())).collect();
        store.write(Write { bucket: "b".into(), change: Change::Set(pairs) }).await.unwrap();
        let first = store.keys("b", None).unwrap();
        assert_eq!((first.keys.len(), first.next.clone()), (PAGE, first.keys.last().cloned().map(Cursor::Text)));
        let rest = store.keys("b", first.next).unwrap();
        assert_eq!((rest.keys.len(), rest.next.clone()), (5, None));
        let counted = store.keys("b", Some(Cursor::Count(0))).unwrap();
        assert_eq!((counted.keys, counted.next.clone()), (first.keys, Some(Cursor::Count(PAGE as u64))));
        assert_eq!(store.keys("b", counted.next).unwrap(), rest);
        assert_eq!(store.keys("nothing", None).unwrap(), Keys { keys: vec![], next: None });
    }
}
