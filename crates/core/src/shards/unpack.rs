//! From the pieces back to the Snapshot. Every piece is verified by its name before it is decoded, and the whole by its revision;
//! nothing that is read can make this take more memory than the limits say.

use super::{Index, LARGEST_INDEX, LARGEST_INFLATED, pack};
use crate::names::ClientId;
use crate::snapshot::{BadSnapshot, FORMAT, Head, OLDEST_READ, Revision, Row, Snapshot, Tight};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::Arc;

/// All shards of a Snapshot together may become this large: about half a million clients.
const LARGEST_WHOLE: usize = 512 * 1_024 * 1_024;

/// Why pieces are not a Snapshot that can be served.
#[derive(Debug, thiserror::Error)]
pub enum BadShards {
    /// The index has too many bytes.
    #[error("the index of the Snapshot has {0} bytes; {LARGEST_INDEX} are the most that is read")]
    LargeIndex(usize),
    /// The index is not JSON of the right shape; an unknown field is a fault, since it could be a restriction.
    #[error("the index of the Snapshot does not decode")]
    Index(#[source] serde_json::Error),
    /// A shard that the index names is not there (yet).
    #[error("shard {0} of the Snapshot is not there")]
    Missing(Arc<str>),
    /// A shard does not inflate.
    #[error("shard {0} of the Snapshot is not gzip")]
    NotGzip(Arc<str>, #[source] std::io::Error),
    /// A shard, or all of them together, would become too large.
    #[error("shard {0} of the Snapshot inflates to more than is read")]
    TooLarge(Arc<str>),
    /// A shard's content is not what its name says.
    #[error("shard {0} of the Snapshot does not hold what its name says")]
    Name(Arc<str>),
    /// A shard does not have as many rows as the index says.
    #[error("shard {0} of the Snapshot does not have as many rows as its index says")]
    Count(Arc<str>),
    /// A shard or its format is not what this release reads.
    #[error(transparent)]
    Snapshot(#[from] BadSnapshot),
    /// The pieces are sound, and are not the Snapshot that the index means.
    #[error("the shards make revision {made}, and the index says {said}")]
    Revision {
        /// What they make.
        made: Revision,
        /// What the index says.
        said: Revision,
    },
}

/// A Snapshot that was put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// The Snapshot.
    pub snapshot: Snapshot,
    /// Its revision in the format that it was published in, by which operator and replicas name it.
    pub revision: Revision,
    /// The number of the publication.
    pub sequence: u64,
    /// The format that it was published in.
    pub format: u32,
}

/// Puts a Snapshot together once.
///
/// # Errors
/// [`BadShards`]; what is served already then stays.
pub fn unpack(index: &[u8], shard: impl FnMut(&str) -> Option<Arc<[u8]>>) -> Result<Unpacked, BadShards> {
    Unpacker::default().unpack(index, shard)
}

/// Puts Snapshots together one after the other. Shards that stay are decoded once, and their rows shared.
#[derive(Debug, Default)]
pub struct Unpacker {
    head: Option<(Arc<str>, Head)>,
    rows: HashMap<Arc<str>, Decoded>,
}

#[derive(Debug, Clone)]
struct Decoded {
    rows: Arc<[Arc<Row>]>,
    bytes: usize,
}

impl Unpacker {
    /// Puts a Snapshot together; `shard` gives the bytes of a shard that is there.
    ///
    /// # Errors
    /// [`BadShards`]; what is served already then stays, and so does what is known of its shards.
    pub fn unpack(
        &mut self,
        index: &[u8],
        mut shard: impl FnMut(&str) -> Option<Arc<[u8]>>,
    ) -> Result<Unpacked, BadShards> {
        let index = Index::from_bytes(index)?;
        let mut inflated = |name: &Arc<str>| inflate(name, shard(name));
        let head = match self.head.take().filter(|(name, _)| *name == index.head) {
            Some((_, head)) => head,
            None => decoded::<Head>(&inflated(&index.head)?)?,
        };
        let head = head.fits(index.format)?;
        let mut all = HashMap::with_capacity(index.rows.len());
        let mut clients = BTreeMap::new();
        let (mut whole, mut tight) = (0, Tight::default());
        for said in &index.rows {
            let decoded = match self.rows.get(&said.name) {
                Some(known) => known.clone(),
                None => decode_rows(&inflated(&said.name)?, &mut tight)?,
            };
            whole += decoded.bytes;
            if whole > LARGEST_WHOLE {
                return Err(BadShards::TooLarge(said.name.clone()));
            }
            if decoded.rows.len() != said.rows as usize {
                return Err(BadShards::Count(said.name.clone()));
            }
            for row in decoded.rows.iter() {
                if clients.insert(row.client_id.clone(), row.clone()).is_some() {
                    return Err(BadSnapshot::Order(row.client_id.clone()).into());
                }
            }
            all.insert(said.name.clone(), decoded);
        }
        let snapshot = Snapshot { head, clients };
        let made = snapshot.revision_as(index.format).map_err(|_| BadSnapshot::Format(index.format))?;
        if made != index.revision {
            return Err(BadShards::Revision { made, said: index.revision });
        }
        self.head = Some((index.head, snapshot.head.clone()));
        self.rows = all;
        Ok(Unpacked { snapshot, revision: made, sequence: index.sequence, format: index.format })
    }
}

/// Reads an index.
pub(super) fn index(bytes: &[u8]) -> Result<Index, BadShards> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    if bytes.len() > LARGEST_INDEX {
        return Err(BadShards::LargeIndex(bytes.len()));
    }
    let Format { format } = serde_json::from_slice(bytes).map_err(BadShards::Index)?;
    if !(OLDEST_READ..=FORMAT).contains(&format) {
        return Err(BadSnapshot::Format(format).into());
    }
    serde_json::from_slice(bytes).map_err(BadShards::Index)
}

/// The JSON of a shard, if it is what the name says.
fn inflate(name: &Arc<str>, bytes: Option<Arc<[u8]>>) -> Result<Vec<u8>, BadShards> {
    let bytes = bytes.ok_or_else(|| BadShards::Missing(name.clone()))?;
    let mut json = Vec::new();
    let mut bounded = MultiGzDecoder::new(&*bytes).take(LARGEST_INFLATED as u64 + 1);
    bounded.read_to_end(&mut json).map_err(|error| BadShards::NotGzip(name.clone(), error))?;
    if json.len() > LARGEST_INFLATED {
        return Err(BadShards::TooLarge(name.clone()));
    }
    let honest = name.rsplit_once('-').is_some_and(|(prefix, _)| **name == pack::name(prefix, &json));
    if honest { Ok(json) } else { Err(BadShards::Name(name.clone())) }
}

fn decoded<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, BadShards> {
    serde_json::from_slice(json).map_err(|error| BadSnapshot::Shape(error).into())
}

fn decode_rows(json: &[u8], tight: &mut Tight) -> Result<Decoded, BadShards> {
    let rows: Vec<Row> = decoded(json)?;
    let mut last: Option<&ClientId> = None;
    for row in &rows {
        if last.is_some_and(|last| *last >= row.client_id) {
            return Err(BadSnapshot::Order(row.client_id.clone()).into());
        }
        last = Some(&row.client_id);
    }
    Ok(Decoded { rows: rows.into_iter().map(|row| tight.row(row)).collect(), bytes: json.len() })
}
