//! Limits on PostgreSQL: shared by all who are connected, swept when they are over.

use super::backend::{fresh as database, open};
use crate::Store;
use crate::limits::tests::{
    GUESSES, NOW, PLACES, admitted, counts_all_or_none, counts_as_core_does, counts_as_one, fresh,
};
use crate::limits::{Ask, Limiter, Memory, Shared};
use nauthera_core::time::UnixTime;
use nauthera_test_postgres::{How, Server, Settings};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn they_count_as_core_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let store = runtime.block_on(async { open(&database().unwrap()).await }).unwrap();
    counts_as_core_does(&*store, &runtime).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_counted_all_or_none_and_as_one() {
    let url = database().unwrap();
    let (one, two) = (open(&url).await.unwrap(), open(&url).await.unwrap());
    counts_all_or_none(&*one).await;
    counts_as_one(vec![one, two]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_them() {
    let url = database().unwrap();
    let replica = async || {
        let store: Arc<dyn Store> = open(&url).await.unwrap();
        Limiter::new(Shared::Store(store), Memory::default())
    };
    let (one, two, guess) = (replica().await, replica().await, fresh(&GUESSES));
    for replica in [&one, &two, &one, &two] {
        replica.admit(&[guess], NOW).await.unwrap();
    }
    for replica in [&one, &two] {
        let refused = replica.admit(&[guess], NOW).await.unwrap_err();
        assert_eq!((refused.rule, refused.wait.seconds()), (&GUESSES, 1));
    }
    assert!(!one.health().is_away() && one.health().missed() == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_swept_and_the_rest_stays() {
    let store = open(&database().unwrap()).await.unwrap();
    let over: Vec<Ask> = (0..40).map(|_| fresh(&PLACES)).collect();
    for ask in &over {
        assert!(admitted(&*store, &[*ask], NOW).await);
    }
    let kept = fresh(&GUESSES);
    for _ in 0..4 {
        assert!(admitted(&*store, &[kept], NOW).await);
    }
    let later = UnixTime(NOW.0 / 1_000_000 + 60);
    assert_eq!(store.sweep(later, 25).await.unwrap(), 25, "in steps");
    assert_eq!(store.sweep(later, 25).await.unwrap(), 15);
    assert_eq!(store.sweep(later, 25).await.unwrap(), 0);
    assert!(!admitted(&*store, &[kept], NOW).await, "who must wait is not forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_leaves_each_replica_its_own_from_where_it_stood() {
    let server = Server::start(&Settings::default()).unwrap();
    let store: Arc<dyn Store> = open(&server.database("limits").unwrap()).await.unwrap();
    let limiter = Limiter::new(Shared::Store(store), Memory::default());
    let guess = fresh(&GUESSES);
    limiter.admit(&[guess], NOW).await.unwrap();
    server.stop(How::Fast).unwrap();
    for _ in 0..3 {
        limiter.admit(&[guess], NOW).await.unwrap();
    }
    limiter.admit(&[guess], NOW).await.unwrap_err();
    assert!(limiter.health().is_away() && limiter.health().missed() >= 1);
    server.begin().unwrap();
    let back = async {
        while limiter.health().is_away() {
            limiter.admit(&[fresh(&PLACES)], NOW).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back).await.unwrap();
}
