//! Writing shards of records: each is read, the steps of all its clients are chosen again on what was read, and it is written once
//! with the `resourceVersion` of that reading.

use super::RECORDS_KEY;
use super::plan::{Due, Entry, Hands, View};
use crate::children::kept;
use crate::cluster::{Fault, call, put};
use crate::context::Context;
use crate::index::Source;
use crate::keys::note;
use crate::lease::Term;
use crate::names::{credentials, kind};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use nauthera_core::credentials::{Bucket, Record, RecordShard, Step, next};
use nauthera_core::names::ObjectRef;
use nauthera_core::shards::Placement;
use nauthera_core::time::UnixTime;
use nauthera_core::uri::IssuerUrl;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Shards that are worked on side by side.
const AT_ONCE: usize = 8;

/// The records of one server.
pub struct Shards<'a> {
    /// What every worker shares.
    pub context: &'a Arc<Context>,
    /// The server.
    pub server: &'a ObjectRef,
    /// Its issuer.
    pub issuer: &'a IssuerUrl,
    /// Its digest key.
    pub digest_key: &'a Zeroizing<[u8; 32]>,
    /// Where records lie.
    pub placement: &'a Placement,
    /// Only while this lasts.
    pub term: &'a Term,
}

/// A shard as it was read from the API.
pub struct Read {
    shard: RecordShard,
    version: Option<String>,
}

impl Read {
    /// A client's record.
    #[must_use]
    pub fn record(&self, client: &ObjectRef) -> Option<&Record> {
        self.shard.records.get(client)
    }
}

impl Shards<'_> {
    fn api(&self) -> Api<Secret> {
        Api::namespaced(self.context.client.clone(), &self.server.namespace)
    }

    /// The bucket of a client.
    #[must_use]
    pub fn bucket(&self, client: &ObjectRef) -> Bucket {
        Bucket::of(self.placement, client)
    }

    /// Reads a shard from the API; one that is not there is empty.
    ///
    /// # Errors
    /// [`Fault`]; one that is there and is not this server's, or cannot be understood, is none that is written over.
    pub async fn read(&self, bucket: Bucket) -> Result<Read, Fault> {
        let name = credentials(&self.server.name, bucket);
        let Some(secret) = call(self.api().get_opt(&name)).await? else {
            return Ok(Read { shard: RecordShard::default(), version: None });
        };
        note(self.context, Source::ServerSecrets, &secret);
        let shown = format!("Secret {}/{name}", self.server.namespace);
        let mark =
            secret.metadata.annotations.as_ref().and_then(|all| all.get(crate::names::OWNER_ANNOTATION));
        if mark.is_none_or(|mark| *mark != crate::names::owner_mark(self.server)) {
            return Err(Fault::Invalid(format!("{shown} is there and is not this AuthServer's")));
        }
        let bytes =
            secret.data.as_ref().and_then(|data| data.get(RECORDS_KEY)).map(|bytes| bytes.0.as_slice());
        let shard = RecordShard::from_bytes(bytes.unwrap_or_default());
        let shard = shard.map_err(|error| Fault::Invalid(format!("{shown} cannot be read: {error}")))?;
        Ok(Read { shard, version: secret.metadata.resource_version })
    }

    /// Reads the shards of these clients, each once.
    ///
    /// # Errors
    /// As [`Shards::read`].
    pub async fn read_for(
        &self,
        clients: impl Iterator<Item = &ObjectRef>,
    ) -> Result<BTreeMap<Bucket, Read>, Fault> {
        let buckets: BTreeSet<Bucket> = clients.map(|client| self.bucket(client)).collect();
        let mut reads: Vec<BoxFuture<'_, Result<(Bucket, Read), Fault>>> = Vec::new();
        for bucket in buckets {
            reads.push(async move { Ok((bucket, self.read(bucket).await?)) }.boxed());
        }
        futures::stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Writes the records that are due, and lets go of those in `gone`; `hands` is what was made for each client. How
    /// many shards were written.
    ///
    /// # Errors
    /// The first [`Fault`]; what was written until then stays so.
    pub async fn write(
        &self,
        due: &BTreeMap<ObjectRef, (Entry, Due)>,
        gone: &BTreeSet<ObjectRef>,
        (hands, now): (&HashMap<&ObjectRef, Hands>, UnixTime),
    ) -> Result<usize, Fault> {
        let mut buckets: BTreeMap<Bucket, (Vec<&Entry>, Vec<&ObjectRef>)> = BTreeMap::new();
        for (client, (entry, _)) in due.iter().filter(|(_, (_, due))| *due == Due::Record) {
            buckets.entry(self.bucket(client)).or_default().0.push(entry);
        }
        for client in gone {
            buckets.entry(self.bucket(client)).or_default().1.push(client);
        }
        let mut writes: Vec<BoxFuture<'_, Result<bool, Fault>>> = Vec::new();
        for (bucket, (entries, gone)) in buckets {
            let write = async move { self.write_one(bucket, &entries, &gone, (hands, now)).await };
            writes.push(write.boxed());
        }
        let written: Vec<bool> =
            futures::stream::iter(writes).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(written.into_iter().filter(|written| *written).count())
    }

    async fn write_one(
        &self,
        bucket: Bucket,
        entries: &[&Entry],
        gone: &[&ObjectRef],
        (hands, now): (&HashMap<&ObjectRef, Hands>, UnixTime),
    ) -> Result<bool, Fault> {
        let Read { mut shard, version } = self.read(bucket).await?;
        let mut changed = false;
        self.context.shared.with(|index| {
            let (issuer, process_key) = (self.issuer, self.context.shared.process_key());
            let view =
                View { server: self.server, issuer, digest_key: self.digest_key, process_key, index, now };
            for entry in entries {
                let hands = hands.get(&entry.client).copied().unwrap_or_default();
                // Not live: a record that is not yet written is served by nobody.
                let step = next(shard.records.get(&entry.client), &entry.facts(&view, hands, false));
                if let Step::WriteRecord(record) = step {
                    shard.records.insert(entry.client.clone(), *record);
                    changed = true;
                }
            }
        });
        for client in gone {
            changed |= shard.records.remove(client).is_some();
        }
        if !changed {
            return Ok(false);
        }
        self.put(bucket, &shard, version).await?;
        Ok(true)
    }

    async fn put(&self, bucket: Bucket, shard: &RecordShard, version: Option<String>) -> Result<(), Fault> {
        let bytes = shard.to_bytes().map_err(|error| Fault::Invalid(error.to_string()))?;
        let name = credentials(&self.server.name, bucket);
        let mut metadata = kept(self.server, name, Some(kind::RECORD));
        metadata.resource_version = version;
        let secret = Secret {
            metadata,
            data: Some([(RECORDS_KEY.to_owned(), ByteString(bytes))].into()),
            type_: Some("Opaque".into()),
            ..Secret::default()
        };
        self.term.check()?;
        let written = put(&self.api(), &secret).await;
        let outcome = written.as_ref().map_or_else(Fault::category, |_| "ok");
        self.context.metrics.wrote("records", outcome);
        note(self.context, Source::ServerSecrets, &written?);
        Ok(())
    }
}

/// The decoded content of a Secret, for whoever has read one.
#[must_use]
pub fn data_of(secret: &Secret) -> BTreeMap<Arc<str>, Zeroizing<Vec<u8>>> {
    let entries = secret.data.iter().flatten();
    entries.map(|(key, value)| (key.as_str().into(), Zeroizing::new(value.0.clone()))).collect()
}
