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
mod servers;

use anyhow::Result;
use nauthera_test_kubernetes::kubectl::{apply, get, kubectl};
use nauthera_test_kubernetes::namespace::Namespace;
use nauthera_test_kubernetes::wait::wait_for;
use process::operator;
use serde_json::Value;
use std::time::Duration;

/// A pod of a debug build on a busy machine takes its time.
const SOON: Duration = Duration::from_secs(90);

/// A server with one policy, in a namespace of its own.
struct Platform {
    namespace: Namespace,
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
        let issuer = format!("https://{}.example", self.name());
        let manifests = format!(
            "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {{name: main}}
spec:
  issuerUrl: {issuer}
  signing: {{algorithm: ES256}}
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {{name: baseline}}
spec:
  token: {{accessTokenTTL: 15m}}
  allowedGrantTypes: [client_credentials]
  allowedScopes: [\"orders:*\"]
"
        );
        apply(self.name(), &manifests).unwrap().worked().unwrap();
    }

    fn name(&self) -> &str {
        self.namespace.name()
    }

    /// A client of this server, in another namespace.
    fn client(&self, namespace: &Namespace, name: &str, more: &str) {
        let manifest = format!(
            "
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthClient
metadata: {{name: {name}}}
spec:
  authServerRef: {{name: main, namespace: {}}}
  type: service
  scopes: [\"orders:read\"]
{more}",
            self.name()
        );
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
    let ask = async || {
        let object = get(&[kind, name, "-n", namespace])?;
        let seen = object["status"]["observedGeneration"] == object["metadata"]["generation"];
        let said = of(&object, which);
        if seen && said["status"] == status {
            return Ok(Some(object));
        }
        anyhow::bail!("{}", object["status"]["conditions"])
    };
    wait_for(&format!("{which}={status} of {kind} {namespace}/{name}"), SOON, ask).await.unwrap()
}

/// A condition of an object.
fn of(object: &Value, which: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.into_iter().find(|condition| condition["type"] == which).unwrap_or_default()
}

/// A key of a Secret, decoded.
fn secret_value(namespace: &str, name: &str, key: &str) -> Result<String> {
    let template = format!("go-template={{{{index .data \"{key}\" | base64decode}}}}");
    kubectl(["get", "secret", name, "-n", namespace, "-o", &template])?.worked()
}
