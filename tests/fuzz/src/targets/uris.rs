//! Redirect URIs and issuers: what is accepted is what every reader of URIs sees in it, and nothing else matches it.

use crate::{Target, Verdict};
use anyhow::{Context, ensure};
use nauthera_core::grant::ClientType;
use nauthera_core::uri::{BackChannelUri, IssuerUrl, RedirectKind, RedirectUri};
use url::{Host, Url};

pub(super) const TARGET: Target = Target { name: "uris", check, longest: 512, rounds: 6_000 };

/// Two URIs, a line each: is the second one taken for the first?
fn check(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let (first, second) = text.split_once('\n').unwrap_or((text, text));
    for client_type in ClientType::ALL.iter().copied() {
        if let Ok(uri) = RedirectUri::parse(first, client_type) {
            registered(&uri, client_type).with_context(|| first.to_owned())?;
            presented(&uri, second, client_type)?;
        }
    }
    if let Ok(uri) = BackChannelUri::parse(first) {
        is_plain(uri.as_str())?;
        let scheme = Url::parse(uri.as_str())?.scheme().to_owned();
        ensure!(matches!(&*scheme, "http" | "https"), "{uri} would be called");
    }
    if let Ok(issuer) = IssuerUrl::parse(first) {
        published(&issuer).with_context(|| first.to_owned())?;
    }
    Ok(())
}

/// No fragment, no user, nothing that a header, a page or a policy of a page could be broken with.
pub(super) fn is_plain(text: &str) -> Verdict {
    let url = Url::parse(text).with_context(|| format!("{text:?} is no URI"))?;
    ensure!(url.fragment().is_none() && !text.contains('#'), "{text:?} has a fragment");
    ensure!(url.username().is_empty() && url.password().is_none(), "{text:?} has a user");
    ensure!(
        text.bytes().all(|byte| byte.is_ascii_graphic()),
        "{text:?} has characters that a header cannot hold"
    );
    let scheme = url.scheme();
    ensure!(matches!(scheme, "https" | "http") || scheme.contains('.'), "{text:?} is of the scheme {scheme}");
    ensure!(scheme != "http" || is_loopback(&url), "{text:?} is plain http");
    Ok(())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn registered(uri: &RedirectUri, client_type: ClientType) -> Verdict {
    is_plain(uri.as_str())?;
    let url = Url::parse(uri.as_str())?;
    let native = client_type == ClientType::Native;
    ensure!(native || matches!(url.scheme(), "http" | "https"), "a private scheme for {client_type:?}");
    let kind = match url.scheme() {
        "http" | "https" if is_loopback(&url) => RedirectKind::Loopback,
        "https" => RedirectKind::Https,
        _ => RedirectKind::PrivateScheme,
    };
    ensure!(uri.kind() == kind, "it is {:?}", uri.kind());
    let host = url.host_str().filter(|_| kind == RedirectKind::Https);
    ensure!(uri.judged_host().as_deref() == host, "{:?} is judged instead of {host:?}", uri.judged_host());
    let origin = uri.origin();
    let quiet = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'\'' | b'"');
    ensure!(!origin.is_empty() && origin.bytes().all(quiet), "{origin:?} would break the policy of a page");
    let json = serde_json::to_string(uri)?;
    ensure!(serde_json::from_str::<RedirectUri>(&json)? == *uri, "it is another one in a Snapshot");
    Ok(())
}

fn presented(uri: &RedirectUri, other: &str, client_type: ClientType) -> Verdict {
    ensure!(uri.matches(uri.as_str(), client_type), "{uri} does not match itself");
    if !uri.matches(other, client_type) || other == uri.as_str() {
        return Ok(());
    }
    // RFC 8252 section 7.3: the port of a loopback address of a native client, and nothing else.
    is_plain(other)?;
    let (mut one, mut two) = (Url::parse(uri.as_str())?, Url::parse(other)?);
    ensure!(client_type == ClientType::Native && is_loopback(&one), "{other} is taken for {uri}");
    ensure!(!matches!(one.host(), Some(Host::Domain(_))), "{other} is taken for {uri}, a name");
    for url in [&mut one, &mut two] {
        url.set_port(None).map_err(|()| anyhow::anyhow!("{other} has no port to take away"))?;
    }
    ensure!(one == two, "{other} is taken for {uri}");
    Ok(())
}

fn published(issuer: &IssuerUrl) -> Verdict {
    is_plain(issuer.as_str())?;
    let url = Url::parse(issuer.as_str())?;
    ensure!(url.query().is_none() && !issuer.as_str().ends_with('/'), "an issuer with a query or a slash");
    ensure!(url.path().trim_end_matches('/') == issuer.path(), "its path is {:?}", issuer.path());
    ensure!(url.origin().ascii_serialization() == issuer.origin(), "its origin is {:?}", issuer.origin());
    let below = Url::parse(&issuer.join("/oauth2/token")).context("nothing can stand below it")?;
    ensure!(below.origin() == url.origin() && below.path().ends_with("/oauth2/token"), "{below} is below it");
    Ok(())
}
