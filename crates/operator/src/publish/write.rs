//! Writing a Snapshot: first its shards, side by side, then its index.

use super::{INDEX_KEY, Published, SHARD_KEY, bytes_of, index_of};
use crate::cluster::{Fault, call, put};
use crate::index::{Index as Known, Shared, Source};
use crate::lease::Term;
use crate::names::{KIND_LABEL, MANAGED_BY, MANAGED_BY_LABEL, SERVER_LABEL, kind, shard_prefix};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use kube::api::{Api, DeleteParams, DynamicObject, Preconditions};
use kube::{Client, ResourceExt};
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::shards::{Index, Packed, Placement, WhyNot, pack};
use nauthera_core::snapshot::{Revision, Snapshot};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Shards that are written side by side.
const AT_ONCE: usize = 8;

/// Why a Snapshot is not published; the one before goes on.
#[derive(Debug, thiserror::Error)]
pub enum PublishFault {
    /// It cannot be packed for the replicas that run.
    #[error(transparent)]
    Packing(#[from] WhyNot),
    /// The API server.
    #[error(transparent)]
    Cluster(#[from] Fault),
}

/// Publishes the Snapshots of one server.
pub struct Publisher {
    client: Client,
    shared: Arc<Shared>,
    server: ObjectRef,
    placement: Placement,
    last: Option<Packed>,
}

/// What was published.
pub struct Publication {
    /// The index.
    pub bytes: Arc<[u8]>,
    /// The revision.
    pub revision: Revision,
    /// The number.
    pub sequence: u64,
    /// The format.
    pub format: u32,
}

/// What a publication is made for.
pub struct Order<'a> {
    /// What is to be served.
    pub snapshot: &'a Snapshot,
    /// The newest format that all replicas read.
    pub format: u32,
    /// The uid of the AuthServer.
    pub uid: &'a str,
}

impl Publisher {
    /// Publishes for this server; rows are placed by its digest key.
    #[must_use]
    pub fn new(client: Client, shared: Arc<Shared>, server: ObjectRef, digest_key: &[u8; 32]) -> Self {
        Self { client, shared, server, placement: Placement::new(digest_key), last: None }
    }

    /// Publishes a Snapshot.
    ///
    /// # Errors
    /// [`PublishFault`]. After [`Fault::Conflict`] what lies there is read anew before the next try.
    pub async fn publish(&mut self, order: &Order<'_>, term: &Term) -> Result<Publication, PublishFault> {
        let (there, version) = self.there();
        // Where the index is gone, or cannot be read, numbers go on from what was written last.
        let before = match self
            .last
            .take()
            .filter(|last| there.as_ref().is_none_or(|packed| packed.index == last.index))
        {
            Some(last) => Some(last),
            None => there,
        };
        let prefix = shard_prefix(&self.server.name);
        let packed = pack(order.snapshot, &self.placement, &prefix, order.format, before.as_ref())?;
        let missing = self.shared.with(|index| missing(index, &self.server, &packed));
        let mut writes: Vec<BoxFuture<'_, Result<(), Fault>>> = Vec::new();
        for (name, bytes) in &missing {
            writes.push(self.write_shard(name, bytes, order.uid, term).boxed());
        }
        futures::stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        let bytes: Arc<[u8]> = packed.index.to_bytes().into();
        self.write_index(&bytes, version, order.uid, term).await?;
        let Index { revision, sequence, format, .. } = packed.index;
        self.last = Some(packed);
        Ok(Publication { bytes, revision, sequence, format })
    }

    /// Does this publication lie there whole? What somebody deletes or edits of it is written again.
    #[must_use]
    pub fn lies_there(&self, published: &Published) -> bool {
        self.shared.with(|known| {
            let index = known.map(&index_of(&self.server)).filter(|map| !map.identity.deleting);
            let index = index.and_then(|map| bytes_of(map, INDEX_KEY));
            let index = index.filter(|bytes| **bytes == *published.index);
            let Some(index) = index.and_then(|bytes| Index::from_bytes(&bytes).ok()) else { return false };
            let shard = |name: &Arc<str>| {
                let map = known.map(&ObjectRef::new(self.server.namespace.clone(), name.clone()));
                let there = map.filter(|map| !map.identity.deleting).and_then(|map| map.data.get(SHARD_KEY));
                let written = self.last.as_ref().and_then(|last| last.shards.get(name));
                there.is_some_and(|there| written.is_none_or(|written| there == written))
            };
            index.shards().all(shard)
        })
    }

    /// What lies there, as far as it is known, with the version of its index.
    fn there(&self) -> (Option<Packed>, Option<String>) {
        self.shared.with(|known| {
            let Some(map) = known.map(&index_of(&self.server)) else { return (None, None) };
            let version = Some(map.identity.resource_version.to_string());
            let index = bytes_of(map, INDEX_KEY).and_then(|bytes| Index::from_bytes(&bytes).ok());
            let Some(index) = index else { return (None, version) };
            let shard = |name: &Arc<str>| {
                let map = known.map(&ObjectRef::new(self.server.namespace.clone(), name.clone()))?;
                Some((name.clone(), bytes_of(map, SHARD_KEY)?))
            };
            let shards: BTreeMap<_, _> = index.shards().filter_map(shard).collect();
            (Some(Packed { index, shards }), version)
        })
    }

    fn api(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.server.namespace, &Source::Snapshots.resource())
    }

    fn object(&self, name: &str, kind: &str, uid: &str) -> DynamicObject {
        let mut object =
            DynamicObject::new(name, &Source::Snapshots.resource()).within(&self.server.namespace);
        let labels = [(MANAGED_BY_LABEL, MANAGED_BY), (SERVER_LABEL, &self.server.name), (KIND_LABEL, kind)];
        object.metadata.labels = Some(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        let key = ObjectKey::new(Kind::AuthServer, self.server.clone());
        object.metadata.owner_references = Some(vec![crate::secrets::owner(&key, uid)]);
        object
    }

    async fn write_shard(&self, name: &str, bytes: &[u8], uid: &str, term: &Term) -> Result<(), Fault> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let encoded = STANDARD.encode(bytes);
        let data = json!({ "immutable": true, "binaryData": { SHARD_KEY: encoded } });
        let object = self.object(name, kind::SNAPSHOT, uid).data(data);
        let api = self.api();
        let create = async || {
            term.check()?;
            put(&api, &object).await
        };
        let made = match create().await {
            Err(Fault::Conflict) => {
                // It is named by its content: what has the name and says something else is none of ours.
                let there = call(api.get(name)).await?;
                let same = there.data.pointer(&format!("/binaryData/{SHARD_KEY}")) == Some(&encoded.into());
                // Without its labels no server would find it.
                let found = object
                    .metadata
                    .labels
                    .iter()
                    .flatten()
                    .all(|(key, value)| there.labels().get(key) == Some(value));
                if same && found && there.metadata.deletion_timestamp.is_none() {
                    there
                } else {
                    let uid = Preconditions { uid: there.uid(), resource_version: None };
                    call(api.delete(name, &DeleteParams::default().preconditions(uid))).await?;
                    create().await?
                }
            }
            other => other?,
        };
        self.shared.wrote(Source::Snapshots, made);
        Ok(())
    }

    async fn write_index(
        &self,
        bytes: &[u8],
        version: Option<String>,
        uid: &str,
        term: &Term,
    ) -> Result<(), Fault> {
        let text = String::from_utf8_lossy(bytes);
        let name = index_of(&self.server).name;
        let mut object = self.object(&name, kind::INDEX, uid).data(json!({ "data": { INDEX_KEY: text } }));
        object.metadata.resource_version = version;
        let api = self.api();
        term.check()?;
        match put(&api, &object).await {
            Ok(object) => {
                self.shared.wrote(Source::Snapshots, object);
                Ok(())
            }
            Err(Fault::Conflict | Fault::NotFound) => {
                // What is there is another one than was known: it is known from now on, before the watch tells of it.
                match call(api.get_opt(&name)).await? {
                    Some(there) => self.shared.wrote(Source::Snapshots, there),
                    None => self.shared.with(|index| index.forget_map(&index_of(&self.server))),
                }
                Err(Fault::Conflict)
            }
            Err(error) => Err(error),
        }
    }
}

/// The shards that are not there yet, or are being deleted.
fn missing(known: &Known, server: &ObjectRef, packed: &Packed) -> Vec<(Arc<str>, Arc<[u8]>)> {
    let is_there = |name: &Arc<str>, bytes: &Arc<[u8]>| {
        let map = known.map(&ObjectRef::new(server.namespace.clone(), name.clone()));
        map.is_some_and(|map| !map.identity.deleting && map.data.get(SHARD_KEY) == Some(bytes))
    };
    let shards = packed.shards.iter().filter(|(name, bytes)| !is_there(name, bytes));
    shards.map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
}
