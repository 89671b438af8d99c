//! Introspection (RFC 7662): a client's own tokens, and tokens for an audience that it is the resource server of. Of
//! everything else it learns only that it is not active.

use crate::authn::{self, authenticate};
use crate::http::{Context, Failure, json, read_form};
use crate::tokens::{is_alive, person_now, read_access_token};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use nauthera_core::facts::Digest;
use nauthera_core::oauth::client_auth::failed;
use nauthera_core::oauth::introspect::may_introspect;
use nauthera_core::oauth::scope::joined;
use nauthera_core::oauth::token::{self, family_end};
use nauthera_core::snapshot::Row;
use serde_json::{Value, json};

/// Answers POST.
pub async fn answer(context: Context, body: Body) -> Response {
    match respond(&context, body).await {
        Ok(answer) => json(StatusCode::OK, answer.to_string()),
        Err(failure) => failure.into_json(context.id),
    }
}

async fn respond(context: &Context, body: Body) -> Result<Value, Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    let row = authenticate(context, &params, authn::Endpoint::Other).await?;
    if authn::is_public(&row) {
        return Err(failed().into());
    }
    let token = params.required("token")?;
    let found = match access(context, &row, token).await? {
        Some(found) => Some(found),
        None => refresh(context, &row, token).await?,
    };
    Ok(found.unwrap_or_else(|| json!({"active": false})))
}

async fn access(context: &Context, row: &Row, token: &str) -> Result<Option<Value>, Failure> {
    let Some(token) = read_access_token(context, token) else { return Ok(None) };
    if !may_introspect(row, &token.client_id, &token.aud) || !is_alive(context, &token).await? {
        return Ok(None);
    }
    let mut answer = json!({
        "active": true,
        "token_type": "Bearer",
        "iss": context.serving.issuer().as_str(),
        "sub": token.sub,
        "aud": token.aud,
        "client_id": token.client_id,
        "exp": token.exp,
        "iat": token.iat,
        "jti": token.jti,
    });
    let optional = [
        ("scope", (!token.scope.is_empty()).then(|| token.scope.into())),
        ("auth_time", token.auth_time.map(Value::from)),
        ("acr", token.acr.map(Value::from)),
    ];
    for (name, value) in optional {
        if let (Some(value), Some(members)) = (value, answer.as_object_mut()) {
            members.insert(name.to_owned(), value);
        }
    }
    Ok(Some(answer))
}

/// A refresh token is its own client's matter alone.
async fn refresh(context: &Context, row: &Row, presented: &str) -> Result<Option<Value>, Failure> {
    let Some(id) = context.app.secrets.grant_of(presented) else { return Ok(None) };
    let Some((family, grant)) = context.app.store.refresh(id).await? else { return Ok(None) };
    let authorization = &grant.authorization;
    let person = person_now(context, authorization).ok();
    let groups = person.as_ref().map(|person| person.groups.as_slice());
    let issuer = context.serving.issuer();
    let facts = token::Presented { digest: Digest::of(presented), family: &family, grant: &grant };
    let Some(mint) = token::usable(row, issuer, facts, groups, context.now) else { return Ok(None) };
    Ok(Some(json!({
        "active": true,
        "iss": issuer.as_str(),
        "sub": authorization.person.subject.0.to_string(),
        "client_id": row.client_id.as_str(),
        "scope": joined(&mint.scopes),
        "exp": family.expires_at.min(family_end(row, authorization)).0,
    })))
}
