//! The records that lie in the Secrets of servers, as far as they are believed: by namespace, name and owner mark together.

use super::RECORDS_KEY;
use crate::index::Index;
use crate::names::{CLIENT_LABEL, credentials};
use crate::secrets::Claim;
use nauthera_core::credentials::{Bucket, Record, RecordShard};
use nauthera_core::inventory::CredentialRecord;
use nauthera_core::names::{Kind, ObjectRef};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A shard as it was read, or why it cannot be.
type Decoded = Result<Arc<RecordShard>, Arc<str>>;

/// Shards that were decoded already, by their Secret and its version.
#[derive(Default)]
pub struct RecordCache {
    decoded: Mutex<BTreeMap<ObjectRef, (Arc<str>, Decoded)>>,
}

impl RecordCache {
    /// The shards of a server that are there.
    ///
    /// # Errors
    /// The first that cannot be read: whose records it has is then not known, and nothing may be published without them.
    pub fn shards(
        &self,
        index: &Index,
        server: &ObjectRef,
    ) -> Result<BTreeMap<Bucket, Arc<RecordShard>>, String> {
        let mut all = BTreeMap::new();
        let mut decoded = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        for bucket in Bucket::all() {
            let name = ObjectRef::new(server.namespace.clone(), credentials(&server.name, bucket));
            let Some(secret) = index.server_secret(&name).filter(|secret| secret.is_of(server)) else {
                decoded.remove(&name);
                continue;
            };
            let version = &secret.identity.resource_version;
            let shard = match decoded.get(&name).filter(|(known, _)| known == version) {
                Some((_, shard)) => shard.clone(),
                None => {
                    let shard = decode(secret.data.get(RECORDS_KEY).map(|bytes| bytes.as_slice()));
                    decoded.insert(name.clone(), (version.clone(), shard.clone()));
                    shard
                }
            };
            all.insert(bucket, shard.map_err(|why| format!("Secret {name}: {why}"))?);
        }
        Ok(all)
    }
}

fn decode(bytes: Option<&[u8]>) -> Decoded {
    let bytes = bytes.ok_or_else(|| Arc::from(format!("the key {RECORDS_KEY} is missing")))?;
    RecordShard::from_bytes(bytes).map(Arc::new).map_err(|error| error.to_string().into())
}

/// What `compile` judges of the records of all servers. Of a client that has moved it is the one at the server that it names.
pub fn credentials_of<'a>(
    shards: impl Iterator<Item = &'a Arc<RecordShard>>,
    home: impl Fn(&ObjectRef) -> Option<ObjectRef>,
) -> BTreeMap<ObjectRef, CredentialRecord> {
    let mut all: BTreeMap<ObjectRef, CredentialRecord> = BTreeMap::new();
    for (client, record) in shards.flat_map(|shard| &shard.records) {
        let is_home = |record: &Record| home(client).is_some_and(|home| home == record.server);
        if !all.contains_key(client) || is_home(record) {
            all.insert(client.clone(), record.fact());
        }
    }
    all
}

/// The Secrets that AuthClients control, by AuthClient: the names that are theirs already.
#[must_use]
pub fn secret_names(index: &Index) -> BTreeMap<ObjectRef, Arc<str>> {
    let mut names = BTreeMap::new();
    for (name, secret) in index.secrets() {
        let Some(client) = secret.labels.get(CLIENT_LABEL) else { continue };
        let client = ObjectRef::new(name.namespace.clone(), client.clone());
        let manifest = index.manifest(Kind::AuthClient, &client);
        let is_its =
            manifest.is_some_and(|manifest| secret.owner.claim(&manifest.identity.uid) == Claim::Ours);
        if is_its && !secret.identity.deleting {
            names.insert(client, name.name.clone());
        }
    }
    names
}
