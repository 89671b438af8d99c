//! The closed vocabularies of the protocol: client types, grant types, authentication methods, signing algorithms.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order of preference that documents use.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value as manifests and the protocol write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the value; `None` when it is not one of [`Self::ALL`].
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

vocabulary!(
    /// What kind of application a client is; decides its grants and whether it can keep a secret.
    ClientType {
        /// Confidential, server side.
        Web = "web",
        /// Public, single page application.
        Browser = "browser",
        /// Public, desktop, mobile or command line.
        Native = "native",
        /// Public, without a browser (RFC 8628).
        Device = "device",
        /// Confidential, without a user.
        Service = "service",
    }
);

impl ClientType {
    /// Can it keep a secret (RFC 6749 §2.1)?
    #[must_use]
    pub const fn is_confidential(self) -> bool {
        matches!(self, Self::Web | Self::Service)
    }

    /// Does it receive authorization responses at a redirect URI?
    #[must_use]
    pub const fn redirects(self) -> bool {
        matches!(self, Self::Web | Self::Browser | Self::Native)
    }

    /// The grants it asks for when its manifest names none.
    #[must_use]
    pub const fn default_grants(self) -> GrantSet {
        match self {
            Self::Web | Self::Browser | Self::Native => {
                GrantSet::of(&[GrantType::AuthorizationCode, GrantType::RefreshToken])
            }
            Self::Device => GrantSet::of(&[GrantType::DeviceCode, GrantType::RefreshToken]),
            Self::Service => GrantSet::of(&[GrantType::ClientCredentials]),
        }
    }

    /// The grants it may ask for at all.
    #[must_use]
    pub const fn possible_grants(self) -> GrantSet {
        match self {
            Self::Web => GrantSet::of(&[
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::ClientCredentials,
            ]),
            other => other.default_grants(),
        }
    }
}

vocabulary!(
    /// An OAuth grant type, as sent in `grant_type`.
    GrantType {
        /// RFC 6749 §4.1.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 §6.
        RefreshToken = "refresh_token",
        /// RFC 6749 §4.4.
        ClientCredentials = "client_credentials",
        /// RFC 8628.
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
    }
);

vocabulary!(
    /// How a client authenticates at the token endpoint. The order is the one in which policies' defaults are tried.
    AuthMethod {
        /// HTTP Basic (RFC 6749 §2.3.1).
        ClientSecretBasic = "client_secret_basic",
        /// Secret in the form body.
        ClientSecretPost = "client_secret_post",
        /// A projected Kubernetes ServiceAccount token.
        KubernetesServiceAccount = "kubernetes_service_account",
        /// A signed assertion (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
        /// Public clients only.
        None = "none",
    }
);

impl AuthMethod {
    /// Does the client hold a secret that we issued?
    #[must_use]
    pub const fn uses_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }
}

vocabulary!(
    /// An asymmetric signature algorithm (RFC 7518 §3.1); there are no others here.
    SigningAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// Ed25519 (RFC 8037).
        EdDsa = "EdDSA",
    }
);

vocabulary!(
    /// Is a person asked before a client gets tokens?
    Consent {
        /// The page is shown until the person has agreed.
        Required = "Required",
        /// First-party: the page is skipped.
        Trusted = "Trusted",
    }
);

vocabulary!(
    /// What a policy does with what it finds.
    Enforcement {
        /// Narrows and refuses.
        Enforce = "Enforce",
        /// Reports only.
        Audit = "Audit",
    }
);

vocabulary!(
    /// What the webhook answers to a client beyond policy.
    Admission {
        /// The client is narrowed; the developer sees a warning.
        Warn = "Warn",
        /// The apply is refused.
        Deny = "Deny",
    }
);

vocabulary!(
    /// What a policy's example expects of its client.
    Expectation {
        /// Served as asked.
        Compliant = "Compliant",
        /// Served without what is beyond policy.
        Narrowed = "Narrowed",
        /// Not served.
        Refused = "Refused",
    }
);

/// A set of grant types; a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct GrantSet(u8);

impl GrantSet {
    /// The set of all grant types.
    pub const ALL: Self = Self::of(GrantType::ALL);

    /// The set of these.
    #[must_use]
    pub const fn of(grants: &[GrantType]) -> Self {
        let mut bits = 0;
        let mut rest = grants;
        while let [first, tail @ ..] = rest {
            bits |= Self::bit(*first);
            rest = tail;
        }
        Self(bits)
    }

    const fn bit(grant: GrantType) -> u8 {
        match grant {
            GrantType::AuthorizationCode => 1,
            GrantType::RefreshToken => 2,
            GrantType::ClientCredentials => 4,
            GrantType::DeviceCode => 8,
        }
    }

    /// Is this grant in the set?
    #[must_use]
    pub const fn contains(self, grant: GrantType) -> bool {
        self.0 & Self::bit(grant) != 0
    }

    /// What both sets hold.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is here and not there.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Holds nothing?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Can a flow start with one of these? `refresh_token` alone cannot.
    #[must_use]
    pub const fn can_start(self) -> bool {
        self.0 & !Self::bit(GrantType::RefreshToken) != 0
    }

    /// The members, in the order of [`GrantType::ALL`].
    pub fn iter(self) -> impl Iterator<Item = GrantType> {
        GrantType::ALL.iter().copied().filter(move |g| self.contains(*g))
    }
}

impl FromIterator<GrantType> for GrantSet {
    fn from_iter<I: IntoIterator<Item = GrantType>>(grants: I) -> Self {
        Self(grants.into_iter().fold(0, |bits, g| bits | Self::bit(g)))
    }
}

impl Serialize for GrantSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for GrantSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<GrantType>::deserialize(deserializer).map(|grants| grants.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        let set: GrantSet = [GrantType::RefreshToken].into_iter().collect();
        assert!(!set.can_start() && !set.is_empty());
        assert_eq!(GrantSet::ALL.minus(set).iter().count(), 3);
    }

    #[test]
    fn public_types_never_get_client_credentials() {
        for client_type in ClientType::ALL.iter().filter(|t| !t.is_confidential()) {
            assert!(!client_type.possible_grants().contains(GrantType::ClientCredentials));
        }
    }

    #[test]
    fn words_read_back() {
        for grant in GrantType::ALL {
            assert_eq!(GrantType::parse(grant.as_str()), Some(*grant));
        }
        assert_eq!(GrantType::parse("password"), None);
    }
}
