//! What a handler knows of its request: the server, the Snapshot it is judged by from its beginning to its end, the time,
//! the peer and the request's id.

use crate::app::App;
use crate::pages::Locale;
use crate::serving::Serving;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use http::{HeaderMap, Method};
use nauthera_core::oauth::OAuthError;
use nauthera_core::time::UnixTime;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// A request's id, shown to people and written to the log: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Where a request comes from: the peer, or whom a trusted proxy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// What a handler knows of its request.
pub struct Context {
    /// The server.
    pub app: Arc<App>,
    /// The Snapshot that this request is judged by.
    pub serving: Arc<Serving>,
    /// When it arrived.
    pub now: UnixTime,
    /// Its id.
    pub id: RequestId,
    /// Where it comes from.
    pub peer: PeerAddress,
    /// Its method.
    pub method: Method,
    /// Its query, as sent.
    pub query: Option<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// When it arrived, by the clock for measuring.
    pub began: Duration,
    /// Its span, of no use and no cost where nothing is traced.
    pub span: tracing::Span,
}

tokio::task_local! {
    /// The request that this task answers.
    static ANSWERING: RequestId;
}

impl RequestId {
    /// The request that is being answered where this is called: every line of the log that is written there is about it.
    #[must_use]
    pub fn current() -> Option<Self> {
        ANSWERING.try_with(|id| *id).ok()
    }

    /// Answers a request, known to [`Self::current`] meanwhile.
    pub(super) fn during<T>(self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        ANSWERING.scope(self, work)
    }
}

impl Context {
    /// The `Authorization` header as sent.
    ///
    /// # Errors
    /// `invalid_request` where several are: which of them counts must not be anyone's guess.
    pub fn authorization(&self) -> Result<Option<&[u8]>, OAuthError> {
        let mut all = self.headers.get_all(AUTHORIZATION).iter();
        let first = all.next().map(http::HeaderValue::as_bytes);
        if all.next().is_some() {
            return Err(OAuthError::invalid_request("the Authorization header is sent twice"));
        }
        Ok(first)
    }

    /// How long it has taken so far.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.app.monotonic().saturating_sub(self.began)
    }

    /// The language of pages: `ui_locales` first, that of the address where the caller knows none, then what the browser says.
    #[must_use]
    pub fn locale(&self, ui_locales: Option<&str>) -> Locale {
        let accepted = self.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        if ui_locales.is_some() {
            return Locale::negotiate(ui_locales, accepted);
        }
        let query = self.query.as_deref().unwrap_or_default().as_bytes();
        let asked = url::form_urlencoded::parse(query).find(|(name, _)| name == "ui_locales");
        Locale::negotiate(asked.as_ref().map(|(_, value)| &**value), accepted)
    }
}
