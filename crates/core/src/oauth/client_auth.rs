//! How a client presents itself (RFC 6749 §2.3, RFC 7523): exactly one way a request, and only the client's own.

use super::error::{ErrorCode, OAuthError};
use super::params::Params;
use crate::grant::AuthMethod;
use crate::snapshot::Row;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::borrow::Cow;

/// `client_assertion_type` of JWT assertions (RFC 7523 §2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a request presents, before anything of it is believed.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented<'a> {
    /// An id alone.
    Id(&'a str),
    /// HTTP Basic.
    Basic(Cow<'a, str>, Cow<'a, str>),
    /// Id and secret in the body.
    Post(&'a str, &'a str),
    /// A signed assertion, with the id if it is sent beside it.
    Assertion(Option<&'a str>, &'a str),
}

fn invalid_client(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, description)
}

/// The one answer to a client that is unknown or does not prove who it is: which of both is not told.
#[must_use]
pub fn failed() -> OAuthError {
    invalid_client("client authentication failed: unknown client, wrong method or wrong credentials")
}

/// Reads how a request presents its client. `authorization` is the header as sent.
///
/// # Errors
/// `invalid_request` for more than one way at once; `invalid_client` for none and for what cannot be read.
pub fn presented<'a>(
    authorization: Option<&[u8]>,
    params: &'a Params<'_>,
) -> Result<Presented<'a>, OAuthError> {
    let secret = params.get("client_secret");
    let assertion = params.get("client_assertion");
    let id = params.get("client_id");
    let ways = usize::from(authorization.is_some())
        + usize::from(secret.is_some())
        + usize::from(assertion.is_some() || params.get("client_assertion_type").is_some());
    if ways > 1 {
        return Err(OAuthError::invalid_request(
            "the client authenticates in more than one way: use exactly one",
        ));
    }
    if let Some(header) = authorization {
        let (basic_id, secret) = basic(header)?;
        if id.is_some_and(|id| id != basic_id) {
            return Err(OAuthError::invalid_request(
                "client_id in the body is not the one in the Authorization header",
            ));
        }
        return Ok(Presented::Basic(basic_id.into(), secret.into()));
    }
    match (id, secret, assertion) {
        (id, None, Some(assertion)) if params.get("client_assertion_type") == Some(JWT_BEARER) => {
            Ok(Presented::Assertion(id, assertion))
        }
        (_, None, Some(_)) => {
            Err(OAuthError::invalid_request("client_assertion_type must be that of RFC 7523"))
        }
        (Some(id), Some(secret), None) => Ok(Presented::Post(id, secret)),
        (Some(id), None, None) => Ok(Presented::Id(id)),
        _ => Err(invalid_client("no client authentication and no client_id is sent")),
    }
}

/// User name and password of HTTP Basic, each form-urlencoded inside (RFC 6749 §2.3.1).
fn basic(header: &[u8]) -> Result<(String, String), OAuthError> {
    let bad = || {
        invalid_client("the Authorization header is not Basic with a form-urlencoded client id and secret")
    };
    let text = std::str::from_utf8(header).map_err(|_| bad())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(bad)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(bad());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| bad())?;
    let decoded = String::from_utf8(decoded).map_err(|_| bad())?;
    let (id, secret) = decoded.split_once(':').ok_or_else(bad)?;
    Ok((form_decoded(id).ok_or_else(bad)?, form_decoded(secret).ok_or_else(bad)?))
}

fn form_decoded(part: &str) -> Option<String> {
    if !part.bytes().any(|b| matches!(b, b'+' | b'%')) {
        return Some(part.to_owned());
    }
    let spaced = part.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

impl Presented<'_> {
    /// Is this the client's own method? Which of both assertion kinds one is, its client's settings say.
    #[must_use]
    pub fn is_of(&self, row: &Row) -> bool {
        let method = row.authentication.method;
        match self {
            Self::Id(_) => method == AuthMethod::None,
            Self::Basic(..) => method == AuthMethod::ClientSecretBasic,
            Self::Post(..) => method == AuthMethod::ClientSecretPost,
            Self::Assertion(..) => {
                matches!(method, AuthMethod::PrivateKeyJwt | AuthMethod::KubernetesServiceAccount)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(user: &str) -> String {
        format!("Basic {}", STANDARD.encode(user))
    }

    #[test]
    fn basic_parts_are_form_urlencoded() {
        let basic = header("shop%2Eweb:a+b%3A:c");
        let params = Params::default();
        let presented = presented(Some(basic.as_bytes()), &params).unwrap();
        assert!(presented == Presented::Basic("shop.web".into(), "a b::c".into()));
    }

    #[test]
    fn two_ways_at_once_are_refused() {
        let params = Params::parse(b"client_id=a&client_secret=b").unwrap();
        let both = presented(Some(header("a:b").as_bytes()), &params);
        assert_eq!(both.err().unwrap().code, ErrorCode::InvalidRequest);
    }

    #[test]
    fn malformed_headers_are_invalid_client() {
        let params = Params::default();
        for bad in ["", "Basic", "Basic !!!", "Bearer x", &header("nocolon"), &header("a:%ff")] {
            assert_eq!(
                presented(Some(bad.as_bytes()), &params).err().unwrap().code,
                ErrorCode::InvalidClient,
                "{bad}"
            );
        }
    }

    #[test]
    fn an_assertion_needs_its_type() {
        let params = Params::parse(b"client_id=a&client_assertion=x").unwrap();
        assert!(presented(None, &params).is_err());
        assert_eq!(presented(None, &Params::default()).err().unwrap().code, ErrorCode::InvalidClient);
    }
}
