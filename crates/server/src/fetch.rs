//! Keys of clients with a `jwksUri`, and of clusters that the manifest of the server names: fetched over https, bounded in size, time
//! and number, kept for a while, and fetched again when a key id is not among them. Whose address may be called is in `guard`,
//! how a cluster is asked in `clusters`.

mod clusters;
mod guard;

pub use guard::{DEADLINE, Guarded, reason};

use crate::assertion::key_set;
use jsonwebtoken::jwk::JwkSet;
use nauthera_core::time::{Seconds, UnixTime};
use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

const FRESH: Seconds = Seconds::minutes(10);
/// An unknown key id fetches again, at most this often for one address.
const AGAIN: Seconds = Seconds::new(15);
/// Keys that were good outlast a hiccup of their server, no longer than this.
const OUTLAST: Seconds = Seconds::hours(1);
const LARGEST: usize = 64 * 1_024;
const MOST_ADDRESSES: usize = 10_000;
const MOST_AT_ONCE: usize = 32;

#[derive(Clone)]
struct Entry {
    keys: Option<Fetched>,
    tried_at: UnixTime,
}

#[derive(Clone)]
struct Fetched {
    set: Arc<JwkSet>,
    at: UnixTime,
}

#[derive(Default)]
struct Slot {
    entry: Mutex<Option<Entry>>,
    fetching: tokio::sync::Mutex<()>,
}

impl Slot {
    fn entry(&self) -> Option<Entry> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, entry: Entry) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
    }

    /// What is known, unless it is time to fetch: it is old, or has no such key and was not fetched just now.
    fn fresh(&self, kid: Option<&str>, now: UnixTime) -> Option<Entry> {
        self.entry().filter(|known| {
            let age = now.since(known.tried_at);
            let has_kid = |set: &JwkSet| kid.is_none_or(|kid| set.find(kid).is_some());
            let serves = known.keys.as_ref().is_some_and(|keys| has_kid(&keys.set));
            age < if serves { FRESH } else { AGAIN }
        })
    }
}

/// Keys by address.
pub struct JwksCache {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    at_once: tokio::sync::Semaphore,
    guarded: Arc<Guarded>,
    mounts: PathBuf,
}

impl JwksCache {
    /// An empty cache, which fetches by these clients; `mounts` has the CA certificates of clusters.
    #[must_use]
    pub fn new(guarded: Arc<Guarded>, mounts: PathBuf) -> Self {
        let at_once = tokio::sync::Semaphore::new(MOST_AT_ONCE);
        Self { slots: Mutex::default(), at_once, guarded, mounts }
    }

    /// The keys at an address; `None` when they cannot be had. `namespace` is the client's: a Service of it may be asked although
    /// its address is private.
    pub async fn get(
        &self,
        url: &Url,
        namespace: &str,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Option<Arc<JwkSet>> {
        self.kept(url.as_str(), kid, now, self.fetch(url, namespace)).await
    }

    /// What is kept under this name, fetched anew where it is time to.
    async fn kept(
        &self,
        name: &str,
        kid: Option<&str>,
        now: UnixTime,
        fetch: impl Future<Output = Result<JwkSet, String>>,
    ) -> Option<Arc<JwkSet>> {
        let slot = self.slot(name);
        if let Some(known) = slot.fresh(kid, now) {
            return known.keys.map(|keys| keys.set);
        }
        // One fetch at a time for one address: whoever waits finds its result. Who has a key that is known does not wait.
        let _fetching = slot.fetching.lock().await;
        if let Some(known) = slot.fresh(kid, now) {
            return known.keys.map(|keys| keys.set);
        }
        let fetched = self.bounded(fetch).await;
        if let Err(error) = &fetched {
            tracing::warn!(from = name, error, "keys cannot be fetched");
        }
        let before = slot.entry().and_then(|known| known.keys);
        let before = before.filter(|keys| now.since(keys.at) < OUTLAST);
        let keys = fetched.ok().map(|set| Fetched { set: Arc::new(set), at: now }).or(before);
        slot.keep(Entry { keys: keys.clone(), tried_at: now });
        keys.map(|keys| keys.set)
    }

    fn slot(&self, url: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(url) {
            return slot.clone();
        }
        if slots.len() >= MOST_ADDRESSES {
            // Addresses come from manifests, so this is rare: what nobody holds now is let go.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        let slot = Arc::<Slot>::default();
        slots.insert(url.to_owned(), slot.clone());
        slot
    }

    /// Few fetches at once, and none for longer than the deadline.
    async fn bounded(&self, fetch: impl Future<Output = Result<JwkSet, String>>) -> Result<JwkSet, String> {
        let _permit = self.at_once.try_acquire().map_err(|_| "too many fetches at once".to_owned())?;
        tokio::time::timeout(DEADLINE, fetch).await.map_err(|_| "it took longer than 5 s".to_owned())?
    }

    async fn fetch(&self, url: &Url, namespace: &str) -> Result<JwkSet, String> {
        if url.scheme() != "https" {
            return Err("only https is fetched".into());
        }
        let body = body(self.guarded.client_for(url, namespace)?, url).await?;
        key_set(&body).map_err(|error| format!("it is not a JWK Set: {error}"))
    }
}

/// What an address answers, if that is not too large.
async fn body(client: &reqwest::Client, url: &Url) -> Result<Vec<u8>, String> {
    let mut response = client.get(url.clone()).send().await.map_err(reason)?;
    if !response.status().is_success() {
        return Err(format!("it answered {}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reason)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err("it is larger than 64 KiB".into());
        }
    }
    Ok(body)
}
