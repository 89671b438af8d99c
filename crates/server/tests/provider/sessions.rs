//! Browser sessions: their cookies, their ends, and the account page on which people see them.

use crate::support::{ADA, Authorize, Browser, GRACE, HTTPS, LOOPBACK, TENANT, Tokens, World};
use nauthera_core::time::Seconds;

async fn signed_in(world: &World) -> Browser<'_> {
    let mut browser = world.browser();
    browser.sign_in(ADA).await;
    browser
}

async fn is_in(world: &World, browser: &Browser<'_>) -> bool {
    !browser.clone().open(&world.path("/account")).await.is_login()
}

#[tokio::test]
async fn a_session_idles_for_an_hour_at_most() {
    let world = World::new();
    let mut browser = signed_in(&world).await;
    for _ in 0..3 {
        world.clock.advance(3_599);
        browser.open("/account").await;
    }
    assert!(is_in(&world, &browser).await);
    world.clock.advance(3_600);
    assert!(!is_in(&world, &browser).await);
}

#[tokio::test]
async fn a_session_ends_twelve_hours_after_the_login_however_busy() {
    let world = World::new();
    let mut browser = signed_in(&world).await;
    for _ in 0..23 {
        world.clock.pass(Seconds::minutes(30));
        browser.open("/account").await;
    }
    world.clock.advance(30 * 60 - 1);
    assert!(is_in(&world, &browser).await);
    world.clock.advance(1);
    assert!(!is_in(&world, &browser).await);
}

#[tokio::test]
async fn a_shorter_lifetime_in_the_manifest_counts_for_sessions_that_are_open() {
    let world = World::new();
    let browser = signed_in(&world).await;
    world.clock.pass(Seconds::minutes(30));
    world.edit_server(|server| server.session.lifetime = Seconds::minutes(30));
    assert!(!is_in(&world, &browser).await);
}

#[tokio::test]
async fn a_shorter_idle_timeout_counts_too() {
    let world = World::new();
    let browser = signed_in(&world).await;
    world.clock.pass(Seconds::minutes(10));
    world.edit_server(|server| server.session.idle_timeout = Seconds::minutes(10));
    assert!(!is_in(&world, &browser).await);
}

#[tokio::test]
async fn a_person_who_is_gone_has_no_session() {
    let world = World::new();
    let browser = signed_in(&world).await;
    world.remove_person("ada");
    assert!(!is_in(&world, &browser).await);
}

#[tokio::test]
async fn the_cookie_is_new_at_every_login_and_the_old_value_dead() {
    let world = World::new();
    let mut browser = signed_in(&world).await;
    let before = browser.clone();
    world.clock.advance(1);
    browser.authorize(&Authorize::of("trusted").and("prompt", "login")).await.code();
    assert_ne!(before.session(), browser.session());
    assert!(!is_in(&world, &before).await && is_in(&world, &browser).await);
}

#[tokio::test]
async fn a_cookie_that_was_planted_before_the_login_is_never_taken_over() {
    let world = World::new();
    let mut browser = world.browser();
    let name = world.app.serving().cookies.session.clone();
    browser.cookies.insert(name.clone(), "planted-by-somebody-else-who-knows-it-12345".into());
    let planted = browser.clone();
    browser.sign_in(ADA).await;
    assert_ne!(browser.cookies[&name], planted.cookies[&name]);
    assert!(!is_in(&world, &planted).await);
}

#[tokio::test]
async fn a_planted_session_of_somebody_else_ends_when_the_victim_logs_in() {
    let world = World::new();
    let mut attacker = world.browser();
    attacker.sign_in(GRACE).await;
    let mut victim = attacker.clone();
    world.clock.advance(1);
    victim.authorize(&Authorize::of("trusted").and("prompt", "login")).await.code();
    assert!(!is_in(&world, &attacker).await);
    assert!(victim.open("/account").await.text().contains("Ada Lovelace"));
}

#[tokio::test]
async fn cookies_are_protected_over_https_and_named_after_the_issuer() {
    let mut names = Vec::new();
    for issuer in [LOOPBACK, HTTPS, TENANT] {
        let world = World::at(issuer);
        let browser = signed_in(&world).await;
        assert_eq!(browser.cookies.len(), 3, "session, forms, and that the browser is known");
        names.extend(browser.cookies.into_keys());
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
}

#[tokio::test]
async fn two_issuers_on_one_host_do_not_meet() {
    let (one, two) = (World::at(HTTPS), World::at(TENANT));
    let ada = signed_in(&one).await;
    let mut both = two.browser();
    both.cookies = ada.cookies.clone();
    assert!(both.open(&two.path("/account")).await.is_login());
    both.sign_in(GRACE).await;
    let mut back = one.browser();
    back.cookies = both.cookies.clone();
    assert!(back.open("/account").await.text().contains("Ada Lovelace"));
}

#[tokio::test]
async fn cookies_that_nobody_gave_are_no_session() {
    let world = World::new();
    let name = world.app.serving().cookies.session.clone();
    for value in ["", "x", &"x".repeat(129), &"x".repeat(50_000), "a b", "\"quoted\"", "%00"] {
        let mut browser = world.browser();
        browser.cookies.insert(name.clone(), value.to_owned());
        assert!(!is_in(&world, &browser).await, "{}", value.len());
    }
}

#[tokio::test]
async fn sessions_survive_a_restart() {
    let world = World::new();
    let cookies = signed_in(&world).await.cookies;
    let world = world.restarted();
    let mut browser = world.browser();
    browser.cookies = cookies;
    assert!(is_in(&world, &browser).await);
}

#[tokio::test]
async fn the_account_page_lists_sessions_and_consents() {
    let world = World::new();
    let mut browser = signed_in(&world).await;
    let other = signed_in(&world).await;
    browser.authorize(&Authorize::of("web").set("scope", "openid orders:read")).await.code();
    let page = browser.open("/account").await;
    assert_eq!(page.forms_with("action", "end_session").len(), 2);
    assert_eq!(page.forms_with("action", "withdraw_consent").len(), 1);
    for word in ["Ada Lovelace", "ada@works.example", "The web app", "shop/web", "orders:read"] {
        assert!(page.text().contains(word), "{word}: {page}");
    }
    assert!(is_in(&world, &other).await);
}

#[tokio::test]
async fn a_person_ends_another_session_and_it_is_over() {
    let world = World::new();
    let mut browser = signed_in(&world).await;
    world.clock.advance(1);
    let mut other = world.browser();
    let request = Authorize::of("trusted");
    let code = other.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    let sid = tokens.id_claims()["sid"].as_str().unwrap().to_owned();
    let page = browser.open("/account").await;
    let page = browser.submit(&page.forms_with("sid", &sid)[0]).await;
    assert_eq!(page.forms_with("action", "end_session").len(), 1);
    assert!(!is_in(&world, &other).await && is_in(&world, &browser).await);
    assert!(!tokens.live(&world).await);
}

#[tokio::test]
async fn ending_ones_own_session_or_logging_out_leads_to_the_login() {
    let world = World::new();
    for action in ["end_session", "logout"] {
        let mut browser = signed_in(&world).await;
        let before = browser.clone();
        let page = browser.open("/account").await;
        let forms = page.forms_with("action", action);
        let own = forms.iter().find(|form| action == "logout" || is_current(&page, form)).unwrap();
        assert!(browser.submit(own).await.is_login(), "{action}");
        assert!(!is_in(&world, &before).await, "{action}");
        assert!(browser.session().is_none(), "{action}");
    }
}

fn is_current(page: &crate::support::Reply, form: &crate::support::Form) -> bool {
    let (before, _) = page.text().split_once(form.get("sid").unwrap()).unwrap();
    before.rsplit_once("<li").unwrap().1.contains("This session")
        || page.forms_with("action", "end_session").len() == 1
}

#[tokio::test]
async fn nobody_ends_anothers_session_or_consent() {
    let world = World::new();
    let mut ada = signed_in(&world).await;
    let request = Authorize::of("web");
    let code = ada.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(&world, &code).send().await);
    let sid = tokens.id_claims()["sid"].as_str().unwrap().to_owned();
    let mut grace = world.browser();
    grace.sign_in(GRACE).await;
    let page = grace.open("/account").await;
    let form = page.forms_with("action", "logout")[0].clone();
    grace.post(&form.clone().set("action", "end_session").set("sid", &sid)).await;
    grace.post(&form.set("action", "withdraw_consent").set("client_id", "shop.web")).await;
    assert!(is_in(&world, &ada).await && tokens.live(&world).await);
}

#[tokio::test]
async fn forms_of_the_account_page_count_for_its_session_alone() {
    let world = World::new();
    let mut browser = signed_in(&world).await;
    let page = browser.open("/account").await;
    let form = page.forms_with("action", "logout")[0].clone();
    assert_eq!(browser.post(&form.clone().without("csrf")).await.status, 403);
    let other = signed_in(&world).await;
    let mut mixed = browser.clone();
    mixed.cookies.extend(other.session());
    assert_eq!(mixed.post(&form).await.status, 403);
    let mut stranger = world.browser();
    assert_eq!(stranger.post(&form).await.location(), "/account", "nobody is logged in: first the login");
}

#[tokio::test]
async fn what_a_form_of_the_account_page_does_not_know_does_nothing() {
    let world = World::new();
    let mut browser = signed_in(&world).await;
    let page = browser.open("/account").await;
    let form = page.forms_with("action", "logout")[0].clone();
    for form in [
        form.clone().set("action", "unknown"),
        form.clone().without("action"),
        form.clone().set("action", "end_session").set("sid", "unknown"),
        form.clone().set("action", "end_session"),
        form.clone().set("action", "withdraw_consent").set("client_id", "two words"),
        form.set("action", "withdraw_consent"),
    ] {
        assert!(browser.post(&form).await.location().starts_with("/account"), "{form:?}");
        assert!(is_in(&world, &browser).await);
    }
}
