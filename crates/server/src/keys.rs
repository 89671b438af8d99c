//! Signing keys: parsed once, held, and used for every token. When keys are made and retired is decided in
//! [`nauthera_core::oauth::keyring`]; where they are kept is a [`KeyStore`]'s matter.

mod file;
mod jwk;
mod ring;
mod verify;

pub use file::{FileKeys, write_private};
pub use ring::{KeyRing, KeySet, Maintained};
pub use verify::{Verified, verify_with};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::oauth::keyring::KeyTimes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Why keys cannot be used or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The cryptographic library refuses the key.
    #[error("signing key {0} cannot be used: {1}")]
    Unusable(String, String),
    /// The key store cannot be read or written.
    #[error("signing keys cannot be kept: {0}")]
    Storage(String),
}

/// A key as it is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoredKey {
    /// The RFC 7638 thumbprint.
    pub kid: String,
    /// Algorithm and times.
    pub times: KeyTimes,
    /// The private key: PKCS#8 in base64url.
    pub pkcs8: Zeroizing<String>,
}

/// Whether this process may change the keys that are kept.
pub enum Turn {
    /// It may, and nobody else does until this is dropped.
    Ours(Box<dyn std::any::Any>),
    /// Somebody else keeps them: they are only read here.
    Theirs,
}

/// Where keys are kept. Several processes may share one.
pub trait KeyStore: Send + Sync {
    /// Asks for the turn to change them, and waits for others who have it.
    ///
    /// # Errors
    /// [`KeyError::Storage`] when another keeps the turn too long.
    fn turn(&self) -> Result<Turn, KeyError>;

    /// All keys; none at a first start.
    ///
    /// # Errors
    /// [`KeyError::Storage`] when they cannot be read: never an empty list instead.
    fn load(&self) -> Result<Vec<StoredKey>, KeyError>;
    /// Replaces all keys, atomically and durably.
    ///
    /// # Errors
    /// [`KeyError::Storage`]; the old ones are still there then.
    fn save(&self, keys: &[StoredKey]) -> Result<(), KeyError>;
}

enum Private {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key that is ready to sign and to verify.
pub struct SigningKey {
    /// As it is kept.
    pub stored: StoredKey,
    /// Its public half as a JWK.
    pub jwk: serde_json::Value,
    private: Private,
    public: ParsedPublicKey,
    access_header: String,
    id_header: String,
    logout_header: String,
    random: SystemRandom,
}

/// What a token is, as its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// `at+jwt` (RFC 9068).
    Access,
    /// `JWT`.
    Id,
    /// `logout+jwt` (OIDC Back-Channel Logout 1.0 §2.4).
    Logout,
}

impl TokenType {
    /// The `typ` of its header.
    #[must_use]
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Id => "JWT",
            Self::Logout => "logout+jwt",
        }
    }
}

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] when the library cannot.
    pub fn generate(times: KeyTimes) -> Result<Self, KeyError> {
        let fail =
            |error: aws_lc_rs::error::Unspecified| KeyError::Unusable("(new)".into(), error.to_string());
        let pkcs8: Vec<u8> = match times.algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
                let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(fail)?;
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(fail)?;
                der.as_ref().to_vec()
            }
            SigningAlgorithm::Es256 => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(fail)?;
                key.to_pkcs8v1().map_err(fail)?.as_ref().to_vec()
            }
            SigningAlgorithm::EdDsa => {
                Ed25519KeyPair::generate().map_err(fail)?.to_pkcs8v1().map_err(fail)?.as_ref().to_vec()
            }
        };
        let pkcs8 = Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(pkcs8)));
        Self::parse(StoredKey { kid: String::new(), times, pkcs8 })
    }

    /// Parses a kept key. An empty `kid` is filled in; another one must be the key's thumbprint.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn parse(mut stored: StoredKey) -> Result<Self, KeyError> {
        let name = stored.kid.clone();
        let unusable = move |reason: String| KeyError::Unusable(name.clone(), reason);
        let der = Zeroizing::new(
            URL_SAFE_NO_PAD.decode(stored.pkcs8.as_bytes()).map_err(|e| unusable(e.to_string()))?,
        );
        let private = match stored.times.algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                Private::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).map_err(|e| unusable(e.to_string()))?))
            }
            SigningAlgorithm::Es256 => Private::Ecdsa(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
                    .map_err(|e| unusable(e.to_string()))?,
            ),
            SigningAlgorithm::EdDsa => {
                Private::Ed25519(Ed25519KeyPair::from_pkcs8(&der).map_err(|e| unusable(e.to_string()))?)
            }
        };
        let (jwk, kid) = jwk::public(&private, stored.times.algorithm);
        if !stored.kid.is_empty() && stored.kid != kid {
            return Err(unusable("its kid is not its thumbprint".into()));
        }
        stored.kid = kid;
        let public = verify::parsed(&private, stored.times.algorithm).map_err(unusable)?;
        let header = |of: TokenType| {
            let header = serde_json::json!({"alg": stored.times.algorithm.as_str(), "typ": of.typ(), "kid": stored.kid});
            URL_SAFE_NO_PAD.encode(header.to_string())
        };
        Ok(Self {
            jwk,
            private,
            public,
            access_header: header(TokenType::Access),
            id_header: header(TokenType::Id),
            logout_header: header(TokenType::Logout),
            random: SystemRandom::new(),
            stored,
        })
    }

    /// Signs claims (JSON text) as a compact JWS (RFC 7515).
    ///
    /// # Errors
    /// [`KeyError::Unusable`] when the library fails.
    pub fn sign(&self, token_type: TokenType, claims: &[u8]) -> Result<String, KeyError> {
        let header = match token_type {
            TokenType::Access => &self.access_header,
            TokenType::Id => &self.id_header,
            TokenType::Logout => &self.logout_header,
        };
        let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 360);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let fail =
            |e: aws_lc_rs::error::Unspecified| KeyError::Unusable(self.stored.kid.clone(), e.to_string());
        let mut rsa = [0_u8; 512];
        let made;
        let signature: &[u8] = match &self.private {
            Private::Rsa(key) => {
                let padding = if self.stored.times.algorithm == SigningAlgorithm::Ps256 {
                    &RSA_PSS_SHA256
                } else {
                    &RSA_PKCS1_SHA256
                };
                let length = key.public_modulus_len();
                let buffer = rsa.get_mut(..length).ok_or_else(|| fail(aws_lc_rs::error::Unspecified))?;
                key.sign(padding, &self.random, token.as_bytes(), buffer).map_err(fail)?;
                buffer
            }
            Private::Ecdsa(key) => {
                made = key.sign(&self.random, token.as_bytes()).map_err(fail)?;
                made.as_ref()
            }
            Private::Ed25519(key) => {
                made = key.try_sign(token.as_bytes()).map_err(fail)?;
                made.as_ref()
            }
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// Did this key sign the message? In the key's own algorithm.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify_sig(message, signature).is_ok()
    }
}

impl Private {
    fn public_bytes(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => key.public_key().as_ref(),
            Self::Ecdsa(key) => key.public_key().as_ref(),
            Self::Ed25519(key) => key.public_key().as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nauthera_core::time::{Seconds, UnixTime};

    fn times(algorithm: SigningAlgorithm) -> KeyTimes {
        KeyTimes { algorithm, active_from: UnixTime(0), retired_at: None, longest_token: Seconds::hours(1) }
    }

    #[test]
    fn every_algorithm_signs_what_it_verifies_and_survives_storage() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(times(*algorithm)).unwrap();
            let again = SigningKey::parse(key.stored.clone()).unwrap();
            let token = key.sign(TokenType::Access, br#"{"sub":"x"}"#).unwrap();
            let (message, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            assert!(again.verifies(message.as_bytes(), &signature), "{algorithm}");
            assert!(!again.verifies(b"other", &signature), "{algorithm}");
        }
    }

    #[test]
    fn a_kid_that_is_not_the_thumbprint_is_refused() {
        let mut stored = SigningKey::generate(times(SigningAlgorithm::Es256)).unwrap().stored;
        stored.kid = "other".into();
        assert!(SigningKey::parse(stored).is_err());
    }
}
