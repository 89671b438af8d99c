//! The other end of publishing: what `nauthera server` reads. It watches the index and the shards of one server, and gives out each
//! Snapshot that they make. While the API server is away, what was given out last goes on.

use crate::backoff::doubled;
use crate::publish::{INDEX_KEY, SHARD_KEY, index_of, labels_of};
use crate::watch::Follower;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;
use kube::{Api, Client};
use nauthera_core::names::ObjectRef;
use nauthera_core::shards::{BadShards, Unpacked, Unpacker};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The wait after the first failure, and the longest: what is published meanwhile is served so much later.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// Shards arrive before the index that names them. One that is missing so long after it is worth saying.
const MISSING_FOR: Duration = Duration::from_secs(10);

/// The server whose Snapshot this index names; `None` for another name.
#[must_use]
pub fn server_of(index: &ObjectRef) -> Option<ObjectRef> {
    let ends = crate::names::index("\0");
    let (start, end) = ends.split_once('\0')?;
    let server = index.name.strip_prefix(start)?.strip_suffix(end).filter(|server| !server.is_empty())?;
    Some(ObjectRef::new(index.namespace.clone(), server))
}

/// What became of the Snapshot.
pub enum Followed {
    /// Another one, to be served from now on.
    Snapshot(Box<Unpacked>),
    /// What is published cannot be served; what is held stays.
    Refused(String),
    /// The API server cannot be reached, or does not allow it.
    Unreachable(String),
}

/// What is known of the ConfigMaps.
#[derive(Default)]
struct Pieces {
    index: Option<Arc<[u8]>>,
    shards: BTreeMap<Arc<str>, Arc<[u8]>>,
    listed: Option<BTreeMap<Arc<str>, Arc<[u8]>>>,
    given: Option<Arc<[u8]>>,
}

/// Follows the Snapshot of a server for as long as somebody listens.
pub async fn follow(client: Client, server: ObjectRef, out: mpsc::Sender<Followed>) {
    let api: Api<ConfigMap> = Api::namespaced(client, &server.namespace);
    let mut events = Follower::new(api, Some(labels_of(&server.name)));
    let index_name = index_of(&server).name;
    let mut pieces = Pieces::default();
    let mut unpacker = Some(Unpacker::default());
    let mut said = None;
    loop {
        let waiting = pieces.index.is_some() && pieces.index != pieces.given;
        let event = tokio::select! {
            event = events.next() => event,
            () = tokio::time::sleep(MISSING_FOR), if waiting => {
                if !say(&out, &mut said, Followed::Refused("a shard that its index names is not there".into())).await {
                    return;
                }
                continue;
            }
        };
        match event {
            Ok(Some(event)) => pieces.apply(&index_name, event),
            Ok(None) => continue,
            Err(fault) => {
                if !say(&out, &mut said, Followed::Unreachable(fault.to_string())).await {
                    return;
                }
                tokio::time::sleep(doubled(WAITS, events.failures())).await;
                continue;
            }
        }
        let Some(outcome) = pieces.unpack(&mut unpacker).await else { continue };
        let told = match outcome {
            Ok(unpacked) => {
                said = None;
                out.send(Followed::Snapshot(Box::new(unpacked))).await.is_ok()
            }
            Err(error) => say(&out, &mut said, Followed::Refused(error.to_string())).await,
        };
        if !told {
            return;
        }
    }
}

/// Says what is wrong, once; whether anybody listens still.
async fn say(out: &mpsc::Sender<Followed>, said: &mut Option<String>, news: Followed) -> bool {
    let text = match &news {
        Followed::Refused(text) | Followed::Unreachable(text) => text.clone(),
        Followed::Snapshot(_) => String::new(),
    };
    if said.as_ref() == Some(&text) {
        return !out.is_closed();
    }
    *said = Some(text);
    out.send(news).await.is_ok()
}

impl Pieces {
    fn apply(&mut self, index_name: &str, event: Event<ConfigMap>) {
        match event {
            Event::Init => self.listed = Some(BTreeMap::new()),
            Event::InitApply(map) | Event::Apply(map) => self.put(index_name, map),
            Event::InitDone => {
                if let Some(listed) = self.listed.take() {
                    self.shards = listed;
                }
            }
            Event::Delete(map) => {
                // An index that is gone is no order to serve nothing.
                if let Some(name) = map.metadata.name {
                    self.shards.remove(&*name);
                }
            }
        }
    }

    fn put(&mut self, index_name: &str, map: ConfigMap) {
        let name: Arc<str> = map.metadata.name.unwrap_or_default().into();
        if *name == *index_name {
            let text = map.data.and_then(|mut data| data.remove(INDEX_KEY));
            self.index = text.map(|text| text.into_bytes().into()).or_else(|| self.index.take());
            return;
        }
        let Some(bytes) = map.binary_data.and_then(|mut data| data.remove(SHARD_KEY)) else { return };
        let bytes: Arc<[u8]> = bytes.0.into();
        if let Some(listed) = &mut self.listed {
            listed.insert(name.clone(), bytes.clone());
        }
        self.shards.insert(name, bytes);
    }

    /// Puts the Snapshot together, if it is another one than was given out; `None` while it is that, or a shard is still to come.
    async fn unpack(&mut self, unpacker: &mut Option<Unpacker>) -> Option<Result<Unpacked, BadShards>> {
        let index = self.index.clone().filter(|index| self.given.as_ref() != Some(index))?;
        if self.listed.is_some() {
            return None;
        }
        let (shards, mut held) = (self.shards.clone(), unpacker.take().unwrap_or_default());
        let (bytes, given) = (index.clone(), index);
        let work = tokio::task::spawn_blocking(move || {
            let outcome = held.unpack(&bytes, |name| shards.get(name).cloned());
            (held, outcome)
        });
        let (held, outcome) = work.await.ok()?;
        *unpacker = Some(held);
        match outcome {
            Err(BadShards::Missing(_)) => None,
            other => {
                // What cannot be served is refused once, until there is another index.
                self.given = Some(given);
                Some(other)
            }
        }
    }
}
