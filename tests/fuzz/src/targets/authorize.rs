//! The authorization endpoint: wherever an answer leads, the client that was named has registered it; what it says is what was
//! asked; and GET and POST agree on what is no request at all.

use crate::provider::{self, Provider};
use crate::support::Reply;
use crate::{Target, Verdict, shot};
use anyhow::{Context, ensure};
use nauthera_core::snapshot::Row;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const TARGET: Target = Target { name: "authorize", check, longest: 4_096, rounds: 600 };

/// The query.
fn check(data: &[u8]) -> Verdict {
    provider::with(|provider| {
        let query = provider.filled(data);
        let path = provider.world.path("/oauth2/authorize");
        let posted = shot::form(&path, &[], &query).context("a form can be posted")?;
        let posted = provider.send(posted)?;
        for cookies in ["", &provider.cookies] {
            let Some(request) = shot::page(&path, &query, cookies) else { continue };
            let reply = provider.send(request)?;
            answered(provider, &query, &reply)?;
            if !spends(&query) {
                ensure!(refused(&reply) == refused(&posted), "GET says {reply}, POST says {posted}");
            }
        }
        Ok(())
    })
}

/// A pushed request is spent when it is answered, so that the next one is another matter.
fn spends(query: &[u8]) -> bool {
    form_urlencoded::parse(query).any(|(name, _)| name == "request_uri")
}

fn refused(reply: &Reply) -> bool {
    reply.status.is_client_error()
}

/// The parameters that were sent once; what is sent twice is no parameter.
pub(super) fn once(query: &[u8]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in form_urlencoded::parse(query).into_owned() {
        found.entry(name).or_default().push(value);
    }
    let single = |(name, mut values): (String, Vec<String>)| {
        let value = values.pop()?;
        (values.is_empty() && !value.is_empty()).then_some((name, value))
    };
    found.into_iter().filter_map(single).collect()
}

fn answered(provider: &Provider, query: &[u8], reply: &Reply) -> Verdict {
    let sent = once(query);
    let serving = provider.world.app.serving();
    let row = sent.get("client_id").and_then(|id| serving.client(id));
    let outside = reply.location_or_none().filter(|location| !location.starts_with('/'));
    let posts_itself = reply.is_html() && reply.text().contains("name=\"iss\"");
    if outside.is_none() && !posts_itself {
        return Ok(());
    }
    let row = row.context("an answer goes out, and no client is named")?;
    let pushed = sent.contains_key("request_uri");
    if let Some(location) = outside {
        leads(row, sent.get("redirect_uri").filter(|_| !pushed), location)?;
    } else {
        let action = reply.form().action;
        leads(row, sent.get("redirect_uri").filter(|_| !pushed), &action)?;
    }
    let said = reply.response();
    ensure!(
        said.get("iss").map(String::as_str) == Some(provider.world.issuer()),
        "the issuer is {:?}",
        said.get("iss")
    );
    ensure!(pushed || said.get("state") == sent.get("state"), "the state is {:?}", said.get("state"));
    ensure!(said.contains_key("code") != said.contains_key("error"), "{said:?} is neither yes nor no");
    if said.contains_key("code") && !pushed {
        granted(row, &sent)?;
    }
    Ok(())
}

/// To the address that was presented, which is registered; with parameters added, and nothing else of it changed.
fn leads(row: &Arc<Row>, presented: Option<&String>, location: &str) -> Verdict {
    let fits = |base: &str| {
        location.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '&']))
    };
    match presented {
        Some(presented) => {
            let registered = row.redirect_uris.iter().any(|uri| uri.matches(presented, row.client_type));
            ensure!(registered && fits(presented), "{} is led to {location}", row.client_id);
        }
        None => ensure!(
            row.redirect_uris.iter().any(|uri| fits(uri.as_str())),
            "{} is led to {location}",
            row.client_id
        ),
    }
    super::uris::is_plain(location)
}

/// A code is given only for a request that names all that RFC 6749, RFC 7636 and policy want.
fn granted(row: &Row, sent: &BTreeMap<String, String>) -> Verdict {
    let value = |name: &str| sent.get(name).map(String::as_str);
    ensure!(value("response_type") == Some("code"), "a code for another response type");
    ensure!(!row.require_par, "a code without a pushed request");
    ensure!(!sent.contains_key("request"), "a request object is passed over");
    if row.require_pkce || sent.contains_key("code_challenge") {
        ensure!(value("code_challenge_method") == Some("S256"), "PKCE is passed over");
        ensure!(
            value("code_challenge").is_some_and(|challenge| challenge.len() == 43),
            "a challenge that is none"
        );
    }
    let asked = value("scope").unwrap_or_default().split(' ').filter(|scope| !scope.is_empty());
    for scope in asked {
        let known = row.scopes.iter().chain(&row.withheld_scopes).any(|known| known.as_str() == scope);
        ensure!(known, "{scope} is granted");
    }
    Ok(())
}
