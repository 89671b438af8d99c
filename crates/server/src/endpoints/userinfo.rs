//! Userinfo (OIDC Core 5.3): what a person's token may learn of the person. Takes only tokens for the issuer with `openid`.

use crate::http::{Context, Failure, json, read_form};
use crate::tokens::{person_now, read_access_token};
use axum::body::Body;
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Method, StatusCode};
use nauthera_core::facts::Authorization;
use nauthera_core::names::Scope;
use nauthera_core::oauth::{ErrorCode, OAuthError, claims};

const CHALLENGE: &str = "Bearer realm=\"nauthera\"";

/// Answers GET and POST, with the token in the header or (POST) in the body (RFC 6750 §2).
pub async fn answer(context: Context, body: Body) -> Response {
    match respond(&context, body).await {
        Ok(response) => response,
        Err(failure) => refuse(failure, &context),
    }
}

fn refuse(failure: Failure, context: &Context) -> Response {
    let challenge = match &failure {
        Failure::OAuth(error) => {
            let (code, text) = (error.code.as_str(), &error.description);
            Some(format!("{CHALLENGE}, error=\"{code}\", error_description=\"{text}\""))
        }
        _ => None,
    };
    challenged(failure, context, challenge.as_deref())
}

fn challenged(failure: Failure, context: &Context, challenge: Option<&str>) -> Response {
    let mut response = failure.into_json(context.id);
    if let Some(value) = challenge.and_then(|challenge| HeaderValue::from_str(challenge).ok()) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

async fn respond(context: &Context, body: Body) -> Result<Response, Failure> {
    let invalid = |text: &'static str| OAuthError::new(ErrorCode::InvalidToken, text);
    let Some(token) = presented(context, body).await? else {
        // RFC 6750 §3.1: who sends no token is told how to, and of no error.
        let mut response = json(StatusCode::UNAUTHORIZED, r#"{"message":"no access token is sent"}"#);
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        return Ok(response);
    };
    let token =
        read_access_token(context, &token).ok_or_else(|| invalid("the access token is not valid here"))?;
    if token.aud != context.serving.issuer().as_str() {
        return Err(invalid("the access token is for another audience").into());
    }
    let grant = token.grant().ok_or_else(|| invalid("the access token is not about a person"))?;
    if !token.has_scope("openid") {
        return Err(
            OAuthError::new(ErrorCode::InsufficientScope, "the access token lacks the scope openid").into()
        );
    }
    let revoked = || invalid("the access token was revoked");
    let grant = context
        .app
        .store
        .grant(grant)
        .await?
        .filter(|grant| grant.revoked_at.is_none())
        .ok_or_else(revoked)?;
    let row = context.serving.client(&token.client_id);
    let row = row.ok_or_else(|| invalid("the client of the access token is not served any more"))?;
    let person =
        person_now(context, &grant.authorization).map_err(|_| invalid("the person is not there any more"))?;
    let scopes = token.scope.split(' ').filter_map(|scope| Scope::parse(scope).ok()).collect();
    let named = claims::within(&grant.authorization.claims, &row.scopes);
    let today = Authorization { scopes, claims: named, ..grant.authorization };
    let answer = claims::userinfo(&today, &person.claims, &person.groups);
    Ok(json(StatusCode::OK, serde_json::Value::Object(answer).to_string()))
}

/// The token that is presented, in one place.
async fn presented(context: &Context, body: Body) -> Result<Option<String>, Failure> {
    let header = context.authorization()?.map(|header| {
        let text = std::str::from_utf8(header).unwrap_or_default();
        text.split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned())
    });
    let has_form = context.headers.contains_key(http::header::CONTENT_TYPE);
    let in_body = if context.method == Method::POST && has_form {
        let form = read_form(&context.headers, body).await?;
        let params = form.params()?;
        params.once_each()?;
        params.get("access_token").map(str::to_owned)
    } else {
        None
    };
    if header.is_some() && in_body.is_some() {
        return Err(OAuthError::invalid_request("the access token is sent twice").into());
    }
    Ok(header.flatten().or(in_body))
}
