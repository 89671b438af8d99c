//! The authorization endpoint, where something is wrong: what is shown on a page, what goes back to the client, and in which
//! order it is judged.

use crate::support::{ADA, API, Authorize, CHALLENGE, LOOPBACK, Reply, World};

async fn asked(world: &World, request: &Authorize) -> Reply {
    world.browser().get(&request.path(world)).await
}

#[tokio::test]
async fn a_bad_client_or_redirect_uri_is_a_page_and_never_a_redirect() {
    let world = World::new();
    let good = || Authorize::of("web");
    for request in [
        good().without("client_id"),
        good().set("client_id", ""),
        good().set("client_id", "shop.nobody"),
        good().and("client_id", "shop.web"),
        good().without("redirect_uri"),
        good().set("redirect_uri", ""),
        good().and("redirect_uri", "https://web.shop.example/cb"),
        good().set("redirect_uri", "https://evil.example/cb"),
        good().set("redirect_uri", "https://web.shop.example/cb/"),
        good().set("redirect_uri", "https://web.shop.example/cb?more=1"),
        good().set("redirect_uri", "https://web.shop.example/cb#x"),
        good().set("redirect_uri", "https://WEB.shop.example/cb"),
        good().set("redirect_uri", "https://web.shop.example:443/cb"),
        good().set("redirect_uri", "https://web.shop.example@evil.example/cb"),
        good().set("redirect_uri", "https://web.shop.example/cb/../cb"),
        good().set("redirect_uri", "https://second.shop.example/cb"),
        good().set("redirect_uri", "javascript:alert(1)"),
        good().set("redirect_uri", "//web.shop.example/cb"),
        good().set("redirect_uri", "https://web.shop.example/cb\r\nset-cookie: a=b"),
        good().and("response_mode", "fragment"),
        good().and("response_mode", "query.jwt"),
        good().and("state", "another"),
        good().set("state", &"s".repeat(4_097)),
    ] {
        let reply = asked(&world, &request).await;
        assert_eq!(reply.page_error(), (400, "invalid_request".into()), "{request:?}");
        assert!(reply.location_or_none().is_none(), "{request:?}");
    }
}

#[tokio::test]
async fn the_error_page_is_not_the_login_page_and_shows_what_was_sent_only_as_text() {
    let world = World::new();
    let request = Authorize::of("web").set("redirect_uri", "https://evil.example/<script>alert(1)</script>");
    let reply = asked(&world, &request).await;
    assert!(!reply.is_login() && !reply.text().contains("<script>alert"), "{reply}");
    assert!(reply.text().contains("evil.example") && reply.text().contains("shop/web"), "{reply}");
}

#[tokio::test]
async fn everything_else_goes_back_to_the_client_with_state_and_iss() {
    let world = World::new();
    let good = || Authorize::of("web");
    let no_pkce = || good().without_pkce();
    for (request, error) in [
        (good().and("scope", "openid"), "invalid_request"),
        (good().and("nonce", "another"), "invalid_request"),
        (good().and("anything", "1").and("anything", "2"), "invalid_request"),
        (good().and("response_mode", "query").and("response_mode", "query"), "invalid_request"),
        (good().and("request", "eyJ"), "request_not_supported"),
        (good().and("request_uri", "https://web.shop.example/request"), "request_uri_not_supported"),
        (good().without("response_type"), "invalid_request"),
        (good().set("response_type", "token"), "unsupported_response_type"),
        (good().set("response_type", "code id_token"), "unsupported_response_type"),
        (good().without("scope"), "invalid_scope"),
        (good().set("scope", "  "), "invalid_scope"),
        (good().set("scope", "openid unknown"), "invalid_scope"),
        (good().set("scope", "payroll:admin"), "invalid_scope"),
        (good().and("resource", "https://other.example"), "invalid_target"),
        (no_pkce(), "invalid_request"),
        (no_pkce().and("code_challenge", CHALLENGE), "invalid_request"),
        (no_pkce().and("code_challenge", CHALLENGE).and("code_challenge_method", "plain"), "invalid_request"),
        (no_pkce().and("code_challenge_method", "S256"), "invalid_request"),
        (good().set("code_challenge", "short"), "invalid_request"),
        (good().set("code_challenge", &format!("{CHALLENGE}=")), "invalid_request"),
        (good().set("nonce", &"n".repeat(4_097)), "invalid_request"),
        (good().and("prompt", "none login"), "invalid_request"),
        (good().and("prompt", "create"), "invalid_request"),
        (good().and("max_age", "-1"), "invalid_request"),
        (good().and("max_age", "1.5"), "invalid_request"),
        (good().and("max_age", "+5"), "invalid_request"),
        (good().and("claims", "{"), "invalid_request"),
        (good().and("claims", "[]"), "invalid_request"),
        (good().and("id_token_hint", "x.y.z"), "invalid_request"),
        (good().and("prompt", "none"), "login_required"),
    ] {
        let reply = asked(&world, &request).await;
        assert!(reply.location().starts_with("https://web.shop.example/cb?error="), "{request:?}: {reply}");
        assert_eq!(reply.sent_error(), error, "{request:?}");
        let response = reply.response();
        assert_eq!(
            (response["state"].as_str(), response["iss"].as_str()),
            ("the state", LOOPBACK),
            "{request:?}"
        );
        let described = &response["error_description"];
        assert!(
            described.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\'),
            "{described}"
        );
    }
}

#[tokio::test]
async fn the_order_of_the_checks_is_fixed() {
    let world = World::new();
    // Each request has every fault from its own on: the first one is what is told.
    let mut request = Authorize::of("pushed")
        .without_pkce()
        .set("redirect_uri", "https://evil.example/")
        .set("response_type", "token")
        .set("scope", "unknown")
        .and("scope", "unknown")
        .and("response_mode", "fragment")
        .and("request", "x")
        .and("resource", "https://other.example")
        .and("prompt", "none login")
        .and("max_age", "x")
        .and("id_token_hint", "x");
    assert!(asked(&world, &request).await.text().contains("redirect_uri"));
    request = request.set("redirect_uri", "https://pushed.shop.example/cb");
    assert!(asked(&world, &request).await.text().contains("response_mode"));
    request = request.without("response_mode");
    let told =
        async |request: &Authorize| asked(&world, request).await.response()["error_description"].clone();
    assert!(told(&request).await.contains("'scope' is sent twice"));
    request = request.set("scope", "unknown");
    assert!(told(&request).await.contains("request objects"));
    request = request.without("request");
    assert!(told(&request).await.contains("pushed"));
    request = request.set("client_id", "shop.trusted").set("redirect_uri", "https://trusted.shop.example/cb");
    for (names, fault) in [
        ("response_type", "response_type"),
        ("scope", "scope 'unknown'"),
        ("resource", "resource"),
        ("code_challenge", "code_challenge"),
        ("prompt", "prompt"),
        ("max_age", "max_age"),
        ("id_token_hint", "id_token_hint"),
    ] {
        assert!(told(&request).await.contains(fault), "{fault}");
        let good = Authorize::of("trusted");
        request = match names {
            "resource" | "prompt" | "max_age" | "id_token_hint" => request.without(names),
            "code_challenge" => request.and("code_challenge", CHALLENGE).and("code_challenge_method", "S256"),
            _ => request.set(names, good.get(names)),
        };
    }
    assert!(world.browser().open(&request.path(&world)).await.is_login());
}

#[tokio::test]
async fn a_client_without_the_grant_is_unauthorized() {
    let world = World::new();
    world.edit_client("trusted", |client| {
        use nauthera_core::grant::{GrantSet, GrantType};
        client.grant_types = Some(GrantSet::of(&[GrantType::ClientCredentials]));
    });
    // Its redirect URIs stay registered, so the error may go there.
    let reply = asked(&world, &Authorize::of("trusted")).await;
    assert_eq!(reply.sent_error(), "unauthorized_client");
}

#[tokio::test]
async fn a_scope_that_policy_took_is_left_out_and_one_never_asked_for_is_an_error() {
    let world = World::new();
    let request = Authorize::of("trusted").set("scope", "openid payroll:admin orders:read");
    let tokens = request.tokens(&world).await;
    assert_eq!(tokens.scope, "openid orders:read");
    assert_eq!(tokens.access_claims()["scope"], "openid orders:read");
    let unknown = asked(&world, &Authorize::of("trusted").set("scope", "openid jobs:run")).await;
    assert_eq!(unknown.sent_error(), "invalid_scope");
}

#[tokio::test]
async fn a_challenge_that_was_sent_must_be_proved_although_none_was_required() {
    let world = World::new();
    let request = Authorize::of("plain");
    let code = world.browser().authorize(&request).await.code();
    let unproved = request.redeem(&world, &code).without("code_verifier").send().await;
    assert_eq!(unproved.error(), (400, "invalid_grant".into()));
    let request = request.without_pkce();
    let code = world.browser().authorize(&request).await.code();
    let stripped = request.redeem(&world, &code).with("code_verifier", crate::support::VERIFIER).send().await;
    assert_eq!(stripped.error(), (400, "invalid_grant".into()));
    request.tokens(&world).await;
}

#[tokio::test]
async fn a_person_outside_the_groups_is_refused_at_the_client() {
    let world = World::new();
    let request = Authorize::of("staff");
    let refused = world.browser().authorize_as(&request, crate::support::GRACE).await;
    assert_eq!(refused.sent_error(), "access_denied");
    request.tokens(&world).await;
    let mut browser = world.browser();
    browser.sign_in(crate::support::GRACE).await;
    let silent = browser.open(&request.set("prompt", "none").path(&world)).await;
    assert_eq!(silent.sent_error(), "access_denied");
}

#[tokio::test]
async fn a_resource_may_be_named_several_times_and_the_issuer_always() {
    let world = World::new();
    let request =
        Authorize::of("trusted").and("resource", API).and("resource", LOOPBACK).and("resource", API);
    world.browser().authorize(&request).await.code();
}

#[tokio::test]
async fn a_request_too_large_to_be_carried_is_refused_with_a_way_out() {
    let world = World::new();
    let reply = asked(&world, &Authorize::of("web").and("claims_locales", &"x".repeat(17_000))).await;
    assert_eq!(reply.page_error(), (400, "invalid_request".into()));
    assert!(reply.text().contains("/oauth2/par"), "{reply}");
}

#[tokio::test]
async fn the_largest_request_that_is_taken_goes_all_the_way() {
    let world = World::new();
    let request = Authorize::of("web").and("claims_locales", &"\u{e4}".repeat(2_400));
    let mut browser = world.browser();
    let login = browser.open(&request.path(&world)).await;
    assert!(login.is_login(), "{login}");
    let consent = browser.log_in(&login, ADA).await;
    browser.decide(&consent, "allow").await.code();
}

#[tokio::test]
async fn a_client_that_vanishes_meanwhile_ends_on_a_page() {
    let world = World::new();
    let mut browser = world.browser();
    let login = browser.open(&Authorize::of("web").path(&world)).await;
    world.edit(|inventory| drop(inventory.clients.remove(&crate::support::shop_client("shop.web"))));
    let reply = browser.submit(&login.form().set("username", ADA.0).set("password", ADA.1)).await;
    assert_eq!(reply.page_error(), (400, "invalid_request".into()));
}
