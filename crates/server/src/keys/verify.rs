//! Verifying what we signed ourselves: the key is found by `kid`, the algorithm is the key's own and never the token's.

use super::{KeySet, Private, SigningKey, TokenType};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::grant::SigningAlgorithm;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The longest token of ours that is looked at.
const LONGEST: usize = 16 * 1_024;

pub fn parsed(private: &Private, algorithm: SigningAlgorithm) -> Result<ParsedPublicKey, String> {
    let bytes = private.public_bytes();
    match algorithm {
        SigningAlgorithm::Rs256 => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bytes),
        SigningAlgorithm::Ps256 => ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, bytes),
        SigningAlgorithm::Es256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes),
        SigningAlgorithm::EdDsa => ParsedPublicKey::new(&ED25519, bytes),
    }
    .map_err(|error| error.to_string())
}

#[derive(Deserialize)]
struct Header {
    kid: String,
    alg: String,
    typ: String,
}

/// Claims that one of our keys signed. Times are not judged here.
#[derive(Debug, Clone)]
pub struct Verified<C> {
    /// The claims.
    pub claims: C,
}

/// Verifies a compact JWS that one of these keys must have signed as a token of this type.
#[must_use]
pub fn verify_with<C: DeserializeOwned>(
    keys: &KeySet,
    token_type: TokenType,
    token: &str,
) -> Option<Verified<C>> {
    if token.len() > LONGEST {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let key: &SigningKey = keys.by_kid(&header.kid)?;
    if header.typ != token_type.typ() || header.alg != key.stored.times.algorithm.as_str() {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !key.verifies(message.as_bytes(), &signature) {
        return None;
    }
    let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(Verified { claims })
}
