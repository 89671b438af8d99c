//! The store with a meter on it keeps to the suite that every backend keeps to: each step leads to its own.

use nauthera_core::time::Clock;
use nauthera_server::metered::Metered;
use nauthera_server::metrics::Metrics;
use nauthera_store::conformance::Backend;
use nauthera_store::sqlite::{Options, Sqlite};
use nauthera_store::{Result, Store};
use std::sync::Arc;
use tempfile::TempDir;

/// A database file with a meter.
struct File {
    store: Arc<dyn Store>,
    _folder: TempDir,
}

impl Backend for File {
    async fn fresh() -> Result<Self> {
        let folder = tempfile::tempdir().unwrap();
        let plain = Arc::new(Sqlite::open(&folder.path().join("nauthera.db"), &Options::default())?);
        let clock: Arc<dyn Clock> = Arc::<crate::support::HandClock>::default();
        let store = Arc::new(Metered::new(plain, Metrics::new(Arc::default()).steps, clock));
        Ok(Self { store, _folder: folder })
    }

    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }
}

nauthera_store::conformance!(File);
