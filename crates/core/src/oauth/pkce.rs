//! PKCE (RFC 7636): S256 and nothing else.

use super::error::OAuthError;
use super::params::Params;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Reads the challenge of an authorization request.
///
/// # Errors
/// `invalid_request` for `plain`, also by default, for a malformed challenge, and for a missing one where `required`.
pub fn challenge(params: &Params<'_>, required: bool) -> Result<Option<String>, OAuthError> {
    let method = params.get("code_challenge_method");
    match (params.get("code_challenge"), method) {
        (Some(challenge), Some("S256")) if is_digest(challenge) => Ok(Some(challenge.to_owned())),
        (Some(_), Some("S256")) => Err(OAuthError::invalid_request(
            "code_challenge is not 43 characters of base64url (RFC 7636 section 4.2)",
        )),
        (Some(_), _) => {
            Err(OAuthError::invalid_request("code_challenge_method must be S256; plain is never accepted"))
        }
        (None, Some(_)) => Err(OAuthError::invalid_request("code_challenge_method without code_challenge")),
        (None, None) if required => {
            Err(OAuthError::invalid_request("code_challenge is missing: this client must use PKCE with S256"))
        }
        (None, None) => Ok(None),
    }
}

fn is_digest(challenge: &str) -> bool {
    challenge.len() == 43 && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Does the verifier prove the challenge? A challenge must be proved, and a verifier without a challenge is refused, so that a
/// request that was stripped of its challenge is noticed (RFC 9700 §2.1.1).
///
/// # Errors
/// `invalid_grant`.
pub fn verify(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), OAuthError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(OAuthError::invalid_grant("code_verifier is missing")),
        (None, Some(_)) => {
            Err(OAuthError::invalid_grant("code_verifier is sent, and the request had no code_challenge"))
        }
        (Some(challenge), Some(verifier)) => {
            let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
            // The challenge went through the browser, so comparing it in constant time would hide nothing.
            let fits = (43..=128).contains(&verifier.len()) && computed == challenge;
            fits.then_some(())
                .ok_or_else(|| OAuthError::invalid_grant("code_verifier does not match code_challenge"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_verifies() {
        assert!(verify(Some(CHALLENGE), Some(VERIFIER)).is_ok());
        assert!(verify(Some(CHALLENGE), Some(&VERIFIER.replace('d', "e"))).is_err());
        assert!(verify(Some(CHALLENGE), None).is_err());
        assert!(verify(None, Some(VERIFIER)).is_err());
        assert!(verify(None, None).is_ok());
    }

    #[test]
    fn plain_is_refused_named_or_by_default() {
        for query in ["code_challenge=x&code_challenge_method=plain", &format!("code_challenge={CHALLENGE}")]
        {
            assert!(challenge(&Params::parse(query.as_bytes()).unwrap(), false).is_err(), "{query}");
        }
    }

    #[test]
    fn a_missing_challenge_matters_only_where_required() {
        assert_eq!(challenge(&Params::default(), false), Ok(None));
        assert!(challenge(&Params::default(), true).is_err());
    }
}
