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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::row;

    fn hint() -> Hint {
        Hint { subject: Subject("ada".into()), sid: Some("sid".into()), audience: "shop.web".into() }
    }

    fn session(sid: &str) -> SessionRecord {
        use crate::facts::{Digest, LoginEvent, PersonRef};
        use crate::time::UnixTime;
        let mut person = PersonRef::new(crate::names::ObjectRef::new("identity", "people"), "ada");
        person.subject = Subject("ada".into());
        SessionRecord {
            digest: Digest::of("x"),
            sid: sid.into(),
            person,
            login: LoginEvent { auth_time: UnixTime(0), amr: vec![] },
            created_at: UnixTime(0),
            last_seen_at: UnixTime(0),
            expires_at: UnixTime(9),
        }
    }

    fn judged(
        form: &str,
        hint: Option<&Hint>,
        row: Option<&Row>,
        sid: &str,
    ) -> Result<LogoutRequest, OAuthError> {
        judge(&Params::parse(form.as_bytes()).unwrap(), hint, row, Some(&session(sid)))
    }

    #[test]
    fn confirmation_is_asked_without_a_hint_or_for_another_session() {
        assert!(judged("", None, None, "sid").unwrap().confirm);
        assert!(judged("", Some(&hint()), None, "other").unwrap().confirm);
        assert!(!judged("", Some(&hint()), None, "sid").unwrap().confirm);
        assert!(!judge(&Params::default(), None, None, None).unwrap().confirm);
    }

    #[test]
    fn it_leads_only_to_a_registered_uri_with_its_query_kept() {
        let row = row();
        let form = "post_logout_redirect_uri=https%3A%2F%2Fshop.example%2Fbye%3Fa%3Db&state=x+y";
        let request = judged(form, Some(&hint()), Some(&row), "sid").unwrap();
        assert_eq!(request.redirect.as_deref(), Some("https://shop.example/bye?a=b&state=x+y"));
        assert!(
            judged("post_logout_redirect_uri=https%3A%2F%2Fevil.example", Some(&hint()), Some(&row), "sid")
                .is_err()
        );
        assert!(judged(form, None, None, "sid").is_err());
    }

    #[test]
    fn hint_and_client_id_must_agree() {
        let params = Params::parse(b"client_id=shop.other").unwrap();
        assert!(client_of(&params, Some(&hint())).is_err());
        assert_eq!(client_of(&params, None).unwrap(), Some("shop.other"));
        assert_eq!(client_of(&Params::default(), Some(&hint())).unwrap(), Some("shop.web"));
    }
}
