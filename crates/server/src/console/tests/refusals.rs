//! Tries that end badly, and answers that are not theirs.

use super::browser::Seen;
use super::manifests::object;
use super::world::World;
use http::StatusCode;
use nauthera_core::time::Seconds;

fn has(seen: &Seen, words: &[&str]) {
    let text = seen.words();
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

/// The address that a login of this client comes back to, taken before the browser goes there.
async fn answer_of(browser: &mut super::browser::Browser<'_>, client: &str) -> String {
    let led = browser.begin(client, "authorization_code").await;
    let login = browser.follow(led).await;
    let (name, password) = super::manifests::ADA;
    let consent = browser.submit(&login, "/login", &[("username", name), ("password", password)]).await;
    let answer = browser.submit_only(&consent, "/consent", &[("decision", "allow")]).await;
    answer.location().to_owned()
}

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_asked_and_once() {
    let world = World::new();
    let (mut own, mut other) = (world.browser(), world.browser());
    let answer = answer_of(&mut own, "shop/spa").await;
    other.open("/").await;
    assert_eq!(other.get(&answer).await.status, StatusCode::BAD_REQUEST);
    let page = own.get(&answer).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let again = own.get(&answer).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    has(&own.follow(page).await, &["has tokens"]);
}

#[tokio::test]
async fn an_answer_with_a_forged_state_or_two_of_them_is_not_looked_at() {
    let world = World::new();
    let mut browser = world.browser();
    let answer = answer_of(&mut browser, "shop/spa").await;
    let forged = answer.replace("state=", "state=x");
    for bad in [&forged, &format!("{answer}&state=x"), "/try/callback", "/try/callback?code=x&state="] {
        assert_eq!(browser.get(bad).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    assert_eq!(browser.get(&answer).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused() {
    let world = World::new();
    let mut browser = world.browser();
    let answer = answer_of(&mut browser, "shop/spa").await;
    let mixed = answer.replace("iss=http%3A%2F%2F127.0.0.1%3A8080", "iss=https%3A%2F%2Fevil.example");
    assert_ne!(mixed, answer);
    let led = browser.get(&mixed).await;
    let page = browser.follow(led).await;
    has(&page, &["failed", "wrong issuer"]);
    assert!(!page.words().contains("Token request"), "the code is not sent anywhere");
}

#[tokio::test]
async fn a_person_who_says_no_is_heard() {
    let world = World::new();
    let mut browser = world.browser();
    let led = browser.begin("shop/spa", "authorization_code").await;
    let login = browser.follow(led).await;
    let (name, password) = super::manifests::ADA;
    let consent = browser.submit(&login, "/login", &[("username", name), ("password", password)]).await;
    let page = browser.submit(&consent, "/consent", &[("decision", "deny")]).await;
    has(&page, &["failed", "access_denied"]);
}

#[tokio::test]
async fn a_late_code_fails_as_it_would_for_the_application() {
    let world = World::new();
    let mut browser = world.browser();
    let answer = answer_of(&mut browser, "shop/spa").await;
    world.pass(Seconds::minutes(2));
    let led = browser.get(&answer).await;
    let page = browser.follow(led).await;
    has(&page, &["failed", "invalid_grant", "Token request 400"]);
}

#[tokio::test]
async fn a_client_that_goes_away_meanwhile_ends_its_try() {
    let mut world = World::new();
    let (answer, cookies) = {
        let mut browser = world.browser();
        (answer_of(&mut browser, "shop/spa").await, browser.cookies)
    };
    world.inventory.clients.remove(&object("shop/spa"));
    world.show();
    let mut browser = world.browser();
    browser.cookies = cookies;
    let led = browser.get(&answer).await;
    has(&browser.follow(led).await, &["failed", "not served"]);
}

#[tokio::test]
async fn a_try_is_seen_and_acted_on_in_its_own_browser_alone() {
    let world = World::new();
    let (mut own, mut other) = (world.browser(), world.browser());
    let led = own.begin("shop/jobs", "client_credentials").await;
    let path = led.location().to_owned();
    let page = own.follow(led).await;
    other.open("/").await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    let list = other.open("/clients/shop/jobs").await;
    let token = list.form("/try").fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let refused = other.post(&format!("{path}/introspect"), &[("csrf", &token)]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert!(!page.text.contains("/logout\""), "a service has nobody to log out");
}

#[tokio::test]
async fn steps_that_a_try_has_not_come_to_are_refused() {
    let world = World::new();
    let mut browser = world.browser();
    let led = browser.begin("shop/jobs", "client_credentials").await;
    let page = browser.follow(led).await;
    for step in ["poll", "refresh", "logout", "nothing"] {
        let form = page.form("/revoke");
        let token = &form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1;
        let answer = browser.post(&format!("{}/{step}", page.url.path()), &[("csrf", token)]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{step}");
    }
}

#[tokio::test]
async fn a_grant_that_policy_took_cannot_be_tried() {
    let world = World::new();
    let mut browser = world.browser();
    for (client, grant) in
        [("shop/jobs", "authorization_code"), ("shop/web", "client_credentials"), ("shop/web", "x")]
    {
        let page = browser.open(&format!("/clients/{client}")).await;
        let answer = browser.submit_only(&page, "/try", &[("grant", grant)]).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{client} {grant}");
    }
    let page = browser.open("/clients/shop/web").await;
    for client in ["shop/nobody", "x", ""] {
        let answer =
            browser.submit_only(&page, "/try", &[("grant", "authorization_code"), ("client", client)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{client}");
    }
}

#[tokio::test]
async fn a_scope_that_nobody_asked_for_is_answered_as_the_application_would_be() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.open("/clients/shop/jobs").await;
    let asked = [("grant", "client_credentials"), ("scope", "root")];
    let page = browser.submit(&page, "/try", &asked).await;
    has(&page, &["failed", "invalid_scope", "Token request 400"]);
}
