//! The admin port, never exposed: is the process alive, can it serve, and what does it count?

use crate::app::App;
use crate::http::json;
use crate::listen::Answer;
use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use nauthera_core::snapshot::{FORMAT, OLDEST_READ};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How long the database may take to answer a probe.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

/// Answers on the admin port.
#[derive(Clone)]
pub struct Admin(pub Arc<App>);

impl Answer for Admin {
    fn answer(
        &self,
        _peer: SocketAddr,
        request: http::Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let app = self.0.clone();
        Box::pin(async move {
            if !matches!(*request.method(), Method::GET | Method::HEAD) {
                return json(StatusCode::METHOD_NOT_ALLOWED, r#"{"error":"GET is expected"}"#);
            }
            match request.uri().path() {
                "/healthz" => json(StatusCode::OK, r#"{"status":"ok"}"#),
                "/readyz" => ready(&app),
                "/status" => status(&app).await,
                "/metrics" => metrics(&app),
                _ => json(
                    StatusCode::NOT_FOUND,
                    r#"{"error":"/healthz, /readyz, /status and /metrics are here"}"#,
                ),
            }
        })
    }
}

/// Ready means: a Snapshot is served, and will be. A database that is away does not make a replica unready, since what needs none
/// goes on; one that is about to stop says so first, so that balancers send nothing more.
fn ready(app: &App) -> Response {
    let serving = app.serving();
    let (code, status) = match app.is_stopping() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        false => (StatusCode::OK, "ok"),
    };
    let body = serde_json::json!({
        "status": status,
        "revision": &*serving.revision_text,
        "issuer": serving.issuer().as_str(),
        "formats": formats(),
    });
    json(code, body.to_string())
}

/// The formats of Snapshots that this release reads.
fn formats() -> Vec<u32> {
    (OLDEST_READ..=FORMAT).collect()
}

async fn status(app: &App) -> Response {
    let serving = app.serving();
    let database = match tokio::time::timeout(PROBE_WITHIN, app.store.ping()).await {
        Ok(Ok(())) => "ok".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer within 2 s".to_owned(),
    };
    let keys = app.keys.load();
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            serde_json::json!({
                "kid": key.kid,
                "algorithm": key.times.algorithm,
                "activeFrom": key.times.active_from,
                "retiredAt": key.times.retired_at,
            })
        })
        .collect();
    let users = serving.snapshot.head.users.as_ref().map(|users| users.store.to_string());
    let body = serde_json::json!({
        "server": serving.snapshot.head.server.to_string(),
        "revision": &*serving.revision_text,
        "formats": formats(),
        "clients": serving.snapshot.clients.len(),
        "userStore": users,
        "database": database,
        "signingKeys": keys,
        "auditLinesLost": app.audit.lost(),
        "passwordsQueued": app.hash_pool.queued(),
        "connections": app.metrics.connections.open(),
        "connectionsTurnedAway": app.metrics.connections.turned_away(),
        "limits": app.limits.kept(),
    });
    json(StatusCode::OK, body.to_string())
}

fn metrics(app: &App) -> Response {
    let mut response = json(StatusCode::OK, app.metrics.text());
    let text = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
