//! What every worker of this process shares.

use crate::bell::Bell;
use crate::index::{Changes, Shared};
use crate::keys::SigningKeys;
use crate::metrics::Metrics;
use crate::replicas::Polling;
use crate::standing::Standing;
use crate::watch::Scope;
use kube::Client;
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::Revision;
use nauthera_core::time::{Clock, Entropy};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How the operator is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The namespaces that it looks after.
    pub scope: Scope,
    /// The namespace that it runs in, where it runs in the cluster.
    pub namespace: Option<String>,
    /// The namespace of its Lease and of its own Secrets.
    pub home: String,
    /// The image of servers whose manifest names none.
    pub server_image: String,
    /// May servers call private addresses that manifests name (tests)?
    pub allow_private_fetch: bool,
    /// Do pods have IPv6 addresses, so that servers listen on those too?
    pub ipv6: bool,
}

/// Who looks at what has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbox {
    /// The writer of statuses.
    Statuses,
    /// Who looks after parts of servers, and their pods.
    Parts,
}

/// What every worker shares.
pub struct Context {
    /// The way to the API server.
    pub client: Client,
    /// What is in the cluster.
    pub shared: Arc<Shared>,
    /// How the operator is set up.
    pub settings: Settings,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// How signing keys are made and read.
    pub keys: Arc<dyn SigningKeys>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Rings when a replica has said something new, or a worker has come further.
    pub news: Arc<Bell>,
    /// Rings when something has changed that `compile` does not look at: a status, a part of a server, a pod.
    pub stir: Arc<Bell>,
    inboxes: [Mutex<Changes>; 2],
    replicas: Mutex<BTreeMap<ObjectRef, Arc<Polling>>>,
    standings: Mutex<BTreeMap<ObjectRef, Arc<Standing>>>,
}

impl Context {
    /// What every worker shares.
    #[must_use]
    pub fn new(
        client: Client,
        settings: Settings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        keys: Arc<dyn SigningKeys>,
    ) -> Arc<Self> {
        let shared = Shared::new(entropy.clone());
        let (metrics, news, stir) = (Arc::default(), Arc::default(), Arc::default());
        let (inboxes, replicas, standings) = (Default::default(), Mutex::default(), Mutex::default());
        Arc::new(Self {
            client,
            shared,
            settings,
            clock,
            entropy,
            keys,
            metrics,
            news,
            stir,
            inboxes,
            replicas,
            standings,
        })
    }

    /// Notes what has changed, for everybody who looks at less than all. It is bounded by what there is.
    pub fn note_changes(&self, changes: &Changes) {
        for inbox in &self.inboxes {
            inbox.lock().unwrap_or_else(PoisonError::into_inner).add(changes);
        }
    }

    /// What has changed since this was asked last.
    #[must_use]
    pub fn changes(&self, whose: Inbox) -> Changes {
        let [statuses, parts] = &self.inboxes;
        let inbox = match whose {
            Inbox::Statuses => statuses,
            Inbox::Parts => parts,
        };
        std::mem::take(&mut inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The replicas of a server, as far as they are looked after.
    #[must_use]
    pub fn replicas(&self, server: &ObjectRef) -> Option<Arc<Polling>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner).get(server).cloned()
    }

    /// The replicas of a server, looked after from now on.
    pub fn meet_replicas(&self, server: &ObjectRef) -> Arc<Polling> {
        let mut all = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(server.clone()).or_insert_with(|| Polling::new(self.news.clone())).clone()
    }

    /// How it stands with a server, for its workers to note and for statuses to say.
    #[must_use]
    pub fn standing(&self, server: &ObjectRef) -> Arc<Standing> {
        let mut all = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(server.clone()).or_default().clone()
    }

    /// Nobody looks after a server any more.
    pub fn forget(&self, server: &ObjectRef) {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner).remove(server);
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner).remove(server);
    }

    /// Notes a publication of a server.
    pub fn published(&self, server: &ObjectRef, sequence: u64, revision: Revision) {
        if let Some(replicas) = self.replicas(server) {
            replicas.published(sequence, revision);
        }
    }
}
