//! `wasi:messaging`: what a guest sends to a granted topic goes to the handler that the same artifact exports, or to a
//! server ([`super::nats`]), which hands it to whom it knows. What is asked, and replied, is in [`super::request_reply`].
//!
//! Without a server, messages wait in one queue of bounded length, in this process: what is sent is taken over in order,
//! answered or not. Where nobody takes messages, sending fails. What waits, or is handled, is counted ([`Pending`]), so
//! that a server that stops can wait for it, and say what it could not wait for.
//!
//! The package was never released; its draft is known under its version or without.
//! <https://github.com/WebAssembly/wasi-messaging>

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc;
use wasmtime::{
    StoreContextMut,
    component::{Component, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType},
};

use crate::runtime::{
    denials::Denial,
    error::Error,
    grants::{Grants, Missing},
    state::{Behind, Guest, Host},
    stores::Stores,
    trap::caller,
};

use super::{
    nats::Nats,
    request_reply::{self, Asker},
};

/// The names it goes by, after those of its interfaces.
pub(in crate::runtime) const VERSIONS: [&str; 2] = ["@0.2.0-draft", ""];

/// Messages that wait at once.
const QUEUE: usize = 1024;

/// For a place in the queue.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) type Metadata = Vec<(String, String)>;

/// A message, on either side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::runtime) struct Message {
    pub topic: Option<String>,
    pub content_type: Option<String>,
    pub data: Vec<u8>,
    pub metadata: Option<Metadata>,
    /// Who waits for replies to it.
    pub asker: Option<Asker>,
}

/// Who carries messages.
pub(in crate::runtime) enum Carrier {
    /// The handler's own queue.
    Queue(Queue),
    Nats(Box<Nats>),
}

/// Where messages wait for their handler.
#[derive(Clone)]
pub(in crate::runtime) struct Queue {
    sender: mpsc::Sender<Waiting>,
    pub pending: Arc<Pending>,
}

/// A message that waits.
pub(in crate::runtime) struct Waiting {
    pub message: Message,
    /// Dropped when it is handled, or will not be.
    pub mark: Mark,
}

/// How many messages of each topic were taken over and are not handled yet.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Pending {
    topics: Mutex<BTreeMap<String, usize>>,
}

/// Stands for one of them.
pub(in crate::runtime) struct Mark {
    pending: Arc<Pending>,
    topic: String,
}

/// What a guest calls a connection: there is but one.
pub(super) struct Client;

/// Why a message was not sent, or not taken.
#[derive(Debug, ComponentType, Lift, Lower)]
#[component(variant)]
pub(in crate::runtime) enum Fault {
    #[component(name = "timeout")]
    Timeout,
    #[component(name = "connection")]
    Connection(String),
    #[component(name = "permission-denied")]
    PermissionDenied(String),
    #[component(name = "other")]
    Other(String),
}

/// Finds the server, where one is named, the component sends or takes messages, and any topic is granted.
pub(in crate::runtime) fn open(
    component: &Component,
    grants: &Grants,
    stores: &Stores,
) -> Result<Option<Carrier>, Error> {
    let Some(address) = &stores.messages else { return Ok(None) };
    let ty = component.component_type();
    let engine = component.engine();
    let imports = ty.imports(engine).map(|(name, import)| import.implements.unwrap_or(name));
    let wanted =
        imports.chain(ty.exports(engine).map(|(name, _)| name)).any(|name| name.starts_with("wasi:messaging/"));
    if !wanted || grants.topics.is_closed() {
        return Ok(None);
    }
    Ok(Some(Carrier::Nats(Box::new(Nats::open(address)?))))
}

/// A queue, and its other end.
pub(in crate::runtime) fn queue() -> (Queue, mpsc::Receiver<Waiting>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Queue { sender, pending: Arc::default() }, receiver)
}

impl Queue {
    /// Counts a message among those that wait.
    pub fn take_over(&self, message: Message) -> Waiting {
        let topic = message.topic().to_owned();
        *self.pending.topics().entry(topic.clone()).or_default() += 1;
        Waiting { message, mark: Mark { pending: self.pending.clone(), topic } }
    }

    /// Waits for a place in it. `None`: there is nobody at its other end any more.
    pub async fn place(&self) -> Option<mpsc::Permit<'_, Waiting>> {
        self.sender.reserve().await.ok()
    }

    /// Puts a message into it, if there is a place in time.
    pub(super) async fn put(&self, message: Message) -> Result<(), Fault> {
        let waiting = self.take_over(message);
        match tokio::time::timeout(PATIENCE, self.place()).await {
            Ok(Some(place)) => {
                place.send(waiting);
                Ok(())
            }
            Ok(None) => Err(Fault::Connection("the server ends".to_owned())),
            Err(_) => Err(Fault::Timeout),
        }
    }
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.topics().is_empty()
    }

    /// By topic, in order.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.topics().clone()
    }

    fn topics(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let mut topics = self.pending.topics();
        if let Some(count) = topics.get_mut(&self.topic) {
            *count -= 1;
            if *count == 0 {
                topics.remove(&self.topic);
            }
        }
    }
}

impl Message {
    pub fn topic(&self) -> &str {
        self.topic.as_deref().unwrap_or_default()
    }
}

pub(in crate::runtime) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    for version in VERSIONS {
        link_types(&mut linker.instance(&format!("wasi:messaging/types{version}"))?)?;
        link_producer(&mut linker.instance(&format!("wasi:messaging/producer{version}"))?, Behind::All)?;
        request_reply::link(&mut linker.instance(&format!("wasi:messaging/request-reply{version}"))?, Behind::All)?;
    }
    Ok(())
}

/// Links one of the interfaces that send, under a label.
pub(super) fn link_one(interface: &mut LinkerInstance<'_, Guest>, name: &str, behind: Behind) -> wasmtime::Result<()> {
    let known = |version: &str| VERSIONS.contains(&version);
    match name.strip_prefix("wasi:messaging/").map(|name| name.split_at(name.find('@').unwrap_or(name.len()))) {
        Some(("producer", version)) if known(version) => link_producer(interface, behind),
        Some(("request-reply", version)) if known(version) => request_reply::link(interface, behind),
        _ => Ok(()),
    }
}

fn link_producer(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap_async(
        "send",
        move |mut store, (_, topic, message): (Resource<Client>, String, Resource<Message>)| {
            Box::new(async move {
                let message = store.data_mut().table.delete(message)?;
                let host = store.data().host.clone();
                if let Err(refused) = granted(&store, behind, "wasi:messaging/producer", &topic) {
                    return Ok((Err(refused),));
                }
                // Who waits for replies to what was received waits for none to what is sent.
                Ok((send(&host, Message { topic: Some(topic), asker: None, ..message }).await,))
            })
        },
    )
}

/// Whether a guest may use a topic; where not, that is told.
pub(super) fn granted(
    store: &StoreContextMut<'_, Guest>,
    behind: Behind,
    interface: &'static str,
    topic: &str,
) -> Result<(), Fault> {
    let host = &store.data().host;
    if host.granted(behind).topics.allows(&topic.to_owned()) {
        return Ok(());
    }
    host.refuse(Denial {
        part: caller(store),
        interface,
        what: format!("the topic `{topic}`"),
        grant: Missing::new("topic", topic),
    });
    Err(Fault::PermissionDenied(format!("the topic `{topic}` is not granted")))
}

async fn send(host: &Host, message: Message) -> Result<(), Fault> {
    match host.messages.get() {
        Some(Carrier::Queue(queue)) => queue.put(message).await,
        Some(Carrier::Nats(nats)) => nats.send(message).await,
        None => Err(Fault::nobody()),
    }
}

impl Fault {
    /// Nobody takes messages.
    pub(super) fn nobody() -> Fault {
        Fault::Other("nobody takes messages here".to_owned())
    }
}

fn link_types(interface: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    type This = Resource<Message>;
    interface.resource("client", ResourceType::host::<Client>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Client>::new_own(rep))?;
        Ok(())
    })?;
    interface.resource("message", ResourceType::host::<Message>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Message>::new_own(rep))?;
        Ok(())
    })?;
    interface.func_wrap("[static]client.connect", |mut store, (_,): (String,)| {
        let client: Result<_, Fault> = Ok(store.data_mut().table.push(Client)?);
        Ok((client,))
    })?;
    interface.func_wrap("[method]client.disconnect", |_, (_,): (Resource<Client>,)| {
        let done: Result<(), Fault> = Ok(());
        Ok((done,))
    })?;
    interface.func_wrap("[constructor]message", |mut store, (data,): (Vec<u8>,)| {
        Ok((store.data_mut().table.push(Message { data, ..Message::default() })?,))
    })?;
    interface.func_wrap("[method]message.topic", |store, (this,): (This,)| {
        Ok((store.data().table.get(&this)?.topic.clone(),))
    })?;
    interface.func_wrap("[method]message.content-type", |store, (this,): (This,)| {
        Ok((store.data().table.get(&this)?.content_type.clone(),))
    })?;
    interface.func_wrap("[method]message.set-content-type", |mut store, (this, kind): (This, String)| {
        store.data_mut().table.get_mut(&this)?.content_type = Some(kind);
        Ok(())
    })?;
    interface.func_wrap("[method]message.data", |store, (this,): (This,)| {
        Ok((store.data().table.get(&this)?.data.clone(),))
    })?;
    interface.func_wrap("[method]message.set-data", |mut store, (this, data): (This, Vec<u8>)| {
        store.data_mut().table.get_mut(&this)?.data = data;
        Ok(())
    })?;
    interface.func_wrap("[method]message.metadata", |store, (this,): (This,)| {
        Ok((store.data().table.get(&this)?.metadata.clone(),))
    })?;
    interface.func_wrap("[method]message.add-metadata", |mut store, (this, key, value): (This, String, String)| {
        let metadata = store.data_mut().table.get_mut(&this)?.metadata.get_or_insert_default();
        metadata.retain(|(known, _)| *known != key);
        metadata.push((key, value));
        Ok(())
    })?;
    interface.func_wrap("[method]message.set-metadata", |mut store, (this, metadata): (This, Metadata)| {
        store.data_mut().table.get_mut(&this)?.metadata = Some(metadata);
        Ok(())
    })?;
    interface.func_wrap("[method]message.remove-metadata", |mut store, (this, key): (This, String)| {
        if let Some(metadata) = &mut store.data_mut().table.get_mut(&this)?.metadata {
            metadata.retain(|(known, _)| *known != key);
        }
        Ok(())
    })
}
