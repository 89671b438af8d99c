//! Two replicas on one PostgreSQL: what one decides the other knows at once, and what one does not finish the other does.

use crate::back_channel::{Teller, logged_in, tells, until_pending};
use crate::support::{ADA, Answer, Authorize, Browser, Receiver, Setup, Tokens, World};
use nauthera_core::facts::Subject;
use nauthera_store::Store;
use nauthera_store::postgres::{Options, Postgres, Source};
use std::sync::Arc;

async fn opened(url: &str) -> Arc<dyn Store> {
    Arc::new(Postgres::open(Source::Url(url.into()), Options::default()).await.unwrap())
}

/// Two of them, each with connections of its own.
async fn two() -> (World, World) {
    let url = nauthera_test_postgres::database().unwrap();
    let setup = Setup { allow_private_fetch: true, store: Some(opened(&url).await), ..Setup::default() };
    let one = World::build(setup);
    let other = one.replica(opened(&url).await);
    (one, other)
}

/// The same browser, in front of another replica.
fn moved<'a>(browser: &Browser<'_>, world: &'a World) -> Browser<'a> {
    let mut moved = world.browser();
    moved.cookies = browser.cookies.clone();
    moved
}

#[tokio::test(flavor = "multi_thread")]
async fn each_client_is_told_once_by_whichever_replica() {
    let (one, other) = two().await;
    let receiver = Receiver::start().await;
    for world in [&one, &other] {
        tells(world, "trusted", &receiver);
    }
    let mut subject = None;
    for world in [&one, &other].into_iter().cycle().take(30) {
        let (_, tokens) = logged_in(world, &["trusted"]).await;
        subject = Some(Subject(tokens[0].id_claims()["sub"].as_str().unwrap().into()));
    }
    let ended = one.app.store.end_sessions_of(&subject.unwrap(), None, one.app.now()).await.unwrap();
    assert_eq!(ended, 30);
    let _tellers = (Teller::of(&one), Teller::of(&other));
    assert_eq!(receiver.sids(30).await.len(), 30);
    until_pending(&other, 0).await;
    assert_eq!(receiver.received().len(), 30);
    for received in receiver.received() {
        // Whoever signed it: the keys are published by both.
        received.verified(&other, "shop.trusted").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replica_claimed_and_did_not_finish_another_tells_when_the_claim_has_lapsed() {
    let (one, other) = two().await;
    let receiver = Receiver::answering(&[Answer::Nothing], Answer::Status(200)).await;
    for world in [&one, &other] {
        tells(world, "trusted", &receiver);
    }
    let (mut browser, tokens) = logged_in(&one, &["trusted"]).await;
    crate::back_channel::log_out(&mut browser, &tokens[0]).await;
    let dies = Teller::of(&one);
    receiver.told(1).await;
    drop(dies);
    let _lives = Teller::of(&other);
    other.clock.advance(14);
    other.app.bell.ring();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(receiver.received().len(), 1, "the claim holds");
    other.clock.advance(1);
    other.app.bell.ring();
    let received = receiver.told(2).await;
    assert_eq!(received[1].verified(&other, "shop.trusted").await["sid"], tokens[0].id_claims()["sid"]);
    until_pending(&one, 0).await;
    let line = other.audit.last("backchannel_logout_sent");
    assert_eq!((&line["attempts"], &line["status"]), (&2.into(), &200.into()));
}

async fn is_in(browser: &Browser<'_>, world: &World) -> bool {
    !moved(browser, world).open("/account").await.is_login()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_page_of_one_reaches_what_began_on_the_other() {
    let (one, other) = two().await;
    let mut here = one.browser();
    here.sign_in(ADA).await;
    one.clock.advance(1);
    let request = Authorize::of("web").set("scope", "openid orders:read");
    let mut there = other.browser();
    let code = there.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(&one, &code).send().await);
    let page = here.open("/account").await;
    assert_eq!(page.forms_with("action", "end_session").len(), 2);
    assert!(page.text().contains("The web app") && page.text().contains("orders:read"), "{page}");
    let sid = tokens.id_claims()["sid"].as_str().unwrap().to_owned();
    here.submit(&page.forms_with("sid", &sid)[0]).await;
    for world in [&one, &other] {
        assert!(!is_in(&there, world).await && is_in(&here, world).await);
        assert!(!tokens.live(world).await);
    }
    let page = moved(&here, &other).open("/account").await;
    assert_eq!(page.forms_with("action", "withdraw_consent").len(), 1);
    moved(&here, &other).submit(&page.forms_with("action", "withdraw_consent")[0]).await;
    assert!(here.open("/account").await.forms_with("action", "withdraw_consent").is_empty());
    assert!(moved(&here, &one).open(&request.path(&one)).await.is_consent());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_is_everywhere_at_once() {
    let (one, other) = two().await;
    let mut browsers = Vec::new();
    for n in 0..6 {
        let mut browser = if n % 2 == 0 { one.browser() } else { other.browser() };
        browser.sign_in(ADA).await;
        browsers.push(browser);
    }
    let page = browsers[0].clone().open("/account").await;
    browsers[0].submit(&page.forms_with("action", "end_others")[0]).await;
    for (n, browser) in browsers.iter().enumerate() {
        assert_eq!((is_in(browser, &one).await, is_in(browser, &other).await), (n == 0, n == 0), "{n}");
    }
    browsers[1].sign_in(ADA).await;
    let mut elsewhere = moved(&browsers[1], &one);
    let page = elsewhere.open("/account").await;
    assert!(elsewhere.submit(&page.forms_with("action", "end_all")[0]).await.is_login());
    assert_eq!(elsewhere.session(), None, "the cookie is taken away");
    for browser in &browsers {
        assert!(!is_in(browser, &one).await && !is_in(browser, &other).await);
    }
}
