//! The token endpoint (RFC 6749 §3.2): shared phases here, and one small file a grant.

mod client_credentials;
mod code;
mod device;
mod refresh;

use crate::audit::About;
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
    let mut client = None;
    match respond(&context, body, &mut client).await {
        Ok(response) => response,
        Err(failure) => {
            let failure = match (failure, &client) {
                (Failure::OAuth(error), Some(row)) if error.code == ErrorCode::InvalidGrant => {
                    context.app.limits.token_refused(&context, row, error).await
                }
                (failure, _) => failure,
            };
            if let Failure::OAuth(error) = &failure {
                let quiet = matches!(error.code, ErrorCode::AuthorizationPending | ErrorCode::SlowDown);
                if !quiet {
                    let (row, detail) = (client.as_deref(), Some(error.code.as_str()));
                    context.app.audit.event(
                        &context,
                        "token_refused",
                        &About { row, detail, ..About::default() },
                    );
                }
            }
            failure.into_json(context.id)
        }
    }
}

/// Answers; who the client is, as soon as it has proved it, is told beside the outcome, for the audit of refusals.
async fn respond(context: &Context, body: Body, client: &mut Option<Arc<Row>>) -> Result<Response, Failure> {
    let form = read_form(&context.headers, body).await?;
    let params = form.params()?;
    let row = authenticate(context, &params, authn::Endpoint::Token).await?;
    *client = Some(row.clone());
    let asked = params.required("grant_type")?;
    let grant = GrantType::parse(asked).ok_or_else(|| {
        OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "grant_type is none of those that this server supports",
        )
    })?;
    may_use_grant(&row, grant)?;
    context.app.limits.token(context, &row)?;
    let request = Request { context, row, params: &params };
    let granted = match grant {
        GrantType::ClientCredentials => client_credentials::grant(&request)?,
        GrantType::AuthorizationCode => code::grant(&request).await?,
        GrantType::RefreshToken => refresh::grant(&request).await?,
        GrantType::DeviceCode => device::grant(&request).await?,
    };
    context.app.metrics.token_issued(grant);
    let about = About {
        row: Some(&request.row),
        subject: granted.subject.as_deref(),
        detail: Some(grant.as_str()),
        scope: Some(&granted.issued.scope),
        jti: Some(&granted.issued.jti),
    };
    context.app.audit.event(context, "token_issued", &about);
    Ok(json(StatusCode::OK, granted.issued.body))
}
