//! What a document is: one of ours, a fact that we read, a list of such, or none of our business.

use super::fault;
use crate::schema::nearest;
use crate::v1alpha1::{API_VERSION, GROUP};
use crate::yaml::{Node, Part, Span, Value};
use nauthera_core::finding::Finding;
use nauthera_core::names::Kind;

/// What a document is.
pub(super) enum Identity<'n> {
    /// Somebody else's, or no Kubernetes object at all.
    Foreign,
    /// A list of objects: its items, and the kind of those that do not name one.
    List { items: &'n [Node], implied: Implied },
    /// An object of ours.
    Ours(Kind),
    /// A `v1` Namespace.
    Namespace,
    /// A `v1` Secret.
    Secret,
    /// Plainly meant for us, and not one of ours.
    Fault { finding: Box<Finding>, span: Span, kind: Option<Kind> },
}

/// `apiVersion` and `kind` of list items that are written without.
#[derive(Debug, Clone, Default)]
pub(super) struct Implied {
    version: Option<String>,
    kind: Option<String>,
}

pub(super) fn of<'n>(node: &'n Node, implied: &Implied) -> Identity<'n> {
    if !matches!(node.value, Value::Map(_)) {
        return Identity::Foreign;
    }
    let text = |key| node.get(key).and_then(Node::as_str);
    let version = text("apiVersion").or(implied.version.as_deref());
    let kind = text("kind").or(implied.kind.as_deref());
    if let Some(list) = list(node, version, kind) {
        return list;
    }
    match (version, kind) {
        (Some("v1"), Some("Namespace")) => Identity::Namespace,
        (Some("v1"), Some("Secret")) => Identity::Secret,
        (Some(API_VERSION), kind) => ours(node, kind),
        (Some(version), kind) => other_version(node, version, kind),
        (None, Some(kind)) => match known(kind) {
            Some(kind) if node.get("spec").is_some() => {
                let span = node.span_of("/kind", Part::Value);
                Identity::Fault { finding: Box::new(fault::unknown_version(None)), span, kind: Some(kind) }
            }
            _ => Identity::Foreign,
        },
        (None, None) => Identity::Foreign,
    }
}

fn list<'n>(node: &'n Node, version: Option<&str>, kind: Option<&str>) -> Option<Identity<'n>> {
    let of = kind?.strip_suffix("List")?;
    let items = node.get("items")?.items();
    let implied = if of.is_empty() {
        Implied::default()
    } else {
        Implied { version: version.map(str::to_owned), kind: Some(of.to_owned()) }
    };
    Some(Identity::List { items, implied })
}

fn ours<'n>(node: &'n Node, kind: Option<&str>) -> Identity<'n> {
    if let Some(kind) = kind.and_then(known) {
        return Identity::Ours(kind);
    }
    let near = kind.and_then(|kind| nearest(kind, Kind::ALL.into_iter().map(Kind::as_str)));
    let pointer = if kind.is_some() { "/kind" } else { "/apiVersion" };
    let finding = Box::new(fault::unknown_kind(kind, near));
    Identity::Fault { finding, span: node.span_of(pointer, Part::Value), kind: near.and_then(known) }
}

/// Our group in another version, or one that is written nearly like it.
fn other_version<'n>(node: &'n Node, version: &str, kind: Option<&str>) -> Identity<'n> {
    let group = version.split('/').next().unwrap_or_default();
    let kind = kind.and_then(known);
    let nearly = kind.is_some() && nearest(group, std::iter::once(GROUP)).is_some();
    if group == GROUP || nearly {
        let finding = Box::new(fault::unknown_version(Some(version)));
        Identity::Fault { finding, span: node.span_of("/apiVersion", Part::Value), kind }
    } else {
        Identity::Foreign
    }
}

fn known(kind: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|known| known.as_str() == kind)
}
