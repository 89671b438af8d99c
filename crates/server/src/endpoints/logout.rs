//! RP-initiated logout (OIDC RP-Initiated Logout 1.0).

use super::flow::{client_view, fits, forged, read_hint, refused};
use super::session::{self, Forms, Session};
use crate::audit::{About, Event};
use crate::http::{Context, Failure, Form, clear_cookie, page, read_cookie, read_form, redirect};
use crate::pages::{LoggedOutPage, LogoutConfirmPage};
use axum::body::Body;
use axum::response::Response;
use http::header::SET_COOKIE;
use http::{Method, StatusCode};
use nauthera_core::oauth::Params;
use nauthera_core::oauth::logout::{client_of, judge};

/// What is our own form's: the confirmation page carries all else of the request.
const OWN: [&str; 4] = ["csrf", "decision", "request", "i"];

/// Answers GET and POST, of a client or of our own confirmation.
pub async fn answer(context: Context, body: Body) -> Response {
    respond(&context, body).await.unwrap_or_else(|failure| failure.into_page(&context))
}

async fn respond(context: &Context, body: Body) -> Result<Response, Failure> {
    let form = if context.method == Method::POST {
        read_form(&context.headers, body).await?
    } else {
        Form::of(context.query.clone().unwrap_or_default())
    };
    let params = form.params()?;
    params.once_each()?;
    if context.method == Method::POST && !has_cookie(context) {
        return Ok(as_get(context, &params));
    }
    let session = session::current(context).await?;
    if let Some(decision) = params.get("decision").filter(|_| context.method == Method::POST) {
        return confirmed(context, &params, session, decision).await;
    }
    asked(context, &params, session, false).await
}

/// Did the browser send a session's cookie?
fn has_cookie(context: &Context) -> bool {
    read_cookie(&context.headers, &context.serving.cookies.session).is_some()
}

/// A POST from another site comes without our cookies (SameSite=Lax): the GET that follows brings them.
fn as_get(context: &Context, params: &Params<'_>) -> Response {
    let query = params.encode_without(&[]);
    match fits(&query, "the request is larger than 16 KiB: send it by GET") {
        Ok(()) => redirect(&format!("{}/oauth2/logout?{query}", context.serving.base())),
        Err(refusal) => refused(context, None, refusal, params.get("ui_locales")),
    }
}

async fn confirmed(
    context: &Context,
    params: &Params<'_>,
    session: Option<Session>,
    decision: &str,
) -> Result<Response, Failure> {
    if !Forms::of(context).is_own("logout", params) {
        return Ok(forged(context, context.locale(None)));
    }
    if decision != "logout" {
        return Ok(redirect(&format!("{}/account", context.serving.base())));
    }
    let carried = params.get("request").unwrap_or_default().to_owned();
    let original = Params::parse(carried.as_bytes())?;
    asked(context, &original, session, true).await
}

async fn asked(
    context: &Context,
    params: &Params<'_>,
    session: Option<Session>,
    confirmed: bool,
) -> Result<Response, Failure> {
    let hint = params.get("id_token_hint").and_then(|hint| read_hint(context, hint));
    let client = client_of(params, hint.as_ref())?;
    let row = client.and_then(|id| context.serving.client(id));
    let record = session.as_ref().map(|session| &session.record);
    let request = judge(params, hint.as_ref(), row.map(|row| &**row), record)?;
    let chrome = context.serving.chrome(context.locale(params.get("ui_locales")));
    if request.confirm && !confirmed {
        let forms = Forms::of(context);
        let carried = params.encode_without(&OWN);
        let view = LogoutConfirmPage {
            person: session.as_ref().map(Session::view),
            client: row.map(|row| client_view(row, None)),
            form: forms.target("/oauth2/logout", "logout", &[("request", &carried)]),
        };
        let leads_to: Vec<&str> = request.redirect.as_deref().into_iter().collect();
        return Ok(forms.bind(page(StatusCode::OK, view.render(&chrome), &chrome, &leads_to)));
    }
    if let Some(session) = &session {
        let subject = &session.record.person.subject;
        session::end(context, subject, &session.record.sid).await?;
        let about = About {
            row: row.map(|row| &**row),
            subject: Some(&subject.0),
            sid: Some(&session.record.sid),
            ..About::default()
        };
        context.app.audit.event(context, Event::Logout, &about);
    }
    let mut response = match &request.redirect {
        Some(location) => redirect(location),
        None => page(StatusCode::OK, LoggedOutPage {}.render(&chrome), &chrome, &[]),
    };
    let names = &context.serving.cookies;
    // Only what was sent is taken away: another site that makes a browser come here without cookies ends nothing.
    if has_cookie(context)
        && let Some(cookie) = clear_cookie(names, &names.session)
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}
