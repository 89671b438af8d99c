//! What a client assertion (RFC 7523) may be signed with: the one table by which manifests are judged, metadata is written, and
//! signatures are checked, so that a key which is accepted can also authenticate.

use crate::grant::SigningAlgorithm;

/// Algorithms by the names of RFC 7518, RFC 8037 and RFC 9864: the last gives EdDSA with the curve Ed25519 a name of its own.
pub const ALGORITHMS: [(&str, SigningAlgorithm); 5] = [
    ("RS256", SigningAlgorithm::Rs256),
    ("PS256", SigningAlgorithm::Ps256),
    ("ES256", SigningAlgorithm::Es256),
    ("EdDSA", SigningAlgorithm::EdDsa),
    ("Ed25519", SigningAlgorithm::EdDsa),
];

/// The names, in the order of the table.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALGORITHMS.iter().map(|(name, _)| *name).collect()
}

/// The algorithm of a name, if assertions may use it.
#[must_use]
pub fn algorithm(name: &str) -> Option<SigningAlgorithm> {
    ALGORITHMS.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
}

/// A form of public key (RFC 7518 §6, RFC 8037 §2) that belongs to one of the algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// `kty` RSA.
    Rsa,
    /// `kty` EC with `crv` P-256.
    P256,
    /// `kty` OKP with `crv` Ed25519.
    Ed25519,
}

impl KeyForm {
    /// The form of an algorithm's keys.
    #[must_use]
    pub const fn of(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => Self::Rsa,
            SigningAlgorithm::Es256 => Self::P256,
            SigningAlgorithm::EdDsa => Self::Ed25519,
        }
    }

    /// The names of the algorithms for which such a key can be.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        ALGORITHMS.iter().filter(move |(_, algorithm)| Self::of(*algorithm) == self).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_key_has_an_algorithm_and_every_algorithm_a_form() {
        let all: Vec<_> =
            [KeyForm::Rsa, KeyForm::P256, KeyForm::Ed25519].into_iter().flat_map(KeyForm::names).collect();
        assert_eq!(all, names());
        for name in names() {
            assert!(algorithm(name).is_some());
        }
        for other in ["none", "HS256", "RS512", "ES384", "rs256", ""] {
            assert_eq!(algorithm(other), None, "{other}");
        }
    }
}
