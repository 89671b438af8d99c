//! The public keys (RFC 7517), the next one included.

use crate::http::{Context, json};
use axum::response::Response;
use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderValue, StatusCode};

/// Answers GET. Caches keep it for a quarter of `prePublish`, at most an hour, so that every verifier knows a key before it signs.
#[must_use]
pub fn answer(context: &Context) -> Response {
    let mut response = json(StatusCode::OK, context.app.keys.load().jwks());
    let age = (context.serving.snapshot.head.signing.pre_publish.get() / 4).min(3_600);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={age}")) {
        headers.insert(CACHE_CONTROL, value);
    }
    headers.remove(PRAGMA);
    response
}
