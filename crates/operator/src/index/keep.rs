//! Keeping the index: each event enters what it brings, and notes what has changed by it.

use super::judged::Judged;
use super::object::{
    Child, ClientSecret, Identity, Manifest, Map, ServerSecret, controller, decoded, name_of, texts,
};
use super::{Index, Reading, Source, StreamId};
use crate::children::ChildKind;
use crate::names::{CLIENT_LABEL, DIGEST_KEY_FILE, KIND_LABEL, SERVER_LABEL, child, digest_key, kind};
use crate::replicas::Pod;
use crate::secrets::Owner;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::DynamicObject;
use nauthera_core::binding::{self, Brought, CLIENT_SECRET};
use nauthera_core::finding::Finding;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::spec::ServiceAccountIssuer;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use zeroize::Zeroizing;

impl Index {
    /// A list begins.
    pub fn begin(&mut self, id: &StreamId) {
        self.streams.entry(id.clone()).or_default().listing = Some(BTreeSet::new());
    }

    /// A list has brought this object.
    pub fn note_listed(&mut self, id: &StreamId, name: &ObjectRef) {
        if let Some(listing) = self.streams.get_mut(id).and_then(|stream| stream.listing.as_mut()) {
            listing.insert(name.clone());
        }
    }

    /// A list is complete: what it did not bring is gone.
    pub fn complete(&mut self, id: &StreamId) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        let newly = !std::mem::replace(&mut stream.complete, true);
        let Some(listed) = stream.listing.take() else { return };
        let here =
            |name: &ObjectRef| id.namespace.as_ref().is_none_or(|namespace| name.namespace == *namespace);
        let gone: Vec<ObjectRef> =
            self.known(id.source).filter(|name| here(name) && !listed.contains(*name)).cloned().collect();
        for name in gone {
            self.remove(id.source, &name);
        }
        self.changes.facts |= newly;
    }

    /// Whose ServiceAccount tokens this cluster has; `None`, that it does not say. Only a first answer can be that: what is known stays.
    pub fn meet_cluster(&mut self, cluster: Option<ServiceAccountIssuer>) {
        self.changes.facts |= std::mem::take(&mut self.awaits_cluster);
        if cluster.is_some() && self.inventory.cluster != cluster {
            Arc::make_mut(&mut self.inventory).cluster = cluster;
            self.changes.facts = true;
        }
    }

    fn known(&self, source: Source) -> Box<dyn Iterator<Item = &ObjectRef> + '_> {
        match source {
            Source::Manifests(kind) => {
                Box::new(self.manifests.keys().filter(move |(of, _)| *of == kind).map(|(_, name)| name))
            }
            // They have no namespace, and are named in `remove` by their name.
            Source::Namespaces => Box::new(self.namespaces.iter()),
            Source::ClientSecrets => Box::new(self.secrets.keys()),
            Source::ServerSecrets => Box::new(self.server_secrets.keys()),
            Source::Snapshots => Box::new(self.maps.keys()),
            Source::Slices => Box::new(self.slices.keys()),
            Source::Children(kind) => {
                Box::new(self.children.keys().filter(move |(of, _)| *of == kind).map(|(_, name)| name))
            }
        }
    }

    /// An object that is there, of any source but the four kinds.
    pub fn put(&mut self, source: Source, object: DynamicObject, process_key: &[u8; 32]) {
        match source {
            Source::Manifests(_) => {}
            Source::Namespaces => self.put_namespace(&object),
            Source::ClientSecrets => self.put_secret(&object, process_key),
            Source::ServerSecrets => self.put_server_secret(&object),
            Source::Snapshots => self.put_map(&object),
            Source::Slices => self.put_slice(object),
            Source::Children(kind) => self.put_child(kind, object),
        }
    }

    /// Is an object of the four kinds known with just what it says now? Then it need not be judged again.
    #[must_use]
    pub fn says_the_same(&self, kind: Kind, object: &DynamicObject) -> bool {
        let (meta, name) = (&object.metadata, name_of(&object.metadata));
        let Some(known) = self.manifest(kind, &name) else { return false };
        let identity = Identity::of(meta);
        let labels = texts(meta.labels.as_ref());
        let same_labels = match kind {
            Kind::AuthServer => self.inventory.servers.get(&name).is_some_and(|known| known.labels == labels),
            Kind::AuthPolicy => {
                self.inventory.policies.get(&name).is_some_and(|known| known.labels == labels)
            }
            Kind::UserStore => self.inventory.stores.get(&name).is_some_and(|known| known.labels == labels),
            Kind::AuthClient => self.inventory.clients.get(&name).is_some_and(|known| known.labels == labels),
        };
        same_labels
            && known.identity.uid == identity.uid
            && known.identity.deleting == identity.deleting
            && meta.generation == Some(known.generation)
    }

    /// Notes what has changed of an object that says what it said.
    pub fn refresh(&mut self, kind: Kind, name: &ObjectRef, news: Manifest) {
        let Some(known) = self.manifests.get_mut(&(kind, name.clone())) else { return };
        if news.identity.is_older_than(&known.identity) {
            return;
        }
        self.changes.facts |= known.annotations != news.annotations;
        if known.status != news.status || known.identity != news.identity {
            self.changes.statuses.insert((kind, name.clone()));
        }
        *known = Manifest {
            findings: known.findings.clone(),
            workload: known.workload.clone(),
            secrets: known.secrets.clone(),
            ..news
        };
    }

    /// Enters an object of the four kinds. One that is being deleted is absent.
    pub fn enter(&mut self, judged: Judged) {
        let Judged { manifest, object: Some(object) } = judged else { return };
        let key = (object.key.kind, object.key.object.clone());
        if self.manifests.get(&key).is_some_and(|known| manifest.identity.is_older_than(&known.identity)) {
            return;
        }
        let deleting = manifest.identity.deleting;
        self.changes.facts = true;
        self.changes.statuses.insert(key.clone());
        self.manifests.insert(key, manifest);
        let inventory = Arc::make_mut(&mut self.inventory);
        match deleting {
            true => take_out(inventory, object.key.kind, &object.key.object),
            false => object.enter(inventory),
        }
    }

    /// An object is gone; one that has taken its name since then is not.
    pub fn delete(&mut self, source: Source, object: &DynamicObject) {
        let (name, identity) = (name_of(&object.metadata), Identity::of(&object.metadata));
        let known = match source {
            Source::Manifests(kind) => self.manifest(kind, &name).map(|known| &known.identity),
            Source::ClientSecrets => self.secrets.get(&name).map(|known| &known.identity),
            Source::ServerSecrets => self.server_secrets.get(&name).map(|known| &known.identity),
            Source::Snapshots => self.maps.get(&name).map(|known| &known.identity),
            Source::Children(kind) => self.child(kind, &name).map(|known| &known.identity),
            Source::Slices => self.slices.get(&name).map(|(_, identity, _)| identity),
            Source::Namespaces => None,
        };
        if known.is_none_or(|known| known.uid == identity.uid) {
            self.remove(source, &name);
        }
    }

    fn remove(&mut self, source: Source, name: &ObjectRef) {
        match source {
            Source::Manifests(kind) => {
                self.changes.facts |= self.manifests.remove(&(kind, name.clone())).is_some();
                self.changes.statuses.insert((kind, name.clone()));
                take_out(Arc::make_mut(&mut self.inventory), kind, name);
            }
            Source::Namespaces => {
                self.namespaces.remove(name);
                self.terminating.remove(&name.name);
                self.changes.facts |=
                    Arc::make_mut(&mut self.inventory).namespaces.remove(&name.name).is_some();
            }
            Source::ClientSecrets => {
                self.secrets.remove(name);
                self.changes.facts = true;
            }
            Source::ServerSecrets => {
                self.changes.facts |= self.server_secrets.remove(name).is_some();
            }
            Source::Snapshots => self.changes.facts |= self.maps.remove(name).is_some(),
            Source::Slices => {
                if let Some((server, _, _)) = self.slices.remove(name) {
                    self.changes.pods.insert(server);
                }
            }
            Source::Children(kind) => {
                if let Some(child) = self.children.remove(&(kind, name.clone())) {
                    self.note_child(&child.object);
                }
            }
        }
    }

    /// A Secret of an application is not there any more, as its reader was told.
    pub fn forget_secret(&mut self, name: &ObjectRef) {
        self.remove(Source::ClientSecrets, name);
    }

    /// A ConfigMap of a Snapshot is not there any more, as its reader was told.
    pub fn forget_map(&mut self, name: &ObjectRef) {
        self.remove(Source::Snapshots, name);
    }

    fn put_namespace(&mut self, object: &DynamicObject) {
        let name: Arc<str> = object.metadata.name.as_deref().unwrap_or_default().into();
        let labels = texts(object.metadata.labels.as_ref());
        let changed = match object.metadata.deletion_timestamp.is_some() {
            true => self.terminating.insert(name.clone()),
            false => self.terminating.remove(&name),
        };
        self.namespaces.insert(ObjectRef::new("", name.clone()));
        self.changes.facts |= changed;
        if self.inventory.namespaces.get(&name) != Some(&labels) {
            Arc::make_mut(&mut self.inventory).namespaces.insert(name, labels);
            self.changes.facts = true;
        }
    }

    /// How the content of a Secret of this client is to be read, as far as the client and its server are known.
    #[must_use]
    pub fn reading(&self, client: &ObjectRef, secret: &str) -> Option<Reading> {
        let spec = self.inventory.clients.get(client)?.spec.as_ref()?;
        let digest_key = self.digest_key(&spec.server)?;
        let brought = (spec.existing_secret.as_deref() == Some(secret)).then(|| client.clone());
        let secret_key = match brought {
            Some(_) => CLIENT_SECRET.into(),
            None => spec.secret.key(CLIENT_SECRET),
        };
        Some(Reading { server: spec.server.clone(), digest_key, secret_key, brought, name: secret.into() })
    }

    /// What is wrong with the Secret that a client brings, if anything. One that names another client is not this one's to bring, whatever
    /// it holds.
    #[must_use]
    pub fn brought_fault(&self, client: &ObjectRef, secret: &str) -> Option<Finding> {
        let there = self.secret(&ObjectRef::new(client.namespace.clone(), secret));
        let brought = match there.filter(|there| !there.identity.deleting) {
            None => Brought::Missing,
            Some(there) if there.is_for(client) => {
                let content = there.content.as_ref();
                return content.and_then(|content| content.unusable.as_deref().cloned());
            }
            Some(there) => {
                Brought::Found { label: there.labels.get(CLIENT_LABEL).map(|label| &**label), value: None }
            }
        };
        binding::brought(client, secret, brought).err().map(|finding| *finding)
    }

    /// The key of clients' digests of a server, where it is there.
    #[must_use]
    pub fn digest_key(&self, server: &ObjectRef) -> Option<Arc<Zeroizing<[u8; 32]>>> {
        let name = ObjectRef::new(server.namespace.clone(), digest_key(&server.name));
        let secret = self.server_secrets.get(&name).filter(|secret| secret.is_of(server))?;
        let bytes = secret.data.get(DIGEST_KEY_FILE)?;
        <[u8; 32]>::try_from(bytes.as_slice()).ok().map(|key| Arc::new(Zeroizing::new(key)))
    }

    /// Are there credential records of a server, which were made with its digest key?
    #[must_use]
    pub fn has_records(&self, server: &ObjectRef) -> bool {
        self.server_secrets(&server.namespace).any(|(_, secret)| {
            secret.is_of(server) && secret.labels.get(KIND_LABEL).is_some_and(|is| **is == *kind::RECORD)
        })
    }

    fn put_secret(&mut self, object: &DynamicObject, process_key: &[u8; 32]) {
        let name = name_of(&object.metadata);
        let labels = texts(object.metadata.labels.as_ref());
        let client = labels.get(crate::names::CLIENT_LABEL).cloned().unwrap_or_default();
        let reading = self.reading(&ObjectRef::new(name.namespace.clone(), client), &name.name);
        let data = decoded(object.data.get("data"));
        let label = labels.get(crate::names::CLIENT_LABEL).map(|label| &**label);
        let content = reading.map(|reading| reading.content(&data, label, process_key));
        let secret = ClientSecret {
            identity: Identity::of(&object.metadata),
            owner: Owner::of(&object.metadata),
            labels,
            annotations: texts(object.metadata.annotations.as_ref()),
            content,
        };
        let known = self.secrets.get(&name);
        if known.is_some_and(|known| secret.identity.is_older_than(&known.identity)) {
            return;
        }
        self.changes.facts |= known.is_none_or(|known| !known.is_same_fact(&secret));
        self.changes.secrets = true;
        self.secrets.insert(name, secret);
    }

    fn put_server_secret(&mut self, object: &DynamicObject) {
        let name = name_of(&object.metadata);
        let data = decoded(object.data.get("data"));
        let secret = ServerSecret {
            identity: Identity::of(&object.metadata),
            labels: texts(object.metadata.labels.as_ref()),
            annotations: texts(object.metadata.annotations.as_ref()),
            data: data.into_iter().map(|(key, value)| (key, Arc::new(value))).collect(),
        };
        if self.server_secrets.get(&name).is_some_and(|known| secret.identity.is_older_than(&known.identity))
        {
            return;
        }
        self.changes.facts = true;
        self.server_secrets.insert(name, secret);
    }

    fn put_map(&mut self, object: &DynamicObject) {
        let name = name_of(&object.metadata);
        let texts_of = object.data.get("data").and_then(Value::as_object).into_iter().flatten();
        let texts_of = texts_of
            .filter_map(|(key, value)| Some((key.as_str().into(), value.as_str()?.as_bytes().into())));
        let binary = decoded(object.data.get("binaryData"));
        let binary = binary.into_iter().map(|(key, value)| (key, Arc::from(value.as_slice())));
        let map = Map {
            identity: Identity::of(&object.metadata),
            labels: texts(object.metadata.labels.as_ref()),
            owner: controller(&object.metadata),
            data: texts_of.chain(binary).collect(),
        };
        if self.maps.get(&name).is_some_and(|known| map.identity.is_older_than(&known.identity)) {
            return;
        }
        self.changes.facts = true;
        self.maps.insert(name, map);
    }

    fn put_slice(&mut self, object: DynamicObject) {
        let (name, identity) = (name_of(&object.metadata), Identity::of(&object.metadata));
        let Ok(slice) = object.try_parse::<EndpointSlice>() else { return };
        let labels = slice.metadata.labels.unwrap_or_default();
        let Some(server) = labels.get(SERVER_LABEL) else { return };
        if labels.get("kubernetes.io/service-name").is_none_or(|service| *service != child(server)) {
            return;
        }
        let server = ObjectRef::new(name.namespace.clone(), server.as_str());
        let endpoints = slice.endpoints.into_iter().filter_map(|endpoint| {
            let pod = endpoint.target_ref.filter(|target| target.kind.as_deref() == Some("Pod"))?;
            let address = endpoint.addresses.first()?.parse().ok()?;
            let conditions = endpoint.conditions.unwrap_or_default();
            let leaving = conditions.terminating == Some(true);
            let ready = conditions.ready != Some(false) && !leaving;
            Some(Pod { name: pod.name?.into(), address, ready })
        });
        self.changes.pods.insert(server.clone());
        self.slices.insert(name, (server, identity, endpoints.collect()));
    }

    fn put_child(&mut self, kind: ChildKind, mut object: DynamicObject) {
        let (name, identity) = (name_of(&object.metadata), Identity::of(&object.metadata));
        object.metadata.managed_fields = None;
        if self.child(kind, &name).is_some_and(|known| identity.is_older_than(&known.identity)) {
            return;
        }
        self.note_child(&object);
        self.children.insert((kind, name), Child { identity, object: Arc::new(object) });
    }

    fn note_child(&mut self, object: &DynamicObject) {
        let labels = object.metadata.labels.as_ref();
        if let Some(server) = labels.and_then(|labels| labels.get(SERVER_LABEL)) {
            let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
            self.changes.children.insert(ObjectRef::new(namespace, server.as_str()));
        }
    }
}

fn take_out(inventory: &mut Inventory, kind: Kind, name: &ObjectRef) {
    match kind {
        Kind::AuthServer => drop(inventory.servers.remove(name)),
        Kind::AuthPolicy => drop(inventory.policies.remove(name)),
        Kind::UserStore => drop(inventory.stores.remove(name)),
        Kind::AuthClient => drop(inventory.clients.remove(name)),
    }
}
