//! The facts that `compile` judges: the objects as they are read, what is already published, and the credential
//! records. A carrier (a folder, a cluster) fills it; the order in which it does so never matters.

use crate::finding::Finding;
use crate::names::{ClientId, ObjectRef};
use crate::snapshot::{SecretDigest, Snapshot};
use crate::spec::{ClientSpec, PolicySpec, ServerSpec, ServiceAccountIssuer, UserStoreSpec};
use std::collections::{BTreeMap, BTreeSet};
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
    /// Servers of which something is published that cannot be read: they hold their issuer all the same.
    pub unread: BTreeSet<ObjectRef>,
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

impl Inventory {
    /// Lays manifests over what is known, as applying them would: an object that they have stands in place of the one that was there,
    /// and what they lack stays as it is. Labels of a namespace are joined, since others label it too.
    pub fn lay_over(&mut self, manifests: Self) {
        let Self { servers, policies, stores, clients, namespaces, incomplete, .. } = manifests;
        // A Secret that was missing is still missing, unless another one is named.
        let names_another = |(client, object): (&ObjectRef, &Object<ClientSpec>)| {
            let brings = |object: &Object<ClientSpec>| object.spec.as_ref()?.existing_secret.clone();
            let known = self.clients.get(client).and_then(brings);
            (known != brings(object)).then(|| client.clone())
        };
        let other_secrets: Vec<ObjectRef> = clients.iter().filter_map(names_another).collect();
        self.unready.retain(|client, _| !other_secrets.contains(client));
        lay(&mut self.servers, servers);
        lay(&mut self.policies, policies);
        lay(&mut self.stores, stores);
        lay(&mut self.clients, clients);
        for (name, labels) in namespaces {
            self.namespaces.entry(name).or_default().extend(labels);
        }
        self.incomplete |= incomplete;
    }
}

/// Objects in place of those that were there. Only another spec is another generation, as an API server counts.
fn lay<S: PartialEq>(known: &mut BTreeMap<ObjectRef, Object<S>>, manifests: BTreeMap<ObjectRef, Object<S>>) {
    for (name, object) in manifests {
        let generation = known.get(&name).map_or(object.generation, |held| {
            let same = held.spec.is_some() && held.spec == object.spec;
            if same { held.generation } else { held.generation.saturating_add(1) }
        });
        known.insert(name, Object { generation, ..object });
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn store(generation: i64, users: UserStoreSpec) -> Object<UserStoreSpec> {
        Object { generation, ..Object::new(users) }
    }

    fn nobody() -> UserStoreSpec {
        UserStoreSpec::Static(Vec::new())
    }

    fn stores(all: [(&str, Object<UserStoreSpec>); 2]) -> BTreeMap<ObjectRef, Object<UserStoreSpec>> {
        all.map(|(name, object)| (ObjectRef::new("identity", name), object)).into()
    }

    #[test]
    fn what_manifests_lack_stays_and_only_another_spec_is_another_generation() {
        let unreadable = Object { spec: None, ..store(7, nobody()) };
        let mut known = Inventory {
            stores: stores([("same", store(4, nobody())), ("broken", unreadable)]),
            ..Inventory::default()
        };
        let manifests = Inventory {
            stores: stores([("same", store(1, nobody())), ("new", store(1, nobody()))]),
            ..Inventory::default()
        };
        known.lay_over(manifests.clone());
        let generations =
            |known: &Inventory| known.stores.values().map(|store| store.generation).collect::<Vec<_>>();
        assert_eq!(generations(&known), [7, 1, 4]);
        let mended = BTreeMap::from([(ObjectRef::new("identity", "broken"), store(1, nobody()))]);
        known.lay_over(Inventory { stores: mended, ..manifests });
        assert_eq!(generations(&known), [8, 1, 4]);
    }

    #[test]
    fn labels_of_a_namespace_are_joined() {
        let labels =
            |all: &[(&str, &str)]| all.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let with = |all: &[(&str, &str)]| Inventory {
            namespaces: BTreeMap::from([("shop".into(), labels(all))]),
            ..Inventory::default()
        };
        let mut known = with(&[("tier", "test"), ("team", "shop")]);
        known.lay_over(with(&[("tier", "prod")]));
        assert_eq!(known.namespaces, with(&[("tier", "prod"), ("team", "shop")]).namespaces);
    }
}
