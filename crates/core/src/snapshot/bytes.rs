//! A Snapshot as bytes: deterministic JSON in a format that has a number. Without a reason to do otherwise it is written in the
//! oldest format that says all of it, so that a release which brings a format changes neither bytes nor revision of what
//! does not use it, and servers of the release before go on reading it.

use super::{BadSnapshot, FORMAT, Head, OLDEST_READ, Revision, Row, Snapshot};
use crate::grant::AuthMethod;
use crate::names::ClientId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// The format that brought `serviceAccounts` of the head.
const WITH_SERVICE_ACCOUNTS: u32 = 2;

/// Why a Snapshot cannot be said in a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Inexpressible {
    /// Not one of the formats that this release writes.
    #[error("this release writes formats {OLDEST_READ} to {FORMAT}, not {0}")]
    Format(u32),
    /// A client that only a newer format lets authenticate.
    #[error("client {client} authenticates with its ServiceAccount, which format {format} cannot say")]
    ServiceAccounts {
        /// The first such client.
        client: ClientId,
        /// The format that was asked for.
        format: u32,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    head: &'a Head,
    clients: RowSequence<'a>,
}

struct RowSequence<'a>(&'a BTreeMap<ClientId, Arc<Row>>);

impl Serialize for RowSequence<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.values().map(|row| &**row))
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    format: u32,
    head: Head,
    clients: Vec<Row>,
}

impl Head {
    /// The head as a format says it, which may be less. `None` for a format that this release does not write.
    fn in_format(&self, format: u32) -> Option<Cow<'_, Self>> {
        match format {
            FORMAT => Some(Cow::Borrowed(self)),
            OLDEST_READ if self.service_accounts.is_empty() => Some(Cow::Borrowed(self)),
            OLDEST_READ => Some(Cow::Owned(Self { service_accounts: Vec::new(), ..self.clone() })),
            _ => None,
        }
    }

    /// Refuses what the format that it was read in does not have: another release would refuse it as well.
    pub(crate) fn fits(self, format: u32) -> Result<Self, BadSnapshot> {
        match format {
            OLDEST_READ..WITH_SERVICE_ACCOUNTS if !self.service_accounts.is_empty() => {
                Err(BadSnapshot::Field(format, "serviceAccounts"))
            }
            OLDEST_READ..=FORMAT => Ok(self),
            _ => Err(BadSnapshot::Format(format)),
        }
    }
}

impl Snapshot {
    /// The oldest format that says all of it: what it is written in unless another is asked for.
    #[must_use]
    pub const fn format(&self) -> u32 {
        if self.head.service_accounts.is_empty() { OLDEST_READ } else { WITH_SERVICE_ACCOUNTS }
    }

    /// The head as this format says it: all of it, or less where nothing that is served needs the rest. A format never says more
    /// than the Snapshot does.
    ///
    /// # Errors
    /// [`Inexpressible`] where something would be lost that a client needs: then whoever writes waits until a newer format is read.
    pub fn head_as(&self, format: u32) -> Result<Cow<'_, Head>, Inexpressible> {
        let head = self.head.in_format(format).ok_or(Inexpressible::Format(format))?;
        let loses = format < WITH_SERVICE_ACCOUNTS && !self.head.service_accounts.is_empty();
        let by_account = |row: &&Arc<Row>| row.authentication.method == AuthMethod::KubernetesServiceAccount;
        match self.clients.values().find(by_account).filter(|_| loses) {
            Some(row) => Err(Inexpressible::ServiceAccounts { client: row.client_id.clone(), format }),
            None => Ok(head),
        }
    }

    /// Writes the deterministic bytes.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: impl Write) -> std::io::Result<()> {
        self.write_with(self.format(), &self.head, out)
    }

    /// The deterministic bytes in this format.
    ///
    /// # Errors
    /// As [`Snapshot::head_as`].
    pub fn write_as(&self, format: u32) -> Result<Vec<u8>, Inexpressible> {
        let head = self.head_as(format)?;
        let mut bytes = Vec::new();
        // Writing to memory fails only where memory does.
        self.write_with(format, &head, &mut bytes).unwrap_or_default();
        Ok(bytes)
    }

    fn write_with(&self, format: u32, head: &Head, out: impl Write) -> std::io::Result<()> {
        let written = Written { format, head, clients: RowSequence(&self.clients) };
        serde_json::to_writer(out, &written).map_err(std::io::Error::from)
    }

    /// The deterministic bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes).unwrap_or_default();
        bytes
    }

    /// SHA-256 of the bytes, without holding them.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision_with(self.format(), &self.head)
    }

    /// SHA-256 of the bytes in this format.
    ///
    /// # Errors
    /// As [`Snapshot::head_as`].
    pub fn revision_as(&self, format: u32) -> Result<Revision, Inexpressible> {
        Ok(self.revision_with(format, &*self.head_as(format)?))
    }

    fn revision_with(&self, format: u32, head: &Head) -> Revision {
        let mut hasher = HashWriter { sha: Sha256::new() };
        let buffered = std::io::BufWriter::with_capacity(16 * 1_024, &mut hasher);
        self.write_with(format, head, buffered).unwrap_or_default();
        Revision(hasher.sha.finalize().into())
    }

    /// Reads a Snapshot of any format from [`OLDEST_READ`] to [`FORMAT`].
    ///
    /// # Errors
    /// [`BadSnapshot`] when the format is another, a field is unknown or missing, or rows are not in order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadSnapshot> {
        let Format { format } = serde_json::from_slice(bytes)?;
        if !(OLDEST_READ..=FORMAT).contains(&format) {
            return Err(BadSnapshot::Format(format));
        }
        let read: Read = serde_json::from_slice(bytes)?;
        let mut clients = BTreeMap::new();
        for row in read.clients {
            if clients.last_key_value().is_some_and(|(last, _)| *last >= row.client_id) {
                return Err(BadSnapshot::Order(row.client_id));
            }
            clients.insert(row.client_id.clone(), Arc::new(row));
        }
        Ok(Self { head: read.head.fits(read.format)?, clients })
    }
}

struct HashWriter {
    sha: Sha256,
}

impl Write for &mut HashWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.sha.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
