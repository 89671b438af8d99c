//! Metadata of children: names, labels, owner.

use super::Server;
use crate::names::{
    APPLICATION, COMPONENT_LABEL, KIND_LABEL, MANAGED_BY, MANAGED_BY_LABEL, NAME_LABEL, OWNER_ANNOTATION,
    SERVER_COMPONENT, SERVER_LABEL, owner_mark,
};
use crate::secrets::owner;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use std::collections::BTreeMap;

/// Metadata of a child that is deleted with its AuthServer.
pub(super) fn owned(server: &Server<'_>) -> ObjectMeta {
    let key = ObjectKey::new(Kind::AuthServer, server.object.clone());
    ObjectMeta {
        name: Some(server.name()),
        namespace: Some(server.object.namespace.to_string()),
        labels: Some(labels(server.object)),
        owner_references: Some(vec![owner(&key, server.uid)]),
        ..ObjectMeta::default()
    }
}

/// Metadata of an object that outlives its AuthServer: keys, records, the database's claim. `kind` is one of [`crate::names::kind`],
/// where the object is one of those.
#[must_use]
pub fn kept(server: &ObjectRef, name: String, kind: Option<&str>) -> ObjectMeta {
    let mut labels = labels(server);
    labels.extend(kind.map(|kind| (KIND_LABEL.to_owned(), kind.to_owned())));
    ObjectMeta {
        name: Some(name),
        namespace: Some(server.namespace.to_string()),
        labels: Some(labels),
        annotations: Some([(OWNER_ANNOTATION.to_owned(), owner_mark(server))].into_iter().collect()),
        ..ObjectMeta::default()
    }
}

/// The labels of every child.
pub(super) fn labels(server: &ObjectRef) -> BTreeMap<String, String> {
    let mut labels = selected(server);
    labels.insert(MANAGED_BY_LABEL.into(), MANAGED_BY.into());
    labels
}

/// The labels by which pods are selected. A Deployment's selector is immutable, so these never change.
pub(super) fn selected(server: &ObjectRef) -> BTreeMap<String, String> {
    let labels =
        [(NAME_LABEL, APPLICATION), (COMPONENT_LABEL, SERVER_COMPONENT), (SERVER_LABEL, &*server.name)];
    labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Selects the pods.
pub(super) fn selector(server: &ObjectRef) -> LabelSelector {
    LabelSelector { match_labels: Some(selected(server)), match_expressions: None }
}
