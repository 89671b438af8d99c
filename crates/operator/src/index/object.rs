//! What is kept of each object: who it is, which write of it, and what of it is looked at.

use crate::names::{CLIENT_LABEL, OWNER_ANNOTATION, owner_mark};
use crate::secrets::Owner;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::DynamicObject;
use nauthera_api::v1alpha1::{AuthServerSpec, SecretKeyRef};
use nauthera_core::credentials::KeyedDigest;
use nauthera_core::finding::Finding;
use nauthera_core::names::ObjectRef;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Which object, and which write of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// `metadata.resourceVersion`.
    pub resource_version: Arc<str>,
    /// Is it being deleted? Then it counts as absent, and nothing is made for it.
    pub deleting: bool,
}

impl Identity {
    /// Reads it.
    #[must_use]
    pub fn of(meta: &ObjectMeta) -> Self {
        Self {
            uid: meta.uid.as_deref().unwrap_or_default().into(),
            resource_version: meta.resource_version.as_deref().unwrap_or_default().into(),
            deleting: meta.deletion_timestamp.is_some(),
        }
    }

    /// Is this an older write of the same object than `held`? What this process wrote itself is known before the watch tells of it, so
    /// the watch may tell of the past. Versions are numbers wherever this runs; where they were not, what comes last counts.
    #[must_use]
    pub fn is_older_than(&self, held: &Self) -> bool {
        let number = |identity: &Self| identity.resource_version.parse::<u64>().ok();
        let both = number(self).zip(number(held));
        self.uid == held.uid && both.is_some_and(|(this, held)| this < held)
    }
}

/// The uid of the controller of an object.
#[must_use]
pub fn controller(meta: &ObjectMeta) -> Option<Arc<str>> {
    let owners = meta.owner_references.iter().flatten();
    owners.clone().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.as_str().into())
}

/// Where an object is.
#[must_use]
pub fn name_of(meta: &ObjectMeta) -> ObjectRef {
    ObjectRef::new(meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default())
}

/// Labels or annotations.
#[must_use]
pub fn texts(map: Option<&BTreeMap<String, String>>) -> BTreeMap<Arc<str>, Arc<str>> {
    map.into_iter().flatten().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect()
}

/// One of the four kinds.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// Which object.
    pub identity: Identity,
    /// `metadata.generation`.
    pub generation: i64,
    /// Its annotations, as far as they are ours.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// What is wrong with it by itself.
    pub findings: Arc<[Finding]>,
    /// Its status as JSON text; empty where there is none.
    pub status: Arc<str>,
    /// Of an accepted AuthServer: how it runs.
    pub workload: Option<Arc<AuthServerSpec>>,
    /// The Secrets that a server reads for it.
    pub secrets: Arc<[SecretKeyRef]>,
}

/// A Secret that carries a client's name. Nothing plain of it is kept.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// Which object.
    pub identity: Identity,
    /// Whose it is.
    pub owner: Owner,
    /// Its labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Its annotations.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// What it holds, as far as that was asked when it came.
    pub content: Option<Content>,
}

impl ClientSecret {
    /// Does its label name this client? The label finds it, and proves nothing.
    #[must_use]
    pub fn is_for(&self, client: &ObjectRef) -> bool {
        self.labels.get(CLIENT_LABEL).is_some_and(|label| *label == client.name)
    }

    /// Does `compile` judge by this one as by the other? It looks at whose it is and whether it can be used, and not at what it holds.
    #[must_use]
    pub fn is_same_fact(&self, other: &Self) -> bool {
        let unusable = |secret: &Self| secret.content.as_ref().and_then(|content| content.unusable.clone());
        (&self.identity.uid, self.identity.deleting) == (&other.identity.uid, other.identity.deleting)
            && self.owner == other.owner
            && self.labels == other.labels
            && unusable(self) == unusable(other)
    }

    /// The digest of the secret in it, where one was read.
    #[must_use]
    pub fn digest(&self) -> Option<KeyedDigest> {
        self.content.as_ref().and_then(|content| content.digest)
    }
}

/// What a Secret holds, hashed.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The server whose digest key was used.
    pub server: ObjectRef,
    /// The key that was taken for the secret's.
    pub secret_key: Arc<str>,
    /// The digest of the secret; `None` where there is none, or none that can be used.
    pub digest: Option<KeyedDigest>,
    /// Why a Secret that its client brings cannot be used.
    pub unusable: Option<Arc<Finding>>,
    /// The hash of everything else, under a key of this process.
    pub rest: [u8; 32],
}

/// A Secret of a server: its keys, or a shard of its credential records.
#[derive(Clone)]
pub struct ServerSecret {
    /// Which object.
    pub identity: Identity,
    /// Its labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Its annotations.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// What it holds.
    pub data: BTreeMap<Arc<str>, Arc<Zeroizing<Vec<u8>>>>,
}

impl ServerSecret {
    /// Does it say that it is this server's? Whether its name is one of the server's is the caller's to ask.
    #[must_use]
    pub fn is_of(&self, server: &ObjectRef) -> bool {
        self.annotations.get(OWNER_ANNOTATION).is_some_and(|mark| **mark == *owner_mark(server))
    }
}

/// A ConfigMap with a part of a Snapshot.
#[derive(Debug, Clone)]
pub struct Map {
    /// Which object.
    pub identity: Identity,
    /// Its labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// The uid of its controller.
    pub owner: Option<Arc<str>>,
    /// What it holds, of `data` and `binaryData`.
    pub data: BTreeMap<Arc<str>, Arc<[u8]>>,
}

/// A part of what an AuthServer is made of, as it is.
#[derive(Debug, Clone)]
pub struct Child {
    /// Which object.
    pub identity: Identity,
    /// The whole object, without the record of who wrote what.
    pub object: Arc<DynamicObject>,
}

/// The decoded values of a map of base64 texts; what is none is left out.
#[must_use]
pub fn decoded(map: Option<&Value>) -> BTreeMap<Arc<str>, Zeroizing<Vec<u8>>> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    let decode =
        |value: &Value| value.as_str().and_then(|text| STANDARD.decode(text).ok()).map(Zeroizing::new);
    entries.filter_map(|(key, value)| Some((key.as_str().into(), decode(value)?))).collect()
}
