//! Our custom resource definitions in the cluster.

use crate::cluster::tree;
use crate::kubectl::kubectl;
use anyhow::Result;
use std::sync::OnceLock;

/// The definitions' names.
pub const NAMES: [&str; 4] = [
    "authclients.auth.nauthera.io",
    "authpolicies.auth.nauthera.io",
    "authservers.auth.nauthera.io",
    "userstores.auth.nauthera.io",
];

/// Applies the files of `deploy/crds`, once for this process, and waits until the API server serves them.
///
/// # Errors
/// What the API server says against them.
pub fn apply() -> Result<()> {
    static APPLIED: OnceLock<Result<(), String>> = OnceLock::new();
    let applied = APPLIED.get_or_init(|| apply_files().map_err(|error| format!("{error:#}")));
    applied.clone().map_err(anyhow::Error::msg)
}

fn apply_files() -> Result<()> {
    let folder = tree("deploy/crds");
    let words = ["apply", "--validate=strict", "-f"].map(Into::into);
    kubectl(words.into_iter().chain([folder.into_os_string()]))?.worked()?;
    let wait = ["wait", "--for=condition=Established", "--timeout=60s"];
    let named = NAMES.map(|name| format!("crd/{name}"));
    kubectl(wait.into_iter().chain(named.iter().map(String::as_str)))?.worked()?;
    Ok(())
}
