//! Which cluster is meant, in kubectl's words, and how its operator judges.

use clap::Args;
use clap::builder::BoolishValueParser;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Flags that say which cluster, where in it, and what neither its objects nor manifests say.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterArgs {
    /// The kubeconfig file [default: those of KUBECONFIG, else ~/.kube/config]
    #[arg(long, value_name = "FILE", env = "NAUTHERA_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME", env = "NAUTHERA_CONTEXT")]
    pub context: Option<String>,
    /// The namespace of what names none [default: the context's with a cluster, else `default`]
    #[arg(short, long, value_name = "NAMESPACE", env = "NAUTHERA_CONTEXT_NAMESPACE")]
    pub namespace: Option<String>,
    /// Judge as an operator does that runs with this flag: `jwksUri` and `backChannelLogoutUri` may be at private addresses
    #[arg(long, env = "NAUTHERA_ALLOW_PRIVATE_FETCH", value_parser = BoolishValueParser::new())]
    pub allow_private_fetch: bool,
}

/// Where manifests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What is in the cluster.
    Cluster,
    /// A file or folder.
    Path(PathBuf),
}

impl Source {
    /// The file or folder.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Cluster => None,
            Self::Path(path) => Some(path),
        }
    }
}

impl From<OsString> for Source {
    fn from(text: OsString) -> Self {
        if text == "cluster" { Self::Cluster } else { Self::Path(text.into()) }
    }
}
