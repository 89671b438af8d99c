//! Back-channel logout: clients are told of every end of a session, by a token that they can verify, until they have taken it.

use crate::audit::admin;
use crate::support::{
    ADA, Answer, Authorize, Browser, Form, GRACE, Receiver, Setup, Tokens, World, claims_of, holds_within,
};
use nauthera_core::facts::Subject;
use nauthera_core::time::Seconds;
use nauthera_core::uri::BackChannelUri;
use nauthera_server::logouts;
use std::time::Duration;
use tokio::task::JoinHandle;

const DAY: Seconds = Seconds::hours(24);

/// A provider that may call this machine.
pub fn world() -> World {
    World::build(Setup { allow_private_fetch: true, ..Setup::default() })
}

/// A client of the world is told there from now on.
pub fn tells(world: &World, client: &str, receiver: &Receiver) {
    let uri = BackChannelUri::parse(&receiver.url).unwrap();
    world.edit_client(client, |spec| spec.back_channel_logout_uri = Some(uri));
}

/// What tells clients, for as long as it is held.
pub struct Teller(JoinHandle<()>);

impl Teller {
    pub fn of(world: &World) -> Self {
        Self(tokio::spawn(logouts::run(world.app.clone())))
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Ada logs in to clients in one browser; the tokens that each got.
pub async fn logged_in<'a>(world: &'a World, clients: &[&str]) -> (Browser<'a>, Vec<Tokens>) {
    let mut browser = world.browser();
    let mut all = Vec::new();
    for client in clients {
        let request = Authorize::of(client);
        let code = browser.authorize(&request).await.code();
        all.push(Tokens::of(&request.redeem(world, &code).send().await));
    }
    (browser, all)
}

pub async fn log_out(browser: &mut Browser<'_>, tokens: &Tokens) {
    let query = Form::of("", &[("id_token_hint", tokens.id.as_str())]).body();
    assert_eq!(browser.get(&format!("/oauth2/logout?{query}")).await.status, 200);
}

/// Logs out of a new session with a client.
async fn one_logout(world: &World, client: &str) -> Tokens {
    let (mut browser, tokens) = logged_in(world, &[client]).await;
    log_out(&mut browser, &tokens[0]).await;
    tokens[0].clone()
}

pub async fn pending(world: &World) -> u64 {
    world.app.store.logout_queue().await.unwrap().pending
}

/// Waits until so many deliveries wait.
pub async fn until_pending(world: &World, count: u64) {
    let came = holds_within(Duration::from_secs(20), async || pending(world).await == count).await;
    assert!(came, "{} deliveries wait, not {count}", pending(world).await);
}

/// What a metric of back-channel logout stands at.
async fn counted(world: &World, metric: &str) -> u64 {
    let text = admin(world, "GET", "/metrics").await;
    let start = format!("nauthera_backchannel_logouts{metric} ");
    let line = text.text().lines().find_map(|line| line.strip_prefix(&start).map(str::to_owned));
    line.unwrap_or_else(|| panic!("{metric}: {text}")).parse().unwrap()
}

/// Waits until an outcome has come so often; what comes of a try is counted last of all.
async fn until_came(world: &World, outcome: &str, count: u64) {
    let metric = format!("_total{{outcome=\"{outcome}\"}}");
    let in_time =
        holds_within(Duration::from_secs(20), async || counted(world, &metric).await >= count).await;
    let came = counted(world, &metric).await;
    assert!(in_time && came == count, "{outcome} came {came} times, not {count}");
}

async fn until_failed(world: &World, count: u64) {
    until_came(world, "failed", count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_of_a_session_is_told_by_a_token_that_it_can_verify() {
    let world = world();
    let (trusted, second) = (Receiver::start().await, Receiver::start().await);
    tells(&world, "trusted", &trusted);
    tells(&world, "second", &second);
    let _teller = Teller::of(&world);
    let (mut browser, tokens) = logged_in(&world, &["trusted", "spa", "second", "trusted"]).await;
    log_out(&mut browser, &tokens[0]).await;
    let id = tokens[0].id_claims();
    let mut ids = Vec::new();
    for (receiver, client) in [(&trusted, "shop.trusted"), (&second, "shop.second")] {
        let claims = receiver.told(1).await[0].verified(&world, client).await;
        assert_eq!((&claims["sub"], &claims["sid"]), (&id["sub"], &id["sid"]), "{client}");
        ids.push(claims["jti"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    // The third client of the session registered no place to be told at.
    until_pending(&world, 0).await;
    assert_eq!((trusted.received().len(), second.received().len()), (1, 1), "each once");
    let sent = world.audit.with("backchannel_logout_sent", 2);
    let line = sent
        .iter()
        .find(|line| line["client_id"] == "shop.trusted" && line["event"] == "backchannel_logout_sent");
    let line = line.unwrap();
    assert_eq!((&line["subject"], &line["sid"]), (&id["sub"], &id["sid"]));
    assert_eq!((&line["attempts"], &line["status"]), (&1.into(), &200.into()));
    assert!(!line["policies"].as_array().unwrap().is_empty(), "{line}");
    assert!(!world.audit.text_with("logout", 1).contains(&trusted.received()[0].token()));
    until_came(&world, "sent", 2).await;
    until_came(&world, "dropped", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_token_is_no_id_token_and_no_hint() {
    let world = world();
    let receiver = Receiver::start().await;
    tells(&world, "trusted", &receiver);
    let _teller = Teller::of(&world);
    one_logout(&world, "trusted").await;
    let token = receiver.told(1).await[0].token();
    let (mut browser, tokens) = logged_in(&world, &["trusted"]).await;
    assert!(!Tokens { access: token.clone(), ..tokens[0].clone() }.live(&world).await);
    let asked = browser.get(&format!("/oauth2/logout?id_token_hint={token}")).await;
    assert!(asked.text().contains("value=\"stay\""), "it counts as no hint: {asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_whichever_way_a_session_ends() {
    let world = world();
    let receiver = Receiver::start().await;
    tells(&world, "trusted", &receiver);
    let _teller = Teller::of(&world);
    let mut ended = 0;
    for way in ["logout", "end_session", "end_others", "end_all", "another person"] {
        let (mut browser, tokens) = logged_in(&world, &["trusted"]).await;
        let (mut elsewhere, _) = logged_in(&world, &[]).await;
        elsewhere.sign_in(ADA).await;
        let sid = tokens[0].id_claims()["sid"].as_str().unwrap().to_owned();
        if way == "another person" {
            let request = Authorize::of("trusted").and("prompt", "login");
            browser.authorize_as(&request, GRACE).await.code();
        } else {
            let from = if way == "logout" || way == "end_all" { &mut browser } else { &mut elsewhere };
            let page = from.open("/account").await;
            let forms = page.forms_with("action", way);
            let form =
                forms.iter().find(|form| way != "end_session" || form.get("sid") == Some(&sid)).unwrap();
            from.post(form).await;
        }
        ended += 1;
        assert!(receiver.sids(ended).await.contains(&sid), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_access_away_tells_nobody_until_the_session_ends() {
    let world = world();
    let receiver = Receiver::start().await;
    tells(&world, "web", &receiver);
    let _teller = Teller::of(&world);
    let (mut browser, _) = logged_in(&world, &["web"]).await;
    let page = browser.open("/account").await;
    browser.submit(&page.forms_with("action", "withdraw_consent")[0]).await;
    assert_eq!(pending(&world).await, 0);
    let page = browser.open("/account").await;
    browser.submit(&page.forms_with("action", "logout")[0]).await;
    receiver.told(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_by_itself_tells_nobody() {
    let world = world();
    let receiver = Receiver::start().await;
    tells(&world, "trusted", &receiver);
    let (browser, tokens) = logged_in(&world, &["trusted"]).await;
    world.clock.pass(Seconds::hours(13));
    while world.app.sweep().await.unwrap() > 0 {}
    assert!(browser.clone().open("/account").await.is_login());
    assert_eq!(pending(&world).await, 0);
    let subject = Subject(tokens[0].id_claims()["sub"].as_str().unwrap().into());
    assert_eq!(world.app.store.sessions_of(&subject).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_told_hours_after_its_tokens_have_ended() {
    let world = world();
    let receiver = Receiver::start().await;
    tells(&world, "brief", &receiver);
    let _teller = Teller::of(&world);
    let (mut browser, tokens) = logged_in(&world, &["brief"]).await;
    for _ in 0..22 {
        world.clock.pass(Seconds::minutes(30));
        browser.open("/account").await;
        world.app.sweep().await.unwrap();
    }
    let page = browser.open("/account").await;
    browser.submit(&page.forms_with("action", "logout")[0]).await;
    let claims = receiver.told(1).await[0].verified(&world, "shop.brief").await;
    assert_eq!(claims["sid"], tokens[0].id_claims()["sid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_and_four_means_told_and_four_hundred_is_final() {
    let world = world();
    let (told, refuses) = (
        Receiver::answering(&[], Answer::Status(204)).await,
        Receiver::answering(&[], Answer::Status(400)).await,
    );
    tells(&world, "trusted", &told);
    tells(&world, "second", &refuses);
    let _teller = Teller::of(&world);
    let (mut browser, tokens) = logged_in(&world, &["trusted", "second"]).await;
    log_out(&mut browser, &tokens[0]).await;
    refuses.told(1).await;
    until_pending(&world, 0).await;
    assert_eq!((told.received().len(), refuses.received().len()), (1, 1));
    until_came(&world, "sent", 1).await;
    until_came(&world, "refused", 1).await;
    let line = world.audit.last("backchannel_logout_refused");
    assert_eq!(line["client_id"], "shop.second");
    assert_eq!((&line["attempts"], &line["status"]), (&1.into(), &400.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_tried_again_with_a_new_token() {
    let world = world();
    let answers = [500, 302, 404, 202].map(Answer::Status);
    let receiver = Receiver::answering(&answers, Answer::Status(200)).await;
    tells(&world, "trusted", &receiver);
    let _teller = Teller::of(&world);
    one_logout(&world, "trusted").await;
    let mut ids = Vec::new();
    for (tries, wait) in [2, 3, 6, 12, 0].into_iter().enumerate() {
        let received = receiver.told(tries + 1).await;
        let claims = received[tries].verified(&world, "shop.trusted").await;
        ids.push(claims["jti"].to_string());
        if wait > 0 {
            until_failed(&world, tries as u64 + 1).await;
            world.clock.advance(wait);
            world.app.bell.ring();
        }
    }
    until_pending(&world, 0).await;
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "each try has a token of its own");
    until_came(&world, "sent", 1).await;
    until_came(&world, "failed", 4).await;
    assert_eq!(world.audit.last("backchannel_logout_sent")["attempts"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let world = world();
    let elsewhere = Receiver::start().await;
    let receiver = Receiver::answering(&[], Answer::Redirect(elsewhere.url.clone())).await;
    tells(&world, "trusted", &receiver);
    let _teller = Teller::of(&world);
    one_logout(&world, "trusted").await;
    until_failed(&world, 1).await;
    assert!(elsewhere.received().is_empty());
    assert_eq!(pending(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_an_answer() {
    let world = world();
    let receiver = Receiver::answering(&[], Answer::Endless).await;
    tells(&world, "trusted", &receiver);
    let _teller = Teller::of(&world);
    one_logout(&world, "trusted").await;
    until_pending(&world, 0).await;
    until_came(&world, "sent", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_is_left_after_five_seconds_and_holds_nobody_up() {
    let world = world();
    let (hangs, answers) = (Receiver::answering(&[], Answer::Nothing).await, Receiver::start().await);
    tells(&world, "trusted", &hangs);
    tells(&world, "second", &answers);
    for _ in 0..10 {
        one_logout(&world, "trusted").await;
    }
    let began = tokio::time::Instant::now();
    let _teller = Teller::of(&world);
    hangs.told(2).await;
    one_logout(&world, "second").await;
    answers.told(1).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(hangs.received().len(), 2, "two at a time to one client");
    until_failed(&world, 2).await;
    assert!(began.elapsed() > Duration::from_secs(4), "{:?}", began.elapsed());
    let sids = hangs.sids(4).await;
    assert_eq!(sids.len(), 4, "others of it come first then");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_away_is_told_for_a_day_and_then_given_up() {
    let world = world();
    let receiver = Receiver::answering(&[], Answer::Status(503)).await;
    tells(&world, "trusted", &receiver);
    let _teller = Teller::of(&world);
    one_logout(&world, "trusted").await;
    until_failed(&world, 1).await;
    world.clock.pass(Seconds::new(DAY.get() - 1));
    world.app.bell.ring();
    until_pending(&world, 0).await;
    let line = world.audit.last("backchannel_logout_given_up");
    assert_eq!(line["client_id"], "shop.trusted");
    assert_eq!((&line["attempts"], &line["status"]), (&2.into(), &503.into()));
    assert_eq!(receiver.received().len(), 2);
    until_came(&world, "given_up", 1).await;
    until_came(&world, "failed", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_tried_in_a_day_is_not_sent_any_more() {
    let world = world();
    let receiver = Receiver::start().await;
    tells(&world, "trusted", &receiver);
    one_logout(&world, "trusted").await;
    world.clock.pass(DAY);
    let _teller = Teller::of(&world);
    until_pending(&world, 0).await;
    assert!(receiver.received().is_empty());
    let line = world.audit.last("backchannel_logout_given_up");
    assert!(line.get("status").is_none(), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_changed_meanwhile_is_obeyed() {
    let world = world();
    let (before, after) = (Receiver::start().await, Receiver::start().await);
    for client in ["trusted", "second"] {
        tells(&world, client, &before);
    }
    let (mut browser, tokens) = logged_in(&world, &["trusted", "second"]).await;
    log_out(&mut browser, &tokens[0]).await;
    tells(&world, "trusted", &after);
    world.edit_client("second", |client| client.back_channel_logout_uri = None);
    let _teller = Teller::of(&world);
    after.told(1).await;
    until_pending(&world, 0).await;
    assert!(before.received().is_empty());
    until_came(&world, "sent", 1).await;
    until_came(&world, "dropped", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_called_only_where_that_was_allowed() {
    let world = World::new();
    let receiver = Receiver::start().await;
    tells(&world, "trusted", &receiver);
    let _teller = Teller::of(&world);
    one_logout(&world, "trusted").await;
    until_failed(&world, 1).await;
    world.clock.pass(DAY);
    world.app.bell.ring();
    until_pending(&world, 0).await;
    assert!(receiver.received().is_empty());
    until_came(&world, "given_up", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_measured_and_survives_a_restart() {
    let world = world();
    let receiver = Receiver::start().await;
    tells(&world, "trusted", &receiver);
    for _ in 0..3 {
        one_logout(&world, "trusted").await;
    }
    let world = world.restarted();
    world.clock.advance(100);
    assert_eq!(pending(&world).await, 3);
    // The client is away, so that they stay.
    drop(receiver);
    let _teller = Teller::of(&world);
    until_failed(&world, 3).await;
    assert!(holds_within(Duration::from_secs(20), async || counted(&world, "_pending").await == 3).await);
    assert!(counted(&world, "_oldest_age_seconds").await >= 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_logouts_reaches_each_of_many_sessions_once() {
    let world = world();
    let receiver = Receiver::start().await;
    tells(&world, "trusted", &receiver);
    let _teller = Teller::of(&world);
    let mut ended = Vec::new();
    for _ in 0..40 {
        let (_, tokens) = logged_in(&world, &["trusted"]).await;
        ended.push(tokens[0].id_claims());
    }
    let subject = Subject(ended[0]["sub"].as_str().unwrap().into());
    assert_eq!(world.app.store.end_sessions_of(&subject, None, world.app.now()).await.unwrap(), 40);
    world.app.bell.ring();
    let expected = ended.iter().map(|id| id["sid"].as_str().unwrap().to_owned()).collect();
    assert_eq!(receiver.sids(40).await, expected);
    until_pending(&world, 0).await;
    assert_eq!(receiver.received().len(), 40);
    let claims = claims_of(&receiver.received()[0].token());
    assert_eq!(claims["aud"], "shop.trusted");
}
