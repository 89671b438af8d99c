//! Where an AuthPolicy holds and whom it narrows. Output only.

use super::auth_client_status::unseen;
use super::condition::ConditionSchema;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Where an AuthPolicy holds and whom it narrows.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AuthPolicyStatus {
    /// The generation that this status speaks of; -1 when nobody has seen the object yet.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// The clients of all servers together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<ClientCounts>,
    /// How many replicas of all servers serve this generation, and of how many, such as 3/3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub live: Option<String>,
    /// The servers that it applies to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub servers: Vec<PolicyServer>,
    /// The first 20 clients that ask beyond it, as namespace/name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 317)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub violating_clients: Vec<String>,
    /// Accepted and Ready; Stalled where only an edit can mend it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<ConditionSchema>", length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// How many clients a policy governs.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ClientCounts {
    /// Clients that it governs.
    #[schemars(range(min = 0))]
    pub total: i64,
    /// Those that ask for nothing beyond it.
    #[schemars(range(min = 0))]
    pub compliant: i64,
    /// Those that ask beyond it.
    #[schemars(range(min = 0))]
    pub violating: i64,
}

/// One server that a policy applies to.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PolicyServer {
    /// The AuthServer's name, in the policy's own namespace.
    #[schemars(length(max = 253))]
    pub name: String,
    /// The clients there.
    pub clients: ClientCounts,
    /// The revision of the Snapshot that carries this generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub revision: Option<String>,
    /// How many replicas serve that revision, or a later one.
    #[schemars(range(min = 0))]
    pub live_replicas: i64,
    /// How many replicas there should be.
    #[schemars(range(min = 0))]
    pub replicas: i64,
}
