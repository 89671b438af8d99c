//! Client assertions: header and claims, signed by the client's own key, are believed exactly when a second reading of RFC 7523
//! believes them; and whatever else stands in the parameter is not.

use crate::provider::{self, Provider};
use crate::support::{Call, client_key, raw_jws};
use crate::{Target, Verdict};
use anyhow::ensure;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::time::Clock;
use nauthera_server::keys::SigningKey;
use serde_json::{Map, Value};

pub(super) const TARGET: Target = Target { name: "assertions", check, longest: 4_096, rounds: 600 };

const CLIENT: &str = "shop.jwt";

/// The first line is the header, the rest the claims; and all of it a whole assertion that someone made up.
fn check(data: &[u8]) -> Verdict {
    provider::with(|provider| {
        let text = String::from_utf8_lossy(data);
        ensure!(!believed(provider, &text)?, "it is believed as it stands");
        let (header, claims) = text.split_once('\n').unwrap_or((&text, ""));
        for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
            by(provider, client_key(algorithm), header, claims)?;
        }
        Ok(())
    })
}

fn by(provider: &Provider, key: &SigningKey, header: &str, claims: &str) -> Verdict {
    // As it is written: what is believed must be right.
    let written = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signed = format!("{written}.{}", URL_SAFE_NO_PAD.encode(signature(key, written.as_bytes())));
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (header, claims) = (json(header), json(claims));
    let right = is_right(provider, key, &header, &claims);
    if believed(provider, &signed)? {
        ensure!(right, "{header} {claims} is believed");
        spend(provider, &claims);
    }
    // Written anew, with each member once: what is right must be believed too.
    let anew = raw_jws(&header, &claims, |message| signature(key, message));
    let right = is_right(provider, key, &header, &claims);
    ensure!(believed(provider, &anew)? == right, "{header} {claims} is right: {right}");
    if right {
        spend(provider, &claims);
    }
    Ok(())
}

/// A signature by the library that the server verifies with; that the server's own signs the same is tested elsewhere.
fn signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let pkcs8 = URL_SAFE_NO_PAD.decode(key.stored.pkcs8.as_bytes()).unwrap_or_default();
    let (private, algorithm) = match key.stored.times.algorithm {
        SigningAlgorithm::EdDsa => (EncodingKey::from_ed_der(&pkcs8), Algorithm::EdDSA),
        _ => (EncodingKey::from_ec_der(&pkcs8), Algorithm::ES256),
    };
    let signature = jsonwebtoken::crypto::sign(message, &private, algorithm).unwrap_or_default();
    URL_SAFE_NO_PAD.decode(signature).unwrap_or_default()
}

fn believed(provider: &Provider, assertion: &str) -> anyhow::Result<bool> {
    let call = Call::token(&provider.world, "client_credentials").asserting(assertion);
    let reply = provider.within(call.send())?;
    let status = reply.status.as_u16();
    // Too many wrong ones are told to wait, and a right one counts all the same.
    ensure!(matches!(status, 200 | 400 | 401 | 429), "{reply}");
    Ok(status == 200)
}

fn spend(provider: &Provider, claims: &Value) {
    let jti = claims.get("jti").and_then(Value::as_str).map(str::to_owned);
    provider.spent.borrow_mut().extend(jti);
}

/// RFC 7523 section 3, and the rules of this server: one audience, an hour at most, each `jti` once.
fn is_right(provider: &Provider, key: &SigningKey, header: &Value, claims: &Value) -> bool {
    let (Some(header), Some(claims)) = (header.as_object(), claims.as_object()) else { return false };
    let named = match header.get("alg").and_then(Value::as_str) {
        Some("EdDSA" | "Ed25519") => SigningAlgorithm::EdDsa,
        Some("ES256") => SigningAlgorithm::Es256,
        _ => return false,
    };
    let kid = match header.get("kid") {
        None | Some(Value::Null) => true,
        Some(kid) => kid.as_str() == Some(key.stored.kid.as_str()),
    };
    let critical = header.get("crit").is_some_and(|crit| !crit.is_null());
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let issuer = provider.world.issuer();
    let for_us =
        text("aud").is_some_and(|aud| aud == issuer || aud.strip_prefix(issuer) == Some("/oauth2/token"));
    let id = text("jti").filter(|jti| !jti.is_empty() && jti.len() <= 256);
    named == key.stored.times.algorithm
        && kid
        && !critical
        && text("iss") == Some(CLIENT)
        && text("sub") == Some(CLIENT)
        && for_us
        && in_time(provider, claims)
        && id.is_some_and(|id| !provider.spent.borrow().contains(id))
}

fn in_time(provider: &Provider, claims: &Map<String, Value>) -> bool {
    let now = provider.world.clock.now().0;
    let date = |name: &str| {
        claims
            .get(name)
            .map(|value| value.as_f64().filter(|date| date.abs() < 1e12).map(|date| date.floor() as i64))
    };
    let Some(Some(expires)) = date("exp") else { return false };
    let begun = ["nbf", "iat"].into_iter().all(|name| match date(name) {
        None => true,
        Some(Some(at)) => at <= now + 30,
        Some(None) => false,
    });
    now < expires + 30 && expires <= now + 3_630 && begun
}
