//! The account page: a person's sessions and consents, each of which they can end.

use super::authorize::to_page;
use super::flow::{Errand, Interaction, client_view, forged, scope_views};
use super::session::{self, Forms, Session};
use crate::audit::{About, Event};
use crate::http::{Context, Failure, clear_cookie, page, read_form, redirect};
use crate::pages::{AccountNotice, AccountPage, ClientView, ConsentView, SessionView};
use axum::body::Body;
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{Method, StatusCode};
use nauthera_core::facts::{ConsentRecord, SessionRecord};
use nauthera_core::names::ClientId;
use nauthera_core::oauth::Params;

/// As many as the store lists: there may be more.
const MOST_SESSIONS: usize = 100;
const MOST_CONSENTS: usize = 500;

/// Answers GET (the page) and POST (its forms).
pub async fn answer(context: Context, body: Body) -> Response {
    let answered =
        if context.method == Method::POST { posted(&context, body).await } else { shown(&context).await };
    answered.unwrap_or_else(|failure| failure.into_page(&context))
}

fn purpose(session: &Session) -> String {
    format!("account {}", session.record.sid)
}

async fn shown(context: &Context) -> Result<Response, Failure> {
    let Some(session) = session::current(context).await? else {
        return Ok(to_page(context, "/login", &Interaction::new(Errand::Account, context.now)));
    };
    let subject = &session.record.person.subject;
    let sessions = context.app.store.sessions_of(subject).await?;
    let consents = context.app.store.consents_of(subject).await?;
    let forms = Forms::of(context);
    let purpose = purpose(&session);
    let chrome = context.serving.chrome(context.locale(None));
    let live: Vec<&SessionRecord> =
        sessions.iter().filter(|record| session::is_live(context, record)).collect();
    let session_view = |record: &SessionRecord| SessionView {
        started: record.created_at.0,
        last_seen: record.last_seen_at.0,
        current: record.sid == session.record.sid,
        end_form: forms.target("/account", &purpose, &[("action", "end_session"), ("sid", &record.sid)]),
    };
    let consent_view = |consent: &ConsentRecord| {
        let id = consent.client_id.as_str();
        let gone = || ClientView { display_name: id.into(), object: id.into(), redirect_host: None };
        ConsentView {
            client: context.serving.client(id).map_or_else(gone, |row| client_view(row, None)),
            scopes: scope_views(&consent.scopes),
            since: consent.granted_at.0,
            revoke_form: forms.target(
                "/account",
                &purpose,
                &[("action", "withdraw_consent"), ("client_id", id)],
            ),
        }
    };
    let view = AccountPage {
        person: session.view(),
        others_form: (live.len() > 1)
            .then(|| forms.target("/account", &purpose, &[("action", "end_others")])),
        sessions: live.into_iter().map(session_view).collect(),
        more_sessions: sessions.len() >= MOST_SESSIONS,
        more_consents: consents.len() >= MOST_CONSENTS,
        consents: consents.iter().map(consent_view).collect(),
        logout_form: forms.target("/account", &purpose, &[("action", "logout")]),
        everywhere_form: forms.target("/account", &purpose, &[("action", "end_all")]),
        notice: notice(context),
    };
    Ok(forms.bind(page(StatusCode::OK, view.render(&chrome), &chrome, &[])))
}

/// What was done a moment ago, as the redirect's query says.
fn notice(context: &Context) -> Option<AccountNotice> {
    match context.query.as_deref() {
        Some("done=session") => Some(AccountNotice::SessionEnded),
        Some("done=sessions") => Some(AccountNotice::SessionsEnded),
        Some("done=consent") => Some(AccountNotice::ConsentRevoked),
        _ => None,
    }
}

async fn posted(context: &Context, body: Body) -> Result<Response, Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    params.once_each()?;
    let account = format!("{}/account", context.serving.base());
    let Some(session) = session::current(context).await? else { return Ok(redirect(&account)) };
    if !Forms::of(context).is_own(&purpose(&session), &params) {
        return Ok(forged(context, context.locale(None)));
    }
    let done = act(context, &session, &params).await?;
    let mut response = redirect(&format!("{account}{}", done.query()));
    let names = &context.serving.cookies;
    if done == Done::ThisSession
        && let Some(cookie) = clear_cookie(names, &names.session)
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What a form of the page did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Nothing,
    /// Another session is over.
    Session,
    /// All other sessions are.
    Others,
    /// The session of this very request is, perhaps with all others.
    ThisSession,
    Consent,
}

impl Done {
    /// How the redirect tells the page.
    const fn query(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Session | Self::ThisSession => "?done=session",
            Self::Others => "?done=sessions",
            Self::Consent => "?done=consent",
        }
    }
}

async fn act(context: &Context, session: &Session, params: &Params<'_>) -> Result<Done, Failure> {
    let subject = &session.record.person.subject;
    let own = &*session.record.sid;
    match params.get("action") {
        Some("end_session") => end(context, session, params.get("sid").unwrap_or_default()).await,
        Some("logout") => end(context, session, own).await,
        Some("end_others") => {
            let sessions = Some(session::end_all(context, subject, Some(own)).await?);
            let about = About { reason: Some("others"), sessions, ..About::default() };
            note(context, Event::SessionsEnded, session, &about);
            Ok(Done::Others)
        }
        Some("end_all") => {
            let sessions = Some(session::end_all(context, subject, None).await?);
            let about = About { reason: Some("all"), sessions, ..About::default() };
            note(context, Event::SessionsEnded, session, &about);
            Ok(Done::ThisSession)
        }
        Some("withdraw_consent") => {
            let Some(id) = params.get("client_id").and_then(|id| ClientId::parse(id).ok()) else {
                return Ok(Done::Nothing);
            };
            context.app.store.withdraw_consent(subject, &id, context.now).await?;
            let row = context.serving.client(id.as_str()).map(|row| &**row);
            let about = About { row, client_id: Some(&id), ..About::default() };
            note(context, Event::ConsentWithdrawn, session, &about);
            Ok(Done::Consent)
        }
        _ => Ok(Done::Nothing),
    }
}

async fn end(context: &Context, session: &Session, sid: &str) -> Result<Done, Failure> {
    if !session::end(context, &session.record.person.subject, sid).await? {
        return Ok(Done::Nothing);
    }
    let about = About { reason: Some("account_page"), sid: Some(sid), ..About::default() };
    note(context, Event::SessionEnded, session, &about);
    Ok(if *sid == *session.record.sid { Done::ThisSession } else { Done::Session })
}

/// Notes what a person did here; the session is the one that ended, else the person's own.
fn note(context: &Context, event: Event, session: &Session, about: &About<'_>) {
    let subject = Some(&*session.record.person.subject.0);
    let sid = about.sid.or(Some(&session.record.sid));
    context.app.audit.event(context, event, &About { subject, sid, ..*about });
}
