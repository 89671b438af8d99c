//! OAuth errors: a registered code and one sentence that a developer can act on. What only operators should know goes to
//! the log beside it, never in here.

use std::borrow::Cow;
use std::fmt;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal;)+) => {
        /// A registered error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant),+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as sent in `error`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The HTTP status of a JSON answer with this code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }
        }
    };
}

error_codes! {
    /// RFC 6749 §4.1.2.1, §5.2.
    InvalidRequest = "invalid_request", 400;
    /// RFC 6749 §5.2.
    InvalidClient = "invalid_client", 401;
    /// RFC 6749 §5.2.
    InvalidGrant = "invalid_grant", 400;
    /// RFC 6749 §5.2.
    UnauthorizedClient = "unauthorized_client", 400;
    /// RFC 6749 §5.2.
    UnsupportedGrantType = "unsupported_grant_type", 400;
    /// RFC 6749 §4.1.2.1.
    UnsupportedResponseType = "unsupported_response_type", 400;
    /// RFC 6749 §5.2.
    InvalidScope = "invalid_scope", 400;
    /// RFC 6749 §4.1.2.1.
    AccessDenied = "access_denied", 400;
    /// RFC 6749 §4.1.2.1.
    ServerError = "server_error", 500;
    /// RFC 6749 §4.1.2.1.
    TemporarilyUnavailable = "temporarily_unavailable", 503;
    /// RFC 8707 §2.
    InvalidTarget = "invalid_target", 400;
    /// OIDC Core 3.1.2.6.
    LoginRequired = "login_required", 400;
    /// OIDC Core 3.1.2.6.
    ConsentRequired = "consent_required", 400;
    /// OIDC Core 3.1.2.6.
    InteractionRequired = "interaction_required", 400;
    /// OIDC Core 3.1.2.6.
    RequestNotSupported = "request_not_supported", 400;
    /// OIDC Core 3.1.2.6.
    RequestUriNotSupported = "request_uri_not_supported", 400;
    /// OIDC Core Unmet Authentication Requirements 1.0.
    UnmetAuthenticationRequirements = "unmet_authentication_requirements", 400;
    /// RFC 8628 §3.5.
    AuthorizationPending = "authorization_pending", 400;
    /// RFC 8628 §3.5.
    SlowDown = "slow_down", 400;
    /// RFC 8628 §3.5.
    ExpiredToken = "expired_token", 400;
    /// RFC 6750 §3.1.
    InvalidToken = "invalid_token", 401;
    /// RFC 6750 §3.1.
    InsufficientScope = "insufficient_scope", 403;
    /// RFC 7009 §2.2.1.
    UnsupportedTokenType = "unsupported_token_type", 400;
}

/// An error that is sent to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// The registered code.
    pub code: ErrorCode,
    /// One sentence that a developer can act on, in characters that RFC 6749 §5.2 allows.
    pub description: Cow<'static, str>,
}

impl OAuthError {
    /// An error with its description. Characters that RFC 6749 does not allow in it become `'` or `?`.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        let fits = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
        if description.chars().all(fits) {
            return Self { code, description };
        }
        let clean = |c| {
            if fits(c) {
                c
            } else if c == '"' || c == '`' {
                '\''
            } else {
                '?'
            }
        };
        Self { code, description: description.chars().map(clean).collect::<String>().into() }
    }

    /// `invalid_request`.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// `invalid_grant`.
    pub fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidGrant, description)
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.description)
    }
}

impl std::error::Error for OAuthError {}

/// Cuts what someone sent to a length that an answer may repeat.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}
