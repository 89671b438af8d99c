//! Public keys in manifests (RFC 7517, RFC 7518 §6, RFC 8037): which members each needs, how strong it must be, and that
//! no private half stands in a manifest. A key that passes here can authenticate: what assertions may be signed with is core's
//! table. Nothing is computed with a key here.

use super::fault::{At, Faults};
use crate::crds::sorted;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nauthera_core::oauth::assertion::{KeyForm, names};
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
    let form = match key.get("kty").and_then(Value::as_str) {
        Some("RSA") => rsa(faults, at, key).then_some(KeyForm::Rsa),
        Some("EC") => curve(faults, at, key, ("P-256", 32), &["x", "y"]).then_some(KeyForm::P256),
        Some("OKP") => curve(faults, at, key, ("Ed25519", 32), &["x"]).then_some(KeyForm::Ed25519),
        Some(other) => {
            faults.add(
                &at.field("kty"),
                format!("`{other}` is not the type of a public key; use RSA, EC or OKP"),
            );
            None
        }
        None => {
            faults.add(at, "the key has no `kty`; write RSA, EC or OKP");
            None
        }
    };
    // Each of them is told, so none of them is left unjudged.
    let usage = usage(faults, at, key);
    let texts = texts(faults, at, key);
    let algorithm = form.is_some_and(|form| algorithm(faults, at, key, form));
    private.is_empty() && usage && texts && algorithm
}

/// Is it for checking signatures, as far as it says what it is for (RFC 7517 §4.2, §4.3)?
fn usage(faults: &mut Faults, at: &At<'_>, key: &Map<String, Value>) -> bool {
    let signs = key.get("use").is_none_or(|usage| usage == "sig");
    if !signs {
        faults.add(&at.field("use"), "the key is not for signatures; write sig, or leave `use` out");
    }
    let verifies = key.get("key_ops").is_none_or(|operations| {
        operations
            .as_array()
            .is_some_and(|list| list.iter().all(Value::is_string) && list.contains(&"verify".into()))
    });
    if !verifies {
        faults.add(
            &at.field("key_ops"),
            "the key is not for checking signatures; write [verify], or leave `key_ops` out",
        );
    }
    signs && verifies
}

/// Members that are texts where they are written at all, and `x5c`, which is a list of them (RFC 7517 §4.5 to §4.9).
fn texts(faults: &mut Faults, at: &At<'_>, key: &Map<String, Value>) -> bool {
    let mut good = true;
    for member in ["kid", "x5u", "x5t", "x5t#S256"] {
        if key.get(member).is_some_and(|value| !value.is_string()) {
            faults.add(&at.field(member), format!("`{member}` is a text; put it in quotes"));
            good = false;
        }
    }
    let is_list = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    if key.get("x5c").is_some_and(|chain| !is_list(chain)) {
        faults.add(&at.field("x5c"), "`x5c` is a list of texts; leave it out, it is not looked at");
        good = false;
    }
    good
}

/// Does the algorithm that it names, if any, belong to such a key, and may assertions use it?
fn algorithm(faults: &mut Faults, at: &At<'_>, key: &Map<String, Value>, form: KeyForm) -> bool {
    let Some(named) = key.get("alg") else { return true };
    if form.names().any(|name| named == name) {
        return true;
    }
    let names = form.names().collect::<Vec<_>>().join(" or ");
    faults.add(
        &at.field("alg"),
        format!("an assertion by such a key is signed with {names}; write that, or leave `alg` out"),
    );
    false
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
    // An even one has no inverse, and a huge one only costs time.
    let odd = exponent.as_ref().is_some_and(|exponent| {
        exponent.last().is_some_and(|last| last % 2 == 1) && (2..=33).contains(&self::bits(exponent))
    });
    if exponent.is_some() && !odd {
        faults.add(&at.field("e"), "`e` is an odd number from 3 to 2^33; nearly every key has AQAB");
    }
    odd && (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits)
}

fn curve(
    faults: &mut Faults,
    at: &At<'_>,
    key: &Map<String, Value>,
    (name, length): (&str, usize),
    coordinates: &[&str],
) -> bool {
    if key.get("crv").is_none_or(|curve| curve != name) {
        let place = if key.contains_key("crv") { at.field("crv") } else { *at };
        faults
            .add(&place, format!("`crv` must be {name}: assertions are signed with {}", names().join(", ")));
        return false;
    }
    let mut good = true;
    for coordinate in coordinates {
        match bytes(faults, at, key, coordinate) {
            Some(bytes) if bytes.len() == length => {}
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
        for (name, key) in [
            ("PS256", json!({ "kty": "RSA", "n": encoded(256), "e": "AQAB" })),
            ("ES256", json!({ "kty": "EC", "crv": "P-256", "x": encoded(32), "y": encoded(32) })),
            ("Ed25519", json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(32) })),
        ] {
            let mut key = key;
            key["alg"] = name.into();
            key["key_ops"] = json!(["verify"]);
            key["x5c"] = json!(["AA=="]);
            assert_eq!(judged(key).1, [] as [String; 0]);
        }
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
            (
                json!({ "kty": "EC", "x": "AA", "y": "AA" }),
                "/keys/0: `crv` must be P-256: assertions are signed with RS256, PS256, ES256, EdDSA, Ed25519",
            ),
            (
                json!({ "kty": "EC", "crv": "P-384", "x": encoded(48), "y": encoded(48) }),
                "/keys/0/crv: `crv` must be P-256: assertions are signed with RS256, PS256, ES256, EdDSA, Ed25519",
            ),
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

    #[test]
    fn a_key_that_could_never_authenticate_is_refused() {
        for (member, value, expected) in [
            ("kid", json!(7), "kid: `kid` is a text; put it in quotes"),
            ("x5t", json!([]), "x5t: `x5t` is a text; put it in quotes"),
            ("x5c", json!("AA=="), "x5c: `x5c` is a list of texts; leave it out, it is not looked at"),
            ("x5c", json!([1]), "x5c: `x5c` is a list of texts; leave it out, it is not looked at"),
            (
                "alg",
                json!("ES256"),
                "alg: an assertion by such a key is signed with RS256 or PS256; write that, or leave `alg` out",
            ),
            (
                "alg",
                json!("RS512"),
                "alg: an assertion by such a key is signed with RS256 or PS256; write that, or leave `alg` out",
            ),
            (
                "key_ops",
                json!(["sign"]),
                "key_ops: the key is not for checking signatures; write [verify], or leave `key_ops` out",
            ),
            (
                "key_ops",
                json!("verify"),
                "key_ops: the key is not for checking signatures; write [verify], or leave `key_ops` out",
            ),
            ("e", json!("AQ"), "e: `e` is an odd number from 3 to 2^33; nearly every key has AQAB"),
            ("e", json!("AQAA"), "e: `e` is an odd number from 3 to 2^33; nearly every key has AQAB"),
        ] {
            let mut key = json!({ "kty": "RSA", "n": encoded(256), "e": "AQAB" });
            key[member] = value;
            let (set, faults) = judged(key);
            assert!(set.is_none());
            assert_eq!(faults, [format!("/keys/0/{expected}")]);
        }
    }
}
