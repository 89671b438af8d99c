//! The token endpoint: what is issued is within what the client has, and what is refused says why in the words of RFC 6749.

use super::authorize::once;
use crate::provider::{self, Provider};
use crate::support::{Call, Reply, claims_of, header_of, verified};
use crate::{Target, Verdict, shot};
use anyhow::{Context, ensure};
use nauthera_core::grant::{AuthMethod, GrantType};
use nauthera_core::snapshot::Row;
use nauthera_core::time::Clock;
use serde_json::Value;

pub(super) const TARGET: Target = Target { name: "token", check, longest: 4_096, rounds: 600 };

/// The form. Where it names a client and proves nothing, the proof is added in the client's own way.
fn check(data: &[u8]) -> Verdict {
    provider::with(|provider| {
        let form = provider.filled(data);
        let sent = once(&form);
        let serving = provider.world.app.serving();
        let row = sent.get("client_id").and_then(|id| serving.client(id));
        let proves = form_urlencoded::parse(&form)
            .any(|(name, _)| name.starts_with("client_secret") || name.starts_with("client_assertion"));
        let proof = row
            .filter(|_| !proves)
            .map(|row| Call::token(&provider.world, "").without("grant_type").by(row.client_id.as_str()));
        let (mut body, mut headers) = (form.clone(), Vec::new());
        if let (Some(row), Some(proof)) = (row, &proof) {
            headers.extend(proof.headers.iter().map(|(name, value)| (*name, value.as_str())));
            let added = proof.form.iter().filter(|(name, _)| name != "client_id");
            if row.authentication.method != AuthMethod::None {
                body = [form.as_slice(), b"&", encoded(added).as_bytes()].concat();
            }
        }
        let path = provider.world.path("/oauth2/token");
        let request = shot::form(&path, &headers, &body).context("a form can be posted")?;
        judged(provider, &body, &provider.send(request)?)
    })
}

fn encoded<'a>(pairs: impl Iterator<Item = &'a (String, String)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn judged(provider: &Provider, body: &[u8], reply: &Reply) -> Verdict {
    if reply.status.as_u16() == 429 {
        return Ok(());
    }
    if reply.status.as_u16() != 200 {
        let (status, error) = reply.error();
        ensure!((400..500).contains(&status), "{status} for {error}");
        ensure!(
            error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{error} is no error code"
        );
        let description = reply.json();
        let described = description.get("error_description").and_then(Value::as_str).unwrap_or_default();
        // RFC 6749 section 5.2.
        let fits = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        ensure!(described.bytes().all(fits), "{described:?} cannot be an error_description");
        return Ok(());
    }
    let answer = reply.json();
    let token = answer.get("access_token").and_then(Value::as_str).context("no access token")?;
    let jwks = serde_json::from_slice(&provider.world.app.keys.load().jwks())?;
    let claims = verified(token, &jwks);
    ensure!(
        claims == claims_of(token) && header_of(token).get("typ") == Some(&"at+jwt".into()),
        "it is no access token"
    );
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let serving = provider.world.app.serving();
    let row = serving.client(text("client_id")).context("issued to nobody")?;
    let sent = once(body);
    ensure!(
        sent.get("client_id").is_none_or(|id| id == row.client_id.as_str()),
        "issued to {}",
        row.client_id
    );
    let grant =
        sent.get("grant_type").and_then(|name| GrantType::parse(name)).context("no grant is named")?;
    ensure!(row.grants.contains(grant), "{} may not use {grant}", row.client_id);
    within(provider, row, &claims)?;
    ensure!(
        answer.get("scope").and_then(Value::as_str).unwrap_or_default() == text("scope"),
        "it says another scope"
    );
    Ok(())
}

/// Scope, audience and lifetime are no more than the client has.
fn within(provider: &Provider, row: &Row, claims: &Value) -> Verdict {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    for scope in text("scope").split(' ').filter(|scope| !scope.is_empty()) {
        ensure!(row.scopes.iter().any(|known| known.as_str() == scope), "{} gets {scope}", row.client_id);
    }
    let issuer = provider.world.issuer();
    let audience = text("aud");
    let known = audience == issuer || row.audiences.iter().any(|known| known.as_str() == audience);
    ensure!(known && text("iss") == issuer, "a token of {} for {audience}", text("iss"));
    let time = |name: &str| claims.get(name).and_then(Value::as_i64).context("no time");
    let (issued, expires, now) = (time("iat")?, time("exp")?, provider.world.clock.now().0);
    ensure!(
        issued <= now && expires > now && expires <= now + i64::from(row.token.access.get()),
        "it lives until {expires}"
    );
    Ok(())
}
