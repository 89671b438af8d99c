//! Asking replicas on their admin ports: each within two seconds, all of a server at once, often while something is awaited and
//! now and then otherwise.

use super::answers::{Live, Pod, Replicas, Said, SaidOfStore};
use crate::bell::Bell;
use futures::StreamExt;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use nauthera_core::snapshot::{Revision, hex32};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How long a replica may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How often they are asked while a change waits for them.
const WHILE_AWAITED: Duration = Duration::from_millis(50);
/// How often they are asked otherwise.
const AT_REST: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const LARGEST: usize = 16 * 1_024;
/// Replicas that are asked at once.
const AT_ONCE: usize = 32;

/// The replicas of one server, shared by who asks and who wants to know.
pub struct Polling {
    replicas: Mutex<Replicas>,
    hurry: Notify,
    /// Told whenever something is news.
    news: Arc<Bell>,
}

impl Polling {
    /// Nobody is known yet; `news` is told of everything.
    #[must_use]
    pub fn new(news: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self { replicas: Mutex::default(), hurry: Notify::new(), news })
    }

    /// Looks at, or changes, what is known.
    pub fn with<T>(&self, act: impl FnOnce(&mut Replicas) -> T) -> T {
        act(&mut self.replicas.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes the pods that there are.
    pub fn meet(&self, pods: Vec<Pod>) {
        if self.with(|replicas| replicas.meet(pods)) {
            self.hurry.notify_one();
            self.news.ring();
        }
    }

    /// Notes a publication, and asks at once.
    pub fn published(&self, sequence: u64, revision: Revision) {
        self.with(|replicas| replicas.published(sequence, revision));
        self.hurry.notify_one();
    }

    /// How far they are.
    #[must_use]
    pub fn live(&self) -> Live {
        self.with(|replicas| replicas.live())
    }
}

/// Asks the replicas of one server for as long as it is polled.
pub struct Poller {
    /// Who is asked.
    pub polling: Arc<Polling>,
    /// The admin port of every replica.
    pub port: u16,
}

impl Poller {
    /// Asks for ever.
    pub async fn run(self) {
        loop {
            let hurry = self.polling.hurry.notified();
            let (pods, awaited) =
                self.polling.with(|replicas| (replicas.pods(), !replicas.live().lagging.is_empty()));
            let mut asked = Vec::new();
            for pod in pods {
                let port = self.port;
                asked.push(async move {
                    let answer = ask(SocketAddr::new(pod.address, port)).await;
                    (pod, answer)
                });
            }
            let mut answers = futures::stream::iter(asked).buffer_unordered(AT_ONCE);
            while let Some((pod, answer)) = answers.next().await {
                if self.polling.with(|replicas| replicas.heard(&pod, answer)) {
                    self.polling.news.ring();
                }
            }
            let rest = if awaited { WHILE_AWAITED } else { AT_REST };
            tokio::select! {
                () = hurry => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }
}

#[derive(Deserialize)]
struct Ready {
    #[serde(default)]
    revision: Option<Serves>,
    #[serde(default)]
    formats: Vec<u32>,
    #[serde(default, rename = "userStore")]
    store: Option<Store>,
}

#[derive(Deserialize)]
struct Serves(#[serde(with = "hex32")] [u8; 32]);

#[derive(Deserialize)]
struct Store {
    name: Arc<str>,
    #[serde(default)]
    fault: Option<Arc<str>>,
}

/// What an answer says.
fn said(body: &[u8]) -> Result<Said, String> {
    let ready: Ready = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let store = ready.store.map(|Store { name, fault }| SaidOfStore { name, fault });
    let revision = ready.revision.map(|Serves(bytes)| Revision(bytes));
    if revision.is_none() && ready.formats.is_empty() {
        return Err("what answers is no server of ours: it says neither a revision nor formats".to_owned());
    }
    Ok(Said { revision, formats: ready.formats, store })
}

async fn ask(address: SocketAddr) -> Result<Said, String> {
    match tokio::time::timeout(ANSWER_WITHIN, ready(address)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
    }
}

async fn ready(address: SocketAddr) -> Result<Said, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let request = http::Request::get("/readyz").header(http::header::HOST, address.to_string());
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        said(&body)
    };
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = &mut connection => match ended {
            // The last bytes of the answer may have come with the end.
            Ok(()) => answer.await,
            Err(error) => Err(error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_revision_or_says_at_least_what_is_read() {
        let serves =
            said(format!(r#"{{"revision":"{}","formats":[1]}}"#, "07".repeat(32)).as_bytes()).unwrap();
        assert_eq!((serves.revision, serves.formats), (Some(Revision([7; 32])), vec![1]));
        let waits = said(br#"{"status":"waiting for a Snapshot","formats":[1,2]}"#).unwrap();
        assert_eq!((waits.revision, waits.formats), (None, vec![1, 2]));
        // Taken for a replica that was never asked, these would hold up everything without a word.
        for none in ["{}", r#"{"revision":null}"#, r#"{"status":"ok"}"#, "[]", "", r#"{"revision":"xyz"}"#] {
            assert!(said(none.as_bytes()).is_err(), "{none}");
        }
    }
}
