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
pub(super) enum Spec {
    Server(Arc<ServerSpec>),
    Policy(Arc<PolicySpec>),
    Store(Arc<UserStoreSpec>),
    Client(Arc<ClientSpec>),
}

/// Reads an object that its schema has accepted, with defaults filled in.
pub(super) fn read(key: &ObjectKey, mut object: Value) -> Result<Spec, Vec<Fault>> {
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

/// Enters an object into the inventory; without a spec it is there and not accepted.
pub(super) fn enter(
    inventory: &mut Inventory,
    key: &ObjectKey,
    labels: &BTreeMap<Arc<str>, Arc<str>>,
    spec: Option<&Spec>,
) {
    let name = key.object.clone();
    match key.kind {
        Kind::AuthServer => {
            let spec = spec.and_then(|spec| if let Spec::Server(spec) = spec { Some(spec) } else { None });
            inventory.servers.insert(name, object(labels, spec));
        }
        Kind::AuthPolicy => {
            let spec = spec.and_then(|spec| if let Spec::Policy(spec) = spec { Some(spec) } else { None });
            inventory.policies.insert(name, object(labels, spec));
        }
        Kind::UserStore => {
            let spec = spec.and_then(|spec| if let Spec::Store(spec) = spec { Some(spec) } else { None });
            inventory.stores.insert(name, object(labels, spec));
        }
        Kind::AuthClient => {
            let spec = spec.and_then(|spec| if let Spec::Client(spec) = spec { Some(spec) } else { None });
            inventory.clients.insert(name, object(labels, spec));
        }
    }
}

fn object<S>(labels: &BTreeMap<Arc<str>, Arc<str>>, spec: Option<&Arc<S>>) -> Object<S> {
    Object { generation: 1, labels: labels.clone(), spec: spec.cloned() }
}
