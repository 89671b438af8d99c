//! What is kept of plain values: the digest of a client's secret under its server's digest key, as the Snapshot has it, and one hash
//! of everything else under a key that this process drew when it started.

use super::object::Content;
use aws_lc_rs::hmac;
use nauthera_core::binding::{self, Brought};
use nauthera_core::credentials::KeyedDigest;
use nauthera_core::names::ObjectRef;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The hash of keys with their values; each is preceded by its length, so that no two contents have one text.
#[must_use]
pub fn of_rest<'a>(process_key: &[u8; 32], values: impl Iterator<Item = (&'a str, &'a [u8])>) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, process_key));
    for (key, value) in values {
        for part in [key.as_bytes(), value] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
    }
    let mut hash = [0; 32];
    hash.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

/// How the content of a client's Secret is read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The client's server.
    pub server: ObjectRef,
    /// The server's digest key.
    pub digest_key: Arc<Zeroizing<[u8; 32]>>,
    /// The key of the secret.
    pub secret_key: Arc<str>,
    /// The client, where it brings the Secret.
    pub brought: Option<ObjectRef>,
    /// The Secret's name.
    pub name: Arc<str>,
}

impl Reading {
    /// What is kept of the content of a Secret with this label.
    #[must_use]
    pub fn content(
        &self,
        data: &BTreeMap<Arc<str>, Zeroizing<Vec<u8>>>,
        label: Option<&str>,
        process_key: &[u8; 32],
    ) -> Content {
        let value = data.get(&self.secret_key).map(|value| value.as_slice());
        let rest = data.iter().filter(|(key, _)| **key != self.secret_key);
        let rest = rest.map(|(key, value)| (&**key, value.as_slice()));
        let digest = |secret: &[u8]| KeyedDigest::of(&self.digest_key, secret);
        let (digest, unusable) = match &self.brought {
            None => (value.map(digest), None),
            Some(client) => match binding::brought(client, &self.name, Brought::Found { label, value }) {
                Ok(secret) => (Some(digest(secret.as_bytes())), None),
                Err(finding) => (None, Some(Arc::from(finding))),
            },
        };
        Content {
            server: self.server.clone(),
            secret_key: self.secret_key.clone(),
            digest,
            unusable,
            rest: of_rest(process_key, rest),
        }
    }
}
