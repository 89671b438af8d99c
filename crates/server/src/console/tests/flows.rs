//! Whole tries, through the pages of the provider.

use super::browser::{CONSOLE, Seen};
use super::manifests::{object, secret_of};
use super::world::World;
use http::StatusCode;
use nauthera_core::time::Seconds;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn has(seen: &Seen, words: &[&str]) {
    let text = seen.words();
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

#[tokio::test]
async fn a_web_client_logs_in_as_a_relying_party_would() {
    let world = World::new();
    let mut browser = world.browser();
    let led = browser.begin("shop/web", "authorization_code").await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    assert!(
        led.location().starts_with("http://127.0.0.1:8080/oauth2/authorize?client_id=shop.web"),
        "{}",
        led.location()
    );
    for (name, value) in [("response_type", "code"), ("code_challenge_method", "S256")] {
        assert_eq!(led.leads_with(name).as_deref(), Some(value));
    }
    assert_eq!(led.leads_with("redirect_uri"), Some(format!("{CONSOLE}/try/callback")));
    assert!(led.leads_with("state").is_some() && led.leads_with("nonce").is_some());
    let page = browser.follow(led).await;
    let page = browser.log_in(page).await;
    assert_eq!(
        (page.status, page.url.query()),
        (StatusCode::OK, None),
        "the code is not left in the address"
    );
    has(&page, &["has tokens", "ID token verified", "Access token verified", "\"name\": \"Ada Lovelace\""]);
    has(
        &page,
        &["nonce is the one that was sent", "at_hash is that of the access token", "Token request 200"],
    );
    assert!(!page.words().contains(&secret_of(&object("shop/web"))));
    has(&browser.open("/try").await, &["shop/web", "authorization_code", "has tokens"]);
}

#[tokio::test]
async fn tokens_are_used_refreshed_introspected_and_revoked() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.try_code("shop/web").await;
    let page = browser.submit(&page, "/userinfo", &[]).await;
    has(&page, &["Userinfo 200", "\"email\": \"ada@example.com\""]);
    let page = browser.submit(&page, "/introspect", &[]).await;
    has(&page, &["Introspection 200", "\"active\": true"]);
    let page = browser.submit(&page, "/refresh", &[]).await;
    has(&page, &["Refresh 200", "refreshed 1 time", "Access token verified", "ID token verified"]);
    let page = browser.submit(&page, "/revoke", &[]).await;
    has(&page, &["Revocation 200"]);
    let page = browser.submit(&page, "/introspect", &[("token", "refresh")]).await;
    has(&page, &["\"active\": false"]);
    let page = browser.submit(&page, "/userinfo", &[]).await;
    has(&page, &["Userinfo 401", "invalid_token"]);
    let page = browser.submit(&page, "/refresh", &[]).await;
    has(&page, &["Refresh 400", "invalid_grant", "refreshed 1 time"]);
}

#[tokio::test]
async fn a_logout_comes_back_and_ends_the_session() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.try_code("shop/web").await;
    let led = browser.submit_only(&page, "/logout", &[]).await;
    assert!(led.leads_with("id_token_hint").is_some());
    assert_eq!(led.leads_with("post_logout_redirect_uri"), Some(format!("{CONSOLE}/try/ended")));
    let page = browser.follow(led).await;
    has(&page, &["logged out", "led the browser back with the state that was sent"]);
    let again = browser.begin("shop/web", "authorization_code").await;
    let again = browser.follow(again).await;
    assert!(again.text.contains("name=\"password\""), "the session is over: {}", again.text);
}

#[tokio::test]
async fn a_client_that_must_push_its_requests_does() {
    let world = World::new();
    let mut browser = world.browser();
    let led = browser.begin("shop/posting", "authorization_code").await;
    assert!(led.leads_with("request_uri").is_some() && led.leads_with("code_challenge").is_none());
    let page = browser.follow(led).await;
    let page = browser.log_in(page).await;
    has(&page, &["Pushed authorization request 201", "client_secret (secret)", "ID token verified"]);
    assert!(!page.words().contains(&secret_of(&object("shop/posting"))));
}

#[tokio::test]
async fn a_public_client_logs_in_without_a_secret() {
    let world = World::new();
    let page = world.browser().try_code("shop/spa").await;
    has(&page, &["ID token verified", "client_id shop.spa"]);
    assert!(!page.text.contains("/introspect\""), "public clients never introspect");
}

#[tokio::test]
async fn a_service_gets_a_token_with_one_click() {
    let world = World::new();
    let mut browser = world.browser();
    let led = browser.begin("shop/jobs", "client_credentials").await;
    let page = browser.follow(led).await;
    has(&page, &["Access token verified", "\"scope\": \"orders:read\"", "issued to shop.jobs"]);
    assert!(!page.words().contains("payroll:admin") && !page.text.contains("ID token"));
    let page = browser.submit(&page, "/revoke", &[]).await;
    let page = browser.submit(&page, "/introspect", &[]).await;
    has(&page, &["\"active\": false"]);
}

#[tokio::test]
async fn what_is_asked_for_can_be_chosen() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open("/clients/shop/web").await;
    let chosen = [
        ("grant", "authorization_code"),
        ("scope", "openid"),
        ("resource", "https://api.example"),
        ("prompt", "login"),
    ];
    let led = browser.submit_only(&page, "/try", &chosen).await;
    for (name, value) in chosen.iter().skip(1) {
        assert_eq!(led.leads_with(name).as_deref(), Some(*value));
    }
    let page = browser.follow(led).await;
    let page = browser.log_in(page).await;
    has(&page, &["\"aud\": \"https://api.example\"", "granted openid"]);
}

#[tokio::test]
async fn a_device_waits_until_a_person_agrees() {
    let world = World::new();
    let mut browser = world.browser();
    let led = browser.begin("shop/tv", DEVICE).await;
    let page = browser.follow(led).await;
    has(&page, &["waits for the person", "http://127.0.0.1:8080/device"]);
    let early = browser.submit(&page, "/poll", &[]).await;
    assert!(!early.words().contains("Token request"), "it asks no sooner than it may");
    world.pass(Seconds::new(5));
    let pending = browser.submit(&page, "/poll", &[]).await;
    has(&pending, &["authorization_pending", "waits for the person"]);
    let link =
        page.text.split("href=\"http://127.0.0.1:8080/device").nth(1).unwrap().split('"').next().unwrap();
    let typed = browser.get(&format!("http://127.0.0.1:8080/device{link}")).await;
    let code = typed.text.split("name=\"user_code\"").nth(1).unwrap().split("value=\"").nth(1).unwrap();
    let code = code.split('"').next().unwrap();
    let confirm = browser.submit(&typed, "/device", &[("user_code", code)]).await;
    let confirm = browser.log_in(confirm).await;
    browser.submit(&confirm, "/device", &[("decision", "allow")]).await;
    world.pass(Seconds::new(5));
    let page = browser.submit(&pending, "/poll", &[]).await;
    has(&page, &["has tokens", "Access token verified", "orders:read"]);
}
