//! AuthServer: an issuer, who may attach to it and how it behaves, said by the platform team. How it runs in a cluster
//! is in `workload`.

use super::auth_server_status::AuthServerStatus;
use super::reference::{ObjectReference, SecretKeyRef};
use super::selector::LabelSelector;
use super::text::{DurationText, LABEL, seconds};
use super::word::Word;
use super::workload::{Database, Expose, PodTemplate, Resources, Tls};
use kube::{CustomResource, KubeSchema};
use nauthera_core::grant::SigningAlgorithm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An issuer and its settings.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "auth.nauthera.io",
    version = "v1alpha1",
    kind = "AuthServer",
    namespaced,
    category = "nauthera",
    status = "AuthServerStatus",
    derive = "PartialEq",
    doc = "An OpenID Connect issuer: where it runs, who may attach to it, how it signs. The platform team owns it.",
    validation = (
        "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$')",
        "the name of an AuthServer is a DNS label of at most 40 characters: use lower case letters, digits and -"
    ),
    printcolumn = r#"{"name": "Issuer", "type": "string", "jsonPath": ".spec.issuerUrl", "description": "The issuer of its tokens."}"#,
    printcolumn = r#"{"name": "Replicas", "type": "integer", "jsonPath": ".status.replicas", "description": "How many replicas are ready."}"#,
    printcolumn = r#"{"name": "Clients", "type": "integer", "jsonPath": ".status.clients.total", "description": "How many clients attach to it."}"#,
    printcolumn = r#"{"name": "Revision", "type": "string", "jsonPath": ".status.revision", "description": "What it serves: the start of the Snapshot's hash."}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Does every wanted replica serve the newest revision?"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[x_kube(
    validation = Rule::new("!has(self.replicas) || self.replicas <= 1 || (has(self.database) && has(self.database.postgres))")
        .message("sqlite serves one replica: write database.postgres, or set replicas to 1")
        .field_path(".replicas")
)]
#[serde(rename_all = "camelCase")]
pub struct AuthServerSpec {
    /// The issuer: https (http only for loopback addresses and localhost), without query, fragment or last slash. Immutable.
    #[schemars(length(min = 8, max = 512))]
    #[x_kube(
        validation = (
            "self.startsWith('https://') || self.matches('^http://(localhost|127[.][0-9]+[.][0-9]+[.][0-9]+|\\\\[::1\\\\])([:/]|$)')",
            "an issuer is an https address; http is allowed only for a loopback address or localhost"
        ),
        validation = ("!self.contains('?') && !self.contains('#')", "an issuer has no query and no fragment: take away everything from ? or # on"),
        validation = ("!self.endsWith('/')", "an issuer does not end in /: take the last slash away"),
        validation = ("!self.matches('^[a-z]+://.*//')", "an issuer's path has no empty part: take one of the two slashes away"),
        validation = ("!self.matches('/[.]well-known(/|$)')", "an issuer's path has no .well-known, where metadata is: take it away"),
        validation = ("self == oldSelf", "issuerUrl is immutable, since every token carries it: make a new AuthServer instead")
    )]
    pub issuer_url: String,
    /// Which AuthPolicies of its own namespace hold here, by their labels. Left out: all of them. Mandatory policies hold in
    /// any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_selector: Option<LabelSelector>,
    /// Which clients may attach.
    #[serde(default)]
    pub allowed_clients: AllowedClients,
    /// The certificate it serves with, reloaded without a restart. Left out: TLS ends at the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Where its state lives. Left out: sqlite, on a volume of 1Gi.
    // Not filled in by the API server: what stood there by itself would be in the way of whoever writes `postgres` later.
    #[serde(default, skip_serializing_if = "Database::is_usual")]
    pub database: Database,
    /// The UserStore with the people who can log in. Its namespace, where given, is the server's own. Left out: nobody can
    /// log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_store_ref: Option<ObjectReference>,
    /// How tokens are signed.
    #[serde(default)]
    pub signing: Signing,
    /// Other clusters whose ServiceAccounts are trusted beside this one's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["issuer".into()]),
        validation = (
            "self.all(a, self.exists_one(b, a.issuer == b.issuer))",
            "an issuer stands twice: put its namespaces into one entry"
        )
    )]
    pub service_account_issuers: Vec<ServiceAccountIssuer>,
    /// Browser sessions.
    #[serde(default)]
    pub session: Session,
    /// How many replicas run; always 1 with sqlite. Left out: not sent, so that an autoscaler can decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub replicas: Option<i32>,
    /// The container image. Left out: the operator's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub image: Option<String>,
    /// What its containers ask for and may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// What else of its pods can be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
    /// How it is reached from outside. Left out: only its Service is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expose: Option<Expose>,
    /// What its pages show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branding: Option<Branding>,
}

/// Which clients may attach.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AllowedClients {
    /// The namespaces whose clients may attach. A client turned away is told this field.
    #[serde(default)]
    pub namespaces: AllowedNamespaces,
}

/// Which namespaces may attach clients.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("self.from != 'Selector' || has(self.selector)", "from: Selector needs a selector: write matchLabels or matchExpressions, or use All or Same"),
    validation = ("self.from == 'Selector' || !has(self.selector)", "a selector counts only with from: Selector: write that, or take the selector away")
)]
pub struct AllowedNamespaces {
    /// All namespaces, the server's own (Same), or those that the selector matches (Selector).
    #[serde(default)]
    pub from: FromNamespaces,
    /// The labels of the namespaces, for Selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// Which namespaces are meant.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FromNamespaces {
    /// Every namespace.
    #[default]
    All,
    /// The server's own namespace.
    Same,
    /// Those that the selector matches.
    Selector,
}

/// How tokens are signed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new(concat!(seconds!("self.prePublish"), " < ", seconds!("self.rotationInterval")))
        .message("prePublish must be shorter than rotationInterval: write a shorter prePublish, or a longer rotationInterval")
        .field_path(".prePublish")
)]
pub struct Signing {
    /// The algorithm of new keys: RS256, PS256, ES256 or EdDSA.
    #[serde(default = "rs256")]
    #[schemars(with = "Word<SigningAlgorithm>")]
    pub algorithm: SigningAlgorithm,
    /// How long a key signs, such as 30d.
    #[serde(default = "thirty_days")]
    pub rotation_interval: DurationText,
    /// How long before its first use a key is published, such as 24h.
    #[serde(default = "one_day")]
    pub pre_publish: DurationText,
}

impl Default for Signing {
    fn default() -> Self {
        Self { algorithm: rs256(), rotation_interval: thirty_days(), pre_publish: one_day() }
    }
}

fn rs256() -> SigningAlgorithm {
    SigningAlgorithm::Rs256
}

fn thirty_days() -> DurationText {
    "30d".into()
}

fn one_day() -> DurationText {
    "24h".into()
}

/// Another cluster whose ServiceAccounts are trusted, in the namespaces listed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountIssuer {
    /// The issuer of that cluster's ServiceAccount tokens. Not this cluster's own.
    #[schemars(length(min = 8, max = 512))]
    #[x_kube(validation = ("self.startsWith('https://')", "the issuer of a cluster is an https address"))]
    pub issuer: String,
    /// Where that cluster serves its keys, https. Left out: as its discovery document says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048))]
    #[x_kube(validation = ("self.startsWith('https://')", "jwksUri is an https address"))]
    pub jwks_uri: Option<String>,
    /// The Secret with the CA certificates of that cluster; its usual key is ca.crt. Left out: public CAs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<SecretKeyRef>,
    /// The namespaces of this cluster whose clients may name ServiceAccounts of that one: a namespace of the same name need
    /// not have the same owner.
    #[schemars(length(min = 1, max = 200), inner(length(min = 1, max = 63), regex(pattern = LABEL)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub namespaces: Vec<String>,
}

/// Browser sessions.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new(concat!(
        "!has(self.idleTimeout) || ",
        seconds!("self.idleTimeout"),
        " <= ",
        seconds!("self.lifetime")
    ))
        .message("idleTimeout cannot be longer than lifetime: write a shorter idleTimeout, or a longer lifetime")
        .field_path(".idleTimeout")
)]
pub struct Session {
    /// How long after the login a session ends, such as 12h.
    #[serde(default = "twelve_hours")]
    pub lifetime: DurationText,
    /// How long unused a session ends, such as 30m. Default: 1h, or the lifetime where that is shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<DurationText>,
}

impl Default for Session {
    fn default() -> Self {
        Self { lifetime: twelve_hours(), idle_timeout: None }
    }
}

fn twelve_hours() -> DurationText {
    "12h".into()
}

/// What pages show.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Branding {
    /// The organisation's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub name: Option<String>,
    /// Its logo, an https address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048))]
    #[x_kube(validation = ("self.startsWith('https://')", "logoUrl is an https address"))]
    pub logo_url: Option<String>,
    /// The colour of buttons and links, as #rgb or #rrggbb.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 4, max = 7))]
    #[x_kube(validation = ("self.matches('^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$')", "primaryColor is #rgb or #rrggbb, such as #0057b8, in quotes since # begins a comment in YAML"))]
    pub primary_color: Option<String>,
}
