//! What was made of an AuthClient. Output only: written by the operator, read by people and by `explain`.

use super::condition::ConditionSchema;
use super::reference::LocalRef;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use nauthera_core::snapshot::PolicyMark;
use serde::{Deserialize, Serialize};

/// What was made of an AuthClient.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AuthClientStatus {
    /// The generation that this status speaks of; -1 when nobody has seen the object yet.
    #[serde(default = "super::auth_client_status::unseen")]
    pub observed_generation: i64,
    /// The client id it is served with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub client_id: Option<String>,
    /// The issuer of its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub issuer: Option<String>,
    /// The Secret that holds its credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_ref: Option<LocalRef>,
    /// The same Secret, as the Service Binding specification names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// The policies that govern it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["namespace".into(), "name".into()]))]
    pub policies: Vec<PolicyRef>,
    /// The names of those policies in one line, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub policy_names: Option<String>,
    /// Each setting as it is served, and who decided it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["setting".into()]))]
    pub effective: Vec<EffectiveSetting>,
    /// What was asked beyond policy and taken away: the first 30.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 30))]
    pub violations: Vec<Violation>,
    /// How many violations there are in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub violations_total: Option<i64>,
    /// What policies in Audit would take away: the first 30.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 30))]
    pub audit: Vec<Violation>,
    /// How many of these there are in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub audit_total: Option<i64>,
    /// When its secret rotates next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    pub next_rotation_time: Option<Time>,
    /// Accepted, ResolvedRefs, Compliant, Programmed and Ready; Stalled where only an edit can mend it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<ConditionSchema>", length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// The `observedGeneration` of an object that nobody has seen.
pub(crate) fn unseen() -> i64 {
    -1
}

/// A Secret, as the Service Binding specification wants it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The Secret's name.
    #[schemars(length(max = 253))]
    pub name: String,
}

/// A policy, and which edit of it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// The policy's name.
    #[schemars(length(max = 253))]
    pub name: String,
    /// The policy's namespace.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// The generation of the policy that was applied.
    pub generation: i64,
}

impl From<&PolicyMark> for PolicyRef {
    fn from(mark: &PolicyMark) -> Self {
        Self {
            name: mark.policy.name.to_string(),
            namespace: mark.policy.namespace.to_string(),
            generation: mark.generation,
        }
    }
}

/// One setting as it is served.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveSetting {
    /// The setting, named like the field that asks for it, such as token.accessTokenTTL.
    #[schemars(length(max = 128))]
    pub setting: String,
    /// Its value, written as a manifest would; entries of a list are parted by a space.
    #[schemars(length(max = 32768))]
    pub value: String,
    /// What the client asks for, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32768))]
    pub requested: Option<String>,
    /// The policy that decided it, as namespace/name. Left out: the client itself, or the built-in baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317))]
    pub policy: Option<String>,
    /// All policies that decided it together, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 317)))]
    pub policies: Vec<String>,
    /// The field that decided it: of that policy, else of the client, or baseline; left out: a default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub field: Option<String>,
}

/// One thing that a client asks beyond policy.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// The diagnostic's stable code, such as NA0203; nauthera explain says more about it.
    #[schemars(length(max = 16))]
    pub code: String,
    /// The policy that does not allow it, as namespace/name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 317))]
    pub policy: Option<String>,
    /// The field of the client that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub field: Option<String>,
    /// What was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub requested: Option<String>,
    /// What is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub allowed: Option<String>,
    /// The problem in one sentence.
    #[schemars(length(max = 4096))]
    pub message: String,
}
