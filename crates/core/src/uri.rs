//! The URIs that decide where people and tokens go: issuer and redirect URIs, and those that the server calls. All are judged once, when a manifest
//! is read, and compared as exact strings ever after (RFC 9700 §2.1).

mod back_channel;

pub use back_channel::BackChannelUri;

use crate::grant::ClientType;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use url::{Host, Url};

/// Why a URI cannot be used where it stands. Each message says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUri {
    /// Not an absolute URI.
    #[error("it is not an absolute URI; write it in full, such as https://shop.example.com/callback")]
    NotAbsolute,
    /// Longer than 2,048 characters.
    #[error("it is longer than 2048 characters")]
    TooLong,
    /// Has a fragment (RFC 6749 §3.1.2 forbids it).
    #[error("it has a fragment; take away everything from `#` on")]
    Fragment,
    /// Has a user name or password.
    #[error("it has a user name or password; take away everything before `@`")]
    UserInfo,
    /// Has a `*`: matching is exact, so a wildcard would never match.
    #[error("it has a wildcard; redirect URIs are compared exactly, so list each one")]
    Wildcard,
    /// Has white space, control or non-ASCII characters, or a backslash.
    #[error("it has a character that a URI cannot hold; percent-encode it")]
    Character,
    /// A host that is no name in the DNS and no address: it would mean something else to what reads it next.
    #[error("its host `{0}` is neither a name nor an address; a name has letters, digits, `-`, `_` and `.`")]
    Host(String),
    /// http to a host that is not this machine.
    #[error("http is allowed only for a loopback address or localhost; use https")]
    PublicHttp,
    /// A scheme that browsers run or that reaches files.
    #[error("the scheme `{0}` is not allowed; use https")]
    Scheme(String),
    /// A private-use scheme on a client that is not native.
    #[error("the private scheme `{0}` is for clients of type native; use https")]
    PrivateScheme(String),
    /// An issuer with a query.
    #[error("an issuer has no query")]
    Query,
    /// An issuer that ends in a slash.
    #[error("an issuer does not end in `/`; take the last slash away")]
    TrailingSlash,
    /// An issuer with an empty part in its path.
    #[error("its path has an empty part; take one of the two slashes away")]
    EmptySegment,
    /// An issuer whose path leads into the place of metadata documents (RFC 8615).
    #[error("`.well-known` in its path is where metadata is; take it away")]
    WellKnown,
    /// A redirect URI with a parameter that answers have themselves (RFC 6749 §4.1.2, RFC 9207).
    #[error("its query has `{0}`, which the answer to a request has itself; take it away or rename it")]
    Parameter(&'static str),
    /// Written in a way that a URI parser changes, so that two spellings of one address could differ.
    #[error("it is not in normal form; write `{0}`")]
    NotNormal(String),
}

/// Parameters of an answer to an authorization request.
const ANSWERS: [&str; 6] = ["code", "state", "error", "error_description", "error_uri", "iss"];

/// What kind of place a redirect URI names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// https, judged by policies' `allowedHosts`.
    Https,
    /// http or https on a loopback address or `localhost`.
    Loopback,
    /// A private-use scheme of a native application (RFC 8252 §7.1).
    PrivateScheme,
}

/// A redirect URI that may be registered. Compared as the exact string that was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(Arc<str>);

impl RedirectUri {
    /// Judges a redirect URI for a client of this type.
    ///
    /// # Errors
    /// [`BadUri`], which says what to write instead.
    pub fn parse(text: &str, client_type: ClientType) -> Result<Self, BadUri> {
        Self::for_answers(text, client_type, &ANSWERS)
    }

    /// Judges the address of a logout: it is under the same rules, and gets `state` alone.
    ///
    /// # Errors
    /// [`BadUri`], which says what to write instead.
    pub fn parse_post_logout(text: &str, client_type: ClientType) -> Result<Self, BadUri> {
        Self::for_answers(text, client_type, &["state"])
    }

    fn for_answers(text: &str, client_type: ClientType, taken: &[&'static str]) -> Result<Self, BadUri> {
        let uri = Self::read(text, client_type)?;
        // An empty user name is one too, and a parser forgets it: some reader could take what stands before the `@` for the host.
        if authority(text).contains('@') {
            return Err(BadUri::UserInfo);
        }
        let url = Url::parse(text).map_err(|_| BadUri::NotAbsolute)?;
        has_name_or_address(&url)?;
        let normal = normal(&url, text);
        if normal != text {
            return Err(BadUri::NotNormal(normal.into()));
        }
        let given: Vec<Cow<'_, str>> = url.query_pairs().map(|(name, _)| name).collect();
        match taken.iter().find(|name| given.iter().any(|given| given == *name)) {
            Some(name) => Err(BadUri::Parameter(name)),
            None => Ok(uri),
        }
    }

    /// The rules that hold however a URI is spelled: what a Snapshot holds was judged when it was compiled, perhaps by an earlier
    /// release.
    fn read(text: &str, client_type: ClientType) -> Result<Self, BadUri> {
        let url = plain_url(text)?;
        if text.contains('*') {
            return Err(BadUri::Wildcard);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(BadUri::PublicHttp),
            // RFC 8252 §7.1: a reverse domain name, so it has a dot; that also keeps javascript:, data: and file: out.
            scheme if scheme.contains('.') && client_type == ClientType::Native => {}
            scheme if scheme.contains('.') => return Err(BadUri::PrivateScheme(scheme.into())),
            scheme => return Err(BadUri::Scheme(scheme.into())),
        }
        if matches!(url.scheme(), "http" | "https") && url.host_str().is_none_or(str::is_empty) {
            return Err(BadUri::NotAbsolute);
        }
        Ok(Self(text.into()))
    }

    /// The URI as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What kind of place it names.
    #[must_use]
    pub fn kind(&self) -> RedirectKind {
        match Url::parse(&self.0) {
            Ok(url) if is_loopback(&url) => RedirectKind::Loopback,
            Ok(url) if url.scheme() == "https" => RedirectKind::Https,
            _ => RedirectKind::PrivateScheme,
        }
    }

    /// The host that people see, and that `allowedHosts` judges: `shop.example.com`; of a private scheme the scheme.
    #[must_use]
    pub fn host(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) => url.host_str().filter(|h| !h.is_empty()).unwrap_or(url.scheme()).to_owned(),
            Err(_) => String::new(),
        }
    }

    /// The host that policies' `allowedHosts` judge, in lower case and without port: that of an https URI off this machine. `None` of
    /// loopback addresses and private schemes, which they do not judge.
    #[must_use]
    pub fn judged_host(&self) -> Option<Cow<'_, str>> {
        if let Some(host) = plain_https_host(&self.0) {
            return Some(Cow::Borrowed(host));
        }
        (self.kind() == RedirectKind::Https).then(|| Cow::Owned(self.host()))
    }

    /// Scheme, host and port, as a Content-Security-Policy source: `https://shop.example.com:8443`, `com.example.app:`.
    #[must_use]
    pub fn origin(&self) -> String {
        let Ok(url) = Url::parse(&self.0) else { return String::new() };
        let origin = url.origin();
        if origin.is_tuple() { origin.ascii_serialization() } else { format!("{}:", url.scheme()) }
    }

    /// Is `presented` this URI? Exact, but for the port of a loopback IP address of a native client (RFC 8252 §7.3).
    #[must_use]
    pub fn matches(&self, presented: &str, client_type: ClientType) -> bool {
        if &*self.0 == presented {
            return true;
        }
        client_type == ClientType::Native
            && match (without_port(&self.0), without_port(presented)) {
                (Some(registered), Some(presented)) => registered == presented,
                _ => false,
            }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = BadUri;
    fn try_from(text: String) -> Result<Self, BadUri> {
        Self::read(&text, ClientType::Native)
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        (&*uri.0).into()
    }
}

fn plain_url(text: &str) -> Result<Url, BadUri> {
    if text.len() > 2_048 {
        return Err(BadUri::TooLong);
    }
    if text.contains('#') {
        return Err(BadUri::Fragment);
    }
    if !text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`')) {
        return Err(BadUri::Character);
    }
    let url = Url::parse(text).map_err(|_| BadUri::NotAbsolute)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadUri::UserInfo);
    }
    Ok(url)
}

/// URI syntax has more characters in a host than any name has, such as `;` and `,`, which end things in headers.
fn has_name_or_address(url: &Url) -> Result<(), BadUri> {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match url.host() {
        Some(Host::Domain(name)) if !name.bytes().all(named) => Err(BadUri::Host(name.into())),
        _ => Ok(()),
    }
}

/// What stands between the slashes after the scheme and what follows: the host with all that may be written beside it.
fn authority(text: &str) -> &str {
    let Some((_, rest)) = text.split_once(':').filter(|(_, rest)| rest.starts_with('/')) else { return "" };
    rest.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default()
}

/// The URI as a parser writes it. The slash of an empty path, which a parser adds, is left out where it is left out in `text`.
fn normal<'a>(url: &'a Url, text: &str) -> Cow<'a, str> {
    let normal = url.as_str();
    let bare = url.path() == "/" && !text.split('?').next().is_some_and(|address| address.ends_with('/'));
    match normal.split_once('?') {
        _ if !bare => Cow::Borrowed(normal),
        None => Cow::Borrowed(normal.strip_suffix('/').unwrap_or(normal)),
        Some((address, query)) => {
            Cow::Owned(format!("{}?{query}", address.strip_suffix('/').unwrap_or(address)))
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

/// The host of an https URI, where it is so plain that no URI parser would change it: most are, and finding it is much
/// cheaper than parsing. `None` where a parser has to judge. The text is one that [`plain_url`] has passed, without `user@`.
fn plain_https_host(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://")?;
    let host = rest.get(..rest.find(['/', '?', ':']).unwrap_or(rest.len()))?;
    let plain =
        host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    // A last label that begins with a digit could be (part of) an IPv4 address in one of its many spellings.
    let named =
        host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
    (plain && named && host != "localhost" && !host.contains("xn--")).then_some(host)
}

/// The URI with its port taken out, where its host is a loopback IP literal and its scheme http; else `None`. Works
/// on the text, so that nothing but the port is normalised.
fn without_port(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end)?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            port.parse::<u16>().ok().filter(|_| port.bytes().all(|b| b.is_ascii_digit()))?;
            host
        }
        _ => authority,
    };
    let ip: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    ip.is_loopback().then_some((host, tail))
}

/// The issuer of an AuthServer: https (http for loopback only), no query, no fragment, no trailing slash. Compared
/// and published as the exact string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssuerUrl(Arc<str>);

impl IssuerUrl {
    /// Judges an issuer (RFC 8414 §2).
    ///
    /// # Errors
    /// [`BadUri`], which says what to write instead.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        let url = plain_url(text)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(BadUri::PublicHttp),
            other => return Err(BadUri::Scheme(other.into())),
        }
        has_name_or_address(&url)?;
        if url.query().is_some() {
            return Err(BadUri::Query);
        }
        if text.ends_with('/') {
            return Err(BadUri::TrailingSlash);
        }
        // What a parser changes would make two spellings.
        let normal = normal(&url, text);
        if normal != text {
            return Err(BadUri::NotNormal(normal.into()));
        }
        let mut segments = url.path().split('/').skip(1);
        match () {
            () if url.path() != "/" && segments.clone().any(str::is_empty) => Err(BadUri::EmptySegment),
            () if segments.any(|segment| segment == ".well-known") => Err(BadUri::WellKnown),
            () => Ok(Self(text.into())),
        }
    }

    /// The issuer as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The issuer's path without a trailing slash: empty, or `/tenant`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)))
            .unwrap_or("")
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0.strip_suffix(self.path()).unwrap_or(&self.0)
    }

    /// Is it served over TLS?
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// An address below the issuer: `path` begins with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl TryFrom<String> for IssuerUrl {
    type Error = BadUri;
    fn try_from(text: String) -> Result<Self, BadUri> {
        Self::parse(&text)
    }
}

impl From<IssuerUrl> for String {
    fn from(issuer: IssuerUrl) -> Self {
        (&*issuer.0).into()
    }
}

#[cfg(test)]
#[path = "uri_tests.rs"]
mod tests;
