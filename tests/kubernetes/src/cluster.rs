//! The cluster around this process, and clients for it. It is found by a variable that only the test cluster sets, never by
//! `KUBECONFIG`: tests make and delete what they like, which must not happen to a cluster of somebody's.

use anyhow::{Context, Result, bail};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Names the cluster's directory.
const DIRECTORY: &str = "NAUTHERA_CLUSTER";
/// Names an address of this machine that pods can reach.
const ADDRESS: &str = "NAUTHERA_CLUSTER_ADDRESS";

/// The cluster around this process.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    address: String,
}

impl Cluster {
    /// The one around this process.
    ///
    /// # Errors
    /// When there is none, with the command that starts one.
    pub fn here() -> Result<&'static Self> {
        static HERE: OnceLock<Option<Cluster>> = OnceLock::new();
        let here = HERE.get_or_init(|| {
            let directory = PathBuf::from(std::env::var_os(DIRECTORY)?);
            Some(Self { directory, address: std::env::var(ADDRESS).ok()? })
        });
        here.as_ref().context("no test cluster is around this process; run: scripts/test-cluster.sh")
    }

    /// Where it writes everything: its files of processes, volumes and logs.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// An address of this machine that pods can reach, for servers that tests start.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A kubeconfig that may do everything.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.join("admin.kubeconfig")
    }

    /// A client that may do everything. It belongs to the runtime that it is made in: one for each test.
    ///
    /// # Errors
    /// When the kubeconfig is not one.
    pub async fn client(&self) -> Result<Client> {
        // A second call finds the first one's provider, which is the same.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig())?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        Ok(Client::try_from(config)?)
    }
}

/// The binary under test.
///
/// # Errors
/// When nobody said which.
pub fn binary() -> Result<PathBuf> {
    let Some(binary) = std::env::var_os("NAUTHERA_BIN") else {
        bail!("NAUTHERA_BIN names no binary; run: scripts/test-cluster.sh");
    };
    Ok(binary.into())
}

/// A path of the clone, such as `deploy/crds`.
#[must_use]
pub fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
