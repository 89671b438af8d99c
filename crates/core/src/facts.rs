//! The durable facts of the protocol: what was authorised, by whom, and how far each one-time value has come.
//! `nauthera-store` keeps them; decisions over them are in [`crate::oauth`].

use crate::names::{Audience, ClientId, ObjectRef, Scope};
use crate::snapshot::hex32;
use crate::time::{Seconds, UnixTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// SHA-256 of a random value that its holder presents: what is stored instead of it. Random values have 256 bits, so
/// an unkeyed digest cannot be searched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(#[serde(with = "hex32")] pub [u8; 32]);

impl Digest {
    /// The digest of a presented value.
    #[must_use]
    pub fn of(value: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(value).into())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

/// The id of a grant: 16 random bytes. It is the first half of the `jti` of each token made under it, so a token
/// leads back to its grant without a private claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(pub [u8; 16]);

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A person's subject identifier: opaque, public, never reassigned (OIDC Core 8).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(pub Arc<str>);

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which person, so that a directory can be asked again: the store and the store's immutable id of the person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonRef {
    /// The UserStore.
    pub store: ObjectRef,
    /// Its immutable id of the person: the username of a static user.
    pub id: Arc<str>,
    /// The subject identifier that follows from both.
    pub subject: Subject,
}

impl PersonRef {
    /// Names a person; the subject is a hash of the store's name and the id.
    #[must_use]
    pub fn new(store: ObjectRef, id: impl Into<Arc<str>>) -> Self {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let id = id.into();
        let mut sha = Sha256::new();
        for part in [&store.namespace, &store.name, &id] {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part.as_bytes());
        }
        let subject = Subject(URL_SAFE_NO_PAD.encode(sha.finalize()).into());
        Self { store, id, subject }
    }
}

/// How and when a person proved who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoginEvent {
    /// When (`auth_time`).
    pub auth_time: UnixTime,
    /// By which means (`amr`, RFC 8176): `pwd`.
    pub amr: Vec<Arc<str>>,
}

/// One claim that the `claims` parameter names (OIDC Core 5.5), with the values that it would take.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimRequest {
    /// Is it essential?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub essential: bool,
}

/// The `claims` parameter: what is asked of userinfo and of the ID token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimsRequest {
    /// Claims asked of userinfo.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, ClaimRequest>,
    /// Claims asked of the ID token.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, ClaimRequest>,
}

/// What a person let a client have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Authorization {
    /// The client.
    pub client_id: ClientId,
    /// The person.
    pub person: PersonRef,
    /// The login behind it.
    pub login: LoginEvent,
    /// The session's public id (`sid`); `None` for device grants, which have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Arc<str>>,
    /// Scopes granted.
    pub scopes: Vec<Scope>,
    /// Resources granted, beside the issuer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Audience>,
    /// Claims asked for one by one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub claims: ClaimsRequest,
    /// The authentication context that was reached (`acr`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<Arc<str>>,
}

fn is_default(claims: &ClaimsRequest) -> bool {
    *claims == ClaimsRequest::default()
}

impl Authorization {
    /// Was this scope granted?
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s.as_str() == scope)
    }

    /// Does it outlive the session? With `offline_access`, and where there never was a session.
    #[must_use]
    pub fn outlives_session(&self) -> bool {
        self.sid.is_none() || self.has_scope("offline_access")
    }
}

/// An authorization code, until it is redeemed or expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRecord {
    /// Digest of the code.
    pub digest: Digest,
    /// The id that the grant will have.
    pub grant: GrantId,
    /// What it stands for.
    pub authorization: Authorization,
    /// The redirect URI of its request, exactly.
    pub redirect_uri: String,
    /// The `nonce` of its request, to be repeated in the ID token.
    pub nonce: Option<String>,
    /// The S256 code challenge.
    pub code_challenge: Option<String>,
    /// Not to be redeemed from then on.
    pub expires_at: UnixTime,
    /// When it was redeemed.
    pub redeemed_at: Option<UnixTime>,
}

/// A grant: what tokens are made under. Revoked, all its tokens are dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    /// Its id.
    pub id: GrantId,
    /// What it stands for.
    pub authorization: Authorization,
    /// When it began: refresh lifetimes count from the login, `authorization.login.auth_time`, or from here, whichever is later.
    pub created_at: UnixTime,
    /// When nothing made under it can be alive any more; it is swept then.
    pub expires_at: UnixTime,
    /// When it was revoked.
    pub revoked_at: Option<UnixTime>,
    /// When the session in which it began was ended. One that outlives it goes on, as long as policy lets it.
    pub session_ended_at: Option<UnixTime>,
}

/// The refresh tokens of a grant, one after another. Of all that were ever made for it the current one counts, and the one before
/// it for a moment; any other is older than both, however many there were, so that none of them is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyRecord {
    /// The grant.
    pub grant: GrantId,
    /// Digest of the token that counts.
    pub current: Digest,
    /// That one is not to be used from then on.
    pub expires_at: UnixTime,
    /// What it followed; `None` for the first one.
    pub rotated: Option<Rotated>,
}

/// The latest rotation of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Digest of the token that was replaced.
    pub previous: Digest,
    /// When.
    pub at: UnixTime,
    /// The successor, encrypted under a key derived from the token that it follows; empty some time after the grace.
    pub sealed_successor: Vec<u8>,
}

/// How far a refresh token of a family is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation<'a> {
    /// It is the current one.
    Live,
    /// It was replaced by the current one.
    Rotated {
        /// When.
        at: UnixTime,
        /// The current one, encrypted; may be empty.
        sealed: &'a [u8],
    },
    /// What replaced it was replaced itself.
    Older,
}

impl FamilyRecord {
    /// How far a token that was made for this grant is behind.
    #[must_use]
    pub fn generation(&self, presented: Digest) -> Generation<'_> {
        match &self.rotated {
            _ if self.current == presented => Generation::Live,
            Some(rotated) if rotated.previous == presented => {
                Generation::Rotated { at: rotated.at, sealed: &rotated.sealed_successor }
            }
            _ => Generation::Older,
        }
    }
}

/// A browser session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Digest of the cookie's value.
    pub digest: Digest,
    /// Its public id (`sid`): stays when the cookie's value is renewed.
    pub sid: Arc<str>,
    /// The person.
    pub person: PersonRef,
    /// The latest login.
    pub login: LoginEvent,
    /// When it began.
    pub created_at: UnixTime,
    /// When it was last used, to the minute.
    pub last_seen_at: UnixTime,
    /// When it ends at the latest.
    pub expires_at: UnixTime,
}

impl SessionRecord {
    /// Does it count at this time?
    #[must_use]
    pub fn is_live(&self, now: UnixTime, idle_timeout: Seconds) -> bool {
        now < self.expires_at && now < self.last_seen_at.plus(idle_timeout)
    }
}

/// What a person agreed to let a client have, remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRecord {
    /// The person.
    pub subject: Subject,
    /// The client.
    pub client_id: ClientId,
    /// Scopes agreed to.
    pub scopes: Vec<Scope>,
    /// Resources agreed to.
    pub resources: Vec<Audience>,
    /// When.
    pub granted_at: UnixTime,
}

/// A session's end that a client is still to be told of (OIDC Back-Channel Logout 1.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutDelivery {
    /// The client, which got tokens in the session.
    pub client_id: ClientId,
    /// Whose session it was.
    pub subject: Subject,
    /// The session's public id.
    pub sid: Arc<str>,
    /// When it ended.
    pub ended_at: UnixTime,
    /// How often the client was told, with this time.
    pub attempts: u32,
}

/// A pushed authorization request (RFC 9126).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRecord {
    /// Digest of the random part of its `request_uri`.
    pub digest: Digest,
    /// The client that pushed it; nobody else's counts.
    pub client_id: ClientId,
    /// The parameters, form-encoded, without client authentication.
    pub parameters: String,
    /// To be opened before then.
    pub expires_at: UnixTime,
    /// Has an answer been issued for it?
    pub spent: bool,
}

/// A device authorization (RFC 8628).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// Digest of the device code.
    pub digest: Digest,
    /// The user code, eight letters without separator.
    pub user_code: String,
    /// The id that the grant will have.
    pub grant: GrantId,
    /// The client.
    pub client_id: ClientId,
    /// Scopes asked for, and allowed.
    pub scopes: Vec<Scope>,
    /// Resources asked for.
    pub resources: Vec<Audience>,
    /// Not to be used from then on.
    pub expires_at: UnixTime,
    /// Seconds that the device must wait between polls.
    pub interval: Seconds,
    /// When the device last asked.
    pub polled_at: Option<UnixTime>,
    /// How far it has come.
    pub state: DeviceState,
}

/// How far a device authorization has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeviceState {
    /// Nobody has decided yet.
    Pending,
    /// A person said no.
    Denied,
    /// A person said yes.
    Approved(Box<Authorization>),
    /// Tokens were issued.
    Redeemed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_opaque_and_depends_on_every_part() {
        let store = ObjectRef::new("platform", "people");
        let ada = PersonRef::new(store.clone(), "ada");
        assert_eq!(ada.subject.0.len(), 43);
        assert_ne!(ada.subject, PersonRef::new(store, "grace").subject);
        assert_ne!(
            PersonRef::new(ObjectRef::new("a", "bc"), "x").subject,
            PersonRef::new(ObjectRef::new("ab", "c"), "x").subject
        );
    }

    #[test]
    fn a_family_tells_its_last_two_generations_from_all_others() {
        let (at, sealed) = (UnixTime(7), vec![1]);
        let rotated = Rotated { previous: Digest::of("b"), at, sealed_successor: sealed.clone() };
        let first = FamilyRecord {
            grant: GrantId([1; 16]),
            current: Digest::of("c"),
            expires_at: UnixTime(9),
            rotated: None,
        };
        let later = FamilyRecord { rotated: Some(rotated), ..first };
        assert_eq!(first.generation(Digest::of("c")), Generation::Live);
        assert_eq!(first.generation(Digest::of("b")), Generation::Older);
        assert_eq!(later.generation(Digest::of("c")), Generation::Live);
        assert_eq!(later.generation(Digest::of("b")), Generation::Rotated { at, sealed: &sealed });
        assert_eq!(later.generation(Digest::of("a")), Generation::Older);
    }
}
