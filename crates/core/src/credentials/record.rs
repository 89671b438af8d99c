//! What is kept of one client's credentials.

use super::digests::KeyedDigest;
use super::step::Facts;
use crate::inventory::CredentialRecord;
use crate::names::{ClientId, ObjectRef};
use crate::snapshot::SecretDigest;
use crate::time::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// What is kept of one client: who it is, and which of its secrets count. Clients without a secret have one too, since it says
/// who holds an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The server it is registered with.
    pub server: ObjectRef,
    /// The id it holds.
    pub client_id: ClientId,
    /// `metadata.uid` of the AuthClient. An object of the same name that was made later is another one.
    pub owner: Arc<str>,
    /// Digests that count, in the order in which they came. One without an end that is neither `current` nor `pending` belongs to
    /// an attempt that was given up, and that may yet reach the Secret.
    pub secrets: Vec<SecretDigest>,
    /// The digest that the application's Secret was last seen with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<KeyedDigest>,
    /// A digest that is on its way to the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// Since when the Secret has the current secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<UnixTime>,
    /// Is the current secret one that the client brought?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brought: bool,
    /// The annotations that were handled last.
    #[serde(default)]
    pub handled: Handled,
    /// How often its Secret was lost of late.
    #[serde(default)]
    pub rebuilds: Rebuilds,
}

/// A digest on its way to the Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pending {
    /// The digest.
    pub digest: KeyedDigest,
    /// Since when.
    pub since: UnixTime,
    /// Do all others end as soon as the Secret has it?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revokes: bool,
}

/// The values of annotations that were handled last: each new one is handled once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Handled {
    /// Of `auth.nauthera.io/rotate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate: Option<Mark>,
    /// Of `auth.nauthera.io/revoke`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke: Option<Mark>,
}

/// How often a Secret was lost of late: deleted, or edited by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rebuilds {
    /// How often.
    pub count: u32,
    /// When last.
    pub at: UnixTime,
}

/// 64 bits of the SHA-256 of a text, where only equality matters: an annotation may be a quarter of a megabyte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mark(u64);

impl Mark {
    /// The mark of a text.
    #[must_use]
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(text).iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte)))
    }

    /// Reads what [`fmt::Display`] writes: 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        u64::from_str_radix(text, 16).ok().filter(|_| digits).map(Self)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Mark {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("16 hexadecimal digits are expected")
    }
}

impl From<Mark> for String {
    fn from(mark: Mark) -> Self {
        mark.to_string()
    }
}

impl Record {
    /// The record of a client that has none yet.
    pub(super) fn new(facts: &Facts<'_>) -> Self {
        Self {
            server: facts.server.clone(),
            client_id: facts.client_id.clone(),
            owner: facts.owner.into(),
            secrets: Vec::new(),
            current: None,
            pending: None,
            written_at: None,
            brought: false,
            handled: facts.asked(),
            rebuilds: Rebuilds::default(),
        }
    }

    /// Is it of this server and id? Else it does not count.
    pub(super) fn is_registered(&self, facts: &Facts<'_>) -> bool {
        self.server == *facts.server && self.client_id == *facts.client_id
    }

    /// Does this digest count, with or without an end?
    #[must_use]
    pub fn lists(&self, digest: KeyedDigest) -> bool {
        self.secrets.iter().any(|secret| secret.digest == digest.0)
    }

    /// Does this digest count without an end?
    #[must_use]
    pub fn keeps(&self, digest: KeyedDigest) -> bool {
        self.secrets.iter().any(|secret| secret.digest == digest.0 && secret.not_after.is_none())
    }

    /// What `compile` judges of it.
    #[must_use]
    pub fn fact(&self) -> CredentialRecord {
        CredentialRecord {
            server: self.server.clone(),
            client_id: self.client_id.clone(),
            secrets: self.secrets.clone(),
        }
    }
}
