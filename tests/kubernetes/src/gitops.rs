//! How tools that deploy from Git judge objects: kstatus and Argo CD, asked through the program of `tests/gitops`.

use crate::cluster::tree;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

/// What both say of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// kstatus: `Current`, `InProgress` or `Failed`.
    pub kstatus: String,
    /// Argo CD, with the scripts of `deploy/argocd`: `Healthy`, `Progressing` or `Degraded`.
    pub argocd: String,
    /// Argo CD's message.
    pub message: String,
}

/// Asks both about an object as `kubectl get -o json` prints it.
///
/// # Errors
/// When nobody said where the program is, or it cannot judge the object.
pub fn judge(object: &Value) -> Result<Judged> {
    let program = std::env::var_os("NAUTHERA_GITOPS")
        .context("NAUTHERA_GITOPS names no program; run: scripts/test-cluster.sh")?;
    let mut command = Command::new(program);
    command.arg(tree("deploy/argocd"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    // It prints nothing before it has read everything.
    stdin.write_all(object.to_string().as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let text = |path: &str| said.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Judged {
        kstatus: text("/kstatus/status"),
        argocd: text("/argocd/status"),
        message: text("/argocd/message"),
    })
}
