//! Records as they are kept: in shards of a fixed number, each a Secret in the server's namespace. Their number is fixed since they
//! are state: nothing then ever moves from one to another, and each client's record is written in one place, with one
//! `resourceVersion`.

use super::record::Record;
use crate::names::ObjectRef;
use crate::shards::Placement;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The format of records.
const FORMAT: u32 = 1;

/// The number of buckets is 2 to the power of this.
const BITS: u8 = 6;

/// The largest shard, in bytes: what a Secret holds. 64 of them have room for some 100,000 clients.
const LARGEST: usize = 1_000_000;

/// Which shard a client's record is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u8);

impl Bucket {
    /// The bucket of a client; placed by the server's key, so that nobody can fill another's.
    #[must_use]
    pub fn of(placement: &Placement, client: &ObjectRef) -> Self {
        let bucket = placement.bucket(client.to_string().as_bytes(), BITS);
        Self(u8::try_from(bucket).unwrap_or_default())
    }

    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = u8::from_str_radix(text, 16).ok().filter(|number| *number < 1 << BITS).map(Self)?;
        (number.to_string() == text).then_some(number)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..1 << BITS).map(Self)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

/// Why a shard of records is not used.
#[derive(Debug, thiserror::Error)]
pub enum BadRecords {
    /// Written by a release that this one does not understand.
    #[error("the credential records have format {0}; this release reads format {FORMAT}")]
    Format(u32),
    /// Not JSON of the right shape; an unknown field is a fault, since it could be a restriction.
    #[error("the credential records do not decode")]
    Shape(#[from] serde_json::Error),
    /// A key is not `namespace/name`.
    #[error("the credential records have a record of `{0}`, which is no namespace/name")]
    Name(String),
    /// Too many records.
    #[error("the credential records of one shard have {0} bytes; {LARGEST} are the most that a Secret holds")]
    TooLarge(usize),
}

/// The records in one shard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordShard {
    /// By AuthClient.
    pub records: BTreeMap<ObjectRef, Record>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    records: BTreeMap<String, Record>,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl RecordShard {
    /// The deterministic bytes.
    ///
    /// # Errors
    /// [`BadRecords::TooLarge`]; then nothing of it is written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadRecords> {
        let records = self.records.iter().map(|(client, record)| (client.to_string(), record.clone()));
        let bytes = serde_json::to_vec(&Written { format: FORMAT, records: records.collect() })?;
        if bytes.len() > LARGEST { Err(BadRecords::TooLarge(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads a shard. One that does not decode is not an empty one: whose records it has is then not known.
    ///
    /// # Errors
    /// [`BadRecords`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadRecords> {
        let Format { format } = serde_json::from_slice(bytes)?;
        if format != FORMAT {
            return Err(BadRecords::Format(format));
        }
        let written: Written = serde_json::from_slice(bytes)?;
        let records = written.records.into_iter().map(|(name, record)| {
            let client = ObjectRef::parse(&name).ok_or(BadRecords::Name(name))?;
            Ok((client, record))
        });
        Ok(Self { records: records.collect::<Result<_, BadRecords>>()? })
    }
}
