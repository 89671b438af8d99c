//! What an AuthServer serves, and how far its replicas are. Output only.

use super::auth_client_status::{PolicyRef, unseen};
use super::condition::ConditionSchema;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What an AuthServer serves, and how far its replicas are.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AuthServerStatus {
    /// The generation that this status speaks of; -1 when nobody has seen the object yet.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// The issuer of its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub issuer: Option<String>,
    /// The revision of the newest Snapshot: its SHA-256, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub revision: Option<String>,
    /// How many replicas are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub replicas: Option<i32>,
    /// The pods that do not yet serve the newest revision, or do not answer: the first 30.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 30), inner(length(max = 253)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub lagging_replicas: Vec<String>,
    /// The clients that attach to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<ServerClients>,
    /// The policies that apply to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["namespace".into(), "name".into()]))]
    pub policies: Vec<PolicyRef>,
    /// The keys that it publishes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["kid".into()]))]
    pub signing_keys: Vec<SigningKeyStatus>,
    /// Accepted, ResolvedRefs, Programmed and Ready; Stalled where only an edit can mend it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<ConditionSchema>", length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// How many clients attach to a server.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ServerClients {
    /// Clients that name it.
    #[schemars(range(min = 0))]
    pub total: i64,
    /// Those served as they ask.
    #[schemars(range(min = 0))]
    pub compliant: i64,
    /// Those not served.
    #[schemars(range(min = 0))]
    pub refused: i64,
}

/// One published key.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SigningKeyStatus {
    /// The key's id: its RFC 7638 thumbprint.
    #[schemars(length(max = 64))]
    pub kid: String,
    /// The algorithm it signs with.
    #[schemars(length(max = 16))]
    pub algorithm: String,
    /// What it is for now: Next (published before its first use), Active (signs) or Retired (only verifies).
    #[serde(rename = "use")]
    #[schemars(length(max = 16))]
    pub usage: String,
    /// When it passes into its next state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    pub rotates_at: Option<Time>,
}
