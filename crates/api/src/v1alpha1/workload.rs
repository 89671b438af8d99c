//! How an AuthServer runs in a cluster: certificate, database, pods and exposure. Only the operator reads these fields;
//! a carrier without a cluster says that it does not honour them.

use super::embedded::Embedded;
use super::map::{AnnotationMap, LabelMap, QuantityMap, qualified_keys};
use super::reference::{LocalRef, SecretKeyRef};
use super::text::{LABEL, NAME, QuantityText};
use k8s_openapi::api::core::v1::{Affinity, EnvVar, Toleration, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The certificate that a server serves with.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.certSecretRef) != has(self.certManager)", "the certificate comes from one place: write either certSecretRef or certManager"))]
pub struct Tls {
    /// A Secret of type kubernetes.io/tls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalRef>,
    /// cert-manager issues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_manager: Option<CertManager>,
}

/// A certificate by cert-manager.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CertManager {
    /// Who issues the certificate.
    pub issuer_ref: CertificateIssuer,
}

/// An issuer of cert-manager.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CertificateIssuer {
    /// The issuer's name.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
    /// The issuer's kind, such as ClusterIssuer. Left out: Issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub kind: Option<String>,
    /// The issuer's API group. Left out: cert-manager.io.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub group: Option<String>,
}

/// Where a server's state lives.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.sqlite) != has(self.postgres)", "the state lives in one place: write either sqlite or postgres, and take the other away"))]
pub struct Database {
    /// One file on a PersistentVolumeClaim, for one replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<Sqlite>,
    /// A PostgreSQL server, for any number of replicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Postgres>,
}

impl Database {
    /// Is it the one of servers that name none?
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { sqlite: Some(Sqlite { storage: one_gibibyte() }), postgres: None }
    }
}

/// A database of one file.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Sqlite {
    /// How large the volume is, as a quantity of bytes.
    #[serde(default = "one_gibibyte")]
    #[schemars(with = "QuantityText")]
    pub storage: Quantity,
}

fn one_gibibyte() -> Quantity {
    Quantity("1Gi".into())
}

/// A PostgreSQL server.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Postgres {
    /// The Secret with the connection URL, postgres://user:password@host/database; its usual key is url.
    pub url_secret_ref: SecretKeyRef,
}

/// What containers ask for and may use.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What is set aside, by resource name, such as cpu: 100m.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "QuantityMap")]
    pub requests: BTreeMap<String, Quantity>,
    /// What may be used at most, by resource name, such as memory: 128Mi.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "QuantityMap")]
    pub limits: BTreeMap<String, Quantity>,
}

/// What of a server's pods can be set; nothing else can.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplate {
    /// Labels to add.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "LabelMap")]
    #[x_kube(
        validation = (
            "self.all(k, !k.matches('^(auth[.]nauthera[.]io/|app[.]kubernetes[.]io/(name|component|managed-by)$)'))",
            "labels under auth.nauthera.io, and app.kubernetes.io/name, component and managed-by, find the pods and are the operator's: take them away"
        ),
        validation = (qualified_keys!(), qualified_keys!("labels"))
    )]
    pub labels: BTreeMap<String, String>,
    /// Annotations to add.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "AnnotationMap")]
    #[x_kube(validation = (qualified_keys!(), qualified_keys!("annotations")))]
    pub annotations: BTreeMap<String, String>,
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "LabelMap")]
    #[x_kube(validation = (qualified_keys!(), qualified_keys!("nodeSelector")))]
    pub node_selector: BTreeMap<String, String>,
    /// Where pods may or should run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Embedded<Affinity>>")]
    pub affinity: Option<Affinity>,
    /// Taints that pods bear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Embedded<Toleration>>", length(max = 32))]
    pub tolerations: Vec<Toleration>,
    /// How pods spread over nodes and zones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Embedded<TopologySpreadConstraint>>", length(max = 16))]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// The PriorityClass of the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub priority_class_name: Option<String>,
    /// Secrets with credentials for the image's registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub image_pull_secrets: Vec<LocalRef>,
    /// Environment variables to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Embedded<EnvVar>>", length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub env: Vec<EnvVar>,
}

/// How a server is reached from outside.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.ingress) != has(self.httpRoute)", "a server is exposed in one way: write either ingress or httpRoute"))]
pub struct Expose {
    /// By an Ingress for the issuer's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<ExposeIngress>,
    /// By an HTTPRoute for the issuer's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_route: Option<ExposeHttpRoute>,
}

/// An Ingress for the issuer's host.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ExposeIngress {
    /// The IngressClass. Left out: the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub class_name: Option<String>,
    /// The Secret with the certificate of the issuer's host. Left out: the controller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_secret_ref: Option<LocalRef>,
    /// Annotations to add.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "AnnotationMap")]
    #[x_kube(validation = (qualified_keys!(), qualified_keys!("annotations")))]
    pub annotations: BTreeMap<String, String>,
}

/// An HTTPRoute for the issuer's host.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ExposeHttpRoute {
    /// The Gateways that carry it.
    #[schemars(length(min = 1, max = 8))]
    pub parent_refs: Vec<ParentRef>,
    /// Annotations to add.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "AnnotationMap")]
    #[x_kube(validation = (qualified_keys!(), qualified_keys!("annotations")))]
    pub annotations: BTreeMap<String, String>,
}

/// A Gateway that carries an HTTPRoute.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ParentRef {
    /// The Gateway's name.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
    /// The Gateway's namespace. Left out: the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL))]
    pub namespace: Option<String>,
    /// The listener of the Gateway. Left out: all that fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub section_name: Option<String>,
}
