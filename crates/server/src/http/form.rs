//! Bodies: forms of at most 64 KiB with the right content type, read within a deadline.

use super::LARGEST_BODY;
use super::arriving::Late;
use axum::body::{Body, Bytes};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Limited};
use nauthera_core::oauth::{OAuthError, Params};
use std::time::Duration;

/// How long a body may take to arrive, whatever brings it. The ports have a deadline of their own, which may be shorter.
const DEADLINE: Duration = Duration::from_secs(10);

/// A body that was read; its parameters borrow from it.
pub struct Form(Bytes);

/// Why a body was not read.
#[derive(Debug)]
pub struct BadBody {
    /// The answer's status.
    pub status: StatusCode,
    /// What is wrong.
    pub error: OAuthError,
}

impl Form {
    /// The parameters.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn params(&self) -> Result<Params<'_>, OAuthError> {
        Params::parse(&self.0)
    }

    /// A form out of text, as if it were a body.
    #[must_use]
    pub fn of(text: impl Into<Bytes>) -> Self {
        Self(text.into())
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Reads a form.
///
/// # Errors
/// [`BadBody`]: 415 for another content type, 413 for more than 64 KiB, 408 past the deadline, 400 for a broken body.
pub async fn read_form(headers: &HeaderMap, body: Body) -> Result<Form, BadBody> {
    let bad = |status, text: &'static str| BadBody { status, error: OAuthError::invalid_request(text) };
    if !is_form(headers) {
        let text = "the body must be application/x-www-form-urlencoded";
        return Err(bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let limited = Limited::new(body, LARGEST_BODY).collect();
    let late = || bad(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
    match tokio::time::timeout(DEADLINE, limited).await {
        Err(_) => Err(late()),
        Ok(Err(error)) if Late::is_behind(&*error) => Err(late()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(bad(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 KiB"))
        }
        Ok(Err(_)) => Err(bad(StatusCode::BAD_REQUEST, "the body broke off")),
        Ok(Ok(collected)) => Ok(Form(collected.to_bytes())),
    }
}
