//! Where a request comes from when proxies stand before the server: what `Forwarded` (RFC 7239) and `X-Forwarded-For` say, and how
//! far it is believed. Headers change nothing else: the issuer is configured, never read from a request.

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Proxies in a row that are followed at most.
const MOST_HOPS: usize = 100;

/// A network whose members are believed: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let network = match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
            (Ok(network), _) => network,
            (_, Ok(address)) => IpNet::from(address),
            _ => return Err("write a network such as 10.0.0.0/8 or 2001:db8::/32, or one address".into()),
        };
        if network.prefix_len() == 0 {
            return Err(
                "this is everybody, so anybody could say where they come from; name your proxies".into()
            );
        }
        let (address, first) = (network.addr(), network.network());
        if address != first {
            return Err(format!("{address} is one address; write {}, or the address alone", network.trunc()));
        }
        if address.to_canonical() != address {
            return Err("write it as an IPv4 network: addresses of this kind are compared as such".into());
        }
        Ok(Self(network))
    }
}

/// Proxies whose word on the client's address is taken. Nobody's is by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl From<Vec<Network>> for TrustedProxies {
    fn from(networks: Vec<Network>) -> Self {
        Self(networks)
    }
}

impl TrustedProxies {
    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.0.contains(&address))
    }

    /// The address that a request counts for: the peer's, or, where a trusted proxy is the peer, the nearest one behind it that is no
    /// trusted proxy itself. A header that is malformed or hides that address, and two headers that disagree, are as if they were not
    /// there: many proxies set one of the two and pass on whatever a client wrote into the other.
    #[must_use]
    pub fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            return peer;
        }
        let said = [(X_FORWARDED_FOR, x_forwarded_for as Read), (FORWARDED, forwarded as Read)]
            .into_iter()
            .filter(|(name, _)| headers.contains_key(name))
            .map(|(name, read)| self.nearest(&name, headers, read));
        let mut said = said.collect::<Vec<_>>().into_iter();
        match (said.next(), said.next()) {
            (Some(Some(address)), None) => address,
            (Some(Some(one)), Some(Some(other))) if one == other => one,
            _ => peer,
        }
    }

    /// Follows a header from its end to the first address that is not trusted; to its beginning where all are.
    fn nearest(&self, name: &HeaderName, headers: &HeaderMap, read: Read) -> Option<IpAddr> {
        let mut hops = 0;
        let mut last = None;
        for line in headers.get_all(name).iter().collect::<Vec<_>>().into_iter().rev() {
            // What stands before the nearest untrusted address is written by who is not trusted: it is not judged at all.
            for hop in read(line.to_str().ok()?)?.into_iter().rev() {
                let address = hop?;
                hops += 1;
                if hops > MOST_HOPS {
                    return None;
                }
                if !self.trust(address) {
                    return Some(address);
                }
                last = Some(address);
            }
        }
        last
    }
}

/// Reads a line of a header into its hops, the client's end first; `None` where the line is malformed. A hop is `None` where it
/// names no address.
type Read = fn(&str) -> Option<Vec<Option<IpAddr>>>;

/// `203.0.113.7, 2001:db8::7, [2001:db8::7]:4711`: a list without a specification. Its parts have no quotes, so each is judged by itself.
fn x_forwarded_for(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let parts = line.split(',').map(|part| part.trim_matches([' ', '\t'])).filter(|part| !part.is_empty());
    let bare = |part: &str| part.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    Some(parts.map(|part| bare(part).or_else(|| node(part)).map(|address| address.to_canonical())).collect())
}

/// `for=192.0.2.60;proto=http;by=203.0.113.43, for="[2001:db8::17]:4711"` (RFC 7239 section 4).
fn forwarded(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut rest = Text(line);
    let mut hops = Vec::new();
    loop {
        rest.space();
        // An empty element of a list counts for nothing (RFC 9110 section 5.6.1).
        if !rest.is_at(',') && !rest.is_at_end() {
            hops.push(element(&mut rest)?);
        }
        rest.space();
        if rest.is_at_end() {
            return Some(hops);
        }
        rest.take(',')?;
    }
}

/// One element: pairs with `;` between them; each parameter once.
fn element(rest: &mut Text<'_>) -> Option<Option<IpAddr>> {
    let mut hop = None;
    let mut seen: Vec<String> = Vec::new();
    loop {
        // Section 4: `forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )`.
        if !rest.is_at(';') && !rest.is_at(',') && !rest.is_at_end() {
            let name = rest.token()?.to_ascii_lowercase();
            rest.take('=')?;
            let value = if rest.is_at('"') { rest.quoted()? } else { rest.token()?.to_owned() };
            if name == "for" {
                hop = node(&value).map(|address| address.to_canonical());
            }
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
        }
        if rest.take(';').is_none() {
            return Some(hop);
        }
    }
}

/// The address of a node (RFC 7239 section 6): IPv4, or IPv6 in brackets, either with a port, which may be obfuscated. `unknown` and
/// obfuscated names (`_hidden`) have none.
fn node(text: &str) -> Option<IpAddr> {
    if let Some((address, port)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let address: Ipv6Addr = address.parse().ok()?;
        return (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then(|| address.into());
    }
    let (address, port) = text.split_once(':').map_or((text, None), |(address, port)| (address, Some(port)));
    let address: Ipv4Addr = address.parse().ok()?;
    port.is_none_or(is_port).then(|| address.into())
}

fn is_port(text: &str) -> bool {
    let obfuscated = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    match text.strip_prefix('_') {
        Some(rest) => obfuscated(rest),
        None => (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// What is left of a line.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn is_at(&self, character: char) -> bool {
        self.0.starts_with(character)
    }

    fn space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn take(&mut self, character: char) -> Option<()> {
        self.0 = self.0.strip_prefix(character)?;
        Some(())
    }

    /// A token (RFC 9110 section 5.6.2).
    fn token(&mut self) -> Option<&'a str> {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let end = self.0.find(|c| !is_token(c)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }

    /// A quoted string (RFC 9110 section 5.6.4), without its quotes and escapes.
    fn quoted(&mut self) -> Option<String> {
        self.take('"')?;
        let mut value = String::new();
        let mut characters = self.0.chars();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => value.push(characters.next()?),
                character => value.push(character),
            }
        }
        self.0 = characters.as_str();
        Some(value)
    }
}

#[cfg(test)]
#[path = "forwarded_tests.rs"]
mod tests;
