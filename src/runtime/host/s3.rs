//! Containers of objects in a bucket of S3, or of a server that speaks as S3 does.
//!
//! An object's key is `PREFIX/CONTAINER/OBJECT`, so that other tools find what guests write and guests what others do: a
//! name that cannot be a piece of a key is refused rather than rewritten. A container is there when something is in it,
//! or when it was made: S3 has no folders, so an empty object in `PREFIX/.containers` says that.
//!
//! What is read comes as the guest takes it, of the object that was there when it was asked for: a transfer that breaks
//! goes on where it broke as long as that object is there, else it is an error, and never the end. What is written
//! passes through a temporary file, as its guest may say last what it is to be: it is the old object or the new one.
//! Neither is ever in memory as a whole; large ones are sent in parts.
//!
//! Keys and where the server is are those that all tools of this kind take from the environment: `AWS_ACCESS_KEY_ID`,
//! `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`; no guest sees them.

use std::{
    future::Future,
    io::{Seek, SeekFrom},
    sync::{Arc, mpsc},
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ClientConfigKey, Error as Fault, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
    buffered::BufWriter,
    path::Path,
};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncWriteExt, copy},
    runtime::Runtime,
};

use crate::runtime::error::Error;

use super::{
    blobs::{About, Content, Outcome, Source},
    folder::off_the_runtime,
};

/// For all tries of one request together.
const PATIENCE: Duration = Duration::from_secs(10);

/// Parts of one object that are sent at once; each is held in memory, 10 MiB of it.
const PARTS: usize = 2;

/// Pieces of an object that wait for their guest, of some ten KiB each.
const PIECES: usize = 2;

/// Where it is written that a container was made.
const MADE: &str = ".containers";

/// All containers below a prefix of a bucket.
pub(in crate::runtime) struct S3 {
    store: Arc<AmazonS3>,
    prefix: Vec<String>,
    /// Serves requests to the server: guests wait on other threads. There until it is dropped.
    runtime: Option<Runtime>,
}

impl S3 {
    /// `s3://BUCKET` or `s3://BUCKET/PREFIX`. Errors where the address is none, or nobody answers for the bucket.
    pub fn open(address: &str) -> Result<S3, Error> {
        S3::with(AmazonS3Builder::from_env(), address)
    }

    /// The same with what would else be taken from the environment.
    fn with(server: AmazonS3Builder, address: &str) -> Result<S3, Error> {
        let unusable = |why: String| Error::Backend { address: address.to_owned(), why };
        let named = address.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
        let Some((bucket, prefix)) = named.filter(|(bucket, _)| !bucket.is_empty()) else {
            return Err(unusable("it is not of the form `s3://BUCKET` or `s3://BUCKET/PREFIX`".to_owned()));
        };
        let prefix = prefix.split('/').filter(|piece| !piece.is_empty()).map(str::to_owned).collect();
        let mut server = server
            .with_bucket_name(bucket)
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout), "5 seconds")
            // A large object takes its time; how long a guest may take is for its own limits.
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), "10 minutes")
            .with_retry(RetryConfig { max_retries: 2, retry_timeout: PATIENCE, ..RetryConfig::default() });
        let endpoints = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint];
        let mut endpoints = endpoints.iter().filter_map(|key| server.get_config_value(key));
        if endpoints.any(|endpoint| endpoint.starts_with("http://")) {
            // Whoever names such a server wants no encryption.
            server = server.with_allow_http(true);
        }
        let store = Arc::new(server.build().map_err(|error| unusable(told(&error)))?);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).thread_name("s3").enable_all().build();
        let s3 = S3 { store, prefix, runtime: Some(runtime.map_err(|source| Error::Threads { source })?) };
        let root = s3.path(&[]).map_err(unusable)?;
        let store = s3.store.clone();
        s3.wait(async move { store.list(Some(&root)).next().await.transpose().map(drop).map_err(|e| told(&e)) })
            .map_err(unusable)?;
        Ok(s3)
    }

    pub fn create(&self, container: &str) -> Outcome<()> {
        if self.about(container)?.is_some() {
            return Err(format!("there is a container `{container}` already"));
        }
        let (store, marker) = (self.store.clone(), self.marker(container)?);
        self.wait(async move { store.put(&marker, Vec::new().into()).await.map(drop).map_err(|e| told(&e)) })
    }

    pub fn delete(&self, container: &str) -> Outcome<()> {
        let (store, folder, marker) = (self.store.clone(), self.container(container)?, self.marker(container)?);
        self.wait(async move {
            let keys = store.list(Some(&folder)).map_ok(|object| object.location);
            gone(store.delete_stream(keys.boxed())).await?;
            unless_missing(store.delete(&marker).await)
        })
    }

    /// `None`: there is no such container.
    pub fn about(&self, container: &str) -> Outcome<Option<About>> {
        let (store, folder, marker) = (self.store.clone(), self.container(container)?, self.marker(container)?);
        self.wait(async move {
            if let Some(made) = found(store.head(&marker).await)? {
                return Ok(Some(About { size: 0, ..about(&made) }));
            }
            let first = store.list(Some(&folder)).next().await.transpose().map_err(|e| told(&e))?;
            Ok(first.map(|first| About { size: 0, ..about(&first) }))
        })
    }

    /// `None`: there is no such object.
    pub fn about_object(&self, container: &str, object: &str) -> Outcome<Option<About>> {
        let (store, key) = (self.store.clone(), self.object(container, object)?);
        self.wait(async move { Ok(found(store.head(&key).await)?.as_ref().map(about)) })
    }

    /// Makes what is in a file an object.
    pub fn finish(&self, file: NamedTempFile, container: &str, object: &str) -> Outcome<()> {
        let (store, key) = (self.store.clone(), self.object(container, object)?);
        let mut file = file.into_file();
        file.seek(SeekFrom::Start(0)).map_err(|error| error.to_string())?;
        self.wait(async move {
            let mut from = tokio::fs::File::from_std(file);
            let mut to = BufWriter::new(store, key).with_max_concurrency(PARTS);
            match copy(&mut from, &mut to).await {
                Ok(_) => to.shutdown().await.map_err(|error| error.to_string()),
                Err(error) => {
                    // What was sent of it is of no use, but the first failure is the one to tell.
                    let _ = to.abort().await;
                    Err(error.to_string())
                }
            }
        })
    }

    /// The bytes from `start` to `end`, both included, as far as there are any.
    pub fn read(&self, container: &str, object: &str, start: u64, end: u64) -> Outcome<Content> {
        let (store, key) = (self.store.clone(), self.object(container, object)?);
        let missing = missing(container, object);
        let (sender, receiver) = tokio::sync::mpsc::channel(PIECES);
        let length = self.wait(async move {
            let state = found(store.head(&key).await)?.ok_or(missing)?;
            let length = end.saturating_add(1).min(state.size).saturating_sub(start);
            if length > 0 {
                // Of the object that was asked for its size, and no later one.
                let range = Some((start..start + length).into());
                let options = GetOptions { if_match: state.e_tag, range, ..GetOptions::default() };
                let pieces = store.get_opts(&key, options).await.map_err(|e| told(&e))?.into_stream();
                tokio::spawn(hand_over(pieces, sender));
            }
            Ok(length)
        })?;
        Ok(Content { length, source: Source::Pieces(receiver) })
    }

    /// Names of the objects, in order.
    pub fn list(&self, container: &str) -> Outcome<Vec<String>> {
        let (store, folder) = (self.store.clone(), self.container(container)?);
        self.wait(async move {
            let below = format!("{folder}/");
            let objects: Vec<ObjectMeta> = store.list(Some(&folder)).try_collect().await.map_err(|e| told(&e))?;
            // Other tools mark a folder by an empty object of its name, which is none of its objects.
            let names = objects.iter().filter_map(|object| object.location.as_ref().strip_prefix(&below));
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            names.sort();
            Ok(names)
        })
    }

    pub fn delete_object(&self, container: &str, object: &str) -> Outcome<()> {
        let (store, key) = (self.store.clone(), self.object(container, object)?);
        self.wait(async move { unless_missing(store.delete(&key).await) })
    }

    pub fn copy(&self, from: (&str, &str), to: (&str, &str)) -> Outcome<()> {
        if from == to {
            return self.there(from);
        }
        let (store, from, to) = (self.store.clone(), self.object(from.0, from.1)?, self.object(to.0, to.1)?);
        self.wait(async move { store.copy(&from, &to).await.map_err(|e| told(&e)) })
    }

    /// A copy, and then the end of what was copied.
    pub fn rename(&self, from: (&str, &str), to: (&str, &str)) -> Outcome<()> {
        if from == to {
            return self.there(from);
        }
        let (store, from, to) = (self.store.clone(), self.object(from.0, from.1)?, self.object(to.0, to.1)?);
        self.wait(async move { store.rename(&from, &to).await.map_err(|e| told(&e)) })
    }

    fn there(&self, (container, object): (&str, &str)) -> Outcome<()> {
        self.about_object(container, object)?.map(drop).ok_or_else(|| missing(container, object))
    }

    fn container(&self, container: &str) -> Outcome<Path> {
        if container == MADE || container.contains('/') {
            return Err(format!("a container in S3 cannot be called `{container}`"));
        }
        self.path(&[container])
    }

    fn object(&self, container: &str, object: &str) -> Outcome<Path> {
        self.container(container)?;
        self.path(&[container, object])
    }

    fn marker(&self, container: &str) -> Outcome<Path> {
        self.path(&[MADE, container])
    }

    /// The key of these names below the prefix.
    fn path(&self, names: &[&str]) -> Outcome<Path> {
        let pieces = || names.iter().flat_map(|name| name.split('/'));
        if let Some(piece) = pieces().find(|piece| ["", ".", ".."].contains(piece)) {
            return Err(format!("a name in S3 cannot have a piece `{piece}` between slashes: `{}`", names.join("/")));
        }
        let all: Vec<&str> = self.prefix.iter().map(String::as_str).chain(pieces()).collect();
        Path::parse(all.join("/")).map_err(|_| format!("`{}` cannot be a key of S3", names.join("/").escape_debug()))
    }

    /// Waits for the server, without keeping those waiting that are served on this thread.
    fn wait<T: Send + 'static>(&self, work: impl Future<Output = Outcome<T>> + Send + 'static) -> Outcome<T> {
        let Some(runtime) = &self.runtime else { return Err("the server ends".to_owned()) };
        let (sender, receiver) = mpsc::sync_channel(1);
        runtime.spawn(async move { sender.send(work.await) });
        off_the_runtime(|| receiver.recv()).unwrap_or_else(|_| Err("the server ends".to_owned()))
    }
}

impl Drop for S3 {
    /// It may be dropped where nobody may wait for its thread.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Hands over what comes, for as long as somebody takes it.
async fn hand_over(
    mut pieces: BoxStream<'static, Result<Bytes, Fault>>,
    to: tokio::sync::mpsc::Sender<Outcome<Bytes>>,
) {
    while let Some(piece) = pieces.next().await {
        if to.send(piece.map_err(|e| told(&e))).await.is_err() {
            return;
        }
    }
}

fn missing(container: &str, object: &str) -> String {
    format!("there is no object `{object}` in `{container}`")
}

fn about(object: &ObjectMeta) -> About {
    // S3 knows only when it was written last.
    About { created: u64::try_from(object.last_modified.timestamp()).unwrap_or_default(), size: object.size }
}

fn found(object: Result<ObjectMeta, Fault>) -> Outcome<Option<ObjectMeta>> {
    match object {
        Ok(object) => Ok(Some(object)),
        Err(Fault::NotFound { .. }) => Ok(None),
        Err(error) => Err(told(&error)),
    }
}

fn unless_missing(done: Result<(), Fault>) -> Outcome<()> {
    match done {
        Ok(()) | Err(Fault::NotFound { .. }) => Ok(()),
        Err(error) => Err(told(&error)),
    }
}

async fn gone(mut deleted: BoxStream<'static, Result<Path, Fault>>) -> Outcome<()> {
    while let Some(deleted) = deleted.next().await {
        unless_missing(deleted.map(drop))?;
    }
    Ok(())
}

/// An error with what is behind it, which alone says what happened.
fn told(error: &Fault) -> String {
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let mut words: Vec<String> = Vec::new();
    for error in chain {
        let text = error.to_string();
        if !words.iter().any(|known| known.contains(&text)) {
            words.push(text);
        }
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{Shutdown, TcpListener, TcpStream},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::{super::servers::Server, *};

    fn at(address: &str) -> AmazonS3Builder {
        let builder = AmazonS3Builder::new().with_endpoint(format!("http://{address}")).with_region("us-east-1");
        builder.with_access_key_id("me").with_secret_access_key("secret")
    }

    fn put(s3: &S3, container: &str, object: &str, bytes: &[u8]) -> Outcome<()> {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        s3.finish(file, container, object)
    }

    fn text(s3: &S3, object: (&str, &str), start: u64, end: u64) -> Outcome<Vec<u8>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let content = s3.read(object.0, object.1, start, end)?;
        runtime.block_on(content.whole())
    }

    #[test]
    fn a_server_keeps_what_a_folder_would() {
        let server = Server::s3("bucket");
        let s3 = S3::with(at(&server.address), "s3://bucket/app/data/").unwrap();
        assert_eq!(s3.about("a").unwrap(), None);
        s3.create("a").unwrap();
        s3.create("b").unwrap();
        assert!(s3.create("a").unwrap_err().contains("there is a container `a` already"));
        assert_eq!((s3.about("a").unwrap().map(|it| it.size), s3.list("a").unwrap()), (Some(0), vec![]));
        put(&s3, "a", "x", b"hello").unwrap();
        put(&s3, "a", "x", b"hello!").unwrap();
        put(&s3, "a", "empty", b"").unwrap();
        let part = |start, end| String::from_utf8(text(&s3, ("a", "x"), start, end).unwrap()).unwrap();
        assert_eq!((part(0, u64::MAX), part(1, 2), part(9, 20)), ("hello!".into(), "el".into(), String::new()));
        assert_eq!(text(&s3, ("a", "empty"), 0, u64::MAX).unwrap(), b"");
        s3.copy(("a", "x"), ("b", "y")).unwrap();
        s3.rename(("a", "x"), ("a", "z")).unwrap();
        assert_eq!(s3.about_object("a", "x").unwrap(), None);
        let about = s3.about_object("b", "y").unwrap().unwrap();
        assert!(about.size == 6 && about.created > 1_700_000_000, "{about:?}");
        assert_eq!(s3.list("a").unwrap(), ["empty", "z"]);
        s3.delete_object("a", "z").unwrap();
        s3.delete_object("a", "z").unwrap();
        assert!(text(&s3, ("a", "z"), 0, 1).unwrap_err().contains("there is no object `z` in `a`"));
        s3.delete("b").unwrap();
        assert_eq!((s3.about("b").unwrap(), s3.list("b").unwrap()), (None, vec![]));

        // Onto itself, it stays.
        put(&s3, "a", "same", b"same").unwrap();
        s3.rename(("a", "same"), ("a", "same")).unwrap();
        s3.copy(("a", "same"), ("a", "same")).unwrap();
        assert_eq!(text(&s3, ("a", "same"), 0, u64::MAX).unwrap(), b"same");
        s3.delete_object("a", "same").unwrap();
        assert!(s3.rename(("a", "same"), ("a", "same")).unwrap_err().contains("there is no object `same`"));

        // What others put there is a container too, and its keys are what they are.
        let beside = S3::with(at(&server.address), "s3://bucket").unwrap();
        assert_eq!(beside.list("app").unwrap(), ["data/.containers/a", "data/a/empty"]);
        server.put("/bucket/marked/");
        assert_eq!(beside.list("marked").unwrap(), Vec::<String>::new());
        for name in ["Grüße/a b.txt", "%2F", "x/%2E%2E/y", "a+b&c=d"] {
            put(&s3, "names", name, name.as_bytes()).unwrap();
            assert_eq!(text(&s3, ("names", name), 0, u64::MAX).unwrap(), name.as_bytes());
        }
        assert!(s3.about("names").unwrap().is_some());
        assert_eq!(s3.list("names").unwrap(), ["%2F", "Grüße/a b.txt", "a+b&c=d", "x/%2E%2E/y"]);
    }

    #[test]
    fn names_that_would_lead_elsewhere_are_refused() {
        let server = Server::s3("bucket");
        let s3 = S3::with(at(&server.address), "s3://bucket/mine").unwrap();
        for name in ["..", ".", "", "/x", "x/", "a//b", "a/../../b", "../x", "line\n"] {
            assert!(put(&s3, "a", name, b"x").is_err(), "{name:?}");
        }
        for container in ["..", ".", "", "a/b", MADE, "line\n"] {
            assert!(s3.create(container).is_err() && put(&s3, container, "x", b"x").is_err(), "{container:?}");
        }
        assert_eq!(S3::with(at(&server.address), "s3://bucket").unwrap().list("mine").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_large_object_goes_in_parts() {
        let server = Server::s3("bucket");
        let s3 = S3::with(at(&server.address), "s3://bucket").unwrap();
        let bytes: Vec<u8> = (0..25_u32 << 20).map(|at| u8::try_from(at % 251).unwrap()).collect();
        put(&s3, "large", "one", &bytes).unwrap();
        assert_eq!(s3.about_object("large", "one").unwrap().unwrap().size, 25 << 20);
        let end = (24 << 20) + 99;
        assert_eq!(
            text(&s3, ("large", "one"), 24 << 20, end).unwrap(),
            bytes[24 << 20..=usize::try_from(end).unwrap()]
        );
        assert!(text(&s3, ("large", "one"), 0, u64::MAX).unwrap() == bytes);
    }

    #[test]
    fn what_cannot_be_reached_is_told() {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        for address in ["s3://", "s3:///x", "bucket", "s3://bucket"] {
            assert!(matches!(S3::with(at(&nobody), address), Err(Error::Backend { .. })), "{address}");
        }
        let server = Server::s3("bucket");
        match S3::with(at(&server.address), "s3://none") {
            Err(Error::Backend { why, .. }) => assert!(why.contains("NoSuchBucket"), "{why}"),
            _ => panic!("there is no such bucket"),
        }
        // Gone in the middle.
        let s3 = S3::with(at(&server.address), "s3://bucket").unwrap();
        drop(server);
        assert!(put(&s3, "a", "x", b"x").is_err() && s3.list("a").is_err());
    }

    /// Stands between a client and a server, and cuts each of the first `cuts` connections after so many bytes of answers.
    fn cutting(server: &str, cuts: usize, after: u64) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, server) = (listener.local_addr().unwrap().to_string(), server.to_owned());
        std::thread::spawn(move || {
            let cut = Arc::new(AtomicUsize::new(0));
            for client in listener.incoming() {
                let (mut client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                let cut = cut.clone();
                std::thread::spawn(move || {
                    let most = if cut.load(Ordering::SeqCst) < cuts { after } else { u64::MAX };
                    let passed = std::io::copy(&mut server.take(most), &mut client).unwrap_or_default();
                    cut.fetch_add(usize::from(passed == most), Ordering::SeqCst);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        address
    }

    #[test]
    fn a_transfer_that_breaks_goes_on_or_fails_and_never_ends_early() {
        let server = Server::s3("bucket");
        let bytes: Vec<u8> = (0..4_u32 << 20).map(|at| u8::try_from(at % 251).unwrap()).collect();
        put(&S3::with(at(&server.address), "s3://bucket").unwrap(), "a", "x", &bytes).unwrap();
        // Once, it is taken up again; over and over, it fails.
        let once = S3::with(at(&cutting(&server.address, 1, 1 << 20)), "s3://bucket").unwrap();
        assert!(text(&once, ("a", "x"), 0, u64::MAX).unwrap() == bytes);
        let ever = S3::with(at(&cutting(&server.address, usize::MAX, 256 << 10)), "s3://bucket").unwrap();
        let cut = text(&ever, ("a", "x"), 0, u64::MAX).map(|read| read.len());
        assert!(cut.is_err(), "{cut:?}");
        assert_eq!(text(&ever, ("a", "x"), 0, 9).unwrap(), &bytes[..10]);
    }

    #[test]
    fn what_is_read_is_the_object_that_was_asked_for() {
        let server = Server::s3("bucket");
        let s3 = S3::with(at(&server.address), "s3://bucket").unwrap();
        put(&s3, "a", "x", &vec![1; 8 << 20]).unwrap();
        let content = s3.read("a", "x", 0, u64::MAX).unwrap();
        put(&s3, "a", "x", b"other").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(content.whole()).unwrap() == vec![1; 8 << 20]);
        // What nobody takes is given up.
        drop(s3.read("a", "x", 0, u64::MAX).unwrap());
        assert_eq!(text(&s3, ("a", "x"), 0, 1).unwrap(), b"ot");
    }
}
