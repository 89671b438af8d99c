//! Limits of one server: who is slowed down, who never is, and what they are told.

use crate::audit::admin;
use crate::support::{ADA, Authorize, Browser, Call, Form, GRACE, Reply, Setup, Tokens, World, secret_of};
use std::net::{IpAddr, Ipv4Addr};

const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

fn wrong<'a>(world: &'a World, id: &str) -> Call<'a> {
    Call::token(world, "client_credentials").basic(id, "wrong")
}

/// Too much, with the time to wait.
fn limited(reply: &Reply) -> i64 {
    assert_eq!(reply.error(), (429, "temporarily_unavailable".into()));
    let wait: i64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{reply}");
    let told = reply.json()["error_description"].as_str().unwrap().to_owned();
    assert!(told.contains(&format!("try again in {wait} s")), "{told}");
    wait
}

/// Sends it until it is limited; how often it was not, and the answer that says so.
async fn until_limited<'a>(call: impl Fn() -> Call<'a>, status: u16) -> (usize, Reply) {
    for count in 0..5_000 {
        let reply = call().send().await;
        if reply.status == 429 {
            return (count, reply);
        }
        assert_eq!(reply.status, status, "{reply}");
    }
    panic!("nobody is limited");
}

async fn refused_by(world: &World, limit: &str) -> u64 {
    let text = admin(world, "GET", "/metrics").await.text().to_owned();
    let name = format!("nauthera_limited_total{{limit=\"{limit}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap_or_else(|| panic!("{name}\n{text}")).parse().unwrap()
}

#[tokio::test]
async fn a_storm_of_wrong_secrets_is_told_to_wait_and_holds_nobody_up_who_has_the_right_one() {
    let world = World::new();
    let (count, reply) = until_limited(|| wrong(&world, "shop.job"), 401).await;
    assert!((50..=150).contains(&count), "{count}");
    let told = reply.json()["error_description"].as_str().unwrap().to_owned();
    assert!(told.contains("check the client's id, method and credentials"), "{told}");
    let mut wait = limited(&reply);
    for _ in 0..10 {
        for _ in 0..20 {
            limited(&wrong(&world, "shop.job").send().await);
            let right = Call::token(&world, "client_credentials").by("shop.job").send().await;
            assert_eq!(right.status, 200, "from the same address");
        }
        assert_eq!(wrong(&world, "shop.job").from(ELSEWHERE).send().await.status, 401, "from another one");
        world.clock.advance(wait);
        assert_eq!(
            wrong(&world, "shop.job").send().await.status,
            401,
            "after the wait it is looked at again"
        );
        wait = limited(&wrong(&world, "shop.job").send().await);
    }
    assert!(wait >= 16, "delays grow: {wait}");
    world.clock.advance(3_600);
    assert_eq!(wrong(&world, "shop.job").send().await.status, 401, "and are forgotten");
}

#[tokio::test]
async fn a_client_that_does_not_exist_is_limited_as_one_that_does() {
    let world = World::new();
    let mut counts = Vec::new();
    for (n, id) in ["shop.job", "shop.nobody", "shop.jwt", "shop.spa"].into_iter().enumerate() {
        let from = Ipv4Addr::new(198, 51, 100, u8::try_from(n).unwrap());
        let (count, reply) = until_limited(|| wrong(&world, id).from(from), 401).await;
        counts.push((count, limited(&reply)));
    }
    counts.dedup();
    assert_eq!(counts.len(), 1, "{counts:?}");
}

#[tokio::test]
async fn an_address_that_tries_many_clients_is_slowed_down_at_every_endpoint() {
    let world = World::new();
    let ids = std::cell::Cell::new(0);
    let next = || {
        ids.set(ids.get() + 1);
        wrong(&world, &format!("shop.made-up-{}", ids.get()))
    };
    let (count, _) = until_limited(next, 401).await;
    assert!((200..=400).contains(&count), "{count}");
    for endpoint in ["introspect", "revoke", "par", "device_authorization"] {
        let call = Call::post(&world, &format!("/oauth2/{endpoint}")).with("token", "x");
        limited(&call.basic("shop.web", "wrong").send().await);
    }
    assert_eq!(wrong(&world, "shop.job").from(ELSEWHERE).send().await.status, 401);
    assert!(refused_by(&world, "client_address").await >= 5);
}

#[tokio::test]
async fn what_is_limited_is_counted_each_time_and_audited_once_a_minute() {
    let world = World::new();
    until_limited(|| wrong(&world, "shop.job"), 401).await;
    for _ in 0..99 {
        limited(&wrong(&world, "shop.job").send().await);
    }
    assert_eq!(refused_by(&world, "client_at_address").await, 100);
    world.clock.advance(61);
    until_limited(|| wrong(&world, "shop.job"), 401).await;
    world.edit(|_| {});
    let lines = world.audit.with("snapshot_applied", 2);
    let limited: Vec<_> = lines.iter().filter(|line| line["event"] == "limited").collect();
    assert_eq!(limited.len(), 2, "{limited:?}");
    assert_eq!(
        (&limited[0]["reason"], &limited[0]["client_id"]),
        (&"client_at_address".into(), &"shop.job".into())
    );
    assert_eq!(limited[0]["peer"], "192.0.2.1");
}

#[tokio::test]
async fn what_goes_well_is_not_counted() {
    let world = World::new();
    for _ in 0..500 {
        Tokens::of(&Call::token(&world, "client_credentials").by("shop.job").send().await);
    }
    let mut tokens = Authorize::of("spa").tokens(&world).await;
    for _ in 0..400 {
        tokens = Tokens::of(&tokens.renew(&world, "shop.spa").send().await);
    }
    for _ in 0..60 {
        let mut browser = world.browser();
        browser.authorize(&Authorize::of("trusted")).await.code();
    }
    assert!(world.app.limits.own().is_empty(), "{}", world.app.limits.own().len());
}

fn push<'a>(world: &'a World, client: &str) -> Call<'a> {
    let request = Authorize::of(client);
    let mut call = Call::post(world, "/oauth2/par").by(&format!("shop.{client}"));
    for (name, value) in request.parameters.iter().filter(|(name, _)| name != "client_id") {
        call = call.with(name, value);
    }
    call
}

#[tokio::test]
async fn pushed_requests_of_clients_without_a_secret_are_limited_by_address() {
    let world = World::new();
    let (count, reply) = until_limited(|| push(&world, "spa"), 201).await;
    assert_eq!(count, 1_000);
    limited(&reply);
    assert_eq!(push(&world, "web").send().await.status, 201, "one that has proved who it is goes on");
    assert_eq!(push(&world, "spa").from(ELSEWHERE).send().await.status, 201);
    world.clock.advance(1);
    assert_eq!(push(&world, "spa").send().await.status, 201);
    assert_eq!(world.audit.last("limited")["reason"], "par_address");
}

#[tokio::test]
async fn device_authorizations_of_clients_without_a_secret_are_limited_by_address() {
    let world = World::new();
    let begin = || Call::post(&world, "/oauth2/device_authorization").by("shop.tv").with("scope", "openid");
    let (count, reply) = until_limited(begin, 200).await;
    assert_eq!(count, 200);
    limited(&reply);
    assert_eq!(begin().from(ELSEWHERE).send().await.status, 200);
    world.clock.advance(1);
    assert_eq!(begin().send().await.status, 200);
}

#[tokio::test]
async fn tokens_that_anybody_may_guess_at_are_looked_up_so_often_and_then_slowly() {
    let world = World::new();
    let tokens = Authorize::of("spa").tokens(&world).await;
    let guess = || Call::token(&world, "refresh_token").by("shop.spa").with("refresh_token", "a guess");
    let (count, reply) = until_limited(guess, 400).await;
    assert_eq!(count, 2_000);
    limited(&reply);
    limited(&tokens.renew(&world, "shop.spa").send().await);
    let elsewhere = tokens.renew(&world, "shop.spa").from(ELSEWHERE).send().await;
    assert_eq!(elsewhere.status, 200, "not by client alone");
    world.clock.advance(1);
    assert_eq!(guess().send().await.status, 400);
    let secret = Call::token(&world, "refresh_token").basic("shop.web", &secret_of("shop.web"));
    let (web, asked) = (secret.with("refresh_token", "a guess"), world.app.limits.own().len());
    for _ in 0..100 {
        assert_eq!(web.send().await.error(), (400, "invalid_grant".into()));
    }
    assert_eq!(world.app.limits.own().len(), asked, "one that has proved who it is, is not counted");
}

/// A browser at an address of its own, before the login form.
async fn before_login(world: &World, peer: IpAddr) -> (Browser<'_>, Form) {
    let mut browser = world.browser();
    browser.peer = peer;
    let form = browser.open(&Authorize::of("trusted").path(world)).await.form();
    (browser, form)
}

async fn guess(browser: &mut Browser<'_>, form: &Form, password: &str) -> Reply {
    browser.post(&form.clone().set("username", ADA.0).set("password", password)).await
}

#[tokio::test]
async fn a_thousand_addresses_that_guess_at_one_account_neither_learn_much_nor_keep_its_person_out() {
    let world = World::new();
    // Ada has logged in from this browser before, and is logged out.
    let mut own = world.browser();
    own.sign_in(ADA).await;
    let session = own.session().unwrap().0;
    own.cookies.remove(&session);
    let mut attackers = Vec::new();
    for n in 0..1_000_u16 {
        let [high, low] = n.to_be_bytes();
        attackers.push(before_login(&world, IpAddr::from([10, 7, high, low])).await);
    }
    let mut looked_at = 0;
    for _minute in 0..20 {
        for (browser, form) in &mut attackers {
            looked_at += usize::from(guess(browser, form, "a guess").await.status == 200);
        }
        world.clock.advance(60);
    }
    assert!((20..=30).contains(&looked_at), "{looked_at} passwords were looked at in 20 minutes");
    // While it goes on: her own browser is in at once, whatever the others do.
    for (browser, form) in attackers.iter_mut().take(50) {
        guess(browser, form, "a guess").await;
    }
    let page = own.open(&Authorize::of("trusted").path(&world)).await;
    assert!(!own.log_in(&page, ADA).await.code().is_empty());
    // In a browser that never was here she is told how long, and no longer it takes.
    let (mut fresh, form) = before_login(&world, ELSEWHERE.into()).await;
    let refused = guess(&mut fresh, &form, ADA.1).await;
    assert_eq!(refused.status, 429, "{refused}");
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!(wait <= 60);
    world.clock.advance(wait);
    let login = form.set("username", ADA.0).set("password", ADA.1);
    assert!(!fresh.submit(&login).await.code().is_empty());
}

#[tokio::test]
async fn a_browser_that_is_known_is_limited_by_itself_and_for_its_own_person_alone() {
    let world = World::new();
    let mut own = world.browser();
    own.sign_in(ADA).await;
    let session = own.session().unwrap().0;
    own.cookies.remove(&session);
    let form = own.open(&Authorize::of("trusted").path(&world)).await.form();
    let attempts = |username: &str| form.clone().set("username", username).set("password", "wrong");
    let mut looked_at = 0;
    while own.post(&attempts(ADA.0)).await.status == 200 {
        looked_at += 1;
    }
    assert_eq!(looked_at, 6, "whoever took the cookie guesses no faster");
    let (mut other, other_form) = before_login(&world, ELSEWHERE.into()).await;
    assert_eq!(guess(&mut other, &other_form, "wrong").await.status, 200, "and holds no other browser up");
    assert_eq!(refused_by(&world, "login_browser").await, 1);
    // For Grace this browser is as any other: her account's limit and the address's hold.
    for _ in 0..6 {
        assert_eq!(own.post(&attempts(GRACE.0)).await.status, 200);
    }
    assert_eq!(own.post(&attempts(GRACE.0)).await.status, 429);
    assert_eq!(refused_by(&world, "login_account").await, 1);
}

#[tokio::test]
async fn a_browser_is_known_for_ninety_days_and_by_a_cookie_of_this_server_alone() {
    let world = World::new();
    let mut own = world.browser();
    own.sign_in(ADA).await;
    let name = world.app.serving().cookies.known.clone();
    let sealed = own.cookies[&name].clone();
    // The account is guessed at elsewhere until it must wait.
    let (mut attacker, form) = before_login(&world, ELSEWHERE.into()).await;
    while guess(&mut attacker, &form, "a guess").await.status == 200 {}
    let status = async |cookie: &str| {
        let (mut browser, form) = before_login(&world, IpAddr::from([198, 51, 100, 1])).await;
        browser.cookies.insert(name.clone(), cookie.to_owned());
        guess(&mut browser, &form, "wrong").await.status.as_u16()
    };
    let flipped: String = sealed.chars().rev().collect();
    let other = World::build(Setup { digest_key: [8; 32], ..Default::default() });
    let mut elsewhere = other.browser();
    elsewhere.sign_in(ADA).await;
    let foreign = elsewhere.cookies[&other.app.serving().cookies.known].clone();
    for bad in ["x", "", &flipped, &sealed[1..], &foreign] {
        assert_eq!(status(bad).await, 429, "{bad}");
    }
    assert_eq!(status(&sealed).await, 200);
    world.clock.pass(nauthera_core::time::Seconds::days(90));
    let (mut attacker, form) = before_login(&world, ELSEWHERE.into()).await;
    while guess(&mut attacker, &form, "a guess").await.status == 200 {}
    assert_eq!(status(&sealed).await, 429, "not for ever");
}
