//! Metadata (OIDC Discovery 1.0, RFC 8414): only what works is listed, and what differs from a default is written out.

use crate::http::{Context, json};
use axum::response::Response;
use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderValue, StatusCode};
use nauthera_core::grant::{AuthMethod, GrantType};
use nauthera_core::oauth::assertion;
use nauthera_core::oauth::claims::{ACR_PASSWORD, SCOPE_CLAIMS, known_claims};
use nauthera_core::uri::IssuerUrl;
use serde_json::{Value, json};

const TOKEN_CLAIMS: [&str; 12] =
    ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", "client_id"];

/// Answers GET of both well-known documents: one document serves both specifications.
#[must_use]
pub fn answer(context: &Context) -> Response {
    let mut response = json(StatusCode::OK, document(context).to_string());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.remove(PRAGMA);
    response
}

/// The endpoints of an issuer, by their names in metadata: what a configuration and what is served must agree on.
#[must_use]
pub fn endpoints(issuer: &IssuerUrl) -> [(&'static str, String); 10] {
    [
        ("authorization_endpoint", "/oauth2/authorize"),
        ("token_endpoint", "/oauth2/token"),
        ("userinfo_endpoint", "/oauth2/userinfo"),
        ("jwks_uri", "/oauth2/jwks"),
        ("introspection_endpoint", "/oauth2/introspect"),
        ("revocation_endpoint", "/oauth2/revoke"),
        ("pushed_authorization_request_endpoint", "/oauth2/par"),
        ("device_authorization_endpoint", "/oauth2/device_authorization"),
        ("end_session_endpoint", "/oauth2/logout"),
        ("issuer", ""),
    ]
    .map(|(name, path)| (name, if path.is_empty() { issuer.as_str().to_owned() } else { issuer.join(path) }))
}

fn document(context: &Context) -> Value {
    let mut document = settings(context);
    if let Some(members) = document.as_object_mut() {
        members.extend(endpoints(context.serving.issuer()).map(|(name, url)| (name.to_owned(), url.into())));
    }
    document
}

fn settings(context: &Context) -> Value {
    let methods: Vec<&str> = [
        AuthMethod::ClientSecretBasic,
        AuthMethod::ClientSecretPost,
        AuthMethod::PrivateKeyJwt,
        AuthMethod::None,
    ]
    .iter()
    .map(|method| method.as_str())
    .collect();
    let confidential: Vec<&str> = methods.iter().copied().filter(|method| *method != "none").collect();
    let grants: Vec<&str> = GrantType::ALL.iter().map(|grant| grant.as_str()).collect();
    let mut scopes = vec!["openid", "offline_access"];
    scopes.extend(SCOPE_CLAIMS.iter().map(|(scope, _)| *scope));
    let claims: Vec<&str> = TOKEN_CLAIMS.into_iter().chain(known_claims()).collect();
    let mut signing: Vec<&str> = context.app.keys.load().algorithms().iter().map(|a| a.as_str()).collect();
    // OIDC Discovery §3: RS256 must be in the list only where it is offered; what signs is what is listed.
    signing.sort_unstable();
    json!({
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "scopes_supported": scopes,
        "claims_supported": claims,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": grants,
        "subject_types_supported": ["public"],
        "acr_values_supported": [ACR_PASSWORD],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "ui_locales_supported": ["en", "de"],
        "id_token_signing_alg_values_supported": signing,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertion::names(),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": assertion::names(),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertion::names(),
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": false,
        "require_pushed_authorization_requests": false,
    })
}
