//! The token endpoint's decisions, a function for each grant. Each looks at facts and today's settings and says what is to be
//! minted; the caller then takes the one-time value in one atomic step, and only then signs.

use super::error::{ErrorCode, OAuthError};
use super::interaction::may_use;
use super::params::Params;
use super::{pkce, scope};
use crate::facts::{Authorization, CodeRecord, Digest, FamilyRecord, Generation, GrantRecord};
use crate::grant::GrantType;
use crate::names::{Audience, Scope};
use crate::snapshot::Row;
use crate::time::{Seconds, UnixTime};
use crate::uri::IssuerUrl;
use std::sync::Arc;

/// How long a rotated refresh token still returns its successor: a retried request is not theft.
pub const REFRESH_GRACE: Seconds = Seconds::new(10);
/// How long an authorization code may wait.
pub const CODE_TTL: Seconds = Seconds::new(60);

/// What is to be minted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mint {
    /// Scopes of the access token.
    pub scopes: Vec<Scope>,
    /// Its one audience.
    pub audience: Audience,
    /// When the family of refresh tokens ends, where one is issued.
    pub refresh_until: Option<UnixTime>,
}

impl Mint {
    /// Is an ID token due?
    #[must_use]
    pub fn has_id_token(&self) -> bool {
        self.has_scope("openid")
    }

    fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.as_str() == name)
    }

    /// When nothing made by this can be alive any more.
    #[must_use]
    pub fn ends_at(&self, row: &Row, now: UnixTime) -> UnixTime {
        let access = now.plus(row.token.access);
        self.refresh_until.map_or(access, |until| until.max(access))
    }
}

/// May this client use the grant?
///
/// # Errors
/// `unauthorized_client`.
pub fn may_use_grant(row: &Row, grant: GrantType) -> Result<(), OAuthError> {
    if row.grants.contains(grant) {
        return Ok(());
    }
    let message = format!("AuthClient {} may not use grant_type {grant}", row.object);
    Err(OAuthError::new(ErrorCode::UnauthorizedClient, message))
}

/// The groups that a person is in now, or `None` when the directory does not know the person any more.
pub type GroupsNow<'a> = Option<&'a [Arc<str>]>;

/// May this person go on with this client today? Groups may have changed, on either side, since the person logged in.
fn may_go_on(row: &Row, person: GroupsNow<'_>) -> Result<(), OAuthError> {
    match person {
        None => Err(OAuthError::invalid_grant("the person is not there any more")),
        Some(groups) if !may_use(&row.allowed_groups, groups) => Err(OAuthError::invalid_grant(
            "the person is in no group that the client or its policies allow any more",
        )),
        Some(_) => Ok(()),
    }
}

/// Judges an authorization code (RFC 6749 §4.1.3). A redeemed one passes here if all else fits, whoever the person is now: the
/// store's one step finds it redeemed and revokes what it produced, so that a thief cannot do that with the code alone.
///
/// # Errors
/// `invalid_grant`, `invalid_scope`, `invalid_target`.
pub fn code(
    row: &Row,
    issuer: &IssuerUrl,
    code: &CodeRecord,
    person: GroupsNow<'_>,
    (params, now): (&Params<'_>, UnixTime),
) -> Result<Mint, OAuthError> {
    if code.authorization.client_id != row.client_id {
        return Err(OAuthError::invalid_grant("this code was issued to another client"));
    }
    if params.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
        return Err(OAuthError::invalid_grant("redirect_uri is not the one of the authorization request"));
    }
    pkce::verify(code.code_challenge.as_deref(), params.get("code_verifier"))?;
    if code.redeemed_at.is_none() {
        if code.expires_at <= now {
            return Err(OAuthError::invalid_grant("the code has expired"));
        }
        may_go_on(row, person)?;
    }
    minted(row, issuer, &code.authorization, params, now)
}

/// Judges a device code that a person has approved (RFC 8628 §3.5).
///
/// # Errors
/// `access_denied` for who may not use the client any more, `invalid_grant`, `invalid_scope`, `invalid_target`.
pub fn device(
    row: &Row,
    issuer: &IssuerUrl,
    authorization: &Authorization,
    person: GroupsNow<'_>,
    (params, now): (&Params<'_>, UnixTime),
) -> Result<Mint, OAuthError> {
    may_go_on(row, person).map_err(|error| match person {
        Some(_) => OAuthError::new(ErrorCode::AccessDenied, error.description),
        None => error,
    })?;
    minted(row, issuer, authorization, params, now)
}

/// What an authorization gives today: policy may have tightened since the person agreed.
fn minted(
    row: &Row,
    issuer: &IssuerUrl,
    authorization: &Authorization,
    params: &Params<'_>,
    now: UnixTime,
) -> Result<Mint, OAuthError> {
    let scopes = scope::still_granted(row, &authorization.scopes);
    if scopes.is_empty() && !authorization.scopes.is_empty() {
        return Err(OAuthError::new(ErrorCode::InvalidScope, "policy leaves none of the granted scopes"));
    }
    let asked = scope::resources(row, issuer, params.all("resource"))?;
    let audience = scope::audience(&asked, &authorization.resources, row, issuer)?;
    let until = family_end(row, authorization);
    let refreshes = row.grants.contains(GrantType::RefreshToken) && now < until;
    Ok(Mint { scopes, audience, refresh_until: refreshes.then_some(until) })
}

/// When the family of an authorization ends by today's policy: counted from the login.
#[must_use]
pub fn family_end(row: &Row, authorization: &Authorization) -> UnixTime {
    authorization.login.auth_time.plus(row.token.refresh)
}

/// What to do with a refresh token that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refresh {
    /// A confidential client's: it stays as it is.
    Keep(Mint),
    /// Rotate it.
    Rotate(Mint),
    /// Rotated a moment ago, and the successor is unused: the same successor again.
    Repeat(Mint),
    /// Presented after its time: someone has a copy, and the family is revoked.
    Reused,
}

/// A refresh token that was presented, with the facts that are judged with it.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// Its digest. That it was made for the family's grant is known already.
    pub digest: Digest,
    /// The family.
    pub family: &'a FamilyRecord,
    /// The grant.
    pub grant: &'a GrantRecord,
}

/// Judges a refresh token (RFC 6749 §6, RFC 9700 §4.14).
///
/// # Errors
/// `invalid_grant`, `invalid_scope`, `invalid_target`.
pub fn refresh(
    row: &Row,
    issuer: &IssuerUrl,
    Presented { digest, family, grant }: Presented<'_>,
    person: GroupsNow<'_>,
    (params, now): (&Params<'_>, UnixTime),
) -> Result<Refresh, OAuthError> {
    let authorization = &grant.authorization;
    if authorization.client_id != row.client_id {
        return Err(OAuthError::invalid_grant("this refresh_token was issued to another client"));
    }
    if grant.revoked_at.is_some() {
        return Err(OAuthError::invalid_grant("the grant of this refresh_token was revoked"));
    }
    let generation = family.generation(digest);
    match generation {
        Generation::Live => {}
        Generation::Rotated { at, sealed } if now < at.plus(REFRESH_GRACE) && !sealed.is_empty() => {}
        Generation::Rotated { .. } | Generation::Older => return Ok(Refresh::Reused),
    }
    if family.expires_at <= now {
        return Err(expired());
    }
    let mint =
        renewed(row, issuer, (authorization, grant.session_ended_at.is_some()), person, (params, now))?;
    Ok(match (generation, row.client_type.is_confidential()) {
        (Generation::Live, true) => Refresh::Keep(mint),
        (Generation::Live, false) => Refresh::Rotate(mint),
        (_, _) => Refresh::Repeat(mint),
    })
}

/// What a rotation gives by what never changes of a grant, provided that the token is the current one of a family that lives, which
/// the one step that rotates it makes sure of. `None` where more is to be known, or where nothing is given: [`refresh`] judges then.
#[must_use]
pub fn rotation(
    row: &Row,
    issuer: &IssuerUrl,
    authorization: &Authorization,
    person: GroupsNow<'_>,
    (params, now): (&Params<'_>, UnixTime),
) -> Option<Mint> {
    if row.client_type.is_confidential() || authorization.client_id != row.client_id {
        return None;
    }
    // Where the session may have ended and the grant goes on, the worst is taken for granted.
    let ended = authorization.sid.is_some() && authorization.outlives_session();
    renewed(row, issuer, (authorization, ended), person, (params, now)).ok()
}

fn expired() -> OAuthError {
    OAuthError::invalid_grant("the refresh_token has expired: the person must log in again")
}

/// What a live refresh token gives today.
fn renewed(
    row: &Row,
    issuer: &IssuerUrl,
    (authorization, session_ended): (&Authorization, bool),
    person: GroupsNow<'_>,
    (params, now): (&Params<'_>, UnixTime),
) -> Result<Mint, OAuthError> {
    if family_end(row, authorization) <= now {
        return Err(expired());
    }
    may_go_on(row, person)?;
    let mut mint = minted(row, issuer, authorization, params, now)?;
    // Policy may have taken offline_access since: then the token ended with its session.
    if session_ended && !mint.has_scope("offline_access") {
        return Err(OAuthError::invalid_grant("the session of this refresh_token was ended"));
    }
    mint.scopes = narrowed(mint.scopes, &authorization.scopes, params.get("scope"))?;
    Ok(mint)
}

/// What a refresh token would give if it were presented now; `None` where the token endpoint would refuse it, or where it was
/// rotated and only its successor counts (RFC 7662 section 2.2).
#[must_use]
pub fn usable(
    row: &Row,
    issuer: &IssuerUrl,
    presented: Presented<'_>,
    person: GroupsNow<'_>,
    now: UnixTime,
) -> Option<Mint> {
    may_use_grant(row, GrantType::RefreshToken).ok()?;
    // The issuer is always a resource, so that this is no question of which.
    let params = Params::one("resource", issuer.as_str());
    match refresh(row, issuer, presented, person, (&params, now)) {
        Ok(Refresh::Keep(mint) | Refresh::Rotate(mint)) => Some(mint),
        Ok(Refresh::Repeat(_) | Refresh::Reused) | Err(_) => None,
    }
}

/// A refresh may ask for fewer scopes, never for others (RFC 6749 §6).
fn narrowed(today: Vec<Scope>, granted: &[Scope], asked: Option<&str>) -> Result<Vec<Scope>, OAuthError> {
    let Some(asked) = asked else { return Ok(today) };
    let words: Vec<&str> = asked.split(' ').filter(|word| !word.is_empty()).collect();
    if let Some(other) = words.iter().find(|word| !granted.iter().any(|scope| scope.as_str() == **word)) {
        let message = format!("scope '{}' was not granted", super::error::shown(other));
        return Err(OAuthError::new(ErrorCode::InvalidScope, message));
    }
    let kept: Vec<Scope> = today.into_iter().filter(|scope| words.contains(&scope.as_str())).collect();
    if kept.is_empty() {
        return Err(OAuthError::new(ErrorCode::InvalidScope, "policy leaves none of these scopes"));
    }
    Ok(kept)
}

/// Scopes that only make sense with a person.
fn is_personal(scope: &Scope) -> bool {
    matches!(
        scope.as_str(),
        "openid" | "offline_access" | "profile" | "email" | "address" | "phone" | "groups"
    )
}

/// Judges a client credentials request (RFC 6749 §4.4). Without `scope` the client gets all that it has; scopes about a
/// person are left out.
///
/// # Errors
/// `invalid_scope`, `invalid_target`.
pub fn client_credentials(row: &Row, issuer: &IssuerUrl, params: &Params<'_>) -> Result<Mint, OAuthError> {
    let asked = params.get("scope");
    let granted = match scope::granted(row, asked)? {
        Some(granted) => granted,
        None => row.scopes.clone(),
    };
    let scopes: Vec<Scope> = granted.into_iter().filter(|scope| !is_personal(scope)).collect();
    if scopes.is_empty() && asked.is_some() {
        return Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "scopes about a person need a person: none is left here",
        ));
    }
    let resources = scope::resources(row, issuer, params.all("resource"))?;
    let audience = match resources.as_slice() {
        // Nothing was authorised beforehand: what the client may name, it may have.
        [] => scope::audience(&[], &[], row, issuer)?,
        named => scope::audience(named, &row.audiences, row, issuer)?,
    };
    Ok(Mint { scopes, audience, refresh_until: None })
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
