//! Client assertions (RFC 7523): a JWT that the client signs with a key that its manifest names. The algorithm is taken from a
//! fixed list and must fit the key; what the header says of keys is never believed.

use crate::authn::Endpoint;
use crate::http::{Context, Failure};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use nauthera_core::facts::Digest;
use nauthera_core::grant::AuthMethod;
use nauthera_core::oauth::client_auth::Presented;
use nauthera_core::snapshot::Row;
use nauthera_core::spec::ClientKeys;
use nauthera_core::time::{Seconds, UnixTime};
use serde::Deserialize;
use std::sync::Arc;

/// The longest assertion that is looked at.
const LONGEST: usize = 8 * 1_024;
/// The leeway on other clocks.
const LEEWAY: Seconds = Seconds::new(30);
/// How far ahead `exp` may lie: `jti`s are remembered that long.
const FURTHEST: Seconds = Seconds::hours(1);
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    jti: String,
}

#[derive(Deserialize)]
struct Unverified {
    sub: String,
}

/// Authenticates by assertion; `None` when it proves nothing.
///
/// # Errors
/// [`Failure::Store`].
pub async fn authenticate(
    context: &Context,
    presented: &Presented<'_>,
    at: Endpoint,
) -> Result<Option<Arc<Row>>, Failure> {
    let Presented::Assertion(id, assertion) = presented else { return Ok(None) };
    if assertion.len() > LONGEST {
        return Ok(None);
    }
    let claimed = unverified_subject(assertion);
    let Some(id) = id.map(str::to_owned).or(claimed) else { return Ok(None) };
    let row =
        context.serving.client(&id).filter(|row| row.authentication.method == AuthMethod::PrivateKeyJwt);
    let Some((row, keys)) = row.and_then(|row| row.authentication.keys.as_ref().map(|keys| (row, keys)))
    else {
        return Ok(None);
    };
    let Some(claims) = verified(context, row, keys, assertion).await else { return Ok(None) };
    if !is_for_us(context, &claims, &id, at) {
        return Ok(None);
    }
    let jti = Digest::of(format!("{}\n{}", row.client_id, claims.jti));
    let until = UnixTime(claims.exp).plus(LEEWAY);
    let first = context.app.store.remember_assertion(jti, until).await?;
    Ok(first.then(|| row.clone()))
}

/// Whom an assertion claims to be of, to find the keys by; nothing is believed yet.
fn unverified_subject(assertion: &str) -> Option<String> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Unverified>(&payload).ok().map(|claims| claims.sub)
}

async fn verified(context: &Context, row: &Row, keys: &ClientKeys, assertion: &str) -> Option<Claims> {
    let header = decode_header(assertion).ok()?;
    let set = match keys {
        ClientKeys::Jwks(text) => Arc::new(serde_json::from_str::<JwkSet>(text).ok()?),
        ClientKeys::JwksUri(url) => {
            context.app.jwks.get(url, &row.object.namespace, header.kid.as_deref(), context.now).await?
        }
    };
    let candidates = set.keys.iter().filter(|jwk| match (&header.kid, &jwk.common.key_id) {
        (Some(wanted), Some(kid)) => wanted == kid,
        // A client that names no key id has few keys; each is tried.
        _ => header.kid.is_none(),
    });
    candidates.take(10).find_map(|jwk| decoded(jwk, header.alg, assertion))
}

fn decoded(jwk: &Jwk, algorithm: Algorithm, assertion: &str) -> Option<Claims> {
    if !ALGORITHMS.contains(&algorithm) {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    let mut validation = Validation::new(algorithm);
    // Times and audience are judged by the server's own clock, below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let named = jwk.common.key_algorithm.map(|named| named.to_string());
    if named.is_some_and(|named| named != format!("{algorithm:?}")) {
        return None;
    }
    decode::<Claims>(assertion, &key, &validation).ok().map(|data| data.claims)
}

fn is_for_us(context: &Context, claims: &Claims, id: &str, at: Endpoint) -> bool {
    let issuer = context.serving.issuer();
    let now = context.now;
    let audience = claims.aud == issuer.as_str()
        || claims.aud == issuer.join("/oauth2/token")
        || (at == Endpoint::Par && claims.aud == issuer.join("/oauth2/par"));
    let expiry = UnixTime(claims.exp);
    let in_time = now < expiry.plus(LEEWAY) && expiry <= now.plus(FURTHEST).plus(LEEWAY);
    let begun = claims.nbf.into_iter().chain(claims.iat).all(|time| UnixTime(time) <= now.plus(LEEWAY));
    let named = claims.iss == id && claims.sub == id && !claims.jti.is_empty() && claims.jti.len() <= 256;
    audience && in_time && begun && named
}
