//! A server that stops, hangs, fails over, fills up or changes its password under a running replica.

use crate::conformance::samples::{code, digest, store_code};
use crate::postgres::{Options, Postgres, Source};
use crate::{Result, Store, StoreError};
use nauthera_test_postgres::{How, Server, Settings};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Deadlines that tests can wait for.
fn impatient() -> Options {
    Options {
        connections: 4,
        wait: Duration::from_millis(200),
        connect: Duration::from_millis(500),
        statement: Duration::from_millis(500),
    }
}

async fn open(url: &str) -> Arc<dyn Store> {
    Arc::new(Postgres::open(Source::Url(url.into()), impatient()).await.unwrap())
}

fn server() -> Server {
    Server::start(&Settings::default()).unwrap()
}

fn is_away<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(StoreError::Unavailable(_)))
}

/// Asks until it answers, so long at most; how long that took.
async fn back_within(store: &Arc<dyn Store>, longest: Duration) -> Duration {
    let began = Instant::now();
    loop {
        match store.ping().await {
            Ok(()) => return began.elapsed(),
            Err(error) => assert!(began.elapsed() < longest, "not back: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_is_away_and_back_within_two_seconds() {
    let server = server();
    let store = open(&server.database("d").unwrap()).await;
    store_code(&store, &code("c")).await.unwrap();
    server.stop(How::Fast).unwrap();
    for _ in 0..20 {
        let began = Instant::now();
        assert!(is_away(&store.code(digest("c")).await));
        assert!(began.elapsed() < Duration::from_secs(1), "refused connections are told at once");
    }
    server.begin().unwrap();
    assert!(back_within(&store, Duration::from_secs(2)).await < Duration::from_secs(2));
    assert_eq!(store.code(digest("c")).await.unwrap(), Some(code("c")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_holds_up_nobody_for_long() {
    let server = server();
    let store = open(&server.database("d").unwrap()).await;
    store.ping().await.unwrap();
    server.pause().unwrap();
    let began = Instant::now();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let store = store.clone();
        waiting.spawn(async move { is_away(&store.code(digest("c")).await) });
    }
    assert!(waiting.join_all().await.into_iter().all(|away| away));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // Known to be silent, it is asked by one in a while; the others are refused at once.
    let began = Instant::now();
    for _ in 0..1_000 {
        assert!(is_away(&store.code(digest("c")).await));
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    server.resume().unwrap();
    back_within(&store, Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_that_closes_every_connection_is_not_seen_by_reads() {
    let server = server();
    let store = open(&server.database("d").unwrap()).await;
    store_code(&store, &code("c")).await.unwrap();
    for _ in 0..5 {
        server.end_connections("d").unwrap();
        let found = store.code(digest("c")).await;
        assert!(matches!(&found, Ok(Some(_))) || is_away(&found), "{found:?}");
        back_within(&store, Duration::from_secs(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_takes_no_writes_is_left_for_one_that_does() {
    let server = server();
    let url = server.database("d").unwrap();
    let store = open(&url).await;
    store.ping().await.unwrap();
    server.sql("postgres", "ALTER DATABASE d SET default_transaction_read_only = on").unwrap();
    server.end_connections("d").unwrap();
    let refused = loop {
        match store.ping().await {
            Ok(()) => {}
            Err(error) if error.to_string().contains("read-only") => break error,
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error}"),
        }
    };
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    server.sql("postgres", "ALTER DATABASE d RESET default_transaction_read_only").unwrap();
    back_within(&store, Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_at_the_start_is_taken_when_it_comes() {
    let server = server();
    let url = server.database("d").unwrap();
    server.stop(How::Immediate).unwrap();
    let store = open(&url).await;
    assert!(is_away(&store.ping().await));
    server.begin().unwrap();
    back_within(&store, Duration::from_secs(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_somebody_holds_is_waited_for_no_longer_than_a_statement_may_take() {
    let server = server();
    let url = server.database("d").unwrap();
    let store = open(&url).await;
    store.ping().await.unwrap();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute("BEGIN; UPDATE probe SET probes = 0").await.unwrap();
    let began = Instant::now();
    assert!(is_away(&store.ping().await));
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(store.code(digest("c")).await.unwrap(), None, "what needs not that row goes on");
    client.batch_execute("ROLLBACK").await.unwrap();
    back_within(&store, Duration::from_secs(2)).await;
    driver.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_change_in_a_file_are_followed() {
    let access = ["host all nauthera 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"];
    let settings = Settings { access: access.map(String::from).to_vec(), ..Settings::default() };
    let server = Server::start(&settings).unwrap();
    let url = server.database("d").unwrap();
    let role = "CREATE ROLE app LOGIN PASSWORD 'first'; GRANT ALL ON SCHEMA public TO app";
    server.sql("d", role).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    let with = |password: &str| url.replace("nauthera@", &format!("app:{password}@")) + "\n";
    std::fs::write(&file, with("first")).unwrap();
    let store = Postgres::open(Source::File(file.clone()), impatient()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    store.ping().await.unwrap();
    // Rotated: the old password is worth nothing, and connections made with it are closed.
    server.sql("d", "ALTER ROLE app PASSWORD 'second'").unwrap();
    server.end_connections("d").unwrap();
    let refused = loop {
        match store.ping().await {
            Ok(()) => {}
            Err(error) if error.to_string().contains("28P01") => break error,
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error}"),
        }
    };
    assert!(!refused.to_string().contains("first"), "{refused}");
    std::fs::write(&file, with("second")).unwrap();
    back_within(&store, Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_busy_is_told_soon() {
    let server = server();
    let url = server.database("d").unwrap();
    let store = Postgres::open(Source::Url(url.clone().into()), impatient()).await.unwrap();
    let store = Arc::new(store);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute("BEGIN; UPDATE probe SET probes = 0").await.unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        waiting.spawn(async move { store.ping().await.unwrap_err().to_string() });
    }
    let told = waiting.join_all().await;
    assert!(told.iter().any(|why| why.contains("connections are busy")), "{told:?}");
    assert!(store.pool().open <= 4);
    client.batch_execute("ROLLBACK").await.unwrap();
    driver.abort();
}
