//! What is watched: each source with its resource and the labels by which its objects are found.

use crate::names::{CLIENT_LABEL, KIND_LABEL, MANAGED_BY, MANAGED_BY_LABEL, SERVER_LABEL, kind};
use kube::core::gvk::GroupVersionKind;
use kube::discovery::ApiResource;
use nauthera_api::v1alpha1::{GROUP, VERSION};
use nauthera_core::names::Kind;
use std::sync::Arc;

/// One kind of object, as far as it is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// One of the four kinds.
    Manifests(Kind),
    /// Namespaces: their labels, and which are being deleted.
    Namespaces,
    /// Secrets that carry a client's name: those that applications read, and those that clients bring.
    ClientSecrets,
    /// Secrets of servers: keys and credential records.
    ServerSecrets,
    /// Snapshots: indexes and shards.
    Snapshots,
    /// The pods behind a server's Service.
    Slices,
    /// What a server is made of.
    Children(ChildKind),
}

/// A kind of object that an AuthServer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "they are the kinds of Kubernetes and of others, by their own names")]
pub enum ChildKind {
    ServiceAccount,
    Role,
    RoleBinding,
    PersistentVolumeClaim,
    Service,
    Deployment,
    PodDisruptionBudget,
    NetworkPolicy,
    Ingress,
    HttpRoute,
    Certificate,
}

impl ChildKind {
    /// The kinds that every cluster has.
    pub const BUILT_IN: [Self; 9] = [
        Self::ServiceAccount,
        Self::Role,
        Self::RoleBinding,
        Self::PersistentVolumeClaim,
        Self::Service,
        Self::Deployment,
        Self::PodDisruptionBudget,
        Self::NetworkPolicy,
        Self::Ingress,
    ];
    /// The kinds of others, which a cluster may have.
    pub const OPTIONAL: [Self; 2] = [Self::HttpRoute, Self::Certificate];

    /// Group, version, kind and plural.
    #[must_use]
    pub const fn names(self) -> [&'static str; 4] {
        match self {
            Self::ServiceAccount => ["", "v1", "ServiceAccount", "serviceaccounts"],
            Self::Role => ["rbac.authorization.k8s.io", "v1", "Role", "roles"],
            Self::RoleBinding => ["rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"],
            Self::PersistentVolumeClaim => ["", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"],
            Self::Service => ["", "v1", "Service", "services"],
            Self::Deployment => ["apps", "v1", "Deployment", "deployments"],
            Self::PodDisruptionBudget => ["policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"],
            Self::NetworkPolicy => ["networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"],
            Self::Ingress => ["networking.k8s.io", "v1", "Ingress", "ingresses"],
            Self::HttpRoute => ["gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"],
            Self::Certificate => ["cert-manager.io", "v1", "Certificate", "certificates"],
        }
    }

    /// The kind that objects with this `kind` are of.
    #[must_use]
    pub fn of(kind: &str) -> Option<Self> {
        let all = Self::BUILT_IN.into_iter().chain(Self::OPTIONAL);
        let mut found = all.filter(|child| {
            let [_, _, name, _] = child.names();
            name == kind
        });
        found.next()
    }

    /// The resource.
    #[must_use]
    pub fn resource(self) -> ApiResource {
        let [group, version, kind, plural] = self.names();
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    }
}

fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::AuthServer => "authservers",
        Kind::AuthPolicy => "authpolicies",
        Kind::UserStore => "userstores",
        Kind::AuthClient => "authclients",
    }
}

/// The resource of one of the four kinds.
#[must_use]
pub fn manifests(kind: Kind) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, VERSION, kind.as_str()), plural(kind))
}

fn core_v1(kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", "v1", kind), plural)
}

impl Source {
    /// The resource.
    #[must_use]
    pub fn resource(self) -> ApiResource {
        match self {
            Self::Manifests(kind) => manifests(kind),
            Self::Namespaces => core_v1("Namespace", "namespaces"),
            Self::ClientSecrets | Self::ServerSecrets => core_v1("Secret", "secrets"),
            Self::Snapshots => core_v1("ConfigMap", "configmaps"),
            Self::Slices => ApiResource::from_gvk_with_plural(
                &GroupVersionKind::gvk("discovery.k8s.io", "v1", "EndpointSlice"),
                "endpointslices",
            ),
            Self::Children(child) => child.resource(),
        }
    }

    /// The labels that its objects have; they find an object, and prove nothing.
    #[must_use]
    pub fn labels(self) -> Option<String> {
        match self {
            Self::Manifests(_) | Self::Namespaces => None,
            Self::ClientSecrets => Some(CLIENT_LABEL.into()),
            Self::ServerSecrets => {
                let kinds = [kind::RECORD, kind::DIGEST_KEY, kind::SIGNING_KEYS].join(",");
                Some(format!("{KIND_LABEL} in ({kinds})"))
            }
            Self::Snapshots => Some(format!("{KIND_LABEL} in ({},{})", kind::INDEX, kind::SNAPSHOT)),
            Self::Slices => Some(SERVER_LABEL.into()),
            Self::Children(_) => Some(format!("{MANAGED_BY_LABEL}={MANAGED_BY},{SERVER_LABEL}")),
        }
    }

    /// Do its objects lie in namespaces?
    #[must_use]
    pub const fn is_namespaced(self) -> bool {
        !matches!(self, Self::Namespaces)
    }

    /// May a cluster be without it? Then nothing waits for it.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::Children(ChildKind::HttpRoute | ChildKind::Certificate))
    }
}

/// One stream: a source, in all namespaces or in one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// What is watched.
    pub source: Source,
    /// Where; `None` is everywhere.
    pub namespace: Option<Arc<str>>,
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let resource = self.source.resource();
        match &self.namespace {
            Some(namespace) => write!(f, "{} of namespace {namespace}", resource.plural),
            None => write!(f, "{}", resource.plural),
        }
    }
}
