//! Public keys in manifests (RFC 7517, RFC 7518 §6, RFC 8037): which members each needs, how strong it must be, and that
//! no private half stands in a manifest. Nothing is computed with a key here.

use super::fault::{At, Faults};
use crate::crds::sorted;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Members that hold private or symmetric key material (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const MIN_RSA_BITS: usize = 2_048;
const MAX_RSA_BITS: usize = 8_192;

/// Judges the keys of a set and gives the set as JSON text; `None` when a key has a fault.
pub(crate) fn key_set(faults: &mut Faults, at: &At<'_>, keys: &[Map<String, Value>]) -> Option<Arc<str>> {
    let mut good = true;
    let mut ids = BTreeSet::new();
    for (index, key) in keys.iter().enumerate() {
        let at = at.index(index);
        good &= judge(faults, &at, key);
        let id = key.get("kid").and_then(Value::as_str);
        if id.is_some_and(|id| !ids.insert(id)) {
            faults.add(&at.field("kid"), "two keys have one kid; give each key its own");
            good = false;
        }
    }
    // A JSON value always has a JSON text.
    let text = serde_json::to_string(&sorted(json!({ "keys": keys }))).ok()?;
    good.then(|| text.into())
}

fn judge(faults: &mut Faults, at: &At<'_>, key: &Map<String, Value>) -> bool {
    let private: Vec<&str> = PRIVATE.into_iter().filter(|member| key.contains_key(*member)).collect();
    for member in &private {
        faults.add_help(
            &at.field(member),
            format!("`{member}` is a private member; keep only the public half of a key in a manifest"),
            "this key has been shown: make a new one",
        );
    }
    let members = match key.get("kty").and_then(Value::as_str) {
        Some("RSA") => rsa(faults, at, key),
        Some("EC") => curve(faults, at, key, &[("P-256", 32), ("P-384", 48)], &["x", "y"]),
        Some("OKP") => curve(faults, at, key, &[("Ed25519", 32)], &["x"]),
        Some(other) => {
            faults.add(
                &at.field("kty"),
                format!("`{other}` is not the type of a public key; use RSA, EC or OKP"),
            );
            false
        }
        None => {
            faults.add(at, "the key has no `kty`; write RSA, EC or OKP");
            false
        }
    };
    let usage = key.get("use").is_none_or(|usage| usage == "sig");
    if !usage {
        faults.add(&at.field("use"), "the key is not for signatures; write sig, or leave `use` out");
    }
    private.is_empty() && members && usage
}

fn rsa(faults: &mut Faults, at: &At<'_>, key: &Map<String, Value>) -> bool {
    let exponent = bytes(faults, at, key, "e");
    let Some(modulus) = bytes(faults, at, key, "n") else { return false };
    let bits = bits(&modulus);
    if bits < MIN_RSA_BITS {
        faults.add(
            &at.field("n"),
            format!("an RSA key of {bits} bits is too weak; use at least {MIN_RSA_BITS}"),
        );
    } else if bits > MAX_RSA_BITS {
        faults.add(
            &at.field("n"),
            format!("an RSA key of {bits} bits is too slow; use at most {MAX_RSA_BITS}"),
        );
    }
    exponent.is_some() && (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits)
}

fn curve(
    faults: &mut Faults,
    at: &At<'_>,
    key: &Map<String, Value>,
    curves: &[(&str, usize)],
    coordinates: &[&str],
) -> bool {
    let name = key.get("crv").and_then(Value::as_str).unwrap_or("");
    let Some((_, length)) = curves.iter().find(|(curve, _)| *curve == name) else {
        let known: Vec<&str> = curves.iter().map(|(curve, _)| *curve).collect();
        let place = if key.contains_key("crv") { at.field("crv") } else { *at };
        faults.add(&place, format!("`crv` must be {}", known.join(" or ")));
        return false;
    };
    let mut good = true;
    for coordinate in coordinates {
        match bytes(faults, at, key, coordinate) {
            Some(bytes) if bytes.len() == *length => {}
            Some(_) => {
                faults.add(
                    &at.field(coordinate),
                    format!("`{coordinate}` of {name} is {length} bytes in base64url"),
                );
                good = false;
            }
            None => good = false,
        }
    }
    good
}

fn bytes(faults: &mut Faults, at: &At<'_>, key: &Map<String, Value>, member: &str) -> Option<Vec<u8>> {
    let Some(value) = key.get(member) else {
        faults.add(at, format!("the key has no `{member}`"));
        return None;
    };
    let bytes =
        value.as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).filter(|bytes| !bytes.is_empty());
    if bytes.is_none() {
        faults.add(&at.field(member), format!("`{member}` is not base64url without padding (RFC 7515 §2)"));
    }
    bytes
}

fn bits(number: &[u8]) -> usize {
    let mut rest = number;
    while let [0, tail @ ..] = rest {
        rest = tail;
    }
    rest.first().map_or(0, |first| rest.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(key: Value) -> (Option<Arc<str>>, Vec<String>) {
        let mut faults = Faults::default();
        let keys = vec![key.as_object().unwrap().clone()];
        let set = key_set(&mut faults, &At::Root.field("keys"), &keys);
        let list = faults.done::<()>(None).unwrap_err();
        (set, list.into_iter().map(|fault| format!("{}: {}", fault.pointer, fault.message)).collect())
    }

    fn encoded(length: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xff; length])
    }

    #[test]
    fn public_keys_of_each_type_are_taken_in_canonical_form() {
        let (set, faults) = judged(json!({ "n": encoded(256), "kty": "RSA", "e": "AQAB", "kid": "a" }));
        assert!(faults.is_empty(), "{faults:?}");
        assert!(set.unwrap().starts_with(r#"{"keys":[{"e":"AQAB","kid":"a","kty":"RSA","n":""#));
        assert!(
            judged(json!({ "kty": "EC", "crv": "P-256", "x": encoded(32), "y": encoded(32) })).0.is_some()
        );
        assert!(
            judged(json!({ "kty": "EC", "crv": "P-384", "x": encoded(48), "y": encoded(48) })).0.is_some()
        );
        assert!(
            judged(json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(32), "use": "sig" })).0.is_some()
        );
    }

    #[test]
    fn private_members_are_refused() {
        for member in PRIVATE {
            let mut key = json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(32) });
            key[member] = "AA".into();
            let (set, faults) = judged(key);
            assert!(set.is_none());
            let expected = format!(
                "/keys/0/{member}: `{member}` is a private member; keep only the public half of a key in a manifest"
            );
            assert_eq!(faults, [expected]);
        }
    }

    #[test]
    fn weak_and_huge_rsa_keys_are_refused() {
        let (set, faults) = judged(json!({ "kty": "RSA", "n": encoded(128), "e": "AQAB" }));
        assert!(set.is_none());
        assert_eq!(faults, ["/keys/0/n: an RSA key of 1024 bits is too weak; use at least 2048"]);
        let (_, faults) = judged(json!({ "kty": "RSA", "n": encoded(2048), "e": "AQAB" }));
        assert_eq!(faults, ["/keys/0/n: an RSA key of 16384 bits is too slow; use at most 8192"]);
    }

    #[test]
    fn leading_zeros_do_not_make_a_key_strong() {
        let padded = URL_SAFE_NO_PAD.encode([vec![0; 200], vec![0xff; 56]].concat());
        assert!(judged(json!({ "kty": "RSA", "n": padded, "e": "AQAB" })).0.is_none());
    }

    #[test]
    fn each_missing_or_wrong_member_is_named() {
        let cases = [
            (json!({}), "/keys/0: the key has no `kty`; write RSA, EC or OKP"),
            (
                json!({ "kty": "oct" }),
                "/keys/0/kty: `oct` is not the type of a public key; use RSA, EC or OKP",
            ),
            (json!({ "kty": "RSA", "n": encoded(256) }), "/keys/0: the key has no `e`"),
            (
                json!({ "kty": "RSA", "n": "a+b/", "e": "AQAB" }),
                "/keys/0/n: `n` is not base64url without padding (RFC 7515 §2)",
            ),
            (json!({ "kty": "EC", "x": "AA", "y": "AA" }), "/keys/0: `crv` must be P-256 or P-384"),
            (json!({ "kty": "EC", "crv": "secp256k1" }), "/keys/0/crv: `crv` must be P-256 or P-384"),
            (
                json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }),
                "/keys/0/x: `x` of Ed25519 is 32 bytes in base64url",
            ),
            (
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(32), "use": "enc" }),
                "/keys/0/use: the key is not for signatures; write sig, or leave `use` out",
            ),
        ];
        for (key, expected) in cases {
            let (set, faults) = judged(key);
            assert!(set.is_none());
            assert_eq!(faults, [expected]);
        }
    }
}
