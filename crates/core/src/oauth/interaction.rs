//! What comes next in an authorization: one place decides whether a person logs in, chooses, agrees, or is sent back.

use super::authorize::AuthorizeRequest;
use super::claims::ACR_PASSWORD;
use super::error::{ErrorCode, OAuthError};
use crate::facts::{ConsentRecord, Digest, SessionRecord, Subject};
use crate::grant::{ClientType, Consent};
use crate::time::{Seconds, UnixTime};
use crate::uri::RedirectKind;
use std::sync::Arc;

/// What has happened in this authorization so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// When the request arrived: a login that `prompt=login` wants must be later.
    pub started_at: UnixTime,
    /// The session that the browser had then, by its cookie value's digest, which every login changes: times in whole seconds
    /// alone could take a login of the same second for a later one.
    pub before: Option<Digest>,
    /// The person (session's `sid`) who was chosen on the account page.
    pub selected: Option<String>,
}

impl Progress {
    /// Was this session's login made for this request?
    #[must_use]
    pub fn made(&self, session: &SessionRecord) -> bool {
        session.login.auth_time >= self.started_at && self.before != Some(session.digest)
    }
}

/// What is known when the next step is decided.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The request.
    pub request: &'a AuthorizeRequest,
    /// How far this authorization has come.
    pub progress: &'a Progress,
    /// The live session of this browser, with the groups that its person is in now.
    pub session: Option<(&'a SessionRecord, &'a [Arc<str>])>,
    /// What the person agreed to before, for this client.
    pub consent: Option<&'a ConsentRecord>,
    /// Now.
    pub now: UnixTime,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The person logs in.
    Login,
    /// The person chooses to go on as who they are, or as someone else.
    SelectAccount,
    /// The person is asked.
    Consent,
    /// A code is issued.
    Issue,
    /// The client gets an error.
    Refuse(OAuthError),
}

/// Decides the next step.
#[must_use]
pub fn next(situation: &Situation<'_>) -> Next {
    let Situation { request, progress, session, .. } = *situation;
    let acr = &request.claims.essential_acr;
    if !acr.is_empty() && !acr.iter().any(|acr| acr == ACR_PASSWORD) {
        let message = "none of the essential acr values can be reached here";
        return Next::Refuse(OAuthError::new(ErrorCode::UnmetAuthenticationRequirements, message));
    }
    let Some((session, groups)) = session.filter(|(session, _)| !must_log_in(situation, session)) else {
        return shown(
            request,
            Next::Login,
            ErrorCode::LoginRequired,
            "nobody is logged in as the request wants",
        );
    };
    if request.prompt.select_account && progress.selected.as_deref() != Some(&session.sid) {
        return Next::SelectAccount;
    }
    if !may_use(&request.row.allowed_groups, groups) {
        let message = format!(
            "this person is in no group that AuthClient {} or its policies allow",
            request.row.object
        );
        return Next::Refuse(OAuthError::new(ErrorCode::AccessDenied, message));
    }
    if must_ask(situation, session) {
        return shown(
            request,
            Next::Consent,
            ErrorCode::ConsentRequired,
            "the person has not agreed to this yet",
        );
    }
    Next::Issue
}

fn shown(request: &AuthorizeRequest, page: Next, code: ErrorCode, message: &'static str) -> Next {
    if request.prompt.none { Next::Refuse(OAuthError::new(code, message)) } else { page }
}

fn must_log_in(situation: &Situation<'_>, session: &SessionRecord) -> bool {
    let Situation { request, progress, now, .. } = *situation;
    let since_start = progress.made(session);
    let too_old = request.max_age.is_some_and(|max_age| {
        // A login made for this very request counts even for max_age=0.
        !since_start && (max_age == Seconds::new(0) || session.login.auth_time.plus(max_age) < now)
    });
    let other = request.expected_subject.as_ref().is_some_and(|subject| *subject != session.person.subject);
    (request.prompt.login && !since_start) || too_old || other
}

/// Is a person with these groups in one of each list?
#[must_use]
pub fn may_use(lists: &[Vec<Arc<str>>], groups: &[Arc<str>]) -> bool {
    lists.iter().all(|list| list.iter().any(|group| groups.contains(group)))
}

fn must_ask(situation: &Situation<'_>, session: &SessionRecord) -> bool {
    let Situation { request, consent, .. } = *situation;
    if request.prompt.consent || is_interceptable(request) {
        return true;
    }
    if request.row.consent == Consent::Trusted {
        return false;
    }
    !consent.is_some_and(|given| covers(given, &session.person.subject, request))
}

/// Another application on the same machine could pose as a native client without an https redirect, so the person is always
/// asked (RFC 8252 §8.6).
fn is_interceptable(request: &AuthorizeRequest) -> bool {
    let row = &request.row;
    row.client_type == ClientType::Native
        && !row.redirect_uris.iter().any(|uri| {
            uri.kind() == RedirectKind::Https && uri.matches(&request.target.redirect_uri, row.client_type)
        })
}

fn covers(given: &ConsentRecord, subject: &Subject, request: &AuthorizeRequest) -> bool {
    given.subject == *subject
        && request.asked_for().iter().all(|scope| given.scopes.contains(scope))
        && request.resources.iter().all(|resource| given.resources.contains(resource))
}

/// The consent to remember: what was agreed before and now.
#[must_use]
pub fn agreed(
    request: &AuthorizeRequest,
    subject: &Subject,
    before: Option<&ConsentRecord>,
    now: UnixTime,
) -> ConsentRecord {
    let mut scopes = before.map(|b| b.scopes.clone()).unwrap_or_default();
    scopes.extend(request.asked_for());
    scopes.sort();
    scopes.dedup();
    let mut resources = before.map(|b| b.resources.clone()).unwrap_or_default();
    resources.extend(request.resources.iter().cloned());
    resources.sort();
    resources.dedup();
    let client_id = request.row.client_id.clone();
    ConsentRecord { subject: subject.clone(), client_id, scopes, resources, granted_at: now }
}

#[cfg(test)]
#[path = "interaction_tests.rs"]
mod tests;
