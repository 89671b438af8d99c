//! The server's own symmetric keys, all derived from the one digest key: for client secrets' digests, for CSRF tokens, and for
//! what travels through a browser and comes back. Refresh tokens, which are made with two of them, are in a room of their own.

mod refresh;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, hkdf, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the digest key cannot be used: 32 random bytes are expected")]
pub struct BadKey;

/// Keys derived from the digest key.
pub struct Secrets {
    digest: hmac::Key,
    csrf: hmac::Key,
    seal: RandomizedNonceKey,
    rotation: hkdf::Prk,
    refresh: hmac::Key,
    limits: [u8; 32],
    namespace: [u8; 32],
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(prk: &hkdf::Prk, info: &[u8]) -> Result<[u8; 32], BadKey> {
    let mut key = [0; 32];
    prk.expand(&[info], Length(32)).and_then(|okm| okm.fill(&mut key)).map_err(|_| BadKey)?;
    Ok(key)
}

impl Secrets {
    /// Derives the keys.
    ///
    /// # Errors
    /// [`BadKey`] when the cryptographic library refuses; it does not.
    pub fn new(digest_key: &[u8; 32]) -> Result<Self, BadKey> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"nauthera").extract(digest_key);
        Ok(Self {
            digest: hmac::Key::new(hmac::HMAC_SHA256, digest_key),
            csrf: hmac::Key::new(hmac::HMAC_SHA256, &derive(&prk, b"csrf")?),
            seal: RandomizedNonceKey::new(&AES_256_GCM, &derive(&prk, b"seal")?).map_err(|_| BadKey)?,
            refresh: hmac::Key::new(hmac::HMAC_SHA256, &derive(&prk, b"refresh")?),
            limits: derive(&prk, b"limits")?,
            namespace: derive(&prk, b"namespace")?,
            rotation: prk,
        })
    }

    /// The keyed digest of a client secret, as the Snapshot holds it: `core`'s, with a key that is made ready once.
    #[must_use]
    pub fn client_secret(&self, secret: &str) -> [u8; 32] {
        let tag = hmac::sign(&self.digest, secret.as_bytes());
        let mut digest = [0; 32];
        digest.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }

    /// What subjects of limits are hashed with.
    #[must_use]
    pub const fn limits(&self) -> [u8; 32] {
        self.limits
    }

    /// A name that this installation's replicas share and no other installation has, for what several of them may use.
    #[must_use]
    pub fn namespace(&self) -> String {
        self.namespace.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A CSRF token for a form, bound to the browser's cookie and to what the form does.
    #[must_use]
    pub fn csrf_token(&self, browser: &str, purpose: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.csrf_tag(browser, purpose))
    }

    /// Is it that token? In constant time.
    #[must_use]
    pub fn is_csrf_token(&self, browser: &str, purpose: &str, presented: &str) -> bool {
        let Ok(presented) = URL_SAFE_NO_PAD.decode(presented) else { return false };
        same(self.csrf_tag(browser, purpose).as_ref(), &presented)
    }

    fn csrf_tag(&self, browser: &str, purpose: &str) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.csrf);
        context.update(&(browser.len() as u64).to_be_bytes());
        context.update(browser.as_bytes());
        context.update(purpose.as_bytes());
        context.sign()
    }

    /// Encrypts what a browser carries; `purpose` is authenticated with it.
    #[must_use]
    pub fn seal(&self, purpose: &str, plaintext: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(seal_with(&self.seal, purpose, plaintext))
    }

    /// Opens what [`Secrets::seal`] made for the same purpose.
    #[must_use]
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        open_with(&self.seal, purpose, &URL_SAFE_NO_PAD.decode(sealed).ok()?)
    }
}

fn seal_with(key: &RandomizedNonceKey, purpose: &str, plaintext: &[u8]) -> Vec<u8> {
    let mut body = plaintext.to_vec();
    match key.seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut body) {
        Ok(nonce) => [nonce.as_ref().as_slice(), &body].concat(),
        // Sealing fails only beyond 64 GiB; nothing opens an empty box.
        Err(_) => Vec::new(),
    }
}

fn open_with(key: &RandomizedNonceKey, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = body.to_vec();
    let length = key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body).ok()?.len();
    body.truncate(length);
    Some(body)
}

/// Are two byte strings equal? In constant time for equal lengths.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_alone() {
        let secrets = Secrets::new(&[1; 32]).unwrap();
        let sealed = secrets.seal("login", b"x");
        assert_eq!(secrets.open("login", &sealed).as_deref(), Some(b"x".as_slice()));
        assert_eq!(secrets.open("consent", &sealed), None);
        assert_eq!(Secrets::new(&[2; 32]).unwrap().open("login", &sealed), None);
        assert_eq!(secrets.open("login", "AAAA"), None);
    }

    #[test]
    fn the_digest_of_a_client_secret_is_the_one_that_snapshots_hold() {
        let secrets = Secrets::new(&[1; 32]).unwrap();
        for secret in ["", "plain", &"x".repeat(300)] {
            let held = nauthera_core::credentials::KeyedDigest::of(&[1; 32], secret);
            assert_eq!(secrets.client_secret(secret), held.0);
        }
    }

    #[test]
    fn csrf_tokens_are_bound_to_browser_and_purpose() {
        let secrets = Secrets::new(&[1; 32]).unwrap();
        let token = secrets.csrf_token("b1", "login");
        assert!(secrets.is_csrf_token("b1", "login", &token));
        for (browser, purpose) in [("b2", "login"), ("b1", "logout")] {
            assert!(!secrets.is_csrf_token(browser, purpose, &token));
        }
        assert!(!secrets.is_csrf_token("b1", "login", "") && !secrets.is_csrf_token("b1", "login", "%%"));
    }
}
