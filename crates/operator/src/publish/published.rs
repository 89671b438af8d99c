//! What is published of each server, as its ConfigMaps say: put together again whenever they change, and remembered with the
//! publication that each row is as old as.

use super::{INDEX_KEY, Publication, SHARD_KEY, bytes_of, index_of};
use crate::index::Index;
use nauthera_core::compile::Compiled;
use nauthera_core::names::ObjectRef;
use nauthera_core::shards::{Unpacked, Unpacker};
use nauthera_core::snapshot::{Revision, Snapshot};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What is published of one server.
#[derive(Debug, Clone)]
pub struct Published {
    /// The Snapshot.
    pub snapshot: Arc<Snapshot>,
    /// Its revision.
    pub revision: Revision,
    /// The number of the publication.
    pub sequence: u64,
    /// The format that it is published in.
    pub format: u32,
    /// The index.
    pub index: Arc<[u8]>,
    /// When that was noted here, by the monotonic clock.
    pub since: std::time::Duration,
    /// The publication that first carried what is served of a client now, of those that changed since this process began. All others
    /// are as old as the first publication that it saw.
    rows: Arc<HashMap<ObjectRef, u64>>,
    /// The same for edits of policies.
    policies: Arc<BTreeMap<ObjectRef, (i64, Carrier)>>,
    first: u64,
}

impl Published {
    /// The publication that first carried what is served of this client now, or that it is not served.
    #[must_use]
    pub fn carries(&self, client: &ObjectRef) -> u64 {
        self.rows.get(client).copied().unwrap_or(self.first)
    }

    /// The first publication that this process saw.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Is it the first publication that this process saw? What it carries may be older.
    #[must_use]
    pub const fn is_first(&self, sequence: u64) -> bool {
        sequence == self.first
    }

    /// The publication that first carried this edit of a policy; `None` while none does.
    #[must_use]
    pub fn carries_policy(&self, policy: &ObjectRef, generation: i64) -> Option<Carrier> {
        self.policies.get(policy).filter(|(known, _)| *known == generation).map(|(_, carrier)| *carrier)
    }
}

/// A publication: its number, and the revision of its Snapshot.
pub type Carrier = (u64, Revision);

#[derive(Default)]
struct Known {
    unpacker: Unpacker,
    published: Option<Arc<Published>>,
    /// Why what lies there cannot be put together, said once.
    fault: Option<String>,
}

/// What is published of all servers.
#[derive(Default)]
pub struct Publications {
    known: BTreeMap<ObjectRef, Known>,
}

/// The pieces of one server's Snapshot, as they lie there.
pub struct Pieces {
    index: Arc<[u8]>,
    shards: HashMap<Arc<str>, Arc<[u8]>>,
}

/// The pieces of the servers whose index is another one than is known.
#[must_use]
pub fn pieces(index: &Index, known: &BTreeMap<ObjectRef, Option<Arc<[u8]>>>) -> BTreeMap<ObjectRef, Pieces> {
    let mut all = BTreeMap::new();
    for server in index.inventory().servers.keys() {
        let Some(bytes) = index.map(&index_of(server)).and_then(|map| bytes_of(map, INDEX_KEY)) else {
            continue;
        };
        if known.get(server).is_some_and(|known| known.as_deref() == Some(&*bytes)) {
            continue;
        }
        let shards = index.maps().filter(|(name, _)| name.namespace == server.namespace);
        let shards = shards.filter_map(|(name, map)| Some((name.name.clone(), bytes_of(map, SHARD_KEY)?)));
        all.insert(server.clone(), Pieces { index: bytes, shards: shards.collect() });
    }
    all
}

impl Publications {
    /// The bytes of each index that is known already.
    #[must_use]
    pub fn bytes(&self) -> BTreeMap<ObjectRef, Option<Arc<[u8]>>> {
        let index = |known: &Known| known.published.as_ref().map(|published| published.index.clone());
        self.known.iter().map(|(server, known)| (server.clone(), index(known))).collect()
    }

    /// What is published of a server.
    #[must_use]
    pub fn of(&self, server: &ObjectRef) -> Option<&Arc<Published>> {
        self.known.get(server)?.published.as_ref()
    }

    /// The servers of which nothing that is published can be read, each with why.
    #[must_use]
    pub fn unreadable(&self) -> BTreeMap<ObjectRef, String> {
        let unread = self.known.iter().filter(|(_, known)| known.published.is_none());
        unread.filter_map(|(server, known)| Some((server.clone(), known.fault.clone()?))).collect()
    }

    /// Forgets what is wrong with an index that is not there any more.
    pub fn lying(&mut self, is_there: impl Fn(&ObjectRef) -> bool) {
        for (server, known) in &mut self.known {
            if !is_there(server) {
                known.fault = None;
            }
        }
    }

    /// All that is published.
    pub fn all(&self) -> impl Iterator<Item = (&ObjectRef, &Arc<Published>)> {
        self.known.iter().filter_map(|(server, known)| Some((server, known.published.as_ref()?)))
    }

    /// Puts together what has changed.
    pub fn read(&mut self, all: BTreeMap<ObjectRef, Pieces>, now: std::time::Duration) {
        for (server, Pieces { index, shards }) in all {
            let known = self.known.entry(server.clone()).or_default();
            if known.published.as_ref().is_some_and(|published| published.index == index) {
                // It was noted meanwhile by who wrote it, who knows more of it.
                continue;
            }
            match known.unpacker.unpack(&index, |name| shards.get(name).cloned()) {
                Ok(unpacked) => {
                    let Unpacked { snapshot, revision, sequence, format } = unpacked;
                    let made = Publication { bytes: index, revision, sequence, format };
                    known.note(Arc::new(snapshot), made, now);
                }
                Err(error) => {
                    let text = error.to_string();
                    if known.fault.as_ref() != Some(&text) {
                        tracing::warn!(%server, error = text, "what is published cannot be read back: it is written anew");
                    }
                    known.fault = Some(text);
                }
            }
        }
    }

    /// Notes what this process has published itself.
    pub fn wrote(
        &mut self,
        server: &ObjectRef,
        snapshot: Arc<Snapshot>,
        made: Publication,
        now: std::time::Duration,
    ) {
        self.known.entry(server.clone()).or_default().note(snapshot, made, now);
    }

    /// Notes which edits of policies are carried: those that gave what is published.
    pub fn note_policies(&mut self, compiled: &Compiled) {
        for (server, known) in &mut self.known {
            let Some(published) = &mut known.published else { continue };
            if compiled.snapshots.get(server) != Some(&published.snapshot) {
                continue;
            }
            // A frozen server serves what older edits gave, whatever they are now.
            let report = compiled.report.servers.get(server).filter(|report| !report.keeps());
            let applied = report.into_iter().flat_map(|report| &report.policies);
            let carrier = (published.sequence, published.revision);
            let news: Vec<_> = applied
                .filter(|mark| published.carries_policy(&mark.policy, mark.generation).is_none())
                .map(|mark| (mark.policy.clone(), (mark.generation, carrier)))
                .collect();
            if !news.is_empty() {
                let published = Arc::make_mut(published);
                Arc::make_mut(&mut published.policies).extend(news);
            }
        }
    }

    /// Forgets servers that are gone.
    pub fn retain(&mut self, is_there: impl Fn(&ObjectRef) -> bool) {
        self.known.retain(|server, _| is_there(server));
    }
}

impl Known {
    fn note(&mut self, snapshot: Arc<Snapshot>, made: Publication, since: std::time::Duration) {
        let Publication { bytes: index, revision, sequence, format } = made;
        self.fault = None;
        let Some(before) = self.published.take() else {
            let published = Published {
                snapshot,
                revision,
                sequence,
                format,
                index,
                since,
                rows: Arc::default(),
                policies: Arc::default(),
                first: sequence,
            };
            self.published = Some(Arc::new(published));
            return;
        };
        // Numbers that begin anew, after a restore for example, make all rows as old as this one.
        let (mut rows, first) = match sequence < before.sequence {
            true => (HashMap::new(), sequence),
            false => ((*before.rows).clone(), before.first),
        };
        for (id, row) in &snapshot.clients {
            if before.snapshot.clients.get(id) != Some(row) {
                rows.insert(row.object.clone(), sequence);
            }
        }
        for (id, row) in &before.snapshot.clients {
            if snapshot.clients.get(id).is_none_or(|there| there.object != row.object) {
                rows.insert(row.object.clone(), sequence);
            }
        }
        // What is gone for long is asked about by nobody.
        if rows.len() > 2 * snapshot.clients.len() + 1_024 {
            let there: std::collections::HashSet<&ObjectRef> =
                snapshot.clients.values().map(|row| &row.object).collect();
            rows.retain(|client, since| *since == sequence || there.contains(client));
        }
        let policies = before.policies.clone();
        let rows = Arc::new(rows);
        let published =
            Published { snapshot, revision, sequence, format, index, since, rows, policies, first };
        self.published = Some(Arc::new(published));
    }
}
