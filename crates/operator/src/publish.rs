//! Snapshots as ConfigMaps in their server's namespace: shards that never change, named by what they say, and one index that names
//! them, which is written after they are there and only in place of the one that was read.

mod published;
mod sweep;
mod write;

pub use published::{Carrier, Publications, Published, pieces};
pub use sweep::Sweeper;
pub use write::{Order, Publication, PublishFault, Publisher};

use crate::index::Map;
use crate::names::{KIND_LABEL, SERVER_LABEL, index, kind};
use nauthera_core::names::ObjectRef;
use std::sync::Arc;

/// The key of the index in its ConfigMap, among `data`: people may read it.
pub const INDEX_KEY: &str = "index.json";
/// The key of a shard in its ConfigMap, among `binaryData`.
pub const SHARD_KEY: &str = "shard.json.gz";

/// The ConfigMap with the index of a server.
#[must_use]
pub fn index_of(server: &ObjectRef) -> ObjectRef {
    ObjectRef::new(server.namespace.clone(), index(&server.name))
}

/// The labels by which a server finds its Snapshot.
#[must_use]
pub fn labels_of(server: &str) -> String {
    format!("{SERVER_LABEL}={server},{KIND_LABEL} in ({},{})", kind::INDEX, kind::SNAPSHOT)
}

/// The bytes of a shard, or of an index.
#[must_use]
pub fn bytes_of(map: &Map, key: &str) -> Option<Arc<[u8]>> {
    map.data.get(key).cloned()
}
