//! What is in the cluster, as far as it is looked at: kept by streams of events, without a client and without waiting. The order in
//! which objects arrive never matters. What follows from it is left to [`crate::turn`].

pub mod digest;
mod judged;
mod keep;
mod object;
mod shared;
mod source;
#[cfg(test)]
mod tests;

pub use digest::{Reading, of_rest};
pub use object::{Child, ClientSecret, Identity, Manifest, Map, ServerSecret, controller, name_of};
pub use shared::Shared;
pub use source::{Source, StreamId, manifests};

use crate::children::ChildKind;
use crate::replicas::Pod;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How far a stream is.
#[derive(Debug, Default)]
struct Stream {
    /// Was it listed completely once? What failed after that leaves what is known as it is.
    complete: bool,
    /// What the list under way has brought; what it lacks at its end is gone.
    listing: Option<BTreeSet<ObjectRef>>,
}

/// What has changed, for whoever looks at less than all.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Something that `compile` looks at.
    pub facts: bool,
    /// The content of an application's Secret.
    pub secrets: bool,
    /// Servers of which a part has changed.
    pub children: BTreeSet<ObjectRef>,
    /// Objects of which the status, or the write, has changed.
    pub statuses: BTreeSet<(Kind, ObjectRef)>,
    /// Servers whose pods have changed.
    pub pods: BTreeSet<ObjectRef>,
}

impl Changes {
    /// Adds what has changed since.
    pub fn add(&mut self, later: &Self) {
        self.facts |= later.facts;
        self.secrets |= later.secrets;
        self.children.extend(later.children.iter().cloned());
        self.statuses.extend(later.statuses.iter().cloned());
        self.pods.extend(later.pods.iter().cloned());
    }
}

/// The index.
#[derive(Default)]
pub struct Index {
    streams: BTreeMap<StreamId, Stream>,
    inventory: Arc<Inventory>,
    manifests: BTreeMap<(Kind, ObjectRef), Manifest>,
    namespaces: BTreeSet<ObjectRef>,
    terminating: BTreeSet<Arc<str>>,
    secrets: BTreeMap<ObjectRef, ClientSecret>,
    server_secrets: BTreeMap<ObjectRef, ServerSecret>,
    maps: BTreeMap<ObjectRef, Map>,
    slices: BTreeMap<ObjectRef, (ObjectRef, Identity, Vec<Pod>)>,
    children: BTreeMap<(ChildKind, ObjectRef), Child>,
    /// Is it still to be told whose ServiceAccount tokens this cluster has?
    awaits_cluster: bool,
    changes: Changes,
}

impl Index {
    /// Nothing is published until [`Index::meet_cluster`] was told something.
    pub const fn await_cluster(&mut self) {
        self.awaits_cluster = true;
    }

    /// A stream that is begun: nothing is published until it is complete.
    pub fn open(&mut self, id: &StreamId) {
        self.streams.entry(id.clone()).or_default();
    }

    /// The streams that were not listed completely yet.
    pub fn missing(&self) -> impl Iterator<Item = &StreamId> {
        self.streams
            .iter()
            .filter(|(id, stream)| !stream.complete && !id.source.is_optional())
            .map(|(id, _)| id)
    }

    /// Was every stream listed completely, and everything else answered that is waited for? Before any is begun nothing is known.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.streams.is_empty() && !self.awaits_cluster && self.missing().next().is_none()
    }

    /// Is it still to be told whose ServiceAccount tokens this cluster has?
    #[must_use]
    pub const fn awaits_cluster(&self) -> bool {
        self.awaits_cluster
    }

    /// Were the streams of this source listed completely?
    #[must_use]
    pub fn has_listed(&self, source: Source) -> bool {
        let mut streams = self.streams.iter().filter(|(id, _)| id.source == source).peekable();
        streams.peek().is_some() && streams.all(|(_, stream)| stream.complete)
    }

    /// What the four kinds and the namespaces say.
    #[must_use]
    pub fn inventory(&self) -> Arc<Inventory> {
        self.inventory.clone()
    }

    /// What is kept of an object of the four kinds.
    #[must_use]
    pub fn manifest(&self, kind: Kind, name: &ObjectRef) -> Option<&Manifest> {
        self.manifests.get(&(kind, name.clone()))
    }

    /// All objects of the four kinds, also those that are being deleted.
    pub fn manifests(&self) -> impl Iterator<Item = (&(Kind, ObjectRef), &Manifest)> {
        self.manifests.iter()
    }

    /// Is a namespace being deleted, or gone?
    #[must_use]
    pub fn is_terminating(&self, namespace: &str) -> bool {
        self.terminating.contains(namespace)
    }

    /// A Secret that carries a client's name.
    #[must_use]
    pub fn secret(&self, name: &ObjectRef) -> Option<&ClientSecret> {
        self.secrets.get(name)
    }

    /// The Secrets that carry a client's name.
    pub fn secrets(&self) -> impl Iterator<Item = (&ObjectRef, &ClientSecret)> {
        self.secrets.iter()
    }

    /// A Secret of a server.
    #[must_use]
    pub fn server_secret(&self, name: &ObjectRef) -> Option<&ServerSecret> {
        self.server_secrets.get(name)
    }

    /// The Secrets of servers in a namespace.
    pub fn server_secrets<'a>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a ObjectRef, &'a ServerSecret)> {
        self.server_secrets.iter().filter(move |(name, _)| &*name.namespace == namespace)
    }

    /// A ConfigMap of a Snapshot.
    #[must_use]
    pub fn map(&self, name: &ObjectRef) -> Option<&Map> {
        self.maps.get(name)
    }

    /// The ConfigMaps of Snapshots.
    pub fn maps(&self) -> impl Iterator<Item = (&ObjectRef, &Map)> {
        self.maps.iter()
    }

    /// A part of a server, as it is.
    #[must_use]
    pub fn child(&self, kind: ChildKind, name: &ObjectRef) -> Option<&Child> {
        self.children.get(&(kind, name.clone()))
    }

    /// Everything that servers are made of.
    pub fn children(&self) -> impl Iterator<Item = (&(ChildKind, ObjectRef), &Child)> {
        self.children.iter()
    }

    /// The pods behind the Service of a server; each once.
    #[must_use]
    pub fn pods(&self, server: &ObjectRef) -> Vec<Pod> {
        let all = self.slices.values().filter(|(of, _, _)| of == server);
        let mut pods: BTreeMap<Arc<str>, Pod> = BTreeMap::new();
        for pod in all.flat_map(|(_, _, pods)| pods) {
            let known = pods.entry(pod.name.clone()).or_insert_with(|| pod.clone());
            known.ready |= pod.ready && known.address == pod.address;
        }
        pods.into_values().collect()
    }

    /// What has changed since this was asked last.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }
}
