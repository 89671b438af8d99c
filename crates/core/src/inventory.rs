//! The facts that `compile` judges: the objects as they are read, what is already published, and the credential
//! records. A carrier (a folder, a cluster) fills it; the order in which it does so never matters.

use crate::finding::Finding;
use crate::names::{ClientId, ObjectRef};
use crate::snapshot::{SecretDigest, Snapshot};
use crate::spec::{ClientSpec, PolicySpec, ServerSpec, ServiceAccountIssuer, UserStoreSpec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An object as it is: who it is, which edit of it, and what it says, or that what it says cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Object<S> {
    /// `metadata.generation`; 1 in a folder.
    pub generation: i64,
    /// `metadata.labels`.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// What it says, shared with the Report; `None` when it is not accepted (its reader has reported why).
    pub spec: Option<Arc<S>>,
}

impl<S> Object<S> {
    /// An accepted object of generation 1 without labels.
    #[must_use]
    pub fn new(spec: S) -> Self {
        Self { generation: 1, labels: BTreeMap::new(), spec: Some(Arc::new(spec)) }
    }
}

/// Everything that `compile` looks at.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// AuthServers.
    pub servers: BTreeMap<ObjectRef, Object<ServerSpec>>,
    /// AuthPolicies.
    pub policies: BTreeMap<ObjectRef, Object<PolicySpec>>,
    /// UserStores.
    pub stores: BTreeMap<ObjectRef, Object<UserStoreSpec>>,
    /// AuthClients.
    pub clients: BTreeMap<ObjectRef, Object<ClientSpec>>,
    /// Labels of the namespaces that are known.
    pub namespaces: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<str>>>,
    /// What each server serves now.
    pub published: BTreeMap<ObjectRef, Arc<Snapshot>>,
    /// The live credentials of each client at its server.
    pub credentials: BTreeMap<ObjectRef, CredentialRecord>,
    /// The name of the Secret that is each client's already.
    pub secret_names: BTreeMap<ObjectRef, Arc<str>>,
    /// Clients that lack something which only their carrier sees, such as a Secret that they bring: they wait, with this
    /// finding.
    pub unready: BTreeMap<ObjectRef, Finding>,
    /// The cluster that the carrier runs in, with the keys of its ServiceAccount tokens; `None` where there is none.
    pub cluster: Option<ServiceAccountIssuer>,
    /// May the servers of this carrier call private addresses, as on a laptop (`--allow-private-fetch`)?
    pub private_fetch: bool,
    /// Could something not be read at all? Then nothing may be taken for deleted, and everything stays as published.
    pub incomplete: bool,
}

/// What is kept of one client between compiles: who holds its id, and the digests of its live secrets.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialRecord {
    /// The server it is registered with; at another server the record does not count.
    pub server: ObjectRef,
    /// The id it holds.
    pub client_id: ClientId,
    /// Digests of its live secrets.
    pub secrets: Vec<SecretDigest>,
}
