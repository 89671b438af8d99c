//! The account page: a person's sessions and consents, each of which they can end.

use super::authorize::to_page;
use super::flow::{Errand, Interaction, client_view, forged, scope_views};
use super::session::{self, Forms, Session};
use crate::audit::About;
use crate::http::{Context, Failure, clear_cookie, page, read_form, redirect};
use crate::pages::{AccountNotice, AccountPage, ClientView, ConsentView, SessionView};
use axum::body::Body;
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{Method, StatusCode};
use nauthera_core::facts::{ConsentRecord, SessionRecord};
use nauthera_core::names::ClientId;

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
    let idle = context.serving.snapshot.head.session.idle_timeout;
    let live = sessions.iter().filter(|record| record.is_live(context.now, idle));
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
        sessions: live.map(session_view).collect(),
        consents: consents.iter().map(consent_view).collect(),
        logout_form: forms.target("/account", &purpose, &[("action", "logout")]),
        notice: notice(context),
    };
    Ok(forms.bind(page(StatusCode::OK, view.render(&chrome), &chrome, &[])))
}

/// What was done a moment ago, as the redirect's query says.
fn notice(context: &Context) -> Option<AccountNotice> {
    match context.query.as_deref() {
        Some("done=session") => Some(AccountNotice::SessionEnded),
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
    let store = &context.app.store;
    let subject = &session.record.person.subject;
    let mut ended = None;
    let mut done = "";
    match params.get("action") {
        Some("end_session") => ended = params.get("sid").map(str::to_owned),
        Some("logout") => ended = Some(session.record.sid.to_string()),
        Some("withdraw_consent") => {
            if let Some(id) = params.get("client_id").and_then(|id| ClientId::parse(id).ok()) {
                store.withdraw_consent(subject, &id, context.now).await?;
                note(context, "consent_withdrawn", &session, Some(id.as_str()));
                done = "?done=consent";
            }
        }
        _ => {}
    }
    let mut cleared = None;
    if let Some(sid) = ended
        && store.end_session(subject, &sid, context.now).await?
    {
        note(context, "session_ended", &session, None);
        let names = &context.serving.cookies;
        if *sid == *session.record.sid {
            cleared = clear_cookie(names, &names.session);
        }
        done = "?done=session";
    }
    let mut response = redirect(&format!("{account}{done}"));
    if let Some(cookie) = cleared {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

fn note(context: &Context, event: &str, session: &Session, detail: Option<&str>) {
    let subject = Some(&*session.record.person.subject.0);
    context.app.audit.event(context, event, &About { subject, detail, ..About::default() });
}
