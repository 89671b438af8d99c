//! A Snapshot in pieces, as it lies in ConfigMaps: one index, one shard with the head, and shards with rows. Each shard is named
//! by the SHA-256 of what it says, so it never changes, and one whose rows stay as they are is not written again. Rows are
//! spread by a keyed hash of the client id: nobody who has not the key can fill another's shard.
//!
//! [`pack`] makes the pieces, [`Unpacker`] puts them together again and believes nothing: names, order, sizes and the revision
//! of the whole are verified. Where the pieces lie, and in which order they are written, is the operator's.

mod pack;
mod place;
mod unpack;

pub use pack::{Packed, TooLarge, WhyNot, pack};
pub use place::Placement;
pub use unpack::{BadShards, Unpacked, Unpacker, unpack};

use crate::snapshot::Revision;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The largest shard of several rows, in bytes before compression. Compression makes nothing larger by more than a few bytes, so
/// a ConfigMap, which holds 1 MiB, is never full.
pub const LARGEST_SHARD: usize = 512 * 1_024;

/// What a shard of rows has on average, before the number of buckets doubles.
const AIM: usize = 256 * 1_024;

/// The largest that one shard may become when it is inflated: a row at all its limits, alone in a shard, stays below.
pub const LARGEST_INFLATED: usize = 4 * 1_024 * 1_024;

/// The largest index, in bytes.
pub const LARGEST_INDEX: usize = 900 * 1_024;

/// At most 2 to the power of this many buckets.
const MOST_BITS: u8 = 10;

/// What names the pieces of one Snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Index {
    /// The Snapshot's format.
    pub format: u32,
    /// Grows by one with each index that is published.
    pub sequence: u64,
    /// SHA-256 of the whole Snapshot, as it is written in this format.
    pub revision: Revision,
    /// Rows are spread over 2 to the power of this many buckets.
    pub bits: u8,
    /// The shard with the head.
    pub head: Arc<str>,
    /// The shards with rows, by bucket.
    pub rows: Vec<RowShard>,
}

/// A shard with rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RowShard {
    /// Its name.
    pub name: Arc<str>,
    /// How many rows it has.
    pub rows: u32,
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    /// [`BadShards`] when it is too large, of another format, or has an unknown field.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadShards> {
        unpack::index(bytes)
    }

    /// The deterministic bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Every part of it has a form in JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The names of all shards: what must be there before the index is.
    pub fn shards(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.head).chain(self.rows.iter().map(|shard| &shard.name))
    }

    /// The number of clients.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.rows.iter().map(|shard| shard.rows as usize).sum()
    }
}
