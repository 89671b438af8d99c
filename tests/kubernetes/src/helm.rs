//! Helm and kubernetes-validate as people have them: the real programs, with nothing of this machine's user.

use crate::cluster::{Cluster, tree};
use crate::kubectl::{Said, kubectl, say};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::ffi::OsStr;
use std::ops::RangeInclusive;
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

/// The minor versions of Kubernetes 1 from the oldest that the chart says it runs on to that of the cluster.
///
/// # Errors
/// When one of the two does not say.
pub fn versions() -> Result<RangeInclusive<u16>> {
    let chart = std::fs::read_to_string(tree("deploy/helm/nauthera/Chart.yaml"))?;
    let oldest =
        chart.lines().find_map(|line| line.strip_prefix("kubeVersion: \">=1.")?.strip_suffix(".0-0\""));
    let cluster: Value = serde_json::from_str(&kubectl(["version", "-o", "json"])?.worked()?)?;
    let newest = cluster.pointer("/serverVersion/minor").and_then(Value::as_str);
    Ok(oldest.context("a chart with a kubeVersion")?.parse()?
        ..=newest.context("a server's version")?.parse()?)
}

/// Judges manifests by the schemas of Kubernetes 1.MINOR; unknown fields are refused. Kinds of others pass unjudged.
///
/// # Errors
/// When it is not installed.
pub fn validate(minor: u16, manifests: &str) -> Result<Said> {
    let mut command = Command::new("kubernetes-validate");
    command.args(["--strict", "--kubernetes-version", &format!("1.{minor}"), "/dev/stdin"]);
    say("kubernetes-validate", command, manifests)
}

/// Judges manifests by the schemas of every version that the chart says it runs on; how many documents each of them knew.
///
/// # Errors
/// What one of them has against them.
pub fn validate_by_all(manifests: &str) -> Result<usize> {
    let mut least = usize::MAX;
    for minor in versions()? {
        let said = validate(minor, manifests)?;
        ensure!(said.ok, "Kubernetes 1.{minor}: {}{}", said.stdout, said.stderr);
        let passed = format!(" against version 1.{minor}");
        let lines = said.stdout.lines().chain(said.stderr.lines());
        least = least.min(lines.filter(|line| line.contains(" passed ") && line.ends_with(&passed)).count());
    }
    Ok(least)
}
