//! Revocation (RFC 7009): a client ends its own tokens. A refresh token takes its family with it; an access token of a person
//! takes its grant, since nothing less would reach its siblings.

use crate::audit::{About, Event};
use crate::authn::{self, authenticate};
use crate::http::{Context, Failure, json, read_form};
use crate::tokens::read_access_token;
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use nauthera_core::facts::{Digest, GrantId};
use nauthera_core::snapshot::Row;
use nauthera_core::time::UnixTime;

/// Answers POST: 200 also for a token that is not known or another client's (RFC 7009 §2.2).
pub async fn answer(context: Context, body: Body) -> Response {
    match respond(&context, body).await {
        Ok(()) => json(StatusCode::OK, "{}"),
        Err(failure) => failure.into_json(context.id),
    }
}

async fn respond(context: &Context, body: Body) -> Result<(), Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    let row = authenticate(context, &params, authn::Endpoint::Other).await?;
    let token = params.required("token")?;
    let store = &context.app.store;
    if let Some(token) = read_access_token(context, token) {
        if token.client_id != row.client_id.as_str() {
            return Ok(());
        }
        match token.grant() {
            Some(grant) => revoke(context, &row, grant, &token.sub).await?,
            None => {
                store.revoke_token(token.jti_digest(), UnixTime(token.exp)).await?;
                let about = About { row: Some(&row), jti: Some(&token.jti), ..About::default() };
                context.app.audit.event(context, Event::TokenRevoked, &about);
            }
        }
        return Ok(());
    }
    if let Some((_, grant)) = store.refresh(Digest::of(token)).await?
        && grant.authorization.client_id == row.client_id
    {
        revoke(context, &row, grant.id, &grant.authorization.person.subject.0).await?;
    }
    Ok(())
}

async fn revoke(context: &Context, row: &Row, grant: GrantId, subject: &str) -> Result<(), Failure> {
    context.app.store.revoke_grant(grant, context.now).await?;
    let about = About { row: Some(row), subject: Some(subject), grant_id: Some(grant), ..About::default() };
    context.app.audit.event(context, Event::GrantRevoked, &about);
    Ok(())
}
