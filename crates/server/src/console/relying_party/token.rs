//! What a token says, and whether a relying party may believe it: the checks of OIDC Core 3.1.3.7 and RFC 9068 §4, with the keys that the
//! provider publishes and no others.

use super::call::pretty;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use nauthera_core::time::{Seconds, UnixTime};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

/// Claims that are moments.
const MOMENTS: [&str; 4] = ["iat", "auth_time", "nbf", "exp"];

/// What a relying party knows, and judges a token by.
pub struct Expected<'a> {
    /// The provider's published keys.
    pub keys: &'a JwkSet,
    /// The issuer.
    pub issuer: &'a str,
    /// Now.
    pub now: UnixTime,
    /// What kind of token it is.
    pub kind: Kind<'a>,
}

/// What kind of token is judged.
pub enum Kind<'a> {
    /// An access token (RFC 9068) of this client.
    Access(&'a str),
    /// An ID token.
    Id {
        /// The client, which must be its audience.
        client_id: &'a str,
        /// The `nonce` that was sent, where one was.
        nonce: Option<&'a str>,
        /// The access token that came with it, where that is still known.
        access: Option<&'a str>,
    },
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Is it as it should be?
    pub good: bool,
    /// What was looked at.
    pub text: String,
}

/// A token taken apart.
pub struct Decoded {
    /// As it was received.
    pub raw: String,
    /// The header, as JSON.
    pub header: String,
    /// The claims, as JSON.
    pub claims: String,
    /// Claims that are moments, in words.
    pub moments: Vec<(&'static str, String)>,
    /// What was checked.
    pub checks: Vec<Check>,
}

impl Decoded {
    /// Is all of it as it should be?
    pub fn is_good(&self) -> bool {
        self.checks.iter().all(|check| check.good)
    }
}

/// Takes a token apart and judges it.
pub fn decoded(token: &str, expected: &Expected<'_>) -> Decoded {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    });
    let header = parts.next().flatten().unwrap_or_default();
    let claims = parts.next().flatten().unwrap_or_default();
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let check = |good: bool, text: String| Check { good, text };
    let mut checks = vec![
        signature(token, expected.keys),
        check(text("iss") == expected.issuer, format!("issuer is {}", expected.issuer)),
        expiry(&claims, expected.now),
    ];
    match expected.kind {
        Kind::Access(client_id) => {
            let typ = header.get("typ").and_then(Value::as_str) == Some("at+jwt");
            checks.push(check(typ, "type is at+jwt".to_owned()));
            checks.push(check(text("client_id") == client_id, format!("issued to {client_id}")));
        }
        Kind::Id { client_id, nonce, access } => {
            checks.push(check(text("aud") == client_id, format!("audience is {client_id}")));
            checks.extend(
                nonce.map(|nonce| check(text("nonce") == nonce, "nonce is the one that was sent".into())),
            );
            let hash = text("at_hash");
            if let Some(access) = access.filter(|_| !hash.is_empty()) {
                let fits = access_hash(&header, access).is_some_and(|computed| computed == hash);
                checks.push(check(fits, "at_hash is that of the access token".to_owned()));
            }
        }
    }
    let moments = MOMENTS.iter().filter_map(|name| {
        let at = claims.get(*name)?.as_i64()?;
        Some((*name, super::super::layout::moment(at)))
    });
    Decoded {
        raw: token.to_owned(),
        moments: moments.collect(),
        header: pretty(&header),
        claims: pretty(&claims),
        checks,
    }
}

fn signature(token: &str, keys: &JwkSet) -> Check {
    let header = decode_header(token).ok();
    let kid = header.as_ref().and_then(|header| header.kid.clone()).unwrap_or_default();
    let key = keys.find(&kid);
    let good = key.zip(header).is_some_and(|(key, header)| verifies(token, key, header.alg));
    let text = if good {
        format!("signature verified with key {kid} of the JWK Set")
    } else {
        "signature does not verify with the JWK Set".to_owned()
    };
    Check { good, text }
}

/// The algorithm is the published key's, never the token's own choice.
fn verifies(token: &str, key: &Jwk, algorithm: Algorithm) -> bool {
    let named = key.common.key_algorithm.map(|named| named.to_string());
    if named != Some(format!("{algorithm:?}")) {
        return false;
    }
    let mut validation = Validation::new(algorithm);
    // Only the signature is judged here; the claims are judged one by one, so that each can be shown.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    DecodingKey::from_jwk(key).is_ok_and(|key| decode::<Value>(token, &key, &validation).is_ok())
}

fn expiry(claims: &Value, now: UnixTime) -> Check {
    let Some(at) = claims.get("exp").and_then(Value::as_i64).map(UnixTime) else {
        return Check { good: false, text: "it has no expiry".to_owned() };
    };
    let good = now < at;
    let text =
        if good { format!("expires in {}", lasting(at.since(now))) } else { "it has expired".to_owned() };
    Check { good, text }
}

/// A duration in its two largest units.
fn lasting(left: Seconds) -> String {
    let seconds = left.get();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `at_hash` (OIDC Core 3.1.3.6): the left half of the hash that belongs to the signature's algorithm.
fn access_hash(header: &Value, access: &str) -> Option<String> {
    let hash = match header.get("alg")?.as_str()? {
        "EdDSA" => Sha512::digest(access).to_vec(),
        _ => Sha256::digest(access).to_vec(),
    };
    hash.get(..hash.len() / 2).map(|half| URL_SAFE_NO_PAD.encode(half))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{SigningKey, TokenType};
    use nauthera_core::grant::SigningAlgorithm;
    use nauthera_core::oauth::keyring::KeyTimes;

    fn key(algorithm: SigningAlgorithm) -> SigningKey {
        let times = KeyTimes {
            algorithm,
            active_from: UnixTime(0),
            retired_at: None,
            longest_token: Seconds::hours(1),
        };
        SigningKey::generate(times).unwrap()
    }

    fn set(key: &SigningKey) -> JwkSet {
        serde_json::from_value(serde_json::json!({ "keys": [key.jwk] })).unwrap()
    }

    fn judged(token: &str, keys: &JwkSet) -> Decoded {
        let kind = Kind::Id { client_id: "shop.web", nonce: Some("n"), access: Some("at") };
        decoded(token, &Expected { keys, issuer: "https://id.example", now: UnixTime(100), kind })
    }

    fn claims(exp: i64, nonce: &str) -> Vec<u8> {
        let claims =
            serde_json::json!({"iss": "https://id.example", "aud": "shop.web", "exp": exp, "nonce": nonce});
        claims.to_string().into_bytes()
    }

    #[test]
    fn a_good_token_passes_every_check_in_each_algorithm() {
        for algorithm in SigningAlgorithm::ALL {
            let key = key(*algorithm);
            let token = key.sign(TokenType::Id, &claims(200, "n")).unwrap();
            let decoded = judged(&token, &set(&key));
            assert!(decoded.is_good(), "{algorithm}: {:?}", decoded.checks);
            assert!(decoded.claims.contains("\"aud\": \"shop.web\""));
        }
    }

    #[test]
    fn each_fault_is_found() {
        let own = key(SigningAlgorithm::Es256);
        let bad = |token: &str, keys: &JwkSet| {
            judged(token, keys)
                .checks
                .into_iter()
                .filter(|check| !check.good)
                .map(|check| check.text)
                .collect::<Vec<_>>()
        };
        let expired = own.sign(TokenType::Id, &claims(100, "n")).unwrap();
        assert_eq!(bad(&expired, &set(&own)), ["it has expired"]);
        let replayed = own.sign(TokenType::Id, &claims(200, "other")).unwrap();
        assert_eq!(bad(&replayed, &set(&own)), ["nonce is the one that was sent"]);
        let other = set(&key(SigningAlgorithm::Es256));
        let good = own.sign(TokenType::Id, &claims(200, "n")).unwrap();
        assert_eq!(bad(&good, &other), ["signature does not verify with the JWK Set"]);
        assert!(!judged("not a token", &other).is_good());
    }

    #[test]
    fn the_hash_of_the_access_token_is_compared() {
        let key = key(SigningAlgorithm::Es256);
        let with = |hash: &str| {
            let mut claims: Value = serde_json::from_slice(&claims(200, "n")).unwrap();
            claims["at_hash"] = Value::from(hash);
            judged(&key.sign(TokenType::Id, claims.to_string().as_bytes()).unwrap(), &set(&key)).is_good()
        };
        assert!(with(&access_hash(&serde_json::json!({"alg": "ES256"}), "at").unwrap()));
        assert!(!with("AAAA"));
    }

    #[test]
    fn durations_are_told_in_two_units() {
        assert_eq!(lasting(Seconds::new(59)), "59 s");
        assert_eq!(lasting(Seconds::new(899)), "14 min 59 s");
        assert_eq!(lasting(Seconds::hours(25)), "25 h 0 min");
    }
}
