//! Schemas: made once by many, refused when they are of a release to come, left alone where they are right.

use super::backend::{fresh, open};
use crate::postgres::schema::KNOWN;
use crate::{Store, StoreError};
use nauthera_test_postgres::shared;

/// The name of the database of a URL.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_make_the_schema_once() {
    for _ in 0..3 {
        let url = fresh().unwrap();
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let url = url.clone();
            starting.spawn(async move { open(&url).await.unwrap().ping().await });
        }
        for outcome in starting.join_all().await {
            outcome.unwrap();
        }
        let applied =
            shared().unwrap().sql(name(&url), "SELECT count(*), max(version) FROM refinery_schema_history");
        let applied = applied.unwrap();
        let (count, newest) = applied.trim().split_once('|').unwrap();
        assert_eq!(newest, KNOWN.to_string());
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres")).unwrap();
        assert_eq!(count, files.count().to_string());
    }
}

#[tokio::test]
async fn a_schema_of_a_release_to_come_is_refused_where_it_says_so() {
    let url = fresh().unwrap();
    drop(open(&url).await.unwrap());
    let server = shared().unwrap();
    let later = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                 VALUES (98, 'later', '2030-01-01T00:00:00Z', '1')";
    server.sql(name(&url), later).unwrap();
    open(&url).await.unwrap().ping().await.unwrap();
    server.sql(name(&url), "UPDATE nauthera_schema SET serves_from = 98").unwrap();
    let refused = open(&url).await.map(drop).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Corrupt(why) if why.contains("newer release") && why.contains("98")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_server_needs_no_right_to_change_a_schema_that_is_right() {
    let url = fresh().unwrap();
    drop(open(&url).await.unwrap());
    let server = shared().unwrap();
    let database = name(&url);
    let grants = format!(
        "CREATE ROLE plain_{database} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO plain_{database}"
    );
    server.sql(database, &grants).unwrap();
    let plain = url.replace("nauthera@", &format!("plain_{database}@"));
    open(&plain).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_told_at_once() {
    let wrong = open("postgres://db.example/d?sslmode=require").await.map(drop).unwrap_err();
    assert!(matches!(wrong, StoreError::Corrupt(_)), "{wrong}");
}
