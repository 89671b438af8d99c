//! The keys of a server at work: which signs now, which are published, and what is due.

use super::{KeyError, KeyStore, SigningKey, StoredKey, Turn};
use arc_swap::ArcSwap;
use bytes::Bytes;
use nauthera_core::grant::SigningAlgorithm;
use nauthera_core::oauth::keyring::{self, KeyTimes};
use nauthera_core::spec::SigningSettings;
use nauthera_core::time::{Seconds, UnixTime};
use std::sync::{Arc, Mutex, PoisonError};

/// All keys that are known at one moment.
pub struct KeySet {
    keys: Vec<Arc<SigningKey>>,
    times: Vec<KeyTimes>,
    jwks: Bytes,
}

impl KeySet {
    fn new(keys: Vec<Arc<SigningKey>>) -> Self {
        let times = keys.iter().map(|key| key.stored.times).collect();
        let public: Vec<&serde_json::Value> = keys.iter().map(|key| &key.jwk).collect();
        let jwks = serde_json::json!({ "keys": public }).to_string().into();
        Self { keys, times, jwks }
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing(&self, now: UnixTime) -> Option<&Arc<SigningKey>> {
        keyring::signing(&self.times, now).and_then(|index| self.keys.get(index))
    }

    /// A published key by its `kid`.
    #[must_use]
    pub fn by_kid(&self, kid: &str) -> Option<&SigningKey> {
        self.keys.iter().map(|key| &**key).find(|key| key.stored.kid == kid)
    }

    /// A key that is held just as it is kept.
    fn key(&self, stored: &StoredKey) -> Option<&Arc<SigningKey>> {
        self.keys.iter().find(|key| same(&key.stored, stored))
    }

    /// The JWK Set (RFC 7517) of all published keys, as bytes.
    #[must_use]
    pub fn jwks(&self) -> Bytes {
        self.jwks.clone()
    }

    /// Algorithms of the published keys.
    #[must_use]
    pub fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let mut all: Vec<SigningAlgorithm> = self.times.iter().map(|times| times.algorithm).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The keys with their times, for status and metrics.
    pub fn iter(&self) -> impl Iterator<Item = &StoredKey> {
        self.keys.iter().map(|key| &key.stored)
    }
}

/// The keys of a server, kept in a [`KeyStore`], swapped as a whole.
pub struct KeyRing {
    set: ArcSwap<KeySet>,
    store: Box<dyn KeyStore>,
    changing: Mutex<()>,
}

/// What [`KeyRing::maintain`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Maintained {
    /// Key ids made.
    pub made: Vec<String>,
    /// Key ids retired.
    pub retired: Vec<String>,
    /// Key ids removed.
    pub removed: Vec<String>,
    /// Key ids that another process made, and that are published here from now on.
    pub taken: Vec<String>,
}

impl KeyRing {
    /// Loads the keys that are kept.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(store: Box<dyn KeyStore>) -> Result<Self, KeyError> {
        let keys = store.load()?.into_iter().map(|stored| SigningKey::parse(stored).map(Arc::new));
        let set = ArcSwap::from_pointee(KeySet::new(keys.collect::<Result<_, _>>()?));
        Ok(Self { set, store, changing: Mutex::new(()) })
    }

    /// The keys now.
    #[must_use]
    pub fn load(&self) -> arc_swap::Guard<Arc<KeySet>> {
        self.set.load()
    }

    /// Takes over what others have changed in the store, then makes, retires and removes what is due, unless the keys are somebody
    /// else's to keep; nothing is published before it is kept. `longest_token` is the longest lifetime that is signed today,
    /// `longest_session` how long hints count.
    ///
    /// # Errors
    /// [`KeyError`]; the old keys go on then.
    pub fn maintain(
        &self,
        settings: &SigningSettings,
        (longest_token, longest_session): (Seconds, Seconds),
        now: UnixTime,
    ) -> Result<Maintained, KeyError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.store.turn()?;
        let mut report = self.follow(now)?;
        if let Turn::Theirs = turn {
            return match self.set.load().signing(now) {
                Some(_) => Ok(report),
                None => Err(KeyError::Storage("no key signs now, and this process may not make one".into())),
            };
        }
        let before = self.set.load_full();
        let mut times = before.times.clone();
        if let Some(current) = keyring::signing(&times, now).and_then(|index| times.get_mut(index)) {
            current.longest_token = current.longest_token.max(longest_token);
        }
        let due = keyring::due(&times, settings, now, longest_session);
        for (index, at) in &due.retire {
            if let Some(key) = times.get_mut(*index) {
                key.retired_at = Some(*at);
            }
        }
        let made =
            due.make.map(|new| KeyTimes { longest_token, ..new }).map(SigningKey::generate).transpose()?;
        if times == before.times && made.is_none() && due.remove.is_empty() {
            return Ok(report);
        }
        let mut keys = kept(&before, times, &due.remove, &mut report)?;
        if let Some(key) = made {
            report.made.push(key.stored.kid.clone());
            keys.push(Arc::new(key));
        }
        let stored: Vec<StoredKey> = keys.iter().map(|key| key.stored.clone()).collect();
        self.store.save(&stored)?;
        self.set.store(Arc::new(KeySet::new(keys)));
        Ok(report)
    }

    /// Takes over the keys that are kept, where they are others than those that are held. Keys of which none could sign are not
    /// taken over: the held ones go on.
    fn follow(&self, now: UnixTime) -> Result<Maintained, KeyError> {
        let (held, stored) = (self.set.load_full(), self.store.load()?);
        if stored.len() == held.keys.len() && stored.iter().zip(held.iter()).all(|(new, old)| same(new, old))
        {
            return Ok(Maintained::default());
        }
        let keys = stored.into_iter().map(|stored| match held.key(&stored) {
            Some(known) => Ok(known.clone()),
            None => SigningKey::parse(stored).map(Arc::new),
        });
        let set = KeySet::new(keys.collect::<Result<_, _>>()?);
        if set.signing(now).is_none() && held.signing(now).is_some() {
            return Err(KeyError::Storage("the keys that are kept hold none that signs now".into()));
        }
        let added = set.iter().filter(|key| held.by_kid(&key.kid).is_none());
        let taken = Maintained { taken: added.map(|key| key.kid.clone()).collect(), ..Maintained::default() };
        self.set.store(Arc::new(set));
        Ok(taken)
    }
}

fn same(new: &StoredKey, old: &StoredKey) -> bool {
    new.kid == old.kid && new.times == old.times
}

/// The keys that stay, with their times of now.
fn kept(
    before: &KeySet,
    times: Vec<KeyTimes>,
    remove: &[usize],
    report: &mut Maintained,
) -> Result<Vec<Arc<SigningKey>>, KeyError> {
    let mut keys = Vec::new();
    for (index, (key, times)) in before.keys.iter().zip(times).enumerate() {
        if remove.contains(&index) {
            report.removed.push(key.stored.kid.clone());
        } else if times == key.stored.times {
            keys.push(key.clone());
        } else {
            if key.stored.times.retired_at.is_none() && times.retired_at.is_some() {
                report.retired.push(key.stored.kid.clone());
            }
            keys.push(Arc::new(SigningKey::parse(StoredKey { times, ..key.stored.clone() })?));
        }
    }
    Ok(keys)
}
