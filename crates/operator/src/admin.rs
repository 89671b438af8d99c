//! The admin port: is the process alive, does it know the cluster, what does it count?

use crate::context::Context;
use crate::http::{Answer, Handler, Request, text};
use http::{Method, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Answers on the admin port.
pub struct Admin {
    /// What every worker shares.
    pub context: Arc<Context>,
    /// Does this process lead?
    pub leading: Arc<AtomicBool>,
    /// Is it about to stop?
    pub stopping: Arc<AtomicBool>,
    /// How many objects wait.
    pub queued: Arc<AtomicUsize>,
}

impl Handler for Admin {
    const LARGEST: usize = 1_024;

    async fn answer(&self, request: Request) -> Answer {
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return json_text(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": "GET is expected" }));
        }
        match request.path.as_str() {
            "/healthz" => json_text(StatusCode::OK, &json!({ "status": "ok" })),
            "/readyz" => self.ready(),
            "/metrics" => {
                let (queued, failing) =
                    (self.queued.load(Ordering::Relaxed), self.context.shared.failing().len());
                let page = self.context.metrics.page(queued, failing);
                text(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", page)
            }
            _ => json_text(
                StatusCode::NOT_FOUND,
                &json!({ "error": "/healthz, /readyz and /metrics are here" }),
            ),
        }
    }
}

impl Admin {
    /// Ready means: everything that is watched was listed completely once, and what is asked for answered, so what is said of objects is true. It leads or stands by.
    fn ready(&self) -> Answer {
        let (complete, missing): (bool, Vec<String>) = self.context.shared.with(|index| {
            let issuer = index.awaits_cluster().then(|| "the issuer of ServiceAccount tokens".to_owned());
            let missing = index.missing().take(10).map(ToString::to_string);
            (index.is_complete(), issuer.into_iter().chain(missing).collect())
        });
        let failing: Vec<String> =
            self.context.shared.failing().iter().map(|(id, _)| id.to_string()).collect();
        let stopping = self.stopping.load(Ordering::Acquire);
        let (code, status) = match (stopping, complete) {
            (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "listing"),
            (false, true) => (StatusCode::OK, "ok"),
        };
        let leading = self.leading.load(Ordering::Acquire);
        json_text(
            code,
            &json!({ "status": status, "leader": leading, "listing": missing, "failing": failing }),
        )
    }
}

fn json_text(status: StatusCode, body: &serde_json::Value) -> Answer {
    text(status, "application/json", body.to_string())
}
