//! etcd and the API server as processes that a test may kill: in a cluster that was started with `--separate`.

use crate::cluster::Cluster;
use crate::kubectl::kubectl;
use crate::wait::{PATIENCE, wait_for};
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The store.
    Etcd,
    /// The API server.
    ApiServer,
}

impl Component {
    const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
        }
    }

    fn file(self, extension: &str) -> Result<PathBuf> {
        Ok(Cluster::here()?.directory().join(format!("{}.{extension}", self.name())))
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it does not run as a process of its own.
    pub fn pid(self) -> Result<String> {
        let file = self.file("pid")?;
        std::fs::read_to_string(&file).with_context(|| format!("{} does not run by itself", self.name()))
    }

    /// Kills it as nothing kinder would (SIGKILL). It comes back by itself, as another process.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(self) -> Result<()> {
        let killed = Command::new("kill").args(["-s", "KILL", &self.pid()?]).status()?;
        ensure!(killed.success(), "{} is not there to be killed", self.name());
        Ok(())
    }

    /// Kills it and keeps it down until what this answers is dropped.
    ///
    /// # Errors
    /// When it does not run, or does not go.
    pub async fn hold(self) -> Result<Hold> {
        let hold = Hold { file: self.file("hold")? };
        std::fs::write(&hold.file, "")?;
        self.kill()?;
        let gone = async || Ok(self.pid().is_err().then_some(()));
        wait_for(&format!("{} down", self.name()), PATIENCE, gone).await?;
        Ok(hold)
    }
}

/// A component that is held down. Dropped, it comes back.
#[derive(Debug)]
pub struct Hold {
    file: PathBuf,
}

impl Drop for Hold {
    fn drop(&mut self) {
        std::fs::remove_file(&self.file).ok();
    }
}

/// Waits until the API server takes writes.
///
/// # Errors
/// When it does not.
pub async fn answering() -> Result<()> {
    let write = async || {
        kubectl(["create", "configmap", "ping", "--dry-run=server", "--request-timeout=5s"])?.worked()?;
        Ok(Some(()))
    };
    wait_for("the API server", PATIENCE, write).await
}
