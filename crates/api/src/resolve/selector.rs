//! Selectors: of labels, and of the clients that a policy governs.

use super::fault::{At, Faults};
use super::lists;
use crate::v1alpha1::{ClientSelector, LabelSelector, SelectorOperator};
use nauthera_core::names::ObjectRef;
use nauthera_core::spec::{self, Requirement, RequirementOperator, Selector};
use std::sync::Arc;

/// Reads a label selector.
pub(crate) fn labels(faults: &mut Faults, at: &At<'_>, written: &LabelSelector) -> spec::LabelSelector {
    for key in written.match_labels.keys() {
        faults.take(&at.field("matchLabels").field(key), label_key(key));
    }
    let expressions = at.field("matchExpressions");
    let mut match_expressions = Vec::with_capacity(written.match_expressions.len());
    for (index, requirement) in written.match_expressions.iter().enumerate() {
        faults.take(&expressions.index(index).field("key"), label_key(&requirement.key));
        match_expressions.push(Requirement {
            key: requirement.key.as_str().into(),
            operator: match requirement.operator {
                SelectorOperator::In => RequirementOperator::In,
                SelectorOperator::NotIn => RequirementOperator::NotIn,
                SelectorOperator::Exists => RequirementOperator::Exists,
                SelectorOperator::DoesNotExist => RequirementOperator::DoesNotExist,
            },
            values: requirement.values.iter().map(|value| Arc::from(value.as_str())).collect(),
        });
    }
    spec::LabelSelector { match_labels: lists::map(&written.match_labels), match_expressions }
}

/// Reads which clients a policy governs.
pub(crate) fn clients(faults: &mut Faults, at: &At<'_>, written: &ClientSelector) -> Selector {
    if let Some(types) = &written.types {
        lists::once(faults, &at.field("types"), types);
    }
    Selector {
        namespace_selector: written
            .namespace_selector
            .as_ref()
            .map(|selector| labels(faults, &at.field("namespaceSelector"), selector)),
        namespaces: lists::optional(faults, &at.field("namespaces"), written.namespaces.as_deref()),
        clients: written.clients.as_ref().map(|names| {
            lists::each(faults, &at.field("clients"), names, |name| {
                ObjectRef::parse(name).ok_or_else(|| {
                    format!(
                        "`{}` does not name a client; write namespace/name, such as shop/web",
                        lists::cut(name)
                    )
                })
            })
        }),
        types: written.types.clone(),
    }
}

/// The form of a label's key in Kubernetes: a name of at most 63 characters, with or without a DNS prefix.
fn label_key(key: &str) -> Result<(), String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| edge(c) || matches!(c, '-' | '_' | '.');
    let name_ok = (1..=63).contains(&name.len())
        && name.chars().all(inner)
        && name.starts_with(edge)
        && name.ends_with(edge);
    let dns = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let prefix_ok = prefix.is_none_or(|p| (1..=253).contains(&p.len()) && p.chars().all(dns));
    if name_ok && prefix_ok {
        return Ok(());
    }
    Err(format!(
        "`{}` is not the key of a label, so it would never match; write it as in metadata.labels",
        lists::cut(key)
    ))
}
