//! Messages of `wasi:messaging`, each handed to a fresh instance of the artifact that sent it.
//!
//! A message is handled as a request is: it takes one of the server's places, its guest has the limits of a request, and
//! what becomes of it is told. It is handled once, or not at all: a guest that fails gets it no second time.

use std::sync::Arc;

use futures::StreamExt;
use tokio::{sync::mpsc, time::Instant};
use wasmtime::component::{ComponentExportIndex, InstancePre, Resource};
use wasmtime_wasi::WasiCtx;

use crate::{
    diagnostic::{Diagnose, Problem},
    runtime::{
        error::Error,
        grants::Scope,
        host::messaging::{self, Carrier, Fault, Message, VERSIONS},
        state::{Guest, Host},
        tell::Told,
    },
};

use super::{
    Stop,
    exchange::{Server, within},
    instances::Failure,
};

/// Where messages for the handler come in: those of its own guests, or those of a server that are for it.
///
/// Errors where the server cannot be listened to, or it is not said what for.
pub(super) async fn queue(host: &Host, name: &str, stop: &Stop) -> Result<mpsc::Receiver<Message>, Error> {
    let (sender, queue) = messaging::queue();
    match host.messages.get() {
        Some(Carrier::Nats(nats)) => {
            let Scope::Only(topics) = &host.grants.topics else { return Err(Error::AnyTopic) };
            let topics: Vec<String> = topics.iter().cloned().collect();
            let mut coming = nats.listen(&topics, name).await?;
            let stop = stop.clone();
            tokio::spawn(async move {
                // Who is asked to stop takes no more.
                while let Some(message) = tokio::select! {
                    message = coming.next() => message,
                    () = stop.asked(1) => None,
                } {
                    if sender.send(message).await.is_err() {
                        break;
                    }
                }
            });
        }
        // Of a host that was opened for this server.
        Some(Carrier::Queue(_)) | None => drop(host.messages.set(Carrier::Queue(sender))),
    }
    Ok(queue)
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
    pub async fn take(self, mut queue: mpsc::Receiver<Message>, server: Arc<Server>) {
        let this = Arc::new(self);
        while let Some(message) = queue.recv().await {
            // Never closed.
            let Ok(place) = server.places.clone().acquire_owned().await else { return };
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
                    Some(Err(failure)) => server.tell_failure(&what, &failure),
                    None => server.tell_slow(&what, "was not done"),
                }
                drop(place);
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
