//! `Forwarded` and `X-Forwarded-For`: whatever a client writes into them, the address that its request counts for is the one that the
//! nearest trusted proxy saw, or that proxy's own.

use crate::{Target, Verdict};
use anyhow::ensure;
use http::{HeaderMap, HeaderName, HeaderValue};
use nauthera_server::http::{Network, TrustedProxies};
use std::net::{IpAddr, Ipv4Addr};

pub(super) const TARGET: Target = Target { name: "forwarded", check, longest: 1_024, rounds: 8_000 };

const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
/// Whom the proxy saw.
const CLIENT: &str = "203.0.113.9";
const NAMES: [HeaderName; 2] = [HeaderName::from_static("x-forwarded-for"), http::header::FORWARDED];

/// Lines of headers that a client sends, such as `forwarded: for=192.0.2.1`.
fn check(data: &[u8]) -> Verdict {
    let sent = headers(data);
    let trusted: Result<Vec<Network>, String> =
        ["10.0.0.0/8", "2001:db8::/32", "198.51.100.7"].into_iter().map(str::parse).collect();
    let trusted = TrustedProxies::from(trusted.map_err(anyhow::Error::msg)?);
    let client: IpAddr = CLIENT.parse()?;
    // Who is no proxy says nothing of itself.
    ensure!(trusted.address(client, &sent) == client, "a client chooses its address");
    ensure!(TrustedProxies::default().address(PROXY, &sent) == PROXY, "nobody is trusted");
    let found = trusted.address(PROXY, &sent);
    ensure!(found == found.to_canonical(), "{found} is not in its own form");
    for name in NAMES {
        let hop = if name == http::header::FORWARDED { format!("for={CLIENT}") } else { CLIENT.to_owned() };
        appended(&trusted, &sent, &name, &hop)?;
    }
    if let Some(network) = std::str::from_utf8(data).ok().and_then(|text| text.parse::<Network>().ok()) {
        let trusted = TrustedProxies::from(vec![network]);
        let both =
            [Ipv4Addr::new(1, 2, 3, 4), Ipv4Addr::new(200, 1, 2, 3)].iter().all(|peer| sees(&trusted, *peer));
        ensure!(!both, "{network:?} is everybody");
    }
    Ok(())
}

/// Is what this peer says of others believed?
fn sees(trusted: &TrustedProxies, peer: Ipv4Addr) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static(CLIENT));
    trusted.address(peer.into(), &headers) != IpAddr::from(peer)
}

/// What a client wrote, and behind it what the proxy saw: on a line of its own, and on the client's last line.
fn appended(trusted: &TrustedProxies, sent: &HeaderMap, name: &HeaderName, hop: &str) -> Verdict {
    let client: IpAddr = CLIENT.parse()?;
    // A proxy that sets one of the two takes the other away, or passes it on: then they must agree.
    let mut alone = HeaderMap::new();
    for line in sent.get_all(name) {
        alone.append(name, line.clone());
    }
    let mut own_line = alone.clone();
    own_line.append(name, HeaderValue::from_str(hop)?);
    ensure!(trusted.address(PROXY, &own_line) == client, "{name} on a line of its own is not believed");
    for other in sent.keys().filter(|other| *other != name) {
        for line in sent.get_all(other) {
            own_line.append(other, line.clone());
        }
    }
    let mut same_line = HeaderMap::new();
    let lines: Vec<&HeaderValue> = alone.get_all(name).iter().collect();
    for (at, line) in lines.iter().enumerate() {
        let last = at + 1 == lines.len();
        let line =
            if last { [line.as_bytes(), b", ", hop.as_bytes()].concat() } else { line.as_bytes().to_vec() };
        same_line.append(name, HeaderValue::from_bytes(&line)?);
    }
    for headers in [own_line, same_line].iter().filter(|headers| !headers.is_empty()) {
        let found = trusted.address(PROXY, headers);
        ensure!(found == client || found == PROXY, "{headers:?} make it {found}");
    }
    Ok(())
}

fn headers(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let name = NAMES.into_iter().find(|known| name.eq_ignore_ascii_case(known.as_str().as_bytes()));
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
        if let (Some(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}
