//! Whether a UserStore can be used, as the servers that use it say. Output only.

use super::auth_client_status::unseen;
use super::condition::ConditionSchema;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Whether a UserStore can be used.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct UserStoreStatus {
    /// The generation that this status speaks of; -1 when nobody has seen the object yet.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// The servers that use it, and what they say of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub servers: Vec<UserStoreServer>,
    /// Accepted and Ready; Stalled where only an edit can mend it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<ConditionSchema>", length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// One server that uses a UserStore.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct UserStoreServer {
    /// The AuthServer's name, in the store's own namespace.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Could it bind and search?
    pub reachable: bool,
    /// What went wrong, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// When the answer last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    pub since: Option<Time>,
}
