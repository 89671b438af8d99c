//! Tokens: what is decided in `core` is put into claims and signed here; and what we signed is read back.

use crate::http::{Context, Failure};
use crate::keys::{SigningKey, TokenType, verify_with};
use crate::spans;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::facts::{Authorization, Digest, GrantId};
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::names::{Audience, Scope};
use nauthera_core::oauth::scope::joined;
use nauthera_core::oauth::token::Mint;
use nauthera_core::oauth::{ErrorCode, OAuthError, claims};
use nauthera_core::snapshot::Row;
use nauthera_core::time::UnixTime;
use nauthera_identity::Person;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha512};
use std::sync::Arc;

#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    exp: i64,
    iat: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<&'a [Arc<str>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<&'a [Arc<str>]>,
}

/// An access token of ours, read back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccessToken {
    /// The subject: a person, or the client itself.
    pub sub: String,
    /// Its one audience.
    pub aud: String,
    /// The client it was issued to.
    pub client_id: String,
    /// Not valid from then on.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Its id; the first 16 bytes are the grant's.
    pub jti: String,
    /// Scopes, joined.
    #[serde(default)]
    pub scope: String,
    /// When the person logged in; `None` when no person is involved.
    pub auth_time: Option<i64>,
    /// The authentication context.
    pub acr: Option<String>,
}

impl AccessToken {
    /// The grant it was made under; `None` for client credentials.
    #[must_use]
    pub fn grant(&self) -> Option<GrantId> {
        self.auth_time?;
        let jti = URL_SAFE_NO_PAD.decode(&self.jti).ok()?;
        jti.first_chunk::<16>().map(|id| GrantId(*id))
    }

    /// Does it have this scope?
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|s| s == scope)
    }

    /// What its revocation is remembered by.
    #[must_use]
    pub fn jti_digest(&self) -> Digest {
        Digest::of(&self.jti)
    }
}

/// Reads an access token: ours, and not expired. Whether its grant lives is the store's to say.
#[must_use]
pub fn read_access_token(context: &Context, token: &str) -> Option<AccessToken> {
    let keys = context.app.keys.load();
    let verified = verify_with::<AccessToken>(&keys, TokenType::Access, token)?;
    (UnixTime(verified.claims.exp) > context.now).then_some(verified.claims)
}

/// Does a token still stand for something: its client is served, its person is there, its grant is not revoked? Of a token
/// without a grant: was it not revoked itself?
///
/// # Errors
/// Those of the store.
pub async fn is_alive(context: &Context, token: &AccessToken) -> Result<bool, nauthera_store::StoreError> {
    if context.serving.client(&token.client_id).is_none() {
        return Ok(false);
    }
    match token.grant() {
        Some(grant) => {
            let grant = context.app.store.grant(grant).await?.filter(|grant| grant.revoked_at.is_none());
            Ok(grant.is_some_and(|grant| person_now(context, &grant.authorization).is_ok()))
        }
        None => Ok(!context.app.store.is_token_revoked(token.jti_digest()).await?),
    }
}

/// What tokens are about.
pub enum Party<'a> {
    /// The client itself.
    Client,
    /// A person, as authorised and as the directory knows them now.
    Person(&'a Authorization, &'a Person),
}

/// A token answer being made.
pub struct Issue<'a> {
    /// The request.
    pub context: &'a Context,
    /// The client.
    pub row: &'a Row,
    /// What is minted.
    pub mint: &'a Mint,
    /// For whom.
    pub party: Party<'a>,
    /// Under which grant; the client itself needs none.
    pub grant: Option<GrantId>,
    /// The `nonce` of the authorization request.
    pub nonce: Option<&'a str>,
    /// A new refresh token.
    pub refresh_token: Option<&'a str>,
}

#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
}

/// A signed answer, with what the audit says of it.
pub struct Issued {
    /// The JSON body (RFC 6749 §5.1).
    pub body: Vec<u8>,
    /// Scopes granted, joined.
    pub scope: String,
    /// The access token's id.
    pub jti: String,
    /// The grant that it leads back to.
    pub grant: Option<GrantId>,
    /// Its audience.
    pub audience: Audience,
    /// The session that it ends with.
    pub sid: Option<Arc<str>>,
    /// Which tokens there are.
    pub tokens: &'static [&'static str],
}

impl Issue<'_> {
    /// Signs the tokens.
    ///
    /// # Errors
    /// [`Failure::Internal`] when there is no key or it does not sign.
    pub fn sign(&self) -> Result<Issued, Failure> {
        let now = self.context.now;
        let keys = self.context.app.keys.load();
        let key = keys.signing(now).ok_or_else(|| Failure::Internal("no signing key is active".into()))?;
        let jti = self.jti();
        let scope = joined(&self.mint.scopes);
        let (subject, authorization) = match &self.party {
            Party::Client => (self.row.client_id.as_str(), None),
            Party::Person(authorization, person) => {
                (&*person.reference.subject.0, Some((*authorization, *person)))
            }
        };
        let has_groups = |scopes: &[Scope]| scopes.iter().any(|scope| scope.as_str() == "groups");
        let claims = AccessClaims {
            iss: self.context.serving.issuer().as_str(),
            sub: subject,
            aud: self.mint.audience.as_str(),
            client_id: self.row.client_id.as_str(),
            exp: now.plus(self.row.token.access).0,
            iat: now.0,
            jti: &jti,
            scope: &scope,
            auth_time: authorization.map(|(authorization, _)| authorization.login.auth_time.0),
            acr: authorization.and_then(|(authorization, _)| authorization.acr.as_deref()),
            amr: authorization.map(|(authorization, _)| authorization.login.amr.as_slice()),
            groups: authorization
                .filter(|_| has_groups(&self.mint.scopes))
                .map(|(_, person)| person.groups.as_slice()),
        };
        let access_token = signed(key, TokenType::Access, &written(&claims, 512)?)?;
        let id_token = match authorization.filter(|_| self.mint.has_id_token()) {
            Some((authorization, person)) => {
                let algorithm = key.stored.times.algorithm;
                let claims = self.id_claims(authorization, person, (&access_token, algorithm));
                Some(signed(key, TokenType::Id, &written(&claims, 1_024)?)?)
            }
            None => None,
        };
        let answer = Answer {
            access_token: &access_token,
            token_type: "Bearer",
            expires_in: self.row.token.access.get(),
            scope: &scope,
            refresh_token: self.refresh_token,
            id_token: id_token.as_deref(),
        };
        let tokens = access_token.len() + id_token.as_ref().map_or(0, String::len);
        let body = written(&answer, tokens + 256)?;
        Ok(Issued {
            body,
            jti,
            grant: self.grant,
            audience: self.mint.audience.clone(),
            sid: authorization.and_then(|(authorization, _)| authorization.sid.clone()),
            tokens: handed_out(self.refresh_token.is_some(), id_token.is_some()),
            scope,
        })
    }

    fn jti(&self) -> String {
        let mut jti = self.context.app.random();
        // The first half leads back to the grant.
        if let Some(grant) = self.grant {
            jti.iter_mut().zip(grant.0).for_each(|(to, from)| *to = from);
        }
        URL_SAFE_NO_PAD.encode(jti)
    }

    fn id_claims(
        &self,
        authorization: &Authorization,
        person: &Person,
        (access_token, algorithm): (&str, SigningAlgorithm),
    ) -> Map<String, Value> {
        let now = self.context.now;
        let mut token = Map::new();
        let claims = claims::within(&authorization.claims, &self.row.scopes);
        let today = Authorization { scopes: self.mint.scopes.clone(), claims, ..authorization.clone() };
        claims::into_id_token(&today, &person.claims, &person.groups, &mut token);
        let mut put = |name: &str, value: Value| token.insert(name.to_owned(), value);
        put("iss", self.context.serving.issuer().as_str().into());
        put("sub", person.reference.subject.0.to_string().into());
        put("aud", self.row.client_id.as_str().into());
        put("exp", now.plus(self.row.token.id).0.into());
        put("iat", now.0.into());
        put("auth_time", authorization.login.auth_time.0.into());
        put("at_hash", at_hash(access_token, algorithm).into());
        put("amr", authorization.login.amr.iter().map(|amr| Value::from(&**amr)).collect());
        let optional = [
            ("nonce", self.nonce.map(str::to_owned)),
            ("sid", authorization.sid.as_deref().map(str::to_owned)),
            ("acr", authorization.acr.as_deref().map(str::to_owned)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                token.insert(name.to_owned(), value.into());
            }
        }
        token
    }
}

/// A token of these claims.
fn signed(key: &SigningKey, token: TokenType, claims: &[u8]) -> Result<String, Failure> {
    let _span = spans::signing(key.stored.times.algorithm).entered();
    Ok(key.sign(token, claims)?)
}

/// The words of the audit for what an answer has.
const fn handed_out(refresh_token: bool, id_token: bool) -> &'static [&'static str] {
    match (refresh_token, id_token) {
        (false, false) => &["access_token"],
        (true, false) => &["access_token", "refresh_token"],
        (false, true) => &["access_token", "id_token"],
        (true, true) => &["access_token", "refresh_token", "id_token"],
    }
}

/// JSON text; `room` is about how long it gets.
fn written(value: &impl Serialize, room: usize) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::with_capacity(room);
    serde_json::to_writer(&mut text, value).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(text)
}

/// The left half of the hash that the token's algorithm uses (OIDC Core 3.1.3.6).
fn at_hash(access_token: &str, algorithm: SigningAlgorithm) -> String {
    match algorithm {
        // Ed25519 hashes with SHA-512.
        SigningAlgorithm::EdDsa => {
            URL_SAFE_NO_PAD.encode(Sha512::digest(access_token).first_chunk::<32>().unwrap_or(&[0; 32]))
        }
        _ => URL_SAFE_NO_PAD.encode(Sha256::digest(access_token).first_chunk::<16>().unwrap_or(&[0; 16])),
    }
}

/// The person of an authorization as the directory knows them now.
///
/// # Errors
/// `invalid_grant` when the directory does not know them any more.
pub fn person_now(context: &Context, authorization: &Authorization) -> Result<Arc<Person>, OAuthError> {
    let wired = context.serving.snapshot.head.users.as_ref();
    let same_store = wired.is_some_and(|users| users.store == authorization.person.store);
    let directory = context.serving.directory.as_ref().filter(|_| same_store);
    directory
        .and_then(|directory| directory.find(&authorization.person.id))
        .ok_or_else(|| OAuthError::new(ErrorCode::InvalidGrant, "the person is not there any more"))
}
