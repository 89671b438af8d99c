//! A disk that is full, a database that is locked, rows that nobody can read.

use super::backend::{impatient, place};
use crate::conformance::samples::{
    NOW, begin, code, consent, device, device_authorization, digest, grant_id, grant_of, issue, new_refresh,
    session, store_code, subject,
};
use crate::sqlite::{Options, Sqlite};
use crate::{Redemption, Store, StoreError};
use nauthera_core::facts::DeviceState;
use rusqlite::Connection;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

fn open() -> (TempDir, PathBuf, Arc<Sqlite>) {
    let (folder, path) = place();
    let store = Arc::new(Sqlite::open(&path, &impatient()).unwrap());
    (folder, path, store)
}

/// Lets the database grow by so many pages and no more.
async fn allow_pages(store: &Sqlite, more: u32) {
    let limit = store.write(move |c| {
        let pages: u32 = c.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        Ok(c.query_row(&format!("PRAGMA max_page_count = {}", pages + more), [], |row| row.get::<_, u32>(0))?)
    });
    limit.await.unwrap();
}

fn is_away<T: std::fmt::Debug>(outcome: &crate::Result<T>) -> bool {
    matches!(outcome, Err(StoreError::Unavailable(_)))
}

#[tokio::test]
async fn a_full_disk_undoes_the_whole_step_and_service_resumes_with_space() {
    let (_folder, _, store) = open();
    let as_store: Arc<dyn Store> = store.clone();
    let words: Vec<_> = (0..200).map(|n| format!("c{n}")).collect();
    for word in &words {
        store_code(&as_store, &code(word)).await.unwrap();
    }
    let mut refused = Vec::new();
    for word in &words {
        // A group that fails has a new connection afterwards, which knows no limit yet.
        allow_pages(&store, 0).await;
        let refresh = Some(new_refresh(&format!("{word}-token")));
        let taken = store.redeem_code(digest(word), grant_of(&code(word)), refresh, NOW).await;
        if is_away(&taken) {
            refused.push(word);
        }
    }
    assert!(refused.len() > 100, "only {} of 200 did not fit", refused.len());
    for word in &refused {
        assert_eq!(store.code(digest(word)).await.unwrap(), Some(code(word)), "{word} is as it was");
        assert_eq!(store.grant(grant_id(word)).await.unwrap(), None);
        assert_eq!(store.refresh(grant_id(word)).await.unwrap(), None);
    }
    allow_pages(&store, 1_000).await;
    for word in &refused {
        let taken = store.redeem_code(digest(word), grant_of(&code(word)), None, NOW).await.unwrap();
        assert_eq!(taken, Redemption::Won, "{word}");
    }
}

#[tokio::test]
async fn a_lock_elsewhere_is_unavailable_until_it_is_released() {
    let (_folder, path, store) = open();
    let elsewhere = Connection::open(&path).unwrap();
    elsewhere.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(is_away(&store.ping().await));
    assert!(is_away(&store.insert_device(device("d", "BCDFGHJK")).await));
    assert_eq!(store.code(digest("c")).await.unwrap(), None, "reads go on");
    elsewhere.execute_batch("ROLLBACK").unwrap();
    store.ping().await.unwrap();
    assert!(store.insert_device(device("d", "BCDFGHJK")).await.unwrap());
}

#[test]
fn a_database_locked_at_the_start_is_unavailable() {
    let (_folder, path) = place();
    drop(Sqlite::open(&path, &impatient()).unwrap());
    let elsewhere = Connection::open(&path).unwrap();
    elsewhere
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE probe SET probes = 7")
        .unwrap();
    assert!(is_away(&Sqlite::open(&path, &impatient()).map(drop)));
    elsewhere.execute_batch("ROLLBACK").unwrap();
    drop(elsewhere);
    Sqlite::open(&path, &impatient()).map(drop).unwrap();
}

/// Stores one of everything, then lets `damage` spoil it.
async fn damaged(damage: &str) -> (TempDir, Arc<Sqlite>) {
    let (folder, path, store) = open();
    let as_store: Arc<dyn Store> = store.clone();
    store_code(&as_store, &code("waiting")).await.unwrap();
    issue(&as_store, &code("c"), "t").await.unwrap();
    begin(&as_store, &session("s", "ada")).await.unwrap();
    store.save_consent(consent("ada", "storefront")).await.unwrap();
    store.insert_device(device("d", "BCDFGHJK")).await.unwrap();
    let yes = DeviceState::Approved(Box::new(device_authorization()));
    store.decide_device("BCDFGHJK", yes, NOW).await.unwrap();
    let elsewhere = Connection::open(&path).unwrap();
    elsewhere.execute_batch(damage).unwrap();
    (folder, store)
}

fn is_corrupt<T>(outcome: crate::Result<T>) -> bool {
    matches!(outcome, Err(StoreError::Corrupt(_)))
}

#[tokio::test]
async fn documents_that_do_not_decode_are_corrupt() {
    let (_folder, store) = damaged(
        "UPDATE codes SET authorization = '{\"clientId\":' WHERE authorization IS NOT NULL;
         UPDATE grants SET authorization = '{\"clientId\":\"shop.storefront\",\"later\":1}';
         UPDATE sessions SET login = '[]'; UPDATE consents SET scopes = '[\"two words\"]';
         UPDATE devices SET authorization = 'null';",
    )
    .await;
    assert!(is_corrupt(store.code(digest("waiting")).await));
    assert!(is_corrupt(store.code(digest("c")).await), "its authorization is the grant's");
    assert!(is_corrupt(store.grant(grant_id("c")).await));
    assert!(is_corrupt(store.refresh(grant_id("c")).await));
    assert!(is_corrupt(store.session(digest("s")).await));
    assert!(is_corrupt(store.sessions_of(&subject("ada")).await));
    assert!(is_corrupt(store.consents_of(&subject("ada")).await));
    assert!(is_corrupt(store.device_by_user_code("BCDFGHJK").await));
    assert!(is_corrupt(store.poll_device(digest("d"), NOW).await));
    store.ping().await.unwrap();
}

#[tokio::test]
async fn values_out_of_shape_are_corrupt() {
    let (_folder, store) = damaged(
        "UPDATE codes SET grant_id = x'00'; UPDATE families SET current = x'0102'; UPDATE consents SET client_id = 'two words';
         UPDATE devices SET poll_interval = -1; UPDATE sessions SET digest = zeroblob(31);",
    )
    .await;
    assert!(is_corrupt(store.code(digest("waiting")).await));
    assert!(is_corrupt(store.refresh(grant_id("c")).await));
    assert!(is_corrupt(store.consents_of(&subject("ada")).await));
    assert!(is_corrupt(store.device_by_user_code("BCDFGHJK").await));
    assert!(is_corrupt(store.sessions_of(&subject("ada")).await));
    let taken = store.redeem_code(digest("waiting"), grant_of(&code("waiting")), None, NOW).await;
    assert!(is_corrupt(taken));
    store.ping().await.unwrap();
}

#[tokio::test]
async fn what_does_not_decode_is_not_quoted() {
    let (_folder, store) =
        damaged("UPDATE grants SET authorization = '{\"clientId\":\"very secret\"}'").await;
    let message = store.grant(grant_id("c")).await.unwrap_err().to_string();
    assert!(message.contains("authorization") && !message.contains("secret"), "{message}");
}

#[test]
fn a_file_with_damaged_pages_is_corrupt() {
    let (_folder, path) = place();
    drop(Sqlite::open(&path, &Options::default()).unwrap());
    let length = std::fs::metadata(&path).unwrap().len();
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(4_096)).unwrap();
    file.write_all(&vec![0xA5; usize::try_from(length - 4_096).unwrap()]).unwrap();
    drop(file);
    assert!(is_corrupt(Sqlite::open(&path, &Options::default()).map(drop)));
}
