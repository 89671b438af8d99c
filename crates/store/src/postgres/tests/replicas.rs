//! Two replicas on one database: what must happen once happens once over both.

use super::backend::{fresh, open};
use crate::conformance::samples::{
    code, digest, grant_id, grant_of, issue, later, new_refresh, revoked_at, store_code, turn,
};
use crate::postgres::Postgres;
use crate::{Redemption, Rotation, Store};
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

async fn three() -> [Arc<Postgres>; 3] {
    let url = fresh().unwrap();
    let (a, b, c) = tokio::join!(open(&url), open(&url), open(&url));
    [a.unwrap(), b.unwrap(), c.unwrap()]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_on_three_replicas_is_taken_once() {
    let stores = three().await;
    let one: Arc<dyn Store> = stores[0].clone();
    store_code(&one, &code("c")).await.unwrap();
    let start = Arc::new(Barrier::new(200));
    let mut callers = JoinSet::new();
    for n in 0..200 {
        let (store, start) = (stores[n % 3].clone(), start.clone());
        callers.spawn(async move {
            start.wait().await;
            let refresh = Some(new_refresh(&format!("t{n}")));
            store.redeem_code(digest("c"), grant_of(&code("c")), refresh, later(1)).await.unwrap()
        });
    }
    let all = callers.join_all().await;
    assert_eq!(all.iter().filter(|taken| **taken == Redemption::Won).count(), 1);
    assert!(revoked_at(&one, grant_id("c")).await.unwrap().is_some(), "the others revoked it");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refresh_token_on_three_replicas_has_one_successor() {
    let stores = three().await;
    let one: Arc<dyn Store> = stores[0].clone();
    issue(&one, &code("c"), "t").await.unwrap();
    let start = Arc::new(Barrier::new(200));
    let mut callers = JoinSet::new();
    for n in 0..200 {
        let (store, start) = (stores[n % 3].clone(), start.clone());
        callers.spawn(async move {
            start.wait().await;
            let word = format!("u{n}");
            let outcome = store.rotate_refresh(turn("c", "t", &word), later(1)).await;
            (word, outcome.unwrap())
        });
    }
    let all = callers.join_all().await;
    let winners: Vec<&String> =
        all.iter().filter(|(_, outcome)| *outcome == Rotation::Won).map(|(word, _)| word).collect();
    let [winner] = winners.as_slice() else { panic!("{winners:?}") };
    for (word, outcome) in &all {
        if word != *winner {
            let Rotation::Lost(found) = outcome else { panic!("{word}: {outcome:?}") };
            assert_eq!(found.0.rotated.as_ref().unwrap().sealed_successor, winner.as_bytes());
        }
    }
}
