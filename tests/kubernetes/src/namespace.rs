//! Namespaces that a test has to itself.

use crate::kubectl::{kubectl, with_input};
use anyhow::Result;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

/// A namespace of one test's own. Dropped, it is deleted; nobody waits for that, since it takes seconds and names are not used
/// twice. One whose test has failed stays, so that the logs of its pods can be read.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one, named after what it is for.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(purpose: &str) -> Result<Self> {
        Self::labelled(purpose, &[])
    }

    /// Makes one with labels.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn labelled(purpose: &str, labels: &[(&str, &str)]) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{purpose}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let labels: serde_json::Map<_, _> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels },
        });
        with_input(["create", "-f", "-"], &namespace.to_string())?.worked()?;
        let made = Self { name };
        // No pod is admitted before the account that it runs as is there.
        let there = ["wait", "--for=create", "serviceaccount/default", "--timeout=60s", "-n", made.name()];
        kubectl(there)?.worked()?;
        Ok(made)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            kubectl(["delete", "namespace", "--wait=false", &self.name]).ok();
        }
    }
}
