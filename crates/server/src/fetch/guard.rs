//! HTTP to addresses that manifests name: https to public addresses, resolved once and judged before anything is connected, no
//! redirects, no proxy, a deadline. A Service of the client's own namespace may have a private address, and everything may
//! where the server was told so; only there http to this machine is spoken too.

use nauthera_core::reach::{Reach, is_public, reach};
use reqwest::Certificate;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use std::net::SocketAddr;
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
        let here = is_here(url);
        let private = match reach(url, namespace) {
            Ok(reach) => self.allow_private || reach == Reach::OwnService,
            Err(_) if self.allow_private => true,
            Err(why) => return Err(why.into()),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && here && self.allow_private) {
            return Err("only https is called".into());
        }
        self.made(private)
    }

    /// The client for an address that platform names in an AuthServer: it may be private.
    ///
    /// # Errors
    /// That there is no client.
    pub fn client_of_platform(&self) -> Result<reqwest::Client, String> {
        self.made(true).cloned()
    }

    /// The same for an address that is verified by these certificates alone.
    ///
    /// # Errors
    /// That there is no client.
    pub fn client_of_ca(certificates: &[Certificate]) -> Result<reqwest::Client, String> {
        let builder = builder(true).tls_certs_only(certificates.iter().cloned());
        builder.build().map_err(reason)
    }

    fn made(&self, private: bool) -> Result<&reqwest::Client, String> {
        let made = if private { &self.private } else { &self.public };
        made.get_or_init(|| builder(private).build().ok())
            .as_ref()
            .ok_or_else(|| "the HTTP client cannot be made: is there a CA store?".to_owned())
    }
}

/// Does it lead to this machine?
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn builder(private: bool) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(DEADLINE)
        .connect_timeout(DEADLINE)
        .https_only(!private)
        .dns_resolver(Arc::new(Resolver { private }))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(guarded: &Guarded, url: &str) -> Result<(), String> {
        guarded.client_for(&Url::parse(url).unwrap(), "shop").map(drop)
    }

    #[test]
    fn private_addresses_and_plain_http_are_not_called() {
        let guarded = Guarded::new(false);
        for url in ["https://10.0.0.1/", "https://[fd00::1]/", "https://127.0.0.1/", "http://localhost/"] {
            assert_eq!(judged(&guarded, url), Err("its address is private".into()), "{url}");
        }
        assert!(judged(&guarded, "https://web.other.svc/").is_err());
        for url in ["http://shop.example/", "http://web.shop.svc/", "ftp://shop.example/"] {
            assert_eq!(judged(&guarded, url), Err("only https is called".into()), "{url}");
        }
        for url in ["https://shop.example/", "https://web.shop.svc/"] {
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
}
