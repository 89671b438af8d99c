//! People with the rights of a shipped role and no others, each with a kubeconfig whose context is in a namespace.

use crate::account::{Account, Way, apply_roles};
use crate::namespace::Namespace;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Somebody with one role.
#[derive(Debug)]
pub struct Person {
    kubeconfig: PathBuf,
}

impl Person {
    /// One that has a ClusterRole of `deploy/rbac/roles.yaml` in this namespace alone.
    ///
    /// # Errors
    /// What kubectl says against it.
    pub fn in_namespace(namespace: &Namespace, role: &str) -> Result<Self> {
        Self::with(namespace, role, |account| account.bind(role, namespace.name()))
    }

    /// One that has it in the whole cluster.
    ///
    /// # Errors
    /// What kubectl says against it.
    pub fn in_cluster(namespace: &Namespace, role: &str) -> Result<Self> {
        Self::with(namespace, role, |account| account.bind_everywhere(role))
    }

    fn with(namespace: &Namespace, role: &str, bind: impl FnOnce(&Account) -> Result<()>) -> Result<Self> {
        apply_roles()?;
        let account = Account::new(namespace.name(), role)?;
        bind(&account)?;
        Ok(Self { kubeconfig: account.kubeconfig(&Way::direct()?)? })
    }

    /// Its kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }
}
