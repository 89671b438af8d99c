//! The authorization request (RFC 6749 §4.1.1, OIDC Core 3.1.2.1, RFC 9126): an ordered list of small checks. Until client,
//! redirect URI and response mode are known an error is shown on a page of ours; only from then on may it redirect.

use super::claims::{RequestedClaims, parse_claims, standing_for, within};
use super::error::{ErrorCode, OAuthError, shown};
use super::params::Params;
use super::scope::Resource;
use super::{pkce, scope};
use crate::facts::{Digest, Subject};
use crate::grant::GrantType;
use crate::names::{Audience, Scope};
use crate::snapshot::Row;
use crate::time::Seconds;
use crate::uri::IssuerUrl;
use std::sync::Arc;

/// The prefix of our pushed `request_uri`s (RFC 9126 §2.2).
pub const REQUEST_URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// The longest `state` or `nonce` that is taken, in bytes.
const LONGEST_OPAQUE: usize = 4_096;

/// How the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect.
    Query,
    /// In a form that the browser posts.
    FormPost,
}

/// Where an answer goes, good or bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseTarget {
    /// A registered redirect URI, as presented.
    pub redirect_uri: String,
    /// How.
    pub mode: ResponseMode,
    /// Repeated to the client.
    pub state: Option<String>,
    /// Languages that the person reads, best first, for pages on the way.
    pub ui_locales: Option<String>,
}

/// `prompt` values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompt {
    /// Show nothing.
    pub none: bool,
    /// Log in again.
    pub login: bool,
    /// Ask again.
    pub consent: bool,
    /// Let the person choose.
    pub select_account: bool,
}

/// An authorization request that may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// The client.
    pub row: Arc<Row>,
    /// Where the answer goes.
    pub target: ResponseTarget,
    /// Scopes that will be granted.
    pub scopes: Vec<Scope>,
    /// Resources that will be granted, without the issuer.
    pub resources: Vec<Audience>,
    /// Repeated in the ID token.
    pub nonce: Option<String>,
    /// The S256 challenge.
    pub code_challenge: Option<String>,
    /// What to show.
    pub prompt: Prompt,
    /// How long ago the login may have been: the lower of the request's and the policy's.
    pub max_age: Option<Seconds>,
    /// The person whom the client expects, by `id_token_hint` or `claims`.
    pub expected_subject: Option<Subject>,
    /// What to put into the login form.
    pub login_hint: Option<String>,
    /// Claims asked for one by one.
    pub claims: RequestedClaims,
    /// The pushed request that this is.
    pub pushed: Option<Digest>,
}

impl AuthorizeRequest {
    /// What a person is asked for: the scopes, and those that stand for claims asked for by name.
    #[must_use]
    pub fn asked_for(&self) -> Vec<Scope> {
        let mut all = self.scopes.clone();
        for scope in standing_for(&self.claims.request) {
            if !all.iter().any(|known| known.as_str() == scope) {
                all.extend(Scope::parse(scope).ok());
            }
        }
        all
    }
}

/// Why an authorization request does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Shown on a page of ours: where the answer would go is not known.
    Page(OAuthError),
    /// Sent to the client.
    Redirect(Box<(ResponseTarget, OAuthError)>),
}

/// The parameters that mean something here. Others are ignored (RFC 6749 section 3.1), and not kept.
pub const PARAMETERS: [&str; 20] = [
    "response_type",
    "response_mode",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "prompt",
    "max_age",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "claims",
    "claims_locales",
    "ui_locales",
    "display",
    "request",
    "request_uri",
];

/// What the checks look at, beside the parameters.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The issuer.
    pub issuer: &'a IssuerUrl,
    /// The pushed request that the parameters come from.
    pub pushed: Option<Digest>,
    /// Is this the pushing itself (`/oauth2/par`)?
    pub pushing: bool,
    /// Whom an ID token of ours names, expired or not; `None` when it is not ours.
    pub hint: &'a dyn Fn(&str) -> Option<Subject>,
}

/// The id of the client that sends a request.
///
/// # Errors
/// A page: `client_id` is missing or sent twice.
pub fn client_id<'a>(params: &'a Params<'_>) -> Result<&'a str, Refusal> {
    if params.count("client_id") > 1 {
        return Err(Refusal::Page(OAuthError::invalid_request("parameter 'client_id' is sent twice")));
    }
    params.required("client_id").map_err(Refusal::Page)
}

/// The random part of a pushed `request_uri` of ours, where the request has one; another `request_uri` is judged later.
///
/// # Errors
/// `request_uri` is sent twice.
pub fn pushed_reference<'a>(params: &'a Params<'_>) -> Result<Option<&'a str>, Refusal> {
    if params.count("request_uri") > 1 {
        let error = OAuthError::invalid_request("parameter 'request_uri' is sent twice");
        return Err(Refusal::Page(error));
    }
    Ok(params.get("request_uri").and_then(|uri| uri.strip_prefix(REQUEST_URI_PREFIX)))
}

struct Draft<'a> {
    params: &'a Params<'a>,
    facts: Facts<'a>,
    row: &'a Arc<Row>,
    request: AuthorizeRequest,
}

type Check = fn(&mut Draft<'_>) -> Result<(), OAuthError>;

/// Checks whose errors are shown on a page.
const ON_A_PAGE: &[(&str, Check)] =
    &[("redirect_uri", redirect_uri), ("response_mode", response_mode), ("state", state)];

/// Checks whose errors go to the client, in order.
const TO_THE_CLIENT: &[(&str, Check)] = &[
    ("parameters once", once_each),
    ("request", request_object),
    ("pushed where required", pushed_where_required),
    ("response_type", response_type),
    ("grant", grant),
    ("scope", scopes),
    ("resource", resources),
    ("PKCE", challenge),
    ("nonce", nonce),
    ("prompt", prompt),
    ("max_age", max_age),
    ("claims", claims),
    ("id_token_hint", id_token_hint),
    ("hints", hints),
];

/// Judges a request of a known client. The parameters are those of the pushed request where there is one.
///
/// # Errors
/// [`Refusal`], which says where the error goes.
pub fn judge(row: &Arc<Row>, params: &Params<'_>, facts: Facts<'_>) -> Result<AuthorizeRequest, Refusal> {
    let mut draft = Draft { params, facts, row, request: blank(row, facts.pushed) };
    draft.request.target.ui_locales = short(params, "ui_locales");
    for (_, check) in ON_A_PAGE {
        check(&mut draft).map_err(Refusal::Page)?;
    }
    for (_, check) in TO_THE_CLIENT {
        if let Err(error) = check(&mut draft) {
            return Err(Refusal::Redirect(Box::new((draft.request.target, error))));
        }
    }
    Ok(draft.request)
}

fn blank(row: &Arc<Row>, pushed: Option<Digest>) -> AuthorizeRequest {
    AuthorizeRequest {
        row: row.clone(),
        target: ResponseTarget {
            redirect_uri: String::new(),
            mode: ResponseMode::Query,
            state: None,
            ui_locales: None,
        },
        scopes: Vec::new(),
        resources: Vec::new(),
        nonce: None,
        code_challenge: None,
        prompt: Prompt::default(),
        max_age: None,
        expected_subject: None,
        login_hint: None,
        claims: RequestedClaims::default(),
        pushed,
    }
}

fn redirect_uri(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    if draft.params.count("redirect_uri") > 1 {
        return Err(OAuthError::invalid_request("parameter 'redirect_uri' is sent twice"));
    }
    let presented = draft.params.required("redirect_uri")?;
    let row = draft.row;
    if !row.redirect_uris.iter().any(|uri| uri.matches(presented, row.client_type)) {
        let message =
            format!("redirect_uri '{}' is not registered in AuthClient {}", shown(presented), row.object);
        return Err(OAuthError::invalid_request(message));
    }
    presented.clone_into(&mut draft.request.target.redirect_uri);
    Ok(())
}

fn response_mode(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    draft.request.target.mode = match draft.params.get("response_mode") {
        None | Some("query") => ResponseMode::Query,
        Some("form_post") => ResponseMode::FormPost,
        Some(_) => return Err(OAuthError::invalid_request("response_mode must be query or form_post")),
    };
    Ok(())
}

fn state(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    if draft.params.count("state") > 1 {
        return Err(OAuthError::invalid_request("parameter 'state' is sent twice"));
    }
    draft.request.target.state = opaque(draft.params, "state")?;
    Ok(())
}

fn opaque(params: &Params<'_>, name: &str) -> Result<Option<String>, OAuthError> {
    match params.get(name) {
        Some(value) if value.len() > LONGEST_OPAQUE => Err(OAuthError::invalid_request(format!(
            "parameter '{name}' is longer than {LONGEST_OPAQUE} bytes"
        ))),
        value => Ok(value.map(str::to_owned)),
    }
}

fn once_each(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    draft.params.once_each()
}

fn request_object(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    if draft.params.get("request").is_some() {
        return Err(OAuthError::new(
            ErrorCode::RequestNotSupported,
            "request objects are not supported; use PAR",
        ));
    }
    if draft.params.get("request_uri").is_some() {
        let message = "only request_uris that /oauth2/par of this issuer answered are supported";
        return Err(OAuthError::new(ErrorCode::RequestUriNotSupported, message));
    }
    Ok(())
}

fn pushed_where_required(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    if draft.row.require_par && draft.facts.pushed.is_none() && !draft.facts.pushing {
        return Err(OAuthError::invalid_request(
            "policy wants this client's requests pushed: send them to /oauth2/par first (RFC 9126)",
        ));
    }
    Ok(())
}

fn response_type(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    match draft.params.required("response_type")? {
        "code" => Ok(()),
        _ => Err(OAuthError::new(ErrorCode::UnsupportedResponseType, "response_type must be code")),
    }
}

fn grant(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    if draft.row.grants.contains(GrantType::AuthorizationCode) {
        return Ok(());
    }
    let message = format!("AuthClient {} may not use the authorization code grant", draft.row.object);
    Err(OAuthError::new(ErrorCode::UnauthorizedClient, message))
}

fn scopes(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    draft.request.scopes = match scope::granted(draft.row, draft.params.get("scope"))? {
        Some(scopes) => scopes,
        None if draft.row.scopes.is_empty() => Vec::new(),
        None => return Err(OAuthError::new(ErrorCode::InvalidScope, "parameter 'scope' is missing")),
    };
    Ok(())
}

fn resources(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    let named = scope::resources(draft.row, draft.facts.issuer, draft.params.all("resource"))?;
    let audience = |resource| match resource {
        Resource::Named(audience) => Some(audience),
        Resource::Issuer => None,
    };
    draft.request.resources = named.into_iter().filter_map(audience).collect();
    Ok(())
}

fn challenge(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    draft.request.code_challenge = pkce::challenge(draft.params, draft.row.require_pkce)?;
    Ok(())
}

fn nonce(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    draft.request.nonce = opaque(draft.params, "nonce")?;
    Ok(())
}

fn prompt(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    let mut prompt = Prompt::default();
    for word in draft.params.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => {
                return Err(OAuthError::invalid_request(
                    "prompt must be of none, login, consent, select_account",
                ));
            }
        }
    }
    if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
        return Err(OAuthError::invalid_request("prompt=none stands alone"));
    }
    draft.request.prompt = prompt;
    Ok(())
}

fn max_age(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    let asked = match draft.params.get("max_age") {
        None => None,
        Some(text) => {
            if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(OAuthError::invalid_request("max_age must be a whole number of seconds"));
            }
            // More than a century asks for nothing.
            Some(text.parse().map_or(Seconds::MAX, Seconds::new).min(Seconds::MAX))
        }
    };
    draft.request.max_age = asked.into_iter().chain(draft.row.max_age).min();
    Ok(())
}

fn claims(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    let mut claims = parse_claims(draft.params.get("claims"))?;
    // Left out like a scope that policy took.
    claims.request = within(&claims.request, &draft.row.scopes);
    draft.request.expected_subject.clone_from(&claims.subject);
    draft.request.claims = claims;
    Ok(())
}

fn id_token_hint(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    let Some(hint) = draft.params.get("id_token_hint") else { return Ok(()) };
    let bad = || OAuthError::invalid_request("id_token_hint is not an ID token of this issuer");
    let subject = (draft.facts.hint)(hint).ok_or_else(bad)?;
    if draft.request.expected_subject.as_ref().is_some_and(|expected| *expected != subject) {
        return Err(OAuthError::invalid_request("id_token_hint and claims name different people"));
    }
    draft.request.expected_subject = Some(subject);
    Ok(())
}

fn hints(draft: &mut Draft<'_>) -> Result<(), OAuthError> {
    draft.request.login_hint = short(draft.params, "login_hint");
    Ok(())
}

/// A hint, which is left aside where it is too long to be one.
fn short(params: &Params<'_>, name: &str) -> Option<String> {
    params.get(name).filter(|value| value.len() <= 256).map(str::to_owned)
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
