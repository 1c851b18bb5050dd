//! `wasi:blobstore`: containers of objects in [`super::blobs`], for granted container names.
//!
//! The package was never released: components name it by its draft or without a version. A value is written to a file as
//! the guest writes it, and becomes the object it was meant for when it is finished; one that is not finished is none.
//! <https://github.com/WebAssembly/wasi-blobstore>

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use tempfile::NamedTempFile;
use wasmtime::{
    StoreContextMut,
    component::{Component, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType},
};
use wasmtime_wasi::{
    async_trait,
    p2::{DynInputStream, DynOutputStream, OutputStream, Pollable, StreamError, StreamResult},
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
    blobs::{Blobs, Content, Place},
    folder::off_the_runtime,
};

/// Bytes taken in one write.
const WRITE: usize = 64 << 10;

/// Opens the containers of the server, else those in the data folder, where the component wants any and any is granted.
pub(in crate::runtime) fn open(
    component: &Component,
    grants: &Grants,
    stores: &Stores,
) -> Result<Option<Arc<Blobs>>, Error> {
    let ty = component.component_type();
    let wanted = ty
        .imports(component.engine())
        .any(|(name, import)| import.implements.unwrap_or(name).starts_with("wasi:blobstore/"));
    if !wanted || grants.containers.is_closed() {
        return Ok(None);
    }
    let folder = stores.data.as_ref().map(|data| data.join("blobs"));
    let place = stores.blobs.as_deref().map(Place::Server).or(folder.as_deref().map(Place::Folder));
    Ok(Some(Arc::new(Blobs::open(place.ok_or(Error::NoData)?)?)))
}

/// An open container.
struct Container {
    name: String,
}

/// A value that is written.
struct Outgoing {
    /// `None` before its stream is asked for.
    file: Option<Arc<Mutex<NamedTempFile>>>,
    /// What it is to be: container and object.
    meant: Vec<(String, String)>,
}

/// Names still to be told.
struct Names {
    left: std::vec::IntoIter<String>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct ContainerMetadata {
    name: String,
    #[component(name = "created-at")]
    created_at: u64,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct ObjectMetadata {
    name: String,
    container: String,
    #[component(name = "created-at")]
    created_at: u64,
    size: u64,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct ObjectId {
    container: String,
    object: String,
}

type Outcome<T> = wasmtime::Result<(Result<T, String>,)>;
/// A stream to write to, or none, without a word why.
type Body = Result<Resource<DynOutputStream>, ()>;

/// The names of the package's versions.
const VERSIONS: [&str; 2] = ["", "@0.2.0-draft"];

/// Links the package under each of its names.
pub(in crate::runtime) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    for version in VERSIONS {
        link_types(&mut linker.instance(&format!("wasi:blobstore/types{version}"))?)?;
        link_container(&mut linker.instance(&format!("wasi:blobstore/container{version}"))?)?;
        link_blobstore(&mut linker.instance(&format!("wasi:blobstore/blobstore{version}"))?, Behind::All)?;
    }
    Ok(())
}

/// Links the interface that alone opens containers, under a label.
pub(super) fn link_one(interface: &mut LinkerInstance<'_, Guest>, name: &str, behind: Behind) -> wasmtime::Result<()> {
    let is_it = name.strip_prefix("wasi:blobstore/blobstore").is_some_and(|version| VERSIONS.contains(&version));
    if !is_it {
        return Ok(());
    }
    link_blobstore(interface, behind)
}

fn link_types(interface: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    interface.resource("outgoing-value", ResourceType::host::<Outgoing>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Outgoing>::new_own(rep))?;
        Ok(())
    })?;
    interface.resource("incoming-value", ResourceType::host::<Content>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Content>::new_own(rep))?;
        Ok(())
    })?;
    interface.func_wrap("[static]outgoing-value.new-outgoing-value", |mut store, (): ()| {
        let value = Outgoing { file: None, meant: Vec::new() };
        Ok((store.data_mut().table.push(value)?,))
    })?;
    interface.func_wrap(
        "[method]outgoing-value.outgoing-value-write-body",
        |mut store, (value,): (Resource<Outgoing>,)| {
            let body = write_body(&mut store, &value)?;
            let outcome: (Body,) = (body,);
            Ok(outcome)
        },
    )?;
    interface.func_wrap("[static]outgoing-value.finish", |mut store, (value,): (Resource<Outgoing>,)| {
        let value = store.data_mut().table.delete(value)?;
        let outcome: Outcome<()> = Ok((blobs(&store).and_then(|blobs| waiting(&store, || finish(&blobs, value))),));
        outcome
    })?;
    interface.func_wrap_async(
        "[static]incoming-value.incoming-value-consume-sync",
        |mut store, (value,): (Resource<Content>,)| {
            Box::new(async move {
                let content = store.data_mut().table.delete(value)?;
                let outcome: Outcome<Vec<u8>> = Ok((content.whole().await,));
                outcome
            })
        },
    )?;
    interface.func_wrap_async(
        "[static]incoming-value.incoming-value-consume-async",
        |mut store, (value,): (Resource<Content>,)| {
            Box::new(async move {
                let stream = store.data_mut().table.delete(value)?.stream();
                let outcome: Outcome<Resource<DynInputStream>> = Ok((Ok(store.data_mut().table.push(stream)?),));
                outcome
            })
        },
    )?;
    interface.func_wrap("[method]incoming-value.size", |store, (value,): (Resource<Content>,)| {
        Ok((store.data().table.get(&value)?.length,))
    })
}

fn link_container(interface: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    type Own = Resource<Container>;
    interface.resource("container", ResourceType::host::<Container>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Container>::new_own(rep))?;
        Ok(())
    })?;
    interface.resource("stream-object-names", ResourceType::host::<Names>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Names>::new_own(rep))?;
        Ok(())
    })?;
    interface.func_wrap("[method]container.name", |store, (container,): (Own,)| {
        on(&store, &container, |_, name| Ok(name.to_owned()))
    })?;
    interface.func_wrap("[method]container.info", |store, (container,): (Own,)| {
        on(&store, &container, |blobs, name| {
            let about = blobs.about(name)?.ok_or_else(|| no_container(name))?;
            Ok(ContainerMetadata { name: name.to_owned(), created_at: about.created })
        })
    })?;
    interface.func_wrap(
        "[method]container.get-data",
        |mut store, (container, object, start, end): (Own, String, u64, u64)| {
            let (read,) = on(&store, &container, |blobs, name| blobs.read(name, &object, start, end))?;
            let value = match read {
                Ok(content) => Ok(store.data_mut().table.push(content)?),
                Err(why) => Err(why),
            };
            let outcome: Outcome<Resource<Content>> = Ok((value,));
            outcome
        },
    )?;
    interface.func_wrap(
        "[method]container.write-data",
        |mut store, (container, object, value): (Own, String, Resource<Outgoing>)| {
            let name = store.data().table.get(&container)?.name.clone();
            store.data_mut().table.get_mut(&value)?.meant.push((name, object));
            let outcome: Outcome<()> = Ok((Ok(()),));
            outcome
        },
    )?;
    interface.func_wrap("[method]container.list-objects", |mut store, (container,): (Own,)| {
        let (names,) = on(&store, &container, Blobs::list)?;
        let names = match names {
            Ok(names) => Ok(store.data_mut().table.push(Names { left: names.into_iter() })?),
            Err(why) => Err(why),
        };
        let outcome: Outcome<Resource<Names>> = Ok((names,));
        outcome
    })?;
    interface.func_wrap("[method]container.delete-object", |store, (container, object): (Own, String)| {
        on(&store, &container, |blobs, name| blobs.delete_object(name, &object))
    })?;
    interface.func_wrap("[method]container.delete-objects", |store, (container, objects): (Own, Vec<String>)| {
        on(&store, &container, |blobs, name| objects.iter().try_for_each(|object| blobs.delete_object(name, object)))
    })?;
    interface.func_wrap("[method]container.has-object", |store, (container, object): (Own, String)| {
        on(&store, &container, |blobs, name| Ok(blobs.about_object(name, &object)?.is_some()))
    })?;
    interface.func_wrap("[method]container.object-info", |store, (container, object): (Own, String)| {
        on(&store, &container, |blobs, name| {
            let about = blobs.about_object(name, &object)?;
            let about = about.ok_or_else(|| format!("there is no object `{object}` in `{name}`"))?;
            let container = name.to_owned();
            Ok(ObjectMetadata { name: object.clone(), container, created_at: about.created, size: about.size })
        })
    })?;
    interface.func_wrap("[method]container.clear", |store, (container,): (Own,)| {
        on(&store, &container, |blobs, name| {
            blobs.list(name)?.iter().try_for_each(|object| blobs.delete_object(name, object))
        })
    })?;
    interface.func_wrap(
        "[method]stream-object-names.read-stream-object-names",
        |mut store, (names, count): (Resource<Names>, u64)| {
            let left = &mut store.data_mut().table.get_mut(&names)?.left;
            let told: Vec<String> = left.by_ref().take(usize::try_from(count).unwrap_or(usize::MAX)).collect();
            let outcome: Outcome<(Vec<String>, bool)> = Ok((Ok((told, left.len() == 0)),));
            outcome
        },
    )?;
    interface.func_wrap(
        "[method]stream-object-names.skip-stream-object-names",
        |mut store, (names, count): (Resource<Names>, u64)| {
            let left = &mut store.data_mut().table.get_mut(&names)?.left;
            let skipped = left.by_ref().take(usize::try_from(count).unwrap_or(usize::MAX)).count() as u64;
            let outcome: Outcome<(u64, bool)> = Ok((Ok((skipped, left.len() == 0)),));
            outcome
        },
    )
}

fn link_blobstore(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap("create-container", move |mut store, (name,): (String,)| {
        let created = granted(&store, &name, behind).and_then(|blobs| waiting(&store, || blobs.create(&name)));
        opened(&mut store, created, name)
    })?;
    interface.func_wrap("get-container", move |mut store, (name,): (String,)| {
        let found = granted(&store, &name, behind)
            .and_then(|blobs| waiting(&store, || blobs.about(&name))?.map(drop).ok_or_else(|| no_container(&name)));
        opened(&mut store, found, name)
    })?;
    interface.func_wrap("delete-container", move |store, (name,): (String,)| {
        let deleted = granted(&store, &name, behind).and_then(|blobs| waiting(&store, || blobs.delete(&name)));
        let outcome: Outcome<()> = Ok((deleted,));
        outcome
    })?;
    interface.func_wrap("container-exists", move |store, (name,): (String,)| {
        let exists =
            granted(&store, &name, behind).and_then(|blobs| Ok(waiting(&store, || blobs.about(&name))?.is_some()));
        let outcome: Outcome<bool> = Ok((exists,));
        outcome
    })?;
    interface.func_wrap("copy-object", move |store, (from, to): (ObjectId, ObjectId)| {
        moved(&store, &from, &to, behind, Blobs::copy)
    })?;
    interface.func_wrap("move-object", move |store, (from, to): (ObjectId, ObjectId)| {
        moved(&store, &from, &to, behind, Blobs::rename)
    })
}

fn no_container(name: &str) -> String {
    format!("there is no container `{name}`")
}

fn blobs(store: &StoreContextMut<'_, Guest>) -> Result<Arc<Blobs>, String> {
    store.data().host.blobs.clone().ok_or_else(|| "no container is granted".to_owned())
}

/// Does what the guest waits for.
fn waiting<T>(store: &StoreContextMut<'_, Guest>, work: impl FnOnce() -> T) -> T {
    store.data().clock.aside(work)
}

/// All containers, where this one is granted.
fn granted(store: &StoreContextMut<'_, Guest>, name: &str, behind: Behind) -> Result<Arc<Blobs>, String> {
    let host = &store.data().host;
    if !host.granted(behind).containers.allows(&name.to_owned()) {
        host.refuse(Denial {
            part: caller(store),
            interface: "wasi:blobstore/blobstore",
            what: format!("the container `{name}`"),
            grant: Missing::new("blob", name),
        });
        return Err(format!("access denied: the container `{name}` is not granted"));
    }
    blobs(store)
}

/// A handle to a container that was made or found.
fn opened(
    store: &mut StoreContextMut<'_, Guest>,
    found: Result<(), String>,
    name: String,
) -> Outcome<Resource<Container>> {
    Ok((match found {
        Ok(()) => Ok(store.data_mut().table.push(Container { name })?),
        Err(why) => Err(why),
    },))
}

fn on<T>(
    store: &StoreContextMut<'_, Guest>,
    container: &Resource<Container>,
    work: impl FnOnce(&Blobs, &str) -> Result<T, String>,
) -> Outcome<T> {
    let name = &store.data().table.get(container)?.name;
    Ok((blobs(store).and_then(|blobs| waiting(store, || work(&blobs, name))),))
}

fn moved(
    store: &StoreContextMut<'_, Guest>,
    from: &ObjectId,
    to: &ObjectId,
    behind: Behind,
    work: impl FnOnce(&Blobs, (&str, &str), (&str, &str)) -> Result<(), String>,
) -> Outcome<()> {
    let both = granted(store, &from.container, behind).and_then(|_| granted(store, &to.container, behind));
    let (from, to) = ((from.container.as_str(), from.object.as_str()), (to.container.as_str(), to.object.as_str()));
    let done = both.and_then(|blobs| waiting(store, || work(&blobs, from, to)));
    Ok((done,))
}

/// The stream of a value, which can be had once.
fn write_body(store: &mut StoreContextMut<'_, Guest>, value: &Resource<Outgoing>) -> wasmtime::Result<Body> {
    let Ok(blobs) = blobs(store) else { return Ok(Err(())) };
    let outgoing = store.data_mut().table.get_mut(value)?;
    if outgoing.file.is_some() {
        return Ok(Err(()));
    }
    let Ok(file) = blobs.begin() else { return Ok(Err(())) };
    let file = Arc::new(Mutex::new(file));
    outgoing.file = Some(file.clone());
    let stream: DynOutputStream = Box::new(FileStream { file });
    Ok(Ok(store.data_mut().table.push(stream)?))
}

/// Makes a value the objects it was meant for.
fn finish(blobs: &Blobs, value: Outgoing) -> Result<(), String> {
    let file = match value.file {
        Some(file) => Arc::try_unwrap(file)
            .map_err(|_| "its stream is still open".to_owned())?
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
        // Nothing was written: an empty object.
        None => blobs.begin()?,
    };
    let mut meant = value.meant.into_iter();
    let Some(first) = meant.next() else { return Ok(()) };
    blobs.finish(file, &first.0, &first.1)?;
    meant.try_for_each(|next| blobs.copy((&first.0, &first.1), (&next.0, &next.1)))
}

/// Writes to the file of a value.
struct FileStream {
    file: Arc<Mutex<NamedTempFile>>,
}

impl OutputStream for FileStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        off_the_runtime(|| file.write_all(&bytes)).map_err(|error| StreamError::LastOperationFailed(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

#[async_trait]
impl Pollable for FileStream {
    async fn ready(&mut self) {}
}
