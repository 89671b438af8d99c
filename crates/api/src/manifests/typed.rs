//! The last step of an object: from judged JSON over the typed resource to core values.

use crate::resolve::{self, Fault};
use nauthera_core::inventory::{Inventory, Object};
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::spec::{ClientSpec, PolicySpec, ServerSpec, UserStoreSpec};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an accepted object says.
#[derive(Debug, Clone, PartialEq)]
pub enum Spec {
    /// An AuthServer.
    Server(Arc<ServerSpec>),
    /// An AuthPolicy.
    Policy(Arc<PolicySpec>),
    /// A UserStore.
    Store(Arc<UserStoreSpec>),
    /// An AuthClient.
    Client(Arc<ClientSpec>),
}

/// Reads an object that its schema has accepted, with defaults filled in.
pub(crate) fn read(key: &ObjectKey, mut object: Value) -> Result<Spec, Vec<Fault>> {
    let spec = object.get_mut("spec").map(Value::take).unwrap_or_default();
    let name = &key.object;
    match key.kind {
        Kind::AuthServer => with(name, spec, resolve::server).map(Spec::Server),
        Kind::AuthPolicy => with(name, spec, resolve::policy).map(Spec::Policy),
        Kind::UserStore => with(name, spec, resolve::user_store).map(Spec::Store),
        Kind::AuthClient => with(name, spec, resolve::client).map(Spec::Client),
    }
}

fn with<W: DeserializeOwned, T>(
    name: &ObjectRef,
    spec: Value,
    resolve: impl FnOnce(&ObjectRef, &W) -> Result<T, Vec<Fault>>,
) -> Result<Arc<T>, Vec<Fault>> {
    // What the schema accepts the type reads; should the two ever differ, the object is refused.
    let written = serde_json::from_value(spec)
        .map_err(|error| vec![Fault { pointer: "/spec".into(), message: error.to_string(), help: None }])?;
    resolve(name, &written).map(Arc::new)
}

/// An object as the inventory wants it, but for its kind.
pub(crate) struct Entry<'a> {
    pub(crate) generation: i64,
    pub(crate) labels: &'a BTreeMap<Arc<str>, Arc<str>>,
    /// `None`: it is there and not accepted.
    pub(crate) spec: Option<&'a Spec>,
}

/// Enters an object into the inventory; without a spec it is there and not accepted.
pub(crate) fn enter(inventory: &mut Inventory, key: &ObjectKey, entry: &Entry<'_>) {
    let name = key.object.clone();
    match key.kind {
        Kind::AuthServer => {
            let spec =
                entry.spec.and_then(|spec| if let Spec::Server(spec) = spec { Some(spec) } else { None });
            inventory.servers.insert(name, object(entry, spec));
        }
        Kind::AuthPolicy => {
            let spec =
                entry.spec.and_then(|spec| if let Spec::Policy(spec) = spec { Some(spec) } else { None });
            inventory.policies.insert(name, object(entry, spec));
        }
        Kind::UserStore => {
            let spec =
                entry.spec.and_then(|spec| if let Spec::Store(spec) = spec { Some(spec) } else { None });
            inventory.stores.insert(name, object(entry, spec));
        }
        Kind::AuthClient => {
            let spec =
                entry.spec.and_then(|spec| if let Spec::Client(spec) = spec { Some(spec) } else { None });
            inventory.clients.insert(name, object(entry, spec));
        }
    }
}

fn object<S>(entry: &Entry<'_>, spec: Option<&Arc<S>>) -> Object<S> {
    Object { generation: entry.generation, labels: entry.labels.clone(), spec: spec.cloned() }
}
