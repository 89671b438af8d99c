//! How a try goes on: the browser comes back, the person asks for a step, the logout comes back.

use super::super::answer::{Outcome, Problem, Visit};
use super::super::guard::{CALLBACK, ENDED};
use super::super::route;
use super::attempt::{Attempt, Away, Device, Exchange, Fault, Logout, Stage, Tokens};
use super::call::{Call, Parameters, Reply, shown};
use super::credentials::Credentials;
use super::row_of;
use super::start::led;
use crate::http::{json, redirect};
use axum::response::Response;
use http::header::ACCEPT;
use http::{Method, StatusCode};
use nauthera_core::grant::GrantType;
use nauthera_core::oauth::Params;
use nauthera_core::oauth::logout::with_parameters;
use nauthera_core::snapshot::Row;
use nauthera_core::time::Seconds;
use serde_json::Value;
use std::sync::Arc;

/// What an authorization response may have (RFC 6749 §4.1.2, RFC 9207).
const RESPONSE: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

fn no_try() -> Problem {
    let text = "It was begun in another browser, or so long ago that it is forgotten. Begin another one.";
    Problem::new(StatusCode::NOT_FOUND, "There is no such try", text)
}

/// The browser comes back from the issuer: the code is exchanged, and the address with the code is left.
pub async fn callback(visit: &Visit<'_>) -> Outcome {
    if visit.parts.method != Method::GET {
        return Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Not a login",
            "An issuer answers with GET.",
        ));
    }
    let query = visit.query();
    let unreadable =
        |_| Problem::new(StatusCode::BAD_REQUEST, "The answer cannot be read", "Begin another try.");
    let params = query.params().map_err(unreadable)?;
    params.once_each().map_err(unreadable)?;
    let owner = visit.browser.owner();
    let waiting = visit.console.attempts.claim(owner, params.get("state").unwrap_or_default());
    let (attempt, away) = waiting.ok_or_else(|| {
        let text = "Its state is not one that this browser waits for: it was answered before, begun elsewhere, or forged.";
        Problem::new(StatusCode::BAD_REQUEST, "No login waits for this answer", text)
    })?;
    let sent = RESPONSE.iter().filter_map(|name| params.get(name).map(|value| (*name, value.to_owned())));
    let sent: Parameters = sent.collect();
    let back = led("Authorization response", format!("GET {CALLBACK}"), shown(&sent));
    let (exchange, tokens) = match redeem(visit, &attempt, away, &params).await {
        Ok((exchange, tokens)) => (Some(exchange), tokens),
        Err(fault) => (None, Err(fault)),
    };
    visit.console.attempts.change(owner, &attempt.id, |attempt| {
        attempt.note(back);
        if let Some(exchange) = exchange {
            attempt.note(exchange);
        }
        attempt.stage = match tokens {
            Ok(tokens) => Stage::Holding(Box::new(tokens)),
            Err(fault) => Stage::Failed(fault),
        };
    });
    Ok(redirect(&route::attempt(&attempt.id)))
}

type Redeemed = (Exchange, Result<Tokens, Fault>);

/// Judges the authorization response, and exchanges its code.
async fn redeem(
    visit: &Visit<'_>,
    attempt: &Attempt,
    away: Away,
    params: &Params<'_>,
) -> Result<Redeemed, Fault> {
    if params.get("iss") != Some(visit.serving.issuer().as_str()) {
        return Err(Fault::new("wrong issuer", "iss of the answer is not this issuer (RFC 9207)"));
    }
    if let Some(error) = params.get("error") {
        return Err(Fault::new(error, params.get("error_description").unwrap_or_default()));
    }
    let code =
        params.get("code").ok_or_else(|| Fault::new("no code", "the answer has neither code nor error"))?;
    let row = row(visit, attempt)?;
    let request: Parameters = vec![
        ("grant_type", GrantType::AuthorizationCode.as_str().to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", visit.console.own.callback()),
        ("code_verifier", away.verifier),
    ];
    let credentials = Credentials::of(visit, &row)?;
    let (exchange, reply) =
        Call::new(visit).post("Token request", "/oauth2/token", request, &credentials).await;
    let tokens = Tokens::of(&reply.body, away.nonce, visit.console.app.now());
    Ok((exchange, tokens))
}

fn row(visit: &Visit<'_>, attempt: &Attempt) -> Result<Arc<Row>, Fault> {
    row_of(visit, attempt).ok_or_else(|| Fault::new("not served", "the client is not served any more"))
}

/// The browser comes back from a logout.
pub fn ended(visit: &Visit<'_>) -> Outcome {
    let query = visit.query();
    let state =
        query.params().ok().and_then(|params| params.get("state").map(str::to_owned)).unwrap_or_default();
    let id = visit.console.attempts.logged_out(visit.browser.owner(), &state);
    Ok(redirect(&id.map_or_else(|| "/try".to_owned(), |id| route::attempt(&id))))
}

/// A step that the person asks for.
pub async fn act(visit: &Visit<'_>, id: &str, action: &str, params: &Params<'_>) -> Outcome {
    let owner = visit.browser.owner();
    let attempt = visit.console.attempts.get(owner, id).ok_or_else(no_try)?;
    let acting = Acting { visit, attempt: &attempt };
    let cannot = || {
        let text = "The try has not come that far, or is past it. Go back to its page.";
        Problem::new(StatusCode::CONFLICT, "This step cannot be taken now", text)
    };
    let failed =
        |fault: Fault| Problem::new(StatusCode::CONFLICT, "This step cannot be taken now", fault.description);
    match (action, &attempt.stage) {
        ("poll", Stage::Device(device)) => acting.poll(device).await.map_err(failed)?,
        ("userinfo", Stage::Holding(tokens)) => acting.userinfo(tokens).await,
        ("refresh", Stage::Holding(tokens)) => acting.refresh(tokens).await.map_err(failed)?,
        ("introspect", Stage::Holding(tokens)) => {
            acting.present("Introspection", "/oauth2/introspect", tokens, params).await.map_err(failed)?;
        }
        ("revoke", Stage::Holding(tokens)) => {
            acting.present("Revocation", "/oauth2/revoke", tokens, params).await.map_err(failed)?;
        }
        ("logout", Stage::Holding(tokens)) => return acting.log_out(tokens).map_err(failed),
        _ => return Err(cannot()),
    }
    if visit.parts.headers.get(ACCEPT).is_some_and(|accept| accept == "application/json") {
        let stage = visit.console.attempts.get(owner, id).map(|attempt| attempt.stage);
        let (pending, interval) = match stage {
            Some(Stage::Device(device)) => (true, device.interval),
            _ => (false, 0),
        };
        let body = serde_json::json!({ "pending": pending, "interval": interval });
        return Ok(json(StatusCode::OK, body.to_string()));
    }
    let anchor = if action == "poll" { "" } else { "#answer" };
    Ok(redirect(&format!("{}{anchor}", route::attempt(id))))
}

/// A step of a try being taken.
struct Acting<'a> {
    visit: &'a Visit<'a>,
    attempt: &'a Attempt,
}

impl Acting<'_> {
    async fn post(
        &self,
        title: &'static str,
        path: &str,
        request: Parameters,
    ) -> Result<(Exchange, Reply), Fault> {
        let credentials = Credentials::of(self.visit, &*row(self.visit, self.attempt)?)?;
        Ok(Call::new(self.visit).post(title, path, request, &credentials).await)
    }

    fn change(&self, change: impl FnOnce(&mut Attempt)) {
        self.visit.console.attempts.change(self.attempt.owner, &self.attempt.id, change);
    }

    /// Asks whether the person has decided (RFC 8628 §3.4), no sooner than the server wants to be asked.
    async fn poll(&self, device: &Device) -> Result<(), Fault> {
        let now = self.visit.console.app.now();
        if now < device.next_poll {
            return Ok(());
        }
        let request = vec![
            ("grant_type", GrantType::DeviceCode.as_str().to_owned()),
            ("device_code", device.device_code.clone()),
        ];
        let (exchange, reply) = self.post("Token request", "/oauth2/token", request).await?;
        let slower = match reply.body.get("error").and_then(Value::as_str) {
            Some("authorization_pending") => Some(0),
            // RFC 8628 §3.5: five seconds more, from now on.
            Some("slow_down") => Some(5),
            _ => None,
        };
        self.change(|attempt| {
            match (slower, &mut attempt.stage) {
                (Some(more), Stage::Device(device)) => {
                    device.interval += more;
                    device.next_poll = now.plus(Seconds::new(device.interval));
                    // What is asked over and over is noted once.
                    attempt.exchanges.retain(|noted| noted.title != exchange.title);
                }
                (_, stage) => {
                    *stage = match Tokens::of(&reply.body, None, now) {
                        Ok(tokens) => Stage::Holding(Box::new(tokens)),
                        Err(fault) => Stage::Failed(fault),
                    };
                }
            }
            attempt.note(exchange);
        });
        Ok(())
    }

    async fn userinfo(&self, tokens: &Tokens) {
        let call = Call::new(self.visit);
        let (exchange, _) = call.get_with("Userinfo", "/oauth2/userinfo", &tokens.access).await;
        self.change(|attempt| attempt.note(exchange));
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<(), Fault> {
        let token =
            tokens.refresh.clone().ok_or_else(|| Fault::new("no token", "there is no refresh token"))?;
        let request =
            vec![("grant_type", GrantType::RefreshToken.as_str().to_owned()), ("refresh_token", token)];
        let (exchange, reply) = self.post("Refresh", "/oauth2/token", request).await?;
        let renewed = Tokens::of(&reply.body, None, self.visit.console.app.now());
        self.change(|attempt| {
            attempt.note(exchange);
            if let (Stage::Holding(tokens), Ok(renewed)) = (&mut attempt.stage, renewed) {
                tokens.renewed(renewed);
            }
        });
        Ok(())
    }

    /// Presents one of the tokens to an endpoint as its client.
    async fn present(
        &self,
        title: &'static str,
        path: &str,
        tokens: &Tokens,
        params: &Params<'_>,
    ) -> Result<(), Fault> {
        let (token, hint) = match params.get("token") {
            Some("refresh") => (tokens.refresh.clone(), "refresh_token"),
            _ => (Some(tokens.access.clone()), "access_token"),
        };
        let token = token.ok_or_else(|| Fault::new("no token", "there is no such token"))?;
        let request = vec![("token", token), ("token_type_hint", hint.to_owned())];
        let (exchange, _) = self.post(title, path, request).await?;
        self.change(|attempt| attempt.note(exchange));
        Ok(())
    }

    /// Leads the browser to the issuer's logout (OIDC RP-Initiated Logout §2).
    fn log_out(&self, tokens: &Tokens) -> Result<Response, Fault> {
        let hint = tokens
            .id
            .as_deref()
            .ok_or_else(|| Fault::new("no token", "there is no ID token to log out with"))?;
        let state = self.visit.console.app.random_text();
        let ended = self.visit.console.own.ended();
        let registered = row(self.visit, self.attempt)?;
        let mut query: Parameters = vec![("id_token_hint", hint.to_owned())];
        if registered.post_logout_redirect_uris.iter().any(|uri| uri.as_str() == ended) {
            query.extend([("post_logout_redirect_uri", ended), ("state", state.clone())]);
        }
        let endpoint = self.visit.serving.issuer().join("/oauth2/logout");
        let exchange =
            led("Logout request", format!("GET {endpoint}, which leads back to {ENDED}"), shown(&query));
        self.change(|attempt| {
            attempt.note(exchange);
            if let Stage::Holding(tokens) = &mut attempt.stage {
                tokens.logout = Some(Logout { state, done: false });
            }
        });
        let pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Ok(redirect(&with_parameters(&endpoint, &pairs)))
    }
}
