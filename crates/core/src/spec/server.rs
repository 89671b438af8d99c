//! An AuthServer: an issuer, who may attach to it and how it behaves. How it runs in a cluster (image, replicas, TLS,
//! exposure) is read by the operator from the manifest itself.

use crate::grant::SigningAlgorithm;
use crate::names::ObjectRef;
use crate::time::Seconds;
use crate::uri::IssuerUrl;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use url::Url;

/// An issuer and its settings. Fields are named as in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    /// The issuer.
    pub issuer_url: IssuerUrl,
    /// Which policies of its namespace hold; `None` means all.
    pub policy_selector: Option<LabelSelector>,
    /// Which namespaces may attach clients.
    pub allowed_namespaces: AllowedNamespaces,
    /// Where its state lives.
    pub database: Database,
    /// Who the people are; `None` means nobody can log in.
    pub user_store: Option<ObjectRef>,
    /// How tokens are signed.
    pub signing: SigningSettings,
    /// Browser sessions.
    pub session: SessionSettings,
    /// What pages show.
    pub branding: Branding,
    /// Other clusters whose ServiceAccounts are trusted, beside the one it runs in.
    pub service_account_issuers: Vec<ServiceAccountIssuer>,
    /// Does it name TLS material?
    pub tls: bool,
}

/// Which namespaces may attach clients to a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AllowedNamespaces {
    /// Every namespace.
    #[default]
    All,
    /// The server's own.
    Same,
    /// Those whose labels match.
    Selector(LabelSelector),
}

/// Where a server's state lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Database {
    /// One file.
    #[default]
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// A cluster whose ServiceAccount tokens authenticate clients.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceAccountIssuer {
    /// `iss` of its tokens.
    pub issuer: Arc<str>,
    /// Where its public keys come from.
    pub keys: IssuerKeys,
    /// The Secret with the CA certificates by which its address is verified; `None` means public CAs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretKey>,
    /// The namespaces of clients that may name ServiceAccounts of it: a namespace of the same name in another cluster need not
    /// have the same owner.
    pub namespaces: IssuerNamespaces,
}

/// Where the public keys of a cluster come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum IssuerKeys {
    /// A JSON Web Key Set (RFC 7517) as JSON text.
    Jwks(Arc<str>),
    /// An https address that serves one.
    JwksUri(Url),
    /// As the discovery document of the issuer says.
    Discovery,
}

/// Whose clients a cluster is trusted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum IssuerNamespaces {
    /// Those of every namespace: it is the cluster that the server runs in.
    All,
    /// Those of these namespaces.
    Listed(BTreeSet<Arc<str>>),
}

impl IssuerNamespaces {
    /// May clients of this namespace name ServiceAccounts of the cluster?
    #[must_use]
    pub fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(listed) => listed.contains(namespace),
        }
    }
}

/// One key of a Secret in the server's namespace. Its content is mounted; it is never in a Snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretKey {
    /// The Secret's name.
    pub name: Arc<str>,
    /// The key.
    pub key: Arc<str>,
}

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SigningSettings {
    /// The algorithm of new keys.
    pub algorithm: SigningAlgorithm,
    /// How long a key signs.
    pub rotation_interval: Seconds,
    /// How long before its first use a key is published.
    pub pre_publish: Seconds,
}

impl Default for SigningSettings {
    fn default() -> Self {
        Self {
            algorithm: SigningAlgorithm::Rs256,
            rotation_interval: Seconds::days(30),
            pre_publish: Seconds::hours(24),
        }
    }
}

/// Browser sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionSettings {
    /// How long after the login a session ends.
    pub lifetime: Seconds,
    /// How long unused a session ends.
    pub idle_timeout: Seconds,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { lifetime: Seconds::hours(12), idle_timeout: Seconds::hours(1) }
    }
}

/// What pages show.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Branding {
    /// The organisation's name.
    pub name: Option<Arc<str>>,
    /// Its logo, https.
    pub logo_url: Option<Arc<str>>,
    /// `#rgb` or `#rrggbb`.
    pub primary_color: Option<Arc<str>>,
}

/// A Kubernetes label selector: all parts must hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LabelSelector {
    /// Labels that must have exactly these values.
    pub match_labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Further requirements.
    pub match_expressions: Vec<Requirement>,
}

/// One requirement on a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The label.
    pub key: Arc<str>,
    /// How its value is judged.
    pub operator: RequirementOperator,
    /// Values for `In` and `NotIn`.
    pub values: BTreeSet<Arc<str>>,
}

/// How a label's value is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequirementOperator {
    /// The value is one of these.
    In,
    /// The value is none of these, or the label is absent.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

impl LabelSelector {
    /// Do these labels match? An empty selector matches everything, as in Kubernetes.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.matches(labels))
    }

    /// The labels that it looks at.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.match_labels.keys().chain(self.match_expressions.iter().map(|r| &r.key))
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            RequirementOperator::In => value.is_some_and(|v| self.values.contains(v)),
            RequirementOperator::NotIn => value.is_none_or(|v| !self.values.contains(v)),
            RequirementOperator::Exists => value.is_some(),
            RequirementOperator::DoesNotExist => value.is_none(),
        }
    }
}
