//! Pushed authorization requests (RFC 9126): judged by the same list as at the authorization endpoint, kept for 60 seconds.

use super::flow;
use crate::authn::{self, authenticate};
use crate::http::{Context, Failure, json, read_form};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use nauthera_core::facts::{Digest, PushedRecord};
use nauthera_core::oauth::OAuthError;
use nauthera_core::oauth::authorize::{PARAMETERS, REQUEST_URI_PREFIX, Refusal};
use nauthera_core::time::Seconds;

/// How long a pushed request waits to be opened.
const OPENED_WITHIN: Seconds = Seconds::new(60);

/// Answers POST.
pub async fn answer(context: Context, body: Body) -> Response {
    match respond(&context, body).await {
        Ok(response) => response,
        Err(failure) => failure.into_json(context.id),
    }
}

async fn respond(context: &Context, body: Body) -> Result<Response, Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    let row = authenticate(context, &params, authn::Endpoint::Par).await?;
    if params.get("request_uri").is_some() {
        return Err(OAuthError::invalid_request(
            "a pushed request has no request_uri (RFC 9126 section 2.1)",
        )
        .into());
    }
    flow::judge(context, &row, &params, flow::Origin::Pushing).map_err(|refusal| match refusal {
        Refusal::Page(error) => error,
        Refusal::Redirect(refused) => refused.1,
    })?;
    context.app.limits.pushed(context, &row).await?;
    let reference = context.app.random_text();
    let pushed = PushedRecord {
        digest: Digest::of(&reference),
        client_id: row.client_id.clone(),
        parameters: params.encode_only(&PARAMETERS),
        expires_at: context.now.plus(OPENED_WITHIN),
        spent: false,
    };
    context.app.store.insert_pushed(pushed).await?;
    let body = serde_json::json!({
        "request_uri": format!("{REQUEST_URI_PREFIX}{reference}"),
        "expires_in": OPENED_WITHIN.get(),
    });
    Ok(json(StatusCode::CREATED, body.to_string()))
}
