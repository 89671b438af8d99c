//! Where the server itself tells a client that a session has ended (OIDC Back-Channel Logout 1.0 §2.2). No browser and no code
//! goes there, so policies' `allowedHosts` do not judge it; which addresses may be called at all is the caller's to hold.

use super::{BadUri, is_loopback, plain_url};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A back-channel logout URI: https; http only to a loopback address or `localhost`, for an application on a laptop.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackChannelUri(Arc<str>);

impl BackChannelUri {
    /// Judges one.
    ///
    /// # Errors
    /// [`BadUri`], which says what to write instead.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        let url = plain_url(text)?;
        if text.contains('*') {
            return Err(BadUri::Wildcard);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(BadUri::PublicHttp),
            other => return Err(BadUri::Scheme(other.into())),
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(BadUri::NotAbsolute);
        }
        Ok(Self(text.into()))
    }

    /// The URI as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BackChannelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BackChannelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl TryFrom<String> for BackChannelUri {
    type Error = BadUri;
    fn try_from(text: String) -> Result<Self, BadUri> {
        Self::parse(&text)
    }
}

impl From<BackChannelUri> for String {
    fn from(uri: BackChannelUri) -> Self {
        (&*uri.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_taken_anywhere_and_http_on_this_machine() {
        for good in [
            "https://shop.example.com/oidc/logout?tenant=1",
            "https://web.shop.svc/logout",
            "http://127.0.0.1:3000/logout",
            "http://localhost/logout",
            "http://[::1]:3000/logout",
        ] {
            assert_eq!(BackChannelUri::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn anything_else_says_why_not() {
        let bad = |text: &str| BackChannelUri::parse(text).unwrap_err();
        assert_eq!(bad("http://shop.example.com/logout"), BadUri::PublicHttp);
        assert_eq!(bad("https://shop.example.com/logout#x"), BadUri::Fragment);
        assert_eq!(bad("https://u:p@shop.example.com/logout"), BadUri::UserInfo);
        assert_eq!(bad("https://*.example.com/logout"), BadUri::Wildcard);
        assert_eq!(bad("com.example.app:/logout"), BadUri::Scheme("com.example.app".into()));
        assert_eq!(bad("/logout"), BadUri::NotAbsolute);
        assert_eq!(bad(&format!("https://a.example/{}", "x".repeat(2_048))), BadUri::TooLong);
    }
}
