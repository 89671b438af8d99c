//! HTTP to addresses that manifests name: https to public addresses, resolved once and judged before anything is connected, no
//! redirects, no proxy, a deadline. A Service of the client's own namespace may have a private address, and everything may
//! where the server was told so; only there http to this machine is spoken too.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::{Host, Url};

/// The longest that one call may take.
pub const DEADLINE: Duration = Duration::from_secs(5);

type Made = OnceLock<Option<reqwest::Client>>;

/// HTTP clients for such addresses, made at first use, since reading the CA certificates takes longer than a start may.
pub struct Guarded {
    public: Made,
    private: Made,
    allow_private: bool,
}

impl Guarded {
    /// `allow_private` lets private addresses be called.
    #[must_use]
    pub const fn new(allow_private: bool) -> Self {
        Self { public: OnceLock::new(), private: OnceLock::new(), allow_private }
    }

    /// The client for an address in a manifest of this namespace.
    ///
    /// # Errors
    /// Why the address is not called, or that there is no client.
    pub fn client_for(&self, url: &Url, namespace: &str) -> Result<&reqwest::Client, String> {
        let own_service = url.host_str().is_some_and(|host| host.ends_with(&format!(".{namespace}.svc")));
        let private = self.allow_private || own_service;
        let address = literal(url);
        if address.is_some_and(|ip| !private && !is_public(ip)) {
            return Err("the address is private".into());
        }
        let here = url.host_str() == Some("localhost") || address.is_some_and(|ip| ip.is_loopback());
        if url.scheme() != "https" && !(url.scheme() == "http" && here && self.allow_private) {
            return Err("only https is called".into());
        }
        let made = if private { &self.private } else { &self.public };
        made.get_or_init(|| build(private).ok())
            .as_ref()
            .ok_or_else(|| "the HTTP client cannot be made: is there a CA store?".to_owned())
    }
}

fn literal(url: &Url) -> Option<IpAddr> {
    match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        _ => None,
    }
}

fn build(private: bool) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(DEADLINE)
        .connect_timeout(DEADLINE)
        .https_only(!private)
        .dns_resolver(Arc::new(Resolver { private }));
    builder.build().map_err(|error| error.to_string())
}

/// Why a call came to nothing, in a line: the outermost error alone says only that sending failed. Without the address, which
/// whoever logs this knows.
#[must_use]
pub fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Resolves once, and keeps private addresses out: what is connected to is what was judged.
struct Resolver {
    private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let host = format!("{}:0", name.as_str());
            let found: Vec<SocketAddr> = tokio::net::lookup_host(host).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|a| private || is_public(a.ip())).collect();
            if allowed.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Is this an address that anyone on the internet could have?
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 0 && c == 0))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // Addresses that stand for an IPv4 one are judged as that one.
    let [a, b, .., y, z] = ip.segments();
    let embedded = || {
        let [y0, y1] = y.to_be_bytes();
        let [z0, z1] = z.to_be_bytes();
        Ipv4Addr::new(y0, y1, z0, z1)
    };
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    if a == 0x64 && b == 0xff9b {
        return is_public_v4(embedded());
    }
    // Only 2000::/3 is in use on the internet; in it, documentation, Teredo, 6to4 and ORCHID are not places to fetch from.
    (0x2000..0x4000).contains(&a)
        && !(a == 0x2001 && (b == 0xdb8 || b < 0x200))
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(guarded: &Guarded, url: &str) -> Result<(), String> {
        guarded.client_for(&Url::parse(url).unwrap(), "shop").map(drop)
    }

    #[test]
    fn private_addresses_and_plain_http_are_not_called() {
        let guarded = Guarded::new(false);
        for url in ["https://10.0.0.1/", "https://[fd00::1]/", "https://127.0.0.1/", "http://127.0.0.1/"] {
            assert_eq!(judged(&guarded, url), Err("the address is private".into()), "{url}");
        }
        for url in
            ["http://shop.example/", "http://web.shop.svc/", "http://localhost/", "ftp://shop.example/"]
        {
            assert_eq!(judged(&guarded, url), Err("only https is called".into()), "{url}");
        }
        for url in ["https://shop.example/", "https://web.shop.svc/", "https://web.other.svc/"] {
            assert_eq!(judged(&guarded, url), Ok(()), "{url}");
        }
    }

    #[test]
    fn where_private_addresses_are_allowed_this_machine_is_called_by_http_too() {
        let guarded = Guarded::new(true);
        for url in ["http://127.0.0.1:3000/", "http://localhost/", "http://[::1]/", "https://10.0.0.1/"] {
            assert_eq!(judged(&guarded, url), Ok(()), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://shop.example/", "http://localhost.shop.example/"] {
            assert_eq!(judged(&guarded, url), Err("only https is called".into()), "{url}");
        }
    }

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        for private in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "::",
            "2001:db8::1",
            "255.255.255.255",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
