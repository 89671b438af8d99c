//! The token endpoint (RFC 6749 §3.2): shared phases here, and one small file a grant.

mod client_credentials;
mod code;
mod device;
mod refresh;

use crate::audit::{About, Event};
use crate::authn::{self, authenticate};
use crate::http::{Context, Failure, json, read_form};
use crate::tokens::Issued;
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use nauthera_core::grant::GrantType;
use nauthera_core::oauth::token::may_use_grant;
use nauthera_core::oauth::{ErrorCode, OAuthError, Params};
use nauthera_core::snapshot::Row;
use std::sync::Arc;

/// A token request whose client is known and may use the grant.
pub struct Request<'a> {
    /// The request.
    pub context: &'a Context,
    /// The client.
    pub row: Arc<Row>,
    /// Its parameters.
    pub params: &'a Params<'a>,
}

/// Tokens, with the person they are about.
pub struct Granted {
    /// The signed answer.
    pub issued: Issued,
    /// The person's subject; `None` for the client itself.
    pub subject: Option<Arc<str>>,
}

/// Answers POST.
pub async fn answer(context: Context, body: Body) -> Response {
    let mut asked = Asked::default();
    let outcome = match (respond(&context, body, &mut asked).await, &asked.client) {
        (Err(Failure::OAuth(error)), Some(row)) if error.code == ErrorCode::InvalidGrant => {
            Err(context.app.limits.token_refused(&context, row, error).await)
        }
        (outcome, _) => outcome,
    };
    let code = outcome.as_ref().err().map(Failure::code);
    context.app.metrics.token_answered(asked.grant, code, context.took());
    let failure = match outcome {
        Ok(response) => return response,
        Err(failure) => failure,
    };
    if let Failure::OAuth(error) = &failure
        && !matches!(error.code, ErrorCode::AuthorizationPending | ErrorCode::SlowDown)
    {
        let (row, reason) = (asked.client.as_deref(), Some(error.code.as_str()));
        let about = About { row, reason, grant_type: asked.grant, ..About::default() };
        context.app.audit.event(&context, Event::TokenRefused, &about);
    }
    failure.into_json(context.id)
}

/// What is known of a request, told beside its outcome: for the audit and the metrics of refusals.
#[derive(Default)]
struct Asked {
    /// The client, as soon as it has proved who it is.
    client: Option<Arc<Row>>,
    grant: Option<GrantType>,
}

async fn respond(context: &Context, body: Body, asked: &mut Asked) -> Result<Response, Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    let row = authenticate(context, &params, authn::Endpoint::Token).await?;
    asked.client = Some(row.clone());
    let grant = GrantType::parse(params.required("grant_type")?).ok_or_else(|| {
        OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "grant_type is none of those that this server supports",
        )
    })?;
    asked.grant = Some(grant);
    context.span.record("nauthera.grant_type", grant.as_str());
    may_use_grant(&row, grant)?;
    context.app.limits.token(context, &row)?;
    let request = Request { context, row, params: &params };
    let granted = match grant {
        GrantType::ClientCredentials => client_credentials::grant(&request)?,
        GrantType::AuthorizationCode => code::grant(&request).await?,
        GrantType::RefreshToken => refresh::grant(&request).await?,
        GrantType::DeviceCode => device::grant(&request).await?,
    };
    note(&request, grant, &granted);
    Ok(json(StatusCode::OK, granted.issued.body))
}

/// Notes who got which tokens.
fn note(request: &Request<'_>, grant: GrantType, Granted { issued, subject }: &Granted) {
    let about = About {
        row: Some(&request.row),
        // Tokens without a person are about the client itself.
        subject: subject.as_deref().or(Some(request.row.client_id.as_str())),
        grant_type: Some(grant),
        grant_id: issued.grant,
        scope: Some(&issued.scope),
        audience: Some(issued.audience.as_str()),
        tokens: issued.tokens,
        jti: Some(&issued.jti),
        sid: issued.sid.as_deref(),
        ..About::default()
    };
    request.context.app.audit.event(request.context, Event::TokenIssued, &about);
}
