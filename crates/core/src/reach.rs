//! Which addresses the server itself calls for a client (`jwksUri`): public ones, and Services of the client's own namespace. What
//! an address says of itself is judged here, before anything is served; what a name resolves to is judged by whoever connects,
//! with [`is_public`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// How an address may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// At public addresses only.
    Public,
    /// It is a Service of the client's namespace, whose address is private.
    OwnService,
}

/// How the server may reach an address that a client of this namespace names.
///
/// # Errors
/// Why it never will.
pub fn reach(url: &Url, namespace: &str) -> Result<Reach, &'static str> {
    let name = match url.host() {
        Some(Host::Ipv4(ip)) if is_public(ip.into()) => return Ok(Reach::Public),
        Some(Host::Ipv6(ip)) if is_public(ip.into()) => return Ok(Reach::Public),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err("its address is private"),
        Some(Host::Domain(name)) => name.trim_end_matches('.'),
        None => return Err("it has no host"),
    };
    match name.rsplit('.').collect::<Vec<_>>().as_slice() {
        ["localhost", ..] => Err("its address is private"),
        ["svc", own, _, ..] if *own == namespace => Ok(Reach::OwnService),
        ["svc", ..] => Err("it is no Service of the client's own namespace"),
        ["local", "cluster", "svc", ..] => Err("a Service is written as NAME.NAMESPACE.svc"),
        _ => Ok(Reach::Public),
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

    #[test]
    fn only_public_addresses_and_own_services_are_called() {
        let reach = |host: &str| reach(&Url::parse(&format!("https://{host}/keys")).unwrap(), "shop");
        for host in
            ["keys.example.com", "1.1.1.1:8443", "svc.example.com", "[2606:4700::1111]", "shop.example"]
        {
            assert_eq!(reach(host), Ok(Reach::Public), "{host}");
        }
        for host in ["keys.shop.svc", "pod-0.keys.shop.svc:8443", "keys.shop.svc."] {
            assert_eq!(reach(host), Ok(Reach::OwnService), "{host}");
        }
        for host in [
            "10.0.0.1",
            "127.1",
            "2130706433",
            "[::1]",
            "localhost",
            "keys.localhost:1",
            "keys.pay.svc",
            "shop.svc",
            "keys.workshop.svc",
            "keys.shop.svc.cluster.local",
        ] {
            assert!(reach(host).is_err(), "{host}");
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
