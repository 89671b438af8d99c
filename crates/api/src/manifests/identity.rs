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
    /// Plainly meant for us, and not one of ours: what is wrong at `pointer`, and the kind that it was probably meant to be.
    Fault { finding: Box<Finding>, pointer: &'static str, kind: Option<Kind> },
    /// A list that does not hold a list.
    NoList { finding: Box<Finding>, span: Span },
}

/// `apiVersion` and `kind` of list items that are written without.
#[derive(Debug, Clone, Default)]
pub(super) struct Implied {
    version: Option<String>,
    kind: Option<String>,
    /// A list that may hold objects of ours: each of its items is an object, or a fault.
    ours: bool,
}

pub(super) fn of<'n>(node: &'n Node, implied: &Implied) -> Identity<'n> {
    if !matches!(node.value, Value::Map(_)) {
        return if implied.ours { no_object(node) } else { Identity::Foreign };
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
        (Some(API_VERSION), kind) => ours(kind),
        (Some(version), kind) => other_version(version, kind),
        (None, Some(kind)) => match known(kind) {
            Some(kind) if node.get("spec").is_some() => {
                let finding = Box::new(fault::unknown_version(None));
                Identity::Fault { finding, pointer: "/kind", kind: Some(kind) }
            }
            _ => Identity::Foreign,
        },
        (None, None) => Identity::Foreign,
    }
}

fn list<'n>(node: &'n Node, version: Option<&str>, kind: Option<&str>) -> Option<Identity<'n>> {
    let kind = kind?;
    let of = kind.strip_suffix("List")?;
    let ours = match version {
        Some(API_VERSION) => of.is_empty() || known(of).is_some(),
        version => of.is_empty() && version.is_none_or(|version| version == "v1"),
    };
    let items = node.get("items");
    let is_list = items.is_some_and(|items| matches!(items.value, Value::List(_) | Value::Null));
    // Without version and `items` it is some other document that happens to say `kind: List`.
    if ours && !is_list && (items.is_some() || version.is_some()) {
        let finding = Box::new(fault::no_list(kind));
        let at = if items.is_some() { "/items" } else { "/kind" };
        return Some(Identity::NoList { finding, span: node.span_of(at, Part::Value) });
    }
    let implied = if of.is_empty() {
        Implied { ours, ..Implied::default() }
    } else {
        Implied { version: version.map(str::to_owned), kind: Some(of.to_owned()), ours }
    };
    Some(Identity::List { items: items?.items(), implied })
}

/// An item of a list that is no object, and may be meant to be any.
fn no_object<'n>(node: &Node) -> Identity<'n> {
    Identity::NoList { finding: Box::new(fault::no_object()), span: node.span }
}

fn ours<'n>(kind: Option<&str>) -> Identity<'n> {
    if let Some(kind) = kind.and_then(known) {
        return Identity::Ours(kind);
    }
    let near = kind.and_then(|kind| nearest(kind, Kind::ALL.into_iter().map(Kind::as_str)));
    let pointer = if kind.is_some() { "/kind" } else { "/apiVersion" };
    let finding = Box::new(fault::unknown_kind(kind, near));
    Identity::Fault { finding, pointer, kind: near.and_then(known) }
}

/// Our group in another version, one that is written nearly like it, or none before the version.
fn other_version<'n>(version: &str, kind: Option<&str>) -> Identity<'n> {
    let (group, bare) = match version.split_once('/') {
        Some((group, _)) => (group, false),
        None => ("", true),
    };
    let kind = kind.and_then(known);
    let family = GROUP.split_once('.').map_or(GROUP, |(_, family)| family);
    let nearly = || {
        nearest(group, std::iter::once(GROUP)).is_some()
            || group == family
            || group.ends_with(&format!(".{family}"))
    };
    // Kubernetes' own kinds, which have no group, are none of these.
    if group == GROUP || kind.is_some() && (bare || nearly()) {
        let finding = Box::new(fault::unknown_version(Some(version)));
        Identity::Fault { finding, pointer: "/apiVersion", kind }
    } else {
        Identity::Foreign
    }
}

fn known(kind: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|known| known.as_str() == kind)
}
