//! Client assertions (RFC 7523): a JWT that the client signs with a key that its manifest names. The algorithm is taken from a
//! fixed list of core and must fit the key; what the header says of keys is never believed.

use crate::authn::Endpoint;
use crate::http::{Context, Failure};
use crate::service_account;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use nauthera_core::facts::Digest;
use nauthera_core::grant::{AuthMethod, SigningAlgorithm};
use nauthera_core::oauth::assertion;
use nauthera_core::oauth::client_auth::Presented;
use nauthera_core::snapshot::Row;
use nauthera_core::spec::ClientKeys;
use nauthera_core::time::{Seconds, UnixTime};
use serde::de::{DeserializeOwned, Error, IgnoredAny};
use serde::{Deserialize, Deserializer};
use std::sync::Arc;

/// The longest assertion that is looked at.
const LONGEST: usize = 8 * 1_024;
/// The leeway on other clocks.
pub(crate) const LEEWAY: Seconds = Seconds::new(30);
/// How far ahead `exp` may lie: `jti`s are remembered that long.
const FURTHEST: Seconds = Seconds::hours(1);
fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match assertion::algorithm(name)? {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Ps256 => Algorithm::PS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
    })
}

/// Reads a JWK Set (RFC 7517 §5). A key that is not understood is passed over: it spoils none of the others.
///
/// # Errors
/// The text is not JSON, or has no list of keys.
pub fn key_set(text: &[u8]) -> serde_json::Result<JwkSet> {
    #[derive(Deserialize)]
    struct Written {
        keys: Vec<serde_json::Value>,
    }
    let written: Written = serde_json::from_slice(text)?;
    let keys = written.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    Ok(JwkSet { keys: keys.collect() })
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515 section 4.1.11): none is.
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    #[serde(flatten)]
    times: Times,
    jti: String,
}

/// From when until when a token counts (RFC 7519 sections 4.1.4 to 4.1.6).
#[derive(Deserialize)]
pub(crate) struct Times {
    #[serde(deserialize_with = "numeric_date")]
    exp: UnixTime,
    #[serde(default, deserialize_with = "maybe_numeric_date")]
    nbf: Option<UnixTime>,
    #[serde(default, deserialize_with = "maybe_numeric_date")]
    iat: Option<UnixTime>,
}

impl Times {
    /// Does it count now, by a clock that may be off by [`LEEWAY`]?
    pub(crate) fn hold(&self, now: UnixTime) -> bool {
        let begun = self.nbf.into_iter().chain(self.iat).all(|time| time <= now.plus(LEEWAY));
        begun && now < self.exp.plus(LEEWAY)
    }
}

/// A NumericDate may have a fraction of a second (RFC 7519 section 2), which does not matter here.
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixTime, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    // Far more than any date, and exact as a whole number.
    let sane = seconds.is_finite() && seconds.abs() < 1e12;
    sane.then_some(UnixTime(seconds.floor() as i64)).ok_or_else(|| D::Error::custom("not a date"))
}

fn maybe_numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UnixTime>, D::Error> {
    numeric_date(deserializer).map(Some)
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
    let Some(row) = context.serving.client(&id) else { return Ok(None) };
    match row.authentication.method {
        AuthMethod::PrivateKeyJwt => {}
        AuthMethod::KubernetesServiceAccount => {
            let proves = service_account::proves(context, row, presented).await;
            return Ok(proves.then(|| row.clone()));
        }
        _ => return Ok(None),
    }
    let Some(keys) = &row.authentication.keys else { return Ok(None) };
    let Some(claims) = verified(context, row, keys, assertion).await else { return Ok(None) };
    if !is_for_us(context, &claims, &id, at) {
        return Ok(None);
    }
    let jti = Digest::of(format!("{}\n{}", row.client_id, claims.jti));
    let until = claims.times.exp.plus(LEEWAY);
    let first = context.app.first_use(jti, until).await?;
    Ok(first.then(|| row.clone()))
}

/// Whom an assertion claims to be of, to find the keys by; nothing is believed yet.
#[must_use]
pub fn unverified_subject(assertion: &str) -> Option<String> {
    if assertion.len() > LONGEST {
        return None;
    }
    part::<Unverified>(assertion.split('.').nth(1)?).map(|claims| claims.sub)
}

/// A part of a JWS that is JSON.
fn part<T: DeserializeOwned>(encoded: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

/// A signed JWT in its parts; nothing of it is believed yet.
pub(crate) struct Jws<'a> {
    signed: &'a str,
    claims: &'a str,
    signature: &'a str,
    algorithm: Algorithm,
    kid: Option<String>,
}

impl<'a> Jws<'a> {
    /// Takes it apart; `None` where it is too long, or its header asks for what is not done here.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.').filter(|_| text.len() <= LONGEST)?;
        let (header, claims) = signed.split_once('.')?;
        let header = part::<Header>(header).filter(|header| header.crit.is_none())?;
        let algorithm = algorithm(&header.alg)?;
        Some(Self { signed, claims, signature, algorithm, kid: header.kid })
    }

    /// The id of the key that it names.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What it claims, whoever has signed it.
    pub(crate) fn unverified<T: DeserializeOwned>(&self) -> Option<T> {
        part(self.claims)
    }

    /// What it claims, if one of these keys has signed it.
    pub(crate) fn claims<T: DeserializeOwned>(&self, set: &JwkSet) -> Option<T> {
        let candidates = set.keys.iter().filter(|jwk| match (&self.kid, &jwk.common.key_id) {
            (Some(wanted), Some(kid)) => wanted == kid,
            // Who names no key id has few keys; each is tried.
            _ => self.kid.is_none(),
        });
        let mut fitting = candidates.filter(|jwk| fits(jwk, self.algorithm)).take(10);
        fitting
            .any(|jwk| has_signed(jwk, self.algorithm, self.signed, self.signature))
            .then(|| part(self.claims))?
    }
}

async fn verified(context: &Context, row: &Row, keys: &ClientKeys, assertion: &str) -> Option<Claims> {
    let jws = Jws::read(assertion)?;
    let set = match keys {
        ClientKeys::Jwks(text) => Arc::new(key_set(text.as_bytes()).ok()?),
        ClientKeys::JwksUri(url) => {
            context.app.jwks.get(url, &row.object.namespace, jws.kid(), context.now).await?
        }
    };
    jws.claims(&set)
}

/// May this key verify this algorithm, by what its owner says of it?
fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let named = match jwk.common.key_algorithm {
        None => true,
        // The library does not know the newer name of EdDSA; whether the key is one for it is seen when it verifies.
        Some(KeyAlgorithm::UNKNOWN_ALGORITHM) => algorithm == Algorithm::EdDSA,
        Some(named) => named == KeyAlgorithm::from(algorithm),
    };
    let operations = jwk.common.key_operations.as_ref();
    let verifies = operations.is_none_or(|list| list.contains(&KeyOperations::Verify));
    named && verifies && jwk.common.public_key_use != Some(PublicKeyUse::Encryption)
}

fn has_signed(jwk: &Jwk, algorithm: Algorithm, signed: &str, signature: &str) -> bool {
    let verify = |key| jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm);
    DecodingKey::from_jwk(jwk).and_then(verify).unwrap_or(false)
}

fn is_for_us(context: &Context, claims: &Claims, id: &str, at: Endpoint) -> bool {
    let issuer = context.serving.issuer();
    let now = context.now;
    let audience = claims.aud == issuer.as_str()
        || claims.aud == issuer.join("/oauth2/token")
        || (at == Endpoint::Par && claims.aud == issuer.join("/oauth2/par"));
    let in_time = claims.times.hold(now) && claims.times.exp <= now.plus(FURTHEST).plus(LEEWAY);
    let named = claims.iss == id && claims.sub == id && !claims.jti.is_empty() && claims.jti.len() <= 256;
    audience && in_time && named
}
