//! Messages carried by a NATS server: a topic is a subject, metadata are headers.
//!
//! As NATS has it, a message is handed to who listens when it comes, at most once. Servers of one app listen as one queue
//! group, so that each message goes to one of them. Where the connection breaks it is made anew, and what was listened to
//! is listened to again. What is asked names a subject for replies, and who is asked replies there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Client, ConnectOptions, Event, HeaderMap, HeaderName, HeaderValue, StatusCode, Subscriber,
    connection::State,
    header::{ParseHeaderNameError, ParseHeaderValueError},
};
use futures::{
    StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use tokio::{sync::OnceCell, time::timeout};

use crate::runtime::{error::Error, stores::hidden};

use super::{
    messaging::{Fault, Message},
    request_reply::Asker,
};

/// For the server to be reached, and for it to take a message.
const PATIENCE: Duration = Duration::from_secs(5);

/// For the server to give a word back at the start.
const HEARD: Duration = Duration::from_secs(1);

/// Messages that wait in this process before the server's are dropped.
const WAITING: usize = 1024;

/// The header that says what a message is.
const CONTENT_TYPE: &str = "Content-Type";

/// A server, with one connection for everything, made when it is first needed.
pub(in crate::runtime) struct Nats {
    address: String,
    client: OnceCell<Client>,
    missed: Missed,
}

/// How many messages came while as many waited as may, and were dropped: at least, as the client tells of them.
pub(in crate::runtime) type Missed = Arc<AtomicUsize>;

impl Nats {
    /// Errors where the address is none, or nobody answers there. Not for where futures run.
    pub fn open(address: &str) -> Result<Nats, Error> {
        let nats = Nats { address: address.to_owned(), client: OnceCell::new(), missed: Missed::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Error::Threads { source })?;
        runtime.block_on(nats.connect()).map_err(|why| Error::Backend { address: hidden(address), why })?;
        Ok(nats)
    }

    /// Sends a message; done when it is on its way to the server. Fails while there is no connection.
    pub async fn send(&self, message: Message) -> Result<(), Fault> {
        self.publish(message, None).await
    }

    /// Sends a message that asks: what is replied to it.
    pub async fn ask(&self, message: Message) -> Result<BoxStream<'static, Result<Message, Fault>>, Fault> {
        let topic = message.topic().to_owned();
        let client = self.client().await.map_err(Fault::Connection)?;
        let inbox = client.new_inbox();
        let replies = client.subscribe(inbox.clone()).await.map_err(|error| Fault::Connection(error.to_string()))?;
        self.publish(message, Some(inbox)).await?;
        let replies = replies.map(move |reply| match reply.status {
            Some(StatusCode::NO_RESPONDERS) => Err(Fault::Other(format!("nobody listens to the topic `{topic}`"))),
            _ => Ok(Message { topic: None, asker: None, ..received(reply) }),
        });
        let end = || Fault::Connection("the connection to the server is gone".to_owned());
        Ok(replies.chain(stream::once(async move { Err(end()) })).boxed())
    }

    /// Sends a message, which says where replies go.
    async fn publish(&self, message: Message, inbox: Option<String>) -> Result<(), Fault> {
        let Message { topic, content_type, data, metadata, asker: _ } = message;
        let subject = topic.unwrap_or_default();
        if !is_subject(&subject) {
            return Err(Fault::Other(format!("`{}` cannot be a subject of NATS", subject.escape_debug())));
        }
        let kind = content_type.map(|kind| (CONTENT_TYPE.to_owned(), kind));
        let headers = headers(metadata.into_iter().flatten().chain(kind)).map_err(Fault::Other)?;
        let client = self.client().await.map_err(Fault::Connection)?;
        if client.connection_state() != State::Connected {
            return Err(Fault::Connection("the server is gone; it is looked for".to_owned()));
        }
        let most = client.server_info().max_payload;
        if data.len() > most {
            return Err(Fault::Other(format!("{} bytes are more than the {most} that the server takes", data.len())));
        }
        let sent = async {
            let published = match inbox {
                Some(inbox) => client.publish_with_reply_and_headers(subject, inbox, headers, data.into()).await,
                None => client.publish_with_headers(subject, headers, data.into()).await,
            };
            published.map_err(|error| error.to_string())?;
            client.flush().await.map_err(|error| error.to_string())
        };
        match timeout(PATIENCE, sent).await {
            Ok(sent) => sent.map_err(Fault::Connection),
            Err(_) => Err(Fault::Timeout),
        }
    }

    /// What is sent to these topics from now on, as one of a group.
    pub async fn listen(&self, topics: &[String], group: &str) -> Result<Listening, Error> {
        let unusable = |why: String| Error::Backend { address: hidden(&self.address), why };
        let client = self.client().await.map_err(unusable)?;
        let group: String = group.chars().map(|c| if c.is_whitespace() { '-' } else { c }).collect();
        let mut topics_heard: SelectAll<Subscriber> = SelectAll::new();
        for topic in topics {
            if !is_subject(topic) {
                return Err(unusable(format!(
                    "the topic `{}` cannot be a subject, or is a pattern",
                    topic.escape_debug()
                )));
            }
            let listening = client.queue_subscribe(topic.clone(), group.clone()).await;
            topics_heard.push(listening.map_err(|error| unusable(format!("the topic `{topic}`: {error}")))?);
        }
        heard(client).await.map_err(unusable)?;
        Ok(Listening { topics: topics_heard, missed: self.missed.clone() })
    }

    async fn client(&self) -> Result<&Client, String> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, String> {
        let options = ConnectOptions::new()
            .name("mosaic")
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .subscription_capacity(WAITING)
            .event_callback({
                let missed = self.missed.clone();
                move |event| {
                    let more = usize::from(matches!(event, Event::SlowConsumer(_)));
                    missed.fetch_add(more, Ordering::Relaxed);
                    std::future::ready(())
                }
            });
        let client = timeout(PATIENCE, options.connect(self.address.as_str())).await;
        client.map_err(|_| "it does not answer".to_owned())?.map_err(|error| error.to_string())
    }
}

/// Topics that are listened to.
pub(in crate::runtime) struct Listening {
    topics: SelectAll<Subscriber>,
    pub missed: Missed,
}

impl Listening {
    /// `None`: no more will come.
    pub async fn next(&mut self) -> Option<Message> {
        self.topics.next().await.map(received)
    }

    /// Has the server hand over no more; what it has handed over already still comes.
    pub async fn end(&mut self) {
        for topic in self.topics.iter_mut() {
            // A connection that is closed hands over nothing either.
            let _ = topic.drain().await;
        }
    }
}

/// A message as it came.
fn received(message: async_nats::Message) -> Message {
    let mut metadata = Vec::new();
    let mut content_type = None;
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        for value in values {
            match <HeaderName as AsRef<str>>::as_ref(name) {
                CONTENT_TYPE => content_type = Some(value.to_string()),
                name => metadata.push((name.to_owned(), value.to_string())),
            }
        }
    }
    // They come in no order.
    metadata.sort();
    Message {
        topic: Some(message.subject.to_string()),
        content_type,
        data: message.payload.to_vec(),
        metadata: (!metadata.is_empty()).then_some(metadata),
        asker: message.reply.map(|subject| Asker::Subject(subject.to_string())),
    }
}

/// Waits until the server has taken all that was said to it, so that whoever has seen us start is listened to: it takes it
/// in turn, and gives us a word of our own back. One that forbids such a word has the time for it.
async fn heard(client: &Client) -> Result<(), String> {
    let inbox = client.new_inbox();
    let mut back = client.subscribe(inbox.clone()).await.map_err(|error| error.to_string())?;
    client.publish(inbox, Vec::new().into()).await.map_err(|error| error.to_string())?;
    client.flush().await.map_err(|error| error.to_string())?;
    let _ = timeout(HEARD, back.next()).await;
    Ok(())
}

/// Whether something may be sent to it: words between dots, and no pattern.
fn is_subject(topic: &str) -> bool {
    let word =
        |word: &str| !["", "*", ">"].contains(&word) && !word.contains(|c: char| c.is_whitespace() || c.is_control());
    topic.split('.').all(word)
}

fn headers(metadata: impl Iterator<Item = (String, String)>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in metadata {
        let unfit = |why: String| format!("the metadata `{}` cannot be a header of NATS: {why}", name.escape_debug());
        let key: HeaderName = name.parse().map_err(|error: ParseHeaderNameError| unfit(error.to_string()))?;
        let value: HeaderValue = value.parse().map_err(|error: ParseHeaderValueError| unfit(error.to_string()))?;
        headers.append(key, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::{super::servers::Server, *};

    fn message(topic: &str, data: &str) -> Message {
        Message { topic: Some(topic.to_owned()), data: data.as_bytes().to_vec(), ..Message::default() }
    }

    #[test]
    fn what_is_sent_comes_whole_to_one_of_a_group() {
        let server = Server::nats();
        let nats = Nats::open(&format!("nats://{}", server.address)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let topics = ["orders".to_owned(), "a.b".to_owned()];
            let (mut one, mut two) =
                (nats.listen(&topics, "my app").await.unwrap(), nats.listen(&topics, "my app").await.unwrap());
            let mut other = nats.listen(&topics, "other").await.unwrap();
            let whole = Message {
                content_type: Some("text/plain".to_owned()),
                metadata: Some(vec![("Who".to_owned(), "you".to_owned()), ("who".to_owned(), "me".to_owned())]),
                ..message("a.b", "Grüße\0")
            };
            nats.send(whole.clone()).await.unwrap();
            assert_eq!(other.next().await, Some(whole.clone()));
            let got = tokio::select! { got = one.next() => got, got = two.next() => got };
            assert_eq!(got, Some(whole));
            for number in 0..20 {
                nats.send(message("orders", &number.to_string())).await.unwrap();
            }
            nats.send(message("elsewhere", "x")).await.unwrap();
            let mut seen = Vec::new();
            while seen.len() < 20 {
                let got = tokio::select! { got = one.next() => got, got = two.next() => got }.unwrap();
                seen.push(String::from_utf8(got.data).unwrap().parse::<u32>().unwrap());
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..20).collect::<Vec<_>>());
            for _ in 0..20 {
                assert_eq!(other.next().await.unwrap().topic.as_deref(), Some("orders"));
            }
            let more = timeout(Duration::from_millis(100), async {
                tokio::select! { got = one.next() => got, got = two.next() => got, got = other.next() => got }
            });
            assert!(more.await.is_err(), "nobody else sends");
        });
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let server = Server::nats();
        let nats = Nats::open(&format!("nats://{}", server.address)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for topic in ["", "a..b", "a.*", ">", "a b", "a\r\nPUB x"] {
                assert!(matches!(nats.send(message(topic, "x")).await, Err(Fault::Other(_))), "{topic:?}");
            }
            let metadata = Some(vec![("a:b".to_owned(), "x".to_owned())]);
            assert!(matches!(nats.send(Message { metadata, ..message("a", "x") }).await, Err(Fault::Other(_))));
            let large = nats.send(message("a", &"x".repeat(2 << 20))).await;
            assert!(matches!(large, Err(Fault::Other(_))), "{large:?}");
            for pattern in [">", "a.*", ""] {
                let listened = nats.listen(&[pattern.to_owned()], "group").await;
                assert!(matches!(listened.map(drop), Err(Error::Backend { .. })), "{pattern:?}");
            }
            nats.send(message("a", "x")).await.unwrap();
            drop(server);
            let noticed = async {
                while nats.send(message("a", "x")).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                nats.send(message("a", "x")).await
            };
            let gone = timeout(PATIENCE, noticed).await.unwrap();
            assert!(matches!(gone, Err(Fault::Timeout | Fault::Connection(_))), "{gone:?}");
        });
    }

    #[test]
    fn a_server_that_comes_back_is_found_and_listened_to_again() {
        let server = Server::nats();
        let port = server.address.rsplit(':').next().unwrap().to_owned();
        let nats = Nats::open(&format!("nats://{}", server.address)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut coming = nats.listen(&["a".to_owned()], "group").await.unwrap();
            drop(server);
            while nats.send(message("a", "lost")).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let _again = Server::nats_at(&port);
            let found = async {
                while nats.send(message("a", "found")).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                coming.next().await
            };
            let got = timeout(Duration::from_secs(20), found).await.unwrap();
            assert_eq!(got, Some(message("a", "found")));
        });
    }

    #[test]
    fn what_cannot_be_reached_is_told() {
        for address in ["nats://127.0.0.1:1", "nats://me:secret@127.0.0.1:1", "nonsense:"] {
            match Nats::open(address) {
                Err(Error::Backend { address, .. }) => assert!(!address.contains("secret")),
                _ => panic!("{address}"),
            }
        }
    }
}
