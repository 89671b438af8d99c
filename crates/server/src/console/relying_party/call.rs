//! Requests to the provider: the same service that answers its port, called in this process, so that neither TLS nor names of hosts
//! stand between a try and its answer.

use super::super::answer::Visit;
use super::attempt::Exchange;
use super::credentials::Credentials;
use crate::http::{PeerAddress, Service};
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

/// The largest answer that is read, in bytes.
const LARGEST: usize = 256 * 1_024;
/// The longest value that is shown of what was sent, in characters.
const SHOWN: usize = 96;

/// A way to the provider's endpoints.
pub struct Call {
    service: Service,
    base: String,
    /// The issuer's host and port: a request of HTTP/1.1 names them.
    host: String,
}

/// What the provider answered.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body: JSON, or its text.
    pub body: Value,
}

/// Parameters of a request, in order.
pub type Parameters = Vec<(&'static str, String)>;

impl Call {
    /// Calls on behalf of a visitor.
    pub fn new(visit: &Visit<'_>) -> Self {
        let service = Service::new(visit.console.app.clone(), PeerAddress(visit.peer));
        let origin = visit.serving.issuer().origin();
        let host = origin.split_once("://").map_or(origin, |(_, host)| host).to_owned();
        Self { service, base: visit.serving.base().to_owned(), host }
    }

    /// Gets a public document.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(format!("{}{path}", self.base)), Body::empty()).await
    }

    /// Gets something with an access token (RFC 6750).
    pub async fn get_with(&self, title: &'static str, path: &str, access_token: &str) -> (Exchange, Reply) {
        let request = Request::get(format!("{}{path}", self.base));
        let request = request.header(AUTHORIZATION, format!("Bearer {access_token}"));
        let reply = self.send(request, Body::empty()).await;
        let sent = vec![("Authorization".to_owned(), format!("Bearer {}", cut(access_token)))];
        (exchange(title, format!("GET {}{path}", self.base), sent, &reply), reply)
    }

    /// Posts a form as the client.
    pub async fn post(
        &self,
        title: &'static str,
        path: &str,
        mut parameters: Parameters,
        credentials: &Credentials,
    ) -> (Exchange, Reply) {
        let mut sent: Vec<(String, String)> = Vec::new();
        let mut request = Request::post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match credentials {
            Credentials::Basic(header) => {
                request = request.header(AUTHORIZATION, header);
                sent.push(("Authorization".to_owned(), "Basic (client id and secret)".to_owned()));
            }
            Credentials::Post(id, secret) => {
                parameters.push(("client_id", id.clone()));
                parameters.push(("client_secret", secret.clone()));
            }
            Credentials::Public(id) => parameters.push(("client_id", id.clone())),
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&parameters).finish();
        sent.extend(shown(&parameters));
        let reply = self.send(request, Body::from(body)).await;
        (exchange(title, format!("POST {}{path}", self.base), sent, &reply), reply)
    }

    async fn send(&self, request: http::request::Builder, body: Body) -> Reply {
        let failed = |text: &str| Reply { status: StatusCode::BAD_GATEWAY, body: Value::from(text) };
        let Ok(request) = request.header(HOST, &self.host).body(body) else {
            return failed("the request cannot be written");
        };
        let response = self.service.answer(request).await;
        let status = response.status();
        match Limited::new(response.into_body(), LARGEST).collect().await {
            Ok(body) => {
                let bytes = body.to_bytes();
                let text = || Value::from(String::from_utf8_lossy(&bytes).into_owned());
                Reply { status, body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) }
            }
            Err(_) => failed("the answer cannot be read"),
        }
    }
}

/// Parameters as a page may show them: the secret never, long values cut.
pub fn shown(parameters: &[(&'static str, String)]) -> Vec<(String, String)> {
    let shown = parameters.iter().map(|(name, value)| {
        let value = if *name == "client_secret" { "(secret)".to_owned() } else { cut(value) };
        ((*name).to_owned(), value)
    });
    shown.collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn exchange(title: &'static str, request: String, sent: Vec<(String, String)>, reply: &Reply) -> Exchange {
    let answer = pretty(&shortened(&reply.body));
    Exchange { title, request, sent, status: Some(reply.status.as_u16()), answer }
}

/// An answer with its long texts cut: tokens are shown in full in their own place.
fn shortened(body: &Value) -> Value {
    match body {
        Value::String(text) => Value::from(cut(text)),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), shortened(value))).collect()
        }
        Value::Array(items) => items.iter().map(shortened).collect(),
        other => other.clone(),
    }
}

/// JSON as people read it.
pub fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_never_shown_and_long_values_are_cut() {
        let shown = shown(&[("client_secret", "s3cret".to_owned()), ("code", "\u{e4}".repeat(200))]);
        assert!(!format!("{shown:?}").contains("s3cret"));
        assert_eq!(shown[1].1.chars().count(), SHOWN + 1);
    }
}
