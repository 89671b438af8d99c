//! The authorization endpoint (RFC 6749 §3.1): finds the client, opens a pushed request, and hands over to the flow.

use super::flow::{self, Asked, Errand, Interaction, Origin, Step, refused, step};
use super::session;
use crate::http::{Context, Failure, Form, read_form, redirect};
use axum::body::Body;
use axum::response::Response;
use http::Method;
use nauthera_core::facts::Digest;
use nauthera_core::oauth::authorize::{PARAMETERS, Refusal, client_id, pushed_reference};
use nauthera_core::oauth::{OAuthError, Params};
use nauthera_core::snapshot::Row;
use std::sync::Arc;

const PUSH_IT: &str = "the request is larger than 16 KiB: push it to /oauth2/par (RFC 9126)";

/// Answers GET and POST.
pub async fn answer(context: Context, body: Body) -> Response {
    respond(&context, body).await.unwrap_or_else(|failure| failure.into_page(&context))
}

async fn respond(context: &Context, body: Body) -> Result<Response, Failure> {
    let posted = context.method == Method::POST;
    let form = if posted {
        read_form(&context.headers, body).await?
    } else {
        Form::of(context.query.clone().unwrap_or_default())
    };
    let params = form.params()?;
    let opened = match open(context, &params).await? {
        Ok(opened) => opened,
        Err(refusal) => {
            let row = params.get("client_id").and_then(|id| context.serving.client(id));
            return Ok(refused(context, row.map(|row| &**row), refusal, params.get("ui_locales")));
        }
    };
    let errand = Errand::Authorize { client_id: opened.row.client_id.to_string(), asked: opened.asked };
    let mut interaction = Interaction::new(errand, context.now);
    if posted {
        // A POST from another site comes without our cookies (SameSite=Lax): the GET that follows brings them.
        return Ok(to_page(context, "/login", &interaction));
    }
    let session = session::current(context).await?;
    interaction.seen_with(session.as_ref());
    Ok(match step(context, &interaction, session).await? {
        Step::Done(response) => response,
        Step::Login(_) | Step::Select(..) => to_page(context, "/login", &interaction),
        Step::Consent(..) => to_page(context, "/consent", &interaction),
    })
}

/// Leads to a page of ours with the interaction.
#[must_use]
pub fn to_page(context: &Context, path: &str, interaction: &Interaction) -> Response {
    redirect(&format!("{}{path}?i={}", context.serving.base(), interaction.seal(context)))
}

struct Opened {
    row: Arc<Row>,
    asked: Asked,
}

/// Finds the client and the parameters that count, and judges them, so that a bad request never reaches a page of ours.
async fn open(context: &Context, params: &Params<'_>) -> Result<Result<Opened, Refusal>, Failure> {
    let bad = |text: &'static str| Ok(Err(Refusal::Page(OAuthError::invalid_request(text))));
    let id = match client_id(params) {
        Ok(id) => id,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(row) = context.serving.client(id) else {
        return bad("no client with this client_id is served here");
    };
    let reference = match pushed_reference(params) {
        Ok(reference) => reference,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(reference) = reference else {
        let parameters = params.encode_only(&PARAMETERS);
        let judged =
            flow::fits(&parameters, PUSH_IT).and_then(|()| flow::judge(context, row, params, Origin::Direct));
        return Ok(judged.map(|_| Opened { row: row.clone(), asked: Asked::Here(parameters) }));
    };
    let digest = Digest::of(reference);
    let found = context.app.store.pushed(digest).await?;
    let Some(pushed) = found.filter(|pushed| pushed.client_id == row.client_id) else {
        return bad("request_uri is unknown here, or was issued to another client");
    };
    if pushed.spent || pushed.expires_at <= context.now {
        return bad("request_uri has expired or was answered: push the request again");
    }
    let replaced = Params::parse(pushed.parameters.as_bytes())?;
    let judged = flow::judge(context, row, &replaced, Origin::Pushed(digest));
    Ok(judged.map(|_| Opened { row: row.clone(), asked: Asked::Pushed(digest) }))
}
