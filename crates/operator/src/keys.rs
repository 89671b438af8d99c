//! The keys of a server as Secrets in its namespace: the digest key, which is made once and never changed, and the signing keys,
//! which rotate. They have no owner reference: an AuthServer that is applied again goes on with them. How a signing key is made is the
//! server's to know; the binary joins the two.

use crate::children::kept;
use crate::cluster::{Fault, call, put};
use crate::context::Context;
use crate::index::{Source, name_of};
use crate::lease::Term;
use crate::names::{self, DIGEST_KEY_FILE, SIGNING_KEYS_FILE, kind};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject};
use nauthera_core::names::ObjectRef;
use nauthera_core::oauth::keyring::KeyTimes;
use nauthera_core::spec::SigningSettings;
use nauthera_core::time::{Seconds, UnixTime, random_256};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What signing keys are kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyOrder {
    /// How keys are made and how long they sign.
    pub settings: SigningSettings,
    /// The longest lifetime that is signed today.
    pub longest_token: Seconds,
    /// How long a login lasts.
    pub session: Seconds,
    /// The time.
    pub now: UnixTime,
}

/// How signing keys are made and read.
pub trait SigningKeys: Send + Sync {
    /// The keys as they are to be kept from now on; `None` where they stay as they are. `kept` is what is kept, where anything is.
    ///
    /// # Errors
    /// Why they cannot be read or made.
    fn maintain(&self, kept: Option<&[u8]>, order: &KeyOrder) -> Result<Option<Zeroizing<Vec<u8>>>, String>;

    /// The id and the times of each key; none where they cannot be read.
    fn times(&self, kept: &[u8]) -> Vec<(String, KeyTimes)>;
}

/// Keeps the keys of one server.
pub struct Keeper<'a> {
    /// What every worker shares.
    pub context: &'a Arc<Context>,
    /// Whose keys they are.
    pub server: &'a ObjectRef,
    /// Only while this lasts.
    pub term: &'a Term,
}

impl Keeper<'_> {
    fn api(&self) -> Api<Secret> {
        Api::namespaced(self.context.client.clone(), &self.server.namespace)
    }

    /// Makes the digest key where there is none. One that was deleted is put back as it was: `held` is the one in use. What the records and the
    /// running servers have was made with it, so where nobody has it any more, and there are records, no other takes its place.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn digest_key(&self, held: Option<&[u8; 32]>) -> Result<Arc<Zeroizing<[u8; 32]>>, Fault> {
        let known = || self.context.shared.with(|index| index.digest_key(self.server));
        if let Some(key) = known() {
            return Ok(key);
        }
        let name = names::digest_key(&self.server.name);
        if call(self.api().get_opt(&name)).await?.map(|there| self.note(there)).is_none() {
            let key = match held {
                Some(held) => Zeroizing::new(*held),
                None if self.context.shared.with(|index| index.has_records(self.server)) => {
                    return Err(self.digest_key_is_lost(&name));
                }
                None => Zeroizing::new(random_256(&*self.context.entropy)),
            };
            self.create(&name, kind::DIGEST_KEY, DIGEST_KEY_FILE, key.to_vec()).await?;
        }
        known().ok_or_else(|| {
            Fault::Invalid(format!(
                "Secret {}/{name} holds no digest key of this AuthServer: 32 bytes under {DIGEST_KEY_FILE} and the \
                 annotation {}: {} are expected",
                self.server.namespace,
                names::OWNER_ANNOTATION,
                names::owner_mark(self.server)
            ))
        })
    }

    fn digest_key_is_lost(&self, name: &str) -> Fault {
        let (namespace, records) = (&self.server.namespace, names::credentials(&self.server.name, '*'));
        Fault::Invalid(format!(
            "Secret {namespace}/{name} is gone, and the credential records were made with the key in it: put it back from a \
             backup, or delete the Secrets {records} too and restart the server's pods, and every client gets a new secret"
        ))
    }

    /// Makes, retires and removes signing keys that are due.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn signing_keys(&self, order: &KeyOrder) -> Result<(), Fault> {
        let name = names::signing_keys(&self.server.name);
        let object = ObjectRef::new(self.server.namespace.clone(), name.as_str());
        let known = self.context.shared.with(|index| index.server_secret(&object).cloned());
        let kept = known.as_ref().and_then(|secret| secret.data.get(SIGNING_KEYS_FILE).cloned());
        if known.as_ref().is_some_and(|secret| !secret.is_of(self.server)) {
            return Err(Fault::Invalid(format!("Secret {object} is there and is not this AuthServer's")));
        }
        let (keys, order) = (self.context.keys.clone(), *order);
        // Making an RSA key takes a while.
        let work = tokio::task::spawn_blocking(move || {
            keys.maintain(kept.as_ref().map(|kept| kept.as_slice()), &order)
        });
        let news = work.await.map_err(|error| Fault::Other(error.to_string()))?.map_err(Fault::Invalid)?;
        let Some(news) = news else { return Ok(()) };
        match known {
            None => self.create(&name, kind::SIGNING_KEYS, SIGNING_KEYS_FILE, news.to_vec()).await,
            Some(known) => {
                let mut secret = self.secret(&name, kind::SIGNING_KEYS, SIGNING_KEYS_FILE, news.to_vec());
                secret.metadata.resource_version = Some(known.identity.resource_version.to_string());
                self.term.check()?;
                self.note(put(&self.api(), &secret).await?);
                Ok(())
            }
        }
    }

    fn secret(&self, name: &str, kind: &str, key: &str, value: Vec<u8>) -> Secret {
        Secret {
            metadata: kept(self.server, name.to_owned(), Some(kind)),
            data: Some([(key.to_owned(), ByteString(value))].into()),
            type_: Some("Opaque".into()),
            ..Secret::default()
        }
    }

    /// Makes a Secret that was not there. One that another operator made meanwhile is taken as it is.
    async fn create(&self, name: &str, kind: &str, key: &str, value: Vec<u8>) -> Result<(), Fault> {
        self.term.check()?;
        let secret = self.secret(name, kind, key, value);
        match put(&self.api(), &secret).await {
            Ok(made) => self.note(made),
            Err(Fault::Conflict) => {
                let there = call(self.api().get(name)).await?;
                self.note(there);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn note(&self, secret: Secret) {
        note(self.context, Source::ServerSecrets, &secret);
    }
}

/// Enters what was read or written into the index at once.
pub fn note<K: serde::Serialize>(context: &Context, source: Source, object: &K) {
    let json = serde_json::to_value(object).and_then(serde_json::from_value::<DynamicObject>);
    if let Ok(object) = json
        && !name_of(&object.metadata).name.is_empty()
    {
        context.shared.wrote(source, object);
    }
}
