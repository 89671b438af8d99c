//! Answers: JSON for programs, pages for people, redirects for both; and the one place where errors become them.

use super::context::{Context, RequestId};
use super::form::BadBody;
use crate::pages::{Chrome, ErrorKind, ErrorPage, Locale, csp};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, LOCATION, PRAGMA, REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use nauthera_core::oauth::{ErrorCode, OAuthError};
use nauthera_store::StoreError;

/// Seconds after which a client may try again when the database is away.
const RETRY_SECONDS: u64 = 2;

/// Why a request is not answered as asked: a public half for the client, a private one for the log.
#[derive(Debug)]
pub enum Failure {
    /// An OAuth error.
    OAuth(OAuthError),
    /// Too much of it: the same may be asked again after so many seconds.
    Limited {
        /// The value of `Retry-After`.
        seconds: u64,
        /// What is told.
        error: OAuthError,
    },
    /// A body that was not read.
    Body(StatusCode, OAuthError),
    /// The store.
    Store(StoreError),
    /// Something of ours; the text is for the log alone.
    Internal(String),
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<BadBody> for Failure {
    fn from(bad: BadBody) -> Self {
        Self::Body(bad.status, bad.error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<crate::keys::KeyError> for Failure {
    fn from(error: crate::keys::KeyError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl Failure {
    /// Status and public error.
    fn public(&self) -> (StatusCode, OAuthError) {
        match self {
            Self::OAuth(error) => {
                (StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST), error.clone())
            }
            Self::Limited { error, .. } => (StatusCode::TOO_MANY_REQUESTS, error.clone()),
            Self::Body(status, error) => (*status, error.clone()),
            Self::Store(StoreError::Unavailable(_)) => {
                let text = "the database is away: try again in a moment";
                (StatusCode::SERVICE_UNAVAILABLE, OAuthError::new(ErrorCode::TemporarilyUnavailable, text))
            }
            Self::Store(StoreError::Corrupt(_)) | Self::Internal(_) => {
                let text = "the server failed; its log has the request id";
                (StatusCode::INTERNAL_SERVER_ERROR, OAuthError::new(ErrorCode::ServerError, text))
            }
        }
    }

    /// Its public error code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::OAuth(error) | Self::Body(_, error) | Self::Limited { error, .. } => error.code,
            Self::Store(StoreError::Unavailable(_)) => ErrorCode::TemporarilyUnavailable,
            Self::Store(StoreError::Corrupt(_)) | Self::Internal(_) => ErrorCode::ServerError,
        }
    }

    fn log(&self) {
        match self {
            Self::OAuth(error) | Self::Body(_, error) | Self::Limited { error, .. } => {
                tracing::debug!(%error, "refused");
            }
            Self::Store(error) => tracing::warn!(%error, "store"),
            Self::Internal(error) => tracing::error!(error, "internal"),
        }
    }

    /// Seconds after which the same may succeed, where waiting is what helps.
    const fn retry_after(&self, status: StatusCode) -> Option<u64> {
        match (self, status) {
            (Self::Limited { seconds, .. }, _) => Some(*seconds),
            (_, StatusCode::SERVICE_UNAVAILABLE) => Some(RETRY_SECONDS),
            _ => None,
        }
    }

    /// The failure as the OAuth error that a redirect carries.
    #[must_use]
    pub fn as_oauth(&self) -> OAuthError {
        self.public().1
    }

    /// The failure as a JSON answer (RFC 6749 §5.2).
    #[must_use]
    pub fn into_json(self, id: RequestId) -> Response {
        self.log();
        let (status, error) = self.public();
        let body = serde_json::json!({
            "error": error.code.as_str(),
            "error_description": error.description,
            "request_id": id.to_string(),
        });
        let mut response = json(status, body.to_string());
        if let Some(seconds) = self.retry_after(status) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if error.code == ErrorCode::InvalidClient {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"nauthera\""));
        }
        response
    }

    /// The failure as a page, in the language of the browser.
    #[must_use]
    pub fn into_page(self, context: &Context) -> Response {
        self.log();
        let locale = context.locale(None);
        let (status, error) = self.public();
        let wait = self.retry_after(status);
        let kind = match status {
            _ if let Some(retry_after_seconds) = wait => ErrorKind::Unavailable { retry_after_seconds },
            StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::TooLarge,
            StatusCode::INTERNAL_SERVER_ERROR => ErrorKind::Internal,
            _ => ErrorKind::BadRequest,
        };
        let failure = PageFailure { status, kind, error: Some(error) };
        let mut response = failure.into_response(context, locale);
        if let Some(seconds) = wait {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An error page with its status.
pub struct PageFailure {
    /// The status.
    pub status: StatusCode,
    /// What people are told.
    pub kind: ErrorKind,
    /// What developers are told.
    pub error: Option<OAuthError>,
}

impl PageFailure {
    /// Renders it.
    #[must_use]
    pub fn into_response(self, context: &Context, locale: Locale) -> Response {
        let chrome = context.serving.chrome(locale);
        let view = ErrorPage {
            kind: self.kind,
            error: self.error.as_ref().map(|error| error.code.as_str().to_owned()),
            description: self.error.map(|error| error.description.into_owned()).unwrap_or_default(),
            request_id: context.id.to_string(),
        };
        page(self.status, view.render(&chrome), &chrome, &[])
    }
}

/// Room for the headers of a JSON answer, so that the map is made once.
const USUAL_HEADERS: usize = 12;
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A JSON answer that no cache keeps.
#[must_use]
pub fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::with_capacity(USUAL_HEADERS);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    response
}

/// A page; `form_action` are the places beside ourselves to which its forms lead.
#[must_use]
pub fn page(status: StatusCode, html: String, chrome: &Chrome, form_action: &[&str]) -> Response {
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if let Ok(policy) = HeaderValue::from_str(&csp(chrome, form_action)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A redirect: 303, so that what was posted is never posted again elsewhere.
#[must_use]
pub fn redirect(location: &str) -> Response {
    let mut response = Response::new(Body::empty());
    match HeaderValue::from_str(location) {
        Ok(location) => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(LOCATION, location);
        }
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Lets scripts of any origin read the answer, without credentials.
#[must_use]
pub fn cors(mut response: Response) -> Response {
    const EXPOSED: HeaderName = ACCESS_CONTROL_EXPOSE_HEADERS;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(EXPOSED, HeaderValue::from_static("WWW-Authenticate, X-Request-Id"));
    response
}
