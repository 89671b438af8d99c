//! The Snapshot: one versioned, serialisable value per AuthServer with everything that the server enforces, and
//! nothing that it would have to work out. Equal inventories give equal bytes; their SHA-256 is the *revision*. How it is written
//! in each format is in `bytes`, how it travels in pieces in [`crate::shards`].

use crate::grant::{AuthMethod, ClientType, Consent, GrantSet};
use crate::names::{Audience, ClientId, ObjectRef, Scope};
use crate::oauth::back_channel::LOGOUT_TOKEN_TTL;
use crate::spec::{
    Branding, ClientKeys, ServiceAccountIssuer, SessionSettings, SigningSettings, UserStoreSpec,
};
use crate::time::{Seconds, UnixTime};
use crate::uri::{BackChannelUri, IssuerUrl, RedirectUri};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

mod bytes;
mod tight;

pub use bytes::Inexpressible;
pub(crate) use tight::{Texts, Tight};

/// The newest format that this release writes and reads.
pub const FORMAT: u32 = 2;

/// The oldest format that this release writes and reads. A server reads its own and the one before, so that operator and servers
/// may be one release apart, whichever is ahead.
pub const OLDEST_READ: u32 = 1;

/// What one AuthServer enforces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Issuer and settings of the endpoints.
    pub head: Head,
    /// The client table, by client id.
    pub clients: BTreeMap<ClientId, Arc<Row>>,
}

/// Issuer and settings of the endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Head {
    /// The AuthServer.
    pub server: ObjectRef,
    /// Its issuer.
    pub issuer: IssuerUrl,
    /// Browser sessions.
    pub session: SessionSettings,
    /// Signing keys.
    pub signing: SigningSettings,
    /// Pages.
    pub branding: Branding,
    /// Who the people are; `None` when nobody can log in.
    pub users: Option<UserWiring>,
    /// Whose ServiceAccount tokens authenticate clients; none outside a cluster. Since format 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_accounts: Vec<ServiceAccountIssuer>,
}

/// The people of a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserWiring {
    /// The UserStore; its name is part of every `sub`.
    pub store: ObjectRef,
    /// What it says.
    pub spec: UserStoreSpec,
}

/// One client with its effective settings, already narrowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Row {
    /// The client's id.
    pub client_id: ClientId,
    /// The AuthClient.
    pub object: ObjectRef,
    /// What people see beside the object's name.
    pub display_name: Arc<str>,
    /// What kind of application it is.
    #[serde(rename = "type")]
    pub client_type: ClientType,
    /// Where authorization responses may go.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where logout may lead.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where it is told that a session has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_channel_logout_uri: Option<BackChannelUri>,
    /// What it may be granted.
    pub scopes: Vec<Scope>,
    /// What its manifest asks for and policy took: left out of a request, not an error.
    pub withheld_scopes: Vec<Scope>,
    /// Resources that it may name, beside the issuer.
    pub audiences: Vec<Audience>,
    /// Audiences whose tokens it may introspect.
    pub introspects: Vec<Audience>,
    /// Grants it may use.
    pub grants: GrantSet,
    /// How it authenticates.
    pub authentication: Authentication,
    /// Digests of its live secrets.
    pub secrets: Vec<SecretDigest>,
    /// Lifetimes of what it is issued.
    pub token: Lifetimes,
    /// Must it prove a code challenge?
    pub require_pkce: bool,
    /// Must it push its authorization requests?
    pub require_par: bool,
    /// How long ago a person may have logged in.
    pub max_age: Option<Seconds>,
    /// Group lists of which a person must meet every one, by being in one of its groups.
    pub allowed_groups: Vec<Vec<Arc<str>>>,
    /// Is the person asked?
    pub consent: Consent,
    /// The policies that govern it.
    pub policies: Arc<[PolicyMark]>,
}

/// How a client authenticates, with what that needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Authentication {
    /// The one method it may use.
    pub method: AuthMethod,
    /// Its public keys, for `private_key_jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<ClientKeys>,
    /// Its ServiceAccounts as token subjects, for `kubernetes_service_account`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Arc<str>>,
}

/// Effective lifetimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lifetimes {
    /// Of access tokens.
    pub access: Seconds,
    /// Of refresh tokens, counted from the login.
    pub refresh: Seconds,
    /// Of ID tokens.
    pub id: Seconds,
}

/// A policy in one of its edits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyMark {
    /// The AuthPolicy.
    pub policy: ObjectRef,
    /// Its `metadata.generation`.
    pub generation: i64,
}

/// The keyed digest (HMAC-SHA-256 under the server's digest key) of a client secret, and when it counts.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretDigest {
    /// 32 bytes, in hexadecimal in the Snapshot.
    #[serde(with = "hex32")]
    pub digest: [u8; 32],
    /// Valid from then on.
    pub not_before: UnixTime,
    /// Valid until then; `None` without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<UnixTime>,
}

impl SecretDigest {
    /// Does the secret count at this time?
    #[must_use]
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.not_before <= now && self.not_after.is_none_or(|end| now < end)
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretDigest").field("not_before", &self.not_before).finish_non_exhaustive()
    }
}

/// SHA-256 of a Snapshot's bytes; shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(#[serde(with = "hex32")] pub [u8; 32]);

impl Revision {
    /// Reads its 64 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex32::parse(text).map(Self)
    }

    /// The first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why bytes are not a Snapshot that can be served.
#[derive(Debug, thiserror::Error)]
pub enum BadSnapshot {
    /// Written by a release that this one does not understand.
    #[error("the Snapshot has format {0}; this release reads formats {OLDEST_READ} to {FORMAT}")]
    Format(u32),
    /// A field that its format does not have.
    #[error("the Snapshot has format {0}, which has no field {1}")]
    Field(u32, &'static str),
    /// Not JSON of the right shape; an unknown field is a fault, since it could be a restriction.
    #[error("the Snapshot does not decode")]
    Shape(#[from] serde_json::Error),
    /// Two rows with one id, or rows out of order.
    #[error("the Snapshot's rows are not in order at client {0}")]
    Order(ClientId),
}

impl Snapshot {
    /// The longest lifetime of anything that is signed here: how long a retired key must stay published.
    #[must_use]
    pub fn longest_token(&self) -> Seconds {
        let tells =
            |row: &Row| row.back_channel_logout_uri.as_ref().map_or(Seconds::new(0), |_| LOGOUT_TOKEN_TTL);
        let longest = |row: &Arc<Row>| row.token.access.max(row.token.id).max(tells(row));
        self.clients.values().map(longest).max().unwrap_or_default()
    }
}

/// 32 bytes as 64 hexadecimal digits.
pub mod hex32 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes 64 digits.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
        let text: String = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        serializer.serialize_str(&text)
    }

    /// Reads 64 digits.
    ///
    /// # Errors
    /// When there are not exactly 64 of them.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| D::Error::custom("64 hexadecimal digits are expected"))
    }

    /// Reads 64 digits; `None` when there are not exactly 64 of them.
    #[must_use]
    pub fn parse(text: &str) -> Option<[u8; 32]> {
        let mut bytes = [0; 32];
        let ok = text.len() == 64
            // The standard library reads a sign as part of a number.
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && bytes.iter_mut().enumerate().all(|(n, byte)| {
                let digits = text.get(2 * n..2 * n + 2).and_then(|d| u8::from_str_radix(d, 16).ok());
                digits.map(|value| *byte = value).is_some()
            });
        ok.then_some(bytes)
    }
}
