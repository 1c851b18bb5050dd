//! `wasi:messaging`: what a guest sends to a granted topic goes to the handler that the same artifact exports, or to a
//! server ([`super::nats`]), which hands it to whom it knows.
//!
//! Without a server, messages wait in one queue of bounded length, in this process: what is sent is taken over in order,
//! answered or not, and lost with the process. Where nobody takes messages, sending fails.
//!
//! The package was never released; its draft is known under its version or without.
//! <https://github.com/WebAssembly/wasi-messaging>

use std::time::Duration;

use tokio::sync::mpsc;
use wasmtime::component::{Component, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType};

use crate::runtime::{
    denials::Denial,
    error::Error,
    grants::{Grants, Missing},
    state::{Behind, Guest, Host},
    stores::Stores,
    trap::caller,
};

use super::nats::Nats;

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
}

/// Who carries messages.
pub(in crate::runtime) enum Carrier {
    /// The handler's own queue.
    Queue(mpsc::Sender<Message>),
    Nats(Box<Nats>),
}

/// What a guest calls a connection: there is but one.
struct Client;

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

/// Where messages wait for their handler.
pub(in crate::runtime) fn queue() -> (mpsc::Sender<Message>, mpsc::Receiver<Message>) {
    mpsc::channel(QUEUE)
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
    }
    Ok(())
}

/// Links the interface that alone sends, under a label.
pub(super) fn link_one(interface: &mut LinkerInstance<'_, Guest>, name: &str, behind: Behind) -> wasmtime::Result<()> {
    let is_it = name.strip_prefix("wasi:messaging/producer").is_some_and(|version| VERSIONS.contains(&version));
    if is_it { link_producer(interface, behind) } else { Ok(()) }
}

fn link_producer(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.func_wrap_async(
        "send",
        move |mut store, (_, topic, message): (Resource<Client>, String, Resource<Message>)| {
            Box::new(async move {
                let message = store.data_mut().table.delete(message)?;
                let host = store.data().host.clone();
                if host.granted(behind).topics.allows(&topic) {
                    return Ok((send(&host, Message { topic: Some(topic), ..message }).await,));
                }
                host.refuse(Denial {
                    part: caller(&store),
                    interface: "wasi:messaging/producer",
                    what: format!("the topic `{topic}`"),
                    grant: Missing::new("topic", topic.as_str()),
                });
                Ok((Err(Fault::PermissionDenied(format!("the topic `{topic}` is not granted"))),))
            })
        },
    )
}

async fn send(host: &Host, message: Message) -> Result<(), Fault> {
    let queue = match host.messages.get() {
        Some(Carrier::Queue(queue)) => queue,
        Some(Carrier::Nats(nats)) => return nats.send(message).await,
        None => return Err(Fault::Other("nobody takes messages here".to_owned())),
    };
    match tokio::time::timeout(PATIENCE, queue.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Fault::Connection("the server ends".to_owned())),
        Err(_) => Err(Fault::Timeout),
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
