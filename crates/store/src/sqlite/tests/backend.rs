//! A database file in a folder of its own.

use crate::conformance::Backend;
use crate::sqlite::{Options, Sqlite};
use crate::{Result, Store};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A fresh file for each case.
pub(in crate::sqlite) struct File {
    store: Arc<Sqlite>,
    _folder: TempDir,
}

impl Backend for File {
    async fn fresh() -> Result<Self> {
        let (folder, path) = place();
        Ok(Self { store: Arc::new(Sqlite::open(&path, &Options::default())?), _folder: folder })
    }

    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }
}

/// An empty folder, and where the database goes.
pub(super) fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nauthera.db");
    (folder, path)
}

/// Options under which nothing waits long.
pub(super) fn impatient() -> Options {
    Options {
        deadline: Duration::from_millis(2_000),
        busy_timeout: Duration::from_millis(50),
        ..Options::default()
    }
}
