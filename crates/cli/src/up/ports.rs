//! The ports of `up`: taken before anything is promised, and what is said of an issuer that leads elsewhere.

use crate::args::UpArgs;
use crate::serve::{bind, bind_beside};
use anyhow::Result;
use nauthera_core::uri::IssuerUrl;
use nauthera_server::listen::Port;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The ports, bound and not yet served.
pub struct Ports {
    /// The provider's.
    pub provider: Port,
    /// Where the provider's is: with its number, where 0 was asked for.
    pub address: SocketAddr,
    /// The console's, with its address.
    pub console: Option<(Port, SocketAddr)>,
}

impl Ports {
    /// Takes them.
    pub fn take(args: &UpArgs) -> Result<Self> {
        let (certificate, key) = (args.tls_cert.as_deref(), args.tls_key.as_deref());
        let provider = bind(args.listen, certificate, key)?;
        let address = provider.address()?;
        let console = match args.console.address() {
            Some(address) => {
                let port = bind_beside(address, "--console")?;
                let address = port.address()?;
                Some((port, address))
            }
            None => None,
        };
        Ok(Self { provider, address, console })
    }
}

/// What is to be said of the address: that the issuer leads elsewhere on this machine, or which port was taken.
pub fn note(args: &UpArgs, address: SocketAddr, issuer: &IssuerUrl) -> Option<String> {
    let elsewhere = loopback_port(issuer).is_some_and(|port| port != address.port());
    if elsewhere {
        let scheme = if args.tls_cert.is_some() { "https" } else { "http" };
        let here = reachable(address);
        return Some(format!(
            "listening on {address}, and not where the issuer {issuer} leads; --issuer {scheme}://{here} makes this the issuer"
        ));
    }
    (args.listen.port() == 0).then(|| format!("listening on {address}"))
}

/// The port of an issuer on this machine without TLS.
fn loopback_port(issuer: &IssuerUrl) -> Option<u16> {
    let authority = issuer.origin().strip_prefix("http://")?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, 80),
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    (host == "localhost" || address.is_ok_and(|address| address.is_loopback())).then_some(port)
}

/// An address that can be connected to from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_on_this_machine_have_a_port() {
        for (issuer, port) in [
            ("http://127.0.0.1:8080", Some(8080)),
            ("http://127.0.0.1:8080/realm", Some(8080)),
            ("http://localhost:9000", Some(9000)),
            ("http://localhost", Some(80)),
            ("http://[::1]:8080", Some(8080)),
            ("http://[::1]", Some(80)),
            ("https://127.0.0.1:8080", None),
            ("https://id.example.com", None),
        ] {
            assert_eq!(loopback_port(&IssuerUrl::parse(issuer).unwrap()), port, "{issuer}");
        }
    }

    #[test]
    fn nobody_connects_to_the_unspecified_address() {
        for (address, here) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:80", "10.0.0.1:80")]
        {
            assert_eq!(reachable(address.parse().unwrap()).to_string(), here);
        }
    }
}
