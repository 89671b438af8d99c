//! Public keys as JWKs (RFC 7517) with their thumbprints (RFC 7638) as `kid`.

use super::Private;
use aws_lc_rs::signature::KeyPair;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::grant::SigningAlgorithm;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The public half as a JWK, and its thumbprint.
pub fn public(private: &Private, algorithm: SigningAlgorithm) -> (Value, String) {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    // RFC 7638 §3.2: the required members alone, in lexicographic order, without white space.
    let (thumbprinted, mut jwk) = match private {
        Private::Rsa(key) => {
            let (n, e) = (key.public_key().modulus(), key.public_key().exponent());
            let (n, e) =
                (encode(n.big_endian_without_leading_zero()), encode(e.big_endian_without_leading_zero()));
            (format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#), json!({"kty": "RSA", "n": n, "e": e}))
        }
        Private::Ecdsa(key) => {
            // An uncompressed point: 0x04, then x and y of 32 bytes each.
            let point = key.public_key().as_ref();
            let (x, y) = point.get(1..).and_then(|xy| xy.split_at_checked(32)).unwrap_or_default();
            let (x, y) = (encode(x), encode(y));
            let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
            (text, json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}))
        }
        Private::Ed25519(key) => {
            let x = encode(key.public_key().as_ref());
            (
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
                json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
            )
        }
    };
    let kid = encode(&Sha256::digest(thumbprinted));
    if let Some(members) = jwk.as_object_mut() {
        members.insert("kid".into(), kid.clone().into());
        members.insert("alg".into(), algorithm.as_str().into());
        members.insert("use".into(), "sig".into());
    }
    (jwk, kid)
}
