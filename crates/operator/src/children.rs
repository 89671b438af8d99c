//! What the operator makes of an AuthServer: the workload, how it is reached, and what it may read. Pure: a manifest and facts in,
//! objects out, the same objects for the same facts.
//!
//! Every object is what server-side apply sends: it holds the fields that are ours and no others, so that an autoscaler keeps its
//! replicas and a mesh its annotations. Objects that are deleted with the AuthServer are controlled by it; the claim of a database is
//! not, since nothing that holds state is ever deleted. Key Secrets, credential records and the Snapshot's ConfigMaps are made where
//! they are filled.

mod account;
mod certificate;
mod claim;
mod deployment;
mod disruption;
mod expose;
mod kind;
mod metadata;
mod network;
mod pod;
mod volumes;

pub use kind::ChildKind;
pub use metadata::kept;

use crate::names;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::core::DynamicObject;
use nauthera_api::v1alpha1::{AuthServerSpec, DATABASE_URL_KEY, SecretKeyRef};
use nauthera_core::names::ObjectRef;
use nauthera_core::uri::IssuerUrl;
use serde::Serialize;

/// The AuthServer that children are made of.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// Its name.
    pub object: &'a ObjectRef,
    /// Its uid, by which it controls its children.
    pub uid: &'a str,
    /// What it says, with defaults filled in.
    pub spec: &'a AuthServerSpec,
    /// Its issuer.
    pub issuer: &'a IssuerUrl,
}

/// What the operator knows beside the AuthServer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The image of servers that name none: that of the operator's own version.
    pub image: String,
    /// The namespace that the operator runs in; `None` when it runs outside the cluster.
    pub operator_namespace: Option<String>,
    /// Do pods have IPv6 addresses only, or first?
    pub ipv6: bool,
    /// Does the cluster know HTTPRoutes (`gateway.networking.k8s.io/v1`)?
    pub has_http_routes: bool,
    /// Does the cluster know Certificates (`cert-manager.io/v1`)?
    pub has_certificates: bool,
    /// How many replicas the Deployment has now, where an autoscaler says so.
    pub scaled_to: Option<i32>,
    /// Keys of Secrets that the server reads beside its own: of its UserStore, and CA certificates of other clusters.
    pub secrets: Vec<SecretKey>,
}

/// One key of a Secret in the server's namespace, found by the server at `NAME/KEY` below [`names::SECRETS_DIR`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretKey {
    /// The Secret's name.
    pub name: String,
    /// The key.
    pub key: String,
}

impl SecretKey {
    /// What a reference means; `usual` is the key where it names none.
    #[must_use]
    pub fn of(reference: &SecretKeyRef, usual: &str) -> Self {
        Self { name: reference.name.clone(), key: reference.key_or(usual).to_owned() }
    }
}

/// The Secrets of its own namespace that an AuthServer cannot start without, each key with the field that names it.
#[must_use]
pub fn required(spec: &AuthServerSpec) -> Vec<(SecretKey, &'static str)> {
    let database = spec.database.postgres.as_ref();
    let database = database.map(|postgres| {
        (SecretKey::of(&postgres.url_secret_ref, DATABASE_URL_KEY), "database.postgres.urlSecretRef")
    });
    let certificate = spec.tls.as_ref().and_then(|tls| tls.cert_secret_ref.as_ref());
    let certificate =
        certificate.into_iter().flat_map(|secret| pair(&secret.name).map(|key| (key, "tls.certSecretRef")));
    database.into_iter().chain(certificate).collect()
}

/// All Secrets without which a pod of an AuthServer does not start, also the one that cert-manager writes.
#[must_use]
pub fn mounted(name: &str, spec: &AuthServerSpec) -> Vec<SecretKey> {
    let managed = spec.tls.as_ref().and_then(|tls| tls.cert_manager.as_ref());
    let managed = managed.into_iter().flat_map(|_| pair(&names::certificate(name)));
    required(spec).into_iter().map(|(key, _)| key).chain(managed).collect()
}

/// Certificate and private key, as a Secret of type `kubernetes.io/tls` has them.
fn pair(secret: &str) -> [SecretKey; 2] {
    names::TLS_KEYS.map(|key| SecretKey { name: secret.to_owned(), key: key.to_owned() })
}

/// The children of an AuthServer. A kind that is not wanted now is `None`; what is there of it from before is to be deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Children {
    /// Who the pods are to the API server.
    pub service_account: ServiceAccount,
    /// What they may read: ConfigMaps of their own namespace, nothing else.
    pub role: Role,
    /// That they may.
    pub role_binding: RoleBinding,
    /// The certificate that cert-manager keeps.
    pub certificate: Option<DynamicObject>,
    /// The volume of the database. Never deleted.
    pub claim: Option<PersistentVolumeClaim>,
    /// Who may reach the pods, and where.
    pub network_policy: NetworkPolicy,
    /// The pods.
    pub deployment: Deployment,
    /// The address in the cluster.
    pub service: Service,
    /// How many pods may be down at once for a node's sake.
    pub disruption: Option<PodDisruptionBudget>,
    /// The way in from outside.
    pub ingress: Option<Ingress>,
    /// The way in from outside, by the Gateway API.
    pub http_route: Option<DynamicObject>,
    /// Kinds that are asked for and that the cluster does not know.
    pub missing: Vec<Missing>,
}

/// A kind that an AuthServer asks for and the cluster does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The kind.
    pub kind: ChildKind,
    /// The field of the AuthServer that asks for it.
    pub field: &'static str,
}

/// Makes the children.
#[must_use]
pub fn children(server: &Server<'_>, facts: &Facts) -> Children {
    let asks_certificate = server.spec.tls.as_ref().and_then(|tls| tls.cert_manager.as_ref());
    let expose = server.spec.expose.as_ref();
    let asks_route = expose.and_then(|expose| expose.http_route.as_ref());
    let missing = [
        (asks_certificate.is_some() && !facts.has_certificates)
            .then_some(Missing { kind: ChildKind::Certificate, field: "tls.certManager" }),
        (asks_route.is_some() && !facts.has_http_routes)
            .then_some(Missing { kind: ChildKind::HttpRoute, field: "expose.httpRoute" }),
    ];
    Children {
        service_account: account::service_account(server),
        role: account::role(server),
        role_binding: account::role_binding(server),
        certificate: asks_certificate
            .filter(|_| facts.has_certificates)
            .map(|asked| certificate::certificate(server, asked)),
        claim: server.spec.database.sqlite.as_ref().map(|sqlite| claim::claim(server, sqlite)),
        network_policy: network::policy(server, facts),
        deployment: deployment::deployment(server, facts),
        service: network::service(server),
        disruption: disruption::budget(server, facts),
        ingress: expose
            .and_then(|expose| expose.ingress.as_ref())
            .map(|asked| expose::ingress(server, asked)),
        http_route: asks_route
            .filter(|_| facts.has_http_routes)
            .map(|asked| expose::http_route(server, asked)),
        missing: missing.into_iter().flatten().collect(),
    }
}

impl Children {
    /// The objects to apply, in an order in which none waits for a later one.
    ///
    /// # Errors
    /// Those of writing JSON, which these types do not make.
    pub fn to_apply(&self) -> serde_json::Result<Vec<DynamicObject>> {
        // Taken apart, so that a new kind cannot be forgotten.
        let Self {
            service_account,
            role,
            role_binding,
            certificate,
            claim,
            network_policy,
            deployment,
            service,
            disruption,
            ingress,
            http_route,
            missing: _,
        } = self;
        let mut objects = vec![dynamic(service_account)?, dynamic(role)?, dynamic(role_binding)?];
        objects.extend(certificate.clone());
        objects.extend(claim.as_ref().map(dynamic).transpose()?);
        objects.extend([dynamic(network_policy)?, dynamic(service)?, dynamic(deployment)?]);
        objects.extend(disruption.as_ref().map(dynamic).transpose()?);
        objects.extend(ingress.as_ref().map(dynamic).transpose()?);
        objects.extend(http_route.clone());
        Ok(objects)
    }

    /// Kinds of which nothing is wanted now: an object of that kind with the children's name, controlled by this AuthServer's uid, is a
    /// rest from before. A claim is never among them, and a kind that the cluster does not know has no rests.
    #[must_use]
    pub fn unwanted(&self, facts: &Facts) -> Vec<ChildKind> {
        let checks = [
            (self.disruption.is_none(), ChildKind::PodDisruptionBudget),
            (self.ingress.is_none(), ChildKind::Ingress),
            (self.http_route.is_none() && facts.has_http_routes, ChildKind::HttpRoute),
            (self.certificate.is_none() && facts.has_certificates, ChildKind::Certificate),
        ];
        checks.into_iter().filter_map(|(gone, kind)| gone.then_some(kind)).collect()
    }
}

/// The object as any object.
fn dynamic(object: &impl Serialize) -> serde_json::Result<DynamicObject> {
    serde_json::from_value(serde_json::to_value(object)?)
}

impl Server<'_> {
    fn name(&self) -> String {
        names::child(&self.object.name)
    }

    fn has_tls(&self) -> bool {
        self.spec.tls.is_some()
    }

    /// The Secret with its certificate.
    fn certificate_secret(&self) -> Option<String> {
        let tls = self.spec.tls.as_ref()?;
        match &tls.cert_secret_ref {
            Some(secret) => Some(secret.name.clone()),
            None => tls.cert_manager.as_ref().map(|_| names::certificate(&self.object.name)),
        }
    }

    fn serving_port(&self) -> i32 {
        if self.has_tls() { names::HTTPS_PORT } else { names::HTTP_PORT }
    }

    fn service_port(&self) -> i32 {
        if self.has_tls() { names::SERVICE_HTTPS_PORT } else { names::SERVICE_HTTP_PORT }
    }

    /// How many replicas are asked for; `None` leaves them to whoever scales.
    fn replicas(&self) -> Option<i32> {
        if self.spec.database.postgres.is_some() { self.spec.replicas } else { Some(1) }
    }
}

#[cfg(test)]
mod tests;
