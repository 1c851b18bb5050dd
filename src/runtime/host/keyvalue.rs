//! `wasi:keyvalue`: store, atomics and batch over [`Buckets`], for granted bucket names.
//!
//! The package was never released. Components name it without a version or as its second draft, which have one shape;
//! or as its first draft, whose cursors and numbers are `u64` and which has no compare-and-swap.
//! <https://github.com/WebAssembly/wasi-keyvalue>

use std::sync::Arc;

use wasmtime::{
    StoreContextMut,
    component::{Component, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType},
};

use crate::runtime::{
    denials::Denial,
    error::Error,
    grants::{Grants, Missing},
    state::{Behind, Guest},
    stores::Stores,
    trap::caller,
};

use super::{
    buckets::{Buckets, Cursor, Place},
    store::{Change, StoreError, Write, Written},
};

/// Opens the buckets of the server, else those in the data folder, where the component wants any and any is granted.
pub(in crate::runtime) fn open(
    component: &Component,
    grants: &Grants,
    stores: &Stores,
) -> Result<Option<Arc<Buckets>>, Error> {
    let ty = component.component_type();
    let wanted = ty
        .imports(component.engine())
        .any(|(name, import)| import.implements.unwrap_or(name).starts_with("wasi:keyvalue/"));
    if !wanted || grants.buckets.is_closed() {
        return Ok(None);
    }
    let server = stores.keyvalue.as_deref().map(Place::Server);
    let place = server.or(stores.data.as_deref().map(Place::Folder)).ok_or(Error::NoData)?;
    Ok(Some(Arc::new(Buckets::open(place)?)))
}

/// An open bucket.
struct Bucket {
    name: String,
}

/// A value as it was when a compare-and-swap began.
struct Cas {
    bucket: String,
    key: String,
    was: Option<Vec<u8>>,
}

#[derive(Debug, ComponentType, Lift, Lower)]
#[component(variant)]
enum Fault {
    #[component(name = "no-such-store")]
    NoSuchStore,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "other")]
    Other(String),
}

#[derive(ComponentType, Lower)]
#[component(variant)]
enum CasFault {
    #[component(name = "store-error")]
    Store(Fault),
    #[component(name = "cas-failed")]
    Failed(Resource<Cas>),
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct KeyResponse {
    keys: Vec<String>,
    cursor: Option<String>,
}

/// [`KeyResponse`] of the first draft: the cursor counts keys.
#[derive(ComponentType, Lower)]
#[component(record)]
struct CountedKeyResponse {
    keys: Vec<String>,
    cursor: Option<u64>,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Other(error.to_string())
    }
}

type Outcome<T> = wasmtime::Result<(Result<T, Fault>,)>;
type Pairs = Vec<(String, Vec<u8>)>;
type Found = Vec<Option<(String, Vec<u8>)>>;

/// Which shape of the package is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Draft {
    First,
    Second,
}

/// The names of the package's versions.
const VERSIONS: [(&str, Draft); 3] =
    [("", Draft::Second), ("@0.2.0-draft2", Draft::Second), ("@0.2.0-draft", Draft::First)];

/// Links the package under each of its names.
pub(in crate::runtime) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    for (version, draft) in VERSIONS {
        link_store(&mut linker.instance(&format!("wasi:keyvalue/store{version}"))?, draft, Behind::All)?;
        link_atomics(&mut linker.instance(&format!("wasi:keyvalue/atomics{version}"))?, draft)?;
        link_batch(&mut linker.instance(&format!("wasi:keyvalue/batch{version}"))?)?;
    }
    Ok(())
}

/// Links the store, which alone opens buckets, under a label.
pub(super) fn link_one(interface: &mut LinkerInstance<'_, Guest>, name: &str, behind: Behind) -> wasmtime::Result<()> {
    match VERSIONS.iter().find(|(version, _)| name.strip_prefix("wasi:keyvalue/store") == Some(*version)) {
        Some((_, draft)) => link_store(interface, *draft, behind),
        None => Ok(()),
    }
}

fn link_store(interface: &mut LinkerInstance<'_, Guest>, draft: Draft, behind: Behind) -> wasmtime::Result<()> {
    interface.resource("bucket", ResourceType::host::<Bucket>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Bucket>::new_own(rep))?;
        Ok(())
    })?;
    interface.func_wrap("open", move |store, (name,): (String,)| Ok((open_bucket(store, name, behind)?,)))?;
    interface.func_wrap_async("[method]bucket.get", |store, (bucket, key): (Resource<Bucket>, String)| {
        Box::new(read(store, bucket, move |buckets, name| async move { buckets.get(&name, &key).await }))
    })?;
    interface.func_wrap_async("[method]bucket.exists", |store, (bucket, key): (Resource<Bucket>, String)| {
        Box::new(read(store, bucket, move |buckets, name| async move { buckets.exists(&name, &key).await }))
    })?;
    match draft {
        Draft::Second => interface.func_wrap_async(
            "[method]bucket.list-keys",
            |store, (bucket, after): (Resource<Bucket>, Option<String>)| {
                Box::new(read(store, bucket, move |buckets, name| async move {
                    let found = buckets.keys(&name, after.map(Cursor::Text)).await?;
                    let cursor = found.next.map(|next| match next {
                        Cursor::Text(text) => text,
                        Cursor::Count(count) => count.to_string(),
                    });
                    Ok(KeyResponse { keys: found.keys, cursor })
                }))
            },
        )?,
        Draft::First => interface.func_wrap_async(
            "[method]bucket.list-keys",
            |store, (bucket, seen): (Resource<Bucket>, Option<u64>)| {
                Box::new(read(store, bucket, move |buckets, name| async move {
                    let found = buckets.keys(&name, Some(Cursor::Count(seen.unwrap_or(0)))).await?;
                    let cursor = match found.next {
                        Some(Cursor::Count(count)) => Some(count),
                        Some(Cursor::Text(_)) | None => None,
                    };
                    Ok(CountedKeyResponse { keys: found.keys, cursor })
                }))
            },
        )?,
    }
    interface.func_wrap_async(
        "[method]bucket.set",
        |store, (bucket, key, value): (Resource<Bucket>, String, Vec<u8>)| {
            Box::new(write(store, bucket, Change::Set(vec![(key, value)]), done))
        },
    )?;
    interface.func_wrap_async("[method]bucket.delete", |store, (bucket, key): (Resource<Bucket>, String)| {
        Box::new(write(store, bucket, Change::Delete(vec![key]), done))
    })
}

fn link_atomics(interface: &mut LinkerInstance<'_, Guest>, draft: Draft) -> wasmtime::Result<()> {
    if draft == Draft::First {
        return interface.func_wrap_async(
            "increment",
            |store, (bucket, key, delta): (Resource<Bucket>, String, u64)| {
                // Numbers are 64-bit with a sign, whatever the draft.
                let delta = i64::try_from(delta).unwrap_or(i64::MAX);
                Box::new(write(store, bucket, Change::Increment { key, delta }, |written| {
                    u64::try_from(number(written)).map_err(|_| Fault::Other("the number is negative".to_owned()))
                }))
            },
        );
    }
    interface.func_wrap_async("increment", |store, (bucket, key, delta): (Resource<Bucket>, String, i64)| {
        Box::new(write(store, bucket, Change::Increment { key, delta }, |written| Ok(number(written))))
    })?;
    interface.resource("cas", ResourceType::host::<Cas>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Cas>::new_own(rep))?;
        Ok(())
    })?;
    interface.func_wrap_async("[static]cas.new", |mut store, (bucket, key): (Resource<Bucket>, String)| {
        Box::new(async move {
            let bucket = store.data().table.get(&bucket)?.name.clone();
            let was = match buckets(&store) {
                Ok(buckets) => buckets.get(&bucket, &key).await.map_err(Fault::from),
                Err(fault) => Err(fault),
            };
            let cas = match was {
                Ok(was) => Ok(store.data_mut().table.push(Cas { bucket, key, was })?),
                Err(fault) => Err(fault),
            };
            let outcome: Outcome<Resource<Cas>> = Ok((cas,));
            outcome
        })
    })?;
    interface.func_wrap("[method]cas.current", |store, (cas,): (Resource<Cas>,)| {
        let outcome: Outcome<Option<Vec<u8>>> = Ok((Ok(store.data().table.get(&cas)?.was.clone()),));
        outcome
    })?;
    interface.func_wrap_async("swap", |store, (cas, value): (Resource<Cas>, Vec<u8>)| {
        Box::new(async move { Ok((swap(store, cas, value).await?,)) })
    })
}

fn link_batch(interface: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    interface.func_wrap_async("get-many", |store, (bucket, keys): (Resource<Bucket>, Vec<String>)| {
        Box::new(read(store, bucket, move |buckets, name| async move {
            let values = buckets.get_many(&name, &keys).await?;
            let found: Found = keys.into_iter().zip(values).map(|(key, value)| Some((key, value?))).collect();
            Ok(found)
        }))
    })?;
    interface.func_wrap_async("set-many", |store, (bucket, pairs): (Resource<Bucket>, Pairs)| {
        Box::new(write(store, bucket, Change::Set(pairs), done))
    })?;
    interface.func_wrap_async("delete-many", |store, (bucket, keys): (Resource<Bucket>, Vec<String>)| {
        Box::new(write(store, bucket, Change::Delete(keys), done))
    })
}

fn open_bucket(
    mut store: StoreContextMut<'_, Guest>,
    name: String,
    behind: Behind,
) -> wasmtime::Result<Result<Resource<Bucket>, Fault>> {
    if !store.data().host.granted(behind).buckets.allows(&name) {
        store.data().host.refuse(Denial {
            part: caller(&store),
            interface: "wasi:keyvalue/store",
            what: format!("the bucket `{name}`"),
            grant: Missing::new("kv", name),
        });
        return Ok(Err(Fault::AccessDenied));
    }
    if let Err(fault) = buckets(&store) {
        return Ok(Err(fault));
    }
    Ok(Ok(store.data_mut().table.push(Bucket { name })?))
}

fn buckets(store: &StoreContextMut<'_, Guest>) -> Result<Arc<Buckets>, Fault> {
    store.data().host.buckets.clone().ok_or(Fault::NoSuchStore)
}

async fn read<T, F: Future<Output = Result<T, StoreError>>>(
    store: StoreContextMut<'_, Guest>,
    bucket: Resource<Bucket>,
    read: impl FnOnce(Arc<Buckets>, String) -> F,
) -> Outcome<T> {
    let name = store.data().table.get(&bucket)?.name.clone();
    match buckets(&store) {
        Ok(buckets) => Ok((read(buckets, name).await.map_err(Fault::from),)),
        Err(fault) => Ok((Err(fault),)),
    }
}

async fn write<T>(
    store: StoreContextMut<'_, Guest>,
    bucket: Resource<Bucket>,
    change: Change,
    outcome: fn(Written) -> Result<T, Fault>,
) -> Outcome<T> {
    let bucket = store.data().table.get(&bucket)?.name.clone();
    let buckets = match buckets(&store) {
        Ok(buckets) => buckets,
        Err(fault) => return Ok((Err(fault),)),
    };
    let written = buckets.write(Write { bucket, change }).await;
    Ok((written.map_err(Fault::from).and_then(outcome),))
}

#[expect(clippy::unnecessary_wraps, reason = "one of the outcomes that `write` takes")]
fn done(_: Written) -> Result<(), Fault> {
    Ok(())
}

fn number(written: Written) -> i64 {
    match written {
        Written::Number(number) => number,
        Written::Done | Written::Changed(_) => 0,
    }
}

/// Consumes the handle; a value that has changed meanwhile gives a new one that holds what it is now.
async fn swap(
    mut store: StoreContextMut<'_, Guest>,
    cas: Resource<Cas>,
    value: Vec<u8>,
) -> wasmtime::Result<Result<(), CasFault>> {
    let Cas { bucket, key, was } = store.data_mut().table.delete(cas)?;
    let buckets = match buckets(&store) {
        Ok(buckets) => buckets,
        Err(fault) => return Ok(Err(CasFault::Store(fault))),
    };
    let change = Change::Swap { key: key.clone(), was, value };
    match buckets.write(Write { bucket: bucket.clone(), change }).await {
        Ok(Written::Changed(was)) => {
            let cas = store.data_mut().table.push(Cas { bucket, key, was })?;
            Ok(Err(CasFault::Failed(cas)))
        }
        Ok(_) => Ok(Ok(())),
        Err(error) => Ok(Err(CasFault::Store(error.into()))),
    }
}
