//! The operator as a process against a real cluster: what it makes of manifests, and that pods of its making serve them. One operator
//! runs for all tests; each test has namespaces of its own.

mod accounts;
mod asked;
mod backup;
mod brought;
mod check;
mod clients;
mod exposure;
mod kstatus;
mod plan;
mod process;
mod references;
mod rights;
mod secrets;
mod servers;
mod truth;

use nauthera_test_kubernetes::kubectl::{apply, get};
use nauthera_test_kubernetes::manifests;
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::objects;
use nauthera_test_kubernetes::objects::{SOON, of, secret_value};
use process::operator;
use serde_json::Value;
use std::net::SocketAddr;

/// A server with one policy, in a namespace of its own.
struct Platform {
    namespace: Namespace,
}

impl Drop for Platform {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            operator().nothing_was_forbidden();
        }
    }
}

impl Platform {
    /// Applies it, and waits until its pods serve.
    async fn ready(purpose: &str) -> Self {
        let platform = Self::applied(purpose);
        platform.wait("authserver", "main").await;
        platform
    }

    /// Applies it.
    fn applied(purpose: &str) -> Self {
        Self::applied_in(Namespace::new(purpose).unwrap())
    }

    /// Applies it into a namespace that is there.
    fn applied_in(namespace: Namespace) -> Self {
        operator();
        let platform = Self { namespace };
        platform.apply();
        platform
    }

    /// Applies its manifests.
    fn apply(&self) {
        let server = manifests::server(self.name(), "  signing: {algorithm: ES256}");
        let policy = manifests::policy("baseline", "  token: {accessTokenTTL: 15m}");
        apply(self.name(), &(server + &policy)).unwrap().worked().unwrap();
    }

    fn name(&self) -> &str {
        self.namespace.name()
    }

    /// Where its pods answer, in the cluster.
    fn service(&self) -> SocketAddr {
        let service = get(&["service", "nauthera-main", "-n", self.name()]).unwrap();
        let address = service["spec"]["clusterIP"].as_str().unwrap();
        SocketAddr::new(address.parse().unwrap(), 80)
    }

    /// A client of this server, in another namespace.
    fn client(&self, namespace: &Namespace, name: &str, more: &str) {
        let manifest = manifests::client(name, self.name(), "orders:read", more);
        apply(namespace.name(), &manifest).unwrap().worked().unwrap();
    }

    /// Waits until an object is Ready.
    async fn wait(&self, kind: &str, name: &str) -> Value {
        ready(self.name(), kind, name).await
    }
}

/// Waits until an object is Ready.
async fn ready(namespace: &str, kind: &str, name: &str) -> Value {
    condition(namespace, kind, name, "Ready", "True").await
}

/// Waits until a condition of an object, as its newest edit has it, has this status.
async fn condition(namespace: &str, kind: &str, name: &str, which: &str, status: &str) -> Value {
    objects::condition(namespace, kind, name, which, status).await.unwrap()
}
