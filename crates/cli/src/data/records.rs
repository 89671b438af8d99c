//! Credential records: who holds which client id, the digests of live secrets, and the name of the Secret. One file, replaced as
//! a whole. A client that is gone keeps its record for a while: editors save by removing and writing again, and half a
//! move of files looks like a deletion.

use anyhow::{Context, Result};
use nauthera_core::credentials;
use nauthera_core::inventory::CredentialRecord;
use nauthera_core::names::{ClientId, ObjectRef};
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_server::keys::write_private;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

/// How long what is kept of a client outlives it.
const KEPT: Seconds = Seconds::hours(1);

/// All records.
pub struct Records {
    path: PathBuf,
    records: BTreeMap<ObjectRef, CredentialRecord>,
    /// The name of each client's Secret, as it was last written.
    secrets: BTreeMap<ObjectRef, Arc<str>>,
    /// The clients that are gone, and since when they are missed.
    missed: BTreeMap<ObjectRef, UnixTime>,
    /// The clients whose newest secret is one that they brought.
    brought: BTreeSet<ObjectRef>,
    changed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    client: ObjectRef,
    record: CredentialRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missed_since: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    brought: bool,
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
        let mut read = Self {
            path,
            records: BTreeMap::new(),
            secrets: BTreeMap::new(),
            missed: BTreeMap::new(),
            brought: BTreeSet::new(),
            changed: false,
        };
        for Entry { client, record, secret, missed_since, brought } in entries {
            read.brought.extend(brought.then(|| client.clone()));
            read.secrets.extend(secret.map(|secret| (client.clone(), secret)));
            read.missed.extend(missed_since.map(|since| (client.clone(), since)));
            read.records.insert(client, record);
        }
        Ok(read)
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
            self.brought.remove(client);
            self.changed = true;
        }
    }

    /// Notes whether the newest secret of a client is one that it brought.
    pub fn note_brought(&mut self, client: &ObjectRef, brought: bool) {
        self.changed |= match brought {
            true => self.brought.insert(client.clone()),
            false => self.brought.remove(client),
        };
    }

    /// Is there a live secret that the client brought?
    pub fn has_brought(&self, client: &ObjectRef) -> bool {
        self.brought.contains(client)
            && self.records.get(client).is_some_and(|record| !record.secrets.is_empty())
    }

    /// Adds a digest that is valid from now on; the others end one overlap later.
    pub fn add(&mut self, client: &ObjectRef, digest: [u8; 32], overlap: Seconds, now: UnixTime) {
        let Some(record) = self.records.get_mut(client) else { return };
        credentials::add(&mut record.secrets, digest, overlap, now);
        self.changed = true;
    }

    /// Notes the name of a client's Secret.
    pub fn name_secret(&mut self, client: &ObjectRef, name: &Arc<str>) {
        if self.records.contains_key(client) && self.secrets.get(client) != Some(name) {
            self.secrets.insert(client.clone(), name.clone());
            self.changed = true;
        }
    }

    /// The name of each client's Secret, as it was last noted.
    pub const fn secret_names(&self) -> &BTreeMap<ObjectRef, Arc<str>> {
        &self.secrets
    }

    /// The name of a client's Secret, as it was last noted.
    pub fn secret_name(&self, client: &ObjectRef) -> Option<&Arc<str>> {
        self.secrets.get(client)
    }

    /// Has any client a Secret of this name?
    pub fn has_secret(&self, namespace: &str, name: &str) -> bool {
        self.secrets.iter().any(|(client, known)| &*client.namespace == namespace && **known == *name)
    }

    /// The clients that are gone, and of which everything is kept still.
    pub fn missed(&self) -> impl Iterator<Item = &ObjectRef> {
        self.missed.keys()
    }

    /// Notes which clients are there. One that is gone is forgotten an hour later, or once another one holds its id.
    pub fn meet(&mut self, is_there: impl Fn(&ObjectRef) -> bool, now: UnixTime) {
        let before = self.missed.len();
        self.missed.retain(|client, _| !is_there(client));
        self.changed |= self.missed.len() != before;
        for client in self.records.keys().filter(|client| !is_there(client)) {
            if !self.missed.contains_key(client) {
                self.missed.insert(client.clone(), now);
                self.changed = true;
            }
        }
        self.forget_replaced();
        self.forget_expired(now);
    }

    /// Forgets clients that have been gone for long enough, and says which.
    pub fn forget_expired(&mut self, now: UnixTime) -> Vec<(ObjectRef, Option<Arc<str>>)> {
        let expired = self.missed.iter().filter(|(_, since)| since.plus(KEPT) <= now);
        let expired: Vec<ObjectRef> = expired.map(|(client, _)| client.clone()).collect();
        expired.into_iter().map(|client| (client.clone(), self.forget(&client))).collect()
    }

    fn forget_replaced(&mut self) {
        if self.missed.is_empty() {
            return;
        }
        let id = |record: &CredentialRecord| (record.server.clone(), record.client_id.clone());
        let there = self.records.iter().filter(|(client, _)| !self.missed.contains_key(client));
        let held: BTreeSet<_> = there.map(|(_, record)| id(record)).collect();
        let replaced =
            |client: &&ObjectRef| self.records.get(*client).is_some_and(|record| held.contains(&id(record)));
        let replaced: Vec<ObjectRef> = self.missed.keys().filter(replaced).cloned().collect();
        replaced.iter().for_each(|client| {
            self.forget(client);
        });
    }

    fn forget(&mut self, client: &ObjectRef) -> Option<Arc<str>> {
        self.changed = true;
        self.records.remove(client);
        self.missed.remove(client);
        self.brought.remove(client);
        self.secrets.remove(client)
    }

    /// Writes what has changed.
    pub fn save(&mut self) -> Result<()> {
        if !self.changed {
            return Ok(());
        }
        let entries: Vec<Entry> = self
            .records
            .iter()
            .map(|(client, record)| Entry {
                client: client.clone(),
                record: record.clone(),
                secret: self.secrets.get(client).cloned(),
                missed_since: self.missed.get(client).copied(),
                brought: self.brought.contains(client),
            })
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
    fn a_client_that_is_gone_is_forgotten_an_hour_later_and_not_if_it_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.json");
        let mut records = Records::open(path.clone()).unwrap();
        let (client, server, id) = ids();
        records.hold(&client, &server, &id);
        records.add(&client, [1; 32], Seconds::hours(1), UnixTime(5));
        records.name_secret(&client, &"web-secret".into());
        records.meet(|_| false, UnixTime(100));
        records.save().unwrap();
        // A restart changes nothing of it.
        let mut records = Records::open(path).unwrap();
        records.meet(|_| false, UnixTime(3_699));
        assert_eq!(records.missed().collect::<Vec<_>>(), [&client]);
        assert_eq!(records.of(&client, &server, &id).unwrap().secrets.len(), 1);
        records.meet(|_| true, UnixTime(3_699));
        assert_eq!(records.missed().count(), 0);
        records.meet(|_| false, UnixTime(4_000));
        assert_eq!(records.forget_expired(UnixTime(7_599)), []);
        let forgotten = records.forget_expired(UnixTime(7_600));
        assert_eq!(forgotten, [(client.clone(), Some("web-secret".into()))]);
        assert!(records.all().is_empty() && records.secret_name(&client).is_none());
    }

    #[test]
    fn a_client_that_is_gone_is_forgotten_once_another_holds_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let mut records = Records::open(folder.path().join("records.json")).unwrap();
        let (client, server, id) = ids();
        let other = ObjectRef::new("shop", "site");
        records.hold(&client, &server, &id);
        records.hold(&other, &server, &id);
        records.meet(|there| *there == other, UnixTime(1));
        assert_eq!(records.all().keys().collect::<Vec<_>>(), [&other]);
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
