//! A Snapshot made ready to serve: indexed by client id, with everything that does not change between two Snapshots worked
//! out once. Swapped as a whole.

use crate::assertion::key_set;
use crate::pages::{Branding, Chrome, Locale};
use jsonwebtoken::jwk::JwkSet;
use nauthera_core::names::{Audience, ClientId};
use nauthera_core::snapshot::{Revision, Row, Snapshot};
use nauthera_core::spec::{IssuerKeys, ServiceAccountIssuer};
use nauthera_core::time::Seconds;
use nauthera_core::uri::IssuerUrl;
use nauthera_identity::Directory;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// A Snapshot that is being served.
pub struct Serving {
    /// The Snapshot.
    pub snapshot: Arc<Snapshot>,
    /// Its revision.
    pub revision: Revision,
    /// The revision as audit lines and answers write it.
    pub revision_text: Arc<str>,
    /// The people; `None` when nobody can log in.
    pub directory: Option<Directory>,
    /// The issuer as an audience.
    pub issuer_audience: Option<Audience>,
    /// Names of this issuer's cookies.
    pub cookies: CookieNames,
    /// The longest lifetime of any token.
    pub longest_token: Seconds,
    clients: HashMap<ClientId, Arc<Row>>,
    /// Keys of clusters that came with the Snapshot, by issuer. What cannot be read has none.
    cluster_keys: HashMap<Arc<str>, Arc<JwkSet>>,
    branding: Branding,
}

/// Names of the cookies of one issuer: two issuers on one host never meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieNames {
    /// The session's.
    pub session: String,
    /// The one that CSRF tokens are bound to.
    pub browser: String,
    /// The one by which a browser is known in which somebody logged in before.
    pub known: String,
    /// Are they for https alone?
    pub secure: bool,
}

impl CookieNames {
    fn of(issuer: &IssuerUrl) -> Self {
        let hash: String =
            Sha256::digest(issuer.as_str()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let secure = issuer.is_https();
        // Browsers take the prefix only with Secure, which plain http on a loopback address cannot have.
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            session: format!("{prefix}nauthera-{hash}"),
            browser: format!("{prefix}nauthera-form-{hash}"),
            known: format!("{prefix}nauthera-known-{hash}"),
            secure,
        }
    }
}

fn keys_of(cluster: &ServiceAccountIssuer) -> Option<(Arc<str>, Arc<JwkSet>)> {
    let IssuerKeys::Jwks(text) = &cluster.keys else { return None };
    Some((cluster.issuer.clone(), Arc::new(key_set(text.as_bytes()).ok()?)))
}

impl Serving {
    /// Makes a Snapshot ready that was published under this revision.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, revision: Revision) -> Self {
        let head = &snapshot.head;
        let text = |text: &Option<Arc<str>>| text.as_ref().map(|text| text.to_string());
        let branding = Branding {
            name: text(&head.branding.name),
            logo_url: text(&head.branding.logo_url),
            primary_color: text(&head.branding.primary_color),
        };
        Self {
            revision,
            revision_text: revision.to_string().into(),
            directory: head.users.as_ref().map(Directory::new),
            issuer_audience: Audience::parse(head.issuer.as_str()).ok(),
            cookies: CookieNames::of(&head.issuer),
            longest_token: snapshot.longest_token(),
            clients: snapshot.clients.iter().map(|(id, row)| (id.clone(), row.clone())).collect(),
            cluster_keys: head.service_accounts.iter().filter_map(keys_of).collect(),
            branding,
            snapshot,
        }
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &IssuerUrl {
        &self.snapshot.head.issuer
    }

    /// The issuer's path without a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        self.issuer().path()
    }

    /// A client by the id that a request presents.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<&Arc<Row>> {
        self.clients.get(id)
    }

    /// The keys of a cluster that came with the Snapshot.
    #[must_use]
    pub fn cluster_keys(&self, issuer: &str) -> Option<Arc<JwkSet>> {
        self.cluster_keys.get(issuer).cloned()
    }

    /// What all pages share.
    #[must_use]
    pub fn chrome(&self, locale: Locale) -> Chrome {
        Chrome { branding: self.branding.clone(), locale, base: self.base().to_owned() }
    }

    /// The branding, for the theme's stylesheet.
    #[must_use]
    pub const fn branding(&self) -> &Branding {
        &self.branding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_names_differ_by_issuer_and_are_host_bound_over_https() {
        let names = |issuer| CookieNames::of(&IssuerUrl::parse(issuer).unwrap());
        assert!(names("https://a.example").session.starts_with("__Host-nauthera-"));
        assert!(!names("http://127.0.0.1:1").session.starts_with("__Host-"));
        assert_ne!(names("https://a.example/x"), names("https://a.example/y"));
    }
}
