//! Custom resource definitions in the cluster: ours, and those of others as they release them.

use crate::cluster::tree;
use crate::kubectl::kubectl;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

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
    established(&NAMES)
}

/// Waits until the API server serves them.
fn established(names: &[&str]) -> Result<()> {
    let wait = ["wait", "--for=condition=Established", "--timeout=60s"].map(str::to_owned);
    let named: Vec<String> = names.iter().map(|name| format!("crd/{name}")).collect();
    kubectl(wait.iter().chain(&named))?.worked().map(drop)
}

/// Makes the cluster know kinds of others by their own definitions, `httproutes.gateway.networking.k8s.io` for one, and waits until the
/// API server serves them. Each is made once for this process: some are so long that an API server takes seconds over another apply.
///
/// # Errors
/// When nobody said where the definitions are, or what the API server says against them.
pub fn of_others(names: &[&str]) -> Result<()> {
    static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let folder = std::env::var_os("NAUTHERA_DEFINITIONS")
        .context("NAUTHERA_DEFINITIONS names no folder; run: scripts/test-cluster.sh")?;
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    for name in names {
        if !made.contains(*name) {
            let file = Path::new(&folder).join(format!("{name}.yaml"));
            kubectl([OsStr::new("create"), OsStr::new("-f"), file.as_os_str()])?.worked()?;
            made.insert((*name).to_owned());
        }
    }
    established(names)
}
