//! Tokens as they come back: at userinfo, introspection, revocation, and as hints. Nothing is believed that was not signed here.

use crate::provider::{self, Provider};
use crate::support::{Authorize, Call};
use crate::{Target, Verdict, shot};
use anyhow::{Context, ensure};
use http::HeaderValue;
use serde_json::Value;

pub(super) const TARGET: Target = Target { name: "tokens", check, longest: 4_096, rounds: 300 };

/// The token.
fn check(data: &[u8]) -> Verdict {
    provider::with(|provider| {
        let token = provider.filled(data);
        if let Ok(bearer) = HeaderValue::from_bytes(&[b"Bearer ", token.as_slice()].concat()) {
            let request =
                http::Request::get(provider.world.path("/oauth2/userinfo")).header("authorization", bearer);
            let reply = provider.send(request.body(axum::body::Body::empty())?)?;
            let believed = reply.status.as_u16() == 200;
            ensure!(!believed || issued(provider, &token, &["access"]), "userinfo is told");
        }
        let Ok(token) = std::str::from_utf8(&token) else { return Ok(()) };
        introspected(provider, token)?;
        hinted(provider, token)?;
        // Last, since it may end what the words of this provider are.
        let Ok(ours) = std::str::from_utf8(data) else { return Ok(()) };
        if !ours.contains('{') {
            let reply = provider.within(call(provider, "/oauth2/revoke", "shop.web", token).send())?;
            ensure!(reply.status.as_u16() == 200 || reply.status.is_client_error(), "{reply}");
        }
        Ok(())
    })
}

fn call<'p>(provider: &'p Provider, path: &str, client: &str, token: &str) -> Call<'p> {
    Call::post(&provider.world, path).by(client).with("token", token)
}

/// Is it one of those that were issued? A signature may be written in more ways than one, what it signs may not.
fn issued(provider: &Provider, token: &[u8], words: &[&str]) -> bool {
    let signed = |token: &[u8]| {
        token.iter().rposition(|byte| *byte == b'.').and_then(|dot| token.get(..dot)).map(<[u8]>::to_vec)
    };
    let presented = signed(token.trim_ascii());
    words.iter().any(|word| {
        let known = provider.word(word).as_bytes();
        known == token.trim_ascii() || (presented.is_some() && signed(known) == presented)
    })
}

fn introspected(provider: &Provider, token: &str) -> Verdict {
    for client in ["shop.web", "shop.api", "shop.job"] {
        let reply = provider.within(call(provider, "/oauth2/introspect", client, token).send())?;
        if reply.status.as_u16() != 200 {
            reply.error();
            continue;
        }
        let answer = reply.json();
        let active = answer.get("active").and_then(Value::as_bool).context("neither active nor not")?;
        if active {
            ensure!(
                issued(provider, token.as_bytes(), &["access", "refresh", "service"]),
                "{client} is told: active"
            );
        } else {
            ensure!(answer == serde_json::json!({"active": false}), "{answer} says more than no");
        }
    }
    Ok(())
}

fn hinted(provider: &Provider, token: &str) -> Verdict {
    let request = Authorize::of("trusted").set("id_token_hint", token).set("prompt", "none");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.parameters).finish();
    let path = provider.world.path("/oauth2/authorize");
    let Some(request) = shot::page(&path, query.as_bytes(), &provider.cookies) else { return Ok(()) };
    let reply = provider.send(request)?;
    let granted = reply.location_or_none().is_some_and(|location| location.contains("?code="));
    ensure!(
        !granted || token.is_empty() || issued(provider, token.as_bytes(), &["id"]),
        "the hint is believed"
    );
    Ok(())
}
