//! Messages of `wasi:messaging`, each handed to a fresh instance of the artifact that sent it.
//!
//! A message is handled as a request is: it takes one of the server's places, its guest has the limits of a request, and
//! what becomes of it is told. It is handled once, or not at all: a guest that fails gets it no second time.
//!
//! A server that is asked to stop takes no more from elsewhere, handles what it has, and says what it had no time for.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinHandle,
    time::{Instant, timeout},
};
use wasmtime::component::{ComponentExportIndex, InstancePre, Resource};
use wasmtime_wasi::WasiCtx;

use crate::{
    diagnostic::{Diagnose, Problem},
    runtime::{
        error::Error,
        grants::Scope,
        host::{
            messaging::{self, Carrier, Fault, Message, Pending, Queue, VERSIONS, Waiting},
            nats::{Listening, Missed},
        },
        state::{Guest, Host},
        tell::Told,
    },
};

use super::{
    Stop,
    exchange::{Server, within},
    instances::Failure,
};

/// For a server of messages to have handed over what it had under way, when no more is wanted of it.
const LEAVING: Duration = Duration::from_secs(1);

/// How often a server that stops looks whether it is done.
const LOOK: Duration = Duration::from_millis(5);

/// What comes in for the handler: from its own guests, or from a server that has messages for it.
///
/// Errors where the server cannot be listened to, or it is not said what for.
pub(super) async fn queue(host: &Host, name: &str, stop: &Stop) -> Result<(mpsc::Receiver<Waiting>, Backlog), Error> {
    let (sender, queue) = messaging::queue();
    let mut backlog = Backlog { pending: sender.pending.clone(), ..Backlog::default() };
    match host.messages.get() {
        Some(Carrier::Nats(nats)) => {
            let Scope::Only(topics) = &host.grants.topics else { return Err(Error::AnyTopic) };
            let topics: Vec<String> = topics.iter().cloned().collect();
            let coming = nats.listen(&topics, name).await?;
            backlog.missed = coming.missed.clone();
            backlog.feeder = Some(tokio::spawn(feed(coming, sender, stop.clone())));
        }
        // Of a host that was opened for this server.
        Some(Carrier::Queue(_)) | None => drop(host.messages.set(Carrier::Queue(sender))),
    }
    Ok((queue, backlog))
}

/// What is still to be handled when a server stops; nothing, where it takes no messages.
#[derive(Default)]
pub(super) struct Backlog {
    pub pending: Arc<Pending>,
    pub missed: Missed,
    /// Ends when no more come from elsewhere.
    feeder: Option<JoinHandle<()>>,
}

impl Backlog {
    /// Waits until no guest of the server runs, and nothing waits for one. `guests`: as many as may run at once.
    pub async fn done(self, server: &Server, guests: u32) {
        if let Some(feeder) = self.feeder {
            // Whatever became of it, nothing more comes of it.
            let _ = feeder.await;
        }
        // In this order: a guest that runs may send. No place is taken meanwhile, which messages may need.
        while server.places.available_permits() < guests as usize || !self.pending.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Hands over what comes from a server. Who is asked to stop takes no more, and hands over what has come.
async fn feed(mut coming: Listening, queue: Queue, stop: Stop) {
    let mut held = VecDeque::new();
    let stopped = stop.asked(1);
    let mut stopped = std::pin::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            place = queue.place(), if !held.is_empty() => match (place, held.pop_front()) {
                (Some(place), Some(waiting)) => place.send(waiting),
                _ => return,
            },
            message = coming.next(), if held.is_empty() => match message {
                Some(message) => held.push_back(queue.take_over(message)),
                None => return,
            },
        }
    }
    let leaving = async {
        coming.end().await;
        while let Some(message) = coming.next().await {
            held.push_back(queue.take_over(message));
        }
    };
    // A server that is gone hands over nothing.
    let _ = timeout(LEAVING, leaving).await;
    for waiting in held {
        match queue.place().await {
            Some(place) => place.send(waiting),
            None => return,
        }
    }
}

/// What takes messages: the handler that the artifact exports.
pub(super) struct Handler {
    pre: InstancePre<Guest>,
    handle: ComponentExportIndex,
}

impl Handler {
    /// `None`: it exports none.
    pub fn of(pre: &InstancePre<Guest>) -> Option<Handler> {
        let component = pre.component();
        let handle = VERSIONS.iter().find_map(|version| {
            let interface = format!("wasi:messaging/incoming-handler{version}");
            let (_, interface) = component.get_export(None, &interface)?;
            component.get_export_index(Some(&interface), "handle")
        })?;
        Some(Handler { pre: pre.clone(), handle })
    }

    /// Handles all that come, for as long as somebody may send.
    pub async fn take(self, mut queue: mpsc::Receiver<Waiting>, server: Arc<Server>) {
        let this = Arc::new(self);
        while let Some(Waiting { message, mark }) = queue.recv().await {
            let Some(place) = place(&server, &message).await else { continue };
            let (this, server) = (this.clone(), server.clone());
            tokio::spawn(async move {
                let what = format!("message to {}", message.topic());
                let deadline = server.timeout.map(|timeout| Instant::now() + timeout);
                match within(deadline, this.handle(&server, message)).await {
                    Some(Ok(Ok(()))) => {}
                    Some(Ok(Err(fault))) => {
                        let message = format!("the guest of `{what}` failed: {fault:?}");
                        server.tell(Told::Warning(Problem::warning("runtime::guest-error", message)));
                    }
                    Some(Err(failure)) if failure.is_full() => {
                        let message = format!("there was no room for a guest, and a {what} was lost");
                        server.tell(Told::Warning(Problem::warning("runtime::message-lost", message)));
                    }
                    Some(Err(failure)) => server.tell_failure(&what, &failure),
                    None => server.tell_slow(&what, "was not done"),
                }
                drop((mark, place));
            });
        }
    }

    async fn handle(&self, server: &Server, message: Message) -> Result<Result<(), Fault>, Failure> {
        let guest = match Guest::new(&server.host, WasiCtx::builder()) {
            Ok(guest) => guest,
            Err(error) => {
                error.problems().into_iter().for_each(|problem| server.tell(Told::Warning(problem)));
                return Ok(Ok(()));
            }
        };
        let clock = guest.clock.clone();
        let mut store = guest.into_store(self.pre.engine());
        let life = async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            let handle =
                instance.get_typed_func::<(Resource<Message>,), (Result<(), Fault>,)>(&mut store, &self.handle)?;
            let message = store.data_mut().table.push(message)?;
            handle.call_async(&mut store, (message,)).await
        };
        match clock.measure(life).await {
            Ok((handled,)) => Ok(handled),
            Err(error) => {
                let dump = server.host.dump(&error, &mut store);
                Err(Failure::of(error, store.data().meter.starved, dump))
            }
        }
    }
}

/// A place for the guest that is to handle a message. `None`: there was none in time, and somebody here waits for a reply:
/// those who wait may be the ones that hold all places.
async fn place(server: &Server, message: &Message) -> Option<OwnedSemaphorePermit> {
    let place = server.places.clone().acquire_owned();
    if !message.is_awaited_here() {
        // Never closed.
        return place.await.ok();
    }
    match timeout(server.queue, place).await {
        Ok(place) => place.ok(),
        Err(_) => {
            message.refuse(Fault::Other("the server has no place for a guest that could reply".to_owned()));
            None
        }
    }
}

/// Says which messages were not handled when the server ended, and that some were not even taken.
pub(super) fn lost(pending: &Pending, missed: &Missed) -> impl Iterator<Item = Problem> {
    let missed =
        match missed.load(Ordering::Relaxed) {
            0 => None,
            count => {
                let message = format!("at least {count} messages came faster than they were handled, and were lost");
                Some(Problem::warning("runtime::messages-missed", message).help(
                    "`--max-requests` says how many are handled at once; further servers of the app share the work",
                ))
            }
        };
    missed.into_iter().chain(pending.counts().into_iter().map(|(topic, count)| {
        let (messages, were) = if count == 1 { ("message", "was") } else { ("messages", "were") };
        let message = format!("{count} {messages} to `{topic}` {were} not handled to the end before the server ended");
        Problem::warning("runtime::messages-lost", message).help("`--drain-timeout` says how long it waits for them")
    }))
}
