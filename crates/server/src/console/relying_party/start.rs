//! How a try begins: with an authorization request in the browser, with a token request, or with a device authorization.

use super::super::answer::{Outcome, Problem, Visit};
use super::super::route;
use super::attempt::{Attempt, Away, Device, Exchange, Fault, Stage, Tokens, Wanted};
use super::call::{Call, Parameters, shown};
use super::credentials::Credentials;
use super::{attempted, served};
use crate::http::redirect;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use nauthera_core::grant::GrantType;
use nauthera_core::names::ObjectRef;
use nauthera_core::oauth::Params;
use nauthera_core::oauth::logout::with_parameters;
use nauthera_core::snapshot::Row;
use nauthera_core::time::Seconds;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Begins a try from a form, and leads to where it goes on.
pub async fn begin(visit: &Visit<'_>, params: &Params<'_>) -> Outcome {
    let cannot = |text: String| Problem::new(StatusCode::CONFLICT, "This client cannot be tried", text);
    let object = params.get("client").and_then(ObjectRef::parse).unwrap_or_else(|| ObjectRef::new("", ""));
    let report = visit.shown.view.report.clients.get(&object);
    let report = report.ok_or_else(|| Problem::missing("There is no such AuthClient in the folder."))?;
    let can = attempted(visit, &object, report).map_err(cannot)?;
    let row = served(visit, &object, report).map_err(cannot)?;
    let grant = params.get("grant").and_then(GrantType::parse);
    let grant = grant.filter(|grant| can.ways.iter().any(|way| way.grant == grant.as_str()));
    let grant = grant.ok_or_else(|| cannot("Its effective settings do not have this grant.".to_owned()))?;
    // A form without the field asks for everything; one with an empty field for nothing.
    let all = params.count("scope") == 0;
    let scope = if all { can.scopes } else { params.get("scope").unwrap_or_default().trim().to_owned() };
    let wanted = Wanted {
        grant,
        scope,
        resource: params.get("resource").map(str::to_owned),
        prompt: params.get("prompt").map(str::to_owned).filter(|_| grant == GrantType::AuthorizationCode),
    };
    let mut attempt = Attempt {
        id: visit.console.app.random_text(),
        owner: visit.browser.owner(),
        client_id: row.client_id.clone(),
        object,
        wanted,
        started_at: visit.console.app.now(),
        stage: Stage::Exchanging,
        exchanges: Vec::new(),
    };
    let page = route::attempt(&attempt.id);
    let led = match grant {
        GrantType::AuthorizationCode => log_in(visit, &row, &mut attempt).await,
        GrantType::DeviceCode => device(visit, &row, &mut attempt).await.map(|()| page.clone()),
        _ => token(visit, &row, &mut attempt).await.map(|()| page.clone()),
    };
    let location = led.unwrap_or_else(|fault| {
        attempt.stage = Stage::Failed(fault);
        page
    });
    visit.console.attempts.add(attempt);
    Ok(redirect(&location))
}

/// Scope and resource, where there are any.
fn asked(wanted: &Wanted) -> Parameters {
    let scope = Some(wanted.scope.clone()).filter(|scope| !scope.is_empty());
    let all = [("scope", scope), ("resource", wanted.resource.clone())];
    all.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect()
}

/// Makes the authorization request, pushes it where that is required, and answers with where the browser goes.
async fn log_in(visit: &Visit<'_>, row: &Row, attempt: &mut Attempt) -> Result<String, Fault> {
    let app = &visit.console.app;
    let has_openid = attempt.wanted.scope.split(' ').any(|scope| scope == "openid");
    let away = Away {
        state: app.random_text(),
        nonce: has_openid.then(|| app.random_text()),
        verifier: app.random_text(),
    };
    let mut request: Parameters = vec![
        ("response_type", "code".to_owned()),
        ("redirect_uri", visit.console.own.callback()),
        ("state", away.state.clone()),
        ("code_challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(&away.verifier))),
        ("code_challenge_method", "S256".to_owned()),
    ];
    request.extend(away.nonce.clone().map(|nonce| ("nonce", nonce)));
    request.extend(asked(&attempt.wanted));
    request.extend(attempt.wanted.prompt.clone().map(|prompt| ("prompt", prompt)));
    let mut query: Parameters = vec![("client_id", row.client_id.to_string())];
    if row.require_par {
        let credentials = Credentials::of(visit, row)?;
        let call = Call::new(visit);
        let (exchange, reply) =
            call.post("Pushed authorization request", "/oauth2/par", request, &credentials).await;
        attempt.note(exchange);
        let reference =
            reply.body.get("request_uri").and_then(Value::as_str).ok_or_else(|| Fault::of(&reply.body))?;
        query.push(("request_uri", reference.to_owned()));
    } else {
        query.extend(request);
    }
    let endpoint = visit.serving.issuer().join("/oauth2/authorize");
    let pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let location = with_parameters(&endpoint, &pairs);
    attempt.note(led("Authorization request", format!("GET {endpoint}"), shown(&query)));
    attempt.stage = Stage::Away(away);
    Ok(location)
}

/// An exchange that goes through the browser.
pub fn led(title: &'static str, request: String, sent: Vec<(String, String)>) -> Exchange {
    Exchange { title, request, sent, status: None, answer: String::new() }
}

/// The client credentials grant (RFC 6749 §4.4).
async fn token(visit: &Visit<'_>, row: &Row, attempt: &mut Attempt) -> Result<(), Fault> {
    let credentials = Credentials::of(visit, row)?;
    let mut request: Parameters = vec![("grant_type", attempt.wanted.grant.as_str().to_owned())];
    request.extend(asked(&attempt.wanted));
    let (exchange, reply) =
        Call::new(visit).post("Token request", "/oauth2/token", request, &credentials).await;
    attempt.note(exchange);
    attempt.stage = Stage::Holding(Box::new(Tokens::of(&reply.body, None, visit.console.app.now())?));
    Ok(())
}

/// The device authorization request (RFC 8628 §3.1).
async fn device(visit: &Visit<'_>, row: &Row, attempt: &mut Attempt) -> Result<(), Fault> {
    let credentials = Credentials::of(visit, row)?;
    let call = Call::new(visit);
    let request = asked(&attempt.wanted);
    let (exchange, reply) = call
        .post("Device authorization request", "/oauth2/device_authorization", request, &credentials)
        .await;
    attempt.note(exchange);
    let fault = || Fault::of(&reply.body);
    let text = |name: &str| reply.body.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(fault);
    let seconds = |name: &str| {
        let number = reply.body.get(name).and_then(Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok())
    };
    let now = visit.console.app.now();
    // RFC 8628 §3.2: five seconds where the answer does not say.
    let interval = seconds("interval").unwrap_or(5);
    attempt.stage = Stage::Device(Device {
        device_code: text("device_code")?,
        user_code: text("user_code")?,
        verification_uri: text("verification_uri")?,
        verification_uri_complete: text("verification_uri_complete").or_else(|_| text("verification_uri"))?,
        expires_at: now.plus(Seconds::new(seconds("expires_in").unwrap_or_default())),
        interval,
        next_poll: now.plus(Seconds::new(interval)),
    });
    Ok(())
}
