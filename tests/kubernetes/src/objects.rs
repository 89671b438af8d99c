//! Objects of ours in the cluster: waiting for what their statuses say, and reading what was made of them.

use crate::kubectl::{get, kubectl};
use crate::wait::wait_for;
use anyhow::Result;
use serde_json::Value;
use std::time::Duration;

/// A pod of a debug build on a busy machine takes its time.
pub const SOON: Duration = Duration::from_secs(90);

/// Waits until an object is Ready.
///
/// # Errors
/// When it is not within [`SOON`], with its conditions.
pub async fn ready(namespace: &str, kind: &str, name: &str) -> Result<Value> {
    condition(namespace, kind, name, "Ready", "True").await
}

/// Waits until a condition of an object, as its newest edit has it, has this status.
///
/// # Errors
/// As [`ready`].
pub async fn condition(namespace: &str, kind: &str, name: &str, which: &str, status: &str) -> Result<Value> {
    let ask = async || {
        let object = get(&[kind, name, "-n", namespace])?;
        let seen = object.pointer("/status/observedGeneration") == object.pointer("/metadata/generation");
        let said = of(&object, which);
        if seen && said.get("status").is_some_and(|said| said == status) {
            return Ok(Some(object));
        }
        anyhow::bail!("{:?}", object.pointer("/status/conditions").map(Value::to_string))
    };
    wait_for(&format!("{which}={status} of {kind} {namespace}/{name}"), SOON, ask).await
}

/// A condition of an object.
#[must_use]
pub fn of(object: &Value, which: &str) -> Value {
    let mut conditions = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let found = conditions.find(|condition| condition.get("type").is_some_and(|said| said == which));
    found.cloned().unwrap_or_default()
}

/// A key of a Secret, decoded.
///
/// # Errors
/// When it is not there.
pub fn secret_value(namespace: &str, name: &str, key: &str) -> Result<String> {
    let template = format!("go-template={{{{index .data \"{key}\" | base64decode}}}}");
    kubectl(["get", "secret", name, "-n", namespace, "-o", &template])?.worked()
}
