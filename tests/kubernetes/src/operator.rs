//! The operator as a process, as whichever account a test gives it.

use crate::account::HOME;
use crate::cluster::{Cluster, binary};
use crate::definitions;
use crate::kubectl::with_input;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What the cluster needs before: our definitions, and volumes.
///
/// # Errors
/// What the API server says against them.
pub fn prepare() -> Result<()> {
    definitions::apply()?;
    volumes()
}

/// Volumes for servers with SQLite.
///
/// # Errors
/// What the API server says against them.
pub fn volumes() -> Result<()> {
    let class = "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: local
  annotations: {storageclass.kubernetes.io/is-default-class: \"true\"}
provisioner: kubernetes.io/host-path
";
    with_input(["apply", "-f", "-"], class)?.worked().map(drop)
}

/// A running operator. Dropped, it is killed.
#[derive(Debug)]
pub struct Operator {
    child: Child,
    log: PathBuf,
}

impl Operator {
    /// Starts one; its log is beside those of the cluster. Among candidates its identity begins with its name.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, kubeconfig: &Path, flags: &[&str]) -> Result<Self> {
        Self::start_at("127.0.0.1:0", name, kubeconfig, flags)
    }

    /// The same, with its admin port at this address.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_at(admin: &str, name: &str, kubeconfig: &Path, flags: &[&str]) -> Result<Self> {
        let log = Cluster::here()?.directory().join(format!("operator-{name}.log"));
        let mut command = Command::new(binary()?);
        command.args(["operator", "--server-image", "nauthera:test", "--admin-listen", admin]);
        command.args(["--operator-namespace", HOME]).args(flags);
        command.env("KUBECONFIG", kubeconfig).env("NAUTHERA_LOG", "info").env("HOSTNAME", name);
        let file = File::options().create(true).append(true).open(&log)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn()?;
        Ok(Self { child, log })
    }

    /// What all operators of this name have said.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn said(&self) -> Result<String> {
        std::fs::read_to_string(&self.log).context("the operator's log")
    }

    /// How much memory it has, in bytes.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process with memory")?;
        let kib: u64 = line.trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1_024)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        ensure!(sent.success(), "the operator is not there to be told {name}");
        Ok(())
    }

    /// Kills it as nothing kinder would (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Tells it to stop, and waits until it has; how long that took.
    ///
    /// # Errors
    /// When it does not, or ends badly.
    pub async fn stop(mut self, within: Duration) -> Result<Duration> {
        let began = tokio::time::Instant::now();
        self.signal("TERM")?;
        let ended = async || Ok(self.child.try_wait()?);
        let ended = crate::wait::wait_for("the operator's end", within, ended).await?;
        ensure!(ended.success(), "the operator ended with {ended}");
        Ok(began.elapsed())
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
