//! Where people type the code of a device (RFC 8628 §3.3). The page always asks, also when the code came in the address.

use super::authorize::to_page;
use super::flow::{Errand, Interaction, client_view, forged, scope_views};
use super::session::{self, Forms, Session};
use crate::audit::{About, Event};
use crate::http::{Context, Failure, Form, page, read_form};
use crate::pages::{DeviceCodePage, DeviceConfirmPage, DeviceDonePage, DeviceError, LoginError, LoginPage};
use axum::body::Body;
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Method, StatusCode};
use nauthera_core::facts::{Authorization, DeviceRecord, DeviceState};
use nauthera_core::oauth::Params;
use nauthera_core::oauth::claims::ACR_PASSWORD;
use nauthera_core::oauth::device::{displayed, typed};
use nauthera_core::oauth::interaction::may_use;
use nauthera_core::oauth::scope::joined;
use nauthera_core::snapshot::Row;
use std::sync::Arc;

/// Answers GET (the pages) and POST (the forms).
pub async fn answer(context: Context, body: Body) -> Response {
    let answered =
        if context.method == Method::POST { posted(&context, body).await } else { shown(&context).await };
    answered.unwrap_or_else(|failure| failure.into_page(&context))
}

async fn shown(context: &Context) -> Result<Response, Failure> {
    let form = Form::of(context.query.clone().unwrap_or_default());
    let params = form.params()?;
    params.once_each()?;
    let interaction = Interaction::open(context, params.get("i"));
    if let Some(interaction) = &interaction
        && let Errand::Device { user_code } = &interaction.errand
    {
        // Back from the login: the code was typed before.
        let session = session::current(context).await?;
        return confirm(context, user_code, session, interaction).await;
    }
    let prefilled = params.get("user_code").and_then(typed).map(|code| displayed(&code)).unwrap_or_default();
    Ok(ask_code(context, prefilled, None))
}

fn ask_code(context: &Context, user_code: String, error: Option<DeviceError>) -> Response {
    let forms = Forms::of(context);
    let chrome = context.serving.chrome(context.locale(None));
    let status = match error {
        Some(DeviceError::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::OK,
    };
    let view = DeviceCodePage { user_code, error, form: forms.target("/device", "device code", &[]) };
    let mut response = page(status, view.render(&chrome), &chrome, &[]);
    if let Some(DeviceError::TooManyAttempts { retry_after_seconds }) = error {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_seconds));
    }
    forms.bind(response)
}

async fn posted(context: &Context, body: Body) -> Result<Response, Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    params.once_each()?;
    if params.get("decision").is_some() {
        return decided(context, &params).await;
    }
    if !Forms::of(context).is_own("device code", &params) {
        return Ok(forged(context, context.locale(None)));
    }
    let text: String = params.get("user_code").unwrap_or_default().chars().take(32).collect();
    let attempt = match context.app.limits.user_code(context).await {
        Ok(attempt) => attempt,
        Err(refused) => {
            let error = DeviceError::TooManyAttempts { retry_after_seconds: refused.wait.seconds() };
            return Ok(ask_code(context, text, Some(error)));
        }
    };
    let found = match typed(&text) {
        Some(code) => context.app.store.device_by_user_code(&code).await?,
        None => None,
    };
    let known = found.filter(|device| device.state == DeviceState::Pending);
    let Some(device) = known.filter(|device| context.serving.client(device.client_id.as_str()).is_some())
    else {
        attempt.failed().await;
        let about = About { reason: Some("unknown"), ..About::default() };
        context.app.audit.event(context, Event::UserCodeRefused, &about);
        return Ok(ask_code(context, text, Some(DeviceError::UnknownCode)));
    };
    attempt.undone().await;
    if device.expires_at <= context.now {
        return Ok(ask_code(context, text, Some(DeviceError::Expired)));
    }
    let session = session::current(context).await?;
    let mut interaction =
        Interaction::new(Errand::Device { user_code: device.user_code.clone() }, context.now);
    interaction.seen_with(session.as_ref());
    confirm(context, &device.user_code, session, &interaction).await
}

/// A pending device of a client that is served.
async fn pending(context: &Context, user_code: &str) -> Result<Option<(DeviceRecord, Arc<Row>)>, Failure> {
    let device = context.app.store.device_by_user_code(user_code).await?;
    let device =
        device.filter(|device| device.state == DeviceState::Pending && context.now < device.expires_at);
    Ok(device.and_then(|device| {
        let row = context.serving.client(device.client_id.as_str())?.clone();
        Some((device, row))
    }))
}

async fn confirm(
    context: &Context,
    user_code: &str,
    session: Option<Session>,
    interaction: &Interaction,
) -> Result<Response, Failure> {
    let Some((device, row)) = pending(context, user_code).await? else {
        return Ok(ask_code(context, displayed(user_code), Some(DeviceError::Expired)));
    };
    let recent = |session: &Session| {
        let at = session.record.login.auth_time;
        let made = interaction.progress().made(&session.record);
        row.max_age.is_none_or(|max_age| made || context.now < at.plus(max_age))
    };
    let Some(session) = session.filter(recent) else { return Ok(to_page(context, "/login", interaction)) };
    if !may_use(&row.allowed_groups, &session.person.groups) {
        return Ok(not_allowed(context, &row, interaction));
    }
    let forms = Forms::of(context);
    let chrome = context.serving.chrome(context.locale(None));
    let view = DeviceConfirmPage {
        client: client_view(&row, None),
        person: session.view(),
        user_code: displayed(user_code),
        scopes: scope_views(&device.scopes),
        form: forms.target("/device", &purpose(&session, user_code), &[("user_code", user_code)]),
    };
    Ok(forms.bind(page(StatusCode::OK, view.render(&chrome), &chrome, &[])))
}

fn not_allowed(context: &Context, row: &Row, interaction: &Interaction) -> Response {
    let forms = Forms::of(context);
    let chrome = context.serving.chrome(context.locale(None));
    let view = LoginPage {
        client: Some(client_view(row, None)),
        username: String::new(),
        error: Some(LoginError::NotAllowed),
        form: forms.target("/login", "login", &[("i", &interaction.seal(context))]),
    };
    forms.bind(page(StatusCode::FORBIDDEN, view.render(&chrome), &chrome, &[]))
}

/// A decision counts for the person and the code that were shown.
fn purpose(session: &Session, user_code: &str) -> String {
    format!("device {} {user_code}", session.record.sid)
}

async fn decided(context: &Context, params: &Params<'_>) -> Result<Response, Failure> {
    let code = params.get("user_code").and_then(typed).unwrap_or_default();
    let Some(session) = session::current(context).await? else {
        return Ok(ask_code(context, String::new(), None));
    };
    if !Forms::of(context).is_own(&purpose(&session, &code), params) {
        return Ok(forged(context, context.locale(None)));
    }
    let Some((device, row)) = pending(context, &code).await? else {
        return Ok(ask_code(context, displayed(&code), Some(DeviceError::Expired)));
    };
    let allowed =
        params.get("decision") == Some("allow") && may_use(&row.allowed_groups, &session.person.groups);
    let state = if allowed {
        DeviceState::Approved(Box::new(approval(&device, &session)))
    } else {
        DeviceState::Denied
    };
    if !context.app.store.decide_device(&code, state, context.now).await? {
        return Ok(ask_code(context, displayed(&code), Some(DeviceError::Expired)));
    }
    let event = if allowed { Event::DeviceAllowed } else { Event::DeviceDenied };
    let about = About {
        row: Some(&row),
        subject: Some(&session.record.person.subject.0),
        grant_id: Some(device.grant),
        scope: Some(&joined(&device.scopes)),
        sid: Some(&session.record.sid),
        ..About::default()
    };
    context.app.audit.event(context, event, &about);
    let chrome = context.serving.chrome(context.locale(None));
    Ok(page(StatusCode::OK, DeviceDonePage { allowed }.render(&chrome), &chrome, &[]))
}

/// What a device gets: no session is behind it, so logging out of this browser does not end it.
fn approval(device: &DeviceRecord, session: &Session) -> Authorization {
    Authorization {
        client_id: device.client_id.clone(),
        person: session.record.person.clone(),
        login: session.record.login.clone(),
        sid: None,
        scopes: device.scopes.clone(),
        resources: device.resources.clone(),
        claims: nauthera_core::facts::ClaimsRequest::default(),
        acr: Some(ACR_PASSWORD.into()),
    }
}
