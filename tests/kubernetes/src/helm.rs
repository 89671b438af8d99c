//! Helm and kubernetes-validate as people have them: the real programs, with nothing of this machine's user.

use crate::cluster::Cluster;
use crate::kubectl::{Said, say};
use anyhow::Result;
use std::ffi::OsStr;
use std::process::Command;

/// Runs Helm with these words.
///
/// # Errors
/// When it is not installed, or there is no cluster.
pub fn helm<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Result<Said> {
    let cluster = Cluster::here()?;
    let mut command = Command::new("helm");
    command.args(words).env("KUBECONFIG", cluster.kubeconfig());
    for folder in ["CACHE", "CONFIG", "DATA"] {
        command.env(format!("HELM_{folder}_HOME"), cluster.directory().join("helm"));
    }
    say("helm", command, "")
}

/// Judges manifests by the schemas of the Kubernetes that the cluster is; unknown fields are refused.
///
/// # Errors
/// When it is not installed.
pub fn validate(manifests: &str) -> Result<Said> {
    let mut command = Command::new("kubernetes-validate");
    command.args(["--strict", "--kubernetes-version", "1.37", "/dev/stdin"]);
    say("kubernetes-validate", command, manifests)
}
