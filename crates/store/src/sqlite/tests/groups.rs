//! The writer's groups and queue: who is answered what when something goes wrong.

use super::backend::{impatient, place};
use crate::conformance::samples::digest;
use crate::sqlite::{Options, Sqlite, once};
use crate::{Result, Store, StoreError};
use nauthera_core::time::UnixTime;
use rusqlite::Connection;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

fn open(options: &Options) -> (TempDir, Arc<Sqlite>) {
    let (folder, path) = place();
    (folder, Arc::new(Sqlite::open(&path, options).unwrap()))
}

/// Keeps the writer busy until the sender is used or dropped; returns once the writer is at it.
async fn hold(store: &Arc<Sqlite>) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let holder = store.clone();
    tokio::spawn(async move {
        holder
            .write(move |_| {
                let _ = began.send(());
                let _ = released.recv();
                Ok(())
            })
            .await
    });
    begun.recv().await.unwrap();
    release
}

/// Queues a step behind what the writer is at.
async fn queue(
    store: &Arc<Sqlite>,
    step: impl Fn(&Connection) -> Result<()> + Send + 'static,
) -> JoinHandle<Result<()>> {
    let (writer, before) = (store.clone(), store.waiting());
    let queued = tokio::spawn(async move { writer.write(step).await });
    while store.waiting() == before {
        tokio::task::yield_now().await;
    }
    queued
}

fn remember(word: &'static str) -> impl Fn(&Connection) -> Result<()> + Send + 'static {
    move |c| once::revoke_token(c, digest(word), UnixTime(1))
}

async fn has(store: &Sqlite, word: &str) -> bool {
    store.is_token_revoked(digest(word)).await.unwrap()
}

#[tokio::test]
async fn a_step_that_fails_undoes_itself_alone() {
    let (_folder, store) = open(&Options::default());
    let release = hold(&store).await;
    let before = queue(&store, remember("before")).await;
    let failing = queue(&store, |c| {
        remember("failing")(c)?;
        Err(StoreError::Corrupt("on purpose".into()))
    })
    .await;
    let after = queue(&store, remember("after")).await;
    release.send(()).unwrap();
    before.await.unwrap().unwrap();
    after.await.unwrap().unwrap();
    assert!(matches!(failing.await.unwrap(), Err(StoreError::Corrupt(why)) if why == "on purpose"));
    assert!(has(&store, "before").await && has(&store, "after").await && !has(&store, "failing").await);
}

/// Makes the commit itself fail: a foreign key that is judged only then.
fn spoil(c: &Connection) -> Result<()> {
    c.execute_batch(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY);
         CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO children VALUES (1);",
    )?;
    Ok(())
}

#[tokio::test]
async fn a_commit_that_fails_answers_everyone_and_leaves_nothing() {
    let (_folder, store) = open(&Options::default());
    let release = hold(&store).await;
    let before = queue(&store, remember("before")).await;
    let spoiling = queue(&store, spoil).await;
    let after = queue(&store, remember("after")).await;
    release.send(()).unwrap();
    for step in [before, spoiling, after] {
        assert!(matches!(step.await.unwrap(), Err(StoreError::Unavailable(_))));
    }
    assert!(!has(&store, "before").await && !has(&store, "after").await);
    store.write(remember("later")).await.unwrap();
    assert!(has(&store, "later").await, "the next group goes through");
}

#[tokio::test]
async fn a_transaction_that_vanishes_answers_everyone_and_leaves_nothing() {
    let (_folder, store) = open(&Options::default());
    let release = hold(&store).await;
    let before = queue(&store, remember("before")).await;
    let vanishing = queue(&store, |c| Ok(c.execute_batch("ROLLBACK")?)).await;
    let after = queue(&store, remember("after")).await;
    release.send(()).unwrap();
    for step in [before, vanishing, after] {
        assert!(matches!(step.await.unwrap(), Err(StoreError::Unavailable(_))));
    }
    assert!(!has(&store, "before").await && !has(&store, "after").await);
    store.write(remember("later")).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let (_folder, store) = open(&Options { queue: 2, ..Options::default() });
    let release = hold(&store).await;
    let (one, two) = (queue(&store, remember("one")).await, queue(&store, remember("two")).await);
    let three = store.write(remember("three")).await;
    assert!(matches!(three, Err(StoreError::Unavailable(why)) if why.contains("too many")));
    release.send(()).unwrap();
    one.await.unwrap().unwrap();
    two.await.unwrap().unwrap();
    assert!(!has(&store, "three").await);
}

#[tokio::test]
async fn a_step_that_waited_too_long_is_never_done() {
    let (_folder, store) = open(&Options { deadline: Duration::from_millis(100), ..impatient() });
    let release = hold(&store).await;
    let late = store.write(remember("late")).await;
    assert!(matches!(late, Err(StoreError::Unavailable(why)) if why.contains("in time")));
    release.send(()).unwrap();
    store.write(remember("next")).await.unwrap();
    assert!(has(&store, "next").await && !has(&store, "late").await);
}

#[tokio::test]
async fn reads_go_on_while_the_writer_is_busy() {
    let (_folder, store) = open(&impatient());
    let release = hold(&store).await;
    assert!(!has(&store, "anything").await);
    release.send(()).unwrap();
}

#[tokio::test]
async fn what_waits_is_answered_before_the_end() {
    let (_folder, path) = place();
    let store = Arc::new(Sqlite::open(&path, &Options::default()).unwrap());
    let release = hold(&store).await;
    let queued = queue(&store, remember("queued")).await;
    release.send(()).unwrap();
    drop(store);
    queued.await.unwrap().unwrap();
    let again = Sqlite::open(&path, &Options::default()).unwrap();
    assert!(has(&again, "queued").await);
}
