//! Limits and used assertions that replicas share: through the database, or through Redis where there is one.

use crate::audit::admin;
use crate::support::{
    ADA, Authorize, Browser, Call, Form, Reply, Setup, Tokens, World, assertion, holds_within,
};
use nauthera_store::Store;
use nauthera_store::limits::SharedMemory;
use nauthera_store::postgres::{Options, Postgres};
use nauthera_store::redis::{Redis, Source};
use nauthera_test_redis::{Server, namespace};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// A replica beside a Redis.
async fn beside(server: &Server, namespace: &str) -> World {
    within(Duration::from_secs(5), server, namespace).await
}

/// One that waits so long for an answer.
async fn within(within: Duration, server: &Server, namespace: &str) -> World {
    let options = nauthera_store::redis::Options { within };
    let redis = Redis::open(Source::Url(server.url().into()), namespace, options).await.unwrap();
    let shared: Arc<dyn SharedMemory> = Arc::new(redis);
    World::build(Setup { shared: Some(shared), ..Setup::default() })
}

/// A replica on a database.
async fn on(url: &str) -> World {
    let source = nauthera_store::postgres::Source::Url(url.into());
    let store: Arc<dyn Store> = Arc::new(Postgres::open(source, Options::default()).await.unwrap());
    World::build(Setup { store: Some(store), ..Setup::default() })
}

async fn login(world: &World) -> (Browser<'_>, Form) {
    let mut browser = world.browser();
    let form = browser.open(&Authorize::of("trusted").path(world)).await.form();
    (browser, form.set("username", ADA.0))
}

async fn guesses_at(replicas: &[&World]) -> usize {
    let mut all = Vec::new();
    for world in replicas {
        all.push(login(world).await);
    }
    let mut looked_at = 0;
    for turn in 0..60 {
        let (browser, form) = &mut all[turn % replicas.len()];
        looked_at += usize::from(browser.post(&form.clone().set("password", "wrong")).await.status == 200);
    }
    looked_at
}

fn away(reply: &Reply) {
    assert_eq!(reply.error(), (503, "temporarily_unavailable".into()));
    assert!(!reply.header("retry-after").is_empty(), "{reply}");
}

fn by_assertion<'a>(world: &'a World, assertion: &str) -> Call<'a> {
    Call::token(world, "client_credentials").asserting(assertion)
}

async fn kept(world: &World) -> String {
    admin(world, "GET", "/status").await.ok()["limits"].as_str().unwrap().to_owned()
}

async fn until(asked: impl AsyncFnMut() -> bool) {
    assert!(holds_within(Duration::from_secs(20), asked).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_on_one_postgresql_count_guesses_together() {
    let url = nauthera_test_postgres::database().unwrap();
    let (one, two, three) = (on(&url).await, on(&url).await, on(&url).await);
    assert_eq!(guesses_at(&[&one, &two, &three]).await, 6);
    assert_eq!(kept(&one).await, "shared");
    let text = admin(&one, "GET", "/metrics").await.text().to_owned();
    assert!(text.contains("nauthera_limits_away 0\n"), "{text}");
    assert!(text.contains("nauthera_limits_unanswered_total 0\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_beside_one_redis_count_guesses_together() {
    let (name, server) = (namespace(), nauthera_test_redis::shared().unwrap());
    let (one, two) = (beside(server, &name).await, beside(server, &name).await);
    assert_eq!(guesses_at(&[&one, &two]).await, 6);
    assert_eq!(kept(&one).await, "shared");
}

#[tokio::test]
async fn a_server_of_its_own_keeps_its_own_limits() {
    let world = World::new();
    assert_eq!(guesses_at(&[&world]).await, 6);
    assert_eq!(kept(&world).await, "own");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_taken_once_by_all_replicas_beside_one_redis() {
    let (name, server) = (namespace(), nauthera_test_redis::shared().unwrap());
    let (one, two) = (beside(server, &name).await, beside(server, &name).await);
    let signed = assertion(&one, "shop.jwt", &json!({}));
    Tokens::of(&by_assertion(&one, &signed).send().await);
    for world in [&one, &two] {
        assert_eq!(by_assertion(world, &signed).send().await.error(), (401, "invalid_client".into()));
    }
    let signed = assertion(&one, "shop.jwt", &json!({}));
    let both = (0..40).map(|n| by_assertion(if n % 2 == 0 { &one } else { &two }, &signed));
    let calls: Vec<Call<'_>> = both.collect();
    let replies = futures::future::join_all(calls.iter().map(Call::send)).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
}

#[tokio::test]
async fn while_redis_is_away_limits_go_on_and_no_assertion_is_taken_unseen() {
    let server = Server::start().unwrap();
    let world = beside(&server, "away").await;
    let (mut browser, form) = login(&world).await;
    let wrong = form.clone().set("password", "wrong");
    for _ in 0..3 {
        assert_eq!(browser.post(&wrong).await.status, 200);
    }
    let before = assertion(&world, "shop.jwt", &json!({}));
    Tokens::of(&by_assertion(&world, &before).send().await);
    server.kill();
    let signed = assertion(&world, "shop.jwt", &json!({}));
    for _ in 0..3 {
        away(&by_assertion(&world, &signed).send().await);
        away(&by_assertion(&world, &before).send().await);
    }
    // Who needs no assertion goes on, and guesses go on where they stood.
    Tokens::of(&Call::token(&world, "client_credentials").by("shop.job").send().await);
    for _ in 0..3 {
        assert_eq!(browser.post(&wrong).await.status, 200);
    }
    assert_eq!(browser.post(&wrong).await.status, 429);
    assert_eq!(kept(&world).await, "away");
    let text = admin(&world, "GET", "/metrics").await.text().to_owned();
    assert!(text.contains("nauthera_limits_away 1\n"), "{text}");
    server.begin().unwrap();
    until(async || by_assertion(&world, &signed).send().await.status == 200).await;
    assert_eq!(by_assertion(&world, &signed).send().await.error(), (401, "invalid_client".into()));
    world.clock.advance(60);
    assert!(!browser.submit(&form.set("password", ADA.1)).await.code().is_empty());
    assert_eq!(kept(&world).await, "shared");
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_up() {
    let server = Server::start().unwrap();
    let world = within(Duration::from_millis(100), &server, "hangs").await;
    server.pause().unwrap();
    let (mut browser, form) = login(&world).await;
    assert!(!browser.submit(&form.set("password", ADA.1)).await.code().is_empty());
    let signed = assertion(&world, "shop.jwt", &json!({}));
    away(&by_assertion(&world, &signed).send().await);
    server.resume().unwrap();
    let taken = async || {
        let signed = assertion(&world, "shop.jwt", &json!({}));
        by_assertion(&world, &signed).send().await.status == 200
    };
    until(taken).await;
}
