//! The way from an authorization request to its answer, over as many pages as it takes. What has happened so far travels
//! sealed through the browser, so that nothing is stored for who never logs in, and any replica goes on.

use super::session::Session;
use crate::audit::{About, Event};
use crate::http::{Context, Failure, PageFailure, page, redirect};
use crate::keys::{TokenType, verify_with};
use crate::pages::{ClientView, ErrorKind, FormPostPage, Locale, ScopeView};
use axum::response::Response;
use http::StatusCode;
use nauthera_core::facts::{Authorization, CodeRecord, ConsentRecord, Digest, Subject};
use nauthera_core::grant::Consent;
use nauthera_core::names::Scope;
use nauthera_core::oauth::authorize::{self, AuthorizeRequest, Facts, Refusal, ResponseMode, ResponseTarget};
use nauthera_core::oauth::claims::ACR_PASSWORD;
use nauthera_core::oauth::interaction::{Next, Progress, Situation, next};
use nauthera_core::oauth::logout::{Hint, with_parameters};
use nauthera_core::oauth::scope::joined;
use nauthera_core::oauth::token::CODE_TTL;
use nauthera_core::oauth::{ErrorCode, OAuthError, Params};
use nauthera_core::snapshot::Row;
use nauthera_core::time::{Seconds, UnixTime};
use nauthera_core::uri::RedirectUri;
use nauthera_store::{Issued, NewCode};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// How long a person may take from the request to the answer.
const OPEN_FOR: Seconds = Seconds::hours(1);
/// The largest request that is carried along; a larger one can be pushed.
const LARGEST_REQUEST: usize = 16 * 1_024;
const PURPOSE: &str = "interaction";

/// What a person came for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Errand {
    /// To authorise a client.
    Authorize {
        /// The client.
        client_id: String,
        /// The request's parameters.
        asked: Asked,
    },
    /// To let a device in.
    Device {
        /// The code that was typed.
        user_code: String,
    },
    /// To look at their account.
    Account,
}

/// Where the parameters of an authorization request are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Asked {
    /// Here, form-encoded.
    Here(String),
    /// In the store, since they were pushed: those can be larger than what travels in addresses and forms.
    Pushed(Digest),
}

/// What has happened so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Interaction {
    /// What for.
    pub errand: Errand,
    /// Since when.
    pub started_at: UnixTime,
    /// The session that the browser had then; `None` until a request of the browser's own has shown it.
    pub before: Option<Before>,
    /// The session that was chosen.
    pub selected: Option<String>,
}

/// The session that a browser had when an interaction began, by its cookie value's digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Before(pub Option<Digest>);

impl Interaction {
    /// A new one.
    #[must_use]
    pub const fn new(errand: Errand, now: UnixTime) -> Self {
        Self { errand, started_at: now, before: None, selected: None }
    }

    /// Notes the session that the browser has, the first time that it can be seen.
    pub fn seen_with(&mut self, session: Option<&Session>) {
        self.before.get_or_insert_with(|| Before(session.map(|session| session.record.digest)));
    }

    /// What `core` looks at.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            started_at: self.started_at,
            before: self.before.as_ref().and_then(|before| before.0),
            selected: self.selected.clone(),
        }
    }

    /// Sealed, for a URL or a hidden field.
    #[must_use]
    pub fn seal(&self, context: &Context) -> String {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        context.app.secrets.seal(PURPOSE, &bytes)
    }

    /// Opened again; `None` when it is not ours or an hour old.
    #[must_use]
    pub fn open(context: &Context, sealed: Option<&str>) -> Option<Self> {
        let bytes = context.app.secrets.open(PURPOSE, sealed?)?;
        let open: Self = serde_json::from_slice(&bytes).ok()?;
        (context.now < open.started_at.plus(OPEN_FOR)).then_some(open)
    }
}

/// What comes next.
pub enum Step {
    /// The login page, for this request if it is one.
    Login(Option<Box<AuthorizeRequest>>),
    /// The choice of an account.
    Select(Box<AuthorizeRequest>, Session),
    /// The consent page.
    Consent(Box<AuthorizeRequest>, Session),
    /// Done: this is the answer.
    Done(Response),
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The browser.
    Direct,
    /// A pushed request.
    Pushed(Digest),
    /// It is being pushed.
    Pushing,
}

#[derive(Deserialize)]
struct IdClaims {
    iss: String,
    sub: String,
    aud: String,
    sid: Option<String>,
}

/// What an `id_token_hint` of ours says; expired ones count.
#[must_use]
pub fn read_hint(context: &Context, hint: &str) -> Option<Hint> {
    let keys = context.app.keys.load();
    let claims = verify_with::<IdClaims>(&keys, TokenType::Id, hint)?.claims;
    let ours = claims.iss == context.serving.issuer().as_str();
    ours.then_some(Hint { subject: Subject(claims.sub.into()), sid: claims.sid, audience: claims.aud })
}

/// Judges a request of a known client.
///
/// # Errors
/// [`Refusal`].
pub fn judge(
    context: &Context,
    row: &Arc<Row>,
    params: &Params<'_>,
    origin: Origin,
) -> Result<AuthorizeRequest, Refusal> {
    let hint = |text: &str| read_hint(context, text).map(|hint| hint.subject);
    let pushed = match origin {
        Origin::Pushed(digest) => Some(digest),
        Origin::Direct | Origin::Pushing => None,
    };
    let issuer = context.serving.issuer();
    authorize::judge(row, params, Facts { issuer, pushed, pushing: origin == Origin::Pushing, hint: &hint })
}

/// Is a request small enough to be carried along? `instead` says what to do otherwise.
///
/// # Errors
/// A page.
pub fn fits(parameters: &str, instead: &'static str) -> Result<(), Refusal> {
    if parameters.len() <= LARGEST_REQUEST {
        return Ok(());
    }
    Err(Refusal::Page(OAuthError::invalid_request(instead)))
}

/// Works out the next step, and carries it out where it needs no page.
///
/// # Errors
/// Those of the store.
pub async fn step(
    context: &Context,
    interaction: &Interaction,
    session: Option<Session>,
) -> Result<Step, Failure> {
    let (client_id, asked) = match &interaction.errand {
        Errand::Authorize { client_id, asked } => (client_id, asked),
        errand => return Ok(elsewhere(context, errand, interaction, session.as_ref())),
    };
    let request = match request_of(context, client_id, asked).await? {
        Ok(request) => request,
        Err(response) => return Ok(Step::Done(response)),
    };
    let consent = remembered(context, &request, session.as_ref()).await?;
    let progress = interaction.progress();
    let situation = Situation {
        request: &request,
        progress: &progress,
        session: session.as_ref().map(|session| (&session.record, session.person.groups.as_slice())),
        consent: consent.as_ref(),
        now: context.now,
    };
    Ok(match (next(&situation), session) {
        (Next::Refuse(error), session) => {
            note_refusal(context, &request, session.as_ref(), &error);
            Step::Done(refuse(context, &request, &error).await?)
        }
        (Next::Login, _) | (_, None) => Step::Login(Some(Box::new(request))),
        (Next::SelectAccount, Some(session)) => Step::Select(Box::new(request), session),
        (Next::Consent, Some(session)) => Step::Consent(Box::new(request), session),
        (Next::Issue, Some(session)) => Step::Done(issue(context, &request, &session).await?),
    })
}

/// A client that asked whether someone is logged in, and nobody is, was not refused anything.
fn note_refusal(
    context: &Context,
    request: &AuthorizeRequest,
    session: Option<&Session>,
    error: &OAuthError,
) {
    if matches!(error.code, ErrorCode::LoginRequired | ErrorCode::ConsentRequired) {
        return;
    }
    let subject = session.map(|session| &*session.record.person.subject.0);
    let about =
        About { row: Some(&request.row), subject, reason: Some(error.code.as_str()), ..About::default() };
    context.app.audit.event(context, Event::AuthorizationRefused, &about);
}

/// The request of an interaction, judged by what is served now; else the answer that is due instead.
///
/// # Errors
/// Those of the store.
pub async fn request_of(
    context: &Context,
    client_id: &str,
    asked: &Asked,
) -> Result<Result<AuthorizeRequest, Response>, Failure> {
    let Some((parameters, origin)) = parameters(context, client_id, asked).await? else {
        return Ok(Err(refused(
            context,
            context.serving.client(client_id).map(|row| &**row),
            Refusal::Page(answered_before()),
            None,
        )));
    };
    let params = Params::parse(parameters.as_bytes())?;
    let unknown = || Refusal::Page(OAuthError::invalid_request("the client is not served any more"));
    let row = context.serving.client(client_id).ok_or_else(unknown);
    let judged = row.and_then(|row| judge(context, row, &params, origin));
    let row = context.serving.client(client_id).map(|row| &**row);
    Ok(judged.map_err(|refusal| refused(context, row, refusal, params.get("ui_locales"))))
}

/// The parameters of a request; `None` when it was pushed and has been answered.
async fn parameters<'a>(
    context: &Context,
    client_id: &str,
    asked: &'a Asked,
) -> Result<Option<(Cow<'a, str>, Origin)>, Failure> {
    let digest = match asked {
        Asked::Here(parameters) => return Ok(Some((parameters.into(), Origin::Direct))),
        Asked::Pushed(digest) => *digest,
    };
    let pushed = context.app.store.pushed(digest).await?;
    let pushed = pushed.filter(|pushed| !pushed.spent && pushed.client_id.as_str() == client_id);
    Ok(pushed.map(|pushed| (pushed.parameters.into(), Origin::Pushed(digest))))
}

fn answered_before() -> OAuthError {
    OAuthError::invalid_request("this request_uri was answered before: push the request again")
}

fn elsewhere(
    context: &Context,
    errand: &Errand,
    interaction: &Interaction,
    session: Option<&Session>,
) -> Step {
    let base = context.serving.base();
    // The device page sends people here only for a login that is newer than their session's.
    let fresh = session.filter(|session| interaction.progress().made(&session.record));
    match errand {
        Errand::Device { .. } if fresh.is_some() => {
            Step::Done(redirect(&format!("{base}/device?i={}", interaction.seal(context))))
        }
        Errand::Account if session.is_some() => Step::Done(redirect(&format!("{base}/account"))),
        _ => Step::Login(None),
    }
}

/// What the person agreed to before; not asked of the store where no consent is needed.
async fn remembered(
    context: &Context,
    request: &AuthorizeRequest,
    session: Option<&Session>,
) -> Result<Option<ConsentRecord>, Failure> {
    match session {
        Some(session) if request.row.consent == Consent::Required => {
            let subject = &session.record.person.subject;
            Ok(context.app.store.consent(subject, &request.row.client_id).await?)
        }
        _ => Ok(None),
    }
}

/// Issues a code: one atomic step that also spends the pushed request.
///
/// # Errors
/// Those of the store.
pub async fn issue(
    context: &Context,
    request: &AuthorizeRequest,
    session: &Session,
) -> Result<Response, Failure> {
    let (code, grant) = (context.app.random_text(), context.app.grant_id());
    let authorization = Authorization {
        client_id: request.row.client_id.clone(),
        person: session.record.person.clone(),
        login: session.record.login.clone(),
        sid: Some(session.record.sid.clone()),
        scopes: request.scopes.clone(),
        resources: request.resources.clone(),
        claims: request.claims.request.clone(),
        acr: Some(ACR_PASSWORD.into()),
    };
    let record = CodeRecord {
        digest: Digest::of(&code),
        grant,
        authorization,
        redirect_uri: request.target.redirect_uri.clone(),
        nonce: request.nonce.clone(),
        code_challenge: request.code_challenge.clone(),
        expires_at: context.now.plus(CODE_TTL),
        redeemed_at: None,
    };
    let new = NewCode { code: record, pushed: request.pushed };
    if context.app.store.insert_code(new).await? == Issued::PushedSpent {
        return Ok(answered(context, request));
    }
    let about = About {
        row: Some(&request.row),
        subject: Some(&session.record.person.subject.0),
        grant_id: Some(grant),
        scope: Some(&joined(&request.scopes)),
        sid: Some(&session.record.sid),
        ..About::default()
    };
    context.app.audit.event(context, Event::CodeIssued, &about);
    Ok(send(context, &request.target, &[("code", &code)]))
}

/// Answers with an error, which spends a pushed request as a code does: one request has one answer.
///
/// # Errors
/// Those of the store.
pub async fn refuse(
    context: &Context,
    request: &AuthorizeRequest,
    error: &OAuthError,
) -> Result<Response, Failure> {
    match request.pushed {
        Some(digest) if !context.app.store.spend_pushed(digest).await? => Ok(answered(context, request)),
        _ => Ok(send_error(context, &request.target, error)),
    }
}

fn answered(context: &Context, request: &AuthorizeRequest) -> Response {
    let refusal = Refusal::Page(answered_before());
    refused(context, Some(&request.row), refusal, request.target.ui_locales.as_deref())
}

/// Shows or sends a refusal.
#[must_use]
pub fn refused(context: &Context, row: Option<&Row>, refusal: Refusal, ui_locales: Option<&str>) -> Response {
    let error = match &refusal {
        Refusal::Page(error) => error,
        Refusal::Redirect(refused) => &refused.1,
    };
    let about = About { row, reason: Some(error.code.as_str()), ..About::default() };
    context.app.audit.event(context, Event::AuthorizationRefused, &about);
    match refusal {
        Refusal::Page(error) => {
            let failure = PageFailure {
                status: StatusCode::BAD_REQUEST,
                kind: ErrorKind::BadRequest,
                error: Some(error),
            };
            failure.into_response(context, context.locale(ui_locales))
        }
        Refusal::Redirect(refused) => send_error(context, &refused.0, &refused.1),
    }
}

/// Sends an error to the client.
#[must_use]
pub fn send_error(context: &Context, target: &ResponseTarget, error: &OAuthError) -> Response {
    send(context, target, &[("error", error.code.as_str()), ("error_description", &error.description)])
}

fn send(context: &Context, target: &ResponseTarget, parameters: &[(&str, &str)]) -> Response {
    let mut all = parameters.to_vec();
    if let Some(state) = &target.state {
        all.push(("state", state));
    }
    all.push(("iss", context.serving.issuer().as_str()));
    match target.mode {
        ResponseMode::Query => redirect(&with_parameters(&target.redirect_uri, &all)),
        ResponseMode::FormPost => {
            let chrome = context.serving.chrome(context.locale(target.ui_locales.as_deref()));
            let fields = all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let view = FormPostPage { action: target.redirect_uri.clone(), fields };
            page(StatusCode::OK, view.render(&chrome), &chrome, &[&target.redirect_uri])
        }
    }
}

/// An interaction that is not ours any more: too old, or never was.
#[must_use]
pub fn expired(context: &Context, locale: Locale) -> Response {
    let error = OAuthError::invalid_request(
        "this page was open for too long, or its address is incomplete: start again",
    );
    PageFailure { status: StatusCode::BAD_REQUEST, kind: ErrorKind::Expired, error: Some(error) }
        .into_response(context, locale)
}

/// A form that no page of ours posted.
#[must_use]
pub fn forged(context: &Context, locale: Locale) -> Response {
    context.app.audit.event(context, Event::FormRefused, &About::default());
    let error = OAuthError::invalid_request("the form was not posted by the page that it stands on");
    PageFailure { status: StatusCode::FORBIDDEN, kind: ErrorKind::Forbidden, error: Some(error) }
        .into_response(context, locale)
}

/// A client as pages show it.
#[must_use]
pub fn client_view(row: &Row, redirect_uri: Option<&str>) -> ClientView {
    let host = redirect_uri.and_then(|uri| RedirectUri::try_from(uri.to_owned()).ok()).map(|uri| uri.host());
    ClientView {
        display_name: row.display_name.to_string(),
        object: row.object.to_string(),
        redirect_host: host,
    }
}

/// Scopes as pages show them: those that every application has first, in the same order on every page, then its own.
#[must_use]
pub fn scope_views(scopes: &[Scope]) -> Vec<ScopeView> {
    const FIRST: [&str; 7] = ["openid", "profile", "email", "phone", "address", "groups", "offline_access"];
    let rank =
        |scope: &&Scope| FIRST.iter().position(|first| *first == scope.as_str()).unwrap_or(FIRST.len());
    let mut sorted: Vec<&Scope> = scopes.iter().collect();
    sorted.sort_by_key(rank);
    sorted.into_iter().map(|scope| ScopeView::new(scope.as_str())).collect()
}
