//! The routes: one table of endpoints, and the service that leads each request to its own. The issuer's path is taken off
//! first, so that a Snapshot with another one needs no new routes.

use super::answer::{Failure, PageFailure, cors};
use super::context::{Context, PeerAddress, RequestId};
use crate::app::App;
use crate::endpoints::{
    account, authorize, consent, device, device_page, discovery, introspect, jwks, login, logout, par,
    revoke, statics, token, userinfo,
};
use crate::pages::ErrorKind;
use crate::spans;
use axum::body::Body;
use axum::response::Response;
use futures::FutureExt;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ALLOW, HOST,
    STRICT_TRANSPORT_SECURITY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version};
use nauthera_core::oauth::OAuthError;
use std::borrow::Cow;
use std::future::{Future, ready};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::Instrument;

/// How long a request may take from its first byte here to its answer.
const DEADLINE: Duration = Duration::from_secs(30);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Everything that can be asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// OIDC and RFC 8414 metadata.
    Discovery,
    /// Public keys.
    Jwks,
    /// RFC 6749 §3.1.
    Authorize,
    /// RFC 6749 §3.2.
    Token,
    /// OIDC Core 5.3.
    Userinfo,
    /// RFC 7662.
    Introspect,
    /// RFC 7009.
    Revoke,
    /// RFC 9126.
    Par,
    /// RFC 8628 §3.1.
    DeviceAuthorization,
    /// Where people type a user code.
    DevicePage,
    /// OIDC RP-Initiated Logout.
    Logout,
    /// The login page.
    Login,
    /// The consent page.
    Consent,
    /// The account page.
    Account,
    /// Stylesheets, scripts.
    Asset,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 15] = [
        Self::Discovery,
        Self::Jwks,
        Self::Authorize,
        Self::Token,
        Self::Userinfo,
        Self::Introspect,
        Self::Revoke,
        Self::Par,
        Self::DeviceAuthorization,
        Self::DevicePage,
        Self::Logout,
        Self::Login,
        Self::Consent,
        Self::Account,
        Self::Asset,
    ];

    /// The endpoint at a path below the issuer.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/oauth2/token" => Self::Token,
            "/oauth2/authorize" => Self::Authorize,
            "/oauth2/introspect" => Self::Introspect,
            "/oauth2/userinfo" => Self::Userinfo,
            "/oauth2/jwks" => Self::Jwks,
            "/oauth2/revoke" => Self::Revoke,
            "/oauth2/par" => Self::Par,
            "/oauth2/device_authorization" => Self::DeviceAuthorization,
            "/oauth2/logout" => Self::Logout,
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
                Self::Discovery
            }
            "/login" => Self::Login,
            "/consent" => Self::Consent,
            "/device" => Self::DevicePage,
            "/account" => Self::Account,
            _ if path.starts_with("/assets/") => Self::Asset,
            _ => return None,
        })
    }

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Jwks => "jwks",
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
            Self::Par => "par",
            Self::DeviceAuthorization => "device_authorization",
            Self::DevicePage => "device",
            Self::Logout => "logout",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::Account => "account",
            Self::Asset => "asset",
        }
    }

    const fn allows(self, method: &Method) -> bool {
        let get = matches!(*method, Method::GET | Method::HEAD);
        let post = matches!(*method, Method::POST);
        match self {
            Self::Discovery | Self::Jwks | Self::Asset => get,
            Self::Token | Self::Introspect | Self::Revoke | Self::Par | Self::DeviceAuthorization => post,
            // Their GET may issue a code, spend a pushed request or end a session: who asks for headers alone wants none of it.
            Self::Authorize | Self::Login | Self::Consent | Self::Logout => {
                matches!(*method, Method::GET | Method::POST)
            }
            _ => get || post,
        }
    }

    const fn allow_header(self) -> &'static str {
        match self {
            Self::Discovery | Self::Jwks => "GET, HEAD, OPTIONS",
            Self::Asset => "GET, HEAD",
            Self::Token | Self::Revoke | Self::Par => "POST, OPTIONS",
            Self::Introspect | Self::DeviceAuthorization => "POST",
            Self::Userinfo => "GET, HEAD, POST, OPTIONS",
            Self::Authorize | Self::Login | Self::Consent | Self::Logout => "GET, POST",
            _ => "GET, HEAD, POST",
        }
    }

    /// May scripts of any origin call it?
    const fn is_cross_origin(self) -> bool {
        matches!(self, Self::Discovery | Self::Jwks | Self::Token | Self::Revoke | Self::Userinfo | Self::Par)
    }

    /// Does it answer people?
    const fn is_page(self) -> bool {
        matches!(
            self,
            Self::Authorize
                | Self::Login
                | Self::Consent
                | Self::Account
                | Self::DevicePage
                | Self::Logout
                | Self::Asset
        )
    }
}

/// Answers requests of one peer.
#[derive(Clone)]
pub struct Service {
    app: Arc<App>,
    peer: PeerAddress,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// Ids that differ within a process and hardly ever between two: a counter, stirred.
fn request_id(app: &App) -> RequestId {
    let count = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let seed = u64::try_from(app.now().0).unwrap_or_default() << 24;
    RequestId((seed ^ count).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23))
}

/// Takes the issuer's path off a request's path; both well-known forms (RFC 8414 §3.1) lead to the same place.
fn below_issuer<'a>(path: &'a str, base: &str) -> Option<Cow<'a, str>> {
    if base.is_empty() {
        return Some(Cow::Borrowed(path));
    }
    if let Some(rest) = path.strip_prefix(base).filter(|rest| rest.starts_with('/')) {
        return Some(Cow::Borrowed(rest));
    }
    let inserted = path.strip_suffix(base).filter(|rest| rest.starts_with("/.well-known/"));
    inserted.map(Cow::Borrowed)
}

impl Service {
    /// A service for requests of this peer.
    #[must_use]
    pub const fn new(app: Arc<App>, peer: PeerAddress) -> Self {
        Self { app, peer }
    }

    /// Answers one request. Never fails, never panics, ends within 30 seconds.
    pub async fn answer(&self, request: Request<Body>) -> Response {
        let id = request_id(&self.app);
        id.during(self.answer_as(id, request)).await
    }

    async fn answer_as(&self, id: RequestId, request: Request<Body>) -> Response {
        let began = self.app.monotonic();
        let serving = self.app.serving();
        let endpoint =
            below_issuer(request.uri().path(), serving.base()).and_then(|path| Endpoint::at(&path));
        let secure = serving.issuer().is_https();
        let (parts, body) = request.into_parts();
        let fault = host_fault(parts.version, &parts.headers);
        let span = spans::request(endpoint, &parts.method, &parts.headers, id);
        let context = Context {
            now: self.app.now(),
            id,
            peer: self.peer,
            method: parts.method,
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            app: self.app.clone(),
            serving,
            began,
            span: span.clone(),
        };
        let path = parts.uri;
        let work = async {
            match fault {
                Some(fault) => Failure::from(OAuthError::invalid_request(fault)).into_json(id),
                None => self.routed(endpoint, context, path.path(), body).await,
            }
        };
        let work = AssertUnwindSafe(work).catch_unwind().instrument(span.clone());
        let mut response = match tokio::time::timeout(DEADLINE, work).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => Failure::Internal("a handler panicked".into()).into_json(id),
            Err(_) => {
                Failure::Store(nauthera_store::StoreError::Unavailable("deadline".into())).into_json(id)
            }
        };
        if endpoint.is_some_and(Endpoint::is_cross_origin) {
            // Errors too: a script that cannot read why it was refused cannot do better.
            response = cors(response);
        }
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        if secure {
            // Other hosts below this one are not ours to decide about.
            let value = HeaderValue::from_static("max-age=31536000");
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, value);
        }
        spans::answered(&span, response.status());
        self.app.metrics.answered(endpoint, response.status(), self.app.monotonic().saturating_sub(began));
        response
    }

    async fn routed(&self, endpoint: Option<Endpoint>, context: Context, path: &str, body: Body) -> Response {
        let Some(endpoint) = endpoint else {
            let locale = context.locale(None);
            return PageFailure { status: StatusCode::NOT_FOUND, kind: ErrorKind::NotFound, error: None }
                .into_response(&context, locale);
        };
        if context.method == Method::OPTIONS && endpoint.is_cross_origin() {
            return preflight(endpoint);
        }
        if !endpoint.allows(&context.method) {
            return wrong_method(endpoint, &context);
        }
        dispatch(endpoint, context, path, body).await
    }
}

/// What is wrong with the `Host` headers of a request (RFC 9112 section 3.2). In HTTP/2 there need be none.
fn host_fault(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    match headers.get_all(HOST).iter().count() {
        0 if version == Version::HTTP_11 => Some("there is no Host header"),
        0 | 1 => None,
        // What two of them mean is for nobody to guess.
        _ => Some("there are two Host headers"),
    }
}

/// An answer on its way. Each endpoint's is boxed by itself, so that a token is not carried through the memory that a login page
/// needs.
type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

fn dispatch(endpoint: Endpoint, context: Context, path: &str, body: Body) -> Answering {
    match endpoint {
        Endpoint::Token => Box::pin(token::answer(context, body)),
        Endpoint::Authorize => Box::pin(authorize::answer(context, body)),
        Endpoint::Introspect => Box::pin(introspect::answer(context, body)),
        Endpoint::Userinfo => Box::pin(userinfo::answer(context, body)),
        Endpoint::Jwks => Box::pin(ready(jwks::answer(&context))),
        Endpoint::Discovery => Box::pin(ready(discovery::answer(&context))),
        Endpoint::Revoke => Box::pin(revoke::answer(context, body)),
        Endpoint::Par => Box::pin(par::answer(context, body)),
        Endpoint::DeviceAuthorization => Box::pin(device::answer(context, body)),
        Endpoint::DevicePage => Box::pin(device_page::answer(context, body)),
        Endpoint::Logout => Box::pin(logout::answer(context, body)),
        Endpoint::Login => Box::pin(login::answer(context, body)),
        Endpoint::Consent => Box::pin(consent::answer(context, body)),
        Endpoint::Account => Box::pin(account::answer(context, body)),
        Endpoint::Asset => Box::pin(ready(statics::answer(&context, path))),
    }
}

fn preflight(endpoint: Endpoint) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(endpoint.allow_header()));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization, Content-Type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    response
}

fn wrong_method(endpoint: Endpoint, context: &Context) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let error = OAuthError::invalid_request(format!("this endpoint takes {}", endpoint.allow_header()));
    let mut response = if endpoint.is_page() {
        let failure = PageFailure { status, kind: ErrorKind::MethodNotAllowed, error: Some(error) };
        failure.into_response(context, context.locale(None))
    } else {
        Failure::Body(status, error).into_json(context.id)
    };
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(endpoint.allow_header()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_well_known_forms_lead_to_discovery() {
        let at = |path| below_issuer(path, "/tenant").and_then(|path| Endpoint::at(&path));
        assert_eq!(at("/tenant/.well-known/openid-configuration"), Some(Endpoint::Discovery));
        assert_eq!(at("/.well-known/oauth-authorization-server/tenant"), Some(Endpoint::Discovery));
        assert_eq!(at("/tenant/oauth2/token"), Some(Endpoint::Token));
        assert_eq!(at("/oauth2/token"), None);
        assert_eq!(at("/tenantx/oauth2/token"), None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Endpoint::ALL.iter().map(|endpoint| endpoint.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Endpoint::ALL.len());
    }
}
