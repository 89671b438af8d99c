//! The admin port, never exposed: is the process alive, can it serve, what does it count, and what does its log let through?

use crate::app::App;
use crate::http::json;
use crate::listen::Answer;
use crate::metrics::{Format, Readings};
use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use nauthera_core::snapshot::{FORMAT, OLDEST_READ, UserWiring};
use nauthera_core::spec::UserStoreSpec;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long the database may take to answer a probe.
const PROBE_WITHIN: Duration = Duration::from_secs(2);
/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(5);
/// The largest filter of the log, in bytes.
const LARGEST_FILTER: usize = 1_024;

/// Answers on the admin port, also before there is anything to serve: whoever publishes is told then what this release reads.
#[derive(Clone, Default)]
pub struct Admin(Arc<OnceLock<Arc<App>>>);

impl Admin {
    /// Answers for a server that is there.
    #[must_use]
    pub fn of(app: Arc<App>) -> Self {
        let admin = Self::default();
        admin.begin(app);
        admin
    }

    /// From now on there is a server. The first stays.
    pub fn begin(&self, app: Arc<App>) {
        self.0.get_or_init(|| app);
    }
}

impl Answer for Admin {
    fn answer(
        &self,
        _peer: SocketAddr,
        request: http::Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let app = self.0.get().cloned();
        Box::pin(async move {
            let Some(app) = app else { return waiting(request.uri().path()) };
            let reads = matches!(*request.method(), Method::GET | Method::HEAD);
            match request.uri().path() {
                "/log" if *request.method() == Method::PUT => set_log(&app, request.into_body()).await,
                "/log" if !reads => refuse(StatusCode::METHOD_NOT_ALLOWED, "GET or PUT is expected"),
                _ if !reads => refuse(StatusCode::METHOD_NOT_ALLOWED, "GET is expected"),
                "/healthz" => alive(),
                "/readyz" => ready(&app),
                "/status" => status(&app).await,
                "/metrics" => metrics(&app, &request),
                "/log" => log(&app),
                _ => refuse(StatusCode::NOT_FOUND, "/healthz, /readyz, /status, /metrics and /log are here"),
            }
        })
    }
}

/// What a process says that waits for its first Snapshot: it is alive, and not ready.
fn waiting(path: &str) -> Response {
    match path {
        "/healthz" => alive(),
        "/readyz" => {
            let body = serde_json::json!({ "status": "waiting for a Snapshot", "formats": formats() });
            json(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
        }
        _ => refuse(StatusCode::SERVICE_UNAVAILABLE, "there is no Snapshot to serve yet: it is waited for"),
    }
}

fn alive() -> Response {
    json(StatusCode::OK, r#"{"status":"ok"}"#)
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
        "userStore": serving.snapshot.head.users.as_ref().map(user_store),
    });
    json(code, body.to_string())
}

/// The UserStore with why people cannot log in by it, for the operator to copy into its status.
fn user_store(users: &UserWiring) -> serde_json::Value {
    let fault = match users.spec {
        UserStoreSpec::Static(_) => None,
        UserStoreSpec::Ldap(_) => Some("this release serves no LDAP directories, so nobody can log in"),
    };
    serde_json::json!({ "name": users.store.to_string(), "fault": fault })
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
    let audit = app.audit.counts();
    let users = serving.snapshot.head.users.as_ref().map(|users| users.store.to_string());
    let body = serde_json::json!({
        "server": serving.snapshot.head.server.to_string(),
        "revision": &*serving.revision_text,
        "formats": formats(),
        "clients": serving.snapshot.clients.len(),
        "userStore": users,
        "database": database,
        "signingKeys": keys,
        "auditLinesLost": audit.crowded_out + audit.refused,
        "passwordsQueued": app.hash_pool.queued(),
        "connections": app.metrics.connections.open(),
        "connectionsTurnedAway": app.metrics.connections.turned_away(),
        "limits": app.limits.kept(),
    });
    json(StatusCode::OK, body.to_string())
}

fn metrics(app: &App, request: &http::Request<Body>) -> Response {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::accepted(accept);
    let mut response = json(StatusCode::OK, app.metrics.text(&Readings::of(app), format));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    response
}

/// What the log lets through.
fn log(app: &App) -> Response {
    match &app.instruments.log {
        Some(filter) => json(StatusCode::OK, serde_json::json!({ "filter": filter.shown() }).to_string()),
        None => refuse(StatusCode::NOT_FOUND, "the log of this process has no filter that can be changed"),
    }
}

/// Lets something else through from now on, until the process ends: what the log says changes, and nothing that is decided.
async fn set_log(app: &App, body: Body) -> Response {
    let Some(filter) = &app.instruments.log else { return log(app) };
    let read = tokio::time::timeout(BODY_WITHIN, Limited::new(body, LARGEST_FILTER).collect()).await;
    let Ok(Ok(read)) = read else {
        let text = format!(
            "a filter of at most {LARGEST_FILTER} bytes is expected, such as info or nauthera_server=debug"
        );
        return refuse(StatusCode::BAD_REQUEST, &text);
    };
    let set = match std::str::from_utf8(&read.to_bytes()) {
        Ok(text) => filter.set(text.trim()),
        Err(_) => Err("a filter is text".to_owned()),
    };
    match set {
        Ok(()) => log(app),
        Err(why) => refuse(StatusCode::BAD_REQUEST, &why),
    }
}

fn refuse(status: StatusCode, why: &str) -> Response {
    json(status, serde_json::json!({ "error": why }).to_string())
}
