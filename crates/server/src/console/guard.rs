//! Who may speak to the console: browsers of this machine that call it by its own name. A page elsewhere may lead a person here, and
//! nothing more. It decides before anything else is looked at, from addresses and headers alone.

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderName, Method};
use std::net::{IpAddr, SocketAddr};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Where a login comes back to.
pub const CALLBACK: &str = "/try/callback";
/// Where a logout comes back to.
pub const ENDED: &str = "/try/ended";

/// The names that the console goes by.
pub struct Own {
    /// As `Host` writes them; the first is the one that links use.
    hosts: Vec<String>,
}

/// Why a request is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It comes from another machine.
    Peer,
    /// It is meant for another host: a name that was made to point here (DNS rebinding).
    Host,
    /// A page of another origin sends it.
    Origin,
}

impl Own {
    /// The names of a console at this address.
    pub fn at(address: SocketAddr) -> Self {
        let port = address.port();
        let mut hosts = vec![address.to_string(), format!("localhost:{port}")];
        if port == 80 {
            let bare: Vec<String> =
                hosts.iter().filter_map(|host| host.strip_suffix(":80")).map(Into::into).collect();
            hosts.extend(bare);
        }
        Self { hosts }
    }

    /// The origin that links and callbacks use.
    pub fn origin(&self) -> String {
        format!("http://{}", self.hosts.first().map_or("", String::as_str))
    }

    /// The console's redirect URI.
    pub fn callback(&self) -> String {
        self.origin() + CALLBACK
    }

    /// The console's post-logout redirect URI.
    pub fn ended(&self) -> String {
        self.origin() + ENDED
    }

    /// May this request be looked at?
    pub fn judge(&self, peer: IpAddr, parts: &Parts) -> Result<(), Refusal> {
        if !peer.to_canonical().is_loopback() {
            return Err(Refusal::Peer);
        }
        if !self.names_us(parts) {
            return Err(Refusal::Host);
        }
        let mut origins = parts.headers.get_all(ORIGIN).iter();
        if !origins.all(|origin| origin.to_str().is_ok_and(|origin| self.is_origin(origin))) {
            return Err(Refusal::Origin);
        }
        if is_foreign(parts) && !is_visit(parts) { Err(Refusal::Origin) } else { Ok(()) }
    }

    /// Is it called by the name that links use? Cookies are kept by host, so one name must do.
    pub fn is_canonical(&self, parts: &Parts) -> bool {
        host(parts).is_some_and(|host| self.hosts.first().is_some_and(|own| own.eq_ignore_ascii_case(host)))
    }

    /// Every name that the request calls us by must be ours, and there must be one.
    fn names_us(&self, parts: &Parts) -> bool {
        let own = |name: &str| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name));
        let single = parts.headers.get_all(HOST).iter().count() <= 1;
        let authority = parts.uri.authority().is_none_or(|authority| own(authority.as_str()));
        single && authority && host(parts).is_some_and(own)
    }

    fn is_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.hosts.iter().any(|own| own == host))
    }
}

fn host(parts: &Parts) -> Option<&str> {
    match parts.headers.get(HOST) {
        Some(host) => host.to_str().ok(),
        None => parts.uri.authority().map(http::uri::Authority::as_str),
    }
}

fn says(parts: &Parts, name: HeaderName, words: &[&str]) -> Option<bool> {
    parts.headers.get(name).map(|value| words.iter().any(|word| value == word))
}

/// Does the browser say that another origin is behind it? Another port of this machine is another origin too.
fn is_foreign(parts: &Parts) -> bool {
    says(parts, SITE, &["same-origin", "none"]) == Some(false)
}

/// Is a person led here, in a window of their own? That is how an issuer sends them back.
fn is_visit(parts: &Parts) -> bool {
    parts.method == Method::GET
        && says(parts, MODE, &["navigate"]).unwrap_or(true)
        && says(parts, DESTINATION, &["document"]).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn judged(method: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let own = Own::at("127.0.0.1:8081".parse().unwrap());
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        own.judge(LOCAL, &request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn it_goes_by_its_address_and_localhost_with_its_port() {
        for host in ["127.0.0.1:8081", "localhost:8081", "LocalHost:8081"] {
            assert_eq!(judged("GET", &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example:8081",
            "127.0.0.1",
            "127.0.0.1:8080",
            "localhost",
            "127.0.0.1:8081.evil.example",
            "",
        ] {
            assert_eq!(judged("GET", &[("host", host)]), Err(Refusal::Host), "{host}");
        }
    }

    #[test]
    fn no_host_or_two_hosts_are_refused() {
        assert_eq!(judged("GET", &[]), Err(Refusal::Host));
        let two = [("host", "127.0.0.1:8081"), ("host", "evil.example")];
        assert_eq!(judged("GET", &two), Err(Refusal::Host));
    }

    #[test]
    fn an_absolute_request_target_must_name_us_too() {
        let own = Own::at("127.0.0.1:8081".parse().unwrap());
        let to = |target: &str| {
            let request = Request::get(target).header("host", "127.0.0.1:8081").body(()).unwrap();
            own.judge(LOCAL, &request.into_parts().0)
        };
        assert_eq!(to("http://127.0.0.1:8081/"), Ok(()));
        assert_eq!(to("http://evil.example/"), Err(Refusal::Host));
    }

    #[test]
    fn other_origins_are_refused_whatever_the_method() {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:8080", "https://127.0.0.1:8081"] {
            for method in ["GET", "POST"] {
                let headers = [("host", "127.0.0.1:8081"), ("origin", origin)];
                assert_eq!(judged(method, &headers), Err(Refusal::Origin), "{method} {origin}");
            }
        }
        assert_eq!(
            judged("POST", &[("host", "127.0.0.1:8081"), ("origin", "http://127.0.0.1:8081")]),
            Ok(())
        );
    }

    #[test]
    fn another_site_may_lead_a_person_here_and_nothing_more() {
        let with = |method, site, mode, destination| {
            let headers = [
                ("host", "127.0.0.1:8081"),
                ("sec-fetch-site", site),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", destination),
            ];
            judged(method, &headers)
        };
        for site in ["cross-site", "same-site"] {
            assert_eq!(with("GET", site, "navigate", "document"), Ok(()));
            assert_eq!(with("POST", site, "navigate", "document"), Err(Refusal::Origin));
            assert_eq!(with("GET", site, "navigate", "iframe"), Err(Refusal::Origin));
            assert_eq!(with("GET", site, "no-cors", "image"), Err(Refusal::Origin));
        }
        assert_eq!(with("POST", "same-origin", "navigate", "document"), Ok(()));
    }

    #[test]
    fn other_machines_are_refused() {
        let own = Own::at("127.0.0.1:8081".parse().unwrap());
        let parts = Request::get("/").header("host", "127.0.0.1:8081").body(()).unwrap().into_parts().0;
        assert_eq!(own.judge("192.0.2.1".parse().unwrap(), &parts), Err(Refusal::Peer));
        assert_eq!(own.judge("::ffff:127.0.0.1".parse().unwrap(), &parts), Ok(()));
    }

    #[test]
    fn port_80_needs_not_be_written() {
        let own = Own::at("127.0.0.1:80".parse().unwrap());
        let parts = Request::get("/").header("host", "127.0.0.1").body(()).unwrap().into_parts().0;
        assert_eq!(own.judge(LOCAL, &parts), Ok(()));
    }
}
