//! RP-initiated logout: when the person is asked, what ends, and where it may lead.

use crate::support::{ADA, Authorize, Browser, Form, GRACE, Reply, TENANT, Tokens, World};
use nauthera_core::time::Seconds;

const BYE: &str = "https://trusted.shop.example/bye?kept=a";

/// A browser in which Ada has logged in to a client.
async fn logged_in(world: &World) -> (Browser<'_>, Tokens) {
    let mut browser = world.browser();
    let request = Authorize::of("trusted");
    let code = browser.authorize(&request).await.code();
    let tokens = Tokens::of(&request.redeem(world, &code).send().await);
    (browser, tokens)
}

async fn asked(browser: &mut Browser<'_>, world: &World, parameters: &[(&str, &str)]) -> Reply {
    let query = Form::of("", parameters).body();
    browser.get(&world.path(&format!("/oauth2/logout?{query}"))).await
}

fn is_question(reply: &Reply) -> bool {
    reply.status == 200 && reply.is_html() && reply.text().contains("value=\"stay\"")
}

/// Has the server forgotten the session, whatever the browser says?
async fn is_out(world: &World, before: &Browser<'_>) -> bool {
    before.clone().open(&world.path("/account")).await.is_login()
}

#[tokio::test]
async fn a_hint_of_this_session_ends_it_at_once() {
    let world = World::at(TENANT);
    let (mut browser, tokens) = logged_in(&world).await;
    let before = browser.clone();
    let reply = asked(&mut browser, &world, &[("id_token_hint", &tokens.id)]).await;
    assert!(reply.is_html() && !is_question(&reply), "{reply}");
    assert!(is_out(&world, &before).await && !tokens.live(&world).await);
    assert_eq!(browser.session(), None, "the cookie is taken away");
    assert!(world.audit.last("logout")["subject"].is_string());
}

#[tokio::test]
async fn it_leads_to_a_registered_address_with_state() {
    let world = World::new();
    let (mut browser, tokens) = logged_in(&world).await;
    let parameters =
        [("id_token_hint", tokens.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", "a b&c")];
    let reply = asked(&mut browser, &world, &parameters).await;
    assert_eq!(reply.location(), format!("{BYE}&state=a+b%26c"));
    let again = asked(&mut browser, &world, &parameters[..2]).await;
    assert_eq!(again.location(), BYE, "also when nobody is logged in any more");
}

#[tokio::test]
async fn without_a_hint_the_person_is_asked() {
    let world = World::new();
    let (mut browser, _) = logged_in(&world).await;
    let before = browser.clone();
    let page = asked(&mut browser, &world, &[]).await;
    assert!(is_question(&page) && page.text().contains("Ada Lovelace"), "{page}");
    assert!(!is_out(&world, &before).await, "asking ends nothing");
    let stayed = browser.post(&page.form().set("decision", "stay")).await;
    assert_eq!(stayed.location(), "/account");
    assert!(!is_out(&world, &before).await);
    browser.post(&page.form().set("decision", "logout")).await;
    assert!(is_out(&world, &before).await);
}

#[tokio::test]
async fn a_confirmed_logout_leads_where_the_request_said() {
    let world = World::new();
    let (mut browser, _) = logged_in(&world).await;
    let parameters = [("client_id", "shop.trusted"), ("post_logout_redirect_uri", BYE), ("state", "s")];
    let page = asked(&mut browser, &world, &parameters).await;
    assert!(is_question(&page) && page.text().contains("The trusted app"), "{page}");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
    let reply = browser.post(&page.form().set("decision", "logout")).await;
    assert_eq!(reply.location(), format!("{BYE}&state=s"));
}

#[tokio::test]
async fn an_expired_hint_counts() {
    let world = World::new();
    let (mut browser, tokens) = logged_in(&world).await;
    world.clock.pass(Seconds::minutes(55));
    let before = browser.clone();
    asked(&mut browser, &world, &[("id_token_hint", &tokens.id)]).await;
    assert!(is_out(&world, &before).await);
}

#[tokio::test]
async fn a_forged_hint_counts_as_none() {
    let world = World::new();
    let (mut browser, tokens) = logged_in(&world).await;
    let foreign = Authorize::of("trusted").tokens(&World::at(TENANT)).await;
    for hint in [&foreign.id, &tokens.access, &format!("{}x", tokens.id), "x"] {
        assert!(is_question(&asked(&mut browser, &world, &[("id_token_hint", hint)]).await));
    }
}

#[tokio::test]
async fn a_hint_of_another_session_asks_first() {
    let world = World::new();
    let (mut browser, _) = logged_in(&world).await;
    let (mut elsewhere, tokens) = logged_in(&world).await;
    let other = logged_in(&world).await.1;
    assert_ne!(tokens.id_claims()["sid"], other.id_claims()["sid"]);
    assert!(is_question(&asked(&mut browser, &world, &[("id_token_hint", &tokens.id)]).await));
    assert!(!is_question(&asked(&mut elsewhere, &world, &[("id_token_hint", &tokens.id)]).await));
    let mut graces = world.browser();
    graces.sign_in(GRACE).await;
    assert!(is_question(&asked(&mut graces, &world, &[("id_token_hint", &other.id)]).await));
}

#[tokio::test]
async fn an_address_that_is_not_registered_is_a_page_and_never_a_redirect() {
    let world = World::new();
    let (mut browser, tokens) = logged_in(&world).await;
    let before = browser.clone();
    for uri in [
        "https://evil.example/",
        "https://trusted.shop.example/bye",
        "https://trusted.shop.example/bye?kept=a&more=1",
        "https://trusted.shop.example/cb",
        "https://second.shop.example/bye?kept=a",
        "javascript:alert(1)",
        "//trusted.shop.example/bye?kept=a",
    ] {
        let reply =
            asked(&mut browser, &world, &[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", uri)])
                .await;
        assert_eq!(reply.page_error(), (400, "invalid_request".into()), "{uri}");
        assert!(reply.location_or_none().is_none(), "{uri}");
    }
    let nobody = asked(&mut browser, &world, &[("post_logout_redirect_uri", BYE)]).await;
    assert_eq!(nobody.page_error(), (400, "invalid_request".into()), "no client, no address");
    let unknown = [("client_id", "shop.nobody"), ("post_logout_redirect_uri", BYE)];
    assert_eq!(asked(&mut browser, &world, &unknown).await.status, 400);
    assert!(!is_out(&world, &before).await, "a refused request ends nothing");
}

#[tokio::test]
async fn hint_and_client_id_must_agree() {
    let world = World::new();
    let (mut browser, tokens) = logged_in(&world).await;
    let reply =
        asked(&mut browser, &world, &[("id_token_hint", &tokens.id), ("client_id", "shop.web")]).await;
    assert_eq!(reply.page_error(), (400, "invalid_request".into()));
    let agreed = [
        ("id_token_hint", tokens.id.as_str()),
        ("client_id", "shop.trusted"),
        ("post_logout_redirect_uri", BYE),
    ];
    assert_eq!(asked(&mut browser, &world, &agreed).await.location(), BYE);
}

#[tokio::test]
async fn parameters_count_once() {
    let world = World::new();
    let (mut browser, tokens) = logged_in(&world).await;
    for name in ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"] {
        let twice = [("id_token_hint", tokens.id.as_str()), (name, "x"), (name, "x")];
        let reply = asked(&mut browser, &world, &twice).await;
        assert_eq!(reply.status, 400, "{name}");
    }
}

#[tokio::test]
async fn a_post_logs_out_as_a_get_does() {
    let world = World::new();
    let (mut browser, tokens) = logged_in(&world).await;
    let before = browser.clone();
    let form =
        Form::of("/oauth2/logout", &[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", BYE)]);
    let reply = browser.submit(&form).await;
    assert_eq!(reply.location(), BYE);
    assert!(is_out(&world, &before).await);
}

#[tokio::test]
async fn a_post_from_another_site_comes_without_cookies_and_ends_the_session_all_the_same() {
    let world = World::new();
    let (mut browser, tokens) = logged_in(&world).await;
    let before = browser.clone();
    // SameSite=Lax: the browser sends no cookie with a cross-site POST, but keeps what the answer sets.
    let mut without = world.browser();
    let form =
        Form::of("/oauth2/logout", &[("id_token_hint", &tokens.id), ("post_logout_redirect_uri", BYE)]);
    let reply = without.post(&form).await;
    assert_eq!(reply.status, 303);
    let reply = browser.get(reply.location()).await;
    assert_eq!(reply.location(), BYE);
    assert!(is_out(&world, &before).await);
}

#[tokio::test]
async fn no_other_site_can_take_the_session_away() {
    let world = World::new();
    let reply = world.browser().post(&Form::of("/oauth2/logout", &[("state", "x")])).await;
    assert!(reply.cookies().is_empty(), "a cookie that was not sent must not be cleared unasked: {reply}");
}

#[tokio::test]
async fn the_confirmation_is_bound_to_the_browser_that_saw_it() {
    let world = World::new();
    let (mut browser, _) = logged_in(&world).await;
    let before = browser.clone();
    let page = asked(&mut browser, &world, &[]).await;
    for form in [
        page.form().set("decision", "logout").without("csrf"),
        page.form().set("decision", "logout").set("csrf", "x"),
        Form::of("/oauth2/logout", &[("decision", "logout")]),
    ] {
        assert_eq!(browser.post(&form).await.status, 403);
    }
    let mut other = world.browser();
    other.sign_in(ADA).await;
    assert_eq!(other.post(&page.form().set("decision", "logout")).await.status, 403);
    assert!(!is_out(&world, &before).await);
}

#[tokio::test]
async fn what_the_confirmation_carries_is_judged_again() {
    let world = World::new();
    let (mut browser, _) = logged_in(&world).await;
    let page = asked(&mut browser, &world, &[]).await;
    let evil = "post_logout_redirect_uri=https%3A%2F%2Fevil.example&client_id=shop.trusted";
    let reply = browser.post(&page.form().set("decision", "logout").set("request", evil)).await;
    assert_eq!(reply.page_error(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn the_page_speaks_the_language_that_the_request_names() {
    let world = World::new();
    let (mut browser, _) = logged_in(&world).await;
    let page = asked(&mut browser, &world, &[("ui_locales", "de")]).await;
    assert!(page.text().contains("<html lang=\"de"), "{page}");
    let gone = browser.post(&page.form().set("decision", "logout")).await;
    assert!(gone.status == 200 && gone.text().contains("<html lang=\"de"), "{gone}");
}

#[tokio::test]
async fn where_nobody_is_logged_in_there_is_nothing_to_ask() {
    let world = World::new();
    let reply = asked(&mut world.browser(), &world, &[]).await;
    assert!(reply.status == 200 && !is_question(&reply), "{reply}");
}
