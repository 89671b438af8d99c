//! What the platform's and the security team own: a server on PostgreSQL, and policies.

use super::{KubernetesArgs, PATIENCE};
use anyhow::{Context, Result, bail};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use nauthera_test_kubernetes::kubectl::{apply, get, with_input};
use nauthera_test_kubernetes::wait::wait_for;
use nauthera_test_kubernetes::{database, definitions};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The namespace of the server, of its policies, and of the operator.
pub const HOME: &str = "bench";

/// The server.
pub struct Platform {
    /// How many replicas it has.
    pub replicas: usize,
}

/// One of our kinds.
pub fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("auth.nauthera.io", "v1alpha1", kind), plural)
}

impl Platform {
    /// Applies it.
    pub fn apply(args: &KubernetesArgs) -> Result<Self> {
        definitions::apply()?;
        let home = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": HOME } });
        with_input(["create", "-f", "-"], &home.to_string())?.worked()?;
        let url = database::database()?;
        let mut manifests = format!(
            "
apiVersion: v1
kind: Secret
metadata: {{name: database}}
stringData: {{url: \"{url}\"}}
---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthServer
metadata: {{name: main}}
spec:
  issuerUrl: https://id.bench.example
  replicas: {}
  database: {{postgres: {{urlSecretRef: {{name: database}}}}}}
  signing: {{algorithm: ES256}}
",
            args.replicas
        );
        for number in 0..args.policies.max(1) {
            // The first is the one that is edited; each of the others holds for those of a share of the namespaces.
            let selector = format!("{{namespaceSelector: {{matchLabels: {{share: \"{number}\"}}}}}}");
            let share = if number == 0 { String::new() } else { format!("  clientSelector: {selector}\n") };
            write!(
                manifests,
                "---
apiVersion: auth.nauthera.io/v1alpha1
kind: AuthPolicy
metadata: {{name: policy-{number}}}
spec:
  token: {{accessTokenTTL: 15m}}
  allowedGrantTypes: [client_credentials]
  allowedScopes: [\"orders:*\"]
{share}"
            )?;
        }
        apply(HOME, &manifests)?.worked()?;
        Ok(Self { replicas: args.replicas })
    }

    /// Waits until its replicas serve.
    pub async fn wait_until_ready(&self) -> Result<()> {
        let ready = async || {
            let server = get(&["authserver", "main", "-n", HOME])?;
            let status = server.get("status").context("no status")?;
            let conditions = status.get("conditions").and_then(Value::as_array).into_iter().flatten();
            let says = |condition: &Value, key: &str, word: &str| {
                condition.get(key).and_then(Value::as_str) == Some(word)
            };
            let mut ready = conditions.filter(|condition| says(condition, "type", "Ready"));
            let replicas = status.get("replicas").and_then(Value::as_u64);
            if ready.any(|ready| says(ready, "status", "True")) && replicas == Some(self.replicas as u64) {
                return Ok(Some(()));
            }
            bail!("{status}")
        };
        wait_for("the server", PATIENCE, ready).await
    }

    /// Takes something from every client.
    pub async fn narrow(&self, client: &kube::Client) -> Result<()> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), HOME, &resource("AuthPolicy", "authpolicies"));
        let shorter = json!({ "spec": { "token": { "accessTokenTTL": "5m" } } });
        api.patch("policy-0", &PatchParams::default(), &Patch::Merge(&shorter)).await?;
        Ok(())
    }
}
