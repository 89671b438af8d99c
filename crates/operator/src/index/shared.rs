//! The index as streams and workers share it: locked for moments, never while something is awaited.

use super::judged;
use super::{Index, Source, StreamId, name_of};
use crate::cluster::Fault;
use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use nauthera_core::names::Kind;
use nauthera_core::spec::ServiceAccountIssuer;
use nauthera_core::time::{Entropy, random_256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// A stream says what is wrong with it after so many failures in a row, and again after each ten.
const SAID_AT: u32 = 2;

/// The shared index.
pub struct Shared {
    index: Mutex<Index>,
    /// Told of every change.
    pub changed: Arc<Notify>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    process_key: [u8; 32],
    failing: Mutex<BTreeMap<StreamId, String>>,
}

impl Shared {
    /// An empty index.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>) -> Arc<Self> {
        let process_key = random_256(&*entropy);
        let (index, failing) = (Mutex::default(), Mutex::default());
        Arc::new(Self { index, changed: Arc::default(), entropy, process_key, failing })
    }

    /// The key under which this process hashes what it may not keep.
    #[must_use]
    pub const fn process_key(&self) -> &[u8; 32] {
        &self.process_key
    }

    /// Looks at the index.
    pub fn with<T>(&self, act: impl FnOnce(&mut Index) -> T) -> T {
        act(&mut self.index.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A stream that is begun.
    pub fn open(&self, id: &StreamId) {
        self.with(|index| index.open(id));
    }

    /// Whose ServiceAccount tokens this cluster has; `None`, that it does not say.
    pub fn met_cluster(&self, cluster: Option<ServiceAccountIssuer>) {
        self.with(|index| index.meet_cluster(cluster));
        self.changed.notify_one();
    }

    /// An event of a stream.
    pub fn apply(&self, id: &StreamId, event: Event<DynamicObject>) {
        match event {
            Event::Init => self.with(|index| index.begin(id)),
            Event::InitApply(object) => {
                let name = name_of(&object.metadata);
                let name = if id.source == Source::Namespaces { namespace_name(&object) } else { name };
                self.with(|index| index.note_listed(id, &name));
                self.put(id.source, object);
            }
            Event::Apply(object) => self.put(id.source, object),
            Event::Delete(mut object) => {
                if id.source == Source::Namespaces {
                    object.metadata.namespace = None;
                }
                self.with(|index| index.delete(id.source, &object));
            }
            Event::InitDone => self.with(|index| index.complete(id)),
        }
        self.changed.notify_one();
    }

    /// What this process wrote itself, known before its stream tells of it.
    pub fn wrote(&self, source: Source, object: DynamicObject) {
        self.put(source, object);
        self.changed.notify_one();
    }

    fn put(&self, source: Source, object: DynamicObject) {
        match source {
            Source::Manifests(kind) => self.put_manifest(kind, object),
            _ => self.with(|index| index.put(source, object, &self.process_key)),
        }
    }

    fn put_manifest(&self, kind: Kind, object: DynamicObject) {
        let name = name_of(&object.metadata);
        if self.with(|index| index.says_the_same(kind, &object)) {
            let manifest = judged::manifest(&object);
            return self.with(|index| index.refresh(kind, &name, manifest));
        }
        let judged = judged::judge(kind, object);
        self.with(|index| index.enter(judged));
    }

    /// A stream that failed is well again.
    pub fn mended(&self, id: &StreamId) {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// A stream failed: what is known stays as it is.
    pub fn failed(&self, id: &StreamId, fault: &Fault, failures: u32) {
        let text = fault.to_string();
        if failures == SAID_AT || failures.is_multiple_of(10) {
            tracing::warn!(stream = %id, failures, error = text, "it cannot be watched: what is known stays, and it is tried again");
        } else {
            tracing::debug!(stream = %id, failures, error = text, "a stream broke");
        }
        if failures >= SAID_AT {
            self.failing.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), text);
        }
    }

    /// The streams that fail, with their last fault.
    #[must_use]
    pub fn failing(&self) -> Vec<(StreamId, String)> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.iter().map(|(id, text)| (id.clone(), text.clone())).collect()
    }
}

fn namespace_name(object: &DynamicObject) -> nauthera_core::names::ObjectRef {
    nauthera_core::names::ObjectRef::new("", object.metadata.name.as_deref().unwrap_or_default())
}
