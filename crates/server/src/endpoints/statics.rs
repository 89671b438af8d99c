//! Stylesheets and scripts of the pages.

use crate::http::{Context, PageFailure};
use crate::pages::{ErrorKind, asset, theme_css};
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};

/// Answers GET of an asset.
#[must_use]
pub fn answer(context: &Context, path: &str) -> Response {
    let name = path.rsplit('/').next().unwrap_or_default();
    if name == "theme.css" {
        return found(
            theme_css(context.serving.branding()).into(),
            "text/css; charset=utf-8",
            "public, max-age=3600",
        );
    }
    match asset(name) {
        Some(asset) => {
            let age =
                if asset.immutable { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
            found(asset.bytes.into_owned().into(), asset.content_type, age)
        }
        None => PageFailure { status: StatusCode::NOT_FOUND, kind: ErrorKind::NotFound, error: None }
            .into_response(context, context.locale(None)),
    }
}

fn found(body: Body, content_type: &'static str, cache: &'static str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
