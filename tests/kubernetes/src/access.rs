//! What the API server allows a user, asked of it for everything that anybody could be after.

use crate::cluster::Cluster;
use anyhow::Result;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::Api;
use kube::api::PostParams;
use std::collections::BTreeSet;

/// Every verb on objects.
pub const VERBS: [&str; 8] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
/// The verbs that change nothing.
pub const READ: &[&str] = &["get", "list", "watch"];
/// The verbs by which somebody gets rights that they do not have.
pub const BEYOND: [&str; 3] = ["escalate", "bind", "impersonate"];

/// Everything that any of them could be after: group, resource and subresource.
const RESOURCES: [(&str, &str, &str); 24] = [
    ("auth.nauthera.io", "authclients", ""),
    ("auth.nauthera.io", "authclients", "status"),
    ("auth.nauthera.io", "authpolicies", ""),
    ("auth.nauthera.io", "authpolicies", "status"),
    ("auth.nauthera.io", "authservers", ""),
    ("auth.nauthera.io", "authservers", "status"),
    ("auth.nauthera.io", "userstores", ""),
    ("auth.nauthera.io", "userstores", "status"),
    ("", "secrets", ""),
    ("", "configmaps", ""),
    ("", "namespaces", ""),
    ("", "pods", ""),
    ("", "pods", "exec"),
    ("", "services", ""),
    ("", "serviceaccounts", ""),
    ("", "serviceaccounts", "token"),
    ("", "persistentvolumeclaims", ""),
    ("apps", "deployments", ""),
    ("rbac.authorization.k8s.io", "roles", ""),
    ("rbac.authorization.k8s.io", "rolebindings", ""),
    ("rbac.authorization.k8s.io", "clusterroles", ""),
    ("networking.k8s.io", "networkpolicies", ""),
    ("coordination.k8s.io", "leases", ""),
    ("events.k8s.io", "events", ""),
];

/// What the API server allows a user in a namespace, as `VERB RESOURCE`.
///
/// # Errors
/// When the API server cannot be asked.
pub async fn allowed(user: &str, namespace: &str) -> Result<BTreeSet<String>> {
    let reviews: Api<SubjectAccessReview> = Api::all(Cluster::here()?.client().await?);
    let groups = vec!["system:authenticated".to_owned()];
    let mut allowed = BTreeSet::new();
    for (group, resource, subresource) in RESOURCES {
        for verb in VERBS.into_iter().chain(BEYOND) {
            let attributes = ResourceAttributes {
                group: Some(group.into()),
                resource: Some(resource.into()),
                subresource: Some(subresource.into()),
                namespace: Some(namespace.into()),
                verb: Some(verb.into()),
                ..ResourceAttributes::default()
            };
            let spec = SubjectAccessReviewSpec {
                user: Some(user.into()),
                groups: Some(groups.clone()),
                resource_attributes: Some(attributes),
                ..SubjectAccessReviewSpec::default()
            };
            let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
            let answer = reviews.create(&PostParams::default(), &review).await?;
            if answer.status.is_some_and(|status| status.allowed) {
                let part = if subresource.is_empty() { "" } else { "/" };
                allowed.insert(format!("{verb} {resource}{part}{subresource}"));
            }
        }
    }
    Ok(allowed)
}

/// `VERB RESOURCE` for each.
#[must_use]
pub fn rights(verbs: &[&str], resources: &[&str]) -> BTreeSet<String> {
    let pairs =
        resources.iter().flat_map(|resource| verbs.iter().map(move |verb| format!("{verb} {resource}")));
    pairs.collect()
}
