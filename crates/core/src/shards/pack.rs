//! From a Snapshot to its pieces. Everything is decided by sizes before compression, so that the same Snapshot gives the same
//! names, whichever release compresses it.

use super::{AIM, Index, LARGEST_INDEX, LARGEST_INFLATED, LARGEST_SHARD, MOST_BITS, Placement, RowShard};
use crate::snapshot::{Inexpressible, Snapshot};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

/// A Snapshot in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The index; its `sequence` is one more than that of what was packed before.
    pub index: Index,
    /// The shards that it names: gzip of JSON.
    pub shards: BTreeMap<Arc<str>, Arc<[u8]>>,
}

/// A piece that no shard can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {bytes} bytes, more than a shard of the Snapshot may have")]
pub struct TooLarge {
    /// The head, or a client's row.
    pub what: String,
    /// Its size.
    pub bytes: usize,
}

/// Why a Snapshot is not packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// It cannot be said in the newest format that every replica reads.
    #[error(transparent)]
    Inexpressible(#[from] Inexpressible),
    /// A piece of it is too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Packs a Snapshot into shards whose names begin with `prefix`. `newest` is the newest format that all replicas read; what says
/// all in an older one is written in that. Shards of `before` that stay the same are taken over, and the number of buckets
/// stays as it was there until it is clearly wrong, so that one changed client changes one shard.
///
/// # Errors
/// [`WhyNot`]; what is published already then stays.
pub fn pack(
    snapshot: &Snapshot,
    placement: &Placement,
    prefix: &str,
    newest: u32,
    before: Option<&Packed>,
) -> Result<Packed, WhyNot> {
    let format = snapshot.format().min(newest);
    let head = snapshot.head_as(format)?;
    let revision = snapshot.revision_as(format)?;
    let head = serde_json::to_vec(&*head).unwrap_or_default();
    if head.len() > LARGEST_INFLATED {
        return Err(TooLarge { what: "the head of the Snapshot".into(), bytes: head.len() }.into());
    }
    let rows = written_rows(snapshot)?;
    let total = rows.iter().map(|(_, row)| row.len()).sum();
    let bits = bits(total, before.map(|packed| packed.index.bits));
    let mut shards = Shards { prefix, before, made: BTreeMap::new() };
    let head = shards.add(&head);
    let mut buckets: Vec<Vec<&[u8]>> = vec![Vec::new(); 1 << bits];
    for (id, row) in &rows {
        if let Some(bucket) = buckets.get_mut(placement.bucket(id.as_bytes(), bits)) {
            bucket.push(row);
        }
    }
    let parts = buckets.iter().flat_map(|bucket| parts(bucket));
    let rows = parts
        .map(|part| {
            let json = [b"[".as_slice(), &part.join(b",".as_slice()), b"]"].concat();
            RowShard { name: shards.add(&json), rows: u32::try_from(part.len()).unwrap_or(u32::MAX) }
        })
        .collect();
    let sequence = before.map_or(1, |packed| packed.index.sequence.saturating_add(1));
    let index = Index { format, sequence, revision, bits, head, rows };
    let bytes = index.to_bytes().len();
    if bytes > LARGEST_INDEX {
        return Err(TooLarge { what: "the index of the Snapshot".into(), bytes }.into());
    }
    Ok(Packed { index, shards: shards.made })
}

/// Each row as JSON, with its client id, in their order.
fn written_rows(snapshot: &Snapshot) -> Result<Vec<(&str, Vec<u8>)>, TooLarge> {
    let rows = snapshot.clients.iter().map(|(id, row)| {
        let json = serde_json::to_vec(&**row).unwrap_or_default();
        // Two brackets are added.
        if json.len() + 2 > LARGEST_INFLATED {
            return Err(TooLarge { what: format!("client {id}"), bytes: json.len() });
        }
        Ok((id.as_str(), json))
    });
    rows.collect()
}

/// How many bits number the buckets: doubled once shards pass what they aim at, and halved only when two of them together
/// would have but half of it.
fn bits(total: usize, before: Option<u8>) -> u8 {
    let average = |bits: u8| total >> bits;
    let mut bits = before.unwrap_or(0).min(MOST_BITS);
    while bits < MOST_BITS && average(bits) > AIM {
        bits += 1;
    }
    while bits > 0 && average(bits - 1) < AIM / 2 {
        bits -= 1;
    }
    bits
}

/// A bucket as the shards that hold it: one, unless rows at their limits met in it.
fn parts<'a>(bucket: &'a [&'a [u8]]) -> impl Iterator<Item = &'a [&'a [u8]]> {
    let mut rest = bucket;
    std::iter::from_fn(move || {
        let mut bytes = 2;
        let fits = rest.iter().take_while(|row| {
            bytes += row.len() + 1;
            bytes <= LARGEST_SHARD
        });
        // One row alone may be larger.
        let (part, more) = rest.split_at_checked(fits.count().max(1))?;
        rest = more;
        Some(part)
    })
}

struct Shards<'a> {
    prefix: &'a str,
    before: Option<&'a Packed>,
    made: BTreeMap<Arc<str>, Arc<[u8]>>,
}

impl Shards<'_> {
    fn add(&mut self, json: &[u8]) -> Arc<str> {
        let name: Arc<str> = name(self.prefix, json).into();
        let known = self.before.and_then(|packed| packed.shards.get(&name).cloned());
        let bytes = known.unwrap_or_else(|| compressed(json).into());
        self.made.insert(name.clone(), bytes);
        name
    }
}

/// The name of a shard with this content: 128 bits of its SHA-256, so that two never share one by intent or chance.
pub(super) fn name(prefix: &str, json: &[u8]) -> String {
    let digest = Sha256::digest(json);
    digest.iter().take(16).fold(format!("{prefix}-"), |mut name, byte| {
        write!(name, "{byte:02x}").unwrap_or_default();
        name
    })
}

fn compressed(json: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory fails only where memory does.
    encoder.write_all(json).and_then(|()| encoder.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_double_soon_and_halve_late() {
        assert_eq!(bits(0, None), 0);
        assert_eq!(bits(AIM, None), 0);
        assert_eq!(bits(AIM + 1, None), 1);
        assert_eq!(bits(32 * AIM, None), 5);
        // At the border nothing goes to and fro.
        assert_eq!(bits(AIM, Some(1)), 1);
        assert_eq!(bits(AIM / 2, Some(1)), 1);
        assert_eq!(bits(AIM / 2 - 1, Some(1)), 0);
        assert_eq!(bits(usize::MAX, None), MOST_BITS);
    }

    #[test]
    fn rows_at_their_limits_are_parted() {
        let large = vec![b'x'; LARGEST_SHARD / 2 - 2];
        let huge = vec![b'y'; LARGEST_SHARD * 2];
        let bucket: Vec<&[u8]> = vec![b"a", &large, &large, &huge, b"b"];
        let lengths: Vec<usize> = parts(&bucket).map(<[_]>::len).collect();
        assert_eq!(lengths, [2, 1, 1, 1]);
        assert_eq!(parts(&[]).count(), 0);
    }
}
