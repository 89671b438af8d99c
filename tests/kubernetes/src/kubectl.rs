//! kubectl as people have it: the real binary, its answers as text.

use crate::cluster::Cluster;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

/// What kubectl said, or another program that talks to a cluster.
#[derive(Debug)]
pub struct Said {
    program: &'static str,
    /// Did it end with 0?
    pub ok: bool,
    /// Its answer.
    pub stdout: String,
    /// Warnings and refusals.
    pub stderr: String,
}

impl Said {
    /// The answer of one that must have worked.
    ///
    /// # Errors
    /// What it said instead.
    pub fn worked(self) -> Result<String> {
        if !self.ok {
            bail!("{}: {}", self.program, self.stderr.trim());
        }
        Ok(self.stdout)
    }

    /// The words of a refusal.
    ///
    /// # Errors
    /// When it was no refusal.
    pub fn refused(self) -> Result<String> {
        if self.ok {
            bail!("{} took it: {}{}", self.program, self.stdout, self.stderr);
        }
        Ok(self.stderr)
    }
}

/// Runs kubectl with these words.
///
/// # Errors
/// When it is not installed, or there is no cluster.
pub fn kubectl<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Result<Said> {
    with_input(words, "")
}

/// Runs it with these words and something to read: `kubectl apply -f -`.
///
/// # Errors
/// As [`kubectl`].
pub fn with_input<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>, input: &str) -> Result<Said> {
    let cluster = Cluster::here()?;
    let mut command = Command::new("kubectl");
    command.arg("--kubeconfig").arg(cluster.kubeconfig()).arg("--request-timeout=60s").args(words);
    command.env("KUBECACHEDIR", cluster.directory().join("kubectl-cache"));
    say("kubectl", command, input)
}

/// Runs a program that `scripts/cluster-tools.sh` installs, with something to read.
pub(crate) fn say(program: &'static str, mut command: Command, input: &str) -> Result<Said> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let missing = || format!("{program} is not installed; run: scripts/test-cluster.sh");
    let mut child = command.spawn().with_context(missing)?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    // Its answers are short until it has read everything, so nobody waits for the other.
    stdin.write_all(input.as_bytes()).ok();
    drop(stdin);
    let output = child.wait_with_output()?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Ok(Said { program, ok: output.status.success(), stdout, stderr })
}

/// Applies manifests into a namespace as a careful person would: unknown fields are refused.
///
/// # Errors
/// As [`kubectl`]. A refusal is an answer.
pub fn apply(namespace: &str, manifests: &str) -> Result<Said> {
    with_input(["apply", "--validate=strict", "--namespace", namespace, "-f", "-"], manifests)
}

/// Has the API server judge manifests, each where it says that it belongs, as it would before it makes them; it makes none. Unknown fields
/// are refused.
///
/// # Errors
/// As [`kubectl`]. A refusal is an answer.
pub fn judge(manifests: &str) -> Result<Said> {
    with_input(["create", "--dry-run=server", "--validate=strict", "-o", "name", "-f", "-"], manifests)
}

/// What `kubectl get ... -o json` answers.
///
/// # Errors
/// When it refuses, or there is no such thing.
pub fn get(words: &[&str]) -> Result<Value> {
    let words = ["get", "-o", "json"].iter().chain(words);
    Ok(serde_json::from_str(&kubectl(words)?.worked()?)?)
}
