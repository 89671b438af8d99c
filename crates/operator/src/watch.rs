//! Streams of objects: one for each kind and namespace, each a list and then a watch, begun anew whenever it breaks. What they bring
//! goes into the [`Index`]; what it means is judged there.

pub mod stream;
#[cfg(test)]
mod tests;

pub use stream::Follower;

use crate::backoff::doubled;
use crate::index::{Shared, Source, StreamId};
use kube::Client;
use nauthera_core::time::Entropy;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The wait after the first failure, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
/// After so many objects in a row somebody else has a turn.
const YIELD_AFTER: u32 = 32;

/// The namespaces that are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// These alone.
    Listed(BTreeSet<Arc<str>>),
}

impl Scope {
    /// Is this namespace watched?
    #[must_use]
    pub fn has(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(names) => names.contains(namespace),
        }
    }

    /// The streams of a source.
    #[must_use]
    pub fn streams(&self, source: Source) -> Vec<StreamId> {
        match self {
            Self::Listed(names) if source.is_namespaced() => {
                names.iter().map(|name| StreamId { source, namespace: Some(name.clone()) }).collect()
            }
            _ => vec![StreamId { source, namespace: None }],
        }
    }
}

/// Watches a source in all its namespaces, until the set is dropped.
pub fn start(set: &mut JoinSet<()>, client: &Client, scope: &Scope, source: Source, into: &Arc<Shared>) {
    for id in scope.streams(source) {
        into.open(&id);
        set.spawn(follow(client.clone(), id, into.clone()));
    }
}

async fn follow(client: Client, id: StreamId, into: Arc<Shared>) {
    let mut stream = Follower::new(id.api(client), id.source.labels());
    let mut in_a_row = 0_u32;
    loop {
        let has_failed = stream.failures() > 0;
        match stream.next().await {
            Ok(event) => {
                if has_failed && stream.failures() == 0 {
                    into.mended(&id);
                }
                if let Some(event) = event {
                    into.apply(&id, event);
                }
            }
            Err(fault) => {
                into.failed(&id, &fault, stream.failures());
                tokio::time::sleep(wait(stream.failures(), &*into.entropy)).await;
            }
        }
        in_a_row += 1;
        if in_a_row >= YIELD_AFTER {
            in_a_row = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// The wait after so many failures in a row, moved by up to a half so that watches that broke together do not come back together.
fn wait(failures: u32, entropy: &dyn Entropy) -> Duration {
    let capped = doubled(WAITS, failures);
    let mut jitter = [0];
    entropy.fill(&mut jitter);
    let [jitter] = jitter;
    capped.saturating_sub(capped / 2 * u32::from(jitter) / 255)
}
