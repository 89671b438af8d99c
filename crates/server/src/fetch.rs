//! Keys of clients with a `jwksUri`: fetched over https from public addresses, bounded in size, time and number, kept for
//! a while, and fetched again when a key id is not among them.

use jsonwebtoken::jwk::JwkSet;
use nauthera_core::time::{Seconds, UnixTime};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use url::{Host, Url};

const FRESH: Seconds = Seconds::minutes(10);
/// An unknown key id fetches again, at most this often for one address.
const AGAIN: Seconds = Seconds::new(15);
/// Keys that were good outlast a hiccup of their server, no longer than this.
const OUTLAST: Seconds = Seconds::hours(1);
const DEADLINE: Duration = Duration::from_secs(5);
const LARGEST: usize = 64 * 1_024;
const MOST_ADDRESSES: usize = 10_000;
const MOST_AT_ONCE: usize = 32;

#[derive(Clone)]
struct Entry {
    keys: Option<Fetched>,
    tried_at: UnixTime,
}

#[derive(Clone)]
struct Fetched {
    set: Arc<JwkSet>,
    at: UnixTime,
}

#[derive(Default)]
struct Slot {
    entry: Mutex<Option<Entry>>,
    fetching: tokio::sync::Mutex<()>,
}

impl Slot {
    fn entry(&self) -> Option<Entry> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, entry: Entry) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
    }

    /// What is known, unless it is time to fetch: it is old, or has no such key and was not fetched just now.
    fn fresh(&self, kid: Option<&str>, now: UnixTime) -> Option<Entry> {
        self.entry().filter(|known| {
            let age = now.since(known.tried_at);
            let has_kid = |set: &JwkSet| kid.is_none_or(|kid| set.find(kid).is_some());
            let serves = known.keys.as_ref().is_some_and(|keys| has_kid(&keys.set));
            age < if serves { FRESH } else { AGAIN }
        })
    }
}

/// Keys by address.
pub struct JwksCache {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    at_once: tokio::sync::Semaphore,
    client: OnceLock<Option<reqwest::Client>>,
    allow_private: bool,
}

impl JwksCache {
    /// An empty cache. `allow_private` lets it fetch from private addresses.
    ///
    /// # Errors
    /// None today; the HTTP client is made at first use, since reading the CA certificates takes longer than a start may.
    pub fn new(allow_private: bool) -> Result<Self, String> {
        let at_once = tokio::sync::Semaphore::new(MOST_AT_ONCE);
        Ok(Self { slots: Mutex::default(), at_once, client: OnceLock::new(), allow_private })
    }

    /// The keys at an address; `None` when they cannot be had. `namespace` is the client's: a Service of it may be asked although
    /// its address is private.
    pub async fn get(
        &self,
        url: &Url,
        namespace: &str,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Option<Arc<JwkSet>> {
        let slot = self.slot(url.as_str());
        if let Some(known) = slot.fresh(kid, now) {
            return known.keys.map(|keys| keys.set);
        }
        // One fetch at a time for one address: whoever waits finds its result. Who has a key that is known does not wait.
        let _fetching = slot.fetching.lock().await;
        if let Some(known) = slot.fresh(kid, now) {
            return known.keys.map(|keys| keys.set);
        }
        let fetched = self.fetch(url, namespace).await;
        if let Err(error) = &fetched {
            tracing::warn!(url = %url, error, "jwksUri cannot be fetched");
        }
        let before = slot.entry().and_then(|known| known.keys);
        let before = before.filter(|keys| now.since(keys.at) < OUTLAST);
        let keys = fetched.ok().map(|set| Fetched { set: Arc::new(set), at: now }).or(before);
        slot.keep(Entry { keys: keys.clone(), tried_at: now });
        keys.map(|keys| keys.set)
    }

    fn slot(&self, url: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(url) {
            return slot.clone();
        }
        if slots.len() >= MOST_ADDRESSES {
            // Addresses come from manifests, so this is rare: what nobody holds now is let go.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        let slot = Arc::<Slot>::default();
        slots.insert(url.to_owned(), slot.clone());
        slot
    }

    async fn fetch(&self, url: &Url, namespace: &str) -> Result<JwkSet, String> {
        let _permit = self.at_once.try_acquire().map_err(|_| "too many fetches at once".to_owned())?;
        let own_service = url.host_str().is_some_and(|host| host.ends_with(&format!(".{namespace}.svc")));
        let private = self.allow_private || own_service;
        if url.scheme() != "https" {
            return Err("only https is fetched".into());
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        if literal.is_some_and(|ip| !private && !is_public(ip)) {
            return Err("the address is private".into());
        }
        let client = if private { build(true)? } else { self.public_client()? };
        let fetch = async {
            let mut response = client.get(url.clone()).send().await.map_err(|error| error.to_string())?;
            if !response.status().is_success() {
                return Err(format!("it answered {}", response.status()));
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
                body.extend_from_slice(&chunk);
                if body.len() > LARGEST {
                    return Err("it is larger than 64 KiB".into());
                }
            }
            serde_json::from_slice(&body).map_err(|error| format!("it is not a JWK Set: {error}"))
        };
        tokio::time::timeout(DEADLINE, fetch).await.map_err(|_| "it took longer than 5 s".to_owned())?
    }

    fn public_client(&self) -> Result<reqwest::Client, String> {
        let made = self.client.get_or_init(|| build(self.allow_private).ok());
        made.clone().ok_or_else(|| "the HTTP client cannot be made: is there a CA store?".to_owned())
    }
}

fn build(private: bool) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(DEADLINE)
        .connect_timeout(DEADLINE)
        .https_only(true)
        .dns_resolver(Arc::new(Resolver { private }));
    builder.build().map_err(|error| error.to_string())
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
