//! How names, hosts and labels match, written from the manuals alone.

use crate::universe::Labels;
use nauthera_core::pattern::{Pattern, PatternSet};
use nauthera_core::spec::{LabelSelector, RequirementOperator};

/// The patterns as their author wrote them.
fn texts<P: Pattern>(set: &PatternSet<P>) -> Vec<String> {
    set.patterns().iter().map(ToString::to_string).collect()
}

/// Exact names, or a prefix that ends in a star.
pub fn name<P: Pattern>(set: &PatternSet<P>, name: &str) -> bool {
    texts(set).iter().any(|pattern| {
        let length = pattern.len() - 1;
        if pattern.ends_with('*') {
            name.len() >= length && name[..length] == pattern[..length]
        } else {
            pattern == name
        }
    })
}

/// Exact hosts, or any depth below `*.`.
pub fn host<P: Pattern>(set: &PatternSet<P>, host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    texts(set).iter().any(|pattern| {
        let wanted: Vec<&str> = pattern.split('.').collect();
        match wanted.split_first() {
            Some((&"*", parent)) => labels.len() > parent.len() && labels.ends_with(parent),
            _ => labels == wanted,
        }
    })
}

/// The https host of a redirect URI that policies judge; none for loopback and private schemes.
pub fn https_host(uri: &str) -> Option<String> {
    let rest = uri.to_lowercase().strip_prefix("https://")?.to_owned();
    let authority = rest.split(['/', '?']).next()?.to_owned();
    let host = authority.split(':').next()?.to_owned();
    let here = host == "localhost" || host.starts_with("127.");
    (!here).then_some(host)
}

pub fn labels(selector: &LabelSelector, labels: &Labels) -> bool {
    let LabelSelector { match_labels, match_expressions } = selector;
    let mut all = match_labels.iter().all(|(key, value)| labels.get(key) == Some(value));
    for requirement in match_expressions {
        let value = labels.get(&requirement.key);
        let listed = value.is_some_and(|value| requirement.values.iter().any(|one| one == value));
        all = all
            && match requirement.operator {
                RequirementOperator::In => listed,
                RequirementOperator::NotIn => !listed,
                RequirementOperator::Exists => value.is_some(),
                RequirementOperator::DoesNotExist => value.is_none(),
            };
    }
    all
}
