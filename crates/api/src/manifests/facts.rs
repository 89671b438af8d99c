//! Facts of other kinds: labels of Namespaces, and Secrets that clients bring. They are read kindly: what is wrong with
//! them is for their own readers to say.

use crate::yaml::{Node, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nauthera_core::names::ObjectRef;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A Secret among the manifests. Never shows what is in it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret {
    labels: Labels,
    /// `None` for a value in `data` that is not base64.
    data: BTreeMap<Arc<str>, Option<Arc<[u8]>>>,
    of_two: bool,
}

impl Secret {
    /// Stands for two documents of one name that differ: nothing of either is used.
    pub(super) fn of_two() -> Self {
        Self { of_two: true, ..Self::default() }
    }

    /// Are there two documents of this name that differ?
    #[must_use]
    pub const fn stands_twice(&self) -> bool {
        self.of_two
    }

    /// Its labels.
    #[must_use]
    pub const fn labels(&self) -> &BTreeMap<Arc<str>, Arc<str>> {
        &self.labels
    }

    /// The value of a key; `None` where it is not there or not readable.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        self.data.get(key)?.as_deref()
    }

    /// Is the key there with a value in `data` that is not base64 (one that is encrypted in Git, for example)?
    #[must_use]
    pub fn is_unreadable(&self, key: &str) -> bool {
        matches!(self.data.get(key), Some(None))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("keys", &self.data.keys()).finish_non_exhaustive()
    }
}

/// Labels of an object.
pub(super) type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// The label with its own name that every Namespace of a cluster has, whatever its manifest says.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Name, labels and line of a Namespace.
pub(super) fn namespace(node: &Node) -> Option<(Arc<str>, Labels, u32)> {
    let name: Arc<str> = node.at("/metadata/name")?.as_str()?.into();
    let mut labels = labels(node);
    labels.insert(NAMESPACE_NAME.into(), name.clone());
    Some((name, labels, node.span.line))
}

/// Name (in `home`, where it names no namespace), content and line of a Secret; `stringData` wins over `data`, as in a cluster.
pub(super) fn secret(node: &Node, home: &str) -> Option<(ObjectRef, Secret, u32)> {
    let name = node.at("/metadata/name")?.as_str()?;
    let namespace = node.at("/metadata/namespace").and_then(Node::as_str).unwrap_or(home);
    let mut data = BTreeMap::new();
    for (key, value) in texts(node, "/data") {
        let written: String = value.split_ascii_whitespace().collect();
        data.insert(key, STANDARD.decode(written).ok().map(Into::into));
    }
    for (key, value) in texts(node, "/stringData") {
        data.insert(key, Some(value.as_bytes().into()));
    }
    let secret = Secret { labels: labels(node), data, of_two: false };
    Some((ObjectRef::new(namespace, name), secret, node.span.line))
}

/// `metadata.labels`.
pub(super) fn labels(node: &Node) -> Labels {
    texts(node, "/metadata/labels").collect()
}

fn texts<'n>(node: &'n Node, pointer: &str) -> impl Iterator<Item = (Arc<str>, Arc<str>)> + 'n {
    node.at(pointer).map(Node::entries).unwrap_or_default().iter().filter_map(|entry| {
        match &entry.value.value {
            Value::Text(text) => Some((entry.key.clone(), text.text.clone())),
            _ => None,
        }
    })
}
