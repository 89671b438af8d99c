//! Credential records: who holds which client id, and the digests of live secrets. One file, replaced as a whole.

use anyhow::{Context, Result};
use nauthera_core::inventory::CredentialRecord;
use nauthera_core::names::{ClientId, ObjectRef};
use nauthera_core::snapshot::SecretDigest;
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_server::keys::write_private;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// At most so many digests of a client are live: a fourth ends the oldest.
const MOST_LIVE: usize = 3;

/// All records.
pub struct Records {
    path: PathBuf,
    records: BTreeMap<ObjectRef, CredentialRecord>,
    changed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    client: ObjectRef,
    record: CredentialRecord,
}

impl Records {
    /// Reads the records; none at a first start.
    pub fn open(path: PathBuf) -> Result<Self> {
        let entries: Vec<Entry> = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} cannot be read", path.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        let records = entries.into_iter().map(|entry| (entry.client, entry.record)).collect();
        Ok(Self { path, records, changed: false })
    }

    /// The records as a fact.
    pub const fn all(&self) -> &BTreeMap<ObjectRef, CredentialRecord> {
        &self.records
    }

    /// The record of a client at this server under this id.
    pub fn of(&self, client: &ObjectRef, server: &ObjectRef, id: &ClientId) -> Option<&CredentialRecord> {
        self.records.get(client).filter(|record| record.server == *server && record.client_id == *id)
    }

    /// Notes who holds an id, without a secret. A record of another server or id is replaced.
    pub fn hold(&mut self, client: &ObjectRef, server: &ObjectRef, id: &ClientId) {
        if self.of(client, server, id).is_none() {
            let record =
                CredentialRecord { server: server.clone(), client_id: id.clone(), secrets: Vec::new() };
            self.records.insert(client.clone(), record);
            self.changed = true;
        }
    }

    /// Adds a digest that is valid from now on; the others end one overlap later.
    pub fn add(&mut self, client: &ObjectRef, digest: [u8; 32], overlap: Seconds, now: UnixTime) {
        let Some(record) = self.records.get_mut(client) else { return };
        let end = now.plus(overlap);
        record.secrets.retain(|secret| secret.is_live(now));
        for secret in &mut record.secrets {
            secret.not_after = Some(secret.not_after.map_or(end, |known| known.min(end)));
        }
        record.secrets.push(SecretDigest { digest, not_before: now, not_after: None });
        let excess = record.secrets.len().saturating_sub(MOST_LIVE);
        record.secrets.drain(..excess);
        self.changed = true;
    }

    /// Forgets clients that are not there any more.
    pub fn retain(&mut self, keep: impl Fn(&ObjectRef) -> bool) {
        let before = self.records.len();
        self.records.retain(|client, _| keep(client));
        self.changed |= self.records.len() != before;
    }

    /// Writes what has changed.
    pub fn save(&mut self) -> Result<()> {
        if !self.changed {
            return Ok(());
        }
        let entries: Vec<Entry> = self
            .records
            .iter()
            .map(|(client, record)| Entry { client: client.clone(), record: record.clone() })
            .collect();
        let bytes = serde_json::to_vec_pretty(&entries)?;
        write_private(&self.path, &bytes)
            .with_context(|| format!("{} cannot be written", self.path.display()))?;
        self.changed = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> (ObjectRef, ObjectRef, ClientId) {
        let client = ObjectRef::new("shop", "web");
        let id = ClientId::default_of(&client);
        (client, ObjectRef::new("platform", "main"), id)
    }

    #[test]
    fn a_new_digest_gives_the_old_one_an_end_and_the_fourth_drops_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let mut records = Records::open(folder.path().join("records.json")).unwrap();
        let (client, server, id) = ids();
        records.hold(&client, &server, &id);
        for n in 1..=4 {
            records.add(&client, [n; 32], Seconds::hours(1), UnixTime(i64::from(n)));
        }
        let secrets = &records.of(&client, &server, &id).unwrap().secrets;
        assert_eq!(secrets.len(), 3);
        assert_eq!(secrets[2].not_after, None);
        assert_eq!(secrets[0].not_after, Some(UnixTime(3_603)));
    }

    #[test]
    fn records_survive_being_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.json");
        let (client, server, id) = ids();
        let mut records = Records::open(path.clone()).unwrap();
        records.hold(&client, &server, &id);
        records.add(&client, [1; 32], Seconds::hours(1), UnixTime(5));
        records.save().unwrap();
        let again = Records::open(path).unwrap();
        assert_eq!(again.all(), records.all());
    }
}
