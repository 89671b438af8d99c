//! The consent page: what the client would get, in plain words; yes or no.

use super::authorize::to_page;
use super::flow::{
    Errand, Interaction, Step, client_view, expired, forged, issue, refuse, request_of, scope_views, step,
};
use super::session::{self, Forms, Session};
use crate::audit::{About, Event};
use crate::http::{Context, Failure, Form, page, read_form};
use crate::pages::ConsentPage;
use axum::body::Body;
use axum::response::Response;
use http::{Method, StatusCode};
use nauthera_core::grant::{ClientType, Consent};
use nauthera_core::oauth::authorize::AuthorizeRequest;
use nauthera_core::oauth::interaction::agreed;
use nauthera_core::oauth::scope::joined;
use nauthera_core::oauth::{ErrorCode, OAuthError};

/// Answers GET (the page) and POST (the decision).
pub async fn answer(context: Context, body: Body) -> Response {
    let answered =
        if context.method == Method::POST { posted(&context, body).await } else { shown(&context).await };
    answered.unwrap_or_else(|failure| failure.into_page(&context))
}

async fn shown(context: &Context) -> Result<Response, Failure> {
    let form = Form::of(context.query.clone().unwrap_or_default());
    let params = form.params()?;
    params.once_each()?;
    let Some(interaction) = Interaction::open(context, params.get("i")) else {
        return Ok(expired(context, context.locale(None)));
    };
    let session = session::current(context).await?;
    Ok(match step(context, &interaction, session).await? {
        Step::Done(response) => response,
        Step::Login(_) | Step::Select(..) => to_page(context, "/login", &interaction),
        Step::Consent(request, session) => render(context, &interaction, &request, &session),
    })
}

/// A decision counts for the person who was shown the page, and for what it showed: the client, scopes and resources.
fn purpose(session: &Session, request: &AuthorizeRequest) -> String {
    let scopes = joined(&request.asked_for());
    let resources: String = request.resources.iter().map(|resource| format!(" {resource}")).collect();
    format!("consent {}\n{}\n{scopes}\n{resources}", session.record.sid, request.row.client_id)
}

fn render(
    context: &Context,
    interaction: &Interaction,
    request: &AuthorizeRequest,
    session: &Session,
) -> Response {
    let forms = Forms::of(context);
    let chrome = context.serving.chrome(context.locale(request.target.ui_locales.as_deref()));
    let target = request.target.redirect_uri.as_str();
    let view = ConsentPage {
        client: client_view(&request.row, Some(target)),
        person: session.view(),
        scopes: scope_views(&request.asked_for()),
        resources: request.resources.iter().map(ToString::to_string).collect(),
        native_warning: request.row.client_type == ClientType::Native && !target.starts_with("https://"),
        form: forms.target("/consent", &purpose(session, request), &[("i", &interaction.seal(context))]),
    };
    forms.bind(page(StatusCode::OK, view.render(&chrome), &chrome, &[target]))
}

async fn posted(context: &Context, body: Body) -> Result<Response, Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    params.once_each()?;
    let locale = context.locale(None);
    let Some(interaction) = Interaction::open(context, params.get("i")) else {
        return Ok(expired(context, locale));
    };
    let Some(session) = session::current(context).await? else {
        return Ok(to_page(context, "/login", &interaction));
    };
    let Errand::Authorize { client_id, asked } = &interaction.errand else {
        return Ok(to_page(context, "/login", &interaction));
    };
    let request = match request_of(context, client_id, asked).await? {
        Ok(request) => request,
        Err(response) => return Ok(response),
    };
    if !Forms::of(context).is_own(&purpose(&session, &request), &params) {
        return Ok(forged(context, locale));
    }
    if params.get("decision") != Some("allow") {
        // A no counts also where the person need not have been asked any more.
        note(context, Event::ConsentDenied, &request, &session);
        let error = OAuthError::new(ErrorCode::AccessDenied, "the person said no");
        return refuse(context, &request, &error).await;
    }
    let (request, session) = match step(context, &interaction, Some(session)).await? {
        Step::Done(response) => return Ok(response),
        Step::Login(_) | Step::Select(..) => return Ok(to_page(context, "/login", &interaction)),
        Step::Consent(request, session) => (request, session),
    };
    let subject = &session.record.person.subject;
    if request.row.consent == Consent::Required {
        let before = context.app.store.consent(subject, &request.row.client_id).await?;
        context.app.store.save_consent(agreed(&request, subject, before.as_ref(), context.now)).await?;
    }
    note(context, Event::ConsentGiven, &request, &session);
    issue(context, &request, &session).await
}

/// Notes what a person decided, and about what.
fn note(context: &Context, event: Event, request: &AuthorizeRequest, session: &Session) {
    let about = About {
        row: Some(&request.row),
        subject: Some(&session.record.person.subject.0),
        scope: Some(&joined(&request.asked_for())),
        sid: Some(&session.record.sid),
        ..About::default()
    };
    context.app.audit.event(context, event, &about);
}
