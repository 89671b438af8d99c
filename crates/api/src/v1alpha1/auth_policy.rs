//! AuthPolicy: what any application may have, said by the security team. How several policies combine is core's.

use super::auth_client::AuthClientSpec;
use super::auth_policy_status::AuthPolicyStatus;
use super::rotation::SecretRotation;
use super::selector::LabelSelector;
use super::text::{DurationText, LABEL, NAMESPACED_NAME};
use super::word::{ConfidentialMethod, Word};
use kube::{CustomResource, KubeSchema};
use nauthera_core::grant::{Admission, AuthMethod, ClientType, Consent, Enforcement, Expectation, GrantType};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// What any application may have. A field left out says nothing; a list that is there and empty allows nothing.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "auth.nauthera.io",
    version = "v1alpha1",
    kind = "AuthPolicy",
    namespaced,
    category = "nauthera",
    status = "AuthPolicyStatus",
    derive = "PartialEq",
    doc = "What applications may have: lifetimes, grants, scopes, authentication. The security team owns it. All policies that govern a client hold together, and each can only tighten.",
    printcolumn = r#"{"name": "Enforcement", "type": "string", "jsonPath": ".spec.enforcement", "description": "Does it narrow, or only report?"}"#,
    printcolumn = r#"{"name": "Clients", "type": "integer", "jsonPath": ".status.clients.total", "description": "How many clients it governs."}"#,
    printcolumn = r#"{"name": "Violating", "type": "integer", "jsonPath": ".status.clients.violating", "description": "How many of them ask beyond it."}"#,
    printcolumn = r#"{"name": "Live", "type": "string", "jsonPath": ".status.live", "description": "Replicas that serve this generation, of all."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct AuthPolicySpec {
    /// Enforce narrows and refuses; Audit reports into status, metrics and warnings, changes nothing and admits nobody.
    #[serde(default = "enforce")]
    #[schemars(with = "Word<Enforcement>")]
    pub enforcement: Enforcement,
    /// What a developer is told who applies a client beyond this policy: Warn serves a narrowed client with a warning, Deny
    /// refuses that apply. Default: Warn; of several policies Deny wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Word<Admission>>")]
    pub admission: Option<Admission>,
    /// Does it hold on every AuthServer of its namespace, whatever the server's policySelector says?
    #[serde(default)]
    pub mandatory: bool,
    /// Which clients it governs: all parts given must match, and a given empty list matches none. Left out: all clients of
    /// the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_selector: Option<ClientSelector>,
    /// Which clients it does not govern, though clientSelector matches them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub except: Option<ClientSelector>,
    /// Ceilings of lifetimes; also the lifetimes of clients that ask for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenCeilings>,
    /// The grants that may be used. Default: authorization_code and refresh_token; of several policies what all allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Word<GrantType>>>", length(max = 4))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_grant_types: Option<Vec<GrantType>>,
    /// The scopes that may be granted: exact names, or prefixes that end in a star. Default: openid, profile, email, groups
    /// and offline_access; of several policies what all allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 128)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_scopes: Option<Vec<String>>,
    /// The resource indicators (RFC 8707) that may be named: exact, or prefixes that end in a star. Default: none; of
    /// several policies what all allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 512)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_audiences: Option<Vec<String>>,
    /// The audiences whose tokens may be introspected: exact, or prefixes that end in a star. Default: none; of several
    /// policies what all allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 512)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_introspection: Option<Vec<String>>,
    /// Must every client of the authorization code grant use PKCE? Public clients must in any case, always with S256.
    /// Default: true; one policy that says true is enough.
    #[serde(rename = "enforcePKCE", skip_serializing_if = "Option::is_none")]
    pub enforce_pkce: Option<bool>,
    /// How confidential clients authenticate, and how their secrets rotate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_authentication: Option<MethodPolicy>,
    /// What redirect and post-logout URIs may name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<RedirectPolicy>,
    /// Must authorization requests be pushed (RFC 9126)? Default: false; one policy that says true is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_pushed_authorization_requests: Option<bool>,
    /// What is asked of the person who logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<PersonPolicy>,
    /// Are people asked before a client gets tokens? Trusted skips the page for first-party clients. Default: Required,
    /// which also wins among several policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Word<Consent>>")]
    pub consent: Option<Consent>,
    /// May clients choose their id? Default: false; all policies must say true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_custom_client_ids: Option<bool>,
    /// Clients with the verdict that this policy alone must give them. While one fails the policy is not accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["name".into()]),
        validation = (
            "self.all(a, self.exists_one(b, a.name == b.name))",
            "two examples have one name: give each a name of its own"
        )
    )]
    pub examples: Vec<PolicyExample>,
}

fn enforce() -> Enforcement {
    Enforcement::Enforce
}

/// Which clients are meant. All parts given must match; a given empty list matches none.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ClientSelector {
    /// By the labels of the client's namespace. Never by the client's own labels: its owner could edit itself out. Where those
    /// of the namespace are not known the policy tightens, admits nobody and replaces no default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// By the name of the client's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 63), regex(pattern = LABEL)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub namespaces: Option<Vec<String>>,
    /// By the client itself, as namespace/name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), inner(length(min = 3, max = 317), regex(pattern = NAMESPACED_NAME)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub clients: Option<Vec<String>>,
    /// By the client's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Word<ClientType>>>", length(max = 5))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub types: Option<Vec<ClientType>>,
}

/// Ceilings of lifetimes. Of several policies the shortest counts.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TokenCeilings {
    /// How long access tokens may live, at most 24h. Default: 15m.
    #[serde(rename = "accessTokenTTL", skip_serializing_if = "Option::is_none")]
    pub access_token_ttl: Option<DurationText>,
    /// How long refresh tokens may live, counted from the login and not from each rotation, at most 90d. Default: 24h.
    #[serde(rename = "refreshTokenTTL", skip_serializing_if = "Option::is_none")]
    pub refresh_token_ttl: Option<DurationText>,
    /// How long ID tokens may live. Default: 5m.
    #[serde(rename = "idTokenTTL", skip_serializing_if = "Option::is_none")]
    pub id_token_ttl: Option<DurationText>,
}

/// How confidential clients authenticate. Public clients always use none, confidential ones never.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.method) || !has(self.allowedMethods) || self.method in self.allowedMethods")
        .message("method is not among the allowedMethods beside it: add it there, or give another method")
        .field_path(".method")
)]
pub struct MethodPolicy {
    /// The method of confidential clients that name none. Default: client_secret_basic; of several policies, of those stated
    /// that all allow, the first of client_secret_basic, client_secret_post, kubernetes_service_account, private_key_jwt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Word<ConfidentialMethod>>")]
    pub method: Option<AuthMethod>,
    /// The methods that confidential clients may use. A client that names another one is refused, never switched. Default:
    /// all; of several policies what all allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Word<ConfidentialMethod>>>", length(max = 4))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_methods: Option<Vec<AuthMethod>>,
    /// Rotation of the secrets that are issued. Default: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_rotation: Option<SecretRotation>,
}

/// What redirect and post-logout URIs may name.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RedirectPolicy {
    /// The https hosts that may be named: exact, or everything below one as in *.example.com, which does not include
    /// example.com. Loopback addresses and private schemes are not judged by it. Default: any; of several policies what all
    /// allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 255)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_hosts: Option<Vec<String>>,
}

/// What is asked of the person who logs in.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PersonPolicy {
    /// How long ago the person may have logged in, such as 8h. Of several policies the shortest counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<DurationText>,
    /// The person must be in one of these groups. Every policy's list must be met. An empty list lets nobody in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_groups: Option<Vec<String>>,
}

/// A client, and the verdict that the policy must give it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PolicyExample {
    /// What messages call the example.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The client, written like the spec of an AuthClient; its authServerRef is not needed and not looked at.
    #[schemars(with = "ExampleClient")]
    pub client: AuthClientSpec,
    /// The verdict: Compliant (served as asked), Narrowed (served without what is beyond policy) or Refused.
    #[schemars(with = "Word<Expectation>")]
    pub expect: Expectation,
}

/// The schema of an example's client: that of an AuthClient's spec, where the server may be left out.
struct ExampleClient;

impl JsonSchema for ExampleClient {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ExampleClient".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = AuthClientSpec::json_schema(generator);
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|field| field != "authServerRef");
        }
        schema
    }
}
