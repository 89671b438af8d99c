//! Databases of other releases, and damaged histories.

use super::backend::{impatient, place};
use crate::StoreError;
use crate::sqlite::Sqlite;
use rusqlite::Connection;

/// Opens a database after `change` was made to a good one.
fn open_after(change: &str) -> crate::Result<()> {
    let (_folder, path) = place();
    drop(Sqlite::open(&path, &impatient()).unwrap());
    Connection::open(&path).unwrap().execute_batch(change).unwrap();
    Sqlite::open(&path, &impatient()).map(drop)
}

const LATER: &str = "INSERT INTO refinery_schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '1');
                     ALTER TABLE grants ADD COLUMN later TEXT;";

#[test]
fn a_schema_that_needs_a_newer_release_is_refused() {
    let outcome = open_after(&format!("{LATER} PRAGMA user_version = 98;"));
    let Err(StoreError::Corrupt(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("newer release") && why.contains("98"), "{why}");
}

#[test]
fn a_later_schema_that_only_added_is_served() {
    open_after(LATER).unwrap();
}

#[test]
fn a_version_that_was_rewritten_is_refused() {
    let outcome = open_after("UPDATE refinery_schema_history SET checksum = '1'");
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
}

#[test]
fn a_damaged_history_is_refused() {
    for damage in ["checksum = 'x'", "applied_on = 'yesterday'", "applied_on = NULL"] {
        let outcome = open_after(&format!("UPDATE refinery_schema_history SET {damage}"));
        assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{damage}: {outcome:?}");
    }
}
