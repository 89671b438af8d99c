//! The cluster's etcd, filled up with objects and made empty again: deleting makes no room by itself. Its history is thrown away, its
//! file written anew, and the alarm ended, as whoever operates a cluster does it.

use crate::cluster::Cluster;
use crate::kubectl::{kubectl, with_input};
use crate::namespace::Namespace;
use crate::wait::{PATIENCE, wait_for};
use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::UnixStream;

/// How long one of its answers may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A store that is full.
pub struct Filled {
    namespace: Namespace,
    /// Objects that were written until it was.
    pub written: usize,
    /// What the API server said then.
    pub refused: String,
}

/// Fills it.
///
/// # Errors
/// When it does not get full.
pub async fn fill() -> Result<Filled> {
    let namespace = Namespace::new("ballast")?;
    let ballast = "x".repeat(900_000);
    let mut written = 0;
    let refused = async || {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": format!("ballast-{written}"), "namespace": namespace.name() },
            "data": { "ballast": ballast },
        });
        let said = with_input(["create", "-f", "-"], &object.to_string())?;
        written += 1;
        Ok((!said.ok).then_some(said.stderr))
    };
    let refused = wait_for("a full store", PATIENCE, refused).await?;
    Ok(Filled { namespace, written, refused })
}

impl Filled {
    /// Where the objects are that fill it.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// Makes room, and waits until writes are taken again.
    ///
    /// # Errors
    /// What etcd says against it.
    pub async fn free(self) -> Result<()> {
        kubectl(["delete", "configmaps", "--all", "-n", self.namespace.name()])?.worked()?;
        let status = ask("/v3/maintenance/status", json!({})).await?;
        let revision = status.pointer("/header/revision").context("a revision")?;
        ask("/v3/kv/compaction", json!({ "revision": revision, "physical": true })).await?;
        ask("/v3/maintenance/defragment", json!({})).await?;
        let alarms = ask("/v3/maintenance/alarm", json!({ "action": "GET" })).await?;
        for alarm in alarms.get("alarms").and_then(Value::as_array).into_iter().flatten() {
            let mut end = alarm.clone();
            end.as_object_mut().context("an alarm")?.insert("action".into(), "DEACTIVATE".into());
            ask("/v3/maintenance/alarm", end).await?;
        }
        crate::component::answering().await
    }
}

/// Asks etcd by its gateway.
async fn ask(path: &str, body: Value) -> Result<Value> {
    let socket = Cluster::here()?.directory().join("etcd.sock");
    let asked = async {
        let stream = UnixStream::connect(&socket).await.with_context(|| socket.display().to_string())?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = http::Request::post(path).header("host", "etcd");
        let request = request.body(Full::new(Bytes::from(body.to_string())))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), 64 * 1_024).collect().await;
        let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
        ensure!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    };
    tokio::time::timeout(ANSWER_WITHIN, asked).await.context("no answer of etcd in time")?
}
