//! Pushed authorization requests: what is taken can be opened, once it is opened it leads only to the client's own addresses, and
//! what is refused is refused at the authorization endpoint too.

use super::authorize::once;
use crate::provider::{self, Provider};
use crate::support::Call;
use crate::{Target, Verdict, shot};
use anyhow::{Context, ensure};
use nauthera_core::oauth::authorize::REQUEST_URI_PREFIX;

pub(super) const TARGET: Target = Target { name: "par", check, longest: 4_096, rounds: 600 };

/// The form, pushed by the client that it names. What it says of authentication is taken away: that is `token`'s matter.
fn check(data: &[u8]) -> Verdict {
    provider::with(|provider| {
        let form = provider.filled(data);
        let Some(id) = once(&form).remove("client_id") else { return Ok(()) };
        let serving = provider.world.app.serving();
        let Some(row) = serving.client(&id) else { return Ok(()) };
        let mut call = Call::post(&provider.world, "/oauth2/par").by(row.client_id.as_str());
        // Public clients name themselves in the form alone, and so does everybody here.
        call = call.without("client_id").with("client_id", &id);
        let own: Vec<(String, String)> = call.form.clone();
        let private = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];
        let pairs = form_urlencoded::parse(&form).into_owned();
        call.form.extend(pairs.filter(|(name, _)| !private.contains(&name.as_str())));
        let reply = provider.within(call.send())?;
        let direct: Vec<u8> = encoded(call.form.iter().skip(own.len()), &id);
        match reply.status.as_u16() {
            201 => opened(provider, &id, &reply.json()),
            400 | 401 | 403 | 413 | 415 => {
                let (_, error) = reply.error();
                refused(provider, &direct, &error)
            }
            // Too many at once is no answer to the request.
            429 => Ok(()),
            other => anyhow::bail!("{other} is no answer of this endpoint"),
        }
    })
}

fn encoded<'a>(pairs: impl Iterator<Item = &'a (String, String)>, id: &str) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("client_id", id);
    form.extend_pairs(pairs);
    form.finish().into_bytes()
}

fn opened(provider: &Provider, id: &str, answer: &serde_json::Value) -> Verdict {
    let reference =
        answer.get("request_uri").and_then(serde_json::Value::as_str).context("no request_uri")?;
    ensure!(reference.starts_with(REQUEST_URI_PREFIX), "{reference} is not of this kind");
    let query = encoded([("request_uri".to_owned(), reference.to_owned())].iter(), id);
    let path = provider.world.path("/oauth2/authorize");
    for cookies in ["", &provider.cookies] {
        let request = shot::page(&path, &query, cookies).context("it has an address")?;
        let reply = provider.send(request)?;
        ensure!(!reply.status.is_client_error(), "taken, and refused when it is opened: {reply}");
        let Some(location) = reply.location_or_none() else { continue };
        if !location.starts_with('/') {
            let serving = provider.world.app.serving();
            let row = serving.client(id).context("the client is served")?;
            let target = location.split('?').next().unwrap_or_default();
            let own = row
                .redirect_uris
                .iter()
                .any(|uri| location.starts_with(uri.as_str()) || uri.matches(target, row.client_type));
            ensure!(own, "{id} is led to {location}");
            // It is spent now.
            break;
        }
    }
    Ok(())
}

fn refused(provider: &Provider, direct: &[u8], error: &str) -> Verdict {
    let path = provider.world.path("/oauth2/authorize");
    let Some(request) = shot::page(&path, direct, &provider.cookies) else { return Ok(()) };
    let reply = provider.send(request)?;
    let code = reply.location_or_none().is_some_and(|location| {
        !location.starts_with('/') && (location.contains("?code=") || location.contains("&code="))
    });
    ensure!(!code, "refused with {error} when it is pushed, and granted when it is not");
    Ok(())
}
