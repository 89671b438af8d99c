//! Device authorization (RFC 8628 §3.1): a device without a browser gets a code that a person types elsewhere.

use crate::authn::{self, authenticate};
use crate::http::{Context, Failure, json, read_form};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use nauthera_core::facts::{DeviceRecord, DeviceState, Digest};
use nauthera_core::grant::GrantType;
use nauthera_core::oauth::device::{DEVICE_CODE_TTL, POLL_INTERVAL, displayed, user_code};
use nauthera_core::oauth::scope::{self, Resource};
use nauthera_core::oauth::token::may_use_grant;
use nauthera_core::oauth::{ErrorCode, OAuthError};

/// How often another user code is drawn when one is in use.
const DRAWS: usize = 8;

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
    let row = authenticate(context, &params, authn::Endpoint::Other).await?;
    may_use_grant(&row, GrantType::DeviceCode)?;
    let scopes = match scope::granted(&row, params.get("scope"))? {
        Some(scopes) => scopes,
        None if row.scopes.is_empty() => Vec::new(),
        None => return Err(OAuthError::new(ErrorCode::InvalidScope, "parameter 'scope' is missing").into()),
    };
    let named = scope::resources(&row, context.serving.issuer(), params.all("resource"))?;
    let resources = named.into_iter().filter_map(|resource| match resource {
        Resource::Named(audience) => Some(audience),
        Resource::Issuer => None,
    });
    context.app.limits.device(context, &row).await?;
    let device_code = context.app.random_text();
    let mut record = DeviceRecord {
        digest: Digest::of(&device_code),
        user_code: String::new(),
        grant: context.app.grant_id(),
        client_id: row.client_id.clone(),
        scopes,
        resources: resources.collect(),
        expires_at: context.now.plus(DEVICE_CODE_TTL),
        interval: POLL_INTERVAL,
        polled_at: None,
        state: DeviceState::Pending,
    };
    for _ in 0..DRAWS {
        let Some(code) = user_code(&context.app.random()) else { continue };
        record.user_code = code;
        if context.app.store.insert_device(record.clone()).await? {
            return Ok(answer_with(context, &device_code, &record.user_code));
        }
    }
    Err(OAuthError::new(ErrorCode::TemporarilyUnavailable, "no user code is free: try again in a moment")
        .into())
}

fn answer_with(context: &Context, device_code: &str, user_code: &str) -> Response {
    let page = context.serving.issuer().join("/device");
    let shown = displayed(user_code);
    let body = serde_json::json!({
        "device_code": device_code,
        "user_code": shown,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={shown}"),
        "expires_in": DEVICE_CODE_TTL.get(),
        "interval": POLL_INTERVAL.get(),
    });
    json(StatusCode::OK, body.to_string())
}
