//! Signatures: the key of `shop.jwt`, forged tokens, and tokens of the server read by a library that is not the server's.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::oauth::keyring::KeyTimes;
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_server::keys::SigningKey;
use serde_json::{Value, json};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

fn generate(algorithm: SigningAlgorithm) -> SigningKey {
    let longest_token = Seconds::hours(1);
    SigningKey::generate(KeyTimes { algorithm, active_from: UnixTime(0), retired_at: None, longest_token })
        .unwrap()
}

static KEYS: LazyLock<Vec<SigningKey>> =
    LazyLock::new(|| SigningAlgorithm::ALL.iter().map(|algorithm| generate(*algorithm)).collect());

/// The key of `shop.jwt` for an algorithm.
pub fn client_key(algorithm: SigningAlgorithm) -> &'static SigningKey {
    let at = SigningAlgorithm::ALL.iter().position(|known| *known == algorithm).unwrap();
    &KEYS[at]
}

/// The public halves, as the manifest of `shop.jwt` names them.
pub fn client_jwks() -> Arc<str> {
    let keys: Vec<&Value> = KEYS.iter().map(|key| &key.jwk).collect();
    json!({ "keys": keys }).to_string().into()
}

/// A compact JWS of this header and these claims, signed in whatever way.
pub fn raw_jws(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn part_of(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The header of a token, unverified.
pub fn header_of(token: &str) -> Value {
    part_of(token, 0)
}

/// The claims of a token, unverified.
pub fn claims_of(token: &str) -> Value {
    part_of(token, 1)
}

/// The claims of a token whose signature one of these keys made, by its `kid` and in its algorithm. Times are the test's matter.
pub fn verified(token: &str, jwks: &Value) -> Value {
    let header = jsonwebtoken::decode_header(token).unwrap();
    let set: JwkSet = serde_json::from_value(jwks.clone()).unwrap();
    let jwk = set.find(header.kid.as_deref().unwrap()).unwrap();
    let named = jwk.common.key_algorithm.unwrap().to_string();
    let mut validation = Validation::new(Algorithm::from_str(&named).unwrap());
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation);
    decoded.unwrap().claims
}
