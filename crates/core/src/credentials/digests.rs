//! The list of a client's digests: which count, when they end, and that there are never more than three.

use crate::snapshot::{SecretDigest, hex32};
use crate::time::{Seconds, UnixTime};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// At most so many digests of a client are live: a fourth ends another.
pub const MOST_LIVE: usize = 3;

/// The keyed digest of a client secret: HMAC-SHA-256 under the server's digest key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyedDigest(#[serde(with = "hex32")] pub [u8; 32]);

impl KeyedDigest {
    /// The digest of a secret, as the server makes it of what a client presents.
    #[must_use]
    pub fn of(key: &[u8; 32], secret: impl AsRef<[u8]>) -> Self {
        // HMAC takes keys of every length.
        let keyed = Hmac::<Sha256>::new_from_slice(key).ok();
        Self(keyed.map(|mac| mac.chain_update(secret).finalize().into_bytes().into()).unwrap_or_default())
    }
}

impl fmt::Debug for KeyedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedDigest(..)")
    }
}

/// Adds a digest that is valid from now on; the others end one overlap later, those that end sooner stay so, and the oldest gives
/// way to a fourth. For a secret that its application has already: one that it brings, or that is served before anybody reads it.
pub fn add(secrets: &mut Vec<SecretDigest>, digest: [u8; 32], overlap: Seconds, now: UnixTime) {
    secrets.retain(|secret| secret.is_live(now) && secret.digest != digest);
    end(secrets.iter_mut(), now.plus(overlap));
    secrets.push(SecretDigest { digest, not_before: now, not_after: None });
    let excess = secrets.len().saturating_sub(MOST_LIVE);
    secrets.drain(..excess);
}

/// Lets digests end then, unless they end sooner.
pub(super) fn end<'a>(secrets: impl Iterator<Item = &'a mut SecretDigest>, end: UnixTime) {
    for secret in secrets {
        secret.not_after = Some(secret.not_after.map_or(end, |known| known.min(end)));
    }
}
