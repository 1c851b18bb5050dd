//! `wasi:messaging/request-reply`: a guest sends a message and waits for replies to it, or replies to one that it handles.
//!
//! 1. Who asks is part of the message ([`Asker`]): a channel of this process, or a subject of the server's.
//! 2. A request ends with as many replies as it wants (one, where it does not say), or when its time is over: with those
//!    that came, or with an error where none did. In this process it ends as well when whoever got the message is done.
//! 3. A reply to what nobody asked, or to one who waits no longer, is well and goes nowhere.
//!
//! A topic is granted for all of it: to ask, and to reply to what came by it.

use std::time::Duration;

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::mpsc;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};

use crate::runtime::state::{Behind, Guest, Host};

use super::messaging::{Carrier, Client, Fault, Message, granted};

/// Replies that wait for who asked.
const REPLIES: usize = 16;

const INTERFACE: &str = "wasi:messaging/request-reply";

/// Who waits for replies.
#[derive(Debug, Clone)]
pub(in crate::runtime) enum Asker {
    /// A guest of this process.
    Here(mpsc::Sender<Reply>),
    /// Whoever listens to this subject.
    Subject(String),
}

/// A reply, or why there is none.
pub(super) type Reply = Result<Message, Fault>;

impl PartialEq for Asker {
    fn eq(&self, other: &Asker) -> bool {
        match (self, other) {
            (Asker::Here(one), Asker::Here(other)) => one.same_channel(other),
            (Asker::Subject(one), Asker::Subject(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Asker {}

/// What a guest wants of a request.
#[derive(Default)]
struct Options {
    timeout: Option<Duration>,
    replies: Option<u32>,
}

pub(super) fn link(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    interface.resource("request-options", ResourceType::host::<Options>(), |mut store, rep| {
        store.data_mut().table.delete(Resource::<Options>::new_own(rep))?;
        Ok(())
    })?;
    interface.func_wrap("[constructor]request-options", |mut store, (): ()| {
        Ok((store.data_mut().table.push(Options::default())?,))
    })?;
    interface.func_wrap(
        "[method]request-options.set-timeout-ms",
        |mut store, (this, timeout): (Resource<Options>, u32)| {
            store.data_mut().table.get_mut(&this)?.timeout = Some(Duration::from_millis(timeout.into()));
            Ok(())
        },
    )?;
    interface.func_wrap(
        "[method]request-options.set-expected-replies",
        |mut store, (this, replies): (Resource<Options>, u32)| {
            store.data_mut().table.get_mut(&this)?.replies = Some(replies);
            Ok(())
        },
    )?;
    type Request = (Resource<Client>, String, Resource<Message>, Option<Resource<Options>>);
    interface.func_wrap_async("request", move |mut store, (_, topic, message, options): Request| {
        Box::new(async move {
            let message = store.data().table.get(&message)?.clone();
            let options = options.map(|options| store.data_mut().table.delete(options)).transpose()?;
            let replies: Result<Vec<Resource<Message>>, Fault> = match granted(&store, behind, INTERFACE, &topic) {
                Err(refused) => Err(refused),
                Ok(()) => {
                    let host = store.data().host.clone();
                    let message = Message { topic: Some(topic), asker: None, ..message };
                    match request(&host, message, options.unwrap_or_default()).await {
                        Err(fault) => Err(fault),
                        Ok(replies) => {
                            let table = &mut store.data_mut().table;
                            Ok(replies.into_iter().map(|reply| table.push(reply)).collect::<Result<_, _>>()?)
                        }
                    }
                }
            };
            Ok((replies,))
        })
    })?;
    interface.func_wrap_async("reply", move |mut store, (to, reply): (Resource<Message>, Resource<Message>)| {
        Box::new(async move {
            let reply = store.data_mut().table.delete(reply)?;
            let to = store.data().table.get(&to)?;
            let (topic, asker) = (to.topic().to_owned(), to.asker.clone());
            let Some(asker) = asker else { return Ok((Ok(()),)) };
            if let Err(refused) = granted(&store, behind, INTERFACE, &topic) {
                return Ok((Err(refused),));
            }
            let host = store.data().host.clone();
            Ok((asker.tell(&host, reply).await,))
        })
    })
}

/// Sends a message, and waits for what is replied.
async fn request(host: &Host, message: Message, options: Options) -> Result<Vec<Message>, Fault> {
    let mut replies = Vec::new();
    let most = options.replies.unwrap_or(1) as usize;
    let gathered = gather(host, message, most, &mut replies);
    let end = match options.timeout {
        Some(timeout) => tokio::time::timeout(timeout, gathered).await.unwrap_or(Err(Fault::Timeout)),
        None => gathered.await,
    };
    match end {
        Err(fault) if replies.is_empty() => Err(fault),
        _ => Ok(replies),
    }
}

/// Puts replies into `replies` until there are as many as wanted, or no more can come.
async fn gather(host: &Host, message: Message, most: usize, replies: &mut Vec<Message>) -> Result<(), Fault> {
    let mut coming = ask(host, message).await?;
    let mut room = host.limits.memory;
    while replies.len() < most {
        let reply = coming
            .next()
            .await
            .ok_or_else(|| Fault::Other("whoever got the message is done, and did not reply".to_owned()))??;
        match room.checked_sub(reply.size()) {
            Some(left) if replies.len() < host.limits.resources => room = left,
            _ => {
                replies.clear();
                return Err(Fault::Other("the replies are more than a guest may hold".to_owned()));
            }
        }
        replies.push(reply);
    }
    Ok(())
}

/// Sends a message with who asks: what comes back.
async fn ask(host: &Host, message: Message) -> Result<BoxStream<'static, Reply>, Fault> {
    match host.messages.get() {
        Some(Carrier::Queue(queue)) => {
            let (sender, mut receiver) = mpsc::channel(REPLIES);
            queue.put(Message { asker: Some(Asker::Here(sender)), ..message }).await?;
            Ok(stream::poll_fn(move |cx| receiver.poll_recv(cx)).boxed())
        }
        Some(Carrier::Nats(nats)) => nats.ask(message).await,
        None => Err(Fault::nobody()),
    }
}

impl Asker {
    /// Sends a reply to who asks.
    async fn tell(&self, host: &Host, reply: Message) -> Result<(), Fault> {
        match (self, host.messages.get()) {
            (Asker::Here(sender), _) => {
                // Who has what was asked for waits no longer.
                let _ = sender.send(Ok(Message { topic: None, asker: None, ..reply })).await;
                Ok(())
            }
            (Asker::Subject(subject), Some(Carrier::Nats(nats))) => {
                nats.send(Message { topic: Some(subject.clone()), asker: None, ..reply }).await
            }
            (Asker::Subject(_), _) => Err(Fault::nobody()),
        }
    }
}

impl Message {
    /// It comes from a guest of this process, which waits for replies.
    pub fn is_awaited_here(&self) -> bool {
        matches!(self.asker, Some(Asker::Here(_)))
    }

    /// Tells who waits for replies that there will be none.
    pub fn refuse(&self, fault: Fault) {
        if let Some(Asker::Here(sender)) = &self.asker {
            let _ = sender.try_send(Err(fault));
        }
    }

    /// Bytes, about.
    fn size(&self) -> usize {
        let metadata = self.metadata.iter().flatten().map(|(name, value)| name.len() + value.len());
        size_of::<Message>() + self.data.len() + metadata.sum::<usize>()
    }
}
