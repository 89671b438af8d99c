//! What is watched: each source with its resource and the labels by which its objects are found.

use crate::children::ChildKind;
use crate::names::{CLIENT_LABEL, KIND_LABEL, MANAGED_BY, MANAGED_BY_LABEL, SERVER_LABEL, kind};
use kube::api::DynamicObject;
use kube::core::gvk::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::{Api, Client};
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

impl StreamId {
    /// The way to its objects.
    #[must_use]
    pub fn api(&self, client: Client) -> Api<DynamicObject> {
        let resource = self.source.resource();
        match &self.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        }
    }
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
