//! Signing keys as the server makes them, kept where the operator keeps them.

use nauthera_core::oauth::keyring::KeyTimes;
use nauthera_operator::keys::{KeyOrder, SigningKeys};
use nauthera_server::keys::{FileKeys, KeyError, KeyRing, KeyStore, StoredKey, Turn};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Keys as `nauthera server` reads them from its folder.
pub struct ServerKeys;

/// Keys that are held in memory while one look at them lasts.
struct Held {
    kept: Vec<StoredKey>,
    saved: Arc<Mutex<Option<Vec<StoredKey>>>>,
}

impl KeyStore for Held {
    fn turn(&self) -> Result<Turn, KeyError> {
        // Who writes the Secret says which write of it was read.
        Ok(Turn::Ours(Box::new(())))
    }

    fn load(&self) -> Result<Vec<StoredKey>, KeyError> {
        Ok(self.kept.clone())
    }

    fn save(&self, keys: &[StoredKey]) -> Result<(), KeyError> {
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys.to_vec());
        Ok(())
    }
}

impl SigningKeys for ServerKeys {
    fn maintain(&self, kept: Option<&[u8]>, order: &KeyOrder) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        let kept = kept.map_or(Ok(Vec::new()), FileKeys::decode).map_err(|error| error.to_string())?;
        let saved = Arc::default();
        let ring = KeyRing::open(Box::new(Held { kept, saved: Arc::clone(&saved) }));
        let ring = ring.map_err(|error| error.to_string())?;
        let KeyOrder { settings, longest_token, session, now } = order;
        ring.maintain(settings, (*longest_token, *session), *now).map_err(|error| error.to_string())?;
        let saved = saved.lock().unwrap_or_else(PoisonError::into_inner).take();
        saved.map(|keys| FileKeys::encode(&keys)).transpose().map_err(|error| error.to_string())
    }

    fn times(&self, kept: &[u8]) -> Vec<(String, KeyTimes)> {
        let keys = FileKeys::decode(kept).unwrap_or_default();
        keys.into_iter().map(|key| (key.kid, key.times)).collect()
    }
}
