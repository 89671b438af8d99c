//! Removing shards that no index names any more. They stay for a while after that, since a replica that starts may have read an
//! index that names them; and for as long as a ready replica does not serve the newest publication.

use super::{INDEX_KEY, bytes_of, index_of};
use crate::index::Index as Known;
use crate::names::{KIND_LABEL, SERVER_LABEL, kind};
use nauthera_core::names::ObjectRef;
use nauthera_core::shards::Index;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long a shard outlives the last index that named it.
const GRACE: Duration = Duration::from_secs(180);

/// The shards of one server that are not named any more, and since when.
#[derive(Debug, Default)]
pub struct Sweeper {
    unnamed: BTreeMap<Arc<str>, Duration>,
}

impl Sweeper {
    /// The shards to remove now; `settled` says that every ready replica serves the newest publication.
    pub fn due(&mut self, known: &Known, server: &ObjectRef, settled: bool, now: Duration) -> Vec<Arc<str>> {
        let index = known.map(&index_of(server)).and_then(|map| bytes_of(map, INDEX_KEY));
        let Some(index) = index.and_then(|bytes| Index::from_bytes(&bytes).ok()) else { return Vec::new() };
        let named: BTreeSet<&Arc<str>> = index.shards().collect();
        let ours = known.maps().filter(|(name, map)| {
            name.namespace == server.namespace
                && map.labels.get(KIND_LABEL).is_some_and(|kind| **kind == *kind::SNAPSHOT)
                && map.labels.get(SERVER_LABEL) == Some(&server.name)
        });
        let unnamed: BTreeSet<Arc<str>> =
            ours.map(|(name, _)| name.name.clone()).filter(|name| !named.contains(name)).collect();
        self.unnamed.retain(|name, _| unnamed.contains(name));
        for name in unnamed {
            self.unnamed.entry(name).or_insert(now);
        }
        if !settled {
            return Vec::new();
        }
        let due = self.unnamed.iter().filter(|(_, since)| now >= since.saturating_add(GRACE));
        due.map(|(name, _)| name.clone()).collect()
    }
}
