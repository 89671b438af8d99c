//! Accounts that are not the admin: ServiceAccounts bound to the roles that are shipped, with kubeconfigs of their own.

use crate::cluster::{Cluster, tree};
use crate::kubectl::{kubectl, with_input};
use anyhow::{Context, Result};
use kube::config::Kubeconfig;
use serde_json::json;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Where operators of tests are at home, as the shipped roles say.
pub const HOME: &str = "nauthera-system";

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    namespace: String,
    name: String,
}

/// A way to an API server: its URL, and who signed its certificate, in base64 of PEM.
#[derive(Debug, Clone)]
pub struct Way {
    /// The URL.
    pub server: String,
    /// The authority.
    pub authority: String,
}

impl Way {
    /// The API server itself.
    ///
    /// # Errors
    /// When the admin's kubeconfig does not say.
    pub fn direct() -> Result<Self> {
        let config = Kubeconfig::read_from(Cluster::here()?.kubeconfig())?;
        let cluster = config.clusters.into_iter().next().and_then(|named| named.cluster);
        let cluster = cluster.context("a kubeconfig with a cluster")?;
        let server = cluster.server.context("a kubeconfig with a server")?;
        let authority = cluster.certificate_authority_data.context("a kubeconfig with an authority")?;
        Ok(Self { server, authority })
    }
}

impl Account {
    /// Makes a ServiceAccount.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(namespace: &str, name: &str) -> Result<Self> {
        kubectl(["create", "serviceaccount", name, "-n", namespace])?.worked()?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// One that may do what an operator of the whole cluster may, and no more.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn operator(name: &str) -> Result<Self> {
        let account = Self::operator_at_home(name)?;
        account.bind_everywhere("nauthera-operator")?;
        Ok(account)
    }

    /// One that may do what an operator of these namespaces may, and no more.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn operator_of(name: &str, namespaces: &[&str]) -> Result<Self> {
        let account = Self::operator_at_home(name)?;
        for namespace in namespaces {
            account.bind("nauthera-operator", namespace)?;
        }
        Ok(account)
    }

    fn operator_at_home(name: &str) -> Result<Self> {
        apply_roles()?;
        let account = Self::new(HOME, name)?;
        account.bind_everywhere("nauthera-operator-cluster")?;
        account.create(&["rolebinding", name, "--role", "nauthera-operator-leader", "-n", HOME])?;
        Ok(account)
    }

    /// Gives it a ClusterRole in a namespace.
    ///
    /// # Errors
    /// When that is refused.
    pub fn bind(&self, role: &str, namespace: &str) -> Result<()> {
        let name = format!("{}-{role}", self.name);
        self.create(&["rolebinding", &name, "--clusterrole", role, "-n", namespace])
    }

    /// Gives it a ClusterRole in the whole cluster.
    ///
    /// # Errors
    /// When that is refused.
    pub fn bind_everywhere(&self, role: &str) -> Result<()> {
        let name = format!("{}-{}-{role}", self.namespace, self.name);
        self.create(&["clusterrolebinding", &name, "--clusterrole", role])
    }

    fn create(&self, binding: &[&str]) -> Result<()> {
        let subject = format!("--serviceaccount={}:{}", self.namespace, self.name);
        let words = ["create"].into_iter().chain(binding.iter().copied()).chain([subject.as_str()]);
        kubectl(words)?.worked().map(drop)
    }

    /// Its name as a user.
    #[must_use]
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.name)
    }

    /// A kubeconfig with a token of it that lasts for an hour.
    ///
    /// # Errors
    /// When there is no token.
    pub fn kubeconfig(&self, way: &Way) -> Result<PathBuf> {
        let token = ["create", "token", &self.name, "-n", &self.namespace, "--duration=1h"];
        let token = kubectl(token)?.worked()?;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{ "name": "test", "cluster": {
                "server": way.server, "certificate-authority-data": way.authority,
            }}],
            "users": [{ "name": "test", "user": { "token": token.trim() } }],
            "contexts": [{ "name": "test", "context": {
                "cluster": "test", "user": "test", "namespace": self.namespace,
            }}],
        });
        let port = way.server.rsplit(':').next().unwrap_or_default();
        let file = format!("{}-{}-{port}.kubeconfig", self.namespace, self.name);
        let path = Cluster::here()?.directory().join(file);
        std::fs::write(&path, config.to_string())?;
        Ok(path)
    }
}

/// Applies the files of `deploy/rbac`, once for this process.
///
/// # Errors
/// What the API server says against them.
pub fn apply_roles() -> Result<()> {
    static APPLIED: OnceLock<Result<(), String>> = OnceLock::new();
    let apply = || {
        let home = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": HOME } });
        with_input(["apply", "-f", "-"], &home.to_string())?.worked()?;
        let words = ["apply", "--validate=strict", "-f"].map(Into::into);
        kubectl(words.into_iter().chain([tree("deploy/rbac").into_os_string()]))?.worked().map(drop)
    };
    let applied = APPLIED.get_or_init(|| apply().map_err(|error: anyhow::Error| format!("{error:#}")));
    applied.clone().map_err(anyhow::Error::msg)
}
