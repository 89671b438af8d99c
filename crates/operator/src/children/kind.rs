//! The kinds of objects that an AuthServer is made of, by their names.

use kube::core::TypeMeta;
use kube::core::gvk::GroupVersionKind;
use kube::discovery::ApiResource;

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

    /// Its `kind`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        let [_, _, kind, _] = self.names();
        kind
    }

    /// The custom resource definition that makes a cluster know it, where it is no kind of Kubernetes itself.
    #[must_use]
    pub fn definition(self) -> String {
        let [group, _, _, plural] = self.names();
        format!("{plural}.{group}")
    }

    /// As its objects say it.
    pub(super) fn types(self) -> TypeMeta {
        let [group, version, kind, _] = self.names();
        TypeMeta { api_version: format!("{group}/{version}"), kind: kind.to_owned() }
    }

    /// The kind that objects with this `kind` are of.
    #[must_use]
    pub fn of(kind: &str) -> Option<Self> {
        let mut all = Self::BUILT_IN.into_iter().chain(Self::OPTIONAL);
        all.find(|child| child.kind() == kind)
    }

    /// The resource.
    #[must_use]
    pub fn resource(self) -> ApiResource {
        let [group, version, kind, plural] = self.names();
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    }
}
