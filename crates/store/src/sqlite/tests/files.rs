//! The file itself: its mode, what survives, who else may use it.

use super::backend::{impatient, place};
use crate::conformance::samples::{
    begin, code, consent, device, digest, grant_id, issue, later, pushed, session, store_code, subject, turn,
};
use crate::sqlite::{Options, Sqlite};
use crate::{Rotation, Store, StoreError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

fn open(path: &Path) -> Arc<dyn Store> {
    Arc::new(Sqlite::open(path, &Options::default()).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn every_file_is_for_its_owner_only() {
    let (folder, path) = place();
    let store = open(&path);
    store.ping().await.unwrap();
    let names = names(folder.path());
    assert_eq!(names, ["nauthera.db", "nauthera.db-shm", "nauthera.db-wal"]);
    for name in names {
        let mode = std::fs::metadata(folder.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_closed_database_is_one_file() {
    let (folder, path) = place();
    let store = open(&path);
    store.ping().await.unwrap();
    store.code(digest("c")).await.unwrap();
    drop(store);
    assert_eq!(names(folder.path()), ["nauthera.db"]);
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let (_folder, path) = place();
    let store = open(&path);
    store.insert_pushed(pushed("p")).await.unwrap();
    store_code(&store, &code("waiting")).await.unwrap();
    let grant = issue(&store, &code("c"), "t").await.unwrap();
    store.rotate_refresh(turn("c", "t", "u"), later(1)).await.unwrap();
    begin(&store, &session("s", "ada")).await.unwrap();
    store.save_consent(consent("ada", "storefront")).await.unwrap();
    store.insert_device(device("d", "BCDFGHJK")).await.unwrap();
    store.revoke_token(digest("j"), later(60)).await.unwrap();
    store.remember_assertion(digest("a"), later(60)).await.unwrap();
    drop(store);

    let store = open(&path);
    assert_eq!(store.pushed(digest("p")).await.unwrap(), Some(pushed("p")));
    assert_eq!(store.code(digest("waiting")).await.unwrap(), Some(code("waiting")));
    assert_eq!(store.grant(grant_id("c")).await.unwrap(), Some(grant));
    let again = store.rotate_refresh(turn("c", "t", "v"), later(2)).await.unwrap();
    let Rotation::Lost(found) = again else { panic!("{again:?}") };
    assert_eq!(found.0.rotated.unwrap().sealed_successor, b"u");
    assert_eq!(store.session(digest("s")).await.unwrap(), Some(session("s", "ada")));
    assert_eq!(store.consents_of(&subject("ada")).await.unwrap(), [consent("ada", "storefront")]);
    assert_eq!(store.device_by_user_code("BCDFGHJK").await.unwrap(), Some(device("d", "BCDFGHJK")));
    assert!(store.is_token_revoked(digest("j")).await.unwrap());
    assert!(!store.remember_assertion(digest("a"), later(60)).await.unwrap());
}

#[tokio::test]
async fn two_processes_may_share_a_file() {
    let (_folder, path) = place();
    let (one, two) = (open(&path), open(&path));
    for n in 0..50 {
        let (a, b) = (format!("a{n}"), format!("b{n}"));
        let (of_a, of_b) = (code(&a), code(&b));
        let (x, y) = tokio::join!(issue(&one, &of_a, &a), issue(&two, &of_b, &b));
        x.unwrap();
        y.unwrap();
        assert!(one.grant(grant_id(&b)).await.unwrap().is_some());
        assert!(two.grant(grant_id(&a)).await.unwrap().is_some());
    }
}

#[test]
fn eight_may_make_the_file_at_once() {
    let (_folder, path) = place();
    let openers: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || Sqlite::open(&path, &Options::default()).map(drop))
        })
        .collect();
    for opener in openers {
        opener.join().unwrap().unwrap();
    }
}

#[test]
fn whoever_opens_waits_for_another_that_opens() {
    let (folder, path) = place();
    let other = std::fs::File::open(folder.path()).unwrap();
    other.lock().unwrap();
    let outcome = Sqlite::open(&path, &impatient()).map(drop);
    assert!(matches!(&outcome, Err(StoreError::Unavailable(why)) if why.contains("opening")), "{outcome:?}");
    drop(other);
    Sqlite::open(&path, &impatient()).map(drop).unwrap();
}

#[tokio::test]
async fn a_commit_is_on_the_disk_before_it_is_answered() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path, &Options::default()).unwrap();
    for (setting, value) in [("synchronous", "2"), ("journal_mode", "wal"), ("foreign_keys", "1")] {
        let found: String = store
            .write(move |c| {
                Ok(c.query_row(
                    &format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}"),
                    [],
                    |row| row.get(0),
                )?)
            })
            .await
            .unwrap();
        assert_eq!(found, value, "{setting}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_unavailable() {
    let (_folder, path) = place();
    let outcome = Sqlite::open(&path.join("below/nauthera.db"), &impatient()).map(drop);
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let (_folder, path) = place();
    std::fs::write(&path, "not a database, but long enough to be read as one".repeat(100)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let outcome = Sqlite::open(&path, &impatient()).map(drop);
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let (_folder, path) = place();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE notes (text); CREATE TABLE tags (text)").unwrap();
    drop(other);
    let outcome = Sqlite::open(&path, &impatient()).map(drop);
    assert!(
        matches!(&outcome, Err(StoreError::Corrupt(why)) if why.contains("something else")),
        "{outcome:?}"
    );
}
