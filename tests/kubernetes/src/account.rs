//! People and programs with the rights of a shipped role and no others: ServiceAccounts, each with a kubeconfig of its own.

use crate::cluster::{Cluster, tree};
use crate::kubectl::{kubectl, with_input};
use crate::namespace::Namespace;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A ServiceAccount with a kubeconfig, whose context is in a namespace.
#[derive(Debug)]
pub struct Account {
    name: String,
    kubeconfig: PathBuf,
}

impl Account {
    /// One that has a ClusterRole of `deploy/rbac/roles.yaml` in its namespace alone.
    ///
    /// # Errors
    /// What kubectl says against it.
    pub fn in_namespace(namespace: &Namespace, role: &str) -> Result<Self> {
        Self::bound(namespace, role, "RoleBinding")
    }

    /// One that has it in the whole cluster.
    ///
    /// # Errors
    /// What kubectl says against it.
    pub fn in_cluster(namespace: &Namespace, role: &str) -> Result<Self> {
        Self::bound(namespace, role, "ClusterRoleBinding")
    }

    fn bound(namespace: &Namespace, role: &str, kind: &str) -> Result<Self> {
        apply_roles()?;
        let place = namespace.name();
        let name = format!("{place}-{role}");
        let metadata = match kind {
            "RoleBinding" => json!({ "name": name, "namespace": place }),
            _ => json!({ "name": name }),
        };
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
            "subjects": [{ "kind": "ServiceAccount", "name": role, "namespace": place }],
        });
        kubectl(["create", "serviceaccount", role, "-n", place])?.worked()?;
        with_input(["create", "-f", "-"], &binding.to_string())?.worked()?;
        let token = kubectl(["create", "token", role, "-n", place])?.worked()?;
        let admin: Value = serde_json::from_str(
            &kubectl(["config", "view", "--raw", "--flatten", "-o", "json"])?.worked()?,
        )?;
        let cluster = admin.pointer("/clusters/0").context("the kubeconfig of the cluster names none")?;
        let cluster_name = cluster.get("name");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": role, "clusters": [cluster],
            "contexts": [{
                "name": role,
                "context": { "cluster": cluster_name, "user": role, "namespace": place },
            }],
            "users": [{ "name": role, "user": { "token": token.trim() } }],
        });
        let kubeconfig = Cluster::here()?.directory().join(format!("{name}.kubeconfig"));
        std::fs::write(&kubeconfig, config.to_string())?;
        Ok(Self { name, kubeconfig })
    }

    /// Its kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        // A binding in a namespace goes with it.
        kubectl(["delete", "clusterrolebinding", &self.name, "--ignore-not-found", "--wait=false"]).ok();
    }
}

/// The shipped roles, once for this process.
fn apply_roles() -> Result<()> {
    static APPLIED: OnceLock<Result<(), String>> = OnceLock::new();
    let apply = || -> Result<()> {
        let file = tree("deploy/rbac/roles.yaml").into_os_string();
        kubectl(["apply".into(), "-f".into(), file])?.worked()?;
        Ok(())
    };
    let applied = APPLIED.get_or_init(|| apply().map_err(|error| format!("{error:#}")));
    applied.clone().map_err(anyhow::Error::msg)
}
