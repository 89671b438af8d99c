//! Who a server's pods are, and what they may read: the ConfigMaps of their own namespace, where the Snapshot lies, and nothing else.

use super::Server;
use super::metadata::owned;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};

pub(super) fn service_account(server: &Server<'_>) -> ServiceAccount {
    ServiceAccount {
        metadata: owned(server),
        // The pods ask for the token themselves; nobody else gets it by naming the account.
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

pub(super) fn role(server: &Server<'_>) -> Role {
    let rule = PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(vec!["configmaps".into()]),
        verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
        ..PolicyRule::default()
    };
    Role { metadata: owned(server), rules: Some(vec![rule]) }
}

pub(super) fn role_binding(server: &Server<'_>) -> RoleBinding {
    RoleBinding {
        metadata: owned(server),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".into(),
            kind: "Role".into(),
            name: server.name(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".into(),
            name: server.name(),
            namespace: Some(server.object.namespace.to_string()),
            api_group: None,
        }]),
    }
}
