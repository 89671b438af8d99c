//! RP-initiated logout (OIDC RP-Initiated Logout 1.0): is the person asked, and where does it lead afterwards?

use super::error::{OAuthError, shown};
use super::params::Params;
use crate::facts::{SessionRecord, Subject};
use crate::snapshot::Row;
use crate::uri::RedirectUri;

/// What an `id_token_hint` of ours says; expired ones count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Whom it names.
    pub subject: Subject,
    /// The session that it names.
    pub sid: Option<String>,
    /// The client that it was issued to.
    pub audience: String,
}

/// A logout request, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Must the person confirm? When the hint is missing, forged, or names another session.
    pub confirm: bool,
    /// Where it leads: a registered URI, with `state` added.
    pub redirect: Option<String>,
}

/// The client whose URIs count: that of the hint, or of `client_id`; both must agree.
///
/// # Errors
/// `invalid_request` when they do not.
pub fn client_of<'a>(params: &'a Params<'_>, hint: Option<&'a Hint>) -> Result<Option<&'a str>, OAuthError> {
    match (params.get("client_id"), hint) {
        (Some(id), Some(hint)) if id != hint.audience => {
            Err(OAuthError::invalid_request("client_id is not the client of id_token_hint"))
        }
        (Some(id), _) => Ok(Some(id)),
        (None, Some(hint)) => Ok(Some(&hint.audience)),
        (None, None) => Ok(None),
    }
}

/// Judges a logout request. `row` is the client of [`client_of`], where it is known.
///
/// # Errors
/// `invalid_request` for a `post_logout_redirect_uri` that is not registered: shown on a page, never redirected to.
pub fn judge(
    params: &Params<'_>,
    hint: Option<&Hint>,
    row: Option<&Row>,
    session: Option<&SessionRecord>,
) -> Result<LogoutRequest, OAuthError> {
    params.once_each()?;
    let redirect = match params.get("post_logout_redirect_uri") {
        None => None,
        Some(uri) => Some(registered(uri, row, params)?),
    };
    let same = |hint: &Hint| match (session, &hint.sid) {
        (None, _) => true,
        (Some(session), Some(sid)) => *session.sid == **sid && session.person.subject == hint.subject,
        (Some(session), None) => session.person.subject == hint.subject,
    };
    let confirm = session.is_some() && !hint.is_some_and(same);
    Ok(LogoutRequest { confirm, redirect })
}

fn registered(uri: &str, row: Option<&Row>, params: &Params<'_>) -> Result<String, OAuthError> {
    let Some(row) = row else {
        return Err(OAuthError::invalid_request(
            "post_logout_redirect_uri needs a client: send id_token_hint or client_id of a client that is served",
        ));
    };
    let known = |known: &RedirectUri| known.matches(uri, row.client_type);
    if !row.post_logout_redirect_uris.iter().any(known) {
        let message = format!(
            "post_logout_redirect_uri '{}' is not registered in AuthClient {}",
            shown(uri),
            row.object
        );
        return Err(OAuthError::invalid_request(message));
    }
    Ok(match params.get("state") {
        None => uri.to_owned(),
        Some(state) => with_parameters(uri, &[("state", state)]),
    })
}

/// Adds parameters to the query of a URI, keeping what it has.
#[must_use]
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{}", query.finish())
}
