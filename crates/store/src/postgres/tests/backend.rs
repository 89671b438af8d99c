//! A database of its own on the server of these tests.

use crate::conformance::Backend;
use crate::postgres::{Options, Postgres, Source};
use crate::{Result, Store, StoreError};
use std::sync::Arc;

/// A fresh database for each case.
pub(in crate::postgres) struct Database {
    store: Arc<Postgres>,
}

/// Opens the database at a URL.
pub(super) async fn open(url: &str) -> Result<Arc<Postgres>> {
    Postgres::open(Source::Url(url.into()), Options::default()).await.map(Arc::new)
}

/// The URL of a fresh database.
pub(super) fn fresh() -> Result<String> {
    nauthera_test_postgres::database().map_err(|error| StoreError::Unavailable(format!("{error:#}")))
}

impl Backend for Database {
    async fn fresh() -> Result<Self> {
        Ok(Self { store: open(&fresh()?).await? })
    }

    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }
}
