//! What a policy says, field by field, as its manifest writes it. A field that says nothing is left out.

use nauthera_core::grant::{Enforcement, GrantType};
use nauthera_core::policy::field;
use nauthera_core::spec::{LabelSelector, PolicySpec, RequirementOperator, RotationRule, Selector};
use std::fmt::Display;
use std::sync::Arc;

/// One field that a policy states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The field, as a dotted path below `spec`.
    pub field: &'static str,
    /// What it says.
    pub value: String,
}

/// The fields that a policy states, in the order of the manifest's schema.
pub fn statements(policy: &PolicySpec) -> Vec<Statement> {
    let text = |value: &Option<_>| value.map(|value: bool| value.to_string());
    let methods = &policy.client_authentication;
    let grants = policy.allowed_grant_types.map(|grants| list(grants.iter().map(GrantType::as_str)));
    let enforcement = if policy.enforces() { Enforcement::Enforce } else { Enforcement::Audit };
    let examples = policy.examples.iter().map(|example| format!("{}: {}", example.name, example.expect));
    let all = [
        ("enforcement", Some(enforcement.to_string())),
        ("admission", display(policy.admission)),
        ("mandatory", policy.mandatory.then(|| "true".to_owned())),
        ("clientSelector", policy.client_selector.as_ref().map(selector)),
        ("except", policy.except.as_ref().map(selector)),
        (field::ACCESS_TTL, display(policy.token.access)),
        (field::REFRESH_TTL, display(policy.token.refresh)),
        (field::ID_TTL, display(policy.token.id)),
        (field::GRANTS, grants),
        (field::SCOPES, display(policy.allowed_scopes.as_ref())),
        (field::AUDIENCES, display(policy.allowed_audiences.as_ref())),
        (field::INTROSPECTION, display(policy.allowed_introspection.as_ref())),
        (field::PKCE, text(&policy.enforce_pkce)),
        (field::METHOD, display(methods.method)),
        (field::METHODS, methods.allowed_methods.as_ref().map(list)),
        (field::ROTATION, methods.secret_rotation.as_ref().map(rotation)),
        (field::HOSTS, display(policy.allowed_hosts.as_ref())),
        (field::PAR, text(&policy.require_pushed_authorization_requests)),
        (field::MAX_AGE, display(policy.max_age)),
        (field::GROUPS, policy.allowed_groups.as_ref().map(list)),
        (field::CONSENT, display(policy.consent)),
        (field::CUSTOM_IDS, text(&policy.allow_custom_client_ids)),
        ("examples", (!policy.examples.is_empty()).then(|| list(examples))),
    ];
    all.into_iter().filter_map(|(field, value)| value.map(|value| Statement { field, value })).collect()
}

fn display(value: Option<impl Display>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

fn selector(selector: &Selector) -> String {
    let parts = [
        selector.types.as_ref().map(|types| format!("types: {}", list(types))),
        selector.namespaces.as_ref().map(|namespaces| format!("namespaces: {}", list(namespaces))),
        selector
            .namespace_selector
            .as_ref()
            .map(|labels| format!("namespaces labelled {}", labelled(labels))),
        selector.clients.as_ref().map(|clients| format!("clients: {}", list(clients))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "every client".to_owned() } else { parts.join("; ") }
}

fn labelled(selector: &LabelSelector) -> String {
    let equal = selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    let others = selector.match_expressions.iter().map(|requirement| {
        let values: Vec<Arc<str>> = requirement.values.iter().cloned().collect();
        let (key, values) = (&requirement.key, values.join(", "));
        match requirement.operator {
            RequirementOperator::In => format!("{key} in ({values})"),
            RequirementOperator::NotIn => format!("{key} not in ({values})"),
            RequirementOperator::Exists => format!("{key}"),
            RequirementOperator::DoesNotExist => format!("no {key}"),
        }
    });
    let all: Vec<String> = equal.chain(others).collect();
    if all.is_empty() { "in any way".to_owned() } else { all.join(" and ") }
}

fn rotation(rule: &RotationRule) -> String {
    if !rule.enabled {
        return "not enabled".to_owned();
    }
    let parts = [
        rule.schedule.as_ref().map(|schedule| format!("at {}", schedule.as_str())),
        rule.max_age.map(|age| format!("at most {age} old")),
        rule.overlap.map(|overlap| format!("overlap {overlap}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "enabled".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nauthera_core::grant::{ClientType, GrantSet};
    use nauthera_core::pattern::PatternSet;
    use nauthera_core::spec::{Requirement, TtlCeilings};
    use nauthera_core::time::Seconds;

    fn said(policy: &PolicySpec) -> Vec<(&'static str, String)> {
        statements(policy).into_iter().map(|statement| (statement.field, statement.value)).collect()
    }

    #[test]
    fn a_policy_that_states_nothing_only_enforces() {
        assert_eq!(said(&PolicySpec::default()), [("enforcement", "Enforce".to_owned())]);
    }

    #[test]
    fn stated_fields_read_as_the_manifest_writes_them() {
        let policy = PolicySpec {
            enforcement: Some(Enforcement::Audit),
            token: TtlCeilings { access: Some(Seconds::minutes(15)), ..TtlCeilings::default() },
            allowed_grant_types: Some(GrantSet::of(&[GrantType::AuthorizationCode])),
            allowed_scopes: Some(PatternSet::parse(["openid", "orders:*"])),
            allowed_groups: Some(Vec::new()),
            ..PolicySpec::default()
        };
        let wanted = [
            ("enforcement", "Audit"),
            ("token.accessTokenTTL", "15m"),
            ("allowedGrantTypes", "authorization_code"),
            ("allowedScopes", "openid, orders:*"),
            ("authentication.allowedGroups", "nothing"),
        ];
        assert_eq!(said(&policy), wanted.map(|(field, value)| (field, value.to_owned())));
    }

    #[test]
    fn selectors_read_as_sentences() {
        let requirement = |operator, values: &[&str]| Requirement {
            key: "team".into(),
            operator,
            values: values.iter().map(|value| Arc::from(*value)).collect(),
        };
        let labels = LabelSelector {
            match_labels: [(Arc::from("tier"), Arc::from("gold"))].into(),
            match_expressions: vec![
                requirement(RequirementOperator::In, &["a", "b"]),
                requirement(RequirementOperator::DoesNotExist, &[]),
            ],
        };
        let given = Selector {
            namespace_selector: Some(labels),
            types: Some(vec![ClientType::Web, ClientType::Native]),
            ..Selector::default()
        };
        let wanted = "types: web, native; namespaces labelled tier=gold and team in (a, b) and no team";
        assert_eq!(selector(&given), wanted);
        assert_eq!(selector(&Selector::default()), "every client");
    }
}
